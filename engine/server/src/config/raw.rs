//! The settings as they stand in the file, and their checks.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::thread::available_parallelism;

use call::ResumeLimits;
use codecs::l16::{ByteOrder, OrderChoice};
use media::StarvationSettings;
use serde::Deserialize;
use speech::Finals;
use types::{BargeIn, DtmfDigit, Intake, KeyRules, Limits, Millis, Overflow, Turns};
use vendors::brains::tools::guard::Network;

use super::front::{RawConnections, RawFront, RawTls, tls_use};
use super::{
    Access, AgentDefaults, DirectoryConfig, EngineConfig, FrontConfig, KeepingConfig, MeaningModel,
    MediaConfig, Mistake, ModelsConfig, PlayoutConfig, ResumeConfig, TlsUse, ToolsConfig,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    media: RawMedia,
    control: RawControl,
    directory: RawDirectory,
    state: RawState,
    models: RawModels,
    speech: RawSpeech,
    tools: RawTools,
    turns: RawTurns,
    limits: RawLimits,
    playout: RawPlayout,
    journal: RawJournal,
    resume: RawResume,
    recording: RawRecording,
    drain: RawDrain,
    front: RawFront,
    tls: RawTls,
    connections: RawConnections,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMedia {
    listen: String,
    tls: String,
    access: String,
    threads: i64,
    message_bytes_max: i64,
    start_wait_ms: i64,
    media_silent_ms: i64,
    media_stopped_ms: i64,
    media_dead_ms: i64,
    media_ended_ms: i64,
    l16_byte_order: String,
    ping_s: i64,
    calls_max: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControl {
    listen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDirectory {
    path: String,
    debounce_ms: i64,
    poll_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawState {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModels {
    path: String,
    threads: i64,
    meaning: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpeech {
    finals: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTools {
    networks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTurns {
    endpoint_delay_min_ms: i64,
    endpoint_delay_max_ms: i64,
    barge_in: String,
    no_input_delay_ms: i64,
    no_input_prompts_max: i64,
    dtmf_gap_max_ms: i64,
    dtmf_entry_max_ms: i64,
    dtmf_digits_max: i64,
    dtmf_terminator: String,
    greeting_protected_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    call_duration_max_s: i64,
    calls_max: i64,
    starts_per_s_max: i64,
    overflow: String,
    overflow_message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlayout {
    lead_ms: i64,
    start_after_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJournal {
    commit_ms: i64,
    segment_bytes_max: i64,
    disk_mb_max: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResume {
    detached_max_ms: i64,
    bare_wait_ms: i64,
    attempts_max: i64,
    bridge_after_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecording {
    backlog_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDrain {
    wait_s: i64,
}

/// Collects mistakes while values are checked. A value out of range is replaced by its bound, so
/// that the checks after it still mean something; the mistake stops the start anyway.
pub(super) struct Check<'a> {
    file: &'a str,
    mistakes: &'a mut Vec<Mistake>,
}

impl Check<'_> {
    pub(super) fn mistake(&mut self, what: String) {
        // A range mistake has no one line: the value may come from either file.
        self.mistakes.push(Mistake { file: self.file.to_owned(), line: 1, what });
    }

    pub(super) fn number(&mut self, key: &str, value: i64, range: RangeInclusive<u32>) -> u32 {
        match u32::try_from(value) {
            Ok(value) if range.contains(&value) => value,
            _ => {
                let (low, high) = (range.start(), range.end());
                self.mistake(format!("{key}: {value} is outside {low} to {high}"));
                *low
            }
        }
    }

    pub(super) fn ms(&mut self, key: &str, value: i64, range: RangeInclusive<u32>) -> Millis {
        Millis::new(self.number(key, value, range))
    }

    pub(super) fn secs(&mut self, key: &str, value: i64, range: RangeInclusive<u32>) -> Millis {
        Millis::from_secs(self.number(key, value, range))
    }

    pub(super) fn address(&mut self, key: &str, value: &str) -> Option<SocketAddr> {
        let address = value.parse().ok();
        if address.is_none() {
            self.mistake(format!("{key}: \"{value}\" is no address and port, like 127.0.0.1:8700"));
        }
        address
    }

    fn meaning(&mut self, value: &str) -> Option<MeaningModel> {
        match value {
            "minilm" => Some(MeaningModel::Minilm),
            "none" => Some(MeaningModel::None),
            other => {
                self.mistake(format!(
                    "models.meaning: \"{other}\" is neither \"minilm\" nor \"none\""
                ));
                None
            }
        }
    }

    fn finals(&mut self, value: &str) -> Option<Finals> {
        match value {
            "moonshine" => Some(Finals::Moonshine),
            "whisper" => Some(Finals::Whisper),
            other => {
                self.mistake(format!(
                    "speech.finals: \"{other}\" is neither \"moonshine\" nor \"whisper\""
                ));
                None
            }
        }
    }
}

impl RawConfig {
    pub(super) fn deserialized(table: toml::Table) -> Result<Self, String> {
        table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }

    /// The checked settings; `None` only together with a mistake.
    pub(super) fn check(self, file: &str, mistakes: &mut Vec<Mistake>) -> Option<EngineConfig> {
        let mut check = Check { file, mistakes };
        let media = self.media.check(&mut check);
        let control = check.address("control.listen", &self.control.listen);
        let media_threads = media.as_ref().map_or(1, |media| media.threads);
        let models_threads = check.number("models.threads", self.models.threads, 0..=256) as usize;
        let finals = check.finals(&self.speech.finals);
        let meaning = check.meaning(&self.models.meaning);
        let turns = self.turns.check(&mut check);
        let (limits, intake) = self.limits.check(&mut check);
        let directory = DirectoryConfig {
            path: self.directory.path.into(),
            debounce: check.ms("directory.debounce_ms", self.directory.debounce_ms, 50..=10_000),
            poll: check.secs("directory.poll_s", self.directory.poll_s, 1..=3_600),
        };
        let playout = PlayoutConfig {
            lead: check.ms("playout.lead_ms", self.playout.lead_ms, 40..=400),
            start_after: check.ms("playout.start_after_ms", self.playout.start_after_ms, 20..=400),
        };
        let keeping = KeepingConfig {
            commit: check.ms("journal.commit_ms", self.journal.commit_ms, 1..=5_000),
            segment_bytes_max: u64::from(check.number(
                "journal.segment_bytes_max",
                self.journal.segment_bytes_max,
                65_536..=1_073_741_824,
            )),
            disk_mb_max: check.number(
                "journal.disk_mb_max",
                self.journal.disk_mb_max,
                16..=1_048_576,
            ),
            recording_backlog: check.ms(
                "recording.backlog_ms",
                self.recording.backlog_ms,
                1_000..=60_000,
            ),
        };
        let front = self.front.check(&mut check);
        check_token_access(media.as_ref(), front.as_ref(), &mut check);
        let tls_uses =
            [media.as_ref().map(|media| media.tls), front.as_ref().map(|front| front.tls)];
        let tls_uses: Vec<TlsUse> = tls_uses.into_iter().flatten().collect();
        let tls = self.tls.check(&mut check, &tls_uses);
        let connections = self.connections.check(&mut check);
        let drain_wait = check.secs("drain.wait_s", self.drain.wait_s, 0..=3_600);
        Some(EngineConfig {
            media: media?,
            control: control?,
            directory,
            state: self.state.path.into(),
            models: ModelsConfig {
                path: self.models.path.into(),
                threads: threads_or(models_threads, cores().saturating_sub(media_threads)),
                finals: finals?,
                meaning: meaning?,
            },
            tools: self.tools.check(&mut check),
            defaults: AgentDefaults { turns, limits, intake },
            playout,
            keeping,
            resume: self.resume.check(&mut check),
            drain_wait,
            front: front?,
            tls,
            connections,
        })
    }
}

/// A front door is open to the internet, and so is the media listener beside it, be it by way of a
/// proxy on this machine: an open one would take anybody's calls.
fn check_token_access(
    media: Option<&MediaConfig>,
    front: Option<&FrontConfig>,
    check: &mut Check<'_>,
) {
    let open = media.is_some_and(|media| media.access == Access::OpenOnLoopback);
    if open && front.is_some_and(|front| front.listen.is_some()) {
        check.mistake("media.access: must be \"token\" once front.listen is set".to_owned());
    }
}

/// Networks that may be opened one by one.
const NETWORKS_MAX: usize = 64;

impl RawTools {
    fn check(self, check: &mut Check<'_>) -> ToolsConfig {
        let count = self.networks.len();
        if NETWORKS_MAX < count {
            check.mistake(format!("tools.networks: {count} entries, {NETWORKS_MAX} fit"));
        }
        let mut networks = Vec::new();
        for text in self.networks.iter().take(NETWORKS_MAX) {
            match text.parse::<Network>() {
                Ok(network) if network.is_too_wide() => check.mistake(format!(
                    "tools.networks: \"{text}\" opens too much: name the networks that tools are in"
                )),
                Ok(network) if network.holds_keys() => check.mistake(format!(
                    "tools.networks: \"{text}\" holds addresses at which clouds tell keys: name \
                     narrower ones"
                )),
                Ok(network) => networks.push(network),
                Err(error) => check.mistake(format!("tools.networks: \"{text}\" {error}")),
            }
        }
        ToolsConfig { networks }
    }
}

impl RawMedia {
    fn check(self, check: &mut Check<'_>) -> Option<MediaConfig> {
        let listen = check.address("media.listen", &self.listen);
        let access = match self.access.as_str() {
            "token" => Access::Token,
            "open" => {
                if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
                    check.mistake(
                        "media.access: \"open\" is for loopback addresses only: use \"token\""
                            .to_owned(),
                    );
                }
                Access::OpenOnLoopback
            }
            other => {
                check.mistake(format!(
                    "media.access: \"{other}\" is neither \"token\" nor \"open\""
                ));
                Access::Token
            }
        };
        let threads = check.number("media.threads", self.threads, 0..=256) as usize;
        let l16_order = match self.l16_byte_order.as_str() {
            "auto" => OrderChoice::Auto,
            "little" => OrderChoice::Fixed(ByteOrder::Little),
            "big" => OrderChoice::Fixed(ByteOrder::Big),
            other => {
                check.mistake(format!(
                    "media.l16_byte_order: \"{other}\" is none of \"auto\", \"little\" and \"big\""
                ));
                OrderChoice::Auto
            }
        };
        let starvation = self.starvation(check);
        Some(MediaConfig {
            tls: tls_use(check, "media.tls", &self.tls),
            access,
            threads: threads_or(threads, cores() / 2),
            message_bytes_max: check.number(
                "media.message_bytes_max",
                self.message_bytes_max,
                4_096..=2_000_000,
            ) as usize,
            start_wait: check.ms("media.start_wait_ms", self.start_wait_ms, 1_000..=600_000),
            starvation,
            l16_order,
            ping: check.secs("media.ping_s", self.ping_s, 5..=300),
            calls_max: check.number("media.calls_max", self.calls_max, 1..=100_000) as usize,
            listen: listen?,
        })
    }
}

impl RawMedia {
    /// Stages that follow each other: the second mistake of one kind is told, not believed.
    fn starvation(&self, check: &mut Check<'_>) -> StarvationSettings {
        let settings = StarvationSettings {
            silent: check.ms("media.media_silent_ms", self.media_silent_ms, 60..=5_000),
            stopped: check.ms("media.media_stopped_ms", self.media_stopped_ms, 200..=30_000),
            dead: check.ms("media.media_dead_ms", self.media_dead_ms, 1_000..=600_000),
            ended: check.ms("media.media_ended_ms", self.media_ended_ms, 2_000..=900_000),
        };
        let StarvationSettings { silent, stopped, dead, ended } = settings;
        let mut follows = true;
        for (key, low, high) in [
            ("media_stopped_ms", silent, stopped),
            ("media_dead_ms", stopped, dead),
            ("media_ended_ms", dead, ended),
        ] {
            if high <= low {
                follows = false;
                check.mistake(format!("media.{key}: {high} is not above the stage before, {low}"));
            }
        }
        if follows { settings } else { StarvationSettings::STANDARD }
    }
}

/// What a caller on top of the limits may be told, in characters: some 40 s of speech.
const OVERFLOW_MESSAGE_CHARS_MAX: usize = 600;

impl RawLimits {
    fn check(self, check: &mut Check<'_>) -> (Limits, Intake) {
        let duration = ("limits.call_duration_max_s", self.call_duration_max_s);
        let limits = Limits {
            call_duration_max: check.secs(duration.0, duration.1, 30..=86_400),
            calls_max: check.number("limits.calls_max", self.calls_max, 1..=100_000),
        };
        let message = self.overflow_message.trim().to_owned();
        if !(1..=OVERFLOW_MESSAGE_CHARS_MAX).contains(&message.chars().count()) {
            check.mistake(format!(
                "limits.overflow_message: has {} characters: 1 to {OVERFLOW_MESSAGE_CHARS_MAX} fit",
                message.chars().count()
            ));
        }
        let starts = ("limits.starts_per_s_max", self.starts_per_s_max);
        let intake = Intake {
            starts_per_s_max: check.number(starts.0, starts.1, 1..=10_000),
            overflow: match self.overflow.as_str() {
                "busy" => Overflow::Busy,
                "reject" => Overflow::Reject,
                "unavailable" => Overflow::Unavailable,
                "message" => Overflow::Message,
                other => {
                    check.mistake(format!(
                        "limits.overflow: \"{other}\" is none of \"busy\", \"reject\", \"unavailable\", \
                         \"message\""
                    ));
                    Overflow::Busy
                }
            },
            message: Cow::Owned(message),
            transfer_to: None,
        };
        (limits, intake)
    }
}

impl RawResume {
    fn check(self, check: &mut Check<'_>) -> ResumeConfig {
        let bridge_after = check.ms("resume.bridge_after_ms", self.bridge_after_ms, 100..=10_000);
        ResumeConfig {
            carrier: ResumeLimits {
                detached_max: check.ms(
                    "resume.detached_max_ms",
                    self.detached_max_ms,
                    1_000..=300_000,
                ),
                attempts_max: check.number("resume.attempts_max", self.attempts_max, 1..=100),
                bridge_after,
            },
            bare: ResumeLimits {
                detached_max: check.ms("resume.bare_wait_ms", self.bare_wait_ms, 0..=60_000),
                attempts_max: 0,
                bridge_after,
            },
        }
    }
}

impl RawTurns {
    fn check(self, check: &mut Check<'_>) -> Turns {
        let min = self.endpoint_delay_min_ms;
        let max = self.endpoint_delay_max_ms;
        if max < min {
            check.mistake(format!(
                "turns.endpoint_delay_max_ms: {max} is below endpoint_delay_min_ms {min}"
            ));
        }
        Turns {
            endpoint_delay_min: check.ms("turns.endpoint_delay_min_ms", min, 100..=5_000),
            endpoint_delay_max: check.ms("turns.endpoint_delay_max_ms", max, 100..=10_000),
            barge_in: match self.barge_in.as_str() {
                "allowed" => BargeIn::Allowed,
                "protected" => BargeIn::Protected,
                other => {
                    check.mistake(format!(
                        "turns.barge_in: \"{other}\" is neither \"allowed\" nor \"protected\""
                    ));
                    BargeIn::Allowed
                }
            },
            no_input_delay: check.ms(
                "turns.no_input_delay_ms",
                self.no_input_delay_ms,
                2_000..=120_000,
            ),
            no_input_prompts_max: check.number(
                "turns.no_input_prompts_max",
                self.no_input_prompts_max,
                0..=10,
            ),
            dtmf_gap_max: check.ms("turns.dtmf_gap_max_ms", self.dtmf_gap_max_ms, 500..=20_000),
            greeting_protected: check.ms(
                "turns.greeting_protected_ms",
                self.greeting_protected_ms,
                0..=10_000,
            ),
            keys: KeyRules {
                entry_max: check.ms(
                    "turns.dtmf_entry_max_ms",
                    self.dtmf_entry_max_ms,
                    1_000..=60_000,
                ),
                digits_max: check.number("turns.dtmf_digits_max", self.dtmf_digits_max, 1..=32),
                terminator: terminator(&self.dtmf_terminator).unwrap_or_else(|| {
                    let key = &self.dtmf_terminator;
                    check
                        .mistake(format!("turns.dtmf_terminator: \"{key}\" is not \"#\" or \"*\""));
                    DtmfDigit::HASH
                }),
            },
        }
    }
}

fn terminator(key: &str) -> Option<DtmfDigit> {
    match key {
        "#" => Some(DtmfDigit::HASH),
        "*" => DtmfDigit::new('*'),
        _ => None,
    }
}

fn threads_or(threads: usize, automatic: usize) -> usize {
    if threads == 0 { automatic.max(1) } else { threads }
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
