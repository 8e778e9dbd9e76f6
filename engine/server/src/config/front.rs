//! The settings of the front door, of connections and of certificates, and their checks.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use types::{AudioFormat, Millis};
use wire::telnyx::signature::PublicKey;

use super::raw::Check;
use crate::front::leg::LegSettings;

/// Where and how the carrier reaches us, and we it.
#[derive(Clone, Debug)]
pub struct FrontConfig {
    /// Where webhooks are taken; `None`: the front door is closed.
    pub listen: Option<SocketAddr>,
    /// Whether this listener speaks TLS itself.
    pub tls: TlsUse,
    /// What the carrier calls that address, without the path: for callbacks in documents.
    pub public_url: String,
    /// What the carrier calls the media listener, without the path.
    pub media_url: String,
    /// The carrier's keys, any of which may have signed.
    pub public_keys: Vec<PublicKey>,
    /// How far a signature's time stamp may lie from our clock.
    pub tolerance: Millis,
    /// The largest body taken, in bytes.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_wait: Millis,
    /// Where the carrier's API is.
    pub api_url: String,
    /// The applications whose calls are ours; none: any.
    pub connections: Vec<String>,
    /// What this node is called in what legs carry.
    pub node: String,
    /// What legs are asked to carry.
    pub format: AudioFormat,
    /// When the stream is ordered.
    pub streaming: Streaming,
    /// How long a leg may take for each step.
    pub leg: LegSettings,
    /// The carrier's voice, for callers there is no place for.
    pub message_voice: String,
    /// How often the carrier's live legs are compared with ours.
    pub sweep: Millis,
}

/// When a leg's stream is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// After it is answered, by a command of its own.
    Command,
    /// With the answer.
    Inline,
}

/// Whether a listener speaks TLS itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// Something in front of it does.
    Off,
    /// It does.
    On,
}

/// Certificate and key, and how often their files are looked at.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// PEM: the certificate, then those that lead to a root.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
    /// How long a handshake may take.
    pub handshake_wait: Millis,
    /// How often the files are looked at.
    pub reload: Millis,
}

