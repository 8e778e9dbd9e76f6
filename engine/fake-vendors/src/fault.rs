//! What can go wrong with a vendor.

use std::str::FromStr;

use thiserror::Error;
use types::Millis;

/// One thing that goes wrong with one session: a socket, or a request.
///
/// "After so much" counts what the session is for: audio received by a recognizer, audio sent by a
/// voice, time since the request of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends before any answer.
    Refuse,
    /// Status 401, whatever the key.
    Unauthorized,
    /// Status 429 and, if given, a time to wait in the header `retry-after` (whole seconds) and in
    /// `retry-after-ms`.
    TooMany {
        /// For how long.
        retry_after: Option<Millis>,
    },
    /// This status, 500 to 599.
    Broken {
        /// Which.
        status: u16,
    },
    /// The connection is taken and nothing is ever answered.
    Hang,
    /// The session begins well and says nothing more after so much.
    Mute {
        /// After how much.
        after: Millis,
    },
    /// The connection breaks after so much, without a goodbye.
    Drop {
        /// After how much.
        after: Millis,
    },
    /// The vendor closes after so much, with this code and no reason (RFC 6455 §7.4).
    Close {
        /// After how much.
        after: Millis,
        /// The code.
        code: u16,
    },
    /// Every message of an answer comes this much later than the one before it.
    Drip {
        /// How much later.
        gap: Millis,
    },
    /// One message in so many is nothing that could be read.
    Malformed {
        /// In how many, from 1: every message.
        every: u32,
    },
    /// Neighboring messages change places, where the protocol leaves room for it.
    WrongOrder,
    /// What was cancelled is sent on for so long.
    LateAudio {
        /// For how long.
        span: Millis,
    },
    /// A message of a kind nobody knows before every message of a known one, and unknown fields and
    /// values in those.
    Unknown,
    /// Everything is so much slower.
    Slow {
        /// How much.
        by: Millis,
    },
}

impl Fault {
    /// The same, with what it waits for coming so much later.
    pub(crate) fn later(self, by: Millis) -> Self {
        match self {
            Self::Mute { after } => Self::Mute { after: after + by },
            Self::Drop { after } => Self::Drop { after: after + by },
            Self::Close { after, code } => Self::Close { after: after + by, code },
            Self::Refuse
            | Self::Unauthorized
            | Self::TooMany { .. }
            | Self::Broken { .. }
            | Self::Hang
            | Self::Drip { .. }
            | Self::Malformed { .. }
            | Self::WrongOrder
            | Self::LateAudio { .. }
            | Self::Unknown
            | Self::Slow { .. } => self,
        }
    }

    /// Whether the session never begins.
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::Refuse
            | Self::Unauthorized
            | Self::TooMany { .. }
            | Self::Broken { .. }
            | Self::Hang => true,
            Self::Mute { .. }
            | Self::Drop { .. }
            | Self::Close { .. }
            | Self::Drip { .. }
            | Self::Malformed { .. }
            | Self::WrongOrder
            | Self::LateAudio { .. }
            | Self::Unknown
            | Self::Slow { .. } => false,
        }
    }
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is no fault: refuse, unauthorized, too-many[:MS], broken:STATUS, hang, mute:MS, drop:MS, \
     close:MS:CODE, drip:MS, malformed:N, wrong-order, late-audio:MS, unknown or slow:MS"
)]
pub struct FaultError(String);

impl FromStr for Fault {
    type Err = FaultError;

    /// As it is written in a command line: `drop:1500`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let numbers: Option<Vec<u32>> = parts.map(|part| part.parse().ok()).collect();
        let fault = match (name, numbers.as_deref()) {
            ("refuse", Some([])) => Some(Self::Refuse),
            ("unauthorized", Some([])) => Some(Self::Unauthorized),
            ("too-many", Some([])) => Some(Self::TooMany { retry_after: None }),
            ("too-many", Some([ms])) => Some(Self::TooMany { retry_after: Some(Millis::new(*ms)) }),
            ("broken", Some([status @ 500..=599])) => Some(Self::Broken { status: *status as u16 }),
            ("hang", Some([])) => Some(Self::Hang),
            ("mute", Some([ms])) => Some(Self::Mute { after: Millis::new(*ms) }),
            ("drop", Some([ms])) => Some(Self::Drop { after: Millis::new(*ms) }),
            ("close", Some([ms, code @ 1_000..=4_999])) => {
                Some(Self::Close { after: Millis::new(*ms), code: *code as u16 })
            }
            ("drip", Some([ms])) => Some(Self::Drip { gap: Millis::new(*ms) }),
            ("malformed", Some([every @ 1..=u32::MAX])) => Some(Self::Malformed { every: *every }),
            ("wrong-order", Some([])) => Some(Self::WrongOrder),
            ("late-audio", Some([ms])) => Some(Self::LateAudio { span: Millis::new(*ms) }),
            ("unknown", Some([])) => Some(Self::Unknown),
            ("slow", Some([ms])) => Some(Self::Slow { by: Millis::new(*ms) }),
            _ => None,
        };
        fault.ok_or_else(|| FaultError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_with_their_figures() {
        let read = str::parse::<Fault>;
        assert_eq!(read("hang"), Ok(Fault::Hang));
        assert_eq!(read("too-many"), Ok(Fault::TooMany { retry_after: None }));
        let after = Millis::new(1_500);
        assert_eq!(read("too-many:1500"), Ok(Fault::TooMany { retry_after: Some(after) }));
        assert_eq!(read("drop:1500"), Ok(Fault::Drop { after }));
        assert_eq!(read("close:1500:1011"), Ok(Fault::Close { after, code: 1_011 }));
        assert_eq!(read("broken:503"), Ok(Fault::Broken { status: 503 }));
        for bad in ["", "drop", "drop:soon", "hang:1", "broken:200", "malformed:0", "close:1:70000"]
        {
            assert_eq!(read(bad), Err(FaultError(bad.to_owned())), "{bad}");
        }
    }
}
