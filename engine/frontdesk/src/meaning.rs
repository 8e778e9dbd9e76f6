//! What a question means where its words are not those of any row: rows by the likeness of meaning.
//!
//! Every row is described by the questions that it answers; a question is about the row one of whose
//! descriptions means the most alike, if that is alike enough and leads over every other row. How
//! much the question is like other questions of that kind counts besides.

use std::sync::Arc;

use types::Facts;
use vendor::Meaning;

use crate::described::{GENERAL, described};
use crate::intent::{Ask, House, Subject};
use crate::matching::Row;

/// What every business's callers ask alike, as directions; shared by all businesses.
#[derive(Clone, Debug)]
pub struct General {
    /// Questions about what every business has.
    asked: Vec<(Kind, Direction)>,
    /// Questions of each kind, of many trades.
    kinds: Vec<(Kind, Direction)>,
}

/// What one business's rows mean.
#[derive(Clone, Debug)]
pub struct Meanings {
    general: Arc<General>,
    rows: Vec<(Target, Vec<Direction>)>,
}

/// A direction of length one, in steps of one byte: the error of a likeness is below 0.01.
#[derive(Clone, Debug)]
struct Direction {
    step: f32,
    steps: Box<[i8]>,
}

/// What may be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Price(usize),
    Duration(usize),
    Offered(usize),
    Policy(usize),
    Faq(usize),
    Staff(usize),
    House(House),
    Hours,
    /// Known, so that nothing else is taken for it; what it asks for is not told.
    Other(Kind),
}

/// Of which kind a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Price,
    Duration,
    Offered,
    Policy,
    Faq,
    Staff,
    Hours,
    Location,
    Directions,
    Parking,
    Phone,
    Email,
    Website,
    Name,
    Person,
    Message,
    Booking,
    Goodbye,
    Thanks,
    Services,
    SmallTalk,
    Emergency,
}

/// How much a question is like what a row answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likeness {
    /// The row.
    pub(crate) target: Target,
    /// The cosine of the question and the most alike of the row's own.
    pub(crate) alike: f32,
    /// The same, and how much it is a question of that kind.
    pub(crate) score: f32,
}

const KINDS: [(&str, Kind); 22] = [
    ("price", Kind::Price),
    ("duration", Kind::Duration),
    ("offered", Kind::Offered),
    ("policy", Kind::Policy),
    ("faq", Kind::Faq),
    ("staff", Kind::Staff),
    ("hours", Kind::Hours),
    ("location", Kind::Location),
    ("directions", Kind::Directions),
    ("parking", Kind::Parking),
    ("phone", Kind::Phone),
    ("email", Kind::Email),
    ("website", Kind::Website),
    ("name", Kind::Name),
    ("person", Kind::Person),
    ("message", Kind::Message),
    ("booking", Kind::Booking),
    ("goodbye", Kind::Goodbye),
    ("thanks", Kind::Thanks),
    ("services", Kind::Services),
    ("small_talk", Kind::SmallTalk),
    ("emergency", Kind::Emergency),
];
/// Questions of each kind, of many trades.
const EXEMPLARS: &str = include_str!("exemplars.tsv");
/// How much the likeness to questions of the kind counts, and of how many of them.
const KIND_SHARE: f32 = 0.6;
const KIND_TOP: usize = 3;
/// The likeness to a kind of which no question is known.
const KIND_NONE: f32 = 0.3;

impl General {
    /// What is asked of every business; `None` if `meaning` fails. Some 190 texts: a second of a
    /// core, once for all businesses.
    pub fn of(meaning: &dyn Meaning) -> Option<Self> {
        let mut asked = Vec::new();
        for (kind, texts) in GENERAL {
            for text in *texts {
                asked.push((*kind, Direction::of(&meaning.embed(text)?)));
            }
        }
        let mut kinds = Vec::new();
        for (name, text) in EXEMPLARS.lines().filter_map(|line| line.split_once('\t')) {
            if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) {
                kinds.push((*kind, Direction::of(&meaning.embed(text)?)));
            }
        }
        Some(Self { asked, kinds })
    }

    fn likeness_to(&self, kind: Kind, own: &[f32]) -> f32 {
        let known = self.kinds.iter().filter(|(other, _)| *other == kind);
        let mut likeness: Vec<f32> = known.map(|(_, text)| text.along(own)).collect();
        likeness.sort_by(|left, right| right.total_cmp(left));
        likeness.truncate(KIND_TOP);
        if likeness.is_empty() {
            return KIND_NONE;
        }
        likeness.iter().sum::<f32>() / likeness.len() as f32
    }
}

