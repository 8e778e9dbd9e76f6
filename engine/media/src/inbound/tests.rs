use proptest::prelude::*;
use types::{Encoding, SampleRate};

use codecs::l16;

use super::*;

const L16_8K: AudioFormat = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz8000 };

fn ms(ms: u64) -> CallTime {
    CallTime::from_millis(ms)
}

/// A message of `samples` samples that all say `value`.
fn message(value: i16, samples: usize) -> Vec<u8> {
    value.to_le_bytes().repeat(samples)
}

/// Everything that has come out: first sample, length, where from, index.
fn drain(inbound: &mut Inbound) -> Vec<(i16, Origin, u64)> {
    let mut frame = Vec::new();
    let mut frames = Vec::new();
    while let Some(info) = inbound.poll_frame(&mut frame) {
        assert_eq!(frame.len(), inbound.format().rate.samples_in(types::PTIME));
        // The first 10 ms after a loss are blended with what was made up.
        frames.push((frame[frame.len() - 1], info.origin, info.at));
    }
    frames
}

#[test]
fn what_is_in_order_passes_at_once() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    for chunk in 1..=3 {
        inbound.handle_media(ms(0), Some(chunk), &message(chunk as i16, 160)).unwrap();
        let at = (chunk - 1) * 160;
        assert_eq!(drain(&mut inbound), [(chunk as i16, Origin::Received, at)]);
    }
    assert_eq!(inbound.poll_timeout(), None);
}

#[test]
fn a_swap_is_put_right_and_a_gap_is_filled_after_forty_milliseconds() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    let send = |inbound: &mut Inbound, at, chunk: u64| {
        inbound.handle_media(ms(at), Some(chunk), &message(chunk as i16 * 1_000, 160)).unwrap();
        drain(inbound).iter().map(|frame| frame.0).collect::<Vec<_>>()
    };
    assert_eq!(send(&mut inbound, 0, 1), [1_000]);
    assert_eq!(send(&mut inbound, 20, 3), []);
    assert_eq!(inbound.poll_timeout(), Some(ms(60)));
    assert_eq!(send(&mut inbound, 40, 2), [2_000, 3_000]);
    // 4 is lost.
    assert_eq!(send(&mut inbound, 60, 5), []);
    assert_eq!(send(&mut inbound, 80, 6), []);
    inbound.handle_timeout(ms(99));
    assert_eq!(drain(&mut inbound), []);
    inbound.handle_timeout(ms(100));
    let (received, concealed) = (Origin::Received, Origin::Concealed);
    let drained = drain(&mut inbound);
    assert_eq!(drained[1..], [(5_000, received, 640), (6_000, received, 800)]);
    assert_eq!((drained[0].1, drained[0].2), (concealed, 480));
    assert!((1_000..3_000).contains(&drained[0].0), "on its way out: {}", drained[0].0);
    // And comes after all: for the recording, once.
    assert_eq!(send(&mut inbound, 120, 4), []);
    let mut late = Vec::new();
    assert_eq!(inbound.poll_late(&mut late), Some(LateAudio { at: 480 }));
    assert_eq!(late, [4_000; 160]);
    assert_eq!(send(&mut inbound, 121, 4), []);
    assert_eq!(send(&mut inbound, 122, 6), []);
    assert_eq!(inbound.poll_late(&mut late), None);
    let expected = InboundCounters {
        received: 8,
        reordered: 3,
        duplicates: 2,
        late: 1,
        gaps_filled: 1,
        ..InboundCounters::default()
    };
    assert_eq!(inbound.counters(), expected);
}

#[test]
fn a_long_loss_fades_to_the_noise_of_the_line() {
    let mut inbound = Inbound::new(AudioFormat::PCMU_8K).unwrap();
    inbound.handle_media(ms(0), Some(7), &[0x80; 160]).unwrap();
    inbound.handle_media(ms(20), Some(12), &[0x80; 160]).unwrap();
    inbound.handle_timeout(ms(60));
    let frames = drain(&mut inbound);
    let origins: Vec<Origin> = frames.iter().map(|frame| frame.1).collect();
    let (concealed, filled) = (Origin::Concealed, Origin::Filled);
    let expected = [Origin::Received, concealed, concealed, concealed, filled, Origin::Received];
    assert_eq!(origins, expected);
    let levels: Vec<i16> = frames.iter().map(|frame| frame.0.abs()).collect();
    assert!(levels[1..4].is_sorted_by(|a, b| b < a), "quieter each time: {levels:?}");
    assert!(levels[3] < 200 && levels[4] < 200, "{levels:?}");
}

