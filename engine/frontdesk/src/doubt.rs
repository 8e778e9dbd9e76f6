//! A second thought about a reply: whether what the question means agrees with what its words say.
//!
//! Words go first. Where they told nothing, a row that means the same is told if it leads beyond
//! doubt, and asked back if it leads at all. Where they told a row and the meaning points plainly
//! at another, neither is told: which of the two was meant is asked back.

use types::{CitedText, FactId, Facts};

use crate::calendar::{Days, find_days};
use crate::cues::Cue;
use crate::desk::Desk;
use crate::hours::{Aspect, HoursAsk};
use crate::intent::{Ask, FILLERS, House, Subject};
use crate::kinds::goes_on_about_money;
use crate::meaning::{Kind, Likeness, Target};
use crate::memory::{Memory, Question};
use crate::pattern::find_cues;
use crate::reply::{Intent, Reading, Reply, SENTENCE_WORDS_MIN, Sight};
use crate::words::Utterance;

/// What is to be said instead.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meant {
    /// This is told.
    Tell(Ask),
    /// Whether one of these was meant is asked back.
    Perhaps(Vec<Subject>),
}

/// What the meaning makes of a reply that the words alone gave.
pub(crate) fn second_thought(
    desk: &Desk<'_>,
    reading: &Reading,
    reply: &Reply,
    sight: Sight<'_>,
) -> Option<Meant> {
    let short = reading.words.split_whitespace().nth(SENTENCE_WORDS_MIN - 1).is_none();
    if short || is_under_way(reading) || !reply.effects.is_empty() {
        return None;
    }
    let mut question = Asked::new(&reading.words, sight.meanings.likenesses(sight.direction));
    let utterance = Utterance::new(&reading.words);
    let days = find_days(&utterance, desk.now.date(), &desk.facts.hours.exceptions);
    question.day = (days.days.len() == 1 && days.stretch.is_none()).then_some(days);
    if goes_on_about_money(&utterance, reading.memory.topic) {
        question.wanted = Wanted::Amount;
    }
    let told = told(desk.facts, &reply.sentences);
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is told, and may be doubted")]
    match reply.intent {
        Intent::Clarify | Intent::Unknown | Intent::NotUnderstood if told.is_empty() => {
            question.rescue(reply)
        }
        Intent::SmallTalk if question.words > SMALL_TALK_WORDS_MAX => question.perhaps(),
        Intent::Booking if told.is_empty() => question.doubt_wish(),
        Intent::Emergency
        | Intent::Person
        | Intent::Message
        | Intent::Greeting
        | Intent::Thanks
        | Intent::Goodbye => None,
        _ => question.doubt(&told),
    }
}

/// Whether the words belong to what the agent has asked.
pub(crate) fn is_under_way(reading: &Reading) -> bool {
    reading.memory.draft.is_some()
        || !matches!(reading.memory.question, Question::Open | Question::AnythingElse)
}

/// What an answer must hold to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// What it costs.
    Amount,
    /// Who it is: "who gets to see that?"
    Person,
    Anything,
}

/// A question, by its words and by its meaning.
struct Asked {
    /// The rows it is like, those of another kind than its words ask for left out.
    likenesses: Vec<Likeness>,
    /// How many words it has.
    words: usize,
    /// The one day that it names.
    day: Option<Days>,
    /// What an answer to it must hold.
    wanted: Wanted,
    /// Whether it asks plainly for one thing: the price of it, its time, or whether it is there.
    plain: bool,
    cues: Vec<Cue>,
}

