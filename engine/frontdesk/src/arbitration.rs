//! Several readings of the same words: which of them is answered.
//!
//! Each reading is understood by itself. What they agree on is answered. What only some of them
//! make answerable is answered if those words leave nothing unexplained, and asked back otherwise:
//! a wrong fact is worse than one more question. Readings that are both clear and mean different
//! things are put to the caller by name.

use types::{Because, Effect, Expect, FactId};

use crate::desk::Desk;
use crate::intent::{Ask, Subject};
use crate::matching::{Index, Row};
use crate::memory::{Memory, Question, Topic};
use crate::reply::{Chosen, Intent, Reading, Reply};
use crate::sound::likeness;
use crate::subjects::OPTIONS_MAX;
use crate::turn::Turn;
use crate::words::{Token, Utterance};

/// The reply to what `reading` left unanswered, whichever of its readings it is.
pub(crate) fn settle(desk: &Desk<'_>, index: &Index, reading: &Reading) -> Reply {
    if reading.others.is_empty() || reading.words.is_empty() {
        return Turn::new(desk, index, reading).respond();
    }
    let alone = |words: &String| {
        let (words, others) = (words.clone(), Vec::new());
        Reading { words, others, ..reading.clone() }
    };
    let readings: Vec<Reading> =
        std::iter::once(&reading.words).chain(&reading.others).map(alone).collect();
    let mut candidates: Vec<Candidate> =
        readings.iter().map(|reading| Candidate::new(desk, index, reading)).collect();
    let choice = if reading.memory.draft.is_some() {
        dictated(reading, &candidates)
    } else {
        choose(&candidates)
    };
    match choice {
        Choice::Answer(at, because) => {
            let mut reply = candidates.swap_remove(at).reply;
            reply.chosen = Some(Chosen { reading: at, because });
            reply
        }
        Choice::Ask(doubts) => {
            let asked: Vec<&Doubt> =
                doubts.iter().filter_map(|at| candidates[*at].doubt.as_ref()).collect();
            let first = doubts.first().copied().unwrap_or_default();
            let asked = ask_back(Turn::new(desk, index, &readings[first]), &asked);
            let mut reply = asked.unwrap_or_else(|| {
                let mut turn = Turn::new(desk, index, &readings[0]);
                turn.memory.question = Question::Open;
                let expect = turn.miss();
                turn.finish(Intent::NotUnderstood, expect)
            });
            reply.chosen = Some(Chosen { reading: first, because: Because::Asked });
            reply
        }
    }
}

/// What comes of several readings.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// This one is answered as it would be by itself.
    Answer(usize, Because),
    /// The caller is asked which of these was meant.
    Ask(Vec<usize>),
}

/// A reading and what would be replied to it.
#[derive(Debug)]
struct Candidate {
    /// Its words, as heard.
    words: Utterance,
    reply: Reply,
    stand: Stand,
    /// What it comes to: facts told, things done.
    meaning: Meaning,
    clarity: Clarity,
    /// The words that name the row it is about, if it is about one.
    named: Vec<Token>,
    /// How it would be asked back.
    doubt: Option<Doubt>,
}

/// What a reply does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    /// Admits that nothing was understood.
    Lost,
    /// Says something kind.
    Talks,
    /// Admits not to know.
    Unknowing,
    /// Asks which of several things was meant.
    AsksBack,
    /// Begins a message, or offers to.
    Begins,
    /// Tells a fact or does something.
    Tells,
}

/// The facts told, in order, and what is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Meaning {
    facts: Vec<FactId>,
    effects: Vec<Effect>,
}

/// Whether the words leave anything unexplained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clarity {
    Clear,
    Doubtful,
}

/// What is asked back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doubt {
    /// Whether this service was meant, and what is asked about it.
    Service(usize, Topic),
    /// Whether this was meant.
    Subject(Subject),
}

