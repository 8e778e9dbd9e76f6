//! Audio formats: what a leg carries and what a model wants.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::Millis;

/// Samples per second. A closed set: a new rate breaks every match, as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SampleRate {
    /// Telephone audio.
    Hz8000,
    /// Wide band; what recognizers want.
    Hz16000,
    /// What most voices speak.
    Hz24000,
    /// Full band; Opus's own clock.
    Hz48000,
}

impl SampleRate {
    /// Every rate, ascending.
    pub const ALL: [Self; 4] = [Self::Hz8000, Self::Hz16000, Self::Hz24000, Self::Hz48000];

    /// The rate in hertz.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
            Self::Hz48000 => 48_000,
        }
    }

    /// The rate of exactly `hz` hertz, if we speak it.
    pub const fn from_hz(hz: u32) -> Option<Self> {
        match hz {
            8_000 => Some(Self::Hz8000),
            16_000 => Some(Self::Hz16000),
            24_000 => Some(Self::Hz24000),
            48_000 => Some(Self::Hz48000),
            _ => None,
        }
    }

    /// How many samples `span` holds. Exact: every rate is a multiple of 1,000 Hz.
    pub const fn samples_in(self, span: Millis) -> usize {
        (self.hz() / 1_000) as usize * span.get() as usize
    }

    /// How long `samples` samples last, rounded down to whole milliseconds.
    pub const fn span_of(self, samples: u64) -> Millis {
        let ms = samples * 1_000 / self.hz() as u64;
        Millis::new(if ms > u32::MAX as u64 { u32::MAX } else { ms as u32 })
    }
}

const _: () = assert!(SampleRate::Hz8000.samples_in(PTIME) == 160);

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

/// Audio per packet, both ways (telnyx.md §1.7: 20 ms is the least the carrier takes).
pub const PTIME: Millis = Millis::new(20);

/// How samples become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// G.711 µ-law, one byte a sample, 8 kHz.
    Pcmu,
    /// G.711 A-law, one byte a sample, 8 kHz.
    Pcma,
    /// G.722, two samples a byte, 16 kHz; the carrier calls it 8 kHz (telnyx.md §1.8).
    G722,
    /// Linear 16-bit, little-endian (telnyx.md §1.8).
    L16,
    /// One Opus packet per message.
    Opus,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 5] = [Self::Pcmu, Self::Pcma, Self::G722, Self::L16, Self::Opus];

    /// The carrier's name of this encoding.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::L16 => "L16",
            Self::Opus => "OPUS",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one direction of a leg carries: mono samples at `rate`, as bytes of `encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AudioFormat {
    /// How samples become bytes.
    pub encoding: Encoding,
    /// Samples per second after decoding.
    pub rate: SampleRate,
}

impl AudioFormat {
    /// What a telephone leg carries unless it says otherwise.
    pub const PCMU_8K: Self = Self { encoding: Encoding::Pcmu, rate: SampleRate::Hz8000 };
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.encoding, self.rate)
    }
}

/// A stretch of mono audio, any length, as it came: bytes of a leg's own codec stay bytes until
/// somebody has to touch the sound. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub enum Audio {
    /// Samples, at the rate both sides agreed on.
    Linear(Arc<[i16]>),
    /// G.711 µ-law at 8 kHz, one byte a sample.
    Pcmu(Bytes),
    /// G.711 A-law at 8 kHz, one byte a sample.
    Pcma(Bytes),
}

impl Audio {
    /// How many samples it has.
    pub fn samples(&self) -> usize {
        match self {
            Self::Linear(samples) => samples.len(),
            Self::Pcmu(bytes) | Self::Pcma(bytes) => bytes.len(),
        }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.samples() == 0
    }

    /// The bytes, if it is in `encoding` already.
    pub fn coded(&self, encoding: Encoding) -> Option<&Bytes> {
        match (self, encoding) {
            (Self::Pcmu(bytes), Encoding::Pcmu) | (Self::Pcma(bytes), Encoding::Pcma) => {
                Some(bytes)
            }
            (Self::Linear(_) | Self::Pcmu(_) | Self::Pcma(_), _) => None,
        }
    }
}

impl From<Arc<[i16]>> for Audio {
    fn from(samples: Arc<[i16]>) -> Self {
        Self::Linear(samples)
    }
}

impl From<Vec<i16>> for Audio {
    fn from(samples: Vec<i16>) -> Self {
        Self::Linear(samples.into())
    }
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Linear(_) => "linear",
            Self::Pcmu(_) => "PCMU",
            Self::Pcma(_) => "PCMA",
        };
        write!(f, "<{} samples, {kind}>", self.samples())
    }
}
