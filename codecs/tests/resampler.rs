//! What a resampler does to sound, measured from outside: tones in, tones out.

use std::time::Duration;

use codecs::resample::{Resampler, resample_all};
use proptest::prelude::*;
use types::{Millis, SampleRate};

/// Every pair of different rates.
fn pairs() -> impl Iterator<Item = (SampleRate, SampleRate)> {
    SampleRate::ALL
        .into_iter()
        .flat_map(|from| SampleRate::ALL.map(|to| (from, to)))
        .filter(|(from, to)| from != to)
}

/// 40 ms: a whole number of periods of every multiple of 25 Hz, at every rate.
const WINDOW: Millis = Millis::new(40);
const TONE_STEP_HZ: u32 = 25;

/// What came out for a tone of amplitude 0.5: the tone's gain, and everything else, both in
/// decibels relative to the tone put in.
struct Response {
    gain_db: f64,
    rest_db: f64,
}

fn measure(from: SampleRate, to: SampleRate, hz: u32) -> Response {
    assert!(hz.is_multiple_of(TONE_STEP_HZ));
    let omega = |rate: SampleRate| std::f64::consts::TAU * f64::from(hz) / f64::from(rate.hz());
    let settle = from.samples_in(Millis::new(5));
    let input: Vec<f32> = (0..settle + from.samples_in(WINDOW))
        .map(|n| (0.5 * (omega(from) * n as f64 + 0.3).sin()) as f32)
        .collect();
    let mut output: Vec<f32> = Vec::new();
    Resampler::new(from, to).process(&input, &mut output);
    let steady = &output[output.len() - to.samples_in(WINDOW)..];
    let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
    for (n, &sample) in steady.iter().enumerate() {
        let (sin, cos) = (omega(to) * n as f64).sin_cos();
        re += f64::from(sample) * cos;
        im += f64::from(sample) * sin;
        power += f64::from(sample).powi(2);
    }
    let count = steady.len() as f64;
    let amplitude = 2.0 * re.hypot(im) / count;
    let rest = (power / count - amplitude.powi(2) / 2.0).max(1e-20);
    Response { gain_db: 20.0 * (amplitude / 0.5).log10(), rest_db: 10.0 * (rest / 0.125).log10() }
}

/// The edges the module documents, for the slower of two rates.
fn edges(from: SampleRate, to: SampleRate) -> (u32, u32) {
    match from.min(to) {
        SampleRate::Hz8000 => (3_400, 4_600),
        SampleRate::Hz16000 => (6_800, 9_200),
        SampleRate::Hz24000 => (10_200, 13_800),
        SampleRate::Hz48000 => unreachable!("nothing is above 48 kHz"),
    }
}

#[test]
fn the_pass_band_is_flat_and_its_images_are_gone() {
    for (from, to) in pairs() {
        let (pass, _) = edges(from, to);
        let (mut ripple, mut image) = (0.0f64, f64::MIN);
        for hz in (100..=pass).step_by(100) {
            let response = measure(from, to, hz);
            ripple = ripple.max(response.gain_db.abs());
            image = image.max(response.rest_db);
        }
        assert!(ripple < 0.5, "{from} to {to}: {ripple:.2} dB off below {pass} Hz");
        assert!(image < -60.0, "{from} to {to}: an image or alias at {image:.1} dB");
    }
}

#[test]
fn what_does_not_fit_the_slower_rate_is_gone() {
    for (from, to) in pairs().filter(|(from, to)| to < from) {
        let (_, stop) = edges(from, to);
        for hz in (stop..from.hz() / 2).step_by(100) {
            let Response { gain_db, rest_db } = measure(from, to, hz);
            // Sampled at the slower rate, a tone and its alias are the same sequence: the alias
            // shows as gain.
            let worst = gain_db.max(rest_db);
            assert!(worst < -60.0, "{from} to {to}: {hz} Hz at {worst:.1} dB");
        }
    }
}

/// The spectrum of the impulse response itself, between and beyond the tones above.
#[test]
fn the_prototype_is_below_minus_60_db_in_its_whole_stop_band() {
    for (from, to) in pairs().filter(|(from, to)| from < to) {
        let up = to.hz() / from.hz();
        if up * from.hz() != to.hz() {
            continue;
        }
        // One impulse through an integer ratio is the prototype.
        let mut response: Vec<f32> = Vec::new();
        let mut impulse = vec![0.0f32; 64];
        impulse[0] = 1.0;
        Resampler::new(from, to).process(&impulse, &mut response);
        let (pass, stop) = edges(from, to);
        let gain_db = |hz: u32| {
            let omega = std::f64::consts::TAU * f64::from(hz) / f64::from(to.hz());
            let (re, im) = response.iter().enumerate().fold((0.0, 0.0), |(re, im), (n, &h)| {
                let (sin, cos) = (omega * n as f64).sin_cos();
                (re + f64::from(h) * cos, im + f64::from(h) * sin)
            });
            20.0 * (re.hypot(im) / f64::from(up)).log10()
        };
        for hz in (0..=pass).step_by(50) {
            assert!(gain_db(hz).abs() < 0.5, "{from} to {to}: {hz} Hz at {:.2} dB", gain_db(hz));
        }
        for hz in (stop..=to.hz() / 2).step_by(50) {
            assert!(gain_db(hz) < -60.0, "{from} to {to}: {hz} Hz at {:.1} dB", gain_db(hz));
        }
    }
}

