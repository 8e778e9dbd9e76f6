//! Questions in other words than the recorded ones: what the understanding was not written for.

use crate::rows::check;

#[test]
fn a_dental_practice_is_asked_in_other_words() {
    // Tuesday.
    check("riverside-dental", "2026-11-24T10:15:00-05:00", DENTAL);
}

#[test]
fn a_salon_is_asked_in_other_words() {
    // Thursday, noon.
    check("cedar-and-comb", "2026-11-19T12:00:00-06:00", SALON);
}

#[test]
fn a_garage_is_asked_in_other_words() {
    // Wednesday.
    check("northgate-auto", "2026-10-14T09:00:00-07:00", GARAGE);
}

const DENTAL: &str = "
    Hi, my name is Paula and I was wondering what a cleaning would set me back. | answer | service.cleaning.price
    Could you give me a ballpark on a crown? | answer | service.crown.price
    I'd like to know the cost of whitening | answer | service.whitening.price
    What's a filling going to cost me? | answer | service.filling.price
    How much is it for a new patient exam? | answer | service.exam.price
    Can you give me a price on an extraction? | answer | service.extraction.price
    Is whitening expensive? | answer | service.whitening.price
    What's a crown run these days? | answer | service.crown.price
    What am I looking at for a filling? | answer | service.filling.price
    How many dollars is a cleaning? | answer | service.cleaning.price
    Do you know how much a checkup would be? | answer | service.exam.price
    What's the damage for a tooth extraction? | answer | service.extraction.price
    what's the fee for a cleaning | answer | service.cleaning.price
    I'm just calling to check the price for teeth whitening. | answer | service.whitening.price
    What rates do you have for a crown? | answer | service.crown.price
    Could you quote me a price for a cavity? | answer | service.filling.price
    how much money do I need for a cleaning | answer | service.cleaning.price
    what would you charge me to pull a tooth | answer | service.extraction.price
    My dentist says I need a crown. What does one cost at your place? | answer | service.crown.price
    How long will I be in the chair for a cleaning? | answer | service.cleaning.duration
    How much time does a crown take? | answer | service.crown.duration
    Is a filling quick? | answer | service.filling.duration
    How many minutes is a cleaning? | answer | service.cleaning.duration
    About how long would whitening be? | answer | service.whitening.duration
    How many hours does a crown take? | answer | service.crown.duration
    Does a new patient exam take long? | answer | service.exam.duration
    What's the length of a cleaning appointment? | answer | service.cleaning.duration
    How long am I going to be there for a filling? | answer | service.filling.duration
    I was wondering if you're open tomorrow. | answer | hours.wednesday
    What time do you guys shut today? | answer | hours.tuesday
    How early do you open on Thursday? | answer | hours.thursday
    When do you start seeing people on Friday? | answer | hours.friday
    Are you still open at 6? | answer | hours.tuesday
    Are you there at noon on Wednesday? | answer | hours.wednesday
    Do you close for lunch? | answer | *
    Can I come by on Saturday, are you open then? | answer | hours.saturday hours.monday
    Is the office open on weekends? | answer | hours.saturday hours.sunday hours.monday
    How late can I come on Wednesday? | answer | hours.wednesday
    What's the latest you're open on Wednesday? | answer | hours.wednesday
    Do you work Sundays? | answer | hours.sunday hours.monday
    Will you be open on Christmas Day? | answer | hours.exception.2026-12-25 hours.exception.2026-12-28
    What time does your office open tomorrow morning? | answer | hours.wednesday
    What days are you open? | answer | *
    Could you tell me your business hours, please? | answer | hours.monday *
    Are you around on Friday afternoon? | answer | hours.friday
    Is anybody in the office on Friday after two? | answer | hours.friday
    When does the office close on Thursday? | answer | hours.thursday
    Do you open before eight? | answer | *
    Do you know if you'll be open this Saturday? | answer | hours.saturday hours.monday
    What street are you on? | answer | address
    Could you give me your address, please? | answer | address
    I'm trying to find your office. Where is it? | answer | address *
    What's your location? | answer | address
    Which town are you in? | answer | address
    How would I get to you from the station? | answer | directions
    Can you give me directions? | answer | directions
    Which floor is the office on? | answer | directions
    Where should I leave my car? | answer | parking
    Is it easy to park there? | answer | parking
    Do I have to pay for parking? | answer | parking
    Is there somewhere to park? | answer | parking
    Do you have a lot I can park in? | answer | parking
    How much notice do you need if I can't make it? | answer | policy.cancellation
    What happens if I miss my appointment? | answer | policy.cancellation
    Do you charge for cancelling at the last minute? | answer | policy.cancellation
    Can I cancel the day before? | answer | policy.cancellation
    Is there a no show fee? | answer | policy.cancellation
    What forms of payment do you take? | answer | policy.payment
    Can I put it on my Visa? | answer/unknown/asks again | *
    Is it okay to pay by card? | answer | policy.payment
    Do you offer financing? | answer/unknown/asks again | *
    Do you have a payment plan? | answer | policy.payment
    Which insurance companies do you work with? | answer | faq.insurance
    I have Delta Dental, is that okay? | answer | faq.insurance
    Are you in network with MetLife? | answer | faq.insurance
    Is my Cigna plan good with you? | answer | faq.insurance
    What insurance plans are accepted? | answer | faq.insurance
    Hi, I was calling to ask whether you take dental insurance. | answer | faq.insurance
    My son is five. Do you see kids that young? | answer | faq.children
    From what age do you see children? | answer | faq.children
    Is it okay to bring my kids in? | answer | faq.children
    Do you work on children's teeth? | answer/asks again | *
    Could I become a patient? Are you accepting new patients? | answer | faq.new-patients
    Do you have room for new patients? | answer | faq.new-patients
    I just moved here and I'm looking for a new dentist. Do you take new patients? | answer | faq.new-patients
    Who are the dentists there? | answer | staff.0
    What days does Doctor Alvarez work? | answer | staff.0
    Will Dr. Alvarez be in on Thursday? | answer | staff.0
    Does Kevin still work there? | answer | staff.1
    Do you guys do crowns? | answer | service.crown
    Is teeth whitening something you do? | answer | service.whitening
    Do you happen to offer whitening? | answer | service.whitening
    I was wondering if you pull teeth. | answer | *
    Do you do orthodontics? | unknown |
    Would you be able to do a root canal? | unknown |
    What do you charge for a night guard? | unknown |
    Do you make retainers? | unknown |
    Could I speak to somebody, please? | transfer | escalation.transfer
    I want to talk to a real human being. | transfer | escalation.transfer
    Put me through to the front desk please. | transfer | escalation.transfer
    Can you connect me with someone in the office? | transfer | escalation.transfer
    Is there a person I can talk to? | transfer | escalation.transfer
    Could you ask the dentist to call me back? | message | *
    Please tell Doctor Alvarez that I called. | message | *
    I'd like to leave word for Kevin. | message | *
    I need to set up an appointment for next week. | message |
    I was hoping to get in for a cleaning on Thursday. | message |
    Could you fit me in tomorrow? | message |
    Any chance you have a slot on Friday? | message |
    I need to move my appointment to next week. | answer/message | *
    I'm in terrible pain and my cheek is swelling up. | emergency | escalation.emergency
    I fell and knocked out my tooth. | emergency | escalation.emergency
    There's a lot of bleeding after my extraction. | emergency | escalation.emergency
    My gums won't stop bleeding. | emergency | escalation.emergency
    This is kind of an emergency. | emergency | escalation.emergency
    That's everything, thanks so much. | goodbye |
    Okay great, that's all I needed. Goodbye. | goodbye |
    All right, thanks for your help, bye bye. | goodbye |
    Perfect, thank you, have a nice day. | goodbye |
    Nope, I'm good, thanks. | goodbye/answer |
    Good afternoon, this is Tom. I'm just trying to figure out what a crown would cost. | answer | service.crown.price
    If I wanted my teeth whitened, what would that be? | answer/asks again | *
    What do people normally pay for a filling with you? | answer | service.filling.price
    Do you have any idea what an extraction would come to? | answer | service.extraction.price
    Would a cleaning be more than a hundred dollars? | answer/asks again | *
    Is there a charge for the first visit? | answer | service.exam.price
    So how much does a basic cleaning go for? | answer | service.cleaning.price
    What's the total for a new patient exam? | answer | service.exam.price
    Will a cleaning take more than an hour? | answer | service.cleaning.duration
    How long should I block off for a crown? | answer | service.crown.duration
    Can you do a filling in an hour? | answer/asks again | *
    Could I be in and out quickly for a cleaning? | answer/asks again/message | *
    Are you guys open today? | answer | hours.tuesday
    What's the earliest I could come on Thursday? | answer/message | *
    How late does the office stay open on Fridays? | answer | hours.friday
    When does everybody go home on Thursday? | answer/asks again/unknown | *
    Is it possible to come in on a Sunday? | answer/message | *
    Are you open through lunch on Wednesday? | answer | hours.wednesday
    What are the hours this Friday? | answer | hours.friday
    Would anyone be there at seven on Wednesday evening? | answer | hours.wednesday
    Are you closed the week between Christmas and New Year's? | answer | hours.exception.2026-12-25 hours.exception.2026-12-28
    Can you remind me where you are? | answer | address
    What's the address again? | answer | address
    Are you near the station? | answer | directions
    Can I park behind the building? | answer | parking
    Is the parking free? | answer | parking
    What does it cost if I cancel too late? | answer | policy.cancellation
    How far ahead do I have to cancel? | answer | policy.cancellation
    Something came up and I can't make it tomorrow. | answer/message | *
    What ways can I pay? | answer | policy.payment
    Are credit cards okay? | answer | policy.payment
    Do you guys take Delta? | answer/asks again | *
    Does it matter which insurance I have? | answer | faq.insurance
    How young can a child be to come in? | answer | faq.children
    My daughter is two. Is she too young? | answer/asks again | *
    Would you take me as a new patient? | answer | faq.new-patients
    Are you able to see new patients right now? | answer/asks again | *
    Is Doctor Alvarez in today? | answer | staff.0
    What does Kevin do there? | answer/asks again | *
    Is it possible to get a crown at your office? | answer | service.crown
    Do you put in implants? | unknown/asks again |
    I would like to talk with somebody about my bill. | transfer/message/asks again | *
    Could a real person help me? | transfer | escalation.transfer
    I'd like someone to ring me back this afternoon. | message | *
    I want to schedule my six month cleaning. | message |
    We'd like to come in for a checkup next Tuesday. | message |
    My mouth is bleeding and it won't stop. | emergency | escalation.emergency
    That'll be all, thank you. | goodbye |
    Do you know when you close today? | answer | hours.tuesday
    I'd like to know where you're located. | answer | address
    Could you tell me when you open on Friday? | answer | hours.friday
    Can you tell me how long a filling takes? | answer | service.filling.duration
    I need to know what your hours are tomorrow. | answer | hours.wednesday
    I wonder if you could tell me how much it costs to get a tooth pulled. | answer | service.extraction.price
    Would you mind telling me the price of whitening? | answer | service.whitening.price
    I'd like to find out if you take my insurance. | answer | faq.insurance
    I was told you have payment plans. Is that right? | answer | policy.payment
    Just wondering whether there's parking. | answer | parking
    Sorry to bother you, I just wanted to check how late you're open on Wednesday. | answer | hours.wednesday
    Quick question, do I have to give notice if I cancel? | answer | policy.cancellation
    I've got a toothache, how much would a filling cost me? | answer | service.filling.price
    What do I owe for a cleaning if I have no insurance? | answer/asks again | *
    Are your crowns expensive? | answer | service.crown.price
    My husband needs a tooth pulled. What's the price? | answer | service.extraction.price
    How long before I'm done with a whitening? | answer | service.whitening.duration
    Is it a long appointment for a crown? | answer/asks again | *
    Do you have hours on Saturday? | answer | hours.saturday hours.monday
    Are you open the 30th of December? | answer | hours.exception.2026-12-28
    When do you get in on Thursday morning? | answer/asks again/unknown | *
    When's your lunch break on Wednesday? | answer/asks again | *
    Is your building close to the train? | answer | directions
    What entrance should I use? | answer | directions
    Any parking nearby? | answer | parking
    Can I get the address of the office? | answer | address
    How do I reach you by email? | answer | email
    Will there be a fee if I don't show up? | answer/asks again | *
    Can I push my visit to another day? | answer/message/asks again | *
    Do you accept cash? | answer | policy.payment
    Is Delta Dental accepted? | answer | faq.insurance
    Do you bill insurance? | answer | faq.insurance
    Can a four year old see you? | answer/asks again/unknown | *
    Which days is Doctor Alvarez there? | answer | staff.0
    Do you have a hygienist? | answer | staff.1
    Do you whiten teeth? | answer | service.whitening
    I think my wisdom tooth needs to come out. | answer/asks again/unknown | *
    Get me a real person. | transfer | escalation.transfer
    Can I make an appointment? | message |
    Have the doctor call me, please. | message | *
    Help, I can't breathe. | emergency | escalation.emergency
    Thanks for the information, goodbye. | goodbye |
    I had a cleaning with Kevin last year. How much is whitening? | answer | service.whitening.price
    Would you tell me what a cleaning costs, please? | answer | service.cleaning.price
    How much will I end up paying for a crown? | answer | service.crown.price
    What's the usual price for an exam? | answer | service.exam.price
    How long are whitening appointments? | answer | service.whitening.duration
    What time do you stop working on Friday? | answer | hours.friday
    Do you open early on Wednesday? | answer | hours.wednesday
    Is there anyone there on Saturdays? | answer | hours.saturday hours.monday
    Will you be there on New Year's Eve? | answer | hours.exception.2026-12-28
    Where exactly in Hoboken are you? | answer | address
    Is there a lot behind your building? | answer | parking
    Do I have to let you know before I cancel? | answer | policy.cancellation
    Can I pay monthly? | answer/asks again/unknown | *
    Do you work with MetLife? | answer | faq.insurance
    Can you see my kids as well? | answer | faq.children
    Can new patients come in? | answer | faq.new-patients
    I'd like to come by for an exam sometime next week. | message |