impl Candidate {
    fn new(desk: &Desk<'_>, index: &Index, reading: &Reading) -> Self {
        let turn = Turn::new(desk, index, reading);
        let sense = turn.sense();
        let is_clear = sense.is_clear();
        let named = sense.naming_words().into_iter().cloned().collect();
        let doubt = sense.asks.iter().find_map(|(_, ask)| Doubt::of(ask));
        let reply = turn.respond_to(&sense);
        let meaning = Meaning::of(&reply);
        let stand = Stand::of(&reply, &meaning);
        let clarity = if is_clear { Clarity::Clear } else { Clarity::Doubtful };
        let words = Utterance::new(&reading.words);
        Self { words, reply, stand, meaning, clarity, named, doubt }
    }
}

impl Meaning {
    fn of(reply: &Reply) -> Self {
        let cited = reply.sentences.iter().flat_map(|sentence| &sentence.cites);
        let mut facts: Vec<FactId> = cited.filter(|fact| **fact != FactId::Name).cloned().collect();
        facts.sort_by_key(ToString::to_string);
        facts.dedup();
        Self { facts, effects: reply.effects.clone() }
    }

    fn is_part_of(&self, other: &Self) -> bool {
        self.effects == other.effects && self.facts.iter().all(|fact| other.facts.contains(fact))
    }

    /// Whether all its facts are about one service.
    fn is_one_service(&self) -> bool {
        let service = |fact: &FactId| match fact {
            FactId::Service(id) | FactId::ServicePrice(id) | FactId::ServiceDuration(id) => {
                Some(*id)
            }
            FactId::Name
            | FactId::Address
            | FactId::Directions
            | FactId::Parking
            | FactId::Phone
            | FactId::Email
            | FactId::Website
            | FactId::Hours(_)
            | FactId::HoursException(_)
            | FactId::Policy(_)
            | FactId::Faq(_)
            | FactId::Staff(_)
            | FactId::Transfer
            | FactId::Emergency => None,
        };
        let mut services = self.facts.iter().map(service);
        let Some(Some(first)) = services.next() else { return false };
        services.all(|other| other == Some(first))
    }
}

impl Stand {
    fn of(reply: &Reply, meaning: &Meaning) -> Self {
        if !meaning.facts.is_empty() || !meaning.effects.is_empty() {
            return Self::Tells;
        }
        match reply.intent {
            Intent::NotUnderstood | Intent::NoInput => Self::Lost,
            Intent::Greeting | Intent::Thanks | Intent::SmallTalk => Self::Talks,
            Intent::Unknown => Self::Unknowing,
            Intent::Clarify => Self::AsksBack,
            Intent::Message | Intent::Booking | Intent::Person | Intent::Emergency => Self::Begins,
            // The business has not said.
            Intent::Hours
            | Intent::Price
            | Intent::Duration
            | Intent::Services
            | Intent::Offered
            | Intent::Location
            | Intent::Directions
            | Intent::Parking
            | Intent::Phone
            | Intent::Email
            | Intent::Website
            | Intent::Name
            | Intent::Policy
            | Intent::Faq
            | Intent::Staff
            | Intent::Goodbye => Self::Unknowing,
        }
    }
}

impl Doubt {
    fn of(ask: &Ask) -> Option<Self> {
        Some(match ask {
            Ask::Price(at) => Self::Service(*at, Topic::Price),
            Ask::Duration(at) => Self::Service(*at, Topic::Duration),
            Ask::Offered(at) | Ask::About(at) | Ask::WhichTopic(at) => {
                Self::Service(*at, Topic::Offered)
            }
            Ask::Hours(_) | Ask::WhichDay => Self::Subject(Subject::Hours),
            Ask::House(house) => Self::Subject(Subject::House(*house)),
            Ask::Policy(at) => Self::Subject(Subject::Row(Row::Policy(*at))),
            Ask::Faq(at) => Self::Subject(Subject::Row(Row::Faq(*at))),
            Ask::Staff(at) => Self::Subject(Subject::Row(Row::Staff(*at))),
            Ask::Which { .. }
            | Ask::Unknown(_)
            | Ask::ServiceList
            | Ask::StaffList
            | Ask::Confirm(_) => return None,
        })
    }
}

