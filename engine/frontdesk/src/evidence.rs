//! Whether what was heard is enough to tell a fact: how much of the sentence speaks for a question,
//! and how much of it speaks of something else.
//!
//! A recognizer on a telephone turns any sentence into words of some kind. One word of the table
//! among words that make no sense with it is asked back, not answered.

use crate::cues::Cue;
use crate::hours::{Aspect, HoursAsk};
use crate::intent::{Ask, Certainty, Sense, Subject};
use crate::matching::{Candidate, Hearing, Row};
use crate::memory::Topic;
use crate::subjects::OPTIONS_MAX;
use crate::words::{Mask, Token};

/// What speaks for an ask.
#[derive(Clone, Copy, Debug)]
struct Evidence {
    /// The words that name what is asked about, and those of the question around them.
    mask: Mask,
    /// Those that name it.
    named: Mask,
    /// How many words speak for it.
    strength: u32,
    /// How many of them belong to the question around the words that name it.
    frame: u32,
    /// How well the words that name it were heard.
    hearing: Hearing,
}

/// So many words must speak for an ask for each that speaks of something else, if no other reading of
/// the speech bears it out.
const CLEAR_STRENGTH: u32 = 4;
/// Words that sound like those of a row count from so many words of a question around them.
const ALIKE_FRAME_MIN: u32 = 2;
/// A name among so few words is what the sentence is about.
const CALLED_WORDS_MAX: usize = 2;
/// A phrase of one word that scores less was not heard as it is written.
const VERBATIM_SCORE_MIN: f32 = 0.985;

impl Sense {
    /// "Friday open on Sunday": two days that nothing joins, of which one was misheard.
    fn is_list_of_days(&self, ask: &Ask) -> bool {
        let texts = self.utterance.texts();
        matches!(ask, Ask::Hours(HoursAsk { days, .. }) if 1 < days.days.len())
            && !CONJUNCTIONS.iter().any(|word| texts.contains(word))
    }

    /// Whether nearly every word that tells anything speaks for what it asks: the bar for words that another
    /// reading of the same speech does not bear out.
    pub(crate) fn is_clear(&self) -> bool {
        let is_clear = |(at, ask): &(usize, Ask)| {
            let evidence = self.evidence(*at, ask);
            let noise = self.noise(ask, evidence, Mask::default());
            let allowed = match ask {
                // A question with a verb and a day in it says enough.
                Ask::Hours(_) if !self.is_list_of_days(ask) => evidence.strength / CLEAR_STRENGTH,
                Ask::Hours(_) => return false,
                Ask::ServiceList | Ask::StaffList
                    if !(self.services.is_empty() && self.rows.is_empty()) =>
                {
                    return false;
                }
                Ask::ServiceList
                | Ask::StaffList
                | Ask::Price(_)
                | Ask::Duration(_)
                | Ask::Offered(_)
                | Ask::About(_)
                | Ask::Which { .. }
                | Ask::WhichTopic(_)
                | Ask::WhichDay
                | Ask::Unknown(_)
                | Ask::House(_)
                | Ask::Policy(_)
                | Ask::Faq(_)
                | Ask::Staff(_)
                | Ask::Confirm(_) => 0,
            };
            evidence.hearing == Hearing::Plain && noise <= allowed
        };
        let settled = !self
            .asks
            .iter()
            .any(|(_, ask)| matches!(ask, Ask::Unknown(_) | Ask::Confirm(_) | Ask::Which { .. }));
        settled && self.asks.iter().all(is_clear)
    }

    /// The words that name the rules, answers, people and whereabouts it asks about.
    pub(crate) fn naming_words(&self) -> Vec<&Token> {
        let rows = self.asks.iter().filter(|(_, ask)| is_row(ask) || matches!(ask, Ask::House(_)));
        let named =
            rows.fold(Mask::default(), |mask, (at, ask)| mask.union(self.evidence(*at, ask).named));
        let tokens = self.utterance.tokens.iter().enumerate();
        tokens.filter(|(at, _)| named.holds(*at)).map(|(_, token)| token).collect()
    }

