//! Making the messages that are due.

use codecs::fade::{FADE_IN, FADE_OUT, fade_in, fade_out};
use codecs::g711::{self, ALAW_SILENCE, ULAW_SILENCE};
use types::{CallTime, Encoding, GenerationId, Millis, PTIME};

use super::{Frame, Hold, Outgoing, Phase, Playout, PlayoutEvent, Run};

impl Playout {
    /// How much audio there has to be before sending begins.
    pub(super) fn threshold(&self, underrun: Option<GenerationId>) -> Millis {
        match underrun {
            Some(generation) if self.queue.sending() == Some(generation) => {
                self.settings.restart_after
            }
            Some(_) | None => self.settings.start_after,
        }
    }

    /// When [`Self::poll_message`] sends something next.
    pub(super) fn next_send(&self) -> Option<CallTime> {
        if self.clear_due || self.marks.has_unsent() {
            return Some(self.now);
        }
        let run = match (self.hold, self.phase) {
            (Hold::Held, _) => return None,
            (Hold::No | Hold::Fading, Phase::Running(run)) => run,
            (Hold::No | Hold::Fading, Phase::Waiting { underrun }) => {
                return self.queue.is_ready(self.threshold(underrun)).then_some(self.now);
            }
        };
        let due = run.due(self.settings.lead);
        let end = self.carrier.end();
        Some(if self.queue.has_frame() || self.hold == Hold::Fading {
            due.max((end + PTIME).saturating_sub(self.settings.lead_max))
        } else {
            due.max(end.saturating_sub(PTIME))
        })
    }

    /// Sends the frame that is due, if one is.
    pub(super) fn send_due(
        &mut self,
        now: CallTime,
        run: Run,
        payload: &mut Vec<u8>,
    ) -> Option<Outgoing> {
        let due = run.due(self.settings.lead);
        if now < due {
            return None;
        }
        if now + self.settings.lead_max < self.carrier.end() + PTIME {
            self.phase = Phase::Running(Run { blocked: true, ..run });
            return None;
        }
        if !self.queue.has_frame() {
            // The carrier still has something to play: the audio may come in time.
            if now + PTIME < self.carrier.end() {
                self.phase = Phase::Running(Run { blocked: true, ..run });
                return None;
            }
            return self.send_comfort(now, payload);
        }
        if !run.blocked && due + PTIME <= now && self.frame.late != Some(now) {
            self.frame.late = Some(now);
            self.counters.late_ticks += 1;
        }
        let blocked = run.blocked && due + PTIME <= now;
        self.phase = Phase::Running(Run { frames: run.frames + 1, blocked, ..run });
        let generation = self.take_audio(now);
        self.send(now, generation, payload);
        self.label();
        Some(Outgoing::Media)
    }

    /// Fills the frame with queued audio, silence behind it at the end of a generation.
    fn take_audio(&mut self, now: CallTime) -> Option<GenerationId> {
        let (queue, carrier) = (&mut self.queue, &mut self.carrier);
        let Frame { samples: made, coded, .. } = &mut self.frame;
        made.clear();
        coded.clear();
        let generation = queue.take((made, coded), |owner, samples| {
            carrier.note(owner, samples);
        });
        let format = self.encoder.format();
        let rate = format.rate;
        let taken = self.frame.samples.len();
        if self.frame.fade_in {
            self.frame.fade_in = false;
            let edge = rate.samples_in(FADE_IN).min(taken);
            fade_in(&mut self.frame.samples[..edge]);
            self.frame.encode_anew(edge, format.encoding);
        }
        let missing = rate.samples_in(PTIME) - taken;
        carrier.note(None, missing);
        self.frame.samples.resize(taken + missing, 0);
        self.frame.pad_coded(missing, format.encoding);
        if let Some(generation) = generation
            && self.queue.announce(generation)
        {
            let at = self.carrier.ear(self.carrier.end().max(now));
            self.emit(PlayoutEvent::Started { generation, at });
        }
        generation
    }

