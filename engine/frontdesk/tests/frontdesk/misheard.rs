//! What a recognizer on a telephone made of the recorded questions that the brain may be tuned on.
//!
//! What it heard well enough is answered; of the rest no fact may be told and nothing done.

use crate::rows::check;

#[test]
fn a_dental_practice_is_misheard() {
    // Tuesday.
    check("riverside-dental", "2026-11-24T10:15:00-05:00", DENTAL);
}

#[test]
fn a_salon_is_misheard() {
    // Thursday.
    check("cedar-and-comb", "2026-11-19T12:00:00-06:00", SALON);
}

#[test]
fn a_garage_is_misheard() {
    // Wednesday.
    check("northgate-auto", "2026-10-14T09:00:00-07:00", GARAGE);
}

const DENTAL: &str = "
    What happened to the five needs? You can fill my appointment. | asks again/unknown |
    Which stays to Dr. Alvarez's work.                           | answer             | staff.0
    Which dates his doctor Alvarez works.                        | answer             | staff.0
    Which Dave does talk to Alvarez work,                        | asks again/unknown |
    Which date does Dr. Alvarez work?                            | answer             | staff.0
    How long does he quite behave?                               | asks again/unknown |
    How long does teeth like an inchache?                        | asks again/unknown |
    Ok, that's all I needed. Thank you. good-bye.                | goodbye            |
    Okay, that's all I need to thank you goodbye.                | goodbye            |
    D, take dental insurance,                                    | answer             | faq.insurance
    We're in low paycheck.                                       | asks again/unknown |
    Bird, you open on Sunday.                                    | answer             | hours.sunday *
    Is there anywhere to partner your office?                    | asks again/unknown |
    Is there any way to park near your office?                   | answer             | parking *
    And like each of your persons, please.                       | asks again/unknown |
    How much is this eats claiming?                              | asks again         |
    How much is a piece cleaning?                                | asks again         |
    What do you charge for a ceiling?                            | asks again/unknown |
    D. D. Root Canal.                                            | asks again/unknown |
    D. D. Ricanelle.                                             | asks again/unknown |
    Do your direct canal,                                        | unknown            | *
    Do you do it now?                                            | asks again/unknown |
";

const SALON: &str = "
    What days is Marcus, Anne?                                   | answer             | staff.1
    What days is Marcus Anderson?                                | answer             | staff.1
    What day is larger thing?                                    | asks again/unknown |
    How much is a beard-trend and how long does it take?         | answer             | service.beard-trim.price service.beard-trim.duration
    How much is a period of trend, and how long does it take?    | asks again/unknown |
    How much is a beard-trim, and how long does it take?         | answer             | service.beard-trim.price service.beard-trim.duration
    How much is a beer trunk and how long does it taste?         | asks again/unknown |
    How long does it take to touch up my roof?                   | asks again/unknown |
    These el gift cards,                                         | answer             | faq.gift-cards
    These outgifts are.                                          | asks again/unknown |
    Do you sell the cards?                                       | asks again/unknown |
    Perfect. Thank you so much. Bye-bye.                         | goodbye            |
    I'd rather talk to his human, please.                        | message            |
    I'm running a little late. How on will you wait for me?      | answer             | policy.late
    I'm running a little late. How long will we wait for them?   | answer             | policy.late
    Are you guys open on Monday?                                 | answer             | hours.monday *
    Where are you guys open on Mondays?                          | answer             | hours.monday *
    Where do you guys open on Monday?                            | answer             | hours.monday *
    The off of the nails.                                        | asks again/unknown |
    Do you also do meals,                                        | unknown            | *
    Do you also do males?                                        | asks again/unknown |
    Say how late are you open tonight?                           | answer             | hours.thursday
    They how late are you? Oakland tonight.                      | answer             | hours.thursday
    What do you charge for wedding care?                         | asks again/unknown |
    How much do you charge for how I?                            | asks again/unknown |
    How much do you charge for holly?                            | asks again/unknown |
    How much do you charge for highlight?                        | answer             | service.highlights.price
    How much is the meant to hair condition?                     | asks again/unknown |
    How much you've been in staircase.                           | asks again/unknown |
    We'll be able to learn thanks to things.                     | asks again/unknown |
    Do you? I need an appointment or can I just walk in?         | answer             | faq.walk-ins
    You might need an appointment or can I just walk in?         | answer             | faq.walk-ins
";

const GARAGE: &str = "
    What he addressed at the shop.                               | answer             | address *
    My check engine, like Hamon, what does a diagnostic cost?    | answer             | service.diagnostic.price
    My second and late came on. What does the diagnostic cost?   | answer             | service.diagnostic.price
    How long does the wheel alignment take?                      | answer             | service.alignment.duration
    How long does a real alignment take?                         | answer             | service.alignment.duration
    How long does the wheel alignment shape?                     | answer             | service.alignment.duration
    What time do you close on Friday?                            | answer             | hours.friday
    Now, that's the same size.                                   | asks again/unknown |
    You know that's it. Thanks, bye.                             | goodbye            |
    Know that it thanks bye                                      | goodbye            |
    Can I leave a message for Rosie?                             | message            | *
    As you open on New Year's Eve.                               | answer             | hours.exception.2026-12-25 *
    There are you open on the rear seats,                        | asks again/unknown |
    Do you think cars?                                           | unknown            | *
    Beauty paint cars.                                           | asks again/unknown |
    Let me talk to some one, please.                             | transfer           | escalation.transfer
    Let me talk to some lunch, please.                           | transfer           | escalation.transfer
    What do you do? Brake has cost.                              | answer             | service.brake-pads.price
    What do new rake pads cost?                                  | answer             | service.brake-pads.price
    What do you raise heads to cost?                             | asks again/unknown |
    How much is an oil tank?                                     | asks again/unknown |
    Hello, for you open on Saturday night.                       | answer             | hours.saturday
    Hello, are you open on statuty?                              | asks again/unknown |
    This is an emergency. My brakes failed to nana on the highway. | emergency          | escalation.emergency *
    This is an emergency. My grade failed and I'm on highway.    | emergency          | escalation.emergency *
    Do you have a toe truck?                                     | answer             | faq.towing
    Do you have a trail truck?                                   | asks again/unknown |
    D. D. P. your work.                                          | asks again/unknown |
";
