//! Taking a message: one question after the other, each asked again at most twice.

use types::{E164, Effect, Expect, Message, Pii, Urgency};

use crate::answers::{self, Verdict};
use crate::desk::{Desk, Speech};
use crate::dictation;
use crate::memory::{Draft, Line, Purpose, Slot, TEXT_BYTES_MAX, shorten};
use crate::phrase::{capitalized, number as spoken_number};
use crate::sound::{likeness, sound};
use crate::words::Utterance;

/// What a caller answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    /// The words as they were recognized.
    pub(crate) said: &'a str,
    /// The same, taken apart.
    pub(crate) utterance: &'a Utterance,
    /// The keys pressed.
    pub(crate) keys: &'a str,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Its next question is to be asked.
    Asking(Draft),
    /// It is complete.
    Taken(Effect),
}

/// How often a question is asked again.
const ASKED_AGAIN_MAX: u8 = 2;
/// ITU-T E.164 §6; fewer than seven is no subscriber's number anywhere we serve.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// A spelled name that sounds this much like a word before it is the same name.
const SAME_NAME_MIN: f32 = 0.5;
/// They lead up to a spelling.
const SPELLS: [&str; 8] = ["spelled", "spell", "thats", "that's", "last", "first", "that", "which"];
/// A longer reason is not read back.
const REASON_READ_MAX: usize = 60;

/// The message with its first open question.
pub(crate) fn begin(desk: &Desk<'_>, mut draft: Draft) -> Draft {
    let first = if draft.purpose == Purpose::Booking { Slot::Wish } else { Slot::Name };
    let wished = draft.slot != Slot::Wish;
    draft.slot = if first == Slot::Wish && !wished {
        Slot::Wish
    } else {
        next_slot(desk, &draft, Slot::Wish)
    };
    draft.asked_again = 0;
    draft
}

/// Takes down what was said with the wish to leave a message: where to write.
pub(crate) fn take_along(said: &str, draft: &mut Draft) {
    draft.email = dictation::email(said).map(|email| shorten(&email));
}

/// The kind of answer that `slot` asks for.
pub(crate) fn expect(slot: Slot) -> Expect {
    match slot {
        Slot::Wish | Slot::Reason => Expect::Open,
        Slot::Name => Expect::Dictation,
        Slot::Number => Expect::Digits,
        Slot::LineIsBest | Slot::NumberRight | Slot::AllRight | Slot::WhatIsWrong => Expect::Choice,
    }
}

/// Takes the caller's answer to the open question of `draft`.
pub(crate) fn take(desk: &Desk<'_>, draft: Draft, given: Given<'_>, out: &mut Speech) -> Outcome {
    let mut taking = Taking { desk, draft, given, out };
    if taking.takes_email() || taking.fixes_name() {
        return Outcome::Asking(taking.draft);
    }
    match taking.draft.slot {
        Slot::Wish => taking.wish(),
        Slot::Name => taking.name(),
        Slot::LineIsBest => taking.line_is_best(),
        Slot::Number => taking.number(),
        Slot::NumberRight => taking.number_right(),
        Slot::Reason => taking.reason(),
        Slot::AllRight => return taking.all_right(),
        Slot::WhatIsWrong => return taking.what_is_wrong(),
    }
    Outcome::Asking(taking.draft)
}

/// The message as it stands.
pub(crate) fn finish(draft: &Draft) -> Effect {
    let recipient = draft.recipient.as_ref().map(|name| format!("For {name}. "));
    let reason = draft.reason.as_deref().unwrap_or("Please call back.");
    let email = draft.email.as_ref().map(|email| format!(" Email: {email}"));
    Effect::TakeMessage(Message {
        name: Pii::new(draft.name.clone().unwrap_or_default()),
        number: Pii::new(draft.number.clone().unwrap_or_default()),
        reason: Pii::new(format!(
            "{}{reason}{}",
            recipient.unwrap_or_default(),
            email.unwrap_or_default()
        )),
        urgency: draft.urgency,
    })
}