";

const SALON: &str = "
    Hey, I was wondering how much you guys charge for a women's cut. | answer | service.womens-cut.price
    What would balayage set me back? | answer | service.balayage.price
    Ballpark, what do highlights go for? | answer | service.highlights.price
    How much would it be to get my roots done? | answer | service.root-color.price
    What's the price tag on a blowout? | answer | service.blowout.price
    How pricey is balayage? | answer | service.balayage.price
    Can you tell me what a men's haircut costs? | answer | service.mens-cut.price
    Any idea what you charge for a beard trim? | answer | service.beard-trim.price
    I'd like a price for bridal hair. | answer | service.bridal
    What are your prices for highlights? | answer | service.highlights.price
    What do you ask for a kid's haircut? | answer | service.kids-cut.price
    How much do I owe for a blow dry usually? | answer | service.blowout.price
    What's a men's cut run? | answer | service.mens-cut.price
    How much does it cost to have a root touch-up? | answer | service.root-color.price
    What does it cost to trim my beard? | answer | service.beard-trim.price
    Is balayage very expensive? | answer | service.balayage.price
    How long do highlights usually take? | answer | service.highlights.duration
    How much time should I plan for balayage? | answer | service.balayage.duration
    How long does it take to do a root touch-up? | answer | service.root-color.duration
    Is a beard trim quick? | answer | service.beard-trim.duration
    How long should I expect to be there for a women's haircut? | answer | service.womens-cut.duration
    How many hours is balayage? | answer | service.balayage.duration
    What's the time for a blowout? | answer/asks again | *
    Does a kids cut take long? | answer | service.kids-cut.duration
    How long would you need for bridal styling? | answer | service.bridal.duration
    Are you open late tonight? | answer | hours.thursday
    When do you close up tonight? | answer | hours.thursday
    How late do you stay open on Thursdays? | answer | hours.thursday
    What are your weekend hours? | answer | hours.saturday hours.sunday
    Do you open on Mondays? | answer | hours.monday hours.tuesday
    Are you closed Mondays? | answer | hours.monday hours.tuesday
    What time can I come in on Saturday? | answer/message | *
    Do you stay open past six on Friday? | answer | hours.friday
    Will you be open on Thanksgiving? | answer | hours.exception.2026-11-26 *
    What are your hours on Christmas Eve? | answer | hours.exception.2026-12-24
    Are you working on New Year's Eve? | answer | hours.exception.2026-12-31
    Is the salon open right now? | answer | hours.thursday
    Are you open tomorrow, and until when? | answer | hours.friday
    What time does the salon open on Sunday? | answer | hours.sunday
    How early can I come on Saturday? | answer/message | *
    Are you still open at eight tonight? | answer | hours.thursday
    I wanted to ask what time you're open till on Saturday. | answer | hours.saturday
    Where is the salon? | answer | address
    Can I get your address? | answer | address
    Where can I find you? | answer | *
    How far is it from the train? | answer | directions
    What are you close to? | answer | *
    Where do people usually park? | answer | parking
    What's the parking situation like? | answer | parking
    Is there a garage nearby? | answer | parking
    Can I park on the street? | answer | parking
    What's your policy if I cancel? | answer | policy.cancellation
    Do I lose money if I cancel the same day? | answer/asks again | *
    Is it a problem if I have to change my appointment? | answer | policy.cancellation
    What happens if I get there late? | answer | policy.late
    I'm running about ten minutes late, is that okay? | answer | policy.late
    Will you still take me if I'm late? | answer | policy.late
    Is there a grace period? | answer | policy.late
    How much should I tip? | answer | policy.tips
    Do people usually leave a tip? | answer | policy.tips
    Can I add the gratuity on my card? | answer | policy.tips *
    Are tips expected? | answer | policy.tips
    Do you take checks? | answer | policy.payment
    Can I pay with my debit card? | answer | policy.payment
    Do you only take cash? | answer | policy.payment
    Do you accept American Express? | answer/unknown/asks again | *
    Can I just show up? | answer/asks again | *
    Do you accept walk-ins on Saturday? | answer | faq.walk-ins *
    Do I have to book ahead or can I just walk in? | answer | faq.walk-ins
    Is an appointment necessary? | answer | faq.walk-ins
    Do I have to have an appointment? | answer | faq.walk-ins
    Which products do you work with? | answer | faq.products
    Are the products you use vegan? | answer | faq.products
    Can I buy shampoo from you? | answer | faq.products
    What brand of shampoo do you use? | answer | faq.products
    Do your products have sulfates? | answer | faq.products
    I'm looking for a gift card for my mom, do you sell those? | answer | faq.gift-cards
    Do you do gift certificates? | answer | faq.gift-cards
    Can I buy a voucher on your website? | answer | faq.gift-cards *
    Do you have gift cards? | answer | faq.gift-cards
    Could I get a gift certificate for a friend? | answer | faq.gift-cards
    My scalp is pretty sensitive, can I still get color? | answer | faq.patch-test
    Is a patch test required before coloring? | answer | faq.patch-test
    Do you do allergy tests? | answer | faq.patch-test
    How does the patch test work? | answer | faq.patch-test
    Could my dog come along? | answer | faq.dogs
    Is it okay if I bring my dog with me? | answer | faq.dogs
    Do you allow dogs in the salon? | answer | faq.dogs
    Are pets okay? | answer | faq.dogs
    I have a small dog, can she come with me? | answer | faq.dogs
    When is Priya in? | answer | staff.0
    What days does Marcus work? | answer | staff.1
    Is Marcus there on Sunday? | answer | staff.1
    Who does color? | answer/asks again | *
    Who owns the place? | answer/asks again | *
    Who's the barber? | answer | staff.1
    Do you do highlights? | answer | service.highlights
    I was wondering whether you do balayage. | answer | service.balayage
    Can I get my beard trimmed there? | answer | service.beard-trim
    Do you do perms? | unknown |
    Do you do nails? | unknown |
    Would you do extensions? | unknown |
    How much are eyelash extensions? | unknown |
    Can I talk to an actual person? | message | *
    May I speak with Priya? | message | *
    Could you have Marcus give me a ring? | message | *
    I'd like to make a booking for a blowout. | message |
    Can you squeeze me in on Saturday? | message |
    My scalp is burning from the bleach! | emergency | escalation.emergency
    I think I'm having an allergic reaction to the dye. | emergency | escalation.emergency
    Thanks a lot, that's it for me. | goodbye |
    Great, bye now. | goodbye |
    Thank you very much for the info. Bye. | goodbye |
    Hi there, could you tell me what it costs to get highlights? | answer | service.highlights.price
    I'd like to get my hair cut, what do you charge men? | answer/asks again | *
    How much would I have to pay for a balayage? | answer | service.balayage.price
    What are you charging for a root touch-up now? | answer | service.root-color.price
    Do you know the price of a beard trim? | answer | service.beard-trim.price
    And what does a blowout come to? | answer | service.blowout.price
    How much for my daughter's haircut? | answer | service.kids-cut.price
    Does balayage take all day? | answer | service.balayage.duration
    How long will I be sitting there for highlights? | answer | service.highlights.duration
    Are you guys working on Sunday? | answer | hours.sunday
    When do you finish on Saturday? | answer | hours.saturday
    When are you there until on Friday? | answer | hours.friday
    Are you open early on Saturday? | answer | hours.saturday
    Can I come after work on Friday, like at six thirty? | answer/message | *
    Do you have late hours on any day? | answer | *
    Is the salon closed on Christmas? | answer | hours.exception.2026-12-25 *
    Which train stop are you at? | answer | directions
    What's the easiest way to get to the salon? | answer | directions
    Do I need quarters for the meter? | answer/asks again/unknown | *
    Will I be charged if I cancel tomorrow morning? | answer | policy.cancellation
    I might be late, how long will you wait for me? | answer | policy.late
    Is tipping required? | answer | policy.tips
    Can I pay by check? | answer | policy.payment
    Can I walk in without an appointment? | answer | faq.walk-ins
    Do you accept people without an appointment? | answer | faq.walk-ins
    Are your shampoos vegan? | answer | faq.products
    Can I buy your products there? | answer | faq.products
    I want to get my wife a gift certificate. Do you sell them? | answer | faq.gift-cards
    How do I buy a gift card? | answer | faq.gift-cards
    I get rashes from hair dye, do you test first? | answer/asks again | *
    Do you do a patch test? | answer | faq.patch-test
    Is it okay to bring a puppy? | answer | faq.dogs
    Is your salon dog friendly? | answer | faq.dogs
    When can I see Marcus? | answer/message | *
    Does Lucy work on Tuesdays? | answer | staff.2
    Do you do wedding hair? | answer | service.bridal
    Do you shave heads? | unknown/asks again |
    I need to get in with Priya this week. | message | *
    Could you pass a message on to Lucy? | message | *
    I'd like to know whether I need an appointment. | answer | faq.walk-ins
    Can you tell me if dogs are allowed? | answer | faq.dogs
    My friend said you have gift cards, is that true? | answer | faq.gift-cards
    Do you mind telling me what time you close on Friday? | answer | hours.friday
    I was curious what products you use. | answer | faq.products
    I'm visiting from out of town. Where should I park? | answer | parking
    It's my first time, how do I find you? | answer | directions
    I just want to know if Marcus works on Saturdays. | answer | staff.1
    Could you tell me how long a women's haircut usually takes, please? | answer | service.womens-cut.duration
    How much do you take for a men's cut? | answer | service.mens-cut.price
    What's the price range for highlights? | answer | service.highlights.price
    What would a wash and style be? | answer/asks again | *
    How long is a blowout supposed to take? | answer | service.blowout.duration
    Are you open the day before Thanksgiving? | answer | hours.wednesday
    What are you open till on Sundays? | answer | hours.sunday
    Are you open Tuesday morning? | answer | hours.tuesday
    How do I get to you by train? | answer | directions
    Is it hard to park around there? | answer | parking
    What happens if I cancel an hour before? | answer | policy.cancellation
    How long do you hold my chair? | answer/asks again/unknown | *
    Do the stylists take tips? | answer/asks again | *
    Do you take Visa? | answer/asks again/unknown | *
    Do you have products for sale? | answer | faq.products
    What's the smallest gift card I can buy? | answer | faq.gift-cards
    Is my dog allowed inside? | answer | faq.dogs
    Who is Priya? | answer | staff.0
    Can I book with Marcus for Saturday? | message | *
    Do you do eyebrow waxing? | unknown |
    Okay thank you so much, bye. | goodbye |
    What might I pay for highlights? | answer | service.highlights.price
    Could I ask how much a kids cut is? | answer | service.kids-cut.price
    How long do I need to plan for roots? | answer | service.root-color.duration
    Till when are you open on Saturday? | answer | hours.saturday
    Are you open on Sunday at ten? | answer | hours.sunday
    Do you charge me if I don't come? | answer/asks again/unknown | *
    Should I leave a tip? | answer | policy.tips
    Can you take me without an appointment? | answer | faq.walk-ins
    Is your stuff vegan? | answer | faq.products
    Where do I get a gift card? | answer | faq.gift-cards
    Can I come in with my dog? | answer | faq.dogs
    Who's the colorist? | answer | staff.0