    /// Keeps the asks that enough words speak for; of the others asks back.
    pub(crate) fn weigh_asks(&mut self) {
        let asks = std::mem::take(&mut self.asks);
        let mut weighed: Vec<(usize, Ask, Evidence)> = asks
            .into_iter()
            .map(|(at, ask)| {
                let evidence = self.evidence(at, &ask);
                (at, ask, evidence)
            })
            .collect();
        // "Do you open for brunch on Sunday" asks for the hours.
        let hours: Vec<Mask> = weighed
            .iter()
            .filter(|(_, ask, evidence)| matches!(ask, Ask::Hours(_)) && evidence.mask.count() > 1)
            .map(|(.., evidence)| evidence.mask)
            .collect();
        weighed.retain(|(_, ask, own)| {
            let beside = hours.iter().any(|mask| self.share_clause(*mask, own.mask));
            !(matches!(ask, Ask::Offered(_) | Ask::About(_) | Ask::WhichTopic(_)) && beside)
        });
        self.drop_told(&mut weighed);
        let dropped = self.drop_rivals(&mut weighed);
        self.join_rivals(&mut weighed);
        let settled: Vec<(usize, Ask, bool)> = weighed
            .into_iter()
            .map(|(at, ask, evidence)| {
                let noise = self.noise(&ask, evidence, dropped);
                let settled = match (self.opens_itself(&ask, evidence), &ask) {
                    (Some(row), _) => Ask::Confirm(vec![Subject::Row(row), Subject::Hours]),
                    // "Your male address": another address than the one of the house.
                    (None, Ask::House(house)) if self.is_qualified(evidence.mask) => {
                        Ask::Confirm(vec![Subject::House(*house)])
                    }
                    (None, _) => Self::settled(ask.clone(), evidence, noise),
                };
                let doubted = settled != ask && matches!(settled, Ask::Confirm(_));
                (at, settled, doubted)
            })
            .collect();
        // "I am looking for a new dentist. Do you take new patients?": a sentence that tells why
        // somebody calls is not asked back beside one that asks.
        let firm = settled.iter().any(|(_, ask, _)| {
            is_row(ask) || matches!(ask, Ask::Price(_) | Ask::Duration(_) | Ask::House(_))
        });
        let kept = settled.into_iter().filter(|(_, _, doubted)| !(firm && *doubted));
        self.asks = kept.map(|(at, ask, _)| (at, ask)).collect();
    }

    /// "I'm a new patient with insurance. How much is a cleaning?": what is told beside a question
    /// is not asked.
    fn drop_told(&self, weighed: &mut Vec<(usize, Ask, Evidence)>) {
        let asking = self.asking_parts();
        let asked = weighed.iter().any(|(_, ask, evidence)| {
            !matches!(ask, Ask::Unknown(_) | Ask::Confirm(_) | Ask::WhichDay)
                && evidence.mask.meets(asking)
        });
        if asked {
            weighed.retain(|(_, ask, own)| !is_row(ask) || own.named.meets(asking));
        }
    }

    /// Of two asks in one clause only the one goes on that more words speak for: a caller who asks
    /// two things says "and". Gives the words of those dropped.
    fn drop_rivals(&self, weighed: &mut Vec<(usize, Ask, Evidence)>) -> Mask {
        let rows: Vec<(Ask, Evidence)> =
            weighed.iter().map(|(_, ask, evidence)| (ask.clone(), *evidence)).collect();
        let mut dropped = Mask::default();
        weighed.retain(|(_, ask, own)| {
            let beaten = is_row(ask)
                && rows.iter().any(|(other, rival)| {
                    other != ask
                        && !matches!(other, Ask::Unknown(_) | Ask::WhichTopic(_) | Ask::About(_))
                        && (rival.strength > own.strength
                            || rival.strength == own.strength && matches!(other, Ask::House(_)))
                        && self.share_clause(own.mask, rival.mask)
                });
            if beaten {
                dropped = dropped.union(own.named);
            }
            !beaten
        });
        dropped
    }

