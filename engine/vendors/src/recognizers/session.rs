//! The handle of a session: orders into a bounded queue, never waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::mpsc;
use types::{AudioFormat, Encoding, Millis, UtteranceId};
use vendor::{AudioChunk, RecognizerEvent, RecognizerSession, Sink, VendorUsage};

use crate::net::Net;
use crate::usage::Meter;

use super::dialect::Dialect;
use super::task::Task;

/// Orders that wait for the session's task at most: ten seconds of frames. A task that is so late has
/// lost its processor; audio is shed then, and counted.
pub(crate) const ORDERS_MAX: usize = 512;

/// A second of 16-bit audio at 16 kHz: a task that is no later than that lets the block be used again.
const BLOCK_BYTES: usize = 32_000;

/// What a task is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// More audio, which begins at this sample.
    Audio {
        at: u64,
        bytes: Bytes,
    },
    Begin {
        utterance: UtteranceId,
        ago: Millis,
    },
    Pause {
        utterance: UtteranceId,
    },
    Resume {
        utterance: UtteranceId,
    },
    Finalize {
        utterance: UtteranceId,
    },
    Discard {
        utterance: UtteranceId,
    },
}

/// What a session has counted besides what is billed.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Orders that found the queue full.
    pub(crate) shed: AtomicU64,
}

/// One call's ear at a vendor.
///
/// Cost: a frame is copied and queued; nothing waits. Once warm, the queue's blocks of 32 orders are all
/// that is allocated.
pub(crate) struct Session {
    orders: mpsc::Sender<Order>,
    format: AudioFormat,
    at: u64,
    /// Frames are cut off from here. The block is used again once the task has let go of them.
    block: BytesMut,
    meter: Arc<Meter>,
    counters: Arc<Counters>,
}

impl Session {
    /// Begins a session on the runtime of `net`: it connects at once.
    pub(crate) fn begin(
        net: &Net,
        format: AudioFormat,
        dialect: Box<dyn Dialect>,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let meter = Arc::new(Meter::default());
        let task = Task::new(net.clone(), format, dialect, events, meter.clone());
        net.handle().spawn(task.run(inbox));
        Self::over(orders, format, meter)
    }

    /// A handle of a task that reads `orders`.
    pub(crate) fn over(
        orders: mpsc::Sender<Order>,
        format: AudioFormat,
        meter: Arc<Meter>,
    ) -> Self {
        let block = BytesMut::with_capacity(BLOCK_BYTES);
        Self { orders, format, at: 0, block, meter, counters: Arc::default() }
    }

    fn order(&self, order: Order) {
        // A task that is gone has said so through its events.
        if let Err(mpsc::error::TrySendError::Full(order)) = self.orders.try_send(order) {
            let shed = self.counters.shed.fetch_add(1, Ordering::Relaxed);
            // Once is enough to know.
            if shed == 0 {
                let is_audio = matches!(order, Order::Audio { .. });
                tracing::warn!(is_audio, "a recognizer's session is too late for its orders");
            }
        }
    }
}

impl RecognizerSession for Session {
    fn push_audio(&mut self, audio: AudioChunk<'_>) {
        let is_as_agreed = match audio {
            AudioChunk::Linear(_) => self.format.encoding == Encoding::L16,
            AudioChunk::Mulaw(_) => self.format.encoding == Encoding::Pcmu,
        };
        debug_assert!(is_as_agreed, "audio in the format of the request");
        match audio {
            AudioChunk::Linear(samples) => {
                self.block.reserve(2 * samples.len());
                samples.iter().for_each(|sample| self.block.put_i16_le(*sample));
            }
            AudioChunk::Mulaw(codes) => self.block.extend_from_slice(codes),
        }
        let bytes = self.block.split().freeze();
        let at = self.at;
        self.at += audio.samples() as u64;
        self.order(Order::Audio { at, bytes });
    }

    fn begin(&mut self, utterance: UtteranceId, ago: Millis) {
        self.order(Order::Begin { utterance, ago });
    }

    fn pause(&mut self, utterance: UtteranceId) {
        self.order(Order::Pause { utterance });
    }

    fn resume(&mut self, utterance: UtteranceId) {
        self.order(Order::Resume { utterance });
    }

    fn finalize(&mut self, utterance: UtteranceId) {
        self.order(Order::Finalize { utterance });
    }

    fn discard(&mut self, utterance: UtteranceId) {
        self.order(Order::Discard { utterance });
    }

    fn usage(&self) -> VendorUsage {
        self.meter.usage()
    }
}