impl Asked {
    fn new(words: &str, mut likenesses: Vec<Likeness>) -> Self {
        let utterance = Utterance::new(words);
        let cues: Vec<Cue> = find_cues(&utterance).into_iter().map(|hit| hit.cue).collect();
        let has = |cue: Cue| cues.contains(&cue);
        let kind = match (has(Cue::Price), has(Cue::Duration)) {
            (true, false) => Some(Kind::Price),
            (false, true) => Some(Kind::Duration),
            (true, true) | (false, false) => None,
        };
        if let Some(kind) = kind {
            likenesses.retain(|likeness| {
                likeness.target.service().is_none() || likeness.target.kind() == kind
            });
        }
        let words = utterance.tokens.len();
        let one = utterance.tokens.last().is_none_or(|token| token.part == 0);
        let asks = kind.is_some() || has(Cue::Offered);
        let first = utterance.texts().into_iter().find(|text| !FILLERS.contains(text));
        let wanted = match (has(Cue::Price), first) {
            (true, _) => Wanted::Amount,
            (false, Some("who")) => Wanted::Person,
            (false, _) => Wanted::Anything,
        };
        let plain = one && asks && words <= PLAIN_WORDS_MAX;
        Self { likenesses, words, day: None, wanted, plain, cues }
    }

    fn has(&self, cue: Cue) -> bool {
        self.cues.contains(&cue)
    }

    /// The row it is most like, and by how much it leads over every other.
    fn best(&self) -> Option<(Likeness, f32, Likeness)> {
        let best = *self.likenesses.first()?;
        let second = *self.likenesses.iter().find(|other| !other.target.is_with(best.target))?;
        Some((best, best.score - second.score, second))
    }

    /// What is meant by words that told nothing.
    fn rescue(&self, reply: &Reply) -> Option<Meant> {
        let (best, lead, _) = self.best()?;
        let unknown = reply.intent == Intent::Unknown;
        // What is not offered is often like what is: a plain question gets a plain answer.
        if self.plain && best.alike < PLAIN_ALIKE_MIN {
            return None;
        }
        // A short one about something in no row needs one row that leads.
        let short = unknown && self.words <= PLAIN_WORDS_MAX;
        if short && (best.alike < SHORT_ALIKE_MIN || lead < PERHAPS_LEAD_MIN) {
            return None;
        }
        // What the words made likely, and the meaning not, is not told.
        let asked = best.target.service().is_some() && meant(reply).is_none();
        let rival =
            reply.intent == Intent::Clarify && !asked && meant(reply) != best.target.subject();
        let passes = |(bar, by)| best.alike >= bar && lead >= by;
        if !self.plain && !rival && self.bar(best.target, reply.intent).is_some_and(passes) {
            if let (Target::Hours, Some(days)) = (best.target, &self.day) {
                let (aspect, clock) = (Aspect::Hours, None);
                return Some(Meant::Tell(Ask::Hours(HoursAsk {
                    aspect,
                    days: days.clone(),
                    clock,
                })));
            }
            return best.target.ask().map(Meant::Tell);
        }
        if reply.intent == Intent::Clarify && !asks_for_a_service(reply) {
            None
        } else {
            self.perhaps()
        }
    }

    /// What may be meant: one thing, or two if neither leads.
    fn perhaps(&self) -> Option<Meant> {
        let (best, lead, second) = self.best()?;
        if best.alike < PERHAPS_ALIKE_MIN {
            return None;
        }
        let mut subjects = vec![best.target.subject()?];
        if lead < PERHAPS_LEAD_MIN && second.alike >= PERHAPS_ALIKE_MIN {
            subjects.extend(second.target.subject());
        }
        Some(Meant::Perhaps(subjects))
    }

    /// A row this much alike is what is meant if it leads by this much over any other.
    fn bar(&self, target: Target, intent: Intent) -> Option<(f32, f32)> {
        match target {
            Target::Price(_) if self.has(Cue::Price) => Some((0.60, 0.15)),
            Target::Duration(_) if self.has(Cue::Duration) => Some((0.55, 0.12)),
            Target::Policy(_) | Target::Faq(_) if self.wanted != Wanted::Anything => None,
            Target::Policy(_) | Target::Faq(_) if intent == Intent::Unknown => Some((0.64, 0.15)),
            // The words named nothing at all, and so nothing else.
            Target::Policy(_) | Target::Faq(_) if intent == Intent::NotUnderstood => {
                Some((0.45, 0.12))
            }
            Target::Policy(_) | Target::Faq(_) => Some((0.55, 0.12)),
            // Of a day that was named the hours are told with it.
            Target::Hours if self.day.is_some() && intent != Intent::Clarify => Some((0.50, 0.13)),
            Target::House(House::Phone | House::Name) => None,
            Target::House(_) => Some((0.65, 0.15)),
            Target::Price(_)
            | Target::Duration(_)
            | Target::Offered(_)
            | Target::Staff(_)
            | Target::Hours
            | Target::Other(_) => None,
        }
    }

