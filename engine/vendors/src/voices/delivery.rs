//! What was found in a vendor's messages, on its way to the engine.

use std::collections::VecDeque;
use std::sync::Arc;

use types::{GenerationId, SampleRate, SegmentId};
use vendor::{Offered, Precision, VendorError, VoiceEvent};

use super::convert::{Converter, Spoken};
use super::dialect::{Certainty, Found};
use super::gate::{Epoch, Gate};
use super::script::{Reply, Segment};
use crate::usage::{Meter, Unit};

/// Replies that are remembered after their end, for the account of an interruption.
const PAST_MAX: usize = 4;

/// The replies of a session and what of them has been delivered.
pub(crate) struct Delivery {
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    spoken: Spoken,
    rate: SampleRate,
    replies: Vec<(Reply, Converter)>,
    past: VecDeque<Reply>,
}

/// What the vendor should know of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Fine,
    /// The engine does not take in any more of this reply.
    Unwanted(Epoch),
}

impl Delivery {
    pub(crate) fn new(
        gate: Arc<Gate>,
        meter: Arc<Meter>,
        spoken: Spoken,
        rate: SampleRate,
    ) -> Self {
        Self { gate, meter, spoken, rate, replies: Vec::new(), past: VecDeque::new() }
    }

    /// A segment is about to be asked for; its number in its reply.
    pub(crate) fn begin(
        &mut self,
        (epoch, generation): (Epoch, GenerationId),
        id: SegmentId,
        text: String,
    ) -> usize {
        let at = self.replies.iter().position(|(reply, _)| reply.epoch == epoch);
        let at = at.unwrap_or_else(|| {
            let converter = Converter::new(self.spoken, self.rate);
            self.replies.push((Reply::new(epoch, generation), converter));
            self.replies.len() - 1
        });
        let segments = &mut self.replies[at].0.segments;
        segments.push(Segment { id, text, samples: 0, words: Vec::new() });
        segments.len() - 1
    }

    /// Whether something of a reply is known.
    pub(crate) fn knows(&self, epoch: Epoch) -> bool {
        self.replies.iter().any(|(reply, _)| reply.epoch == epoch)
    }

    /// Whether any sound of a reply has come.
    pub(crate) fn has_sound(&self, epoch: Epoch) -> bool {
        let reply = self.replies.iter().find(|(reply, _)| reply.epoch == epoch);
        reply.is_some_and(|(reply, _)| reply.segments.iter().any(|s| 0 < s.samples))
    }

    /// Something was found.
    pub(crate) fn handle(&mut self, found: Found) -> Verdict {
        match found {
            Found::Sound { epoch, segment, bytes } => return self.sound(epoch, segment, bytes),
            Found::Word { epoch, segment, text_end, end } => {
                if let Some((reply, _)) = self.find(epoch)
                    && let Some(segment) = reply.segments.get_mut(segment)
                {
                    segment.words.push((text_end, end));
                }
            }
            Found::Reached { epoch, segment, certainty } => self.reach(epoch, segment, certainty),
            Found::Finished { epoch } => {
                if let Some((reply, _)) = self.find(epoch)
                    && reply.done < reply.segments.len()
                {
                    let last = reply.segments.len() - 1;
                    // It is over whether this is taken or not.
                    let _ = self.flush(epoch, last);
                }
                self.reach(epoch, usize::MAX, Certainty::Told);
                self.forget(epoch);
            }
            Found::Broken { epoch, error } => self.fail(epoch, &error),
            Found::Cut { epoch, spoken } => {
                let reply = self.past.iter().find(|reply| reply.epoch == epoch);
                if let Some(reply) = reply
                    && let Some((segment, text_end)) = reply.cut(spoken)
                {
                    let generation = reply.generation;
                    self.gate.tell(VoiceEvent::Heard { generation, segment, text_end });
                }
            }
            Found::Charged { characters, certainty } => match certainty {
                Certainty::Told => self.meter.count(Unit::Characters, characters),
                Certainty::Thought => self.meter.estimate(Unit::Characters, characters),
            },
        }
        Verdict::Fine
    }