struct Taking<'a, 'b> {
    desk: &'a Desk<'a>,
    draft: Draft,
    given: Given<'b>,
    out: &'a mut Speech,
}

impl Taking<'_, '_> {
    fn advance(&mut self) {
        self.go_to(next_slot(self.desk, &self.draft, self.draft.slot));
    }

    fn go_to(&mut self, slot: Slot) {
        self.draft.slot = slot;
        self.draft.asked_again = 0;
    }

    /// Asks again, or gives the question up.
    fn again(&mut self) -> Patience {
        if self.draft.asked_again < ASKED_AGAIN_MAX {
            self.draft.asked_again += 1;
            Patience::Left
        } else {
            Patience::Gone
        }
    }

    fn wish(&mut self) {
        if answers::is_filler(self.given.utterance) && self.again() == Patience::Left {
            return;
        }
        if !self.given.said.trim().is_empty() {
            let known = self.draft.reason.clone().unwrap_or_default();
            let wish = self.given.said.trim();
            self.draft.reason = Some(shorten(&format!("{known} Preferred time: {wish}")));
        }
        self.advance();
    }

    /// An address where the caller would rather be written to, at whichever question; whether
    /// that was all there was to it.
    fn takes_email(&mut self) -> bool {
        if matches!(self.draft.slot, Slot::Wish) {
            return false;
        }
        let Some(email) = dictation::email(self.given.said) else { return false };
        self.out.say(format!("I have {email}."));
        self.draft.email = Some(shorten(&email));
        match self.draft.slot {
            Slot::Reason => return false,
            // In place of a number, or beside one.
            Slot::LineIsBest | Slot::Number => {
                self.go_to(next_slot(self.desk, &self.draft, Slot::NumberRight));
            }
            Slot::WhatIsWrong => self.go_to(Slot::AllRight),
            Slot::Wish | Slot::Name | Slot::NumberRight | Slot::AllRight => (),
        }
        true
    }

    /// "No, with a K": the name just read back, letter by letter; whether it was corrected.
    fn fixes_name(&mut self) -> bool {
        let Some(known) = self.draft.name.clone() else { return false };
        if matches!(self.draft.slot, Slot::Wish | Slot::Name | Slot::Reason) || self.is_keyed() {
            return false;
        }
        let parts: Vec<&str> = known.split(' ').collect();
        let texts = self.given.utterance.texts();
        let speaks = texts.iter().any(|text| ["name", "spelled", "spell", "letter"].contains(text));
        let denies = texts.first() == Some(&"no");
        let spelled = dictation::spelled(self.given.said).filter(|_| speaks || denies);
        let last_first = || (0..parts.len()).rev();
        let fixed = match spelled {
            Some(spelled) => {
                let like = |at: &usize| {
                    likeness(&sound(&parts[*at].to_lowercase()), &sound(&spelled.letters))
                };
                let alike = last_first().filter(|at| like(at) >= SAME_NAME_MIN);
                let best = alike.max_by(|left, right| like(left).total_cmp(&like(right)));
                Some((best.unwrap_or(parts.len() - 1), spelled.letters))
            }
            None => last_first().find_map(|at| {
                let fixed = dictation::corrected_name(parts[at], self.given.said);
                let fixed = fixed.or_else(|| {
                    denies.then(|| dictation::restated_name(parts[at], self.given.said))?
                });
                Some((at, fixed?))
            }),
        };
        let Some((at, fixed)) = fixed else { return false };
        let whole = capitalized(&fixed);
        let mut parts = parts;
        parts[at] = &whole;
        let name = parts.join(" ");
        self.out.say(format!("{}, {}.", name, letters(&fixed)));
        self.draft.name = Some(shorten(&name));
        true
    }

