//! Messages dictated the way people dictate: letters, figures in groups, addresses, and the one
//! letter or digit that was wrong.

use crate::dialogues::{check, dental, salon};

#[test]
fn a_name_is_spelled_and_read_back_letter_by_letter() {
    check(
        dental(),
        "
        > I'd like to leave a message.
        > Jane Kowalsky, K O W A L S K I
        = Thank you, Jane Kowalski: K, O, W, A, L, S, K, I.
        = What number
        > No, the last letter is y
        = Jane Kowalsky, K, O, W, A, L, S, K, Y.
        = What number
        > two one two, double five five, oh one four two
        = That's 2 1 2, 5 5 5, 0 1 4 2. Is that right?
        > No, the last digit is seven.
        = 2 1 2, 5 5 5, 0 1 4 7
        > Yes.
        = What is it about?
        > I need a copy of my x-rays.
        = So that's a message from Jane Kowalsky.
        > yes
        ! message Jane Kowalsky, +12125550147, I need a copy of my x-rays
    ",
    );
}

#[test]
fn code_words_and_examples_spell_too() {
    check(
        salon(),
        "
        > Can I leave a message?
        > Bravo as in boy, oscar, yankee, delta
        = Thanks, Boyd: B, O, Y, D.
        > area code three one two, triple five, zero one twenty three
        = That's 3 1 2, 5 5 5, 0 1 2 3
        > no, the area code is seven seven three
        = I have 7 7 3, 5 5 5, 0 1 2 3
        > correct
        > about my color
        > No, it ends in 0199
        = 7 7 3, 5 5 5, 0 1 9 9
        > yes
        > yes
        ! message Boyd, +17735550199, My color
    ",
    );
}

#[test]
fn an_address_to_write_to_takes_the_place_of_a_number() {
    check(
        dental(),
        "
        > I want to leave a message
        > Bob
        = What number
        > You can write to bob underscore lee nineteen at mail dot example
        = I have bob_lee19@mail.example.
        = What is it about?
        > my bill
        = Your email is bob_lee19@mail.example.
        > yes
        ! message Bob, , My bill Email: bob_lee19@mail.example
    ",
    );
}

#[test]
fn a_number_is_grouped_taken_back_and_confirmed_as_people_do() {
    check(
        dental(),
        "
        > I'd like to leave a message.
        > John Meyer
        = What number
        > Four eighty, five fifty five, oh one nineteen.
        = That's 4 8 0, 5 5 5, 0 1 1 9. Is that right?
        > Yes, that's the one.
        = What is it about?
        > My bill.
        = Is that right?
        > No, it's Jon without an h.
        = Jon Meyer, J, O, N.
        > You got it.
        ! message Jon Meyer, +14805550119, My bill
    ",
    );
    check(
        dental(),
        "
        > I'd like to leave a message.
        > Just Rico.
        = Rico
        > Five one eight, five five five, oh one four two. No wait, sorry, oh one two four.
        = That's 5 1 8, 5 5 5, 0 1 2 4. Is that right?
        > yes
        > My bill.
        > yes
        ! message Rico, +15185550124, My bill
    ",
    );
}

#[test]
fn a_number_of_a_wrong_length_is_asked_for_again() {
    check(
        dental(),
        "
        > I'd like to leave a message.
        > Bob
        = What number
        > two one two five five five oh one four
        = Please say it digit by digit
        > two one two
        = I have 2 1 2 so far.
        > five five five oh one four two
        = 2 1 2, 5 5 5, 0 1 4 2
    ",
    );
}