impl Meanings {
    /// What the rows of `facts` mean; `None` if `meaning` fails. Some 250 texts: one to two seconds
    /// of a core and 100 kB, once for every version of a business.
    pub fn of(facts: &Facts, general: Arc<General>, meaning: &dyn Meaning) -> Option<Self> {
        let mut rows = Vec::new();
        for (target, texts) in described(facts) {
            let texts = texts.iter().map(|text| Some(Direction::of(&meaning.embed(text)?)));
            rows.push((target, texts.collect::<Option<_>>()?));
        }
        Some(Self { general, rows })
    }

    /// How much a question of the direction `own` is like what each row answers, the most alike
    /// first. Some 100 µs.
    pub(crate) fn likenesses(&self, own: &[f32]) -> Vec<Likeness> {
        let kinds = KINDS.map(|(_, kind)| (kind, self.general.likeness_to(kind, own)));
        let like = |kind| kinds.iter().find(|(own, _)| *own == kind).map_or(0.0, |(_, like)| *like);
        let alike = |target: Target, texts: &[Direction]| {
            let general = self.general.asked.iter().filter(|(kind, _)| *kind == target.kind());
            let texts = texts.iter().chain(general.map(|(_, text)| text));
            texts.map(|text| text.along(own)).fold(-1.0, f32::max)
        };
        let mut likenesses: Vec<Likeness> = self
            .rows
            .iter()
            .map(|(target, texts)| {
                let alike = alike(*target, texts);
                let score = alike + KIND_SHARE * like(target.kind());
                Likeness { target: *target, alike, score }
            })
            .collect();
        likenesses.sort_by(|left, right| right.score.total_cmp(&left.score));
        likenesses
    }
}

impl Direction {
    fn of(numbers: &[f32]) -> Self {
        let greatest =
            numbers.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
        let step = greatest / f32::from(i8::MAX);
        let steps = numbers.iter().map(|number| (number / step).round() as i8).collect();
        Self { step, steps }
    }

    /// The cosine of `own` and this.
    fn along(&self, own: &[f32]) -> f32 {
        let products = self.steps.iter().zip(own).map(|(step, own)| f32::from(*step) * own);
        products.sum::<f32>() * self.step
    }
}