    /// The name in what was said, its last part as it was spelled, and that spelling.
    fn dictated_name(&self) -> Option<(String, Option<String>)> {
        let Some(spelled) = dictation::spelled(self.given.said) else {
            return answers::name(self.given.said).map(|name| (name, None));
        };
        let around = if spelled.before.is_empty() { &spelled.behind } else { &spelled.before };
        let around = answers::name(&around.join(" ")).unwrap_or_default();
        let alike = |word: &&str| {
            likeness(&sound(&word.to_lowercase()), &sound(&spelled.letters)) < SAME_NAME_MIN
        };
        let mut parts: Vec<&str> = around.split(' ').filter(|word| !word.is_empty()).collect();
        parts.retain(|word| !SPELLS.contains(&word.to_lowercase().as_str()));
        let mut parts: Vec<String> =
            parts.iter().filter(|word| alike(word)).map(|word| (*word).to_owned()).collect();
        parts.truncate(3);
        parts.push(capitalized(&spelled.letters));
        Some((parts.join(" "), Some(spelled.letters)))
    }

    fn name(&mut self) {
        match self.dictated_name() {
            Some((name, spelling)) => {
                let thanks = self.desk.pick("Thank you", "Thanks", "Thank you");
                match spelling {
                    Some(spelling) => {
                        self.out.say(format!("{thanks}, {name}: {}.", letters(&spelling)));
                    }
                    None => self.out.say(format!("{thanks}, {name}.")),
                }
                self.draft.name = Some(shorten(&name));
                self.advance();
            }
            None if self.again() == Patience::Left => (),
            None => {
                self.out.say(self.desk.pick("That's all right.", "Never mind.", "Very well."));
                self.advance();
            }
        }
    }

    fn line_is_best(&mut self) {
        if self.digits().is_some_and(|digits| DIGITS.contains(&digits.len())) {
            self.go_to(Slot::Number);
            return self.number();
        }
        match answers::verdict(self.given.utterance) {
            Some(Verdict::Yes) => self.use_line(),
            Some(Verdict::No) => self.go_to(Slot::Number),
            None if self.again() == Patience::Left => (),
            None => {
                self.say_line_is_used();
                self.use_line();
            }
        }
    }

    fn use_line(&mut self) {
        self.draft.number = self.desk.caller.map(|caller| caller.to_string());
        self.draft.line = Line::CallerId;
        self.advance();
    }

    fn say_line_is_used(&mut self) {
        self.out.say(self.desk.pick(
            "I'll note the number you're calling from.",
            "I'll note your number.",
            "I will note the number you are calling from.",
        ));
    }

    /// Digits pressed, else spoken.
    fn digits(&self) -> Option<String> {
        let keyed: String = self.given.keys.chars().filter(char::is_ascii_digit).collect();
        // What was taken back belongs to the number.
        let spoken = || answers::digits(&Utterance::new(self.given.said));
        let digits = if keyed.is_empty() { spoken() } else { keyed };
        (!digits.is_empty()).then_some(digits)
    }

    fn is_keyed(&self) -> bool {
        self.given.keys.bytes().any(|b| b.is_ascii_digit())
    }

    fn number(&mut self) {
        let so_far = self.draft.number.take().unwrap_or_default();
        let Some(new) = self.digits() else {
            self.draft.number = (!so_far.is_empty()).then_some(so_far);
            return self.give_up_number();
        };
        let goes_on = so_far.len() + new.len() == NATIONAL_DIGITS;
        let digits = if goes_on || new.len() < *DIGITS.start() { so_far + &new } else { new };
        self.draft.line = Line::Given;
        if digits.len() < *DIGITS.start() {
            // The caller paused: go on from here, which is not asking again.
            self.out.say(format!("I have {} so far.", spoken_number(&digits, self.home())));
            self.draft.number = Some(digits);
        } else if DIGITS.contains(&digits.len()) {
            // A digit too few or too many was misheard: it is said again before it is read back.
            if !self.is_keyed()
                && !is_likely(&digits, self.home())
                && self.again() == Patience::Left
            {
                return;
            }
            self.draft.number = Some(whole_number(&digits, self.home()));
            if self.is_keyed() {
                self.advance();
            } else {
                // Number and confirmation share their patience: else a mishearing could go round
                // for ever.
                self.draft.slot = Slot::NumberRight;
            }
        } else {
            self.give_up_number();
        }
    }

