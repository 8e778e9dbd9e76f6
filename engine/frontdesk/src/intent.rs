//! What an utterance asks for.

use jiff::civil::Date;

use crate::calendar::{Day, Days, Named, PartOfDay, find_clock, find_days};
use crate::cues::Cue;
use crate::desk::Desk;
use crate::hours::{Aspect, HoursAsk};
use crate::lexicon;
use crate::matching::{Candidate, Index, Place, Row};
use crate::memory::Topic;
use crate::pattern::{CueHit, find_cues};
use crate::reply::Intent;
use crate::words::{Mask, Utterance};

/// One thing asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// What a service costs.
    Price(usize),
    /// How long it takes.
    Duration(usize),
    /// Whether it is offered.
    Offered(usize),
    /// All about it.
    About(usize),
    /// Which of these was meant.
    Which {
        /// Services, the likeliest first.
        options: Vec<usize>,
        /// What is asked about it.
        topic: Topic,
    },
    /// What about this service.
    WhichTopic(usize),
    /// Of which day the hours were asked.
    WhichDay,
    /// Something that no row is about.
    Unknown(Topic),
    /// What is sold.
    ServiceList,
    /// When it is open.
    Hours(HoursAsk),
    /// Where it is.
    Location,
    /// How to get there.
    Directions,
    /// Where to park.
    Parking,
    /// Its number.
    Phone,
    /// Where to write.
    Email,
    /// Its site.
    Website,
    /// What it is called.
    Name,
    /// A rule.
    Policy(usize),
    /// A question answered beforehand.
    Faq(usize),
    /// A person.
    Staff(usize),
    /// Who works there.
    StaffList,
    /// Which of these rows was meant.
    WhichRow(Vec<Row>),
}

/// An utterance taken apart.
#[derive(Debug)]
pub(crate) struct Sense {
    /// Its words.
    pub(crate) utterance: Utterance,
    /// The cues in it.
    pub(crate) cues: Vec<CueHit>,
    /// The days it names.
    pub(crate) days: Days,
    /// What it asks for, in order of appearance.
    pub(crate) asks: Vec<(usize, Ask)>,
    /// The services it names, sure or not.
    pub(crate) services: Vec<ServiceHit>,
    /// The people it names.
    pub(crate) staff: Vec<usize>,
    /// Whether it names an emergency.
    pub(crate) emergency: Danger,
    /// Telling words that nothing accounts for.
    pub(crate) leftover: Mask,
}

/// Whether somebody is in danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Danger {
    /// Nothing says so.
    None,
    /// Some words say so.
    Likely,
}

/// A service that an utterance names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceHit {
    /// The services it may be, the likeliest first; one is not sure unless `sure`.
    pub(crate) options: Vec<usize>,
    /// How sure it is.
    pub(crate) certainty: Certainty,
    /// The words that name it.
    pub(crate) mask: Mask,
}

/// How sure a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// This one.
    Sure,
    /// It must be asked.
    Unsure,
}

/// A service is taken for sure from here.
const SURE: f32 = 0.82;
/// Two scores nearer than this are the same.
const MARGIN: f32 = 0.12;
/// From here a service is worth asking back.
const PARTIAL: f32 = 0.3;
/// A row of rules or answers is taken from here, if it leaves little of the utterance unexplained.
const ROW_PARTIAL: f32 = 0.5;
/// More options in one question nobody remembers.
const OPTIONS_MAX: usize = 3;
/// What is known of the dialogue that an elliptic utterance goes on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// What the last answer was about.
    pub(crate) topic: Option<Topic>,
    /// The services last spoken of.
    pub(crate) services: Vec<usize>,
    /// The day last spoken of.
    pub(crate) day: Option<Date>,
}