/// Dictation keeps the first reading, unless another one is whole where that one is not: a number
/// lacks a digit in one and is whole in the other.
fn dictated(reading: &Reading, candidates: &[Candidate]) -> Choice {
    let Some(before) = &reading.memory.draft else { return Choice::Answer(0, Because::First) };
    let draft = |candidate: &Candidate| {
        let note = candidate.reply.note.as_ref()?;
        Memory::from_note(note)?.draft
    };
    let taken = |candidate: &Candidate| match draft(candidate) {
        Some(after) if after.slot == before.slot || 0 < after.asked_again => Taken::Nothing,
        Some(after) if after.number != before.number && !is_whole(after.number.as_deref()) => {
            Taken::Part
        }
        Some(_) => Taken::Whole,
        None => Taken::Nothing,
    };
    let first = &candidates[0];
    if first.stand != Stand::Begins || taken(first) == Taken::Whole {
        return Choice::Answer(0, Because::First);
    }
    // Nothing is done on the word of another reading.
    let completes = |other: &&Candidate| {
        other.stand == Stand::Begins && taken(first) < taken(other) && taken(other) == Taken::Whole
    };
    match candidates.iter().position(|other| completes(&other)) {
        Some(at) => Choice::Answer(at, Because::Clearer),
        None => Choice::Answer(0, Because::First),
    }
}

/// How much of an answer to a message's question was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    Nothing,
    Part,
    Whole,
}

/// Whether `number` has as many digits as numbers have where `+1` is dialed; no number is whole, too.
fn is_whole(number: Option<&str>) -> bool {
    let Some(number) = number else { return true };
    let digits = number.chars().filter(char::is_ascii_digit).count();
    digits == NATIONAL_DIGITS
        || digits == NATIONAL_DIGITS + 1 && number.trim_start_matches('+').starts_with('1')
}

/// Area, exchange, line (the North American numbering plan).
const NATIONAL_DIGITS: usize = 10;

/// The share of a reading's words that another one must have.
const SHARED_MIN: f32 = 0.25;

/// So many words name a row beyond chance.
const NAMED_WELL: usize = 3;
/// A word that sounds this much like another was the same word.
const ALIKE_MIN: f32 = 0.75;

/// From this weight on a word tells something by itself.
const TELLING: f32 = 1.0;

fn choose(candidates: &[Candidate]) -> Choice {
    let first = &candidates[0];
    let tells = |candidate: &Candidate| candidate.stand == Stand::Tells;
    if candidates.iter().all(|other| tells(other) && other.meaning == first.meaning) {
        return Choice::Answer(0, Because::Agreed);
    }
    // The first of each meaning, and of those the clear one, if there is one.
    let mut groups: Vec<usize> = Vec::new();
    for (at, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| tells(candidate)) {
        match groups.iter_mut().find(|known| candidates[**known].meaning == candidate.meaning) {
            Some(known)
                if candidates[*known].clarity == Clarity::Doubtful
                    && candidate.clarity == Clarity::Clear =>
            {
                *known = at;
            }
            Some(_) => (),
            None => groups.push(at),
        }
    }
    join_parts(candidates, &mut groups);
    let is_clear =
        |at: &usize| candidates[*at].clarity == Clarity::Clear && is_borne_out(*at, candidates);
    let clear: Vec<usize> = groups.iter().copied().filter(is_clear).collect();
    match (&clear[..], &groups[..]) {
        (_, []) => Choice::Answer(best_question(candidates), Because::Asked),
        // What begins a message was a wish, and a fact is no answer to it.
        _ if first.stand == Stand::Begins => Choice::Answer(0, Because::First),
        ([one], [_]) => Choice::Answer(*one, Because::Alone),
        ([one], _) => Choice::Answer(*one, Because::Clearer),
        ([], doubtful) => Choice::Ask(doubtful.to_vec()),
        (clear, _) => Choice::Ask(clear.to_vec()),
    }
}