#[test]
fn any_payload_length_becomes_frames_of_twenty_milliseconds() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    for (chunk, samples) in [(1, 240), (2, 240), (3, 80), (4, 1), (5, 159), (6, 0), (7, 4_000)] {
        let result = inbound.handle_media(ms(0), Some(chunk), &message(9, samples));
        assert_eq!(result.is_err(), samples == 0, "{samples}");
    }
    let frames = drain(&mut inbound);
    // The empty message counts for as long as the one before it.
    assert_eq!(frames.len(), (240 + 240 + 80 + 1 + 159 + 159 + 4_000) / 160);
    assert_eq!(frames[4].1, Origin::Concealed);
    assert_eq!(inbound.counters().undecodable, 1);
    // Half a sample belongs to nothing.
    inbound.handle_media(ms(0), Some(8), &[9; 321]).unwrap();
}

#[test]
fn rubbish_is_concealed_and_counted() {
    let format = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 };
    let mut inbound = Inbound::new(format).unwrap();
    for chunk in 1..=4 {
        assert!(inbound.handle_media(ms(0), Some(chunk), &[0xff; 7]).is_err());
    }
    let frames = drain(&mut inbound);
    assert_eq!(frames.len(), 4);
    assert_eq!(frames[0].1, Origin::Concealed);
    assert_eq!(inbound.counters().undecodable, 4);
}

#[test]
fn a_new_count_is_followed_with_and_without_a_second_start() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    let count = |inbound: &mut Inbound, chunks: std::ops::Range<u64>| {
        for chunk in chunks {
            inbound.handle_media(ms(0), Some(chunk), &message(1, 160)).unwrap();
        }
        drain(inbound).len()
    };
    assert_eq!(count(&mut inbound, 100..200), 100);
    inbound.restart(L16_8K).unwrap();
    assert_eq!(count(&mut inbound, 1..50), 49);
    // Forward by more than five seconds: nothing is filled.
    assert_eq!(count(&mut inbound, 1_000_000..1_000_010), 10);
    assert_eq!(count(&mut inbound, u64::MAX - 10..u64::MAX), 10);
    // Backward: half a second is lost until it is believed.
    assert_eq!(count(&mut inbound, 1..101), 100 - 24);
    assert_eq!(inbound.counters().resyncs, 2);
    assert_eq!(inbound.counters().gaps_filled, 0);
}

#[test]
fn a_restart_keeps_the_timeline() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    inbound.handle_media(ms(0), Some(1), &message(1, 200)).unwrap();
    inbound.handle_media(ms(0), Some(3), &message(3, 200)).unwrap();
    let wide = AudioFormat { encoding: Encoding::Pcmu, rate: SampleRate::Hz16000 };
    assert!(inbound.restart(wide).is_err());
    inbound.restart(AudioFormat::PCMU_8K).unwrap();
    inbound.handle_media(ms(0), Some(1), &[0xff; 160]).unwrap();
    let frames = drain(&mut inbound);
    assert_eq!(frames.last().unwrap().2, 4 * 160, "600 samples, filled up to a frame");
    inbound.restart(AudioFormat { rate: SampleRate::Hz16000, ..L16_8K }).unwrap();
    inbound.handle_media(ms(0), Some(1), &message(5, 320)).unwrap();
    assert_eq!(drain(&mut inbound), [(5, Origin::Received, 5 * 320)]);
}

#[test]
fn the_quickest_message_says_when_the_timeline_began() {
    let mut inbound = Inbound::new(L16_8K).unwrap();
    assert_eq!(inbound.origin(), None);
    for (chunk, arrival) in [(1, 130), (2, 131), (3, 160), (4, 220), (5, 203)] {
        inbound.handle_media(ms(arrival), Some(chunk), &message(1, 160)).unwrap();
    }
    assert_eq!(inbound.origin(), Some(ms(91)));
    // The carrier pauses for a second and goes on counting where it was.
    inbound.handle_media(ms(1_250), Some(6), &message(1, 160)).unwrap();
    assert_eq!(inbound.origin(), Some(ms(1_250 - 120)));
    inbound.restart(L16_8K).unwrap();
    inbound.handle_media(ms(1_000), Some(1), &message(1, 160)).unwrap();
    assert_eq!(inbound.origin(), Some(ms(1_000 - 140)));
}

#[test]
fn nobody_draining_cannot_grow_memory() {
    let mut inbound = Inbound::new(AudioFormat::PCMU_8K).unwrap();
    let results: Vec<_> =
        (1..100).map(|chunk| inbound.handle_media(ms(0), Some(chunk), &[0; 8_000])).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
    assert_eq!(results[20], Err(MediaFault::Backlog { limit: BACKLOG_MAX }));
    assert_eq!(inbound.counters().refused, 79);
}

