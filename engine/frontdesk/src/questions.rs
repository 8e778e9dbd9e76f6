//! What an utterance asks about the things it names.

use crate::calendar::{Day, Named, PartOfDay, find_clock};
use crate::cues::Cue;
use crate::desk::Desk;
use crate::hours::{Aspect, HoursAsk};
use crate::intent::{Ask, Certainty, House, Sense, ServiceHit, Subject, Thread};
use crate::matching::{Candidate, Index, Row};
use crate::memory::Topic;
use crate::pattern::CueHit;
use crate::subjects::OPTIONS_MAX;
use crate::words::{Mask, Utterance};

impl Sense {
    pub(crate) fn sure_services(&self) -> Vec<(Mask, usize)> {
        let sure = self.services.iter().filter(|hit| hit.certainty == Certainty::Sure);
        sure.filter_map(|hit| Some((hit.mask, *hit.options.first()?))).collect()
    }

    /// What is asked about services, each cue with the services that follow it, else with those
    /// before it.
    pub(crate) fn ask_services(&mut self, thread: &Thread) {
        let cues = self.service_cues();
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
                // "How much and how long is a cleaning?", "how much is it and how long does it
                // take".
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

    /// "Do you sell used cars?": work that takes its time is not sold over a counter.
    pub(crate) fn doubt_sales(&mut self, desk: &Desk<'_>) {
        let texts = self.utterance.texts();
        if !["sell", "rent", "carry"].iter().any(|verb| texts.contains(verb)) {
            return;
        }
        for (_, ask) in &mut self.asks {
            if let Ask::Offered(at) = ask
                && desk.facts.services.get(*at).is_some_and(|row| row.duration_min.is_some())
            {
                *ask = Ask::Unknown(Topic::Offered);
            }
        }
    }

    /// The cues about services, and what they ask about them.
    fn service_cues(&self) -> Vec<(CueHit, Topic)> {
        const TOPICS: [(Cue, Topic); 3] = [
            (Cue::Price, Topic::Price),
            (Cue::Duration, Topic::Duration),
            (Cue::Offered, Topic::Offered),
        ];
        let topic = |hit: &CueHit| TOPICS.iter().find(|(cue, _)| *cue == hit.cue);
        self.cues.iter().filter_map(|hit| Some((*hit, topic(hit)?.1))).collect()
    }

    /// Whether nothing in it names a thing: "how long does that take?".
    pub(crate) fn is_elliptic(&self) -> bool {
        self.leftover.is_empty() && self.services.is_empty()
    }

    pub(crate) fn hits_between(&self, start: usize, end: usize) -> Vec<ServiceHit> {
        let within = |hit: &&ServiceHit| (start..end).contains(&hit.mask.first());
        self.services.iter().filter(within).cloned().collect()
    }

    pub(crate) fn ask_rows(&mut self, rows: &[Candidate]) {
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
                (_, _) => Ask::Confirm(options.into_iter().map(Subject::Row).collect()),
            };
            self.asks.push((row.mask.first(), ask));
        }
    }

    /// To move an appointment is asked of the rule for canceling one.
    pub(crate) fn ask_undo(&mut self, desk: &Desk<'_>) {
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

    /// The cues that ask when it is open.
    fn hours_cues(&self) -> Vec<CueHit> {
        let mut hits: Vec<CueHit> = self
            .cues
            .iter()
            .filter(|hit| {
                matches!(hit.cue, Cue::Hours | Cue::Open | Cue::Opening | Cue::Close | Cue::Closed)
            })
            .copied()
            .collect();
        // "Closing on a house": the word is that of a service.
        let sure = self.sure_services().iter().fold(Mask::default(), |mask, hit| mask.union(hit.0));
        hits.retain(|hit| !sure.covers(hit.mask) && !self.is_no_opening(hit));
        // "Could I come by at noon?"
        let timed = !self.days.days.is_empty() || find_clock(&self.utterance).is_some();
        let free = self.asks.is_empty() && self.services.is_empty() && hits.is_empty();
        if timed && free {
            hits.extend(self.cues.iter().filter(|hit| hit.cue == Cue::Visit));
        }
        hits
    }

    /// "Three hours away" is a distance, "open to new clients" a willingness.
    fn is_no_opening(&self, hit: &CueHit) -> bool {
        let text =
            |at: usize| self.utterance.tokens.get(at).map_or("", |token| token.text.as_str());
        let (first, last) = (hit.mask.first(), hit.mask.last());
        let before = first.checked_sub(1).map_or("", text);
        let counted = text(first).starts_with("hour")
            && (crate::numbers::is_number(before)
                || ["few", "couple", "several", "many"].contains(&before));
        let willing = text(last) == "open"
            && text(last + 1) == "to"
            && !["the", "public", "everyone", "everybody"].contains(&text(last + 2))
            && find_clock(&self.utterance).is_none();
        counted || willing
    }

    /// A month without a day, and a day that is counted from another in a way not known: when
    /// exactly must be asked.
    fn is_vague_day(&self) -> bool {
        const MONTHS: [&str; 10] = [
            "january",
            "february",
            "april",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let tokens = &self.utterance.tokens;
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        let free = |at: usize| !self.days.mask.holds(at);
        (0..tokens.len()).any(|at| {
            let month = MONTHS.contains(&text(at))
                || text(at) == "march" && at.checked_sub(1).is_some_and(|at| text(at) == "in");
            let counted = at.checked_sub(1).map_or("", text);
            let counts = text(at) == "around"
                || ["after", "before"].contains(&text(at))
                    && ["week", "weeks", "weekend", "days", "month"].contains(&counted);
            let next = if text(at + 1) == "the" { at + 2 } else { at + 1 };
            free(at) && (month || counts && next < tokens.len() && !free(next))
        })
    }

    /// Whether `hits` stand in a question about something else.
    fn is_no_matter_of_hours(&self, hits: &[CueHit], first: CueHit) -> bool {
        let about_booking = self.has_any(&[Cue::Booking, Cue::Availability, Cue::Message]);
        // "In" and "there" ask about people, and a bare "open" in a sentence about something else
        // asks nothing.
        let explained =
            self.asks.iter().any(|(_, ask)| matches!(ask, Ask::Faq(_) | Ask::Policy(_)));
        let about_staff = !self.staff.is_empty();
        let named_days = !self.days.days.is_empty() || self.days.stretch.is_some();
        let says_open = |hit: &CueHit| {
            let words = self.utterance.tokens.iter().enumerate();
            hit.mask.count() > 1
                && words.filter(|(at, _)| hit.mask.holds(*at)).any(|(_, token)| {
                    !["how", "late", "early", "what", "time", "when", "until", "till", "at", "by"]
                        .contains(&token.text.as_str())
                })
        };
        let answered = self.rows.iter().any(|row| {
            matches!(row.row, Row::Policy(_) | Row::Faq(_))
                && row.exact
                && row.score >= 0.9
                && row.mask.count() > 1
                && self.share_clause(row.mask, first.mask)
        });
        if answered && !named_days {
            return true;
        }
        let bare = !hits.iter().any(says_open);
        let ruled = self
            .rows
            .iter()
            .any(|row| matches!(row.row, Row::Policy(_)) && row.exact && row.mask.count() > 1);
        // "How late can we check out?"
        if bare && ruled {
            return true;
        }
        let weak = bare && !named_days;
        // "Do you do horse shoeing": what only sounds like "hours" after "do you do" is a thing.
        let alike = hits.iter().all(|hit| {
            hit.mask.count() == 1 && !self.utterance.tokens[hit.mask.first()].is_common()
        });
        let thing = alike && self.has(Cue::Offered);
        about_staff || about_booking && weak || explained && weak || thing
    }

    /// What `hits` ask about the hours.
    fn aspect_of(&self, hits: &[CueHit]) -> Aspect {
        let has = |cue: Cue| hits.iter().any(|hit| hit.cue == cue);
        if has(Cue::Hours) || has(Cue::Opening) && has(Cue::Close) {
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
        }
    }

    /// When it is open.
    pub(crate) fn ask_hours(&mut self, thread: &Thread) {
        let hits = self.hours_cues();
        let Some(first) = hits.first().copied() else { return };
        if self.is_no_matter_of_hours(&hits, first) {
            return;
        }
        let aspect = self.aspect_of(&hits);
        let mut days = self.days.clone();
        if days.days.is_empty() && days.stretch.is_none() && aspect != Aspect::Hours {
            let then = thread.topic == Some(Topic::Hours)
                && matches!(aspect, Aspect::Opens | Aspect::Closes);
            days.days.extend(thread.day.filter(|_| then).map(Day::later));
            if self.day_was_lost(first.mask) {
                self.asks.push((first.mask.first(), Ask::WhichDay));
                return;
            }
        }
        if self.is_vague_day() {
            self.asks.push((first.mask.first(), Ask::WhichDay));
            return;
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

    /// Whether the words behind `cue` may have named a day that was misheard.
    pub(crate) fn day_was_lost(&self, cue: Mask) -> bool {
        let tokens = &self.utterance.tokens;
        let explained = self.cue_mask().union(self.days.mask);
        const BEFORE_DAYS: [&str; 8] = ["on", "this", "next", "every", "for", "until", "till", "a"];
        let unexplained = (cue.first()..tokens.len()).any(|at| {
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].text.as_str());
            let placed = at == cue.last() + 1
                || crate::calendar::may_be_day(&tokens[at])
                || before(1).is_some_and(|text| BEFORE_DAYS.contains(&text))
                || before(1) == Some("the")
                    && before(2).is_some_and(|text| BEFORE_DAYS.contains(&text));
            let telling = self.leftover.holds(at) && placed
                || ["on", "an", "day"].contains(&tokens[at].text.as_str())
                    && at > cue.first()
                    && !explained.holds(at);
            telling && tokens[at].sentence == tokens[cue.first()].sentence
        });
        let dangling = tokens
            .last()
            .is_some_and(|token| ["on", "this", "next"].contains(&token.text.as_str()));
        unexplained || dangling
    }

    /// Whether it asks for a time.
    pub(crate) fn asks_when(&self) -> bool {
        let texts = self.utterance.texts();
        texts.contains(&"when") || texts.windows(2).any(|pair| pair == ["what", "time"])
    }

    /// What is asked about the business itself.
    pub(crate) fn ask_house(&mut self) {
        const ASKS: [(Cue, Ask); 9] = [
            (Cue::Location, Ask::House(House::Location)),
            (Cue::Directions, Ask::House(House::Directions)),
            (Cue::Parking, Ask::House(House::Parking)),
            (Cue::Phone, Ask::House(House::Phone)),
            (Cue::Email, Ask::House(House::Email)),
            (Cue::Website, Ask::House(House::Website)),
            (Cue::BusinessName, Ask::House(House::Name)),
            (Cue::ServiceList, Ask::ServiceList),
            (Cue::StaffList, Ask::StaffList),
        ];
        for hit in self.cues.clone() {
            let Some((_, ask)) = ASKS.iter().find(|(cue, _)| *cue == hit.cue) else { continue };
            let named = hit.cue == Cue::ServiceList && !self.sure_services().is_empty()
                || matches!(hit.cue, Cue::StaffList | Cue::BusinessName) && !self.staff.is_empty()
                // "What do you do break heads cost": the price of something that was misheard.
                || hit.cue == Cue::ServiceList
                    && self.has_any(&[Cue::Price, Cue::Duration])
                    && !self.leftover.is_empty();
            // "Who does your towing?"
            let done = hit.cue == Cue::StaffList && !self.utterance.texts().contains(&"works");
            let explained = self
                .asks
                .iter()
                .any(|(at, ask)| matches!(ask, Ask::Faq(_)) && (hit.mask.holds(*at) || done));
            // "Can I bring parts I bought online?"
            let explained = explained
                || matches!(hit.cue, Cue::Website | Cue::Location | Cue::Phone | Cue::Email)
                    && hit.mask.count() == 1
                    && self.rows.iter().any(|row| {
                        matches!(row.row, Row::Policy(_) | Row::Faq(_))
                            && row.exact
                            && row.score >= 0.8
                            && self.share_clause(row.mask, hit.mask)
                    });
            if !named && !explained {
                self.asks.push((hit.mask.first(), ask.clone()));
            }
        }
    }

    /// "Is there a garage nearby?": words of the address, the directions or the parking, and of
    /// nothing else.
    pub(crate) fn ask_surroundings(&mut self, desk: &Desk<'_>, index: &Index) {
        let wants = self.has_any(&[Cue::Booking, Cue::Message, Cue::Person, Cue::Bye, Cue::Done]);
        let unknown = self.asks.iter().all(|(_, ask)| matches!(ask, Ask::Unknown(_)));
        if !unknown
            || !self.services.is_empty()
            || self.leftover.is_empty()
            || !self.is_question()
            || wants
        {
            return;
        }
        let contact = &desk.facts.contact;
        let texts = [
            (House::Parking, &contact.parking),
            (House::Directions, &contact.directions),
            (House::Location, &contact.address),
        ];
        let says = |text: &Option<String>| {
            let text = Utterance::new(text.as_deref().unwrap_or_default());
            let mut tokens = self.utterance.tokens.iter().enumerate();
            tokens.all(|(at, token)| {
                !self.leftover.holds(at) || text.tokens.iter().any(|own| own.lemma == token.lemma)
            })
        };
        let mut fitting = texts.iter().filter(|(_, text)| says(text));
        let (Some((house, _)), None) = (fitting.next(), fitting.next()) else { return };
        let texts = self.utterance.texts();
        let placed = texts.iter().any(|text| PLACES.contains(text));
        // "Do you have valet?"
        let own = self.utterance.tokens.iter().enumerate();
        let own =
            own.filter(|(at, _)| self.leftover.holds(*at)).all(|(_, token)| !index.knows(token));
        let had = own && texts.windows(3).any(|three| three == ["do", "you", "have"]);
        if placed || had && *house == House::Parking || self.leftover.count() > 1 {
            self.asks = vec![(self.leftover.first(), Ask::House(*house))];
        }
    }

    /// What is asked for and in no row: said plainly.
    pub(crate) fn ask_unknown(&mut self) {
        let cues = self.service_cues();
        for (at, (hit, topic)) in cues.iter().enumerate() {
            let start = hit.mask.first();
            let end = cues.get(at + 1).map_or(usize::MAX, |(next, _)| next.mask.first());
            let answered = self.asks.iter().any(|(at, _)| (start..end).contains(at))
                || hit.cue != Cue::Offered && !self.asks.is_empty();
            let leftover =
                (start..end.min(self.utterance.tokens.len())).any(|at| self.leftover.holds(at));
            let named = (start..end.min(self.utterance.tokens.len()))
                .any(|at| self.services.iter().any(|hit| hit.mask.holds(at)));
            // "Could I get an idea of the price": the frame around what is asked.
            let framed = hit.cue == Cue::Offered
                && self.asks.iter().any(|(at, ask)| {
                    matches!(ask, Ask::Price(_) | Ask::Duration(_))
                        && self.share_clause(hit.mask, Mask::span(*at, at + 1))
                });
            if answered || framed || named || !leftover && hit.cue == Cue::Offered {
                continue;
            }
            let ask = if leftover {
                Ask::Unknown(*topic)
            } else {
                Ask::Which { options: Vec::new(), topic: *topic }
            };
            self.asks.push((start, ask));
        }
    }

    /// "What's a day pass?"
    fn asks_what(&self) -> bool {
        let [hit] = &self.services[..] else { return false };
        let before = &self.utterance.tokens[..hit.mask.first().min(self.utterance.tokens.len())];
        let mut texts = before.iter().rev().map(|token| token.text.as_str()).peekable();
        texts.next_if(|text| ["a", "an", "the", "your"].contains(text));
        matches!((texts.next(), texts.next()), (Some("is" | "are"), Some("what")))
    }

    /// "Do you whiten teeth?", "do you still serve breakfast?": whatever the verb.
    fn is_done(&self, hit: &ServiceHit) -> bool {
        let tokens = &self.utterance.tokens;
        let at = hit.mask.first().min(tokens.len());
        let same = |token: &&crate::words::Token| {
            tokens.get(at).is_some_and(|own| own.sentence == token.sentence)
        };
        let before: Vec<&str> =
            tokens[..at].iter().filter(same).map(|token| token.text.as_str()).collect();
        before.windows(2).any(|pair| {
            // "I forgot whether I took my pill" asks for none.
            let told = ["if", "whether"].contains(&pair[0]) && ["i", "we"].contains(&pair[1]);
            !told
                && ["do", "does", "can", "could", "if", "whether", "will"].contains(&pair[0])
                && ["you", "they", "i", "we", "anyone", "anybody", "somebody", "someone"]
                    .contains(&pair[1])
        })
    }

    /// "And whitening?", "what about Sunday?"; but not "how are you today?".
    pub(crate) fn ask_elliptic(&mut self, thread: &Thread) {
        if !self.asks.is_empty() || self.has_any(SAID_ELSEWHERE) {
            return;
        }
        let curt = self.utterance.weight(self.leftover) < 0.5;
        let topic = thread
            .topic
            .filter(|topic| matches!(topic, Topic::Price | Topic::Duration | Topic::Offered));
        if curt {
            // The words that said what about it may have been lost: then it is asked.
            let lost = topic.is_none()
                && self.is_question()
                && !self.has_any(&[Cue::About, Cue::Nothing])
                && !self.asks_what();
            for hit in &self.services {
                let ask = match topic {
                    Some(topic) => hit.ask(topic),
                    None if self.is_done(hit) => hit.ask(Topic::Offered),
                    None if lost => hit.ask_topic(),
                    None => hit.ask_about(),
                };
                self.asks.push((hit.mask.first(), ask));
            }
        }
        if let [hit] = &self.services[..]
            && !curt
            && hit.certainty == Certainty::Sure
            && !self.has_any(&[Cue::Bye, Cue::Done])
        {
            self.asks.push((hit.mask.first(), hit.ask_topic()));
        }
        let days = !self.days.days.is_empty() || self.days.stretch.is_some();
        if days && self.is_vague_day() {
            self.asks.push((self.days.mask.first(), Ask::WhichDay));
            return;
        }
        let parts = self.utterance.tokens.last().map_or(0, |token| token.part);
        let short = parts == 0
            || self.utterance.tokens.len() <= ELLIPTIC_WORDS_MAX
            || thread.aspect.is_some()
            || find_clock(&self.utterance).is_some();
        if days
            && short
            && self.services.is_empty()
            && curt
            && !self.has_any(&[Cue::Bye, Cue::Done])
        {
            let clock = find_clock(&self.utterance).map(|(clock, _)| clock);
            let now = matches!(
                self.days.days.first().map(|day| &day.named),
                Some(Named::Today(PartOfDay::Now))
            );
            if !now {
                // "And on Sunday?", "no, Tuesday": the same about another day.
                let aspect = match thread.aspect {
                    Some(aspect) if clock.is_none() => aspect,
                    _ => Aspect::IsOpen,
                };
                let ask = HoursAsk { aspect, days: self.days.clone(), clock };
                self.asks.push((self.days.mask.first(), Ask::Hours(ask)));
            }
        }
    }
}

/// What they want is no answer about a thing or a day that is named beside.
const SAID_ELSEWHERE: &[Cue] = &[
    Cue::Booking,
    Cue::Message,
    Cue::Person,
    Cue::Undo,
    Cue::NoBooking,
    Cue::Availability,
    Cue::Bye,
    Cue::Done,
    Cue::HowAreYou,
];
/// More words than these in several parts say something themselves.
const ELLIPTIC_WORDS_MAX: usize = 8;
/// They ask for a place.
const PLACES: [&str; 6] = ["where", "there", "near", "nearby", "close", "which"];

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

    fn ask_topic(&self) -> Ask {
        match (self.certainty, self.options.first()) {
            (Certainty::Sure, Some(&at)) => Ask::WhichTopic(at),
            _ => Ask::Which { options: self.options.clone(), topic: Topic::Offered },
        }
    }

    fn ask_about(&self) -> Ask {
        match (self.certainty, self.options.first()) {
            (Certainty::Sure, Some(&at)) => Ask::About(at),
            _ => Ask::Which { options: self.options.clone(), topic: Topic::Offered },
        }
    }
}