";

const GARAGE: &str = "
    Good morning, I'd like to find out what an oil change costs. | answer | service.oil-change.price
    What would new brakes set me back? | answer | service.brake-pads.price
    Could I get a rough idea of the price for a wheel alignment? | answer | service.alignment.price
    What do you guys charge to rotate the tires? | answer | service.tire-rotation.price
    How much for a battery? | answer | service.battery.price
    How much is it to check a used car? | answer | service.inspection.price
    What's the going rate for an oil change? | answer | service.oil-change.price
    Is an oil change expensive at your place? | answer | service.oil-change.price
    My check engine light is on. What do you charge to look at it? | answer | service.diagnostic.price
    What's a brake job run? | answer | service.brake-pads.price
    How much do you want for a tire rotation? | answer | service.tire-rotation.price
    How much does it cost to replace a battery? | answer | service.battery.price
    I need to know how much an AC recharge is. | answer | service.ac-service.price
    Roughly how much to fix a transmission? | answer | service.transmission
    What'll an alignment cost me? | answer | service.alignment.price
    Do you have a price for a pre-purchase inspection? | answer | service.inspection.price
    How long is an oil change? | answer | service.oil-change.duration
    How long will it take you to change the oil? | answer | service.oil-change.duration
    Is putting in a new battery quick? | answer | service.battery.duration
    How much time do you need for the brakes? | answer | service.brake-pads.duration
    How long do you need my car for an alignment? | answer | service.alignment.duration
    How long does scanning the codes take? | answer | service.diagnostic.duration
    Does a tire rotation take long? | answer | service.tire-rotation.duration
    How long would the air conditioning service take? | answer | service.ac-service.duration
    When will you open tomorrow? | answer | hours.thursday
    What time do you start in the morning? | answer | hours.wednesday
    How late are you there today? | answer | hours.wednesday
    Are you closed for lunch on Fridays? | answer | hours.friday
    Do you work weekends? | answer | hours.saturday hours.sunday hours.monday
    Is the garage open on Saturday? | answer | hours.saturday
    How long are you open on Saturday? | answer | hours.saturday
    Are you open at five on Friday? | answer | hours.friday
    Till what time are you open today? | answer | hours.wednesday
    I get off at five thirty. Are you still open then? | answer | hours.wednesday
    Will the shop be open between Christmas and New Year? | answer | hours.exception.2026-12-25 *
    Are you open the Friday after Thanksgiving? | answer | hours.exception.2026-11-26 *
    Would you happen to be open on Sunday? | answer | hours.sunday hours.monday
    When do you lock up tonight? | answer | hours.wednesday
    What time should I be there by on Saturday? | answer/message/asks again | *
    Where are you guys located? | answer | address
    Could you tell me how to get to your shop? | answer | directions
    I'm on the freeway, which exit do I take? | answer | directions
    What's the street address of the garage? | answer | address
    Where do I put the car when I get there? | answer | parking
    Can I drop my key after hours? | answer | parking *
    What if I have to cancel? | answer | policy.cancellation
    Does it cost anything to cancel? | answer | policy.cancellation
    Do you guarantee your work? | answer | policy.warranty
    What kind of guarantee comes with a repair? | answer | policy.warranty
    How long is the warranty? | answer | policy.warranty
    Are your repairs under warranty? | answer | policy.warranty
    Is labor covered by the warranty? | answer | policy.warranty
    What kinds of payment do you accept? | answer | policy.payment
    Can I finance a big repair? | answer | policy.payment
    Do you take debit? | answer | policy.payment
    Can I pay for the repair over time? | answer/asks again/unknown | *
    Will you call me before you do any work? | answer/message/asks again | *
    Do I get a written estimate? | answer | policy.estimate
    Can you give me a quote before you start? | answer | policy.estimate
    Do you ask for approval before starting the work? | answer | policy.estimate
    Can I leave my car overnight? | answer | policy.storage *
    How long can my car stay after it's finished? | answer | policy.storage
    Do you charge for storage? | answer | policy.storage
    What if I can't pick up the car right away? | answer | policy.storage
    Can I borrow a car while mine is in the shop? | answer | faq.loaner
    Do you have a loaner I could use? | answer | faq.loaner
    Is there a shuttle? | answer | faq.loaner
    How do I get home while you fix my car? | answer/asks again | *
    Could someone drive me home? | answer/asks again | *
    My car won't start, can you tow it? | answer | faq.towing
    Do you do towing? | answer | faq.towing
    Could you send a tow truck? | answer | faq.towing
    I need a tow. | answer | faq.towing
    Which car brands do you repair? | answer/asks again | *
    Do you work on Audis? | answer | faq.makes
    Do you fix Volvos? | answer | faq.makes
    I drive a Toyota, do you work on those? | answer | faq.makes
    Do you look after hybrids? | answer | faq.electric
    I have a Tesla, can you fix it? | answer | faq.electric
    Do you repair electric vehicles? | answer | faq.electric
    Are hybrids something you work on? | answer | faq.electric
    Can I supply my own parts? | answer/asks again | *
    I already bought the parts, will you install them? | answer | faq.own-parts
    If I bring the parts, will you put them in? | answer | faq.own-parts
    Is there somewhere I can wait? | answer | faq.wait
    Do you have wifi in the waiting room? | answer | faq.wait
    Can I sit and wait while it's being done? | answer | faq.wait
    Is there coffee while I wait? | answer | faq.wait
    When is Dale there? | answer | staff.0
    Who's the owner? | answer | staff.0
    Is Rosa working today? | answer | staff.1
    Who works on hybrids there? | answer | staff.2 *
    Do you guys do brakes? | answer | service.brake-pads
    Is an alignment something you can do? | answer | service.alignment
    Could you look at my air conditioning? | answer | service.ac-service *
    Do you do body work? | unknown |
    Do you sell tires? | unknown/asks again |
    How much is a windshield? | unknown |
    Would you paint a car? | unknown |
    I'd rather speak to a person. | transfer | escalation.transfer
    Let me talk to Rosa please. | transfer | escalation.transfer
    Could I please get somebody at the service desk? | transfer | escalation.transfer
    Can you take a message for Dale? | message | *
    I'd like a callback, please. | message | *
    I want to bring my car in for an oil change on Friday. | message |
    Can I get an appointment for Monday morning? | message |
    I was in a crash. | emergency | escalation.emergency
    There's smoke coming out of my hood. | emergency | escalation.emergency
    My brakes just failed! | emergency | escalation.emergency
    No thanks, that's all. | goodbye |
    Okay, appreciate it, goodbye. | goodbye |
    Hey, I've got a Honda that needs an oil change. What's that run? | answer/asks again | *
    What should I expect to pay for brakes? | answer | service.brake-pads.price
    Is it much to get an alignment? | answer/asks again | *
    How much to get my AC recharged? | answer | service.ac-service.price
    What would you guys want for a tire rotation? | answer/asks again | *
    How much does the diagnostic run? | answer | service.diagnostic.price
    Would an oil change take more than an hour? | answer | service.oil-change.duration
    How soon could you have the brakes done? | answer/message | *
    How long until an alignment is finished? | answer | service.alignment.duration
    When does the shop open up on Saturday? | answer | hours.saturday
    Are you closed on Sundays? | answer | hours.sunday hours.monday
    What time do you knock off on Fridays? | answer/asks again/unknown | *
    When can I drop off my car in the morning? | answer/message/asks again | *
    Are you open on Thanksgiving Day? | answer | hours.exception.2026-11-26 *
    Are you open New Year's Day? | answer | hours.exception.2026-12-25 *
    What road is the shop on? | answer | address
    How do I get to you from the freeway? | answer | directions
    Are you behind the gas station? | answer | directions
    Where do I leave my car if you're closed? | answer | parking *
    Is there a key drop? | answer/asks again/unknown | *
    Can I cancel for free? | answer | policy.cancellation
    How long are repairs guaranteed? | answer | policy.warranty
    Does a warranty come with the brakes? | answer | policy.warranty *
    Do you have financing options? | answer | policy.payment
    Can I use my credit card? | answer | policy.payment
    Will you ask me before you fix anything? | answer/asks again/unknown | *
    Could you keep my car over the weekend? | answer/asks again/unknown | *
    Do you have rental cars? | answer | faq.loaner
    Can you give me a lift home? | answer/asks again/unknown | *
    Does the shuttle go eight miles? | answer | faq.loaner
    My car broke down, do you have a tow truck? | answer | faq.towing
    Who does your towing? | answer | faq.towing
    Can you work on my Volkswagen? | answer | faq.makes
    Do you repair Asian cars? | answer | faq.makes
    Do you do electric cars? | answer | faq.electric
    Is my hybrid something you can fix? | answer | faq.electric
    Would you use parts I got online? | answer/asks again | *
    Do you have a place to wait? | answer | faq.wait
    Is there internet in the waiting room? | answer | faq.wait
    What hours is Dale there? | answer | staff.0
    Is Sam in today? | answer | staff.2
    Can you do a transmission? | answer | service.transmission
    Do you do detailing? | unknown |
    Do you replace mufflers? | unknown |
    Is Dale available to talk? | transfer/answer | *
    Let me speak to the owner. | transfer | escalation.transfer
    Could Rosa call me back? | message | *
    I need my car looked at on Thursday. | message/asks again | *
    There's a fire under my hood! | emergency | escalation.emergency
    I've had an accident. | emergency | escalation.emergency
    I'd like to know if you give a warranty. | answer | policy.warranty
    Can you tell me whether you fix hybrids? | answer | faq.electric
    My brakes are squeaking. How much would new pads be? | answer/asks again | *
    My car pulls to one side, how much would that be to fix? | answer | service.alignment.price
    The AC is blowing warm. What do you charge for a recharge? | answer/asks again | *
    I'm stuck at work until five. How late are you open? | answer | hours.wednesday
    I was hoping you could tell me what an inspection costs. | answer | service.inspection.price
    Do you know what it would cost to replace my battery? | answer | service.battery.price
    Could you let me know where your shop is? | answer | address
    What are you charging for an oil change these days? | answer | service.oil-change.price
    How much would it be to fix my brakes? | answer | service.brake-pads.price
    Is the diagnostic fee expensive? | answer | service.diagnostic.price
    How long does the inspection usually take? | answer | service.inspection.duration
    What time can I pick up my car until today? | answer/asks again | *
    Are you open this coming Saturday? | answer | hours.saturday
    Is the shop open at eight in the morning tomorrow? | answer | hours.thursday
    Which exit is it off the freeway? | answer | directions
    Do you warranty your repairs? | answer | policy.warranty
    Can I pay with a card? | answer | policy.payment
    How much do you charge to store a car? | answer/asks again/unknown | *
    Do you have a shuttle service? | answer | faq.loaner
    Do you tow at night? | answer | faq.towing
    Do you work on Subarus? | answer/unknown/asks again | *
    Can I wait there while you change my oil? | answer/asks again | *
    Do you have free wifi? | answer | faq.wait
    What does Dale do on weekends? | answer/asks again | *
    Do you fix dents? | unknown |
    Somebody crashed into me. | emergency | escalation.emergency
    I'd like to leave a message for Sam. | message | *
    Tell me the price of an alignment please. | answer | service.alignment.price
    How long will the oil change be? | answer | service.oil-change.duration
    Until when are you there on Saturday? | answer | hours.saturday
    How do I find your shop from the freeway? | answer | directions
    What does your warranty cover? | answer | policy.warranty
    Do you offer a ride home? | answer | faq.loaner
    Can you come tow my car? | answer | faq.towing
    Do you work on European cars? | answer | faq.makes
    Can you repair a Tesla? | answer | faq.electric
    Can I bring in parts I bought online? | answer | faq.own-parts *
";