    /// Asks for the number again, or does without.
    fn give_up_number(&mut self) {
        if self.again() == Patience::Left {
            return;
        }
        if self.desk.caller.is_some() {
            self.say_line_is_used();
            return self.use_line();
        }
        self.out.say(self.desk.pick(
            "I'll leave the number out for now.",
            "I'll leave the number out.",
            "I will leave the number out.",
        ));
        self.draft.number = None;
        self.go_to(next_slot(self.desk, &self.draft, Slot::NumberRight));
    }

    fn number_right(&mut self) {
        if !self.is_keyed() && self.fixes_number() {
            return;
        }
        // "Yes, that's the one."
        let assents = answers::verdict(self.given.utterance) == Some(Verdict::Yes);
        let own = self.digits().filter(|digits| digits.len() > 1 || !assents);
        if let Some(digits) = own {
            let known: String = self
                .draft
                .number
                .iter()
                .flat_map(|known| known.chars())
                .filter(char::is_ascii_digit)
                .collect();
            let digits = if DIGITS.contains(&digits.len()) { digits } else { known + &digits };
            if DIGITS.contains(&digits.len()) {
                self.draft.number = Some(whole_number(&digits, self.home()));
                if self.is_keyed() || self.again() == Patience::Gone {
                    self.advance();
                }
                return;
            }
        }
        match answers::verdict(self.given.utterance) {
            Some(Verdict::Yes) => self.advance(),
            Some(Verdict::No) => {
                self.draft.number = None;
                self.draft.slot = Slot::Number;
                self.give_up_number();
            }
            None if self.again() == Patience::Left => (),
            None => self.advance(),
        }
    }

    /// "No, the last digit is seven"; whether that corrected the number. Patience is shared with
    /// the number itself.
    fn fixes_number(&mut self) -> bool {
        let Some(known) = self.draft.number.as_ref() else { return false };
        let sign = if known.starts_with('+') { "+" } else { "" };
        let digits: String = known.chars().filter(char::is_ascii_digit).collect();
        let Some(fixed) = dictation::corrected_digits(&digits, self.given.said) else {
            return false;
        };
        self.draft.number = Some(format!("{sign}{fixed}"));
        if self.again() == Patience::Gone {
            self.advance();
        }
        true
    }

    fn reason(&mut self) {
        match answers::reason(self.given.said) {
            Some(reason) => {
                self.draft.reason = Some(shorten(&reason));
                self.advance();
            }
            None if self.again() == Patience::Left => (),
            None => {
                self.draft.reason = Some("Please call back.".into());
                self.advance();
            }
        }
    }

    fn all_right(&mut self) -> Outcome {
        match answers::verdict(self.given.utterance) {
            Some(Verdict::Yes) => Outcome::Taken(finish(&self.draft)),
            Some(Verdict::No) => {
                if !self.correct() {
                    self.go_to(Slot::WhatIsWrong);
                }
                Outcome::Asking(self.draft.clone())
            }
            None if self.correct() => Outcome::Asking(self.draft.clone()),
            None if self.again() == Patience::Left => Outcome::Asking(self.draft.clone()),
            // A message that may have a mistake is better than none.
            None => Outcome::Taken(finish(&self.draft)),
        }
    }

    fn what_is_wrong(&mut self) -> Outcome {
        if self.correct() || self.again() == Patience::Left {
            return Outcome::Asking(self.draft.clone());
        }
        Outcome::Taken(finish(&self.draft))
    }

