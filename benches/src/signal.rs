//! Something like a voice, made from nothing: the same samples on every machine.

use types::{PTIME, SampleRate};

/// `count` frames of 20 ms at `rate`: harmonics of a gliding 120 to 160 Hz pitch, swelling like
/// syllables, over faint noise.
pub fn voice(rate: SampleRate, count: usize) -> Vec<Vec<i16>> {
    let hz = f64::from(rate.hz());
    let (mut phase, mut noise) = (0.0f64, 1u32);
    let frame = rate.samples_in(PTIME);
    let samples: Vec<i16> = (0..count * frame)
        .map(|n| {
            let t = n as f64 / hz;
            let pitch = 140.0 + 20.0 * (t * 3.0).sin();
            phase += std::f64::consts::TAU * pitch / hz;
            let buzz: f64 = (1..24).map(|h| (phase * f64::from(h)).sin() / f64::from(h)).sum();
            let swell = (t * 4.0 * std::f64::consts::PI).sin().max(0.0);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
            (buzz * swell * 6_000.0 + hiss * 60.0) as i16
        })
        .collect();
    samples.chunks_exact(frame).map(<[i16]>::to_vec).collect()
}