    /// The audio ran out: what is left of it, then the voice and the noise behind it going on and
    /// dying away, then nothing.
    fn send_comfort(&mut self, now: CallTime, payload: &mut Vec<u8>) -> Option<Outgoing> {
        let Some(generation) = self.queue.sending() else {
            self.stop();
            return None;
        };
        self.counters.underruns += 1;
        self.phase = Phase::Waiting { underrun: Some(generation) };
        self.take_audio(now);
        let rate = self.encoder.format().rate;
        let tail = rate.samples_in(PTIME) - self.queue.last_padding();
        let (said, rest) = self.frame.samples.split_at_mut(tail);
        self.frame.comfort.observe(said);
        self.frame.fill.clear();
        self.frame.comfort.conceal(&mut self.frame.fill);
        self.frame.comfort.forget_loss();
        rest.copy_from_slice(&self.frame.fill[..rest.len()]);
        fade_out(rest);
        self.frame.coded.clear();
        self.send(now, Some(generation), payload);
        self.emit(PlayoutEvent::Underrun { generation });
        self.label();
        Some(Outgoing::Media)
    }

    /// The last frame before a hold: the beginning of what is kept, dying away.
    pub(super) fn send_fade(&mut self, now: CallTime, payload: &mut Vec<u8>) -> Option<Outgoing> {
        let Phase::Running(run) = self.phase else {
            self.hold = Hold::Held;
            return None;
        };
        if now < run.due(self.settings.lead) {
            return None;
        }
        self.hold = Hold::Held;
        self.stop();
        let rate = self.encoder.format().rate;
        self.frame.samples.clear();
        self.frame.coded.clear();
        self.queue.peek(rate.samples_in(FADE_OUT), &mut self.frame.samples);
        if self.frame.samples.is_empty() || self.carrier.end() <= now {
            return None;
        }
        fade_out(&mut self.frame.samples);
        self.frame.samples.resize(rate.samples_in(PTIME), 0);
        self.carrier.note(None, self.frame.samples.len());
        self.send(now, self.queue.sending(), payload);
        Some(Outgoing::Media)
    }

    /// Encodes the frame, unless it is, and hands it to the carrier.
    fn send(&mut self, now: CallTime, generation: Option<GenerationId>, payload: &mut Vec<u8>) {
        payload.clear();
        if !self.frame.coded.is_empty() {
            debug_assert_eq!(self.frame.coded.len(), self.frame.samples.len());
            payload.extend_from_slice(&self.frame.coded);
        } else if self.encoder.encode_frame(&self.frame.samples, payload).is_err() {
            self.counters.encode_faults += 1;
            // If even that is refused the payload stays empty, and the carrier ignores it.
            let _ = self.encoder.silence_frame(payload);
        }
        self.counters.frames += 1;
        self.frame.comfort.observe(&mut self.frame.samples);
        self.carrier.send(now, generation, &self.frame.samples);
    }

    /// Leaves the schedule.
    pub(super) fn stop(&mut self) {
        self.phase = Phase::Waiting { underrun: None };
    }
}

impl Frame {
    /// The first `edge` samples have been touched.
    fn encode_anew(&mut self, edge: usize, encoding: Encoding) {
        let pairs = self.coded.iter_mut().zip(&self.samples[..edge]);
        match encoding {
            Encoding::Pcmu => pairs.for_each(|(code, &s)| *code = g711::ulaw_encode(s)),
            Encoding::Pcma => pairs.for_each(|(code, &s)| *code = g711::alaw_encode(s)),
            // Frames of other codecs are made whole: nothing of them is coded beforehand.
            Encoding::G722 | Encoding::L16 | Encoding::Opus => self.coded.clear(),
        }
    }

    /// Silence behind what there is.
    fn pad_coded(&mut self, missing: usize, encoding: Encoding) {
        if self.coded.is_empty() {
            return;
        }
        let whole = self.coded.len() + missing;
        match encoding {
            Encoding::Pcmu => self.coded.resize(whole, ULAW_SILENCE),
            Encoding::Pcma => self.coded.resize(whole, ALAW_SILENCE),
            Encoding::G722 | Encoding::L16 | Encoding::Opus => self.coded.clear(),
        }
    }
}
