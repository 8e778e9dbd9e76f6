//! What an utterance is taken apart into: what it asks for, what it names, what remains.

use jiff::civil::Date;

use crate::calendar::{Days, find_days};
use crate::cues::Cue;
use crate::desk::Desk;
use crate::hours::{Aspect, HoursAsk};
use crate::matching::{Candidate, Index, Row};
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
    /// Something about the business itself.
    House(House),
    /// A rule.
    Policy(usize),
    /// A question answered beforehand.
    Faq(usize),
    /// A person.
    Staff(usize),
    /// Who works there.
    StaffList,
    /// Which of these was meant.
    Confirm(Vec<Subject>),
}

/// Something a caller may have meant, to be asked back in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A row of the table.
    Row(Row),
    /// Something about the business itself.
    House(House),
    /// When it is open.
    Hours,
    /// To speak with a person.
    Person,
    /// What a service costs.
    Price(usize),
    /// How long it takes.
    Duration(usize),
}

/// What there is to know about a business itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum House {
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
    /// The rows it may be about, apart from services.
    pub(crate) rows: Vec<Candidate>,
    /// The words that speak for a row as a whole rather than for a phrase of it.
    pub(crate) relevant: Mask,
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

/// What is known of the dialogue that an elliptic utterance goes on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// What the last answer was about.
    pub(crate) topic: Option<Topic>,
    /// The services last spoken of.
    pub(crate) services: Vec<usize>,
    /// The day last spoken of.
    pub(crate) day: Option<Date>,
    /// What was asked about its hours.
    pub(crate) aspect: Option<Aspect>,
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
            rows: Vec::new(),
            relevant: Mask::default(),
        };
        let candidates = index.candidates(&sense.utterance);
        sense.emergency = sense.find_danger(&candidates);
        let rows = sense.take_rows(&candidates);
        sense.services = sense.find_services(&candidates, &rows);
        sense.doubt_misheard(index);
        sense.trust_parts(&candidates, index, thread);
        let rows = sense.drop_overruled(rows);
        sense.leftover = sense.find_leftover(&rows);
        sense.rows = rows.clone();
        sense.find_relay();
        sense.doubt_compounds();
        sense.ask_services(thread);
        sense.doubt_sales(desk);
        sense.ask_rows(&rows);
        sense.ask_undo(desk);
        sense.ask_hours(thread);
        sense.ask_house();
        sense.ask_unknown();
        sense.ask_surroundings(desk, index);
        sense.ask_elliptic(thread);
        sense.weigh_asks();
        sense.ask_who(index, thread);
        sense.ask_relevant(index);
        sense.doubt_kinds(desk, thread);
        // "Good to know about the dogs, thanks": who thanks and asks nothing is told nothing again.
        if sense.has(Cue::Thanks) && !sense.is_wanted() && !sense.asks_behind_comma() {
            sense.asks.retain(|(_, ask)| {
                !matches!(ask, Ask::Policy(_) | Ask::Faq(_) | Ask::Staff(_) | Ask::Confirm(_))
            });
        }
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
        const WONDERS: [&str; 8] =
            ["know", "tell", "wondering", "wonder", "wondered", "ask", "asking", "curious"];
        const ASKS: [&str; 9] =
            ["if", "whether", "what", "when", "where", "who", "how", "which", "about"];
        let texts = self.utterance.texts();
        let wonders = |pair: &[&str]| WONDERS.contains(&pair[0]) && ASKS.contains(&pair[1]);
        let told = |three: &[&str]| {
            WONDERS.contains(&three[0]) && three[1] == "me" && ASKS.contains(&three[2])
        };
        if texts.windows(2).any(wonders) || texts.windows(3).any(told) {
            return true;
        }
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

    /// "One more thing, when do you close?"
    fn asks_behind_comma(&self) -> bool {
        const STARTS: [&str; 6] = ["what", "when", "where", "who", "which", "how"];
        let tokens = &self.utterance.tokens;
        tokens
            .windows(2)
            .any(|pair| pair[0].part != pair[1].part && STARTS.contains(&pair[1].text.as_str()))
    }

    pub(crate) fn mask_of(&self, cue: Cue) -> Mask {
        let hits = self.cues.iter().filter(|hit| hit.cue == cue);
        hits.fold(Mask::default(), |mask, hit| mask.union(hit.mask))
    }

    pub(crate) fn cue_mask(&self) -> Mask {
        self.cues.iter().fold(Mask::default(), |mask, hit| mask.union(hit.mask))
    }

    pub(crate) fn find_danger(&self, candidates: &[Candidate]) -> Danger {
        // "Do you treat seizures?" asks, "my dog has a seizure" tells.
        const TELLS: [&str; 22] = [
            "my", "our", "help", "there", "he", "she", "it", "someone", "somebody", "just", "him",
            "her", "now", "am", "have", "had", "got", "his", "their", "me", "took", "we",
        ];
        let texts = self.utterance.texts();
        let there = texts.windows(2).any(|pair| {
            ["is", "are", "do"].contains(&pair[0]) && ["there", "you"].contains(&pair[1])
        });
        let tells = |at: usize, text: &str| match text {
            "have" => !(at > 0 && texts[at - 1] == "you"),
            "there" => !(at > 0 && ["is", "are"].contains(&texts[at - 1])),
            _ => TELLS.contains(&text),
        };
        let asks = (there
            || self.has_any(&[Cue::Price, Cue::Duration, Cue::Offered, Cue::ServiceList]))
            && self.is_question()
            && !texts.iter().enumerate().any(|(at, text)| tells(at, text));
        let topic = !asks
            && candidates.iter().any(|candidate| {
                candidate.row == Row::Emergency
                    && candidate.score >= 0.9
                    // "Is there a fireplace?": a word that only resembles one, in a question.
                    && (candidate.exact || !self.is_question())
                    && !self.is_part_of_name(candidate.mask)
                    && self.is_affirmed(candidate.mask)
            });
        let cue = self.cues.iter().any(|hit| hit.cue == Cue::Danger && self.is_affirmed(hit.mask));
        if topic || cue { Danger::Likely } else { Danger::None }
    }

    /// "Fire extinguishers" in a question are no fire.
    fn is_part_of_name(&self, mask: Mask) -> bool {
        let behind = self.utterance.tokens.get(mask.last() + 1);
        mask.count() == 1
            && self.is_question()
            && behind.is_some_and(|token| {
                token.weight >= 1.0
                    && token.part == self.utterance.tokens[mask.last()].part
                    && !token.is_common()
            })
    }

    /// Whether no "not" stands right before `mask`.
    pub(crate) fn is_affirmed(&self, mask: Mask) -> bool {
        let before = &self.utterance.tokens[mask.first().saturating_sub(3)..mask.first()];
        let has = |words: &[&str]| before.iter().any(|token| words.contains(&token.text.as_str()));
        // What will not stop goes on.
        !has(&["not", "no"]) || has(&["stop", "stops", "stopped", "stopping", "quit"])
    }
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
        if let Self::Price(at)
        | Self::Duration(at)
        | Self::Offered(at)
        | Self::About(at)
        | Self::WhichTopic(at) = self
        {
            Some(*at)
        } else {
            None
        }
    }

    /// What it is for those who score replies.
    pub(crate) fn intent(&self) -> Intent {
        match self {
            Self::Price(_) => Intent::Price,
            Self::Duration(_) => Intent::Duration,
            Self::Offered(_) | Self::About(_) => Intent::Offered,
            Self::Which { .. } | Self::Confirm(_) | Self::WhichTopic(_) | Self::WhichDay => {
                Intent::Clarify
            }
            Self::Unknown(_) => Intent::Unknown,
            Self::ServiceList => Intent::Services,
            Self::Hours(_) => Intent::Hours,
            Self::House(House::Location) => Intent::Location,
            Self::House(House::Directions) => Intent::Directions,
            Self::House(House::Parking) => Intent::Parking,
            Self::House(House::Phone) => Intent::Phone,
            Self::House(House::Email) => Intent::Email,
            Self::House(House::Website) => Intent::Website,
            Self::House(House::Name) => Intent::Name,
            Self::Policy(_) => Intent::Policy,
            Self::Faq(_) => Intent::Faq,
            Self::Staff(_) | Self::StaffList => Intent::Staff,
        }
    }
}