    /// The rest of a segment's sound that conversion has kept back.
    pub(crate) fn flush(&mut self, epoch: Epoch, segment: usize) -> Verdict {
        let Some((_, converter)) = self.find(epoch) else { return Verdict::Fine };
        let audio = converter.finish();
        self.deliver(epoch, segment, audio)
    }

    /// Gives up on a reply: every segment that is not complete fails.
    pub(crate) fn fail(&mut self, epoch: Epoch, error: &VendorError) {
        let Some((reply, _)) = self.replies.iter().find(|(reply, _)| reply.epoch == epoch) else {
            return;
        };
        let generation = reply.generation;
        for number in reply.done..reply.segments.len() {
            let segment = reply.segments[number].id;
            let delivered = reply.delivered(number, self.rate);
            let error = error.clone();
            let event = VoiceEvent::Failed { generation, segment, delivered, error };
            self.gate.deliver(epoch, event);
        }
        self.forget(epoch);
    }

    /// Gives up on all replies.
    pub(crate) fn fail_all(&mut self, error: &VendorError) {
        let epochs: Vec<Epoch> = self.replies.iter().map(|(reply, _)| reply.epoch).collect();
        epochs.into_iter().for_each(|epoch| self.fail(epoch, error));
    }

    /// Nothing more of a reply will be delivered.
    pub(crate) fn forget(&mut self, epoch: Epoch) {
        if let Some(at) = self.replies.iter().position(|(reply, _)| reply.epoch == epoch) {
            if PAST_MAX <= self.past.len() {
                self.past.pop_front();
            }
            self.past.push_back(self.replies.remove(at).0);
        }
    }

    fn find(&mut self, epoch: Epoch) -> Option<&mut (Reply, Converter)> {
        self.replies.iter_mut().find(|(reply, _)| reply.epoch == epoch)
    }

    fn sound(&mut self, epoch: Epoch, segment: usize, bytes: bytes::Bytes) -> Verdict {
        let Some((_, converter)) = self.find(epoch) else { return Verdict::Fine };
        let audio = converter.convert(bytes);
        self.deliver(epoch, segment, audio)
    }

    fn deliver(&mut self, epoch: Epoch, segment: usize, audio: types::Audio) -> Verdict {
        let Some((reply, _)) = self.find(epoch) else { return Verdict::Fine };
        let Some(last) = reply.segments.len().checked_sub(1) else { return Verdict::Fine };
        // What comes behind a segment that was thought complete belongs to the next.
        let number = segment.max(reply.done).min(last);
        if audio.is_empty() || number < reply.done {
            return Verdict::Fine;
        }
        let generation = reply.generation;
        let segment = &mut reply.segments[number];
        let samples = audio.samples() as u64;
        let event = VoiceEvent::Audio { generation, segment: segment.id, audio };
        match self.gate.deliver(epoch, event) {
            Offered::Accepted => {
                if let Some((reply, _)) = self.find(epoch) {
                    reply.segments[number].samples += samples;
                }
                Verdict::Fine
            }
            // Cancelled, or nobody listens.
            Offered::Closed => Verdict::Fine,
            // A hole in the middle of a sentence is worse than its end missing.
            Offered::Shed => Verdict::Unwanted(epoch),
        }
    }

    fn reach(&mut self, epoch: Epoch, number: usize, certainty: Certainty) {
        let rate = self.rate;
        let Some((reply, _)) = self.replies.iter_mut().find(|(reply, _)| reply.epoch == epoch)
        else {
            return;
        };
        while reply.done < number.min(reply.segments.len()) {
            let words = reply.words(reply.done, rate);
            let precision = match certainty {
                Certainty::Told => Precision::Exact,
                Certainty::Thought => Precision::Estimated,
            };
            let (generation, segment) = (reply.generation, reply.segments[reply.done].id);
            reply.done += 1;
            let done = VoiceEvent::SegmentDone { generation, segment, words, precision };
            self.gate.deliver(epoch, done);
        }
    }
}