    /// Two rows in one clause, or two services, of which neither is the likelier: asked back.
    fn join_rivals(&self, weighed: &mut Vec<(usize, Ask, Evidence)>) {
        let mut joined: Vec<(usize, Ask, Evidence)> = Vec::new();
        for (at, ask, evidence) in weighed.drain(..) {
            if joined.iter().any(|(_, kept, _)| *kept == ask) {
                continue;
            }
            let rival = joined
                .iter_mut()
                .find(|(_, _, rival)| self.share_clause(rival.named, evidence.named));
            if let Some((_, kept, _)) = rival
                && let Some(both) = both(kept, &ask)
            {
                *kept = both;
            } else {
                joined.push((at, ask, evidence));
            }
        }
        *weighed = joined;
    }

    /// `ask` if its evidence outweighs the noise around it, else the question whether it was meant.
    fn settled(ask: Ask, evidence: Evidence, noise: u32) -> Ask {
        let enough = match evidence.hearing {
            Hearing::Plain => noise == 0 || noise < evidence.strength,
            Hearing::Alike => noise == 0 && evidence.frame >= ALIKE_FRAME_MIN,
            Hearing::Loose => false,
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "all else goes on as it is")]
        match ask {
            Ask::Policy(at) if !enough => Ask::Confirm(vec![Subject::Row(Row::Policy(at))]),
            Ask::Faq(at) if !enough => Ask::Confirm(vec![Subject::Row(Row::Faq(at))]),
            Ask::Staff(at) if !enough => Ask::Confirm(vec![Subject::Row(Row::Staff(at))]),
            Ask::House(house) if !enough => Ask::Confirm(vec![Subject::House(house)]),
            Ask::Hours(_) if !enough => Ask::Confirm(vec![Subject::Hours]),
            // The word that makes no sense may have been the day.
            Ask::Hours(HoursAsk { aspect: Aspect::IsOpen | Aspect::IsClosed, days, .. })
                if noise > 0 && days.days.is_empty() && days.stretch.is_none() =>
            {
                Ask::WhichDay
            }
            ask => ask,
        }
    }

    /// Whether an address or a number is asked for by a telling word that nothing accounts for.
    fn is_qualified(&self, mask: Mask) -> bool {
        const WHERE_TO: [&str; 6] = ["address", "number", "mail", "email", "site", "website"];
        let tokens = &self.utterance.tokens;
        let last = mask.last();
        last.checked_sub(1).is_some_and(|before| {
            WHERE_TO.contains(&tokens[last].text.as_str())
                && self.leftover.holds(before)
                && tokens[before].part == tokens[last].part
        })
    }

    /// "What time does the pool close?": hours are asked of something in a row, not of the business.
    fn opens_itself(&self, ask: &Ask, evidence: Evidence) -> Option<Row> {
        const WE: [&str; 12] = [
            "you", "yall", "y'all", "we", "i", "guys", "office", "store", "shop", "place",
            "business", "anybody",
        ];
        let tokens = &self.utterance.tokens;
        let beside = |at: usize| self.share_clause(Mask::span(at, at + 1), evidence.mask);
        let ours = (0..tokens.len()).any(|at| beside(at) && WE.contains(&tokens[at].text.as_str()));
        if !matches!(ask, Ask::Hours(_)) || ours {
            return None;
        }
        let named = |row: &&Candidate| {
            matches!(row.row, Row::Policy(_) | Row::Faq(_))
                && (0..tokens.len()).any(|at| {
                    row.mask.holds(at)
                        && !evidence.mask.holds(at)
                        && tokens[at].weight >= 1.0
                        && beside(at)
                })
        };
        self.rows.iter().find(named).map(|row| row.row)
    }

    fn evidence(&self, at: usize, ask: &Ask) -> Evidence {
        let row = |row: Row| self.rows.iter().find(|candidate| candidate.row == row);
        match ask {
            Ask::Policy(place) => self.row_evidence(at, row(Row::Policy(*place))),
            Ask::Faq(place) => self.row_evidence(at, row(Row::Faq(*place))),
            Ask::Staff(place) => self.row_evidence(at, row(Row::Staff(*place))),
            Ask::Hours(_) => {
                self.asked(self.evidence_of(self.cues_of(HOURS).union(self.days.mask)))
            }
            Ask::Price(_)
            | Ask::Duration(_)
            | Ask::Offered(_)
            | Ask::About(_)
            | Ask::Which { .. }
            | Ask::WhichTopic(_) => {
                let named = self.services.iter().filter(|hit| {
                    hit.certainty == Certainty::Sure
                        && hit.options.first() == ask.service().as_ref()
                });
                let named = named.fold(Mask::default(), |mask, hit| mask.union(hit.mask));
                let asked = self.cue_at(at);
                let mask = named.union(if named.holds(at) { Mask::default() } else { asked });
                Evidence { named, ..self.evidence_of(mask) }
            }
            Ask::House(_) => self.asked(self.evidence_of(self.cue_at(at))),
            Ask::Unknown(_)
            | Ask::WhichDay
            | Ask::ServiceList
            | Ask::StaffList
            | Ask::Confirm(_) => self.evidence_of(self.cue_at(at)),
        }
    }

    fn evidence_of(&self, mask: Mask) -> Evidence {
        Evidence { mask, named: mask, strength: mask.count(), frame: 0, hearing: Hearing::Plain }
    }

    /// `evidence`, and that it is put as a question.
    fn asked(&self, evidence: Evidence) -> Evidence {
        Evidence { strength: evidence.strength + u32::from(self.is_question()), ..evidence }
    }

    /// What speaks for a row: its words, the cues among them, and the question they stand in.
    fn row_evidence(&self, at: usize, row: Option<&Candidate>) -> Evidence {
        let Some(row) = row else { return self.evidence_of(self.cue_at(at)) };
        let mut mask = row.mask.union(row.support);
        let person = matches!(row.row, Row::Staff(_));
        for hit in &self.cues {
            #[expect(clippy::wildcard_enum_match_arm, reason = "no other cue asks about a row")]
            let frames = match hit.cue {
                Cue::Works | Cue::Message | Cue::StaffList | Cue::BusinessName => person,
                // "Do you have a barber?"
                Cue::Offered => !person || self.utterance.texts().contains(&"have"),
                Cue::About => true,
                // "Is there a fee if I cancel?"
                Cue::Price => matches!(row.row, Row::Policy(_)),
                _ => false,
            };
            if hit.mask.meets(row.mask) || frames && self.share_clause(hit.mask, row.mask) {
                mask = mask.union(hit.mask);
            }
        }
        for (at, token) in self.utterance.tokens.iter().enumerate() {
            if person && PRESENCE.contains(&token.text.as_str()) {
                mask.add(at);
            }
        }
        let frame = mask.without(row.mask.union(row.support)).count();
        let foreign = self.cues_of(FOREIGN).union(self.days.mask).without(mask);
        let asked = self.is_question() && row.exact && foreign.is_empty();
        // "Do you take" goes before anything: however many words it has, it speaks little for one.
        let own = row.mask.union(row.support).union(self.mask_of(Cue::Works)).count();
        let strength = mask.count().min(own + 1) + u32::from(asked);
        let lone = mask.count() == 1 && row.score < VERBATIM_SCORE_MIN;
        // A name in a sentence that asks nothing about a person.
        let called = person && frame == 0 && self.utterance.tokens.len() > CALLED_WORDS_MAX;
        let hearing = match row.hearing {
            Hearing::Plain if called || lone && (person || !self.is_wanted()) => Hearing::Loose,
            hearing @ (Hearing::Plain | Hearing::Loose | Hearing::Alike) => hearing,
        };
        Evidence { mask, named: row.mask.union(row.support), strength, frame, hearing }
    }

    /// Whether it is put as a question or a wish.
    pub(crate) fn is_wanted(&self) -> bool {
        const WISHES: [&str; 5] = ["need", "want", "looking", "like", "wondering"];
        self.is_question() || self.utterance.texts().iter().any(|text| WISHES.contains(text))
    }

    /// The words of the cue that holds the word at `at`.
    fn cue_at(&self, at: usize) -> Mask {
        let hit = self.cues.iter().find(|hit| hit.mask.holds(at));
        hit.map_or_else(|| Mask::span(at, at + 1), |hit| hit.mask)
    }

    fn cues_of(&self, cues: &[Cue]) -> Mask {
        cues.iter().fold(Mask::default(), |mask, cue| mask.union(self.mask_of(*cue)))
    }

    /// How many telling words in the clauses of `evidence` speak of something else.
    fn noise(&self, ask: &Ask, evidence: Evidence, dropped: Mask) -> u32 {
        let mut foreign = self.leftover.union(dropped);
        if is_row(ask) {
            foreign = foreign.union(self.cues_of(FOREIGN));
            // "I have to cancel my visit on Thursday": the day is the visit's.
            if !self.has(Cue::Undo) {
                foreign = foreign.union(self.days.mask);
            }
        }
        if matches!(ask, Ask::Hours(_)) {
            foreign = foreign.union(self.mask_of(Cue::Price));
        }
        if is_row(ask) || matches!(ask, Ask::House(_) | Ask::Hours(_)) {
            let named = self.services.iter().map(|hit| hit.mask);
            foreign = named.fold(foreign, Mask::union);
        }
        let foreign = foreign.without(evidence.mask);
        let within = (0..self.utterance.tokens.len())
            .filter(|at| foreign.holds(*at))
            .filter(|at| self.share_clause(Mask::span(*at, at + 1), evidence.mask))
            .filter(|at| {
                // What stands before a comma leads up to the question.
                let parts = self.utterance.tokens.iter().enumerate();
                let mut parts = parts.filter(|(own, _)| evidence.mask.holds(*own));
                parts.any(|(_, token)| token.part == self.utterance.tokens[*at].part)
            });
        // "Payment canals" is another thing than payment, "payment by installments" is not.
        let beside = |at: usize| {
            let named = evidence.named;
            named.count() == 1 && (named.holds(at + 1) || at > 0 && named.holds(at - 1))
        };
        // "Late nights" is another thing than being late.
        let turned = is_row(ask) && evidence.named.count() == 1 && {
            let at = evidence.named.first();
            let behind = self.utterance.tokens.get(at + 1).filter(|token| {
                token.part == self.utterance.tokens[at].part
                    && token.weight > 0.0
                    && !evidence.mask.holds(at + 1)
            });
            behind.is_some() && crate::lexicon::is_light(&self.utterance.tokens[at].text)
        };
        let noise: u32 = within.map(|at| if is_row(ask) && beside(at) { 2 } else { 1 }).sum();
        noise + if turned { 2 } else { 0 }
    }

    /// Whether `cue` stands there by itself: nothing in its sentence speaks of something else.
    pub(crate) fn is_plain(&self, cue: Cue) -> bool {
        let asked = self.asks.iter().any(|(_, ask)| !matches!(ask, Ask::Unknown(_)));
        let mask = self.mask_of(cue);
        let sentence = |at: usize| self.utterance.tokens[at].sentence;
        let told = (0..self.utterance.tokens.len()).filter(|at| mask.holds(*at));
        let sentences: Vec<usize> = told.map(sentence).collect();
        let named = self.services.iter().map(|hit| hit.mask).fold(Mask::default(), Mask::union);
        let foreign = self.leftover.union(named).without(mask);
        let noise = (0..self.utterance.tokens.len())
            .any(|at| foreign.holds(at) && sentences.contains(&sentence(at)));
        !asked && !noise
    }

    /// Whether both have words in one clause.
    pub(crate) fn share_clause(&self, left: Mask, right: Mask) -> bool {
        let mut clause = (0, 0);
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (at, token) in self.utterance.tokens.iter().enumerate() {
            if token.sentence != clause.0 {
                clause = (token.sentence, 0);
            }
            let joins = CONJUNCTIONS.contains(&token.text.as_str());
            if joins && !left.holds(at) && !right.holds(at) {
                clause.1 += 1;
            }
            if left.holds(at) {
                lefts.push(clause);
            }
            if right.holds(at) {
                rights.push(clause);
            }
        }
        lefts.iter().any(|clause| rights.contains(clause))
    }
}

