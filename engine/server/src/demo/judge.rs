//! Was every question answered with the right facts?

use std::fs;
use std::path::Path;

use caller::{CallReport, TurnMeasure};
use types::{BusinessId, CallRecord, CallTime, EndReason, Millis, TurnRecord};

use super::script::{DemoLine, DemoScript, Interrupted};
use super::{DemoError, Placed};
use crate::score::Outcome as Expected;

/// How one question of a demo was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineVerdict {
    /// Which call of the script.
    pub call: String,
    /// Who was asked.
    pub business: BusinessId,
    /// What was asked.
    pub text: String,
    /// How it was understood.
    pub understood: String,
    /// What was heard in reply.
    pub reply: String,
    /// End of the question to the first sound of the reply.
    pub response: Option<Millis>,
    /// From the caller's first sound to the agent's silence, if the caller talked over it.
    pub barge_in: Option<Millis>,
    /// Whether it asks for facts, or only takes leave.
    pub asks: Asks,
    /// Whether it was right.
    pub outcome: Outcome,
}

/// What a line of a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A question: the demo succeeds only if all of them are answered with the right facts.
    Facts,
    /// A goodbye: shown, but no fact depends on it.
    Nothing,
}

/// Whether a question was answered rightly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was.
    Right,
    /// It was not.
    NotRight {
        /// Why.
        why: String,
    },
}

/// The record of a placed call.
pub(super) fn record_of(
    placed: &Placed,
    state: &Path,
) -> Result<(CallRecord, std::path::PathBuf), DemoError> {
    let dir = state.join("calls").join(placed.call.business.as_str());
    let missing = || DemoError::NoRecord { id: placed.call.id.clone(), dir: dir.clone() };
    for item in fs::read_dir(&dir).map_err(|_| missing())? {
        let folder = item.map_err(|_| missing())?.path();
        let Ok(json) = fs::read(folder.join("call.json")) else { continue };
        let record: CallRecord = serde_json::from_slice(&json).map_err(|_| missing())?;
        if record.parties.carrier_call == placed.report.call_control {
            return Ok((record, folder));
        }
    }
    Err(missing())
}

/// Where the engine's clock stands on the caller's.
pub(super) fn offset(record: &CallRecord, report: &CallReport) -> Millis {
    let ms = record.began.as_unix_millis() - report.started.as_unix_millis();
    Millis::new(u32::try_from(ms).unwrap_or(0))
}

/// Judges every line of every call.
pub(super) fn judge_all(
    script: &DemoScript,
    placed: &[Placed],
    state: &Path,
) -> Result<Vec<LineVerdict>, DemoError> {
    let mut verdicts = Vec::new();
    for call in &script.calls {
        let Some(placed) = placed.iter().find(|placed| placed.call.id == call.id) else { continue };
        let (record, _) = record_of(placed, state)?;
        let offset = offset(&record, &placed.report);
        for (number, line) in placed.call.lines.iter().enumerate() {
            let next = placed.call.lines.get(number + 1);
            let interrupted = match next.and_then(|next| next.interrupts_after_ms) {
                Some(_) => Interrupted::Yes,
                None => Interrupted::No,
            };
            let measures = &placed.report.turns;
            let measure = measures.get(number);
            let until = measures.get(number + 1).map(|turn| turn.question_began);
            let turns = turns_between(&record, measure, until, offset);
            verdicts.push(judge(placed, line, (measure, turns), &record, interrupted));
        }
    }
    Ok(verdicts)
}

/// The engine's turns that answer what the caller said from `measure` on until it spoke again.
fn turns_between<'a>(
    record: &'a CallRecord,
    measure: Option<&TurnMeasure>,
    until: Option<CallTime>,
    offset: Millis,
) -> Vec<&'a TurnRecord> {
    let Some(measure) = measure else { return Vec::new() };
    let turns = record.turns.iter().filter(|turn| {
        let Some(ended) = turn.stages.speech_ended else { return false };
        let ended = ended + offset;
        measure.question_began < ended && until.is_none_or(|until| ended <= until)
    });
    turns.collect()
}

fn judge(
    placed: &Placed,
    line: &DemoLine,
    (measure, turns): (Option<&TurnMeasure>, Vec<&TurnRecord>),
    record: &CallRecord,
    interrupted: Interrupted,
) -> LineVerdict {
    let joined = |part: fn(&TurnRecord) -> &String| {
        turns.iter().map(|turn| part(turn).as_str()).collect::<Vec<_>>().join(" ")
    };
    let reply = joined(|turn| turn.heard.reveal());
    let cites: Vec<_> = turns.iter().flat_map(|turn| turn.cites.iter().copied()).collect();
    let shortfall = if measure.is_none() {
        Some("was never asked".to_owned())
    } else if line.outcome == Expected::Goodbye {
        (record.ended != EndReason::AgentSaidGoodbye)
            .then(|| "the agent did not take leave".to_owned())
    } else {
        line.shortfall(&cites, &reply, interrupted)
    };
    LineVerdict {
        call: placed.call.id.clone(),
        business: placed.call.business,
        text: line.text.clone(),
        understood: joined(|turn| turn.caller.reveal()),
        reply,
        response: measure.and_then(|measure| measure.response),
        barge_in: measure.and_then(|measure| measure.barge_in).map(|barge_in| barge_in.stop),
        asks: if line.outcome == Expected::Goodbye { Asks::Nothing } else { Asks::Facts },
        outcome: shortfall.map_or(Outcome::Right, |why| Outcome::NotRight { why }),
    }
}
