//! What is planned for a session of a voice.

use std::time::Duration;

use types::Millis;

use crate::Fault;
use crate::session::Session;

/// How much later than the one before it every message comes.
pub(crate) fn gap(session: &Session) -> Duration {
    let gap = session.fault(|fault| if let Fault::Drip { gap } = fault { Some(gap) } else { None });
    gap.map_or(Duration::ZERO, |gap| Duration::from_millis(gap.get().into()))
}

/// How much of what was cancelled is sent all the same.
pub(crate) fn late(session: &Session) -> Millis {
    let late = session
        .fault(|fault| if let Fault::LateAudio { span } = fault { Some(span) } else { None });
    late.unwrap_or(Millis::ZERO)
}

/// Whether the message that is sent now, number `sent` from 1, is to be nothing that can be read.
pub(crate) fn is_malformed(session: &Session, sent: u64) -> bool {
    let every = session
        .fault(|fault| if let Fault::Malformed { every } = fault { Some(every) } else { None });
    every.is_some_and(|every| sent.is_multiple_of(u64::from(every.max(1))))
}

/// How the session ends, now that so much sound has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It says no more.
    Mute,
    /// The connection breaks.
    Drop,
    /// It says goodbye with this code.
    Close(u16),
}

/// Whether the session ends after `sounded`, and how.
pub(crate) fn end(session: &Session, sounded: Millis) -> Option<End> {
    session.fault(|fault| {
        if let Fault::Mute { after } = fault {
            (after <= sounded).then_some(End::Mute)
        } else if let Fault::Drop { after } = fault {
            (after <= sounded).then_some(End::Drop)
        } else if let Fault::Close { after, code } = fault {
            (after <= sounded).then_some(End::Close(code))
        } else {
            None
        }
    })
}
