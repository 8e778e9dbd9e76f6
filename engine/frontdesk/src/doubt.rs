//! A second thought about a reply: whether what the question means agrees with what its words say.
//!
//! Words go first. Where they told nothing, a row that means the same is told if it leads beyond
//! doubt, and asked back if it leads at all. Where they told a row and the meaning points plainly
//! at another, neither is told: which of the two was meant is asked back.

use types::{CitedText, FactId, Facts};

use crate::cues::Cue;
use crate::desk::Desk;
use crate::intent::{Ask, House, Subject};
use crate::meaning::{Kind, Likeness, Target};
use crate::memory::Question;
use crate::pattern::find_cues;
use crate::reply::{Intent, Reading, Reply, Sight};
use crate::words::Utterance;

/// What is to be said instead.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meant {
    /// This is told.
    Tell(Ask),
    /// The hours of the days it names.
    Hours,
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
    let under_way = reading.memory.draft.is_some()
        || !matches!(reading.memory.question, Question::Open | Question::AnythingElse);
    if under_way || reading.words.is_empty() || !reply.effects.is_empty() {
        return None;
    }
    let likenesses = sight.meanings.likenesses(sight.direction);
    let best = *likenesses.first()?;
    let second = *likenesses.iter().find(|other| !other.target.is_with(best.target))?;
    let told = told(desk.facts, &reply.sentences);
    let vague = matches!(reply.intent, Intent::Clarify | Intent::Unknown | Intent::NotUnderstood)
        && told.is_empty();
    let cues: Vec<Cue> =
        find_cues(&Utterance::new(&reading.words)).into_iter().map(|hit| hit.cue).collect();
    if std::env::var_os("DUMP").is_some() {
        eprintln!("DUMP {:?} | {:?} | told {told:?} | {:?}", reading.words, reply.intent, likenesses.iter().take(5).map(|l| format!("{:?} {:.2} {:.2}", l.target, l.alike, l.score)).collect::<Vec<_>>());
    }
    if vague {
        return rescue(best, second, &cues, reply);
    }
    None
}

fn rescue(best: Likeness, second: Likeness, cues: &[Cue], reply: &Reply) -> Option<Meant> {
    let lead = best.score - second.score;
    let passes = |bars: &[(f32, f32)]| bars.iter().any(|(bar, by)| best.alike >= *bar && lead >= *by);
    if passes(bars(best.target)) {
        return match best.target {
            Target::Hours => Some(Meant::Hours),
            target => target.ask().map(Meant::Tell),
        };
    }
    if best.alike >= PERHAPS.0 && lead >= PERHAPS.1 {
        return Some(Meant::Perhaps(vec![best.target.subject()?]));
    }
    None
}

/// A row this much alike may be what is meant if it leads by this much.
const PERHAPS: (f32, f32) = (0.40, 0.04);

/// A row this much alike is what is meant if it leads by this much over any other.
fn bars(target: Target) -> &'static [(f32, f32)] {
    match target {
        Target::Price(_) | Target::Duration(_) => &[(0.65, 0.10)],
        Target::Hours => &[(0.60, 0.10)],
        // What is not offered is often like what is.
        Target::Offered(_) | Target::House(House::Phone | House::Name) | Target::Other(_) => &[],
        Target::Policy(_) | Target::Faq(_) | Target::House(_) | Target::Staff(_) => &[(0.55, 0.10)],
    }
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