#[test]
fn l16_the_other_way_round_is_noticed() {
    let tone: Vec<i16> = (0..160).map(|n| (8_000.0 * (f64::from(n) * 0.3).sin()) as i16).collect();
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let mut payload = Vec::new();
        l16::encode(&tone, order, &mut payload);
        let mut inbound = Inbound::new(L16_8K).unwrap();
        for chunk in 1..=9 {
            inbound.handle_media(ms(0), Some(chunk), &payload).unwrap();
        }
        assert_eq!(inbound.byte_order(), order);
        drain(&mut inbound);
        inbound.handle_media(ms(0), Some(10), &payload).unwrap();
        let mut frame = Vec::new();
        inbound.poll_frame(&mut frame).unwrap();
        assert_eq!(frame, tone);
        let switches = u64::from(order == ByteOrder::Big);
        assert_eq!(inbound.counters().order_switches, switches);
        let fixed = OrderChoice::Fixed(ByteOrder::Little);
        let mut told = Inbound::with_byte_order(L16_8K, fixed).unwrap();
        for chunk in 1..=60 {
            told.handle_media(ms(0), Some(chunk), &payload).unwrap();
        }
        assert_eq!(told.byte_order(), ByteOrder::Little, "as it was told");
    }
}

/// A voice of one second in `format`, 20 ms a message.
fn voice(format: AudioFormat) -> (Vec<i16>, Vec<Vec<u8>>) {
    let hz = f64::from(format.rate.hz());
    let samples: Vec<i16> = (0..format.rate.samples_in(Millis::from_secs(1)))
        .map(|n| {
            let t = n as f64 / hz * std::f64::consts::TAU;
            let buzz: f64 = (1..20).map(|h| (t * 140.0 * f64::from(h)).sin() / f64::from(h)).sum();
            (buzz * 5_000.0 * (1.0 + 0.5 * (t * 4.0).sin())) as i16
        })
        .collect();
    let mut encoder = codecs::leg::Encoder::new(format).unwrap();
    let payloads = samples
        .chunks(encoder.samples_per_frame())
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode_frame(frame, &mut payload).unwrap();
            payload
        })
        .collect();
    (samples, payloads)
}

/// Signal to error in decibels.
fn snr(signal: &[i16], heard: &[i16]) -> f64 {
    let power: f64 = signal.iter().map(|&a| f64::from(a).powi(2)).sum();
    let pairs = signal.iter().zip(heard);
    let error: f64 = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (power / error.max(1.0)).log10()
}

const OPUS_16K: AudioFormat = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 };
const G722_16K: AudioFormat = AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 };

/// All frames of `payloads` but for those `lost`, in one run; the late ones come in the end.
fn listen(format: AudioFormat, payloads: &[Vec<u8>], lost: &[usize]) -> (Inbound, Vec<i16>) {
    let mut inbound = Inbound::new(format).unwrap();
    let (mut frame, mut heard) = (Vec::new(), Vec::new());
    for (n, payload) in payloads.iter().enumerate() {
        if !lost.contains(&n) {
            inbound.handle_media(ms(20 * n as u64), Some(n as u64 + 1), payload).unwrap();
        }
        while inbound.poll_frame(&mut frame).is_some() {
            heard.extend_from_slice(&frame);
        }
    }
    inbound.handle_timeout(ms(5_000));
    while inbound.poll_frame(&mut frame).is_some() {
        heard.extend_from_slice(&frame);
    }
    (inbound, heard)
}

#[test]
fn a_lost_opus_packet_is_real_audio_from_the_next() {
    let (_, payloads) = voice(OPUS_16K);
    let copied: Vec<usize> =
        (14..48).step_by(3).filter(|&n| codecs::opus::has_copy(&payloads[n + 1])).collect();
    assert!(2 < copied.len(), "{copied:?}");
    let (_, whole) = listen(OPUS_16K, &payloads, &[]);
    let (inbound, heard) = listen(OPUS_16K, &payloads, &copied);
    let counters = inbound.counters();
    assert_eq!(counters.gaps_filled, copied.len() as u64);
    assert_eq!(counters.gaps_recovered, copied.len() as u64);
    assert_eq!(heard.len(), whole.len());
    for &n in &copied {
        let frame = n * 320..(n + 1) * 320;
        let quality = snr(&whole[frame.clone()], &heard[frame]);
        assert!(5.0 < quality, "frame {n}: {quality} dB");
    }
}