    /// Whether another row was meant than `told`.
    fn doubt(&self, told: &[Target]) -> Option<Meant> {
        let (best, _, _) = self.best()?;
        let first = *told.first()?;
        if told.iter().any(|one| !one.is_with(first)) {
            return self.doubt_one_of(told);
        }
        if first == Target::Hours
            && let Some(meant) = self.doubt_hours()
        {
            return Some(meant);
        }
        if best.target.is_with(first) {
            // Words alike to those of a service, in a question that is not.
            let unlike = first.service().is_some() && best.alike < TOLD_ALIKE_MIN;
            return unlike.then(|| Meant::Perhaps(best.target.subject().into_iter().collect()));
        }
        let own = self.likenesses.iter().find(|likeness| likeness.target.is_with(first))?;
        let lead_min =
            if matches!(first, Target::Offered(_)) { OFFERED_LEAD_MIN } else { DOUBT_LEAD_MIN };
        let unlike = own.alike < UNLIKE && best.alike - own.alike >= UNLIKE_LEAD_MIN;
        if best.alike < DOUBT_ALIKE_MIN || best.score - own.score < lead_min && !unlike {
            return None;
        }
        let mut subjects = vec![best.target.subject()?];
        subjects.extend(own.target.subject());
        Some(Meant::Perhaps(subjects))
    }

    /// Whether hours were asked of something that a rule or an answer is about: "how late is
    /// childcare open?" is like any question for the hours, and more like that answer.
    fn doubt_hours(&self) -> Option<Meant> {
        let own = self.likenesses.iter().find(|likeness| likeness.target == Target::Hours)?;
        let rival = self
            .likenesses
            .iter()
            .filter(|row| matches!(row.target, Target::Policy(_) | Target::Faq(_)))
            .max_by(|left, right| left.alike.total_cmp(&right.alike))?;
        let doubtful = rival.alike >= DOUBT_ALIKE_MIN && rival.alike >= own.alike + HOURS_LEAD_MIN;
        doubtful.then(|| {
            Meant::Perhaps(rival.target.subject().into_iter().chain([Subject::Hours]).collect())
        })
    }

    /// Whether of several things told one was not asked for: nothing in the question is like it.
    fn doubt_one_of(&self, told: &[Target]) -> Option<Meant> {
        let own: Vec<Likeness> =
            self.likenesses.iter().filter(|own| told.contains(&own.target)).copied().collect();
        let (best, least) = (own.first()?, own.last()?);
        let stray = least.alike < STRAY && best.alike - least.alike >= UNLIKE_LEAD_MIN;
        if stray { Some(Meant::Perhaps(vec![best.target.subject()?])) } else { None }
    }

    /// Whether a question was taken for the wish for an appointment.
    fn doubt_wish(&self) -> Option<Meant> {
        let (best, _, _) = self.best()?;
        let wish = self.likenesses.iter().filter(|likeness| {
            matches!(likeness.target, Target::Other(Kind::Booking | Kind::Message | Kind::Person))
        });
        let wish = wish.map(|likeness| likeness.score).fold(0.0, f32::max);
        if best.alike < DOUBT_ALIKE_MIN || best.score - wish < WISH_LEAD_MIN {
            return None;
        }
        self.perhaps()
    }
}

