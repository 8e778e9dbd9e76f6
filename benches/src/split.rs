//! Where a turn's time goes, from the engine's record and the caller's measurement.

use caller::CallReport;
use serde_json::{Value, json};
use types::{CallRecord, CallTime, Millis, TurnRecord};

/// A question may be measured and recorded this far apart and still be the same one.
const SAME_WITHIN: Millis = Millis::new(1_500);

/// One answered question, in milliseconds from the end of the caller's speech.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Which recording.
    pub label: String,
    /// To the first sound of the reply, at the caller's ear.
    pub response: f64,
    /// How much later than the caller the detector saw the speech end; negative is earlier.
    pub detector: f64,
    /// Silence that was waited for on purpose.
    pub endpoint: f64,
    /// Until the words were there.
    pub recognizer: f64,
    /// Until the reply's first words were there.
    pub brain: f64,
    /// Until the reply's first sound was there.
    pub voice: f64,
    /// From the first frame sent to the caller's ear: the carrier's buffer and the packet itself.
    pub lead: f64,
    /// What is left: late timers and waits inside the engine.
    pub own: f64,
    /// Gaps of at least 20 ms inside the reply.
    pub gaps: usize,
}

impl Turn {
    /// The stages by name, in order of time.
    pub fn stages(&self) -> [(&'static str, f64); 7] {
        [
            ("detector", self.detector),
            ("endpoint delay", self.endpoint),
            ("recognizer", self.recognizer),
            ("brain", self.brain),
            ("voice", self.voice),
            ("lead", self.lead),
            ("own share", self.own),
        ]
    }

    /// As JSON, in milliseconds.
    pub fn to_json(&self) -> Value {
        let stages = self.stages().map(|(name, ms)| (name.replace(' ', "_") + "_ms", json!(ms)));
        let mut turn = Value::Object(stages.into_iter().collect());
        turn["label"] = json!(self.label);
        turn["response_ms"] = json!(self.response);
        turn["gaps"] = json!(self.gaps);
        turn
    }
}

/// The turns of a call that both sides know of.
pub fn turns(record: &CallRecord, report: &CallReport) -> Vec<Turn> {
    let offset = record.began.as_unix_millis() - report.started.as_unix_millis();
    let here = |time: CallTime| time.as_micros() as f64 / 1_000.0;
    let there = |time: CallTime| here(time) + offset as f64;
    let measured = report.turns.iter().filter_map(|measure| {
        let heard = here(measure.reply_began?);
        let ended = here(measure.question_ended);
        let near = |turn: &&TurnRecord| {
            let speech = turn.stages.speech_ended.map(there);
            speech.is_some_and(|speech| (speech - ended).abs() < f64::from(SAME_WITHIN.get()))
        };
        let stages = record.turns.iter().find(near)?.stages;
        let (speech, endpointed) = (stages.speech_ended?, stages.endpointed?);
        let (transcribed, thought) = (stages.transcribed?, stages.thought?);
        let (voiced, sent) = (stages.voiced?, stages.sent?);
        let endpoint = f64::from(stages.endpoint_delay?.get());
        let timer = here(endpointed) - here(speech) - endpoint;
        Some(Turn {
            label: measure.label.clone(),
            response: heard - ended,
            detector: there(speech) - ended,
            endpoint,
            recognizer: here(transcribed) - here(endpointed),
            brain: here(thought) - here(transcribed),
            voice: here(voiced) - here(thought),
            lead: heard - there(sent),
            own: timer + here(sent) - here(voiced),
            gaps: measure.gaps.iter().filter(|gap| 20 <= gap.length.get()).count(),
        })
    });
    measured.collect()
}

/// The value below which `percent` of `values` lie.
pub fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * percent / 100).min(last)).copied().unwrap_or(f64::NAN)
}