impl Sense {
    /// Takes `utterance` apart.
    pub(crate) fn new(
        desk: &Desk<'_>,
        index: &Index,
        utterance: Utterance,
        thread: &Thread,
    ) -> Self {
        let mut sense = Self {
            cues: find_cues(&utterance),
            days: find_days(&utterance, desk.now.date(), &desk.facts.hours.exceptions),
            utterance,
            asks: Vec::new(),
            services: Vec::new(),
            staff: Vec::new(),
            emergency: Danger::None,
            leftover: Mask::default(),
        };
        let candidates = index.candidates(&sense.utterance);
        sense.emergency = sense.find_danger(&candidates);
        let rows = sense.take_rows(&candidates);
        sense.services = sense.find_services(&candidates, &rows);
        let rows = sense.drop_overruled(rows);
        sense.leftover = sense.find_leftover(&rows);
        sense.doubt_compounds();
        sense.ask_services(thread);
        sense.ask_rows(&rows);
        sense.ask_undo(desk);
        sense.ask_hours(thread);
        sense.ask_contact();
        sense.ask_unknown();
        sense.ask_elliptic(thread);
        sense.asks.sort_by_key(|(at, _)| *at);
        let mut seen: Vec<Ask> = Vec::new();
        sense.asks.retain(|(_, ask)| {
            let new = !seen.contains(ask);
            seen.push(ask.clone());
            new
        });
        sense
    }

    /// Whether `cue` is in it.
    pub(crate) fn has(&self, cue: Cue) -> bool {
        self.cues.iter().any(|hit| hit.cue == cue)
    }

    /// Whether any of `cues` is in it.
    pub(crate) fn has_any(&self, cues: &[Cue]) -> bool {
        cues.iter().any(|cue| self.has(*cue))
    }

    /// Whether it is put as a question.
    pub(crate) fn is_question(&self) -> bool {
        const STARTS: [&str; 25] = [
            "what", "when", "where", "who", "which", "why", "how", "do", "does", "did", "is",
            "are", "can", "could", "will", "would", "should", "may", "have", "has", "was", "were",
            "whats", "am", "anything",
        ];
        let mut sentence = usize::MAX;
        let mut fillers = true;
        self.utterance.tokens.iter().any(|token| {
            if token.sentence != sentence {
                (sentence, fillers) = (token.sentence, true);
            }
            let starts = fillers && STARTS.contains(&token.text.as_str());
            fillers &= FILLERS.contains(&token.text.as_str());
            starts
        })
    }

    fn mask_of(&self, cue: Cue) -> Mask {
        let hits = self.cues.iter().filter(|hit| hit.cue == cue);
        hits.fold(Mask::default(), |mask, hit| mask.union(hit.mask))
    }

    fn cue_mask(&self) -> Mask {
        self.cues.iter().fold(Mask::default(), |mask, hit| mask.union(hit.mask))
    }

    fn find_danger(&self, candidates: &[Candidate]) -> Danger {
        let topic = candidates.iter().any(|candidate| {
            candidate.row == Row::Emergency
                && candidate.score >= 0.9
                && self.is_affirmed(candidate.mask)
        });
        let cue = self.cues.iter().any(|hit| hit.cue == Cue::Danger && self.is_affirmed(hit.mask));
        if topic || cue { Danger::Likely } else { Danger::None }
    }

    /// Whether no "not" stands right before `mask`.
    fn is_affirmed(&self, mask: Mask) -> bool {
        let before = mask.first().saturating_sub(3)..mask.first();
        !self.utterance.tokens[before]
            .iter()
            .any(|token| ["not", "no"].contains(&token.text.as_str()))
    }

