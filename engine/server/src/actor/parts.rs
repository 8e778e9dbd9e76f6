//! What a session is put together from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use call::{Call, CallConfig, LogHeader, LogWriter};
use media::{PlayoutSettings, Tap};
use types::{
    AgentConfig, AudioFormat, CallId, CallTime, LegControl, Millis, Recording as Record, WallTime,
};
use vendor::{BrainContext, BrainSession, RecognizerRequest, VoiceRequest};

use super::hearing::{Hearing, HearingSettings};
use super::inbox::InboxSink;
use super::log::CallLog;
use super::opening::Opening;
use super::session::{Past, SessionError, wall_now};
use super::speaking::Speaking;
use crate::node::Node;
use crate::vocabulary::vocabulary;

/// Files of one call's audio: one more for each crash it survives.
const RECORDINGS_MAX: u32 = 100;

/// What a session begins or goes on with.
pub(super) struct Conversation {
    pub(super) call: Call,
    pub(super) log: CallLog,
    pub(super) clock_offset: CallTime,
    /// How long nobody was there, if it goes on.
    pub(super) gap: Option<Millis>,
}

impl Conversation {
    /// A call that begins.
    pub(super) fn begins(
        node: &Node,
        (id, began, seed): (CallId, WallTime, u64),
        agent: &AgentConfig,
        config: CallConfig,
    ) -> Self {
        let header = LogHeader {
            format: call::LOG_FORMAT,
            call: id,
            business: agent.business,
            agent: agent.agent,
            version: agent.version,
            began,
            seed,
            config: config.clone(),
        };
        let log = CallLog::begin(id, node.journal.clone(), &header);
        Self { call: Call::new(config, seed), log, clock_offset: CallTime::ZERO, gap: None }
    }

    /// A call that another process began: its clock has gone on by the wall clock, and never goes back.
    pub(super) fn goes_on(node: &Node, id: CallId, began: WallTime, past: Past) -> Self {
        let Past { rebuilt, lines } = past;
        let mut whole = LogWriter::behind(&lines[..rebuilt.bytes]);
        rebuilt.unlogged.iter().for_each(|action| whole.action(rebuilt.at, action));
        let log = CallLog::behind(id, node.journal.clone(), whole.pending());
        let passed = wall_now().as_unix_millis() - began.as_unix_millis();
        let now = CallTime::from_millis(passed.try_into().unwrap_or(0)).max(rebuilt.at);
        let gap = Some(now.since(rebuilt.at));
        Self { call: rebuilt.call, log, clock_offset: now, gap }
    }
}

/// Where the audio of a call goes: after a crash, into a second file.
pub(super) fn recording_path(dir: &Path) -> PathBuf {
    let first = dir.join("call.wav");
    let mut others = (2..RECORDINGS_MAX).map(|number| dir.join(format!("call-{number}.wav")));
    if first.exists() { others.find(|path| !path.exists()).unwrap_or(first) } else { first }
}

/// The caller's side.
pub(super) fn open_hearing(
    node: &Node,
    agent: &AgentConfig,
    format: AudioFormat,
    sink: Arc<InboxSink>,
) -> Result<Hearing, SessionError> {
    let request = |format| RecognizerRequest {
        format,
        language: agent.persona.language.clone(),
        vocabulary: vocabulary(&agent.facts),
    };
    let chosen = (agent.business, agent.vendors.recognizer.as_slice());
    let (session, wanted) = node
        .vendors
        .open_recognizer(chosen, format, request, sink)?
        .ok_or(SessionError::NoVendor { kind: "recognizer" })?;
    let settings = HearingSettings {
        starvation: node.config.media.starvation,
        order: node.config.media.l16_order,
    };
    Ok(Hearing::new(format, settings, node.vendors.vad(), session, wanted)?)
}

/// The agent's side.
pub(super) fn open_speaking(
    node: &Node,
    agent: &AgentConfig,
    format: AudioFormat,
    sink: Arc<InboxSink>,
) -> Result<Speaking, SessionError> {
    let request = VoiceRequest { language: agent.persona.language.clone(), format };
    let settings = PlayoutSettings {
        lead: node.config.playout.lead,
        lead_max: node.config.playout.lead + Millis::new(80),
        start_after: node.config.playout.start_after,
        tap: match agent.recording {
            Record::On => Tap::On,
            Record::Off => Tap::Off,
        },
        ..PlayoutSettings::STANDARD
    };
    let chosen = (agent.business, agent.vendors.voice.as_slice());
    let voice = node
        .vendors
        .open_voice(chosen, &request, sink)?
        .ok_or(SessionError::NoVendor { kind: "voice" })?;
    Ok(Speaking::new(format, settings, voice)?)
}

/// Who thinks.
pub(super) fn open_brain(
    node: &Node,
    agent: &Arc<AgentConfig>,
    (call, opening, leg): (CallId, &Opening, &dyn LegControl),
    sink: Arc<InboxSink>,
) -> Result<Box<dyn BrainSession>, SessionError> {
    let caller = opening.from.clone();
    let abilities = leg.abilities();
    let context = BrainContext { agent: agent.clone(), caller, call, abilities };
    node.vendors
        .open_brain(&agent.vendors.brain, context, sink)?
        .ok_or(SessionError::NoVendor { kind: "brain" })
}