/// Whether some other reading of the speech has a telling word of those at `at`, or some of them. Two
/// recognizers that hear nothing alike have heard noise; and where few words name the row that would be
/// told, it is one of those that must have been heard twice: "is that when you pay?" beside "is that
/// one you take?" is no question about payment.
fn is_borne_out(at: usize, candidates: &[Candidate]) -> bool {
    let words = &candidates[at].words.tokens;
    let others = candidates.iter().enumerate().filter(|(other, _)| *other != at);
    let named = &candidates[at].named;
    if (1..NAMED_WELL).contains(&named.len()) {
        let heard = |word: &Token| {
            let mut tokens = others.clone().flat_map(|(_, other)| &other.words.tokens);
            tokens.any(|token| {
                token.lemma == word.lemma || ALIKE_MIN <= likeness(&token.sound, &word.sound)
            })
        };
        return named.iter().any(heard);
    }
    others.map(|(_, other)| other.words.texts()).any(|others| {
        let shared = words.iter().filter(|word| others.contains(&word.text.as_str()));
        let is_told = shared.clone().any(|word| TELLING <= word.weight);
        is_told || SHARED_MIN * words.len() as f32 <= shared.count() as f32
    })
}

/// Of two meanings of which one is part of the other, one goes: of one service the whole is told,
/// of other things what both say.
fn join_parts(candidates: &[Candidate], groups: &mut Vec<usize>) {
    let meaning = |at: usize| &candidates[at].meaning;
    let all = groups.clone();
    groups.retain(|&at| {
        !all.iter().any(|&other| {
            let (own, its) = (meaning(at), meaning(other));
            if own == its {
                return false;
            }
            let whole_wins = own.is_part_of(its) && its.is_one_service();
            let part_wins = its.is_part_of(own) && !its.facts.is_empty() && !own.is_one_service();
            let clear = candidates[other].clarity == Clarity::Clear;
            (whole_wins || part_wins) && (clear || candidates[at].clarity == Clarity::Doubtful)
        })
    });
}

/// The reading whose question back helps the caller most.
fn best_question(candidates: &[Candidate]) -> usize {
    let first = &candidates[0];
    if matches!(first.stand, Stand::AsksBack | Stand::Begins) {
        return 0;
    }
    let asks = |candidate: &Candidate| candidate.stand == Stand::AsksBack;
    let begins = |candidate: &Candidate| {
        candidate.stand == Stand::Begins && candidate.clarity == Clarity::Clear
    };
    let better = candidates.iter().position(|other| begins(other) || asks(other));
    match (first.stand, better) {
        (Stand::Lost | Stand::Unknowing, Some(at)) => at,
        // "Hello?" may be all that was said.
        (Stand::Talks, _) => 0,
        (_, _) => candidates.iter().position(|other| other.stand == Stand::Unknowing).unwrap_or(0),
    }
}