    /// The rules, answers and people that the utterance is about.
    fn take_rows(&mut self, candidates: &[Candidate]) -> Vec<Candidate> {
        let mut taken: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            let wanted = match candidate.row {
                Row::Service(_) | Row::Emergency => false,
                Row::Policy(_) | Row::Faq(_) | Row::Staff(_) => {
                    self.is_about(candidate, candidates)
                }
            };
            if wanted && !taken.iter().any(|other| Self::explains(other, candidate)) {
                taken.push(*candidate);
            }
        }
        taken
    }

    /// Whether `candidate` adds nothing to `other`.
    fn explains(other: &Candidate, candidate: &Candidate) -> bool {
        other.mask.meets(candidate.mask)
            && (other.rank() > candidate.rank() + 0.08
                || other.mask.covers(candidate.mask) && other.mask != candidate.mask)
    }

    fn is_about(&self, candidate: &Candidate, candidates: &[Candidate]) -> bool {
        let mut cues = self.strong_cues();
        if candidate.place == Place::Question {
            // "I need to cancel my appointment" is not "do I need an appointment".
            cues = cues.union(self.mask_of(Cue::Undo));
        }
        let own = candidate.mask.without(cues);
        let others = candidates
            .iter()
            .filter(|other| matches!(other.row, Row::Service(_)) && other.score >= SURE);
        let served = others.fold(Mask::default(), |mask, other| mask.union(other.mask));
        let free = self.utterance.weight(own.without(served));
        match (candidate.row, candidate.place) {
            (Row::Staff(_), _) => candidate.score >= 0.85,
            (_, Place::Name) if candidate.score >= 0.85 => {
                free >= 0.5 || free > 0.0 && cues == Mask::default()
            }
            (_, Place::Question) if candidate.score >= 0.85 && free >= 0.75 => true,
            (_, Place::Question) => {
                let share = self.share(candidate.mask, cues);
                let near = if candidate.score >= 0.75 { 0.5 } else { 0.6 };
                candidate.score >= ROW_PARTIAL
                    && candidate.weight >= 0.5
                    && free >= 0.75
                    && share >= near
            }
            (_, Place::Name) => false,
            (_, Place::Text) => free >= 0.75 && self.share(candidate.mask, cues) >= 0.75,
        }
    }

    /// Cues that explain their words better than any row could.
    fn strong_cues(&self) -> Mask {
        let strong = self.cues.iter().filter(|hit| match hit.cue {
            Cue::Close
            | Cue::Hours
            | Cue::Opening
            | Cue::Booking
            | Cue::Duration
            | Cue::Availability
            | Cue::Danger
            | Cue::Message
            | Cue::Person
            | Cue::Done
            | Cue::Nothing => true,
            Cue::Parking | Cue::Email | Cue::Website | Cue::Phone | Cue::Location => true,
            Cue::Price
            | Cue::Offered
            | Cue::ServiceList
            | Cue::About
            | Cue::Open
            | Cue::Closed
            | Cue::Directions
            | Cue::BusinessName
            | Cue::StaffList
            | Cue::Works
            | Cue::Undo
            | Cue::NoBooking
            | Cue::Repeat
            | Cue::Robot
            | Cue::Help
            | Cue::HowAreYou
            | Cue::Greeting
            | Cue::Thanks
            | Cue::Bye
            | Cue::NeverMind
            | Cue::Correction => false,
        });
        strong.fold(Mask::default(), |mask, hit| mask.union(hit.mask)).union(self.days.mask)
    }

    /// How much of what its sentences say `mask` explains.
    fn share(&self, mask: Mask, cues: Mask) -> f32 {
        let tokens = self.utterance.tokens.iter().enumerate();
        let sentences: Vec<usize> = tokens
            .clone()
            .filter(|(at, _)| mask.holds(*at))
            .map(|(_, token)| token.sentence)
            .collect();
        let mut within = Mask::default();
        for (at, token) in tokens {
            if sentences.contains(&token.sentence) && !cues.holds(at) {
                within.add(at);
            }
        }
        let all = self.utterance.weight(within);
        if all > 0.0 { self.utterance.weight(mask.without(cues)) / all } else { 0.0 }
    }

    /// The services that the utterance names.
    fn find_services(&self, candidates: &[Candidate], rows: &[Candidate]) -> Vec<ServiceHit> {
        let mut hits: Vec<ServiceHit> = Vec::new();
        let mut claimed = Mask::default();
        let services: Vec<(usize, &Candidate)> = candidates
            .iter()
            .filter_map(|candidate| match candidate.row {
                Row::Service(at) => Some((at, candidate)),
                Row::Policy(_) | Row::Faq(_) | Row::Staff(_) | Row::Emergency => None,
            })
            .collect();
        for (at, candidate) in &services {
            if candidate.mask.meets(claimed) || candidate.score < PARTIAL {
                continue;
            }
            let overruled = rows.iter().any(|row| {
                row.mask.meets(candidate.mask)
                    && row.score > 0.8
                    && row.rank() > candidate.rank() + 0.05
            });
            if overruled {
                continue;
            }
            let rivals = services.iter().filter(|(other, rival)| {
                other != at && rival.mask.meets(candidate.mask) && rivals(candidate, rival)
            });
            let mut options = vec![*at];
            options.extend(rivals.map(|(other, _)| *other).take(OPTIONS_MAX - 1));
            let sure = candidate.score >= SURE && options.len() == 1;
            let certainty = if sure { Certainty::Sure } else { Certainty::Unsure };
            claimed = claimed.union(candidate.mask);
            hits.push(ServiceHit { options, certainty, mask: candidate.mask });
        }
        hits.sort_by_key(|hit| hit.mask.first());
        hits
    }

    /// The rows that no service explains better.
    fn drop_overruled(&mut self, rows: Vec<Candidate>) -> Vec<Candidate> {
        let sure: Vec<Mask> = self
            .services
            .iter()
            .filter(|hit| hit.certainty == Certainty::Sure)
            .map(|hit| hit.mask)
            .collect();
        let priced = self.has_any(&[Cue::Price, Cue::Duration]);
        let kept: Vec<Candidate> = rows
            .into_iter()
            .filter(|row| {
                let served = sure.iter().fold(Mask::default(), |mask, hit| mask.union(*hit));
                let own = self.utterance.weight(row.mask.without(served));
                let staff = matches!(row.row, Row::Staff(_));
                !row.mask.meets(served) || own >= 0.75 && !priced && !staff
            })
            .collect();
        // What a rule or an answer explains is no uncertain service.
        self.services.retain(|hit| {
            hit.certainty == Certainty::Sure
                || priced && !kept.iter().any(|row| row.mask.meets(hit.mask))
                || kept.is_empty()
        });
        // Nor is what is left of a service's words a sure one where a whole question was asked.
        self.services.retain(|hit| {
            !kept.iter().any(|row| {
                row.score >= 0.9
                    && row.place == Place::Question
                    && row.mask.covers(hit.mask)
                    && row.mask != hit.mask
            })
        });
        kept
    }

    fn find_leftover(&self, rows: &[Candidate]) -> Mask {
        let mut explained = self.cue_mask().union(self.days.mask);
        for row in rows {
            explained = explained.union(row.mask);
        }
        for hit in &self.services {
            explained = explained.union(hit.mask);
        }
        if let Some((_, mask)) = find_clock(&self.utterance) {
            explained = explained.union(mask);
        }
        let mut leftover = Mask::default();
        for (at, token) in self.utterance.tokens.iter().enumerate() {
            if token.weight >= 1.0
                && !explained.holds(at)
                && !crate::numbers::is_number(&token.text)
                && !self.is_interjection(at)
            {
                leftover.add(at);
            }
        }
        leftover
    }

    /// "Wait, how much is it?"
    fn is_interjection(&self, at: usize) -> bool {
        let tokens = &self.utterance.tokens;
        let starts = at.checked_sub(1).is_none_or(|before| {
            tokens[before].sentence != tokens[at].sentence
                || FILLERS.contains(&tokens[before].text.as_str())
        });
        tokens[at].text == "wait" && starts
    }

    /// "root canal" is not "root": a telling word right behind a short name makes another thing of it, and beside
    /// half a name it is the other half of something else.
    fn doubt_compounds(&mut self) {
        let tokens = &self.utterance.tokens;
        let leftover = self.leftover;
        for hit in &mut self.services {
            let behind = hit.mask.last() + 1;
            let same = |at: usize| {
                tokens
                    .get(at)
                    .is_some_and(|token| token.sentence == tokens[hit.mask.first()].sentence)
            };
            let neutral = tokens.get(behind).is_some_and(|token| lexicon::is_neutral(&token.text));
            if hit.mask.count() == 1 && leftover.holds(behind) && same(behind) && !neutral {
                hit.certainty = Certainty::Unsure;
            }
        }
        let utterance = &self.utterance;
        self.services.retain(|hit| {
            hit.certainty == Certainty::Sure
                || hit.options.len() == 1 && utterance.weight(leftover) < 0.5
                || utterance.weight(leftover) < 0.5
                || hit.mask.count() > 1
        });
    }

    fn sure_services(&self) -> Vec<(Mask, usize)> {
        let sure = self.services.iter().filter(|hit| hit.certainty == Certainty::Sure);
        sure.filter_map(|hit| Some((hit.mask, *hit.options.first()?))).collect()
    }

    /// What is asked about services, each cue with the services that follow it, else with those before it.
    fn ask_services(&mut self, thread: &Thread) {
        let cues: Vec<(CueHit, Topic)> = self
            .cues
            .iter()
            .filter_map(|hit| match hit.cue {
                Cue::Price => Some((*hit, Topic::Price)),
                Cue::Duration => Some((*hit, Topic::Duration)),
                Cue::Offered => Some((*hit, Topic::Offered)),
                _ => None,
            })
            .collect();
        let strict = cues.iter().any(|(_, topic)| *topic != Topic::Offered);
        let mut asks = Vec::new();
        let mut last: Vec<ServiceHit> = Vec::new();
        for (at, (cue, topic)) in cues.iter().enumerate() {
            let start = if at == 0 { 0 } else { cue.mask.first() };
            let end = cues.get(at + 1).map_or(usize::MAX, |(next, _)| next.mask.first());
            let after = self.hits_between(cue.mask.first(), end);
            let around = self.hits_between(start, end);
            let mut hits = if after.is_empty() { around } else { after };
            if hits.is_empty() && *topic != Topic::Offered {
                // "How much and how long is a cleaning?", "how much is it and how long does it take".
                hits =
                    if last.is_empty() { self.hits_between(end, usize::MAX) } else { last.clone() };
                if hits.is_empty() && self.is_elliptic() {
                    hits = thread.services.iter().map(|at| ServiceHit::sure(*at)).collect();
                }
            }
            if !hits.is_empty() {
                last.clone_from(&hits);
            }
            let many = strict && *topic == Topic::Offered;
            for hit in hits.iter().filter(|_| !many) {
                asks.push((cue.mask.first(), hit.ask(*topic)));
            }
        }
        if cues.is_empty() && self.has(Cue::About) {
            asks.extend(self.services.iter().map(|hit| (hit.mask.first(), hit.ask_about())));
        }
        self.asks.extend(asks);
    }

    /// Whether nothing in it names a thing: "how long does that take?".
    fn is_elliptic(&self) -> bool {
        self.leftover.is_empty() && self.services.is_empty()
    }

    fn hits_between(&self, start: usize, end: usize) -> Vec<ServiceHit> {
        let within = |hit: &&ServiceHit| (start..end).contains(&hit.mask.first());
        self.services.iter().filter(within).cloned().collect()
    }

    fn ask_rows(&mut self, rows: &[Candidate]) {
        let mut done = Mask::default();
        for row in rows {
            if row.mask.meets(done) {
                continue;
            }
            let rivals = rows.iter().filter(|other| {
                other.row != row.row && other.mask.meets(row.mask) && (!row.exact || other.exact)
            });
            let mut options = vec![row.row];
            options.extend(rivals.map(|rival| rival.row).take(OPTIONS_MAX - 1));
            done = done.union(row.mask);
            let ask = match (options.len(), row.row) {
                (1, Row::Policy(at)) => Ask::Policy(at),
                (1, Row::Faq(at)) => Ask::Faq(at),
                (1, Row::Staff(at)) => {
                    self.staff.push(at);
                    Ask::Staff(at)
                }
                (_, Row::Service(_) | Row::Emergency) => continue,
                (_, _) => Ask::WhichRow(options),
            };
            self.asks.push((row.mask.first(), ask));
        }
    }

    /// To move an appointment is asked of the rule for canceling one.
    fn ask_undo(&mut self, desk: &Desk<'_>) {
        let ruled = self.asks.iter().any(|(_, ask)| matches!(ask, Ask::Policy(_) | Ask::Faq(_)));
        if !self.has(Cue::Undo) || ruled {
            return;
        }
        let is_about = |topic: &String| {
            let lemma = crate::words::lemma(&topic.to_lowercase());
            lemma == "cancel" || lemma == "reschedule"
        };
        let rule = desk.facts.policies.iter().position(|policy| policy.topics.iter().any(is_about));
        self.asks.extend(rule.map(|at| (self.mask_of(Cue::Undo).first(), Ask::Policy(at))));
    }

    fn ask_hours(&mut self, thread: &Thread) {
        let hits: Vec<CueHit> = self
            .cues
            .iter()
            .filter(|hit| {
                matches!(hit.cue, Cue::Hours | Cue::Open | Cue::Opening | Cue::Close | Cue::Closed)
            })
            .copied()
            .collect();
        let about_staff = !self.staff.is_empty();
        let about_booking = self.has_any(&[Cue::Booking, Cue::Availability, Cue::Message]);
        // "In" and "there" ask about people, and a bare "open" in a sentence about something else asks nothing.
        let explained =
            self.asks.iter().any(|(_, ask)| matches!(ask, Ask::Faq(_) | Ask::Policy(_)));
        let Some(first) = hits.first().copied() else { return };
        let named_days = !self.days.days.is_empty() || self.days.stretch.is_some();
        let weak = hits.iter().all(|hit| hit.mask.count() == 1) && !named_days;
        if about_staff || about_booking && weak || explained && weak {
            return;
        }
        let has = |cue: Cue| hits.iter().any(|hit| hit.cue == cue);
        let aspect = if has(Cue::Hours) || has(Cue::Opening) && has(Cue::Close) {
            Aspect::Hours
        } else if has(Cue::Opening) {
            Aspect::Opens
        } else if has(Cue::Close) || has(Cue::Closed) && self.asks_when() {
            Aspect::Closes
        } else if has(Cue::Closed) && !has(Cue::Open) {
            Aspect::IsClosed
        } else if self.asks_when() && has(Cue::Open) {
            Aspect::Hours
        } else {
            Aspect::IsOpen
        };
        let mut days = self.days.clone();
        if days.days.is_empty() && days.stretch.is_none() && aspect != Aspect::Hours {
            let then = thread.topic == Some(Topic::Hours)
                && matches!(aspect, Aspect::Opens | Aspect::Closes);
            days.days.extend(thread.day.filter(|_| then).map(Day::later));
        }
        let clock = find_clock(&self.utterance).map(|(clock, _)| clock);
        let clock =
            clock.filter(|_| matches!(aspect, Aspect::IsOpen | Aspect::IsClosed | Aspect::Closes));
        let (aspect, clock) = match (aspect, clock) {
            (Aspect::Closes, Some(_))
                if first.mask.count() <= 2 && self.is_question() && !self.asks_when() =>
            {
                (Aspect::IsOpen, clock)
            }
            (aspect, clock) => (aspect, clock),
        };
        self.asks.push((first.mask.first(), Ask::Hours(HoursAsk { aspect, days, clock })));
    }

    /// Whether it asks for a time.
    fn asks_when(&self) -> bool {
        let texts = self.utterance.texts();
        texts.contains(&"when") || texts.windows(2).any(|pair| pair == ["what", "time"])
    }

    fn ask_contact(&mut self) {
        let hits: Vec<CueHit> = self.cues.clone();
        let explained = |mask: Mask, asks: &[(usize, Ask)]| {
            asks.iter().any(|(at, ask)| matches!(ask, Ask::Faq(_)) && mask.holds(*at))
        };
        for hit in hits {
            let ask = match hit.cue {
                Cue::Location => Ask::Location,
                Cue::Directions => Ask::Directions,
                Cue::Parking => Ask::Parking,
                Cue::Phone => Ask::Phone,
                Cue::Email => Ask::Email,
                Cue::Website => Ask::Website,
                Cue::BusinessName => Ask::Name,
                Cue::ServiceList if self.sure_services().is_empty() => Ask::ServiceList,
                Cue::StaffList if self.staff.is_empty() => Ask::StaffList,
                _ => continue,
            };
            if !explained(hit.mask, &self.asks) {
                self.asks.push((hit.mask.first(), ask));
            }
        }
    }

    /// What is asked for and in no row: said plainly.
    fn ask_unknown(&mut self) {
        let cues: Vec<CueHit> = self
            .cues
            .iter()
            .filter(|hit| matches!(hit.cue, Cue::Price | Cue::Duration | Cue::Offered))
            .copied()
            .collect();
        for (at, hit) in cues.iter().enumerate() {
            let start = hit.mask.first();
            let end = cues.get(at + 1).map_or(usize::MAX, |next| next.mask.first());
            let answered = self.asks.iter().any(|(at, _)| (start..end).contains(at))
                || hit.cue != Cue::Offered && !self.asks.is_empty();
            let leftover =
                (start..end.min(self.utterance.tokens.len())).any(|at| self.leftover.holds(at));
            let named = (start..end.min(self.utterance.tokens.len()))
                .any(|at| self.services.iter().any(|hit| hit.mask.holds(at)));
            if answered || named || !leftover && hit.cue == Cue::Offered {
                continue;
            }
            let topic = match hit.cue {
                Cue::Price => Topic::Price,
                Cue::Duration => Topic::Duration,
                _ => Topic::Offered,
            };
            let ask = if leftover {
                Ask::Unknown(topic)
            } else {
                Ask::Which { options: Vec::new(), topic }
            };
            self.asks.push((start, ask));
        }
    }

    /// "And whitening?", "what about Sunday?".
    fn ask_elliptic(&mut self, thread: &Thread) {
        if !self.asks.is_empty()
            || self.has_any(&[
                Cue::Booking,
                Cue::Message,
                Cue::Person,
                Cue::Undo,
                Cue::NoBooking,
                Cue::Availability,
            ])
        {
            return;
        }
        let curt = self.utterance.weight(self.leftover) < 0.5;
        let topic = thread
            .topic
            .filter(|topic| matches!(topic, Topic::Price | Topic::Duration | Topic::Offered));
        if curt {
            for hit in &self.services {
                let ask = topic.map_or_else(|| hit.ask_about(), |topic| hit.ask(topic));
                self.asks.push((hit.mask.first(), ask));
            }
        }
        let days = !self.days.days.is_empty() || self.days.stretch.is_some();
        if days && self.services.is_empty() && curt && !self.has_any(&[Cue::Bye, Cue::Done]) {
            let clock = find_clock(&self.utterance).map(|(clock, _)| clock);
            let now = matches!(
                self.days.days.first().map(|day| &day.named),
                Some(Named::Today(PartOfDay::Now))
            );
            if !now {
                let ask = HoursAsk { aspect: Aspect::IsOpen, days: self.days.clone(), clock };
                self.asks.push((self.days.mask.first(), Ask::Hours(ask)));
            }
        }
    }
}