    /// Goes back to the part of the message that the caller names; whether one was named.
    fn correct(&mut self) -> bool {
        let texts = self.given.utterance.texts();
        let names = |words: &[&str]| texts.iter().any(|text| words.contains(text));
        if self.draft.line == Line::Given && self.fixes_number() {
            self.draft.slot = Slot::NumberRight;
        } else if names(&["name", "called", "spelled"]) {
            self.draft.name = None;
            self.go_to(Slot::Name);
        } else if names(&["number", "phone", "digits"])
            || self.digits().is_some_and(|digits| digits.len() >= 7)
        {
            self.draft.number = None;
            self.go_to(Slot::Number);
            if self.digits().is_some() {
                self.number();
            }
        } else if names(&["message", "reason", "about", "time", "day", "date", "appointment"]) {
            self.draft.reason = None;
            self.go_to(Slot::Reason);
        } else {
            return false;
        }
        true
    }

    fn home(&self) -> Option<E164> {
        self.desk.facts.contact.phone.or(self.desk.caller)
    }
}

/// Letters apart, as a voice says them clearly: "J, A, N, E".
fn letters(word: &str) -> String {
    let apart: Vec<String> = word.chars().map(|letter| letter.to_uppercase().collect()).collect();
    apart.join(", ")
}

/// Whether a question may be asked once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Left,
    Gone,
}

/// The question to ask after `slot`: the next whose answer is not known.
fn next_slot(desk: &Desk<'_>, draft: &Draft, slot: Slot) -> Slot {
    const ORDER: [Slot; 6] =
        [Slot::Wish, Slot::Name, Slot::LineIsBest, Slot::NumberRight, Slot::Reason, Slot::AllRight];
    let slot = if slot == Slot::Number { Slot::LineIsBest } else { slot };
    let done = ORDER.iter().position(|other| *other == slot).map_or(0, |at| at + 1);
    for &next in &ORDER[done..] {
        let wanted = match next {
            Slot::Name => draft.name.is_none(),
            Slot::LineIsBest => draft.number.is_none(),
            Slot::Reason => draft.reason.is_none(),
            Slot::Wish | Slot::Number | Slot::NumberRight => false,
            Slot::AllRight | Slot::WhatIsWrong => true,
        };
        if wanted {
            let no_line = next == Slot::LineIsBest && desk.caller.is_none();
            return if no_line { Slot::Number } else { next };
        }
    }
    Slot::AllRight
}

/// Whether a number that is said where `home` is has so many digits.
fn is_likely(digits: &str, home: Option<E164>) -> bool {
    !is_north_american(home)
        || matches!(digits.len(), SUBSCRIBER_DIGITS | NATIONAL_DIGITS)
        || digits.len() == NATIONAL_DIGITS + 1 && digits.starts_with('1')
        || digits.len() > NATIONAL_DIGITS && ["011", "00"].iter().any(|out| digits.starts_with(out))
}

fn is_north_american(home: Option<E164>) -> bool {
    home.is_none_or(|home| home.digits().len() == 11 && home.digits().starts_with('1'))
}

/// Line and exchange, and the same with its area (the North American numbering plan).
const SUBSCRIBER_DIGITS: usize = 7;
const NATIONAL_DIGITS: usize = 10;

/// `digits` with `+` and country code where they are known to be a full number.
fn whole_number(digits: &str, home: Option<E164>) -> String {
    let north_american = is_north_american(home);
    match digits.len() {
        10 if north_american => format!("+1{digits}"),
        11 if north_american && digits.starts_with('1') => format!("+{digits}"),
        _ => digits.to_owned(),
    }
}

