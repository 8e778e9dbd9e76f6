//! A call's inbox: what its vendors and its house tell it.

use axum::extract::ws::WebSocket;
use call::EndManner;
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::sync::oneshot;
use types::{AudioFormat, Unavailable};
use vendor::{BrainEvent, Offered, RecognizerEvent, Sink, VoiceEvent};

use crate::control::CallView;
use crate::front::carrier::CarrierError;
use crate::telemetry::Telemetry;

/// A reply of a minute in segments of two seconds is 30 voice events and as many words; beyond
/// this a vendor has gone wild, and the call is better off without the rest.
pub(crate) const INBOX_EVENTS_MAX: usize = 512;

/// What reaches a call from within the engine.
#[derive(Debug)]
pub(crate) enum Inner {
    /// From its recognizer.
    Recognizer(RecognizerEvent),
    /// From its brain.
    Brain(BrainEvent),
    /// From its voice.
    Voice(VoiceEvent),
    /// From the house: end the call.
    End(EndManner),
    /// From the house: press these keys, each of which is on a telephone.
    Press(String),
    /// From the front door: news of the leg.
    Leg(LegNews),
    /// From the front door: what became of the order to stream again.
    Restreamed(Result<(), CarrierError>),
    /// An operator: show what there is to see.
    Look(oneshot::Sender<Box<CallView>>),
    /// The carrier streams this call anew, on another socket.
    Attach {
        /// The new socket.
        socket: Box<WebSocket>,
        /// What it carries.
        format: AudioFormat,
    },
}

/// What the front door tells a call about its leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LegNews {
    /// The carrier says that the leg is gone.
    Gone,
    /// The stream that was ordered again did not come up.
    StreamFailed,
    /// What the call wanted of the leg cannot be had.
    Refused(Unavailable),
    /// The carrier presses no keys.
    KeysRefused {
        /// Which.
        digits: String,
    },
    /// The caller talks to whom it was transferred to.
    HandedOver,
}

/// The way into a call's inbox.
#[derive(Clone, Debug)]
pub(crate) struct InboxSink {
    events: Sender<Inner>,
    telemetry: Telemetry,
}

impl InboxSink {
    /// An inbox and the way into it.
    pub(crate) fn new(telemetry: Telemetry) -> (Self, Receiver<Inner>) {
        let (events, inbox) = channel(INBOX_EVENTS_MAX);
        (Self { events, telemetry }, inbox)
    }

    /// Hands over `event` without waiting.
    pub(crate) fn offer_inner(&self, event: Inner) -> Offered {
        match self.events.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(TrySendError::Full(_)) => {
                self.telemetry.inbox_shed.increment(1);
                Offered::Shed
            }
            Err(TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

impl Sink<RecognizerEvent> for InboxSink {
    fn offer(&self, event: RecognizerEvent) -> Offered {
        self.offer_inner(Inner::Recognizer(event))
    }
}

impl Sink<BrainEvent> for InboxSink {
    fn offer(&self, event: BrainEvent) -> Offered {
        self.offer_inner(Inner::Brain(event))
    }
}

impl Sink<VoiceEvent> for InboxSink {
    fn offer(&self, event: VoiceEvent) -> Offered {
        self.offer_inner(Inner::Voice(event))
    }
}