#[test]
fn the_delay_is_what_it_says_and_short() {
    for (from, to) in pairs() {
        let resampler = Resampler::new(from, to);
        let delay = resampler.delay();
        assert!(delay <= Duration::from_micros(2_500), "{from} to {to}: {delay:?}");
        let micros = 16_000_000 / u64::from(from.min(to).hz());
        assert_eq!(delay.as_micros() as u64, micros);
        assert_eq!(
            resampler.delay_samples() as u64,
            16 * u64::from(to.hz() / 1_000) / u64::from(from.min(to).hz() / 1_000)
        );

        // An impulse comes out strongest exactly that much later.
        let mut impulse = vec![0.0f32; from.samples_in(Millis::new(10))];
        impulse[0] = 1.0;
        let mut output: Vec<f32> = Vec::new();
        Resampler::new(from, to).process(&impulse, &mut output);
        let (peak, _) = output.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
        assert_eq!(peak, resampler.delay_samples(), "{from} to {to}");
    }
}

#[test]
fn equal_rates_pass_untouched() {
    for rate in SampleRate::ALL {
        let mut resampler = Resampler::new(rate, rate);
        let (input, mut output) = ([i16::MIN, -1, 0, 1, i16::MAX], Vec::new());
        resampler.process(&input, &mut output);
        resampler.flush(&mut output);
        assert_eq!((output.as_slice(), resampler.delay()), (&input[..], Duration::ZERO));
    }
}

#[test]
fn silence_stays_silence_and_loud_saturates() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to);
        let mut output: Vec<i16> = Vec::new();
        resampler.process(&vec![0i16; 2_000], &mut output);
        assert!(output.iter().all(|&sample| sample == 0));
        output.clear();
        // A square wave at both ends of the scale overshoots; it must clip, not wrap.
        let square: Vec<i16> =
            (0..4_000).map(|n| if n / 40 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        resampler.process(&square, &mut output);
        assert!(output.contains(&i16::MAX) && output.contains(&i16::MIN), "{from} to {to}");
        // Direct current keeps its level to the last bit.
        output.clear();
        resampler.reset();
        resampler.process(&vec![12_345i16; 2_000], &mut output);
        assert!(output[200..].iter().all(|&sample| sample == 12_345), "{from} to {to}");
    }
}

#[test]
fn every_frame_in_is_a_frame_out() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to);
        let frame = vec![0i16; from.samples_in(Millis::new(20))];
        let mut output: Vec<i16> = Vec::new();
        for _ in 0..50 {
            output.clear();
            resampler.process(&frame, &mut output);
            assert_eq!(output.len(), to.samples_in(Millis::new(20)));
        }
    }
}

fn any_pair() -> impl Strategy<Value = (SampleRate, SampleRate)> {
    (0usize..4, 0usize..4).prop_map(|(from, to)| (SampleRate::ALL[from], SampleRate::ALL[to]))
}

/// A sweep over the whole band with some noise in its last bits.
fn sweep(rate: SampleRate, samples: usize) -> Vec<i16> {
    let mut phase = 0.0f64;
    let mut noise = 0x2545_F491u32;
    (0..samples)
        .map(|n| {
            let share = n as f64 / samples as f64;
            phase += std::f64::consts::PI * share * share;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let dither = f64::from(noise >> 24) - 128.0;
            (f64::from(rate.hz()).sqrt() * 100.0 * phase.sin() + dither) as i16
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_chunked_sweep_equals_the_whole_one_bit_for_bit(
        (from, to) in any_pair(),
        chunks in proptest::collection::vec(0usize..1_500, 1..30),
    ) {
        let input = sweep(from, chunks.iter().sum());
        let (mut whole, mut pieces): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        let mut resampler = Resampler::new(from, to);
        resampler.process(&input, &mut whole);
        resampler.flush(&mut whole);

        // The same resampler again: flush has reset it.
        let mut rest = &input[..];
        let mut taken = 0;
        for chunk in chunks {
            let (piece, tail) = rest.split_at(chunk);
            rest = tail;
            taken += chunk;
            resampler.process(piece, &mut pieces);
            let exact = (taken * to.hz() as usize).div_ceil(from.hz() as usize);
            prop_assert_eq!(pieces.len(), exact);
        }
        resampler.flush(&mut pieces);
        let bits = |samples: &[f32]| samples.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&pieces), bits(&whole));
    }

    #[test]
    fn a_whole_recording_is_not_delayed_and_keeps_its_length(
        (from, to) in any_pair(),
        samples in 0usize..3_000,
    ) {
        let out: Vec<i16> = resample_all(from, to, &sweep(from, samples));
        prop_assert_eq!(out.len(), (samples * to.hz() as usize).div_ceil(from.hz() as usize));
    }

    /// Up and down again is the same recording, but for rounding: the delay is exactly taken out.
    #[test]
    fn there_and_back_is_where_it_was(hz in 1u32..30) {
        for (from, to) in pairs().filter(|(from, to)| from < to) {
            let step = std::f64::consts::TAU * f64::from(hz * 100) / f64::from(from.hz());
            let input: Vec<i16> =
                (0..1_000).map(|n| (10_000.0 * (step * f64::from(n)).sin()) as i16).collect();
            let there: Vec<i16> = resample_all(from, to, &input);
            let back: Vec<i16> = resample_all(to, from, &there);
            prop_assert_eq!(back.len(), input.len());
            for (&a, &b) in input[50..950].iter().zip(&back[50..950]) {
                prop_assert!((a - b).abs() <= 100, "{} to {}: {} became {}", from, to, a, b);
            }
        }
    }
}
