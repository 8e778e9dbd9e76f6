//! The engine's settings: the shipped `config.toml` with the operator's file laid over it, checked.
//!
//! The shipped file is the schema: a key that does not stand there is refused, a key left out
//! keeps its value. All mistakes are reported at once and stop the start.

mod front;
mod overlay;
mod raw;

use std::net::SocketAddr;
use std::path::PathBuf;

use codecs::l16::OrderChoice;
use media::StarvationSettings;
use speech::Finals;
use thiserror::Error;
use types::{Intake, Limits, Millis, Turns};
use vendors::brains::tools::guard::Network;

pub use front::{ConnectionsConfig, FrontConfig, Streaming, TlsConfig, TlsUse};
pub use overlay::{Mistake, SHIPPED};

/// The engine's checked settings.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The carriers' side.
    pub media: MediaConfig,
    /// Where operators look.
    pub control: SocketAddr,
    /// Where businesses come from.
    pub directory: DirectoryConfig,
    /// Where durable state lies.
    pub state: PathBuf,
    /// Local inference.
    pub models: ModelsConfig,
    /// What businesses' tools may reach.
    pub tools: ToolsConfig,
    /// How agents take turns and are bounded, unless their files say otherwise.
    pub defaults: AgentDefaults,
    /// How audio is paced.
    pub playout: PlayoutConfig,
    /// What is kept, and how.
    pub keeping: KeepingConfig,
    /// How long a leg without media is tried for.
    pub resume: ResumeConfig,
    /// How long calls may go on after the engine was told to stop.
    pub drain_wait: Millis,
    /// Where and how the carrier reaches us, and we it.
    pub front: FrontConfig,
    /// Certificate and key.
    pub tls: TlsConfig,
    /// What bounds connections.
    pub connections: ConnectionsConfig,
}

/// The carriers' side.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Where carriers stream to.
    pub listen: SocketAddr,
    /// Whether this listener speaks TLS itself.
    pub tls: TlsUse,
    /// Who may stream.
    pub access: Access,
    /// Threads that carry calls.
    pub threads: usize,
    /// The largest message taken, in bytes.
    pub message_bytes_max: usize,
    /// Socket opened to `start`.
    pub start_wait: Millis,
    /// Media to media: what it means when none comes.
    pub starvation: StarvationSettings,
    /// Which way round L16 comes.
    pub l16_order: OrderChoice,
    /// Ping to ping.
    pub ping: Millis,
    /// Calls this node carries at once.
    pub calls_max: usize,
}

/// Who may stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Who shows a token.
    Token,
    /// Anybody on this machine.
    OpenOnLoopback,
}

/// Where businesses come from.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// The directory of business files.
    pub path: PathBuf,
    /// Quiet time before a change is read.
    pub debounce: Millis,
    /// Between two comparisons regardless of events.
    pub poll: Millis,
}

/// Local inference.
#[derive(Clone, Debug)]
pub struct ModelsConfig {
    /// Where the models lie.
    pub path: PathBuf,
    /// Threads for inference.
    pub threads: usize,
    /// Who hears the words of a turn that is over.
    pub finals: Finals,
    /// What tells what a question means where its words tell nothing.
    pub meaning: MeaningModel,
}

/// A model of what sentences mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeaningModel {
    /// None: questions are understood by their words alone.
    None,
    /// all-MiniLM-L6-v2, weights of eight bits.
    Minilm,
}

/// What businesses' tools may reach.
#[derive(Clone, Debug)]
pub struct ToolsConfig {
    /// Own networks, beside the public internet.
    pub networks: Vec<Network>,
}

/// What an agent's file may leave out.
#[derive(Clone, Debug)]
pub struct AgentDefaults {
    /// How turns are taken.
    pub turns: Turns,
    /// What bounds a call.
    pub limits: Limits,
    /// How calls are let in.
    pub intake: Intake,
}

/// How audio is paced.
#[derive(Clone, Copy, Debug)]
pub struct PlayoutConfig {
    /// Audio kept ahead at the carrier.
    pub lead: Millis,
    /// Audio gathered before a reply starts.
    pub start_after: Millis,
}

/// How long a leg without media is tried for.
#[derive(Clone, Debug)]
pub struct ResumeConfig {
    /// One whose carrier can be told to stream again.
    pub carrier: call::ResumeLimits,
    /// One that comes back by itself or not at all.
    pub bare: call::ResumeLimits,
}

/// What is kept of calls, and how.
#[derive(Clone, Copy, Debug)]
pub struct KeepingConfig {
    /// How long journal records wait to be written together.
    pub commit: Millis,
    /// When a journal file is followed by a new one, in bytes.
    pub segment_bytes_max: u64,
    /// All journal files together, in MB.
    pub disk_mb_max: u32,
    /// Recording audio that may wait for the disk, per call.
    pub recording_backlog: Millis,
}

/// Settings that cannot be used: all that is wrong with them.
#[derive(Debug, Error)]
#[error("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    /// Every mistake found.
    pub mistakes: Vec<Mistake>,
}

impl EngineConfig {
    /// The shipped settings.
    pub fn shipped() -> Self {
        Self::checked("config.toml", "").expect("the shipped settings are checked by a test")
    }

