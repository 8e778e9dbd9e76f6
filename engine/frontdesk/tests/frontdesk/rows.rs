//! One question per row, as people put it: what becomes of it, and which facts the reply cites.

use crate::support::{Talk, cites, outcome, spoken};

/// Checks rows of `question | outcome | cites`. An outcome may be one of several, `a/b`; cites are
/// those and no others,
/// `*` after a space means any others besides.
pub(crate) fn check(business: &str, now: &str, rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let mut columns = row.split('|').map(str::trim);
        let (said, wanted) = (columns.next().unwrap(), columns.next().unwrap());
        let facts: Vec<&str> = columns.next().unwrap_or_default().split_whitespace().collect();
        let reply = Talk::with(business, now).say(said);
        let cited = cites(&reply);
        let others = facts.contains(&"*");
        let facts: Vec<&str> = facts.into_iter().filter(|fact| *fact != "*").collect();
        let right = wanted.split('/').any(|wanted| wanted == outcome(&reply))
            && facts.iter().all(|fact| cited.iter().any(|cite| cite == fact))
            && (others || cited.iter().all(|cite| facts.contains(&cite.as_str())));
        if !right {
            wrong.push(format!(
                "{row}\n    {} {:?} {:?} {cited:?}",
                outcome(&reply),
                reply.intent,
                spoken(&reply)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_dental_practice_is_asked() {
    // Tuesday.
    check("riverside-dental", "2026-11-24T10:15:00-05:00", DENTAL);
}

#[test]
fn a_salon_is_asked() {
    // Thursday, noon.
    check("cedar-and-comb", "2026-11-19T12:00:00-06:00", SALON);
}

#[test]
fn a_garage_is_asked() {
    // Wednesday.
    check("northgate-auto", "2026-10-14T09:00:00-07:00", GARAGE);
}

const DENTAL: &str = "
    What would I pay for a new crown? | answer | service.crown.price
    Roughly what does whitening run? | answer | service.whitening.price
    How long should I set aside for a new patient exam? | answer | service.exam.duration
    What time do you open in the morning? | answer | hours.tuesday
    I'm calling about my bill | asks again |
    When's the earliest I can come in? | message |
    Can I pay in installments? | answer | policy.payment
    Is there a fee if I cancel late? | answer | policy.cancellation
    Do you take Medicaid? | unknown |
    Where exactly are you? | answer | address
    How far are you from the train? | answer | directions
    Are you open between Christmas and New Year's? | answer | hours.exception.2026-12-25 hours.exception.2026-12-28
    How much are cleanings?                              | answer | service.cleaning.price
    what's the price of a dental cleaning               | answer | service.cleaning.price
    How much does it cost to get my teeth cleaned?       | answer | service.cleaning.price
    how much would a hygiene visit be                    | answer | service.cleaning.price
    how much for teeth whitening                         | answer | service.whitening.price
    What do you charge for bleaching?                    | answer | service.whitening.price
    how much is it to get my teeth whitened              | answer | service.whitening.price
    what's a checkup cost                                | answer | service.exam.price
    What does a check-up run me?                         | answer | service.exam.price
    How much is the first visit?                         | answer | service.exam.price
    price of a new patient exam please                   | answer | service.exam.price
    I have a cavity, how much is a filling?              | answer | service.filling.price
    How much is a crown?                                 | answer | service.crown.price
    how expensive are crowns                             | answer | service.crown.price
    how much to pull a tooth                             | answer | service.extraction.price
    How much does it cost to have a tooth pulled?        | answer | service.extraction.price
    How long does a cleaning take?                       | answer | service.cleaning.duration
    how long is a crown appointment                      | answer | service.crown.duration
    how much time should I plan for a filling            | answer | service.filling.duration
    how long does it take to whiten teeth                | answer | service.whitening.duration
    How long does an extraction take?                    | answer |
    how much is a cleaning and are you open Saturday     | answer | service.cleaning.price hours.saturday hours.monday
    How much is a cleaning and how long does it take?    | answer | service.cleaning.price service.cleaning.duration
    How much are a cleaning and a whitening?             | answer | service.cleaning.price service.whitening.price
    How long does whitening take and how much is a crown? | answer | service.whitening.duration service.crown.price
    Hi, uh, how much is, um, a crown?                    | answer | service.crown.price
    Do you do fillings?                                  | answer | service.filling
    Do you offer teeth whitening?                        | answer | service.whitening
    can you pull a tooth                                 | answer | service.extraction
    Do you do braces?                                    | unknown |
    do you offer dental implants                         | unknown |
    How much is a root canal?                            | unknown |
    Do you do veneers                                    | unknown |
    do you have invisalign                               | unknown |
    How much are dentures?                               | unknown |
    Can you do Botox?                                    | unknown |
    What services do you offer?                          | answer | service.cleaning service.whitening service.exam service.filling
    what all do you do there                             | answer/asks again | *
    what kind of treatments do you have                  | answer | service.cleaning service.whitening service.exam service.filling
    What time do you open tomorrow?                      | answer | hours.wednesday
    When do you close on Friday?                         | answer | hours.friday
    Are you open Saturdays?                              | answer | hours.saturday hours.monday
    are you open this weekend                            | answer | hours.saturday hours.sunday hours.monday
    What are your hours?                                 | answer | hours.monday hours.tuesday hours.thursday hours.wednesday hours.friday hours.saturday hours.sunday
    what are your opening hours                          | answer | hours.monday hours.tuesday hours.thursday hours.wednesday hours.friday hours.saturday hours.sunday
    When are you open?                                   | answer | hours.monday hours.tuesday hours.thursday hours.wednesday hours.friday hours.saturday hours.sunday
    What are your hours on Wednesday?                    | answer | hours.wednesday
    Are you open now?                                    | answer | hours.tuesday
    are you still open                                   | answer | hours.tuesday
    how late are you open today                          | answer | hours.tuesday
    How late are you open on Wednesdays?                 | answer | hours.wednesday
    until what time are you there on thursday            | answer | hours.thursday
    what time do you guys close                          | answer | hours.tuesday
    Are you open at 6 on Wednesday?                      | answer | hours.wednesday
    Are you closed on Sundays?                           | answer | hours.sunday hours.monday
    Are you open on New Year's Eve?                      | answer | hours.exception.2026-12-28
    what about Christmas                                 | answer | hours.exception.2026-12-25 hours.exception.2026-12-28
    Are you open December 29th?                          | answer | hours.exception.2026-12-28
    what are your holiday hours                          | answer | hours.exception.2026-12-25 hours.exception.2026-12-28
    are you open the day after christmas                 | answer | hours.saturday hours.exception.2026-12-28
    Are you open on Thanksgiving?                        | answer | hours.thursday
    Do you have evening hours?                           | answer | *
    Where are you?                                       | answer | address
    What's your address?                                 | answer | address
    where's your office                                  | answer | address
    Can you tell me where you're located please          | answer | address
    how do I get there                                   | answer | directions
    how do I find you                                    | answer | directions
    What floor are you on?                               | answer | directions
    are you close to the train station                   | answer | directions
    Is there parking?                                    | answer | parking
    where can I park                                     | answer | parking
    Do you have free parking?                            | answer | parking
    What's your phone number?                            | answer | phone
    What's your email address?                           | answer | email
    Do you have a website?                               | answer | website
    What insurance do you take?                          | answer | faq.insurance
    do you accept Cigna                                  | answer | faq.insurance
    Is MetLife okay?                                     | answer/asks again | *
    are you in network with delta dental                 | answer | faq.insurance
    will my insurance cover it                           | answer | faq.insurance
    Do you see kids?                                     | answer | faq.children
    can my daughter come in, she is four                 | answer | faq.children
    how old do children have to be                       | answer/asks again | *
    Are you accepting new patients?                      | answer | faq.new-patients
    I'm a new patient, are you taking any?               | answer | faq.new-patients
    What's your cancellation policy?                     | answer | policy.cancellation
    What if I need to reschedule?                        | answer | policy.cancellation
    How do I cancel?                                     | answer | policy.cancellation
    How can I pay?                                       | answer | policy.payment
    do you take credit cards                             | answer | policy.payment
    Can I pay in cash?                                   | answer | policy.payment
    do you have payment plans                            | answer | policy.payment
    When is Dr. Alvarez in?                              | answer | staff.0
    Is Doctor Alvarez in on Friday?                      | answer | staff.0
    does Kevin work today                                | answer | staff.1
    who is the dentist                                   | answer | staff.0
    Who works there?                                     | answer | staff.0 staff.1
    who is your hygienist                                | answer | staff.1
    Can I talk to Kevin?                                 | transfer | escalation.transfer
    A person please.                                     | transfer | escalation.transfer
    can you transfer me to a human                       | transfer | escalation.transfer
    operator                                             | transfer | escalation.transfer
    let me speak with the receptionist                   | transfer | escalation.transfer
    Are you a robot?                                     | answer |
    am I talking to a real person                        | answer |
    I'm bleeding a lot                                   | emergency | escalation.emergency
    My tooth got knocked out                             | emergency | escalation.emergency
    I'm in severe pain                                   | emergency | escalation.emergency
    my face is swollen                                   | emergency | escalation.emergency
    It's an emergency                                    | emergency | escalation.emergency
    it's not an emergency but how much is a filling      | answer | service.filling.price
    I'd like to book an appointment                      | message |
    can I schedule a cleaning for Friday                 | message |
    I want to come in for a checkup                      | message |
    do you have any openings tomorrow                    | message |
    can I make an appointment with Doctor Alvarez        | message |
    I need to see a dentist                              | message/answer/asks again/unknown | *
    Can I leave a message?                               | message |
    have someone call me back please                     | message |
    Thanks, bye.                                         | goodbye |
    no that's all thanks bye                             | goodbye |
    That's it, thank you.                                | goodbye |
    nothing else, have a good day                        | goodbye |
    Hello?                                               | answer |
    Hi there                                             | answer |
    thank you                                            | answer |
    purple monkey dishwasher                             | asks again |
    Do you validate tickets?                             | unknown |
    what's the weather like                              | unknown |
    who won the game last night                          | unknown |
    is the doctor married                                | unknown/answer/asks again | *
";

const SALON: &str = "
    Do you sell hair products? | answer | faq.products
    Can my son get a haircut? | answer | service.kids-cut
    Lucy please | message |
    I would like to get a haircut tomorrow at four | message |
    How much is a women's cut?                           | answer | service.womens-cut.price
    how much for a ladies haircut                        | answer | service.womens-cut.price
    how much is a haircut for a man                      | answer | service.mens-cut.price
    what does a barber cut cost                          | answer | service.mens-cut.price
    How much is a kid's haircut?                         | answer | service.kids-cut.price
    how much is a haircut for my son                     | answer | service.kids-cut.price
    how much is a haircut                                | asks again |
    How much is a trim?                                  | asks again |
    what do you charge for a blow dry                    | answer | service.blowout.price
    how much is a blow out                               | answer | service.blowout.price
    How much to get my roots done?                       | answer | service.root-color.price
    how much is gray coverage                            | answer | service.root-color.price
    How much are foils?                                  | answer | service.highlights.price
    How much does balayage start at?                     | answer | service.balayage.price
    how much is ombre                                    | answer | service.balayage.price
    How long does balayage take?                         | answer | service.balayage.duration
    how long is a men's haircut                          | answer | service.mens-cut.duration
    how much is bridal hair                              | answer | service.bridal
    how much for bridesmaids                             | answer | service.bridal
    Do you do highlights?                                | answer | service.highlights
    Do you do perms?                                     | unknown |
    do you offer extensions                              | unknown |
    Do you do eyebrows?                                  | unknown |
    do you do keratin treatments                         | unknown |
    how much is a manicure                               | unknown |
    do you do makeup                                     | unknown |
    do you do massages                                   | unknown |
    Do you trim beards?                                  | answer | service.beard-trim
    how much to trim my beard                            | answer | service.beard-trim.price
    How late are you open?                               | answer | hours.thursday
    what time do you open on Saturday                    | answer | hours.saturday
    When do you close on Sundays?                        | answer | hours.sunday
    Are you open right now?                              | answer | hours.thursday
    are you open at 2:30 today                           | answer | hours.thursday
    Are you open on Christmas Eve?                       | answer | hours.exception.2026-12-24
    are you open christmas day                           | answer | hours.exception.2026-12-25 hours.sunday
    Do you close early on New Year's Eve?                | answer | hours.exception.2026-12-31
    are you open tomorrow                                | answer | hours.friday
    Can I come in Saturday?                              | answer/message | *
    do you take walk ins                                 | answer | faq.walk-ins
    Can I just walk in?                                  | answer | faq.walk-ins
    do I have to make an appointment                     | answer | faq.walk-ins
    Is an appointment necessary?                         | answer | faq.walk-ins
    what products do you use                             | answer | faq.products
    are the products vegan                               | answer | faq.products
    Do you sell shampoo?                                 | answer | faq.products
    Do you have gift cards                               | answer | faq.gift-cards
    can I buy a gift certificate for my mom              | answer | faq.gift-cards
    Do I need a patch test?                              | answer | faq.patch-test
    I have a sensitive scalp is that a problem           | answer | faq.patch-test
    can I bring my dog                                   | answer | faq.dogs
    are you pet friendly                                 | answer | faq.dogs
    What's your cancellation policy                      | answer | policy.cancellation
    I need to cancel my appointment                      | answer | policy.cancellation
    can I move my appointment to another day             | answer/message/unknown | *
    what happens if I'm late                             | answer | policy.late
    I'm going to be ten minutes late                     | answer | policy.late
    Do you expect a tip?                                 | answer | policy.tips
    how much should I tip                                | answer | policy.tips
    Do you take checks?                                  | answer | policy.payment
    can I pay with a credit card                         | answer | policy.payment
    When does Priya work?                                | answer | staff.0
    is Lucy in today                                     | answer | staff.2
    What days does Marcus Bell work?                     | answer | staff.1
    who is the owner                                     | answer | staff.0
    do you have a barber                                 | answer | staff.1
    I want to talk to somebody                           | message |
    can I speak to the manager                           | message |
    Can I book a haircut with Marcus on Saturday?        | message |
    I need an appointment for highlights                 | message |
    I need a haircut                                     | message/asks again/answer | *
    can you squeeze me in today                          | message |
    Where's the salon?                                   | answer | address
    where are you guys located                           | answer | address
    What train stop are you near?                        | answer | directions
    Is there a garage nearby?                            | answer/unknown | *
    is street parking free                               | answer | parking
    My scalp is burning from the bleach                  | emergency | escalation.emergency
    I'm having an allergic reaction                      | emergency | escalation.emergency
    can you tell me about balayage                       | answer | service.balayage.price service.balayage.duration
    does a haircut include a wash                        | answer/asks again/unknown | *
    bye bye                                              | goodbye |
    okay great thanks that's everything                  | goodbye |
";

const GARAGE: &str = "
    Do you fix hybrid cars? | answer | faq.electric
    I want to buy a used car, can you inspect it? | answer/asks again | *
    What if I don't pick up my car right away? | answer | policy.storage
    How much is an oil and filter change?                | answer | service.oil-change.price
    what's an oil change run                             | answer | service.oil-change.price
    How much do brakes cost?                             | answer | service.brake-pads.price
    how much for a brake job                             | answer | service.brake-pads.price
    how much to rotate my tires                          | answer | service.tire-rotation.price
    what's a tire rotation cost                          | answer | service.tire-rotation.price
    How much is an alignment?                            | answer | service.alignment.price
    My car pulls to one side, how much to fix that?      | answer | service.alignment.price
    How much is a new battery?                           | answer | service.battery.price
    how long does it take to replace a battery           | answer | service.battery.duration
    How much to scan the codes?                          | answer | service.diagnostic.price
    how much is a pre-purchase inspection                | answer | service.inspection.price
    can you check a used car for me                      | answer | service.inspection
    how much is an AC recharge                           | answer | service.ac-service.price
    How long does air conditioning service take?         | answer | service.ac-service.duration
    how much is a clutch                                 | answer | service.transmission
    Do you fix transmissions?                            | answer | service.transmission
    do you do oil changes                                | answer | service.oil-change
    do you do windshield replacement                     | unknown |
    Do you sell tires?                                   | unknown/asks again |
    do you do body work                                  | unknown |
    how much is a car wash                               | unknown |
    do you fix motorcycles                               | unknown/asks again |
    can you replace a muffler                            | unknown/asks again |
    how much is a tune up                                | unknown |
    What services do you offer?                          | answer | service.oil-change service.brake-pads service.tire-rotation service.alignment
    What time do you open?                               | answer | hours.wednesday
    when do you open on saturdays                        | answer | hours.saturday
    Are you open Sundays?                                | answer | hours.sunday hours.monday
    are you open at noon on friday                       | answer | hours.friday
    Are you open on Black Friday?                        | answer | hours.exception.2026-11-26 hours.saturday
    are you open over christmas                          | answer | hours.exception.2026-12-25 hours.saturday
    What are your weekend hours?                         | answer | hours.saturday hours.sunday hours.monday
    Do you give estimates?                               | answer | policy.estimate
    can I get a quote                                    | answer | policy.estimate
    Is there a warranty on repairs?                      | answer | policy.warranty
    How long is the warranty?                            | answer | policy.warranty
    do you offer financing                               | answer | policy.payment
    can I leave my car overnight                         | answer | policy.storage
    how much is storage                                  | answer | policy.storage
    Do you have loaner cars?                             | answer | faq.loaner
    can you give me a ride home                          | answer | faq.loaner
    do you have a shuttle                                | answer | faq.loaner
    can you tow my car                                   | answer | faq.towing
    I need a tow                                         | answer | faq.towing
    do you work on european cars                         | answer | faq.makes
    do you service Toyotas                               | answer | faq.makes
    Do you work on Volvos?                               | answer | faq.makes
    Can you fix a Tesla?                                 | answer | faq.electric
    do you work on hybrids                               | answer | faq.electric
    can I bring my own parts                             | answer | faq.own-parts
    will you install parts that I bought                 | answer | faq.own-parts
    Do you have a waiting room?                          | answer | faq.wait
    Can I wait while you do it?                          | answer | faq.wait
    is there wi-fi                                       | answer | faq.wait
    When is Dale there?                                  | answer | staff.0
    who is Sam Okafor                                    | answer | staff.2
    can I talk to Rosa                                   | transfer | escalation.transfer
    Could you take a message for Dale?                   | message |
    My car is on fire                                    | emergency | escalation.emergency
    I was just in an accident                            | emergency | escalation.emergency
    I'd like to bring my car in tomorrow                 | message |
    Can I drop the car off at seven?                     | message/answer/unknown/asks again | *
    How do I get to you from downtown?                   | answer | directions
    where do I leave the key after hours                 | answer | *
    what's your number                                   | answer | phone
    what's the name of your shop                         | answer | name
    All right, thank you very much, goodbye              | goodbye |
";
