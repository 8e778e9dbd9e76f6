//! Where a turn's time goes, from the engine's record and the caller's measurement.

use caller::{CallReport, TurnMeasure};
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
    /// How late the endpoint was after the silence that was chosen: timers, and words that became
    /// stable only then.
    pub timer: f64,
    /// From the first sound to the first frame sent.
    pub sending: f64,
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
            ("own share", self.own()),
        ]
    }

    /// What no stage explains: late timers and waits inside the engine.
    pub fn own(&self) -> f64 {
        self.timer + self.sending
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
    let split = |measure: &TurnMeasure| turn(&record.turns, measure, offset as f64);
    report.turns.iter().filter_map(split).collect()
}

/// The split of a measured turn, if one of `records` is of it. `offset` is how much later than the
/// caller's the engine's clock began.
fn turn(records: &[TurnRecord], measure: &TurnMeasure, offset: f64) -> Option<Turn> {
    let here = |time: CallTime| time.as_micros() as f64 / 1_000.0;
    let there = |time: CallTime| here(time) + offset;
    let heard = here(measure.reply_began?);
    let ended = here(measure.question_ended);
    // A question with a long pause in it is two turns to the engine; the reply is the one to its end.
    let apart = |turn: &TurnRecord| Some((there(turn.stages.speech_ended?) - ended).abs());
    let turns = records.iter().filter_map(|turn| Some((apart(turn)?, turn.stages)));
    let (apart, stages) = turns.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    if f64::from(SAME_WITHIN.get()) < apart {
        return None;
    }
    let (speech, endpointed) = (stages.speech_ended?, stages.endpointed?);
    let (transcribed, thought) = (stages.transcribed?, stages.thought?);
    let (voiced, sent) = (stages.voiced?, stages.sent?);
    let endpoint = f64::from(stages.endpoint_delay?.get());
    Some(Turn {
        label: measure.label.clone(),
        response: heard - ended,
        detector: there(speech) - ended,
        endpoint,
        recognizer: here(transcribed) - here(endpointed),
        brain: here(thought) - here(transcribed),
        voice: here(voiced) - here(thought),
        lead: heard - there(sent),
        timer: here(endpointed) - here(speech) - endpoint,
        sending: here(sent) - here(voiced),
        gaps: measure.gaps.iter().filter(|gap| 20 <= gap.length.get()).count(),
    })
}

/// The value below which `percent` of `values` lie.
pub fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * percent / 100).min(last)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use types::Stages;

    use super::*;

    const fn ms(ms: u64) -> CallTime {
        CallTime::from_millis(ms)
    }

    fn measured(ended: u64, reply: u64) -> TurnMeasure {
        TurnMeasure {
            label: "q".into(),
            question_began: ms(ended - 3_000),
            question_ended: ms(ended),
            reply_began: Some(ms(reply)),
            reply_ended: Some(ms(reply + 2_000)),
            response: Some(ms(reply) - ms(ended)),
            gaps: Vec::new(),
            reply_audio: None,
            talked_over: false,
            barge_in: None,
        }
    }

    /// A turn whose speech ended at `ended`, after which everything took as long as it usually does.
    fn recorded(ended: u64, delay: u32) -> TurnRecord {
        let after = |span: u64| Some(ms(ended + u64::from(delay) + span));
        let stages = Stages {
            speech_ended: Some(ms(ended)),
            endpoint_delay: Some(Millis::new(delay)),
            endpointed: after(1),
            transcribed: after(3),
            thought: after(10),
            voiced: after(40),
            sent: after(42),
            heard: after(82),
        };
        TurnRecord { stages, ..TurnRecord::default() }
    }

    #[test]
    fn a_question_with_a_pause_in_it_is_split_by_the_turn_of_its_end() {
        // The caller paused for more than a second; the reply to the first half was cut off.
        let records = [recorded(4_000, 1_038), recorded(5_400, 350)];
        let turn = turn(&records, &measured(5_380, 5_842), 30.0).unwrap();
        assert_eq!((turn.endpoint, turn.detector, turn.lead), (350.0, 50.0, 20.0));
        let stages: f64 = turn.stages().iter().map(|(_, ms)| ms).sum();
        assert!((stages - turn.response).abs() < 1e-9);
        assert!(turn.stages().iter().all(|(_, ms)| 0.0 <= *ms), "{:?}", turn.stages());
    }

    #[test]
    fn a_turn_that_is_nobody_s_is_not_split() {
        let records = [recorded(4_000, 350), TurnRecord::default()];
        assert!(turn(&records, &measured(9_000, 9_500), 0.0).is_none());
    }
}
