//! A story on a time axis, beside the sound of the call.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use call::{Certainty, Decision, LogError, Remark};
use caller::BargeIn;
use caller::timeline::{AgentWords, CallerWords, Flag, FlagKind, Stage, StagedTurn, Timeline};
use hound::{SampleFormat, WavReader};
use serde::Deserialize;
use thiserror::Error;
use types::{CallTime, Millis, SampleRate, Stages, WallTime};

use super::phrases::{self, span};
use super::tell::decided;
use super::{Moment, Story, Turn, What};

/// The longest recording drawn: a day at 8 kHz is 1.4 GB of samples, and no picture.
const FRAMES_MAX: u32 = 4 * 3_600 * 16_000;

/// The sound of a call in two tracks.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    pub(crate) rate: SampleRate,
    pub(crate) caller: Vec<i16>,
    pub(crate) agent: Vec<i16>,
    /// Where the call's clock stands on the recording's.
    pub(crate) offset: Millis,
}

/// A folder that cannot be drawn.
#[derive(Debug, Error)]
pub enum PictureError {
    /// A file is not there, or cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The event log is none.
    #[error("{}: {source}", path.display())]
    Log {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: LogError,
    },
    /// The recording is none that we write.
    #[error("{}: {why}", path.display())]
    Sound {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// The picture of the finished call whose event log is `log`, as SVG, with the recording that lies
/// beside it if there is one.
///
/// # Errors
/// [`PictureError`]. A call that was not recorded is drawn without waves.
pub fn draw(log: &Path) -> Result<String, PictureError> {
    let path = || log.to_owned();
    let bytes = fs::read(log).map_err(|source| PictureError::File { path: path(), source })?;
    let story = Story::read(&bytes).map_err(|source| PictureError::Log { path: path(), source })?;
    let sound = read_sound(log.parent().unwrap_or(Path::new("")), &story)?;
    Ok(timeline(&story, sound).to_svg())
}

fn read_sound(dir: &Path, story: &Story) -> Result<Sound, PictureError> {
    let path = dir.join("call.wav");
    if !path.exists() {
        let length = SampleRate::Hz8000.samples_in(story.until.since(CallTime::ZERO));
        let silence = vec![0; length.min(FRAMES_MAX as usize)];
        let (caller, agent) = (silence.clone(), silence);
        return Ok(Sound { rate: SampleRate::Hz8000, caller, agent, offset: Millis::ZERO });
    }
    let fail = |why: String| PictureError::Sound { path: path.clone(), why };
    let mut wav = WavReader::open(&path).map_err(|error| fail(error.to_string()))?;
    let spec = wav.spec();
    if spec.channels != 2 || spec.bits_per_sample != 16 || spec.sample_format != SampleFormat::Int {
        return Err(fail("is no stereo recording of 16 bits: caller left, agent right".into()));
    }
    let rate = [SampleRate::Hz8000, SampleRate::Hz16000, SampleRate::Hz24000, SampleRate::Hz48000]
        .into_iter()
        .find(|rate| rate.hz() == spec.sample_rate)
        .ok_or_else(|| fail(format!("has {} samples a second", spec.sample_rate)))?;
    if FRAMES_MAX < wav.duration() {
        return Err(fail("is longer than four hours".into()));
    }
    let (mut caller, mut agent) = (Vec::new(), Vec::new());
    // A crash may leave an odd end: what came before it is drawn.
    for (number, sample) in wav.samples::<i16>().map_while(Result::ok).enumerate() {
        if number % 2 == 0 { caller.push(sample) } else { agent.push(sample) }
    }
    Ok(Sound { rate, caller, agent, offset: offset(dir, story.began) })
}

/// A recording made by the caller begins when the caller dialed: that is before the leg was there.
fn offset(dir: &Path, began: WallTime) -> Millis {
    #[derive(Deserialize)]
    struct Measured {
        started_unix_ms: i64,
    }
    let measured = fs::read(dir.join("caller.json")).ok();
    let measured: Option<Measured> = measured.and_then(|json| serde_json::from_slice(&json).ok());
    let ms = measured.map_or(0, |measured| began.as_unix_millis() - measured.started_unix_ms);
    Millis::new(u32::try_from(ms).unwrap_or(0))
}

/// `story` beside `sound`.
pub(crate) fn timeline(story: &Story, sound: Sound) -> Timeline {
    let Sound { rate, caller, agent, offset } = sound;
    let shift = |at: CallTime| at + offset;
    let speech = story.turns.iter().flat_map(|turn| &turn.speech);
    Timeline {
        title: story.business.to_string(),
        subtitle: subtitle(story),
        rate,
        caller,
        agent,
        speech: speech.map(|span| shift(span.from)..shift(span.until)).collect(),
        caller_words: story.turns.iter().flat_map(|turn| caller_words(turn, offset)).collect(),
        agent_words: story.turns.iter().flat_map(|turn| agent_words(turn, offset)).collect(),
        turns: story.turns.iter().filter_map(|turn| staged(turn, offset)).collect(),
        barge_ins: barge_ins(story, offset),
        flags: story.moments().filter_map(|moment| flag(moment, offset)).collect(),
    }
}

fn subtitle(story: &Story) -> String {
    let mut facts = Vec::new();
    let stamp = jiff::Timestamp::from_millisecond(story.began.as_unix_millis());
    if let Ok(stamp) = stamp {
        facts.push(stamp.strftime("%B %-d, %Y, %H:%M UTC").to_string());
    }
    if let Some(leg) = &story.leg {
        let from =
            leg.from.as_ref().map_or("number withheld".into(), |from| from.reveal().to_string());
        facts.push(format!("{from} → {}", leg.to));
        facts.push(leg.format.clone());
    }
    facts.push(match story.ended {
        Some(ending) => phrases::ended(ending.reason).to_owned(),
        None => "the log ends before the call does".to_owned(),
    });
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of many moments a few are drawn")]
fn caller_words(turn: &Turn, offset: Millis) -> Vec<CallerWords> {
    let mut words: Vec<CallerWords> = Vec::new();
    let spoken = |at: CallTime| {
        let mut spans = turn.speech.iter().filter(|span| span.from <= at);
        (spans.clone().next().map(|span| span.from), spans.next_back().map(|span| span.until))
    };
    let mut began = None;
    for moment in &turn.moments {
        match &moment.what {
            What::Words { text, certainty: Certainty::Partial | Certainty::None } => {
                let (at, text) = (moment.at + offset, text.reveal().clone());
                words.push(CallerWords::Partial { at, text });
            }
            What::Understood { text, .. } if !text.reveal().is_empty() => {
                let (first, last) = spoken(moment.at);
                let from = began.or(first).unwrap_or(moment.at);
                let until = last.unwrap_or(moment.at).max(from);
                // The next words of the same turn begin where these ended.
                began = turn.speech.iter().map(|span| span.from).find(|from| until < *from);
                words.push(CallerWords::Final {
                    from: from + offset,
                    until: until + offset,
                    text: text.reveal().clone(),
                });
            }
            _ => (),
        }
    }
    words
}

fn agent_words(turn: &Turn, offset: Millis) -> Vec<AgentWords> {
    let heard = turn.replies.iter().filter_map(|reply| {
        let from = reply.from?;
        if reply.audio == Millis::ZERO && reply.heard.reveal().is_empty() {
            return None;
        }
        let until = reply.until.unwrap_or(from + reply.audio).max(from);
        Some(AgentWords {
            from: from + offset,
            until: until + offset,
            heard: reply.heard.reveal().clone(),
            unheard: reply.unheard.reveal().clone(),
        })
    });
    heard.collect()
}

fn staged(turn: &Turn, offset: Millis) -> Option<StagedTurn> {
    let (question_ended, response) = (turn.stages.speech_ended?, turn.response?);
    let stages = stages(&turn.stages);
    Some(StagedTurn { question_ended: question_ended + offset, response, stages })
}

fn stages(stages: &Stages) -> Vec<(Stage, Millis)> {
    let between = |from: Option<CallTime>, until: Option<CallTime>| Some(until?.since(from?));
    let spans = [
        (Stage::EndpointDelay, between(stages.speech_ended, stages.endpointed)),
        (Stage::Recognizer, between(stages.endpointed, stages.transcribed)),
        (Stage::Brain, between(stages.transcribed, stages.thought)),
        (Stage::Voice, between(stages.thought, stages.voiced)),
        (Stage::Lead, between(stages.voiced, stages.heard)),
    ];
    spans.into_iter().filter_map(|(stage, span)| Some((stage, span?))).collect()
}

/// Where the caller stopped a reply that could be heard.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many moments a few are drawn")]
fn barge_ins(story: &Story, offset: Millis) -> Vec<BargeIn> {
    // The agent was held as soon as the caller was noticed, and confirmed later.
    let mut held = None;
    let confirmed = story.moments().filter_map(|moment| match &moment.what {
        What::Decided { decision: Decision::BargeInHeld { generation, .. }, .. } => {
            held = Some((*generation, moment.at));
            None
        }
        What::Decided { decision: Decision::BargeInConfirmed { generation, .. }, .. } => {
            let noticed = held.filter(|(of, _)| of == generation).map(|(_, at)| at);
            Some((noticed.unwrap_or(moment.at), *generation))
        }
        _ => None,
    });
    let cut = confirmed.filter_map(|(at, generation)| {
        let mut replies = story.turns.iter().flat_map(|turn| &turn.replies);
        let reply = replies.find(|reply| reply.generation == generation)?;
        let (from, until) = (reply.from?, reply.until?);
        let spans = story.turns.iter().flat_map(|turn| &turn.speech);
        let onset = spans.map(|span| span.from).filter(|onset| *onset <= at).max()?.max(from);
        (reply.audio != Millis::ZERO && onset <= until).then(|| BargeIn {
            onset: onset + offset,
            silent_at: until + offset,
            stop: until.since(onset),
        })
    });
    cut.collect()
}

/// What of a story is worth a flag.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many moments a few are drawn")]
fn flag(moment: &Moment, offset: Millis) -> Option<Flag> {
    let (kind, label, why) = match &moment.what {
        What::Decided { decision, turn_end } => {
            let (kind, mut label) = decision_flag(decision)?;
            if let Some(rule) = turn_end.and_then(|end| end.rule) {
                label = format!("{label}: {}", phrases::rule_in_a_word(rule));
            }
            (kind, label, decided(decision, *turn_end))
        }
        What::Key { digit } => {
            (FlagKind::Caller, format!("key {digit}"), "the caller pressed a key".into())
        }
        What::WentOn { silence } => (
            FlagKind::Quiet,
            "goes on".into(),
            format!("the caller went on after {silence}: the turn was not over"),
        ),
        What::Noticed { remark: Remark::Starved { .. } } => {
            (FlagKind::Fault, "gap".into(), "the voice was slower than the caller's ear".into())
        }
        What::Noticed { remark: Remark::Restarted } => {
            (FlagKind::Fault, "line restarts".into(), "the carrier streams anew".into())
        }
        What::Refused { reason } => (FlagKind::Fault, "refused".into(), reason.to_string()),
        What::Ordered { order } => {
            (FlagKind::Agent, phrases::order(order), "an order to the line".into())
        }
        What::MessageKept => {
            (FlagKind::Agent, "message kept".into(), "for the business to read".into())
        }
        What::LegGone { how } => {
            (FlagKind::Quiet, "line closes".into(), phrases::leg_end(*how).into())
        }
        _ => return None,
    };
    Some(Flag { at: moment.at + offset, kind, label, why })
}

fn decision_flag(decision: &Decision) -> Option<(FlagKind, String)> {
    Some(match decision {
        Decision::Endpointed { .. } => (FlagKind::Turn, "turn over".into()),
        Decision::EndpointDelay { delay, .. } => {
            (FlagKind::Quiet, format!("waits {}", span(*delay)))
        }
        Decision::SpeechTooLong { .. } => (FlagKind::Turn, "turn cut off".into()),
        Decision::Merged { .. } => (FlagKind::Turn, "same turn".into()),
        Decision::BargeInHeld { .. } => (FlagKind::Agent, "agent holds".into()),
        Decision::BargeInConfirmed { .. } => (FlagKind::BargeIn, "cuts in".into()),
        Decision::BargeInRejected { .. } => (FlagKind::Agent, "no barge-in".into()),
        Decision::BargeInProtected { .. } => (FlagKind::Agent, "speaks on".into()),
        Decision::BargeInIgnored { .. } => (FlagKind::Agent, "hears itself".into()),
        Decision::BargeInPostponed { .. } => (FlagKind::Quiet, "not yet".into()),
        Decision::Withdrawn { .. } => (FlagKind::Agent, "takes reply back".into()),
        Decision::EmptyTurn { .. } => (FlagKind::Turn, "no words".into()),
        Decision::NoInput { .. } => (FlagKind::Agent, "speaks up".into()),
        Decision::FinalMissing { .. } => (FlagKind::Fault, "words overdue".into()),
        Decision::PlayoutAssumed { .. } => (FlagKind::Fault, "no mark".into()),
        Decision::Failed { what, .. } => {
            (FlagKind::Fault, format!("{} fails", phrases::failure(*what)))
        }
        Decision::Detached { .. } => (FlagKind::Fault, "line lost".into()),
        Decision::Restored { .. } => (FlagKind::Fault, "engine restarted".into()),
        Decision::Reattached { gap } => (FlagKind::Agent, format!("line back, {}", span(*gap))),
        Decision::TakenUp { .. } => (FlagKind::Agent, "goes on".into()),
        Decision::Closing { .. } => (FlagKind::Agent, "closes".into()),
        Decision::HangUpCancelled { .. } => (FlagKind::Agent, "stays".into()),
        Decision::HeardText { .. } | Decision::LateAnswer { .. } => return None,
    })
}
