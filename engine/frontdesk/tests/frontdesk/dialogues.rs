//! Whole conversations, line by line.

use std::sync::{Arc, Mutex};

use types::{
    CallId, DialogueEntry, Effect, Expect, GenerationId, Heard, LegAbilities, Pii, TurnId, Urgency,
};
use vendor::{Brain as _, BrainContext, BrainEvent, Offered, Sink, Thought};

use crate::support::{Talk, spoken};

/// Plays a script. `> words` is said and the reply heard, `# 123` are keys, `~` is silence; `-
/// words` is said and its reply goes unheard. `= words` must be in the last reply, `/ words` must
/// not, `! effect` must be among its effects,
/// `? kind` is what it expects.
pub(crate) fn check(mut talk: Talk, script: &str) {
    let mut last = None;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (mark, rest) = line.split_at(1);
        let rest = rest.trim();
        match mark {
            ">" => last = Some(talk.say(rest)),
            "#" => last = Some(talk.press(rest)),
            "~" => last = Some(talk.wait()),
            "-" => {
                talk.say_only(rest);
                talk.hear_nothing();
            }
            _ => {
                let reply = last.as_ref().expect("something was said");
                let said = spoken(reply);
                let effects: Vec<String> = reply.effects.iter().map(shown).collect();
                let holds = match mark {
                    "=" => said.contains(rest),
                    "/" => !said.contains(rest),
                    "!" if rest == "nothing" => effects.is_empty(),
                    "!" => effects.iter().any(|effect| effect == rest),
                    "?" => format!("{:?}", reply.expect) == rest,
                    _ => panic!("{line}"),
                };
                assert!(
                    holds,
                    "{line}\nbut: {said}\n{effects:?} {:?} {:?}",
                    reply.expect, reply.intent
                );
            }
        }
    }
}

fn shown(effect: &Effect) -> String {
    match effect {
        Effect::EndCall => "end".into(),
        Effect::Transfer { to } => format!("transfer {to}"),
        Effect::TakeMessage(message) => format!(
            "message {}, {}, {}{}",
            message.name.reveal(),
            message.number.reveal(),
            message.reason.reveal(),
            if message.urgency == Urgency::Urgent { ", urgent" } else { "" }
        ),
        Effect::PressKeys { digits } => format!("keys {}", digits.reveal()),
    }
}

pub(crate) fn dental() -> Talk {
    Talk::with("riverside-dental", "2026-11-24T10:15:00-05:00")
}

pub(crate) fn salon() -> Talk {
    Talk::with("cedar-and-comb", "2026-11-19T12:00:00-06:00")
}

pub(crate) fn garage() -> Talk {
    Talk::with("northgate-auto", "2026-10-14T09:00:00-07:00")
}

const CALLER: &str = "+12125550199";

#[test]
fn a_message_is_taken_on_the_callers_own_number() {
    check(
        dental().from(CALLER),
        "
        > Can I leave a message for Kevin?
        = What's your name?
        ? Dictation
        > My name is Jane Doe.
        = Thank you, Jane Doe.
        = number you're calling from
        ? Choice
        > Yes, it is.
        = What is it about?
        > It's about my bill from last week.
        = Jane Doe
        = on this number
        = My bill from last week
        ? Choice
        ! nothing
        > Yes.
        ! message Jane Doe, +12125550199, For Kevin Walsh. My bill from last week
        = anything else
        > No, thanks.
        ! end
    ",
    );
}

#[test]
fn what_was_hardly_heard_is_asked_back_and_then_told() {
    check(
        dental(),
        "
        > We're in low paycheck.
        = Did you mean our payment policy?
        ? Choice
        > Yes.
        = We take cash
        > human teeth whitening
        > Which Dave does talk to Alvarez work,
        = Did you mean Doctor Maria Alvarez?
        > No.
        = What would you like to know?
    ",
    );
}

#[test]
fn a_number_is_spoken_and_read_back() {
    check(
        dental(),
        "
        > I want to leave a message
        > Bob
        = What number
        ? Digits
        > two one two five five five oh one four two
        = That's 2 1 2, 5 5 5, 0 1 4 2. Is that right?
        ? Choice
        > no it's 212 555 0143
        = 2 1 2, 5 5 5, 0 1 4 3
        > that's right
        = What is it about?
        > please send me a receipt
        > correct
        ! message Bob, +12125550143, Please send me a receipt
    ",
    );
}

