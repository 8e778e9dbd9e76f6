//! What a caller heard of it.

use caller::{CallReport, Ear, Verdict};
use fake_vendors::SessionReport;
use fake_vendors::speech::{Lexicon, Listener};
use types::{CallRecord, EndReason, Millis, SampleRate, TurnRecord};

use super::cases::{Adapter, Case, Duty};
use super::lane::PRICE;
use super::question::QUESTION;
use crate::score::{contains, normalized};

/// One call as its caller heard it. All but the words understood concern the last question.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was to be shown.
    pub case: Case,
    /// From the end of the question to the first audible sample, whatever it was; none if nothing was
    /// heard.
    pub response: Option<Millis>,
    /// The longest silence within the reply.
    pub gap: Millis,
    /// The words of the fake voices that were heard since, in order.
    pub heard: Vec<String>,
    /// Words of an earlier reply that were heard although it had been cut off.
    pub late: usize,
    /// Words said that were not understood, of all questions; words made up count, too.
    pub misunderstood: usize,
    /// What it came to.
    pub outcome: Outcome,
    /// Whether the calling side kept its own time.
    pub is_sound: bool,
    /// What the engine says was said since, for whoever looks into it.
    pub told: String,
}

/// What the caller was told in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The right answer, as if nothing had been.
    Reply,
    /// The right answer, by a vendor further down in the agent's file.
    ReplyByNext,
    /// The right answer, behind other words: an apology, a filler.
    ReplyAfter,
    /// That it has to be said again.
    AskedAgain,
    /// That something is wrong.
    Apology,
    /// Nothing.
    Silence,
}

impl Outcome {
    /// As it stands in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::ReplyByNext => "next",
            Self::ReplyAfter => "sorry, reply",
            Self::AskedAgain => "asked again",
            Self::Apology => "sorry",
            Self::Silence => "nothing",
        }
    }
}

impl Seen {
    pub(super) fn of(
        case: Case,
        (report, record): (&CallReport, &CallRecord),
        (lexicon, first_word): (&Lexicon, usize),
        sessions: &[SessionReport],
    ) -> Self {
        let turn = report.turns.last();
        let from = turn.map_or(0, |turn| place(report.rate, turn.question_ended.as_micros()));
        let mut listener = Listener::after(first_word);
        listener.hear(&report.agent_track);
        let words = listener.words(lexicon);
        let since = words.iter().filter(|found| from as u64 <= found.at);
        let before = words.iter().filter(|found| found.at < from as u64);
        let told_before = before.map(|found| found.word).max();
        let is_late = |word: usize| told_before.is_some_and(|last| word <= last);
        let is_cut = case.interrupts();
        let (late, heard): (Vec<usize>, Vec<usize>) =
            since.map(|found| found.word).partition(|word| is_cut && is_late(*word));
        let turns = turns_since(record, case.questions());
        let response = turn.and_then(|turn| turn.response);
        let said: String =
            turns.iter().map(|turn| turn.reply.reveal().as_str()).collect::<Vec<_>>().join(" | ");
        let words = record.turns.iter().map(|turn| turn.caller.reveal().as_str());
        let understood = words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" | ");
        Self {
            case,
            response,
            gap: turn.map_or(Millis::ZERO, |turn| gap(report.reply_samples(turn), report.rate)),
            heard: heard.into_iter().map(|word| plain(lexicon.word(word))).collect(),
            late: late.len(),
            misunderstood: misunderstood(record, case.questions()),
            outcome: outcome(case.adapter, turns, record.ended, (response, sessions)),
            is_sound: report.verdict == Verdict::Sound,
            told: format!("{understood} -> {said} [{:?}]", record.ended),
        }
    }
}

fn place(rate: SampleRate, micros: u64) -> usize {
    (micros * u64::from(rate.hz()) / 1_000_000) as usize
}

/// The longest silence between two sounds.
fn gap(samples: &[i16], rate: SampleRate) -> Millis {
    let mut ear = Ear::new(rate);
    ear.hear(samples);
    let silences = ear.spans().windows(2).map(|pair| pair[1].start - pair[0].end);
    rate.span_of(silences.max().unwrap_or(0) as u64)
}

/// The turns from the last question on: the record begins with the greeting.
fn turns_since(record: &CallRecord, questions: usize) -> &[TurnRecord] {
    let asked = record.turns.iter().enumerate();
    let mut asked = asked.filter(|(_, turn)| !turn.caller.reveal().trim().is_empty());
    let first = asked.nth(questions - 1).map(|(at, _)| at);
    &record.turns[first.unwrap_or(record.turns.len().min(questions))..]
}

fn outcome(
    adapter: Adapter,
    turns: &[TurnRecord],
    ended: EndReason,
    (response, sessions): (Option<Millis>, &[SessionReport]),
) -> Outcome {
    if response.is_none() {
        return Outcome::Silence;
    }
    let price = normalized(PRICE);
    let is_told = |turn: &&TurnRecord| contains(&normalized(turn.heard.reveal()), &price);
    let Some(answer) = turns.iter().find(is_told) else {
        let asks = turns.iter().any(|turn| turn.reply.reveal().contains('?'));
        let goes_on = ended != EndReason::VendorsFailed;
        return if asks && goes_on { Outcome::AskedAgain } else { Outcome::Apology };
    };
    let words = answer.heard.reveal().to_lowercase();
    if words.contains("sorry") || words.contains("moment") {
        return Outcome::ReplyAfter;
    }
    let is_next = match adapter.duty {
        Duty::Think => !words.contains("friendly stylist"),
        Duty::Recognize | Duty::Speak => {
            let mut others = sessions.iter().filter(|session| session.protocol != adapter.protocol);
            others.any(|session| is_of(session, adapter.duty))
        }
    };
    if is_next { Outcome::ReplyByNext } else { Outcome::Reply }
}

fn is_of(session: &SessionReport, duty: Duty) -> bool {
    let is_one = Adapter::ALL.iter().any(|a| a.protocol == session.protocol && a.duty == duty);
    is_one && (0 < session.audio_bytes || !session.texts.is_empty())
}

/// Words of the questions that are not in the record, and words in it that nobody said.
fn misunderstood(record: &CallRecord, questions: usize) -> usize {
    let said = QUESTION.split_whitespace().map(plain);
    let said: Vec<String> = std::iter::repeat_n(said, questions).flatten().collect();
    let understood = record.turns.iter().flat_map(|turn| turn.caller.reveal().split_whitespace());
    let (lost, more) = apart(&said, understood.map(plain).collect());
    lost + more
}

/// How many of `said` are not among `heard`, and how many of `heard` are left over.
pub(super) fn apart(said: &[String], mut heard: Vec<String>) -> (usize, usize) {
    let mut lost = 0;
    for word in said {
        match heard.iter().position(|other| other == word) {
            Some(at) => {
                heard.swap_remove(at);
            }
            None => lost += 1,
        }
    }
    (lost, heard.len())
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric() || *c == '$').collect::<String>().to_lowercase()
}
