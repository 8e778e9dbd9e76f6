//! From an open socket to a call: wait for a usable `start`, find out who is rung.

use types::{AudioFormat, E164, Millis, Pii};
use wire::telnyx::{self, Message, Start};

use super::socket::{Line, Ticks, Wake};
use crate::node::Node;

/// Messages before `start` that we put up with: a carrier sends one.
const MESSAGES_BEFORE_START_MAX: u32 = 64;

/// What a `start` told us, checked.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The carrier's name of the call.
    pub(crate) carrier_call: Pii<String>,
    /// Who calls, if shown.
    pub(crate) from: Option<Pii<E164>>,
    /// Which number was dialed.
    pub(crate) to: E164,
    /// What the carrier sends, and is sent.
    pub(crate) format: AudioFormat,
}

/// Why a socket did not become a call. Each has its counter and its close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCall {
    /// The socket went away.
    Gone,
    /// No `start` in time, or too much before it.
    NoStart,
    /// `start` names another leg than the token was for.
    OtherLeg,
    /// `start` does not tell which number was dialed.
    NoNumber,
    /// Audio we do not speak.
    Format,
}

impl Opening {
    /// Reads a `start`.
    pub(crate) fn read(start: &Start<'_>) -> Result<Self, NoCall> {
        let number = |text: &str| text.parse::<E164>().ok();
        let to = start.to.as_ref().and_then(|to| number(to.reveal())).ok_or(NoCall::NoNumber)?;
        let format = start.format().map_err(|error| {
            tracing::warn!(%error, "carrier announces audio we do not speak");
            NoCall::Format
        })?;
        let carrier_call = start.call_control_id.as_deref().unwrap_or_default().to_owned();
        Ok(Self {
            carrier_call: Pii::new(carrier_call),
            from: start.from.as_ref().and_then(|from| number(from.reveal())).map(Pii::new),
            to,
            format,
        })
    }
}

/// Waits for `start` on a fresh socket, for `limit`.
pub(crate) async fn open(node: &Node, line: &mut Line, limit: Millis) -> Result<Opening, NoCall> {
    let deadline = super::instant_after(limit);
    let mut before = 0;
    loop {
        let message = match line.wait(deadline, Ticks::Unwanted).await {
            Wake::Text(message) => message,
            Wake::Binary => {
                node.telemetry.messages_binary.increment(1);
                continue;
            }
            Wake::Deadline if deadline <= tokio::time::Instant::now() => {
                return Err(NoCall::NoStart);
            }
            // Nobody of the house knows this socket yet.
            Wake::Deadline | Wake::Inner(_) | Wake::Tick => continue,
            Wake::Gone => return Err(NoCall::Gone),
            Wake::Broken => {
                node.telemetry.sockets_broken.increment(1);
                return Err(NoCall::Gone);
            }
        };
        match telnyx::decode(&message) {
            Ok(Message::Start(start)) => return Opening::read(&start),
            Ok(Message::Connected(_)) => (),
            Ok(_) | Err(_) => node.telemetry.messages_bad.increment(1),
        }
        before += 1;
        if MESSAGES_BEFORE_START_MAX < before {
            return Err(NoCall::NoStart);
        }
    }
}