#[test]
fn a_number_comes_in_pieces_and_by_keypad() {
    check(
        dental().from(CALLER),
        "
        > take a message please
        > it's Ann
        > no, use another one
        = keypad
        ? Digits
        > two one two
        = I have 2 1 2 so far. What is the rest of it?
        ? Digits
        > five five five
        = 2 1 2, 5 5 5 so far
        # 0142
        = What is it about?
        > the invoice
        = 2 1 2, 5 5 5, 0 1 4 2
        > yes
        ! message Ann, +12125550142, The invoice
    ",
    );
}

#[test]
fn each_question_is_asked_again_at_most_twice() {
    check(
        dental(),
        "
        > can I leave a message
        = What's your name?
        > um
        = didn't get the name
        > yes
        = first name
        > um
        = That's all right.
        = What number
        > purple
        = digit by digit
        > orange
        = type the number
        > apple
        = leave the number out
        = What is it about?
        > um
        = pass on
        > uh
        = few words
        > um
        = Is that right?
        > purple
        = yes or no
        > orange
        = Shall I send it
        > apple
        ! message , , Please call back.
    ",
    );
}

#[test]
fn a_wrong_number_three_times_falls_back_to_the_line() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > Bob
        > no
        > 212 555 0142
        > no
        = digit by digit
        > 212 555 0143
        > no
        = type the number
        > 212 555 0144
        > no
        = number you're calling from
        = What is it about?
    ",
    );
}

#[test]
fn an_unclear_yes_about_the_line_uses_it_in_the_end() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > Bob
        > purple
        = yes or no
        > orange
        = Please say yes
        > apple
        = I'll note the number you're calling from.
        = What is it about?
    ",
    );
}

#[test]
fn a_number_may_be_given_at_once() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > Bob
        > no, it's 212 555 0142
        = That's 2 1 2, 5 5 5, 0 1 4 2.
    ",
    );
}

#[test]
fn what_is_wrong_is_corrected() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > Bob
        > yes
        > the invoice
        > no
        = the name, the number or the message
        > the name
        = name
        > Rob
        = So that's a message from Rob.
        > no, the number is wrong
        = What number
        # 2125550142
        = 2 1 2, 5 5 5, 0 1 4 2
        > no, the message
        = about
        > the receipt
        > yes
        ! message Rob, +12125550142, The receipt
    ",
    );
}

#[test]
fn a_message_is_dropped_when_the_caller_says_so() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > never mind
        = no message
        ! nothing
        > how much is a cleaning
        = $120
    ",
    );
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > actually no thanks, bye
        ! end
    ",
    );
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > Bob
        > yes
        > the invoice
        > yes thanks, bye
        ! message Bob, +12125550199, The invoice
        ! end
    ",
    );
}

#[test]
fn a_question_in_between_is_answered_and_the_message_goes_on() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        > wait, how much is a cleaning?
        = $120
        = What's your name?
        > Bob
        > and are you open on Saturday?
        = closed on Saturday
        = number you're calling from
        > can I talk to a person?
        ! transfer +12125550143
    ",
    );
}

#[test]
fn silence_in_a_message_asks_the_same_again() {
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        ~
        = still there
        = What's your name?
        ~
        = can't hear you
        = What's your name?
        ~
        ! end
    ",
    );
}

#[test]
fn silence_is_answered_in_other_words_each_time() {
    check(
        salon(),
        "
        ~
        = Still there? How can I help?
        ~
        = I can't hear you. You can ask
        > how much is a beard trim
        = $22
        ~
        = Still there?
        ~
        ~
        ! end
    ",
    );
}