#[test]
fn late_audio_of_every_codec_comes_for_its_place() {
    for encoding in Encoding::ALL {
        let rate = match encoding {
            Encoding::Pcmu | Encoding::Pcma => SampleRate::Hz8000,
            Encoding::G722 | Encoding::L16 | Encoding::Opus => SampleRate::Hz16000,
        };
        let format = AudioFormat { encoding, rate };
        let (_, payloads) = voice(format);
        let (_, whole) = listen(format, &payloads, &[]);
        let samples = rate.samples_in(types::PTIME);
        let (mut inbound, _) = listen(format, &payloads, &[25]);
        let mut late = Vec::new();
        assert_eq!(inbound.poll_late(&mut late), None);
        inbound.handle_media(ms(5_000), Some(26), &payloads[25]).unwrap();
        assert_eq!(inbound.poll_late(&mut late), Some(LateAudio { at: 25 * samples as u64 }));
        assert_eq!(late.len(), samples);
        let was = &whole[25 * samples..26 * samples];
        let quality = snr(was, &late);
        // Opus knows only the message before the loss.
        let least = match encoding {
            Encoding::Pcmu | Encoding::Pcma | Encoding::L16 | Encoding::G722 => 80.0,
            Encoding::Opus => 4.0,
        };
        assert!(least < quality, "{format}: {quality} dB");
        assert_eq!(inbound.poll_late(&mut late), None);
    }
}

#[test]
fn a_wide_band_leg_is_decoded_and_concealed_like_any_other() {
    let (sent, payloads) = voice(G722_16K);
    assert!(payloads.iter().all(|payload| payload.len() == 160), "20 ms are 160 bytes");
    let (_, heard) = listen(G722_16K, &payloads, &[]);
    let quality = snr(&sent[1_600..14_000], &heard[1_600 + codecs::g722::DELAY_SAMPLES..]);
    assert!(15.0 < quality, "{quality} dB");
    let (inbound, heard) = listen(G722_16K, &payloads, &[20, 30, 31]);
    assert_eq!(inbound.counters().gaps_filled, 3);
    assert_eq!(heard.len(), sent.len());
}

/// One message of a random delivery.
#[derive(Clone, Debug)]
struct Delivery {
    chunk: u64,
    arrival_us: u64,
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let fate = (0_u64..90_000, prop_oneof![8 => Just(1), 1 => Just(0), 1 => Just(2)]);
    proptest::collection::vec(fate, 1..60).prop_map(|fates| {
        let mut all = vec![Delivery { chunk: 1, arrival_us: 0 }];
        for (n, (jitter_us, copies)) in fates.into_iter().enumerate() {
            for copy in 0..copies {
                let arrival_us = (n as u64 + 1) * 20_000 + jitter_us + copy * 7_000;
                all.push(Delivery { chunk: n as u64 + 2, arrival_us });
            }
        }
        all.sort_by_key(|delivery| delivery.arrival_us);
        all
    })
}

proptest! {
    /// Whatever the order, losses and copies: indexes have no gap, every message is in its place
    /// or counted, and none waits more than 40 ms.
    #[test]
    fn the_timeline_has_no_gap_and_nothing_waits_long(deliveries in deliveries()) {
        let mut inbound = Inbound::new(L16_8K).unwrap();
        let mut next = 0;
        let mut frame = Vec::new();
        let mut arrived = std::collections::BTreeMap::<u64, u64>::new();
        let mut played = std::collections::BTreeSet::new();
        let mut check = |inbound: &mut Inbound, now: CallTime, arrived: &std::collections::BTreeMap<u64, u64>| {
            while let Some(info) = inbound.poll_frame(&mut frame) {
                assert_eq!(info.at, next, "indexes have no gap");
                next += 160;
                let chunk = info.at / 160 + 1;
                if info.origin == Origin::Received {
                    assert!(frame[80..].iter().all(|&sample| sample == chunk as i16));
                    let waited = now.as_micros() - arrived[&chunk];
                    assert!(waited <= 40_000, "{chunk} waited {waited} us");
                    played.insert(chunk);
                }
            }
        };
        for delivery in &deliveries {
            let now = CallTime::from_micros(delivery.arrival_us);
            while let Some(deadline) = inbound.poll_timeout().filter(|&deadline| deadline <= now) {
                inbound.handle_timeout(deadline);
                check(&mut inbound, deadline, &arrived);
            }
            arrived.entry(delivery.chunk).or_insert(delivery.arrival_us);
            inbound.handle_media(now, Some(delivery.chunk), &message(delivery.chunk as i16, 160)).unwrap();
            check(&mut inbound, now, &arrived);
        }
        while let Some(deadline) = inbound.poll_timeout() {
            inbound.handle_timeout(deadline);
            check(&mut inbound, deadline, &arrived);
        }
        let counters = inbound.counters();
        prop_assert_eq!(counters.received, deliveries.len() as u64);
        prop_assert_eq!(
            counters.received,
            played.len() as u64 + counters.duplicates + counters.late
        );
        prop_assert_eq!(next / 160, played.len() as u64 + counters.gaps_filled);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        crate::fuzz_inbound(&bytes);
    }
}