/// Asks which of `doubts` was meant; `None` if they have no names.
fn ask_back(mut turn: Turn<'_>, doubts: &[&Doubt]) -> Option<Reply> {
    let mut distinct: Vec<&Doubt> = Vec::new();
    for doubt in doubts {
        if !distinct.contains(doubt) && distinct.len() < OPTIONS_MAX {
            distinct.push(doubt);
        }
    }
    turn.memory.question = Question::Open;
    let services: Vec<(usize, Topic)> = distinct
        .iter()
        .filter_map(|doubt| match doubt {
            Doubt::Service(at, topic) => Some((*at, *topic)),
            Doubt::Subject(_) => None,
        })
        .collect();
    let expect: Expect = match (&services[..], distinct.len()) {
        (_, 0) => return None,
        (&[(_, topic), ..], count) if services.len() == count => {
            let mut options: Vec<usize> = services.iter().map(|(at, _)| *at).collect();
            options.dedup();
            turn.ask_which(&options, topic)
        }
        _ => {
            let subject = |doubt: &&Doubt| match doubt {
                Doubt::Service(at, _) => Subject::Row(Row::Service(*at)),
                Doubt::Subject(subject) => *subject,
            };
            let subjects: Vec<Subject> = distinct.iter().map(subject).collect();
            turn.ask_meant(&subjects)
        }
    };
    Some(turn.finish(Intent::Clarify, expect))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reading of `words` that would tell `facts`, or begin a message without any.
    fn reading(words: &str, facts: &[&str], clarity: Clarity) -> Candidate {
        let (sentences, effects, note) = (Vec::new(), Vec::new(), None);
        let intent = Intent::Message;
        let reply = Reply { sentences, effects, expect: Expect::Open, note, intent, chosen: None };
        let stand = if facts.is_empty() { Stand::Begins } else { Stand::Tells };
        let facts = facts.iter().map(|fact| fact.parse().unwrap()).collect();
        let meaning = Meaning { facts, effects: Vec::new() };
        let words = Utterance::new(words);
        Candidate { words, reply, stand, meaning, clarity, named: Vec::new(), doubt: None }
    }

    /// Of which row `named` is the name.
    fn about(candidate: Candidate, named: &str) -> Candidate {
        Candidate { named: Utterance::new(named).tokens, ..candidate }
    }

    const PRICE: &[&str] = &["service.crown.price"];
    const BOTH: &[&str] = &["service.crown.price", "service.crown.duration"];

    #[test]
    fn of_one_service_the_whole_is_told_and_of_other_things_what_both_say() {
        let crown = "how much is a crown";
        let part = reading(crown, PRICE, Clarity::Clear);
        let whole = reading("how much is a crown and how long", BOTH, Clarity::Clear);
        assert_eq!(choose(&[part, whole]), Choice::Answer(1, Because::Alone));
        let one = reading("can I pay by card", &["policy.payment"], Clarity::Clear);
        let two = &["policy.payment", "parking"];
        let two = reading("can I pay by card and park", two, Clarity::Clear);
        assert_eq!(choose(&[two, one]), Choice::Answer(1, Because::Alone));
    }

    #[test]
    fn a_message_that_was_begun_goes_before_a_fact() {
        let begun = reading("could Kevin call me about a crown", &[], Clarity::Clear);
        let tells = reading("could a crown call me", PRICE, Clarity::Clear);
        assert_eq!(choose(&[begun, tells]), Choice::Answer(0, Because::First));
    }

    #[test]
    fn of_two_readings_of_one_meaning_the_clear_one_is_answered() {
        let doubtful = reading("how much is a gold crown", PRICE, Clarity::Doubtful);
        let clear = reading("how much is a crown", PRICE, Clarity::Clear);
        let lost = Candidate { stand: Stand::Lost, ..reading("a crown", &[], Clarity::Doubtful) };
        assert_eq!(choose(&[doubtful, clear, lost]), Choice::Answer(1, Because::Alone));
    }

    #[test]
    fn what_names_a_row_is_heard_twice_and_may_sound_alike() {
        let park = || reading("is there parking", &["parking"], Clarity::Clear);
        let other =
            |words| Candidate { stand: Stand::Unknowing, ..reading(words, &[], Clarity::Doubtful) };
        let alike = [about(park(), "parking"), other("is there barking")];
        assert_eq!(choose(&alike), Choice::Answer(0, Because::Alone));
        let foreign = [about(park(), "parking"), other("is there ballet")];
        assert_eq!(choose(&foreign), Choice::Ask(vec![0]));
    }

    #[test]
    fn readings_that_share_a_light_word_in_five_have_heard_noise() {
        let tells = || reading("what does a crown cost", PRICE, Clarity::Clear);
        let other =
            |words| Candidate { stand: Stand::Lost, ..reading(words, &[], Clarity::Doubtful) };
        assert_eq!(choose(&[tells(), other("a goat")]), Choice::Ask(vec![0]));
        let some = choose(&[tells(), other("what does a goat")]);
        assert_eq!(some, Choice::Answer(0, Because::Alone));
    }
}