#[test]
fn a_booking_becomes_a_message() {
    check(salon().from(CALLER), "
        > I'd like to book a beard trim
        = What day and time?
        > Saturday at ten
        = name
        > Jim
        > yes
        = a request for an appointment from Jim
        > yes
        ! message Jim, +12125550199, Appointment wanted for beard trim. Caller said: I'd like to book a beard trim Preferred time: Saturday at ten
    ");
    check(
        salon().from(CALLER),
        "
        > can I book a men's haircut for Friday at three
        = name
        / What day
    ",
    );
    check(
        salon().from(CALLER),
        "
        > how much is a men's haircut and can I book one for Friday
        = $45
        = name
    ",
    );
}

#[test]
fn a_person_is_connected_where_there_is_one() {
    check(
        garage(),
        "
        > a person please
        = I will connect you now
        ! transfer +12065550124
        > hello? nobody answered, can I talk to someone
        = could not connect
        = leave a message
        ! nothing
        > yes
        = name
    ",
    );
    check(
        salon(),
        "
        > can I speak to a human
        = can't put you through
        = leave a message
        ? Choice
        > no
        = Okay.
    ",
    );
    check(
        salon(),
        "
        # 0
        = can't put you through
    ",
    );
    check(
        garage(),
        "
        # 0
        ! transfer +12065550124
    ",
    );
    check(
        garage(),
        "
        # 5
        = telephone numbers
    ",
    );
}

#[test]
fn an_emergency_goes_before_everything() {
    check(
        salon().from(CALLER),
        "
        > how much is a haircut, I mean I'm having an allergic reaction
        = nine one one
        = urgent message
        ? Choice
        > yes please
        = name
        > Eve
        > yes
        > my scalp is burning
        > yes
        ! message Eve, +12125550199, My scalp is burning, urgent
    ",
    );
    check(
        garage(),
        "
        > my car is on fire
        = nine one one
        > connect me
        ! transfer +12065550124
    ",
    );
    check(
        garage(),
        "
        > there's smoke coming out
        > take a message
        = name
    ",
    );
}

#[test]
fn talk_goes_on_from_what_was_said() {
    check(
        dental(),
        "
        > How much is a cleaning?
        = $120
        > And whitening?
        = $350
        / minutes
        > how long does that take?
        = 90 minutes
        > and a crown
        = 2 hours
        > are you open on Saturday?
        = closed on Saturday
        > and Friday?
        = 8 AM to 2 PM
        > what time do you close?
        = We close at 2 PM on Friday.
        > what about Wednesday
        = We close at 7 PM tomorrow
    ",
    );
}

#[test]
fn near_names_are_asked_back() {
    check(
        salon(),
        "
        > how much is a haircut
        = Did you mean
        ? Choice
        > the men's one
        = $45
        > how long does it take
        = 30 minutes
        > how much is a haircut
        > the first one
        = $
        > how much is a haircut
        > for a woman
        = $72
        > how much is a trim
        = a beard trim?
        > yes
        = $22
        > how much is a trim
        > no
        = Which service
        > highlights
        = $140
    ",
    );
}

#[test]
fn corrections_count_and_unheard_replies_do_not() {
    check(
        dental(),
        "
        > how much is a cleaning, no wait, I mean whitening
        = $350
        / $120
        > Sorry, actually, how much is a crown?
        = $1,100
    ",
    );
    check(
        dental(),
        "
        - how much is a cleaning
        > sorry, actually how much is whitening
        = $350
        / $120
    ",
    );
    check(
        dental(),
        "
        - how much is a cleaning
        > and are you open on Friday
        = $120
        = 8 AM to 2 PM
    ",
    );
    check(
        dental().from(CALLER),
        "
        > can I leave a message
        - Bob
        > Bob Smith
        = Bob
        = number you're calling from
    ",
    );
}

#[test]
fn what_was_said_is_said_again() {
    check(
        dental(),
        "
        > can you repeat that
        = Thanks for calling Riverside Dental. How can I help you?
        > how much is a cleaning
        > sorry, can you say that again?
        = $120
        > once more please
        = $120
        > how long does it take
        = 45 minutes
        > pardon
        = 45 minutes
    ",
    );
}

#[test]
fn after_three_misses_a_message_is_offered() {
    check(
        dental(),
        "
        > purple monkey
        = say it again
        > purple monkey
        = still not sure
        > purple monkey
        = leave a message
        > yes
        = name
    ",
    );
    check(
        dental(),
        "
        > purple monkey
        > how much is a cleaning
        = $120
        > purple monkey
        = say it again
    ",
    );
}

#[test]
fn services_are_listed_a_few_at_a_time() {
    check(
        salon(),
        "
        > what services do you offer
        = women's haircut, men's haircut, children's haircut and blowout
        / highlights
        ? Choice
        > yes
        = root touch-up
        / women's
        > no thanks
        / hear more
    ",
    );
}

#[test]
fn small_talk_is_honest_and_short() {
    check(
        dental(),
        "
        > hi, how are you?
        = How can I help?
        > are you a real person?
        = automated assistant
        > thank you
        = welcome
        > no
        ! end
    ",
    );
    check(
        dental(),
        "
        > can you help me
        = hours, prices and services
        > what's the name of this place
        = Riverside Dental
    ",
    );
}

#[test]
fn somebody_elses_notes_and_cut_replies_do_no_harm() {
    let mut talk = dental();
    talk.dialogue.entries.push(DialogueEntry::Agent {
        turn: TurnId::new(1),
        text: Pii::new("We have".into()),
        heard: Heard::Cut,
        note: Some(types::BrainNote(Pii::new("other brain's note".into()))),
    });
    let reply = talk.say("how much is a cleaning");
    assert_eq!(spoken(&reply), "Teeth cleaning is $120.");
    assert_eq!(reply.expect, Expect::Open);
}

#[test]
fn a_caller_who_asks_one_thing_after_the_other_is_served() {
    check(
        dental(),
        "
        > Hi, what are your opening hours?
        = 8 AM to 5 PM
        > Sorry, actually, how much is teeth whitening?
        = $350
        > And how much is a cleaning?
        = $120
        > Are you open on Sunday?
        = closed on Sunday
        > Do you take dental insurance?
        = Delta Dental
        > Sorry, how much was the cleaning again?
        = $120
        > Thanks. And where are you located?
        = 48 River Street
        > Great, that's all I needed. Thank you, goodbye.
        ! end
    ",
    );
}

#[test]
fn what_was_lost_is_asked_for() {
    check(
        garage(),
        "
        > how is a wheel alignment
        = the price of a wheel alignment, or how long
        ? Choice
        > the price
        = $129
        > are you open on Smatterday
        / Yes
        / No,
        > are you open on the schmoliday
        = which day do you mean?
        > saturday
        = 9 AM to 1 PM
        > how much is it
        = $129
    ",
    );
}

#[test]
fn the_brain_offers_its_reply_in_order() {
    let events = Arc::new(Kept::default());
    let agent = Arc::new(crate::support::business("riverside-dental"));
    let caller = Some(Pii::new(CALLER.parse().unwrap()));
    let abilities = LegAbilities::ALL;
    let context = BrainContext { agent, caller, call: CallId::new(1), abilities };
    let mut session = frontdesk::Frontdesk::default().open(context, events.clone()).unwrap();
    let mut dialogue = types::Dialogue::default();
    let text = Pii::new("How much is a cleaning? I'd like to talk to a person.".to_owned());
    dialogue.entries.push(DialogueEntry::Caller { turn: TurnId::FIRST, text, others: Vec::new() });
    let generation = GenerationId::default();
    let now = crate::support::at("2026-11-24T10:15:00-05:00");
    session.think(Thought { generation, dialogue: Arc::new(dialogue), now });
    let events = events.0.lock().unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| match event {
            BrainEvent::Text { .. } => "text",
            BrainEvent::Pause { .. } => "pause",
            BrainEvent::Effect { .. } => "effect",
            BrainEvent::Understood { .. } => "understood",
            BrainEvent::Done { note: Some(_), .. } => "done",
            BrainEvent::Done { note: None, .. } => "done without note",
            BrainEvent::Failed { .. } => "failed",
        })
        .collect();
    assert_eq!(kinds, ["text", "effect", "done"]);
}

#[derive(Default)]
struct Kept(Mutex<Vec<BrainEvent>>);

impl Sink<BrainEvent> for Kept {
    fn offer(&self, event: BrainEvent) -> Offered {
        self.0.lock().unwrap().push(event);
        Offered::Accepted
    }
}
