//! What callers take back, what is said again, and what is said after hours.

use crate::dialogues::{check, dental, garage, salon};
use crate::support::Talk;

#[test]
fn what_is_taken_back_does_not_count() {
    check(
        salon(),
        "
        > How much is a men's haircut?
        = $45
        > No, not the men's, the children's haircut.
        = A children's haircut is $28
        > I meant the beard trim
        = A beard trim is $22
        > When do you close on Friday?
        = We close at 7 PM tomorrow
        > No, Saturday.
        = We close at 5 PM on Saturday
        > Not Saturday, Sunday.
        = We close at 4 PM on Sunday
    ",
    );
}

#[test]
fn a_wrong_answer_is_owned_and_an_answer_is_repeated() {
    check(
        garage(),
        "
        > How much is an oil change?
        = $79
        > That's not what I asked.
        = What would you like to know?
        > How long does an oil change take?
        = 40 minutes
        > Sorry, can you say that slower?
        = 40 minutes
        > What did you say?
        = 40 minutes
    ",
    );
}

#[test]
fn after_hours_it_says_so_and_offers_a_message() {
    check(
        Talk::with("riverside-dental", "2026-11-24T20:15:00-05:00"),
        "
        > I'd like to speak to a person.
        = We're closed right now. We open again tomorrow at 8 AM.
        = leave a message, or is it urgent
        ? Choice
        ! nothing
        > It's urgent.
        ! transfer +12125550143
    ",
    );
    check(
        Talk::with("riverside-dental", "2026-11-24T20:15:00-05:00"),
        "
        > Can I leave a message?
        = We're closed right now. We open again tomorrow at 8 AM.
        = What's your name?
        > Jane Doe
        = What number
    ",
    );
}

#[test]
fn a_doubtful_question_is_not_asked_back_beside_a_firm_answer() {
    check(
        dental(),
        "
        > My dentist told me so. What does whitening cost?
        = Teeth whitening is $350
        / Did you mean
        ? Open
        > I'm a new patient with insurance, how much is a cleaning?
        = $120
        / network
    ",
    );
}
