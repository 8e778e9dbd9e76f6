//! A warm leg allocates nothing per frame.

use std::alloc::System;
use std::sync::Arc;

use media::{Inbound, Outgoing, Playout, PlayoutSettings, Tap};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use types::{
    Audio, AudioFormat, CallTime, Encoding, GenerationId, PTIME, SampleRate, SegmentId, TurnId,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many allocations `work` makes.
fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

// One test: others running at the same time would be counted.
#[test]
fn a_warm_leg_allocates_nothing() {
    let formats = [
        AudioFormat::PCMU_8K,
        AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 },
        AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 },
        AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 },
    ];
    for format in formats {
        let payloads = check_playout(format);
        check_inbound(format, &payloads);
    }
}

fn check_playout(format: AudioFormat) -> Vec<Vec<u8>> {
    let settings = PlayoutSettings { tap: Tap::On, ..PlayoutSettings::STANDARD };
    let mut playout = Playout::new(format, settings).expect("a format we speak");
    let count = format.rate.samples_in(types::Millis::from_secs(1));
    let samples: Arc<[i16]> = (0..count).map(|n| n as i16).collect();
    // Every other second of a G.711 leg comes as bytes of its own.
    let bytes = (0..count).map(|n| n as u8).collect::<Vec<u8>>().into();
    let audio = [
        Audio::Linear(samples.clone()),
        if format == AudioFormat::PCMU_8K { Audio::Pcmu(bytes) } else { Audio::Linear(samples) },
    ];
    let generation = GenerationId { turn: TurnId::new(1), attempt: 0 };
    let (mut payload, mut heard) = (Vec::new(), Vec::new());
    let mut now = CallTime::ZERO;
    let mut payloads = Vec::new();
    let mut marks = std::collections::VecDeque::with_capacity(16);
    let mut count = 0;
    for segment in 0..10 {
        for second in 0..5 {
            playout
                .queue(generation, SegmentId::new(segment), audio[second % 2].clone())
                .expect("there is room");
        }
        for _ in 0..250 {
            now += PTIME;
            let mut frames = 0;
            let allocated = allocations(|| {
                while let Some(outgoing) = playout.poll_message(now, &mut payload) {
                    match outgoing {
                        Outgoing::Media => frames += 1,
                        Outgoing::Mark(name) => marks.push_back((now + settings.lead, name)),
                        Outgoing::Clear => (),
                    }
                }
                while playout.poll_heard(&mut heard).is_some() {}
                while playout.poll_event().is_some() {}
            });
            if 2 <= segment {
                assert_eq!(allocated, 0, "{format}, segment {segment}");
                payloads.extend((0..frames).map(|_| payload.clone()));
                count += frames;
            }
            while let Some((_, name)) = marks.pop_front_if(|(at, _)| *at <= now) {
                playout.handle_mark(now, &name.to_string());
            }
        }
    }
    assert!(1_900 < count, "{count} frames");
    payloads
}

fn check_inbound(format: AudioFormat, payloads: &[Vec<u8>]) {
    let mut inbound = Inbound::new(format).expect("a format we speak");
    let mut frame = Vec::new();
    let mut now = CallTime::ZERO;
    for (n, pair) in payloads.chunks(2).take(900).enumerate() {
        let allocated = allocations(|| {
            // Every pair is swapped, and now and then a message is lost.
            for (k, payload) in pair.iter().enumerate().rev() {
                now += PTIME;
                if n % 50 == 49 && k == 0 {
                    continue;
                }
                let chunk = (2 * n + k) as u64;
                inbound.handle_media(now, Some(chunk), payload).expect("a good payload");
                while inbound.poll_frame(&mut frame).is_some() {}
            }
        });
        if 200 <= n {
            assert_eq!(allocated, 0, "{format}, pair {n}");
        }
    }
    assert!(10 < inbound.counters().gaps_filled);
}