/// The question which of `kept` and `other` was meant, if it takes a question.
fn both(kept: &Ask, other: &Ask) -> Option<Ask> {
    match (kept, other) {
        (Ask::Price(one), Ask::Price(two)) => return Some(which(&[*one], *two, Topic::Price)),
        (Ask::Duration(one), Ask::Duration(two)) => {
            return Some(which(&[*one], *two, Topic::Duration));
        }
        (Ask::Which { options, topic }, Ask::Price(at) | Ask::Duration(at))
            if !options.is_empty() =>
        {
            return Some(which(options, *at, *topic));
        }
        _ => (),
    }
    let mut both = subjects(kept)?;
    both.extend(subjects(other)?);
    both.truncate(OPTIONS_MAX);
    Some(Ask::Confirm(both))
}

/// The question which of `first` and `last` was meant.
fn which(first: &[usize], last: usize, topic: Topic) -> Ask {
    let mut options: Vec<usize> = first.iter().copied().filter(|at| *at != last).collect();
    options.truncate(OPTIONS_MAX - 1);
    options.push(last);
    Ask::Which { options, topic }
}

/// The rows that `ask` is about or asks back.
fn subjects(ask: &Ask) -> Option<Vec<Subject>> {
    match ask {
        Ask::Policy(at) => Some(vec![Subject::Row(Row::Policy(*at))]),
        Ask::Faq(at) => Some(vec![Subject::Row(Row::Faq(*at))]),
        Ask::Staff(at) => Some(vec![Subject::Row(Row::Staff(*at))]),
        Ask::Confirm(subjects) => Some(subjects.clone()),
        Ask::Price(_)
        | Ask::Duration(_)
        | Ask::Offered(_)
        | Ask::About(_)
        | Ask::Which { .. }
        | Ask::WhichTopic(_)
        | Ask::WhichDay
        | Ask::Unknown(_)
        | Ask::ServiceList
        | Ask::Hours(_)
        | Ask::House(_)
        | Ask::StaffList => None,
    }
}

/// Whether `ask` is about a row that few words may name.
fn is_row(ask: &Ask) -> bool {
    matches!(ask, Ask::Policy(_) | Ask::Faq(_) | Ask::Staff(_))
}

/// They ask when a person is there.
const PRESENCE: [&str; 12] = [
    "work",
    "works",
    "working",
    "in",
    "available",
    "schedule",
    "around",
    "there",
    "here",
    "name",
    "see",
    "names",
];
/// They join two questions in one sentence.
const CONJUNCTIONS: [&str; 4] = ["and", "or", "but", "plus"];
/// They ask when it is open.
const HOURS: &[Cue] = &[Cue::Hours, Cue::Open, Cue::Opening, Cue::Close, Cue::Closed];
/// In a clause about a rule, an answer or a person they speak of something else.
const FOREIGN: &[Cue] = &[
    Cue::Hours,
    Cue::Open,
    Cue::Opening,
    Cue::Close,
    Cue::Closed,
    Cue::Location,
    Cue::Message,
    Cue::Person,
    Cue::Bye,
    Cue::Done,
];