impl ServiceHit {
    fn sure(at: usize) -> Self {
        Self { options: vec![at], certainty: Certainty::Sure, mask: Mask::default() }
    }

    fn ask(&self, topic: Topic) -> Ask {
        match (self.certainty, self.options.first(), topic) {
            (Certainty::Sure, Some(&at), Topic::Price) => Ask::Price(at),
            (Certainty::Sure, Some(&at), Topic::Duration) => Ask::Duration(at),
            (Certainty::Sure, Some(&at), _) => Ask::Offered(at),
            _ => Ask::Which { options: self.options.clone(), topic },
        }
    }

    fn ask_about(&self) -> Ask {
        match (self.certainty, self.options.first()) {
            (Certainty::Sure, Some(&at)) => Ask::About(at),
            _ => Ask::Which { options: self.options.clone(), topic: Topic::Offered },
        }
    }
}

/// Whether `rival` is so near to `candidate` that one must ask.
fn rivals(candidate: &Candidate, rival: &Candidate) -> bool {
    let margin = if candidate.score >= SURE { MARGIN } else { MARGIN + 0.06 };
    rival.score >= candidate.score - margin
        && (!candidate.exact || rival.exact)
        && !(candidate.mask.covers(rival.mask)
            && candidate.mask != rival.mask
            && candidate.score >= SURE)
}