/// More words are no small talk.
const SMALL_TALK_WORDS_MAX: usize = 7;
/// A question of more words is no plain one.
const PLAIN_WORDS_MAX: usize = 9;
/// A plain question for what is not in the table is about a row only if it is this much alike.
const PLAIN_ALIKE_MIN: f32 = 0.70;
/// A short question for what is not in the table is about a row only if it is this much alike.
const SHORT_ALIKE_MIN: f32 = 0.45;
/// A row this much alike is worth asking back; with the next one if it leads by less.
const PERHAPS_ALIKE_MIN: f32 = 0.40;
const PERHAPS_LEAD_MIN: f32 = 0.05;
/// What was told is doubted if another row is this much alike, and so much more.
const DOUBT_ALIKE_MIN: f32 = 0.50;
const DOUBT_LEAD_MIN: f32 = 0.12;
/// A wish is doubted if a row is so much more alike than any wish.
const WISH_LEAD_MIN: f32 = 0.20;
/// That something is offered says the least of all answers.
const OFFERED_LEAD_MIN: f32 = 0.04;
/// An answer as little alike as this is doubted for any other that is so much more alike.
const UNLIKE: f32 = 0.40;
/// What was told of a service is doubted if it is less alike.
const TOLD_ALIKE_MIN: f32 = 0.45;
const HOURS_LEAD_MIN: f32 = 0.02;
const STRAY: f32 = 0.30;
const UNLIKE_LEAD_MIN: f32 = 0.15;

/// What `reply` asks back, if it asks for one thing.
fn meant(reply: &Reply) -> Option<Subject> {
    let memory = Memory::from_note(reply.note.as_ref()?)?;
    match memory.question {
        Question::Meant(subject) => Some(subject),
        Question::Open
        | Question::AnythingElse
        | Question::Which
        | Question::MoreServices(_)
        | Question::Message
        | Question::Urgent
        | Question::Connect
        | Question::AfterHours => None,
    }
}

/// Whether `reply` asks which service is meant, without naming one.
fn asks_for_a_service(reply: &Reply) -> bool {
    let memory = reply.note.as_ref().and_then(Memory::from_note);
    memory.is_some_and(|memory| memory.question == Question::Which && memory.services.is_empty())
}

/// The rows whose facts `sentences` cite.
fn told(facts: &Facts, sentences: &[CitedText]) -> Vec<Target> {
    let mut told = Vec::new();
    for cite in sentences.iter().flat_map(|sentence| &sentence.cites) {
        let target = target(facts, cite);
        told.extend(target.filter(|target| !told.contains(target)));
    }
    told
}

fn target(facts: &Facts, cite: &FactId) -> Option<Target> {
    let service = |slug: &types::Slug| facts.services.iter().position(|row| row.id == *slug);
    Some(match cite {
        FactId::Address => Target::House(House::Location),
        FactId::Directions => Target::House(House::Directions),
        FactId::Parking => Target::House(House::Parking),
        FactId::Phone => Target::House(House::Phone),
        FactId::Email => Target::House(House::Email),
        FactId::Website => Target::House(House::Website),
        FactId::Hours(_) | FactId::HoursException(_) => Target::Hours,
        FactId::Service(slug) => Target::Offered(service(slug)?),
        FactId::ServicePrice(slug) => Target::Price(service(slug)?),
        FactId::ServiceDuration(slug) => Target::Duration(service(slug)?),
        FactId::Policy(slug) => {
            Target::Policy(facts.policies.iter().position(|row| row.id == *slug)?)
        }
        FactId::Faq(slug) => Target::Faq(facts.faqs.iter().position(|row| row.id == *slug)?),
        FactId::Staff(at) => Target::Staff(usize::from(*at)),
        FactId::Name | FactId::Transfer | FactId::Emergency => return None,
    })
}

#[cfg(test)]
mod tests {
    use types::Expect;

    use super::*;
    use crate::matching::Row;

    const OTHER: Likeness = like(Target::Faq(9), 0.30, 0.40);

    const fn like(target: Target, alike: f32, score: f32) -> Likeness {
        Likeness { target, alike, score }
    }

    fn asked(words: &str, likenesses: &[Likeness]) -> Asked {
        Asked::new(words, likenesses.to_vec())
    }

    fn reply(intent: Intent) -> Reply {
        let (sentences, effects) = (Vec::new(), Vec::new());
        Reply { sentences, effects, expect: Expect::Open, note: None, intent, chosen: None }
    }

    fn perhaps(subjects: &[Subject]) -> Option<Meant> {
        Some(Meant::Perhaps(subjects.to_vec()))
    }

