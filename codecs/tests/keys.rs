//! Keys in the sound of a line: none where people speak, and all that are pressed over them.

use codecs::dtmf::{self, Dbm, DtmfDetector, Tone};
use types::{DtmfDigit, Millis, SampleRate};

mod support;

const RATE: SampleRate = SampleRate::Hz8000;
const ALL: &str = "123A456B789C*0#D";

fn keys(samples: &[i16]) -> String {
    let mut found = String::new();
    let mut detector = DtmfDetector::new();
    detector.push(samples, |digit| found.push(digit.symbol()));
    found
}

#[test]
fn nobody_who_speaks_presses_keys() {
    let (mut seconds, mut wrong) = (0, Vec::new());
    for (folder, part) in
        [("speech", ""), ("calls/tuned", ""), ("calls/held-out", ""), ("demo", ""), ("noise", "")]
    {
        for (name, samples) in support::recordings(folder, part, RATE) {
            for gain in [1.0f32, 3.0] {
                let louder: Vec<i16> =
                    samples.iter().map(|&sample| (f32::from(sample) * gain) as i16).collect();
                let found = keys(&louder);
                if !found.is_empty() {
                    wrong.push(format!("{found} in {folder}/{name}, {gain} times as loud"));
                }
                seconds += louder.len() / 8_000;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(1_000 < seconds, "only {seconds} s were heard");
}

#[test]
fn keys_are_found_over_the_noise_of_a_street_and_of_people() {
    let digits: Vec<DtmfDigit> = ALL.chars().filter_map(DtmfDigit::new).collect();
    for (name, noise) in support::recordings("noise", "", RATE) {
        // The noise lies at -30 dBFS, the keys 10 dB above it.
        let mut line = Vec::new();
        for &digit in &digits {
            let levels = (Dbm(-17.5), Dbm(-17.5));
            dtmf::tone(Tone { digit, levels, off: 0.005 }, RATE, Millis::new(70), &mut line);
            line.resize(line.len() + 560, 0);
        }
        let noisy: Vec<i16> =
            line.iter().zip(noise.iter().cycle()).map(|(a, b)| a.saturating_add(*b)).collect();
        assert_eq!(keys(&noisy), ALL, "{name}");
    }
}

/// The crate `dtmf` decides by itself what it hears: on plain keys both must agree.
#[test]
fn another_detector_hears_the_same_keys() {
    let digits: Vec<DtmfDigit> = ALL.chars().filter_map(DtmfDigit::new).collect();
    let mut line = Vec::new();
    dtmf::press(&digits, RATE, &mut line);
    let floats: Vec<f32> = line.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let mut heard = Vec::new();
    let mut reference = ::dtmf::decoder::Decoder::new(RATE.hz(), |tone, state| {
        if matches!(state, ::dtmf::enums::State::On) {
            heard.push(tone.as_char());
        }
    });
    reference.process(&floats);
    assert_eq!(heard.iter().collect::<String>(), ALL);
    assert_eq!(keys(&line), ALL);
}
