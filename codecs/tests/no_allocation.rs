//! Once warm, no per-frame path allocates.

use codecs::comfort::ComfortNoise;
use codecs::dtmf::{self, DtmfDetector};
use codecs::fade;
use codecs::framing::Framer;
use codecs::gate::{EnergyGate, Gate, GateConfig};
use codecs::l16::{OrderCheck, OrderChoice};
use codecs::leg::{Decoder, Encoder, check_format};
use codecs::resample::Resampler;
use types::{AudioFormat, DtmfDigit, Encoding, PTIME, SampleRate};

/// Runs `frame` until warm, then counts what it allocates.
fn check(what: &str, mut frame: impl FnMut()) {
    for _ in 0..5 {
        frame();
    }
    let counted = allocation_counter::measure(|| {
        for _ in 0..200 {
            frame();
        }
    });
    assert_eq!(counted.count_total, 0, "{what} allocates");
}

fn speech(rate: SampleRate) -> Vec<i16> {
    (0..rate.samples_in(PTIME)).map(|n| (n as i16).wrapping_mul(131)).collect()
}

#[test]
fn legs_do_not_allocate_per_frame() {
    for encoding in Encoding::ALL {
        for rate in SampleRate::ALL {
            let format = AudioFormat { encoding, rate };
            if check_format(format).is_err() {
                continue;
            }
            let mut encoder = Encoder::new(format).unwrap();
            let mut decoder = Decoder::new(format).unwrap();
            let frame = speech(rate);
            // The one buffer that must be warm is as large as libopus may ask for.
            let (mut payload, mut out) = (Vec::with_capacity(4_096), Vec::new());
            check(&format.to_string(), || {
                payload.clear();
                out.clear();
                encoder.encode_frame(&frame, &mut payload).unwrap();
                decoder.decode(&payload, &mut out).unwrap();
                decoder.conceal(&mut out);
                payload.clear();
                encoder.silence_frame(&mut payload).unwrap();
            });
        }
    }
}

#[test]
fn resamplers_do_not_allocate_per_frame() {
    for from in SampleRate::ALL {
        for to in SampleRate::ALL {
            let mut resampler = Resampler::new(from, to);
            let frame = speech(from);
            let mut out: Vec<f32> = Vec::new();
            check(&format!("{from} to {to}"), || {
                out.clear();
                resampler.process(&frame, &mut out);
                resampler.process(&frame[..7], &mut out);
                resampler.flush(&mut out);
            });
        }
    }
}

#[test]
fn gate_framer_and_fades_do_not_allocate_per_frame() {
    let mut frame = speech(SampleRate::Hz8000);
    let mut gate = EnergyGate::new(GateConfig::STANDARD);
    check("energy gate", || {
        gate.frame(&frame);
    });
    let mut framer = Framer::new(SampleRate::Hz8000, PTIME);
    check("framer", || {
        framer.push(&frame[..101]);
        framer.push(&frame);
        while framer.pop().is_some() {}
    });
    check("fades", || {
        fade::fade_in(&mut frame);
        fade::fade_out(&mut frame);
    });
}

#[test]
fn noise_and_keys_do_not_allocate_per_frame() {
    let frame = speech(SampleRate::Hz8000);
    let quiet: Vec<i16> = frame.iter().map(|sample| sample / 1_024).collect();
    let mut noise = ComfortNoise::new(1);
    let mut out = Vec::new();
    check("comfort noise", || {
        out.clear();
        noise.observe(&frame);
        noise.observe(&quiet);
        noise.fill(160, &mut out);
    });
    let (mut tones, mut keys) = (Vec::new(), 0);
    let five: Vec<DtmfDigit> = DtmfDigit::new('5').into_iter().collect();
    let mut detector = DtmfDetector::new();
    check("keys", || {
        tones.clear();
        dtmf::press(&five, SampleRate::Hz8000, &mut tones);
        detector.push(&tones, |_| keys += 1);
    });
    assert_eq!(keys, 205, "each time it sounds");
    let mut order = OrderCheck::new(OrderChoice::Auto, SampleRate::Hz8000);
    let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    check("byte order", || {
        order.push(&bytes);
    });
}

#[test]
fn losses_do_not_allocate() {
    for format in Encoding::ALL
        .into_iter()
        .flat_map(|encoding| SampleRate::ALL.map(|rate| AudioFormat { encoding, rate }))
    {
        let (Ok(mut encoder), Ok(mut decoder)) = (Encoder::new(format), Decoder::new(format))
        else {
            continue;
        };
        let frame = speech(format.rate);
        let (mut payload, mut out) = (Vec::with_capacity(4_096), Vec::new());
        check(&format!("{format} with losses"), || {
            payload.clear();
            out.clear();
            encoder.encode_frame(&frame, &mut payload).unwrap();
            decoder.decode(&payload, &mut out).unwrap();
            (0..5).for_each(|_| decoder.conceal(&mut out));
            decoder.recover(&payload, &mut out);
            decoder.decode(&payload, &mut out).unwrap();
        });
    }
}
