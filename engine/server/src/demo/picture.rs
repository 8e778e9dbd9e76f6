//! What a demo leaves to look at and listen to: sound, record, event log, picture.

use std::fs;
use std::path::{Path, PathBuf};

use call::{Event, LogEntry, LogReader};
use caller::timeline::{AgentWords, CallerWords, Stage, StagedTurn, Timeline};
use types::{CallRecord, CallTime, Millis, TurnRecord};

use super::judge::{offset, record_of};
use super::script::DemoScript;
use super::{DemoError, Placed};

/// Writes everything about one call: the script's first call into `out`, others below it.
pub(super) fn write_call(
    script: &DemoScript,
    placed: &Placed,
    state: &Path,
    out: &Path,
) -> Result<(), DemoError> {
    let is_first = script.calls.first().is_some_and(|call| call.id == placed.call.id);
    let dir = if is_first { out.to_owned() } else { out.join(&placed.call.id) };
    fs::create_dir_all(&dir).map_err(DemoError::file(&dir))?;
    let (record, folder) = record_of(placed, state)?;
    for file in ["call.json", "events.jsonl"] {
        let to = dir.join(file);
        fs::copy(folder.join(file), &to).map_err(DemoError::file(&to))?;
    }
    let report = &placed.report;
    write(dir.join("caller.json"), report.to_json().as_bytes())?;
    let wav = dir.join("call.wav");
    caller::write_stereo_wav(&wav, report.rate, &report.caller_track, &report.agent_track)
        .map_err(|error| DemoError::file(&wav)(std::io::Error::other(error)))?;
    let log = fs::read(folder.join("events.jsonl")).map_err(DemoError::file(&folder))?;
    let timeline = timeline(placed, &record, &log);
    write(dir.join("timeline.svg"), timeline.to_svg().as_bytes())
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<(), DemoError> {
    fs::write(&path, bytes).map_err(DemoError::file(&path))
}

/// The call as a picture: what the caller measured, with the engine's words and stages.
fn timeline(placed: &Placed, record: &CallRecord, log: &[u8]) -> Timeline {
    let report = &placed.report;
    let offset = offset(record, report);
    let subtitle = format!(
        "{} turns, {} rings {}, {} long",
        record.turns.len(),
        placed.call.voice,
        record.parties.to,
        seconds(record.duration)
    );
    let mut timeline = Timeline::of(report, placed.call.business.to_string(), subtitle);
    timeline.caller_words = caller_words(record, log, offset);
    timeline.agent_words = agent_words(placed, record, offset);
    timeline.turns = staged_turns(placed, record, offset);
    timeline
}

fn seconds(span: Millis) -> String {
    format!("{}.{} s", span.get() / 1_000, span.get() % 1_000 / 100)
}

fn caller_words(record: &CallRecord, log: &[u8], offset: Millis) -> Vec<CallerWords> {
    let mut words = Vec::new();
    let mut began = CallTime::ZERO;
    let mut turns = record.turns.iter().filter(|turn| !turn.caller.reveal().is_empty());
    let Ok(mut reader) = LogReader::new(log) else { return words };
    while let Ok(Some(line)) = reader.next_line() {
        let at = line.at + offset;
        match line.entry {
            LogEntry::Event(Event::SpeechStarted { at }) => began = at + offset,
            LogEntry::Event(Event::Partial { text, .. } | Event::Stable { text, .. }) => {
                words.push(CallerWords::Partial { at, text: text.into_revealed() });
            }
            LogEntry::Event(Event::Final { text, .. }) if !text.reveal().is_empty() => {
                let ended = turns.next().and_then(|turn| turn.stages.speech_ended);
                let until = ended.map_or(at, |ended| ended + offset).max(began);
                words.push(CallerWords::Final { from: began, until, text: text.into_revealed() });
            }
            LogEntry::Event(_)
            | LogEntry::Timeout(_)
            | LogEntry::Action(_)
            | LogEntry::Remark(_) => (),
        }
    }
    words
}

/// Each reply under the stretch of audio in which it was heard.
fn agent_words(placed: &Placed, record: &CallRecord, offset: Millis) -> Vec<AgentWords> {
    let measures = &placed.report.turns;
    let said = record.turns.iter().filter_map(|turn| {
        let from = turn.stages.heard? + offset;
        let unheard = turn.reply.reveal().strip_prefix(turn.heard.reveal().as_str());
        let ended = measures
            .iter()
            .filter_map(|measure| measure.reply_began.zip(measure.reply_ended))
            .chain(placed.report.greeting.as_ref().map(|greeting| (greeting.began, greeting.ended)))
            .filter(|(_, ended)| from < *ended)
            .map(|(_, ended)| ended)
            .min();
        Some(AgentWords {
            from,
            until: ended.unwrap_or(from + Millis::from_secs(1)),
            heard: turn.heard.reveal().clone(),
            unheard: unheard.unwrap_or_default().to_owned(),
        })
    });
    said.collect()
}

fn staged_turns(placed: &Placed, record: &CallRecord, offset: Millis) -> Vec<StagedTurn> {
    let staged = placed.report.turns.iter().filter_map(|measure| {
        let response = measure.response?;
        let heard = measure.question_ended + response;
        let near = |turn: &&TurnRecord| {
            turn.stages.heard.is_some_and(|at| {
                let at = at + offset;
                at.since(heard).get().max(heard.since(at).get()) < 600
            })
        };
        let turn = record.turns.iter().find(near)?;
        let stages = stages(turn, heard, offset);
        Some(StagedTurn { question_ended: measure.question_ended, response, stages })
    });
    staged.collect()
}

/// Where the time of `turn` went until the caller heard it at `heard`.
fn stages(turn: &TurnRecord, heard: CallTime, offset: Millis) -> Vec<(Stage, Millis)> {
    let stages = &turn.stages;
    let between = |from: Option<CallTime>, until: Option<CallTime>| Some(until?.since(from?));
    let lead = stages.voiced.map(|voiced| heard.since(voiced + offset));
    let spans = [
        (Stage::EndpointDelay, between(stages.speech_ended, stages.endpointed)),
        (Stage::Recognizer, between(stages.endpointed, stages.transcribed)),
        (Stage::Brain, between(stages.transcribed, stages.thought)),
        (Stage::Voice, between(stages.thought, stages.voiced)),
        (Stage::Lead, lead),
    ];
    spans.into_iter().filter_map(|(stage, span)| Some((stage, span?))).collect()
}