impl Target {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Price(_) => Kind::Price,
            Self::Duration(_) => Kind::Duration,
            Self::Offered(_) => Kind::Offered,
            Self::Policy(_) => Kind::Policy,
            Self::Faq(_) => Kind::Faq,
            Self::Staff(_) => Kind::Staff,
            Self::House(House::Location) => Kind::Location,
            Self::House(House::Directions) => Kind::Directions,
            Self::House(House::Parking) => Kind::Parking,
            Self::House(House::Phone) => Kind::Phone,
            Self::House(House::Email) => Kind::Email,
            Self::House(House::Website) => Kind::Website,
            Self::House(House::Name) => Kind::Name,
            Self::Hours => Kind::Hours,
            Self::Other(kind) => kind,
        }
    }

    /// Whether both are about one service, or are one.
    pub(crate) fn is_with(self, other: Self) -> bool {
        self == other || self.service().is_some() && self.service() == other.service()
    }

    pub(crate) fn service(self) -> Option<usize> {
        match self {
            Self::Price(at) | Self::Duration(at) | Self::Offered(at) => Some(at),
            Self::Policy(_)
            | Self::Faq(_)
            | Self::Staff(_)
            | Self::House(_)
            | Self::Hours
            | Self::Other(_) => None,
        }
    }

    /// What is asked if this is meant; nothing that the table tells of the hours, as it takes a day.
    pub(crate) fn ask(self) -> Option<Ask> {
        Some(match self {
            Self::Price(at) => Ask::Price(at),
            Self::Duration(at) => Ask::Duration(at),
            Self::Offered(at) => Ask::Offered(at),
            Self::Policy(at) => Ask::Policy(at),
            Self::Faq(at) => Ask::Faq(at),
            Self::Staff(at) => Ask::Staff(at),
            Self::House(house) => Ask::House(house),
            Self::Hours | Self::Other(_) => return None,
        })
    }

    /// What to ask back if this may be meant.
    pub(crate) fn subject(self) -> Option<Subject> {
        Some(match self {
            Self::Price(at) => Subject::Price(at),
            Self::Duration(at) => Subject::Duration(at),
            Self::Offered(at) => Subject::Row(Row::Service(at)),
            Self::Policy(at) => Subject::Row(Row::Policy(at)),
            Self::Faq(at) => Subject::Row(Row::Faq(at)),
            Self::Staff(at) => Subject::Row(Row::Staff(at)),
            Self::House(house) => Subject::House(house),
            Self::Hours => Subject::Hours,
            Self::Other(Kind::Person) => Subject::Person,
            Self::Other(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Alike are texts with the same pairs of letters: enough to tell rows apart.
    struct Pairs;

    impl Meaning for Pairs {
        fn embed(&self, text: &str) -> Option<Vec<f32>> {
            let mut numbers = vec![0.0_f32; 27 * 27];
            let place = |letter: u8| {
                if letter.is_ascii_alphabetic() {
                    usize::from(letter.to_ascii_lowercase() - b'a')
                } else {
                    26
                }
            };
            for pair in text.as_bytes().windows(2) {
                numbers[place(pair[0]) * 27 + place(pair[1])] += 1.0;
            }
            let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
            Some(numbers.iter().map(|number| number / length.max(1.0)).collect())
        }
    }

    struct Nothing;

    impl Meaning for Nothing {
        fn embed(&self, _: &str) -> Option<Vec<f32>> {
            None
        }
    }

    #[test]
    fn every_line_of_the_exemplars_is_of_a_known_kind() {
        for line in EXEMPLARS.lines() {
            let (name, text) = line.split_once('\t').unwrap();
            assert!(KINDS.iter().any(|(known, _)| *known == name) && !text.is_empty(), "{line}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_not_known() {
        assert!(General::of(&Nothing).is_none());
        let general = Arc::new(General::of(&Pairs).unwrap());
        assert!(Meanings::of(&facts(), general, &Nothing).is_none());
    }

    #[test]
    fn the_row_whose_question_it_is_is_the_most_alike() {
        let general = Arc::new(General::of(&Pairs).unwrap());
        let meanings = Meanings::of(&facts(), general, &Pairs).unwrap();
        let best = |text: &str| meanings.likenesses(&Pairs.embed(text).unwrap())[0];
        assert_eq!(best("Do you see a parrot?").target, Target::Faq(0));
        let site = best("Do you have a website?");
        // It has none: known, and not told.
        assert_eq!(site.target, Target::Other(Kind::Website));
        assert_eq!((site.target.ask(), site.target.subject()), (None, None));
        assert!(site.alike > 0.99, "{site:?}");
    }

    #[test]
    fn one_service_is_one_thing_whatever_is_asked_of_it() {
        assert!(Target::Price(1).is_with(Target::Duration(1)));
        assert!(!Target::Price(1).is_with(Target::Price(2)));
        assert!(!Target::Policy(1).is_with(Target::Faq(1)));
        assert!(Target::Hours.is_with(Target::Hours));
    }

    proptest! {
        #[test]
        fn bytes_are_as_good_as_numbers(
            one in prop::collection::vec(-1.0_f32..1.0, 64),
            two in prop::collection::vec(-1.0_f32..1.0, 64),
        ) {
            let unit = |numbers: &[f32]| -> Vec<f32> {
                let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
                numbers.iter().map(|number| number / length.max(0.1)).collect()
            };
            let (one, two) = (unit(&one), unit(&two));
            let exact: f32 = one.iter().zip(&two).map(|(left, right)| left * right).sum();
            prop_assert!((Direction::of(&one).along(&two) - exact).abs() < 0.02);
        }
    }

    fn facts() -> Facts {
        let faq = types::Faq {
            id: "exotics".parse().unwrap(),
            questions: vec!["Do you see parrots?".into(), "Do you see rabbits?".into()],
            answer: "Yes, we see them all.".into(),
        };
        Facts {
            name: "Harbor Vet".into(),
            timezone: jiff::tz::TimeZone::UTC,
            hours: types::Hours { week: Default::default(), exceptions: Vec::new() },
            contact: types::Contact {
                address: None,
                directions: None,
                parking: None,
                phone: None,
                email: None,
                website: None,
            },
            services: Vec::new(),
            policies: Vec::new(),
            faqs: vec![faq],
            staff: Vec::new(),
            escalation: types::Escalation {
                transfer_to: None,
                emergency: None,
                emergency_topics: Vec::new(),
            },
        }
    }
}