/// Asks the open question of `draft`, in other words each time.
pub(crate) fn ask(desk: &Desk<'_>, draft: &Draft, out: &mut Speech) {
    debug_assert!(draft.reason.as_ref().is_none_or(|reason| reason.len() <= TEXT_BYTES_MAX));
    let home = desk.facts.contact.phone.or(desk.caller);
    let again = usize::from(draft.asked_again.min(ASKED_AGAIN_MAX));
    let number = || spoken_number(draft.number.as_deref().unwrap_or_default(), home);
    let text = match draft.slot {
        Slot::Number if draft.number.is_some() => {
            ["What is the rest of it?", "Could you say the rest?", "You can type the rest."][again]
                .into()
        }
        Slot::NumberRight => match again {
            0 => format!("That's {}. Is that right?", number()),
            1 => format!("I have {}. Is that correct?", number()),
            _ => format!("Please say yes or no: is it {}?", number()),
        },
        Slot::AllRight => match again {
            0 => summary(draft, &number()),
            1 => "Is everything right, yes or no?".into(),
            _ => "Shall I send it like that?".into(),
        },
        Slot::Wish
        | Slot::Name
        | Slot::LineIsBest
        | Slot::Number
        | Slot::Reason
        | Slot::WhatIsWrong => question(desk, draft.slot)[again].to_owned(),
    };
    for sentence in crate::phrase::sentences(&text) {
        out.say(sentence);
    }
}

/// The wordings of a question: the first, and those for asking again.
fn question(desk: &Desk<'_>, slot: Slot) -> [&'static str; 3] {
    match slot {
        Slot::Wish => [
            desk_pick(
                desk,
                [
                    "What day and time would you like?",
                    "What day and time?",
                    "Which day and time would you prefer?",
                ],
            ),
            "Which day would suit you best?",
            "Is there a day or time that you would like?",
        ],
        Slot::Name => [
            desk_pick(
                desk,
                ["What's your name?", "Your name, please?", "May I have your name, please?"],
            ),
            "Sorry, I didn't get the name. Could you say it again?",
            "Could you tell me just your first name?",
        ],
        Slot::LineIsBest => [
            desk_pick(
                desk,
                [
                    "Is the number you're calling from best?",
                    "Is the number you're calling from best?",
                    "Is the number you are calling from the best one to reach you?",
                ],
            ),
            "Shall we call you back on this number, yes or no?",
            "Please say yes if we can use this number, or no for another one.",
        ],
        Slot::Number => [
            "What number can we reach you at? You can say it or use your keypad.",
            "Sorry, I didn't get the number. Please say it digit by digit, or type it on your keypad.",
            "Could you type the number on your keypad, please?",
        ],
        Slot::Reason => [
            desk_pick(
                desk,
                ["What is it about?", "What's it about?", "What is your message about?"],
            ),
            "Sorry, what would you like me to pass on?",
            "Could you tell me in a few words what it is about?",
        ],
        Slot::WhatIsWrong => [
            "What should I change: the name, the number or the message?",
            "Sorry, is it the name, the number or the message?",
            "Please say name, number or message.",
        ],
        Slot::NumberRight | Slot::AllRight => ["Is that right?"; 3],
    }
}

fn desk_pick(desk: &Desk<'_>, wordings: [&'static str; 3]) -> &'static str {
    desk.pick(wordings[0], wordings[1], wordings[2])
}

/// All that will be passed on, to be confirmed.
fn summary(draft: &Draft, number: &str) -> String {
    let urgent = if draft.urgency == Urgency::Urgent { "an urgent message" } else { "a message" };
    let kind =
        if draft.purpose == Purpose::Booking { "a request for an appointment" } else { urgent };
    let from = draft.name.as_ref().map_or_else(String::new, |name| format!(" from {name}"));
    let to = draft.recipient.as_ref().map_or_else(String::new, |name| format!(" for {name}"));
    let number = match (draft.line, draft.number.is_some()) {
        (Line::CallerId, true) => " We call you back on this number.".into(),
        (Line::Given, true) => format!(" We call you back at {number}."),
        (_, false) => String::new(),
    };
    let short = draft.reason.as_ref().filter(|reason| reason.len() <= REASON_READ_MAX);
    let about = short.filter(|_| draft.purpose == Purpose::Message);
    let about = about.map_or_else(String::new, |reason| {
        format!(" It is about: {}.", reason.trim_end_matches('.'))
    });
    let email =
        draft.email.as_ref().map_or_else(String::new, |email| format!(" Your email is {email}."));
    format!("So that's {kind}{from}{to}.{number}{email}{about} Is that right?")
}