    #[test]
    fn a_row_that_leads_is_told_and_one_that_leads_less_is_asked_back() {
        let words = "my bags are so heavy and we want to walk around";
        let not_understood = reply(Intent::NotUnderstood);
        let rescue = |best| asked(words, &[best, OTHER]).rescue(&not_understood);
        let bags = Target::Faq(0);
        assert_eq!(rescue(like(bags, 0.66, 0.70)), Some(Meant::Tell(Ask::Faq(0))));
        let row = Subject::Row(Row::Faq(0));
        assert_eq!(rescue(like(bags, 0.42, 0.70)), perhaps(&[row]));
        let other = Subject::Row(Row::Faq(9));
        let near = asked(words, &[like(bags, 0.66, 0.70), like(Target::Faq(9), 0.60, 0.68)]);
        assert_eq!(near.rescue(&not_understood), perhaps(&[row, other]));
        assert_eq!(rescue(like(bags, 0.30, 0.70)), None);
    }

    #[test]
    fn what_is_offered_who_somebody_is_and_the_hours_are_never_told() {
        let words = "could somebody over there have a look at it for me";
        let not_understood = reply(Intent::NotUnderstood);
        for target in [Target::Offered(1), Target::Staff(1), Target::Hours, Target::Price(1)] {
            let meant = asked(words, &[like(target, 0.95, 1.5), OTHER]).rescue(&not_understood);
            assert!(matches!(meant, Some(Meant::Perhaps(_))), "{target:?}: {meant:?}");
        }
    }

    #[test]
    fn a_plain_question_for_what_is_not_there_stays_answered_plainly() {
        let unknown = reply(Intent::Unknown);
        let near = [like(Target::Offered(0), 0.60, 0.90), OTHER];
        assert_eq!(asked("Do you do tattoos?", &near).rescue(&unknown), None);
        let row = Subject::Row(Row::Service(0));
        let same = [like(Target::Offered(0), 0.80, 0.90), OTHER];
        assert_eq!(asked("Do you do tattoos?", &same).rescue(&unknown), perhaps(&[row]));
    }

    #[test]
    fn a_price_is_asked_of_no_other_kind_of_row_of_a_service() {
        let rows = [like(Target::Duration(0), 0.9, 1.2), like(Target::Price(1), 0.7, 0.9), OTHER];
        let question = asked("my tap keeps dripping, how much would it be to swap it out", &rows);
        assert_eq!(question.rescue(&reply(Intent::Unknown)), Some(Meant::Tell(Ask::Price(1))));
    }

    #[test]
    fn a_row_that_was_told_is_doubted_for_one_that_is_plainly_more_alike() {
        let rows = [like(Target::Faq(2), 0.62, 0.74), like(Target::Policy(1), 0.36, 0.50)];
        let question = asked("could we stash our suitcases after we check out", &rows);
        let both = [Subject::Row(Row::Faq(2)), Subject::Row(Row::Policy(1))];
        assert_eq!(question.doubt(&[Target::Policy(1)]), perhaps(&both));
        assert_eq!(question.doubt(&[Target::Faq(2)]), None);
        let near = [like(Target::Faq(2), 0.62, 0.74), like(Target::Policy(1), 0.56, 0.70)];
        let question = asked("could we stash our suitcases after we check out", &near);
        assert_eq!(question.doubt(&[Target::Policy(1)]), None);
    }

    #[test]
    fn of_two_things_told_one_that_nothing_asks_for_is_doubted() {
        let rows =
            [like(Target::Policy(0), 0.6, 0.8), like(Target::House(House::Location), 0.1, 0.2)];
        let told = [Target::House(House::Location), Target::Policy(0)];
        let question = asked("what is the place for paying by card", &rows);
        assert_eq!(question.doubt(&told), perhaps(&[Subject::Row(Row::Policy(0))]));
        let rows =
            [like(Target::Policy(0), 0.6, 0.8), like(Target::House(House::Location), 0.5, 0.6)];
        assert_eq!(asked("where are you and can I pay by card", &rows).doubt(&told), None);
    }
}
