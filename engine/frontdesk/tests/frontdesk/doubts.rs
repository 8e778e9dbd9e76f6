//! Questions for something near to what is there: asked back or denied, never answered with the
//! price, the hours or the address of something else.

use crate::rows::check;

#[test]
fn a_word_before_a_name_makes_another_thing_of_it() {
    check(
        "riverside-dental",
        "2026-11-24T10:15:00-05:00",
        "
        What's a gold crown cost?        | asks again         |
        Do you do laser whitening?       | asks again         |
        How much is a crown?             | answer             | service.crown.price
        What's your male address?        | asks again         |
        What's your address?             | answer             | address
        ",
    );
    check(
        "northgate-auto",
        "2026-11-24T10:15:00-08:00",
        "
        How much is an emissions inspection?  | asks again | 
        Do you sell used cars?                | unknown    | 
        Do you sell fire extinguishers?       | unknown/asks again | 
        Is there smoke damage repair?         | unknown/asks again | 
        There's smoke coming out of my hood!  | emergency  | *
        ",
    );
}

#[test]
fn hours_are_told_of_the_house_and_of_a_day_that_was_named() {
    check(
        "cedar-and-comb",
        "2026-11-24T10:15:00-06:00",
        "
        What are your hours in April?                  | asks again         |
        Are you open around Christmas?                 | asks again         |
        Are you open the week after Christmas?         | asks again         |
        Are you open the day after Thanksgiving?       | answer             | hours.friday
        We live three hours away, do you take walk-ins? | answer            | faq.walk-ins
        ",
    );
}

#[test]
fn who_thanks_and_asks_nothing_is_told_nothing_again() {
    check(
        "cedar-and-comb",
        "2026-11-24T10:15:00-06:00",
        "
        Great, thanks, small dogs on a leash it is. | answer/asks again |
        ",
    );
}

#[test]
fn what_is_told_is_of_the_kind_that_was_asked() {
    check(
        "riverside-dental",
        "2026-11-24T10:15:00-05:00",
        "
        What'd I pay to get my teeth polished up?   | asks again/unknown |
        Hi, how are you doing today?                | answer             |
        Is there a fee if I cancel late?            | answer             | policy.cancellation
        Are you open the twenty fifth?              | answer             | hours.wednesday
        ",
    );
    check(
        "cedar-and-comb",
        "2026-11-24T10:15:00-06:00",
        "
        Who looks after the coat I leave?           | asks again/unknown/answer |
        How much should I tip?                      | answer             | policy.tips
        ",
    );
}

#[test]
fn words_for_somebody_are_a_message() {
    check(
        "cedar-and-comb",
        "2026-11-24T10:15:00-06:00",
        "
        Tell Marcus that I'm stuck in traffic.      | message            |
        Could you let Marcus know I'm late?         | message            |
        Could Marcus call me about Friday?          | message            |
        Can you tell me when Marcus works?          | answer             | staff.1
        ",
    );
}
