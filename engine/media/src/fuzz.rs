//! Entry points for a fuzzer: bytes become what a carrier, a clock and a call might do.

use types::{Audio, AudioFormat, CallTime, Encoding, GenerationId, SampleRate, SegmentId, TurnId};

use crate::{Inbound, Outgoing, Playout, PlayoutSettings, Tap};

/// Feeds arbitrary messages at arbitrary times.
///
/// # Panics
/// If frames are not exactly 20 ms or do not follow each other without gap.
pub fn fuzz_inbound(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let format = FORMATS[usize::from(bytes.next()) % FORMATS.len()];
    let mut inbound = Inbound::new(format).expect("a format we speak");
    let (mut now, mut next) = (CallTime::ZERO, 0);
    let (mut payload, mut frame) = (Vec::new(), Vec::new());
    while !bytes.0.is_empty() {
        now = CallTime::from_micros(now.as_micros() + u64::from(bytes.next()) * 500);
        let kind = bytes.next();
        let chunk = match kind % 8 {
            0 => None,
            1 => Some(u64::MAX - u64::from(bytes.next())),
            2 => Some(u64::from(bytes.next()) << 8),
            _ => Some(u64::from(bytes.next())),
        };
        payload.clear();
        payload.extend((0..usize::from(bytes.next()) * 3).map(|n| n as u8 ^ kind));
        if kind == 255 {
            inbound.restart(format).expect("a format we speak");
        }
        // Faults are what is being tried.
        let _ = inbound.handle_media(now, chunk, &payload);
        while let Some(info) = inbound.poll_frame(&mut frame) {
            assert_eq!(info.at, next, "frames follow each other without gap");
            assert_eq!(frame.len(), format.rate.samples_in(types::PTIME), "exact frames");
            next += frame.len() as u64;
        }
        while inbound.poll_late(&mut frame).is_some() {}
    }
}

/// Says, holds, resumes, clears and echoes in arbitrary order.
///
/// # Panics
/// If a sample is lost or doubled in the account, or a message is shorter than 20 ms.
pub fn fuzz_playout(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let settings = PlayoutSettings { tap: Tap::On, ..PlayoutSettings::STANDARD };
    let mut playout = Playout::new(AudioFormat::PCMU_8K, settings).expect("a format we speak");
    let mut now = CallTime::ZERO;
    let (mut payload, mut heard, mut names) = (Vec::new(), Vec::new(), Vec::new());
    while !bytes.0.is_empty() {
        let kind = bytes.next();
        let generation =
            GenerationId { turn: TurnId::new(u32::from(kind >> 6)), attempt: u16::from(kind & 1) };
        let segment = SegmentId::new(u32::from(kind >> 4 & 3));
        match kind >> 1 & 7 {
            0 | 1 => {
                let count = usize::from(bytes.next()) * 11;
                let audio = match kind >> 4 & 3 {
                    0 => Audio::Pcmu(vec![5; count].into()),
                    1 => Audio::Pcma(vec![5; count].into()),
                    _ => vec![5; count].into(),
                };
                // Refusals are what is being tried.
                let _ = playout.queue(generation, segment, audio);
            }
            2 => playout.end_segment(generation, segment),
            3 => playout.end(generation),
            4 if kind & 16 == 0 => drop(playout.clear(now)),
            4 => playout.hold(now),
            5 if kind & 48 == 0 => playout.handle_restart(now),
            5 => playout.resume(now),
            6 => {
                let name: String =
                    names.get(usize::from(bytes.next())).cloned().unwrap_or_default();
                playout.handle_mark(now, &name);
            }
            _ => now = CallTime::from_micros(now.as_micros() + u64::from(bytes.next()) * 1_000),
        }
        while let Some(outgoing) = playout.poll_message(now, &mut payload) {
            match outgoing {
                Outgoing::Media => assert_eq!(payload.len(), 160, "exact messages"),
                Outgoing::Mark(name) => names.push(name.to_string()),
                Outgoing::Clear => (),
            }
        }
        while playout.poll_event().is_some() {}
        while playout.poll_heard(&mut heard).is_some() {}
        playout.poll_timeout();
        let ledger = playout.ledger();
        assert_eq!(ledger.queued, ledger.heard + ledger.cleared + ledger.pending, "the account");
        assert!(ledger.heard <= ledger.sent && ledger.sent <= ledger.queued, "heard of sent");
    }
}

const FORMATS: [AudioFormat; 5] = [
    AudioFormat::PCMU_8K,
    AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 },
    AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 },
    AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 },
    AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 },
];

/// Bytes one by one, then zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }
}

#[cfg(test)]
mod tests {
    use types::{Millis, PTIME};

    use super::*;

    /// What one side sends, the other side receives, in every format.
    #[test]
    fn a_playout_is_an_inbound_of_the_other_side() {
        for format in FORMATS {
            let mut playout = Playout::new(format, PlayoutSettings::STANDARD).unwrap();
            let mut inbound = Inbound::new(format).unwrap();
            let generation = GenerationId::default();
            let samples: Vec<i16> = (0..format.rate.samples_in(Millis::from_secs(1)))
                .map(|n| ((n as f32 * 0.1).sin() * 8_000.0) as i16)
                .collect();
            playout.queue(generation, SegmentId::FIRST, samples.into()).unwrap();
            playout.end(generation);
            let (mut payload, mut frame) = (Vec::new(), Vec::new());
            let (mut now, mut chunk, mut loudest) = (CallTime::ZERO, 0, 0);
            for _ in 0..60 {
                while let Some(outgoing) = playout.poll_message(now, &mut payload) {
                    if outgoing == Outgoing::Media {
                        chunk += 1;
                        inbound.handle_media(now, Some(chunk), &payload).unwrap();
                    }
                }
                while inbound.poll_frame(&mut frame).is_some() {
                    loudest = loudest.max(*frame.iter().max().unwrap());
                }
                now += PTIME;
            }
            assert_eq!(chunk, 50, "{format}");
            assert!((6_500..10_000).contains(&loudest), "{format}: {loudest}");
        }
    }
}
