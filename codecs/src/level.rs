//! How loud: levels as typed decibels.

use std::fmt;

/// A level in decibels below full scale.
///
/// 0 dBFS is the root mean square of a square wave that touches both ends of `i16`, so a
/// full-scale sine has -3.01 dBFS. Nothing is quieter than [`Dbfs::SILENCE`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dbfs(pub f32);

impl Dbfs {
    /// Below the smallest non-zero sample (20·log10(1/32768) = -90.3 dB), hence digital silence.
    pub const SILENCE: Self = Self(-96.0);

    /// The level of `samples`; [`Dbfs::SILENCE`] if there are none.
    pub fn of(samples: &[i16]) -> Self {
        Self::from_mean_square(mean_square(samples))
    }

    /// The level of `samples` without their direct current, which cheap line adapters add and
    /// nobody hears.
    pub fn of_alternating(samples: &[i16]) -> Self {
        if samples.is_empty() {
            return Self::SILENCE;
        }
        let count = samples.len() as f64;
        let mean = samples.iter().map(|&s| i64::from(s)).sum::<i64>() as f64 / count / FULL_SCALE;
        Self::from_mean_square(mean_square(samples) - mean * mean)
    }

    /// This level, `decibels` higher.
    pub fn raised_by(self, decibels: f32) -> Self {
        Self(self.0 + decibels)
    }

    fn from_mean_square(mean_square: f64) -> Self {
        // Also catches NaN and the rounding that leaves a difference just below zero.
        if mean_square > 0.0 {
            Self((10.0 * (mean_square as f32).log10()).max(Self::SILENCE.0))
        } else {
            Self::SILENCE
        }
    }
}

/// The root mean square of `samples` as a share of full scale (0.0 to 1.0); 0.0 if there are none.
pub fn rms(samples: &[i16]) -> f32 {
    mean_square(samples).sqrt() as f32
}

/// Exact for any slice that fits in memory: squares of `i16` are summed as integers.
fn mean_square(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: u64 = samples.iter().map(|&s| u64::from((i32::from(s) * i32::from(s)) as u32)).sum();
    sum as f64 / samples.len() as f64 / (FULL_SCALE * FULL_SCALE)
}

impl fmt::Display for Dbfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBFS", self.0)
    }
}

const FULL_SCALE: f64 = 32_768.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn close(level: Dbfs, expected: f32) {
        assert!((level.0 - expected).abs() < 0.02, "{level}, expected {expected}");
    }

    #[test]
    fn levels_of_known_signals() {
        let sine: Vec<i16> = (0..160)
            .map(|n| (32_767.0 * (std::f64::consts::TAU * f64::from(n) / 16.0).sin()) as i16)
            .collect();
        close(Dbfs::of(&sine), -3.01);
        close(Dbfs::of_alternating(&sine), -3.01);
        close(Dbfs::of(&[i16::MIN; 160]), 0.0);
        close(Dbfs::of(&[1; 160]), -90.31);
        assert_eq!(Dbfs::of(&[0; 160]), Dbfs::SILENCE);
        assert_eq!(Dbfs::of(&[]), Dbfs::SILENCE);
        assert!((rms(&sine).powi(2) - 0.5).abs() < 1e-3);
        assert_eq!(rms(&[]), 0.0);
    }

    #[test]
    fn direct_current_is_not_heard() {
        let offset: Vec<i16> =
            (0..160).map(|n| 3_000 + if n % 2 == 0 { 100 } else { -100 }).collect();
        close(Dbfs::of_alternating(&offset), 20.0 * (100.0f32 / 32_768.0).log10());
        assert_eq!(Dbfs::of_alternating(&[-1_234; 160]), Dbfs::SILENCE);
        assert_eq!(Dbfs::of_alternating(&[i16::MIN; 960]), Dbfs::SILENCE);
    }

    #[test]
    fn prints_its_unit() {
        assert_eq!(Dbfs(-45.0).raised_by(6.0).to_string(), "-39.0 dBFS");
    }
}