    /// The shipped settings with `text`, read from `file`, laid over them.
    ///
    /// # Errors
    /// Every mistake in `text`, with line and key.
    pub fn checked(file: &str, text: &str) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        let merged = overlay::merge(file, text, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(ConfigError { mistakes });
        }
        let config = raw::RawConfig::deserialized(merged)
            .map_err(|what| Mistake { file: file.to_owned(), line: 1, what })
            .map(|raw| raw.check(file, &mut mistakes));
        match config {
            Ok(Some(config)) if mistakes.is_empty() => Ok(config),
            Ok(_) => Err(ConfigError { mistakes }),
            Err(mistake) => Err(ConfigError { mistakes: vec![mistake] }),
        }
    }

    /// Checks once more, after addresses were overridden, that open access stays on this machine.
    ///
    /// # Errors
    /// A [`Mistake`] that says what to do.
    pub fn check_access(&self) -> Result<(), Mistake> {
        if self.media.access == Access::OpenOnLoopback && !self.media.listen.ip().is_loopback() {
            let what = "media.access: \"open\" is for loopback addresses only: use \"token\"";
            return Err(Mistake { file: "settings".into(), line: 1, what: what.into() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use vendors::brains::tools::guard::Guard;

    use super::*;

    #[test]
    fn the_shipped_settings_are_sound() {
        let config = EngineConfig::shipped();
        assert_eq!(config.media.access, Access::OpenOnLoopback);
        assert!(1 <= config.media.threads);
        assert!(1 <= config.models.threads);
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_its_line() {
        let text = "[media]\nlisten = \"0.0.0.0:8700\"\nthreds = 2\n[turns]\nendpoint_delay_min_ms = \"soon\"\n";
        let error = EngineConfig::checked("mine.toml", text).unwrap_err().to_string();
        assert_eq!(
            error,
            "mine.toml:3: media.threds: no such key (did you mean \"threads\"?)\n\
             mine.toml:5: turns.endpoint_delay_min_ms: expected a whole number"
        );
    }

    #[test]
    fn ranges_and_relations_are_checked_together() {
        let text = "[media]\nlisten = \"0.0.0.0:1\"\n[turns]\nendpoint_delay_min_ms = 2000\n[playout]\nlead_ms = 9\n";
        let error = EngineConfig::checked("mine.toml", text).unwrap_err().to_string();
        let unknown =
            EngineConfig::checked("mine.toml", "[speech]\nfinals = \"vosk\"\n").unwrap_err();
        let meant =
            EngineConfig::checked("mine.toml", "[models]\nmeaning = \"bert\"\n").unwrap_err();
        let model = "models.meaning: \"bert\" is neither \"minilm\" nor \"none\"";
        assert!(meant.to_string().contains(model), "{meant}");
        let wanted = "speech.finals: \"vosk\" is neither \"moonshine\" nor \"whisper\"";
        assert!(unknown.to_string().contains(wanted), "{unknown}");
        for part in [
            "media.access: \"open\" is for loopback addresses only",
            "turns.endpoint_delay_max_ms: 1500 is below endpoint_delay_min_ms 2000",
            "playout.lead_ms: 9 is outside 40 to 400",
        ] {
            assert!(error.contains(part), "{part}\n{error}");
        }
    }

    #[test]
    fn a_front_door_needs_a_key_an_address_and_tokens() {
        let text = "[front]\nlisten = \"0.0.0.0:8702\"\npublic_keys = [\"AAAA\"]\ncodec = \"MP3\"\n\
                    tls = \"on\"\n[connections]\nproxies = [\"nowhere\"]\n";
        let error = EngineConfig::checked("mine.toml", text).unwrap_err().to_string();
        for part in [
            "front.public_keys: \"AAAA\" holds 3 bytes",
            "front.media_url: needed once front.listen is set",
            "front.codec: \"MP3\" is none of",
            "media.access: must be \"token\" once front.listen is set",
            "tls.certificate: needed where tls = \"on\"",
            "connections.proxies: \"nowhere\" is no IP address",
        ] {
            assert!(error.contains(part), "{part}\n{error}");
        }
        let text = "[front]\npublic_keys = \"one\"\n[limits]\noverflow = \"queue\"\n";
        let error = EngineConfig::checked("mine.toml", text).unwrap_err().to_string();
        assert!(error.contains("front.public_keys: expected a list"), "{error}");
    }

    #[test]
    fn tools_reach_no_network_of_ours_unless_it_is_opened_on_purpose() {
        assert_eq!(EngineConfig::shipped().tools.networks, []);
        let text = "[tools]\nnetworks = [\"10.1.0.0/16\", \"::1\"]\n";
        let config = EngineConfig::checked("mine.toml", text).unwrap();
        let guard = Guard::new(config.tools.networks);
        for (address, admitted) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", true)] {
            assert_eq!(guard.admits(address.parse().unwrap()), admitted, "{address}");
        }
        let text = "[tools]\nnetworks = [\"localhost\", \"0.0.0.0/0\", \"169.254.0.0/16\"]\n";
        let error = EngineConfig::checked("mine.toml", text).unwrap_err().to_string();
        for part in [
            "tools.networks: \"localhost\" is no network: write it like 10.1.0.0/16 or 127.0.0.1",
            "tools.networks: \"0.0.0.0/0\" opens too much",
            "tools.networks: \"169.254.0.0/16\" holds addresses at which clouds tell keys",
        ] {
            assert!(error.contains(part), "{part}\n{error}");
        }
        let many = format!("[tools]\nnetworks = [{}]\n", "\"10.0.0.1\", ".repeat(65));
        let error = EngineConfig::checked("mine.toml", &many).unwrap_err().to_string();
        assert!(error.contains("tools.networks: 65 entries, 64 fit"), "{error}");
    }

    #[test]
    fn an_override_keeps_the_rest() {
        let config = EngineConfig::checked("mine.toml", "[drain]\nwait_s = 1\n").unwrap();
        assert_eq!(config.drain_wait, Millis::from_secs(1));
        assert_eq!(config.playout.lead, EngineConfig::shipped().playout.lead);
    }
}