/// They may stand before a question.
pub(crate) const FILLERS: [&str; 32] = [
    "hi", "hello", "hey", "um", "uh", "well", "so", "and", "ok", "okay", "yes", "yeah", "no",
    "thanks", "thank", "you", "sorry", "actually", "oh", "also", "but", "great", "good", "right",
    "alright", "all", "please", "then", "perfect", "now", "wait", "or",
];

impl Ask {
    /// The service it is about.
    pub(crate) fn service(&self) -> Option<usize> {
        match self {
            Self::Price(at) | Self::Duration(at) | Self::Offered(at) | Self::About(at) | Self::WhichTopic(at) => {
                Some(*at)
            }
            _ => None,
        }
    }

    /// What it is for those who score replies.
    pub(crate) fn intent(&self) -> Intent {
        match self {
            Self::Price(_) => Intent::Price,
            Self::Duration(_) => Intent::Duration,
            Self::Offered(_) | Self::About(_) => Intent::Offered,
            Self::Which { .. } | Self::WhichRow(_) | Self::WhichTopic(_) | Self::WhichDay => {
                Intent::Clarify
            }
            Self::Unknown(_) => Intent::Unknown,
            Self::ServiceList => Intent::Services,
            Self::Hours(_) => Intent::Hours,
            Self::Location => Intent::Location,
            Self::Directions => Intent::Directions,
            Self::Parking => Intent::Parking,
            Self::Phone => Intent::Phone,
            Self::Email => Intent::Email,
            Self::Website => Intent::Website,
            Self::Name => Intent::Name,
            Self::Policy(_) => Intent::Policy,
            Self::Faq(_) => Intent::Faq,
            Self::Staff(_) | Self::StaffList => Intent::Staff,
        }
    }
}
