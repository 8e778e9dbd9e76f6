//! What can be wrong with bytes and formats.

use thiserror::Error;
use types::AudioFormat;

/// Why bytes did not become samples, or samples did not become bytes.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CodecError {
    /// No such format on any leg.
    #[error("{format} is not a format we speak: {remedy}")]
    Unsupported {
        /// What was asked for.
        format: AudioFormat,
        /// What to ask for instead.
        remedy: &'static str,
    },
    /// Linear audio that ends in the middle of a sample.
    #[error(
        "{bytes} bytes of L16 end in half a sample: check the encoding the leg announced, and \
         carry an odd byte over to the next message"
    )]
    HalfSample {
        /// How long the payload was.
        bytes: usize,
    },
    /// An odd number of samples for G.722, whose bytes hold two each.
    #[error("{samples} samples end in half a byte of G.722: cut frames with a Framer first")]
    HalfByte {
        /// How many samples came.
        samples: usize,
    },
    /// An Opus payload without a single byte. libopus would take it for a lost packet.
    #[error("empty Opus packet: report a lost packet as lost instead")]
    EmptyPacket,
    /// An Opus payload larger than any real packet.
    #[error("Opus packet of {bytes} bytes, limit {limit}: send one packet per message")]
    PacketTooLong {
        /// How long the payload was.
        bytes: usize,
        /// The longest we look at.
        limit: usize,
    },
    /// What came is not an Opus packet.
    #[error(
        "not an Opus packet ({reason}): send one packet per message, without RTP header or Ogg page"
    )]
    BadPacket {
        /// What libopus said.
        reason: &'static str,
    },
    /// An encoder was given something other than one frame.
    #[error("frame of {samples} samples, expected {expected}: cut it with a Framer first")]
    FrameLength {
        /// How many samples came.
        samples: usize,
        /// How many samples one frame holds.
        expected: usize,
    },
    /// libopus refused to be set up or to encode.
    #[error("libopus refused ({reason}): use another encoding on this leg")]
    Opus {
        /// What libopus said.
        reason: &'static str,
    },
}
