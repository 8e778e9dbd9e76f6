//! What a demo leaves to look at and listen to: sound, record, event log, picture.

use std::fs;
use std::path::{Path, PathBuf};

use caller::timeline::{Stage, StagedTurn, Timeline};
use types::{CallRecord, CallTime, Millis, TurnRecord};

use super::judge::{offset, record_of};
use super::script::DemoScript;
use super::{DemoError, Placed};
use crate::explain::{Sound, Story, timeline};

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
    let story = Story::read(&log)
        .map_err(|error| DemoError::file(&folder)(std::io::Error::other(error)))?;
    write(dir.join("timeline.svg"), picture(placed, &record, &story).to_svg().as_bytes())
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<(), DemoError> {
    fs::write(&path, bytes).map_err(DemoError::file(&path))
}

/// The call as a picture: the engine's own story of it, with the response times that the caller
/// measured.
fn picture(placed: &Placed, record: &CallRecord, story: &Story) -> Timeline {
    let report = &placed.report;
    let offset = offset(record, report);
    let (caller, agent) = (report.caller_track.clone(), report.agent_track.clone());
    let mut picture = timeline(story, Sound { rate: report.rate, caller, agent, offset });
    picture.turns = staged_turns(placed, record, offset);
    picture
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