/// What bounds connections that have not yet proven whose they are.
///
/// A connection is proven by a good signature or a good token; from then on it counts in total only.
#[derive(Clone, Debug)]
pub struct ConnectionsConfig {
    /// Open at once, on one listener.
    pub total_max: usize,
    /// Not proven, on one listener.
    pub unproven_max: usize,
    /// Not proven, from one address.
    pub unproven_per_source_max: usize,
    /// Opened per second from one address without being proven.
    pub opened_per_s_max: u32,
    /// How long the header of a request may take, and how long a connection may be idle.
    pub header_wait: Millis,
    /// How long a connection may stay unproven.
    pub prove_wait: Millis,
    /// Headers taken.
    pub headers_max: usize,
    /// Addresses whose connections are not counted by source: our own proxy's.
    pub proxies: Vec<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFront {
    listen: String,
    tls: String,
    public_url: String,
    media_url: String,
    public_keys: Vec<String>,
    tolerance_s: i64,
    body_bytes_max: i64,
    body_wait_ms: i64,
    api_url: String,
    connections: Vec<String>,
    node: String,
    codec: String,
    streaming: String,
    answer_wait_ms: i64,
    socket_wait_ms: i64,
    start_wait_ms: i64,
    stream_gap_ms: i64,
    stream_tries_max: i64,
    hang_up_wait_ms: i64,
    hang_up_tries_max: i64,
    end_wait_ms: i64,
    transfer_ring_s: i64,
    message_voice: String,
    sweep_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    certificate: String,
    key: String,
    handshake_wait_ms: i64,
    reload_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnections {
    total_max: i64,
    unproven_max: i64,
    unproven_per_source_max: i64,
    opened_per_s_max: i64,
    header_wait_ms: i64,
    prove_wait_ms: i64,
    headers_max: i64,
    proxies: Vec<String>,
}

impl RawFront {
    pub(super) fn check(self, check: &mut Check<'_>) -> Option<FrontConfig> {
        let listen = match self.listen.as_str() {
            "off" => None,
            address => Some(check.address("front.listen", address)?),
        };
        let public_keys = self.public_keys.iter().filter_map(|text| {
            PublicKey::from_base64(text)
                .map_err(|error| check.mistake(format!("front.public_keys: \"{text}\" {error}")))
                .ok()
        });
        let public_keys: Vec<PublicKey> = public_keys.collect();
        check_url(check, "front.public_url", &self.public_url, &["https://", "http://"]);
        check_url(check, "front.media_url", &self.media_url, &["wss://", "ws://"]);
        check_url(check, "front.api_url", &self.api_url, &["https://", "http://"]);
        if listen.is_some() {
            if public_keys.is_empty() && self.public_keys.is_empty() {
                check.mistake(
                    "front.public_keys: without the carrier's public key no webhook can be believed: \
                     copy it from the portal, Keys & Credentials"
                        .into(),
                );
            }
            for (key, url) in
                [("front.media_url", &self.media_url), ("front.api_url", &self.api_url)]
            {
                if url.is_empty() {
                    check.mistake(format!("{key}: needed once front.listen is set"));
                }
            }
        }
        let leg = self.leg_settings(check);
        let format = self.format(check);
        Some(FrontConfig {
            listen,
            tls: tls_use(check, "front.tls", &self.tls),
            public_url: self.public_url.trim_end_matches('/').to_owned(),
            media_url: self.media_url.trim_end_matches('/').to_owned(),
            public_keys,
            tolerance: check.secs("front.tolerance_s", self.tolerance_s, 5..=300),
            body_bytes_max: check.number(
                "front.body_bytes_max",
                self.body_bytes_max,
                4_096..=1_048_576,
            ) as usize,
            body_wait: check.ms("front.body_wait_ms", self.body_wait_ms, 100..=30_000),
            api_url: self.api_url.trim_end_matches('/').to_owned(),
            connections: self.connections,
            node: self.node,
            format,
            streaming: match self.streaming.as_str() {
                "command" => Streaming::Command,
                "inline" => Streaming::Inline,
                other => {
                    check.mistake(format!(
                        "front.streaming: \"{other}\" is neither \"command\" nor \"inline\""
                    ));
                    Streaming::Command
                }
            },
            leg,
            message_voice: self.message_voice,
            sweep: check.secs("front.sweep_s", self.sweep_s, 1..=600),
        })
    }

    fn leg_settings(&self, check: &mut Check<'_>) -> LegSettings {
        let mut ms = |key: &str, value, range| check.ms(&format!("front.{key}"), value, range);
        LegSettings {
            answer_wait: ms("answer_wait_ms", self.answer_wait_ms, 500..=30_000),
            socket_wait: ms("socket_wait_ms", self.socket_wait_ms, 500..=30_000),
            start_wait: ms("start_wait_ms", self.start_wait_ms, 500..=60_000),
            stream_gap: ms("stream_gap_ms", self.stream_gap_ms, 50..=5_000),
            hang_up_wait: ms("hang_up_wait_ms", self.hang_up_wait_ms, 500..=60_000),
            end_wait: ms("end_wait_ms", self.end_wait_ms, 500..=60_000),
            transfer_ring: check.secs("front.transfer_ring_s", self.transfer_ring_s, 5..=30),
            stream_tries_max: check.number("front.stream_tries_max", self.stream_tries_max, 1..=10),
            hang_up_tries_max: check.number(
                "front.hang_up_tries_max",
                self.hang_up_tries_max,
                1..=20,
            ),
        }
    }

    fn format(&self, check: &mut Check<'_>) -> AudioFormat {
        match self.codec.as_str() {
            "PCMU" => AudioFormat::PCMU_8K,
            "PCMA" => AudioFormat { encoding: types::Encoding::Pcma, ..AudioFormat::PCMU_8K },
            "L16" => {
                AudioFormat { encoding: types::Encoding::L16, rate: types::SampleRate::Hz16000 }
            }
            other => {
                check.mistake(format!(
                    "front.codec: \"{other}\" is none of \"PCMU\", \"PCMA\", \"L16\""
                ));
                AudioFormat::PCMU_8K
            }
        }
    }
}

impl RawTls {
    pub(super) fn check(self, check: &mut Check<'_>, uses: &[TlsUse]) -> TlsConfig {
        if uses.contains(&TlsUse::On) {
            for (key, path) in [("tls.certificate", &self.certificate), ("tls.key", &self.key)] {
                if path.is_empty() {
                    check.mistake(format!("{key}: needed where tls = \"on\""));
                }
            }
        }
        TlsConfig {
            certificate: self.certificate.into(),
            key: self.key.into(),
            handshake_wait: check.ms("tls.handshake_wait_ms", self.handshake_wait_ms, 100..=60_000),
            reload: check.secs("tls.reload_s", self.reload_s, 1..=3_600),
        }
    }
}

impl RawConnections {
    pub(super) fn check(self, check: &mut Check<'_>) -> ConnectionsConfig {
        let mut number = |key: &str, value, range| {
            check.number(&format!("connections.{key}"), value, range) as usize
        };
        let total_max = number("total_max", self.total_max, 1..=1_000_000);
        let unproven_max = number("unproven_max", self.unproven_max, 1..=100_000);
        let unproven_per_source_max =
            number("unproven_per_source_max", self.unproven_per_source_max, 1..=100_000);
        let headers_max = number("headers_max", self.headers_max, 16..=1_000);
        let opened_per_s_max =
            check.number("connections.opened_per_s_max", self.opened_per_s_max, 1..=100_000);
        let proxies = self.proxies.iter().filter_map(|text| {
            let address = text.parse().ok();
            if address.is_none() {
                check.mistake(format!("connections.proxies: \"{text}\" is no IP address"));
            }
            address
        });
        ConnectionsConfig {
            total_max,
            unproven_max,
            unproven_per_source_max,
            opened_per_s_max,
            headers_max,
            proxies: proxies.collect(),
            header_wait: check.ms("connections.header_wait_ms", self.header_wait_ms, 100..=60_000),
            prove_wait: check.ms("connections.prove_wait_ms", self.prove_wait_ms, 100..=600_000),
        }
    }
}

/// Reads "on" and "off".
pub(super) fn tls_use(check: &mut Check<'_>, key: &str, text: &str) -> TlsUse {
    match text {
        "off" => TlsUse::Off,
        "on" => TlsUse::On,
        other => {
            check.mistake(format!("{key}: \"{other}\" is neither \"on\" nor \"off\""));
            TlsUse::Off
        }
    }
}

fn check_url(check: &mut Check<'_>, key: &str, url: &str, schemes: &[&str]) {
    if !url.is_empty() && !schemes.iter().any(|scheme| url.starts_with(scheme)) {
        check.mistake(format!("{key}: \"{url}\" does not begin with {}", schemes[0]));
    }
}
