//! Soft edges for speech that starts or is cut, and silence that is not worth waiting for.

use types::{Millis, SampleRate};

use crate::level::Dbfs;

/// How long the start of an utterance is faded in (conversation.md §7.7).
pub const FADE_IN: Millis = Millis::new(5);

/// How long a cut utterance is faded out (conversation.md §7.7).
pub const FADE_OUT: Millis = Millis::new(10);

/// What counts as silence at the head of a voice's audio (conversation.md §7.7).
pub const TRIM_THRESHOLD: Dbfs = Dbfs(-45.0);

/// How much silence the caller may hear before the first sound (conversation.md §7.7).
pub const TRIM_KEPT: Millis = Millis::new(20);

/// Raises `samples` from nothing to themselves over their whole length, along half a cosine.
///
/// Pass the first [`FADE_IN`] of an utterance.
pub fn fade_in(samples: &mut [i16]) {
    let curve = Curve::over(samples.len());
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample = curve.scale(*sample, n);
    }
}

/// Lowers `samples` from themselves to nothing over their whole length, along half a cosine.
///
/// Pass the last [`FADE_OUT`] before a cut.
pub fn fade_out(samples: &mut [i16]) {
    let curve = Curve::over(samples.len());
    for (n, sample) in samples.iter_mut().rev().enumerate() {
        *sample = curve.scale(*sample, n);
    }
}

/// How many samples at the head of `samples` are silence that can be dropped.
///
/// Silence ends with the first 5 ms that are louder than `threshold` ([`TRIM_THRESHOLD`]);
/// `keep` ([`TRIM_KEPT`]) before that stays. If all of it is silence, all but `keep` can go.
pub fn trim_leading_silence(
    samples: &[i16],
    rate: SampleRate,
    threshold: Dbfs,
    keep: Millis,
) -> usize {
    quiet_head(samples, rate, threshold).saturating_sub(rate.samples_in(keep))
}

fn quiet_head(samples: &[i16], rate: SampleRate, threshold: Dbfs) -> usize {
    samples
        .chunks(rate.samples_in(BLOCK))
        .take_while(|block| Dbfs::of(block) <= threshold)
        .map(<[i16]>::len)
        .sum()
}

/// [`trim_leading_silence`] for an utterance that arrives in pieces.
///
/// Input:  the utterance's samples, mono, in pieces of any length.
/// Output: the same from shortly before the first sound on. While all is silent nothing comes out.
/// Cost:   one copy per sample; holds at most one piece and what is kept.
#[derive(Debug)]
pub struct LeadingSilence {
    rate: SampleRate,
    /// The silence kept so far; `None` once a sound was heard.
    held: Option<Vec<i16>>,
    trimmed: usize,
}

impl LeadingSilence {
    /// A trimmer for one utterance at `rate`, with [`TRIM_THRESHOLD`] and [`TRIM_KEPT`].
    pub fn new(rate: SampleRate) -> Self {
        Self { rate, held: Some(Vec::new()), trimmed: 0 }
    }

    /// Takes in the next `samples` and appends what is not leading silence to `out`.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let Some(held) = &mut self.held else {
            out.extend_from_slice(samples);
            return;
        };
        held.extend_from_slice(samples);
        let quiet = quiet_head(held, self.rate, TRIM_THRESHOLD);
        let trimmed = quiet.saturating_sub(self.rate.samples_in(TRIM_KEPT));
        self.trimmed += trimmed;
        if quiet < held.len() {
            out.extend_from_slice(&held[trimmed..]);
            self.held = None;
        } else {
            held.drain(..trimmed);
        }
    }

    /// Ends the utterance: one that was silent throughout gives its last [`TRIM_KEPT`].
    pub fn finish(self, out: &mut Vec<i16>) {
        out.extend(self.held.into_iter().flatten());
    }

    /// How many samples have been trimmed so far.
    pub fn trimmed(&self) -> usize {
        self.trimmed
    }
}

/// Half a cosine from 0 to 1.
struct Curve {
    step: f32,
}

impl Curve {
    fn over(samples: usize) -> Self {
        Self { step: std::f32::consts::PI / samples.max(1) as f32 }
    }

    /// Sample `n` of the rising curve, taken at the middle of the sample so that a fade in and a
    /// fade out of the same length add up to one.
    fn scale(&self, sample: i16, n: usize) -> i16 {
        let gain = 0.5 - 0.5 * ((n as f32 + 0.5) * self.step).cos();
        (f32::from(sample) * gain).round() as i16
    }
}

/// Short enough not to swallow a plosive, long enough for a level.
const BLOCK: Millis = Millis::new(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fades_are_monotonic_mirror_images_that_add_up() {
        for rate in SampleRate::ALL {
            let mut rising = vec![10_000; rate.samples_in(FADE_OUT)];
            let mut falling = rising.clone();
            fade_in(&mut rising);
            fade_out(&mut falling);
            assert!(rising.is_sorted());
            assert!(rising[0] < 100 && 9_900 < *rising.last().unwrap());
            assert!(rising.iter().eq(falling.iter().rev()));
            assert!(rising.iter().zip(&falling).all(|(a, b)| (a + b - 10_000).abs() <= 1));
        }
    }

    #[test]
    fn fades_take_any_length_and_any_sample() {
        fade_in(&mut []);
        fade_out(&mut []);
        let mut one = [i16::MIN];
        fade_in(&mut one);
        assert_eq!(one, [-16_384]);
        let mut loud = [i16::MIN; 80];
        fade_out(&mut loud);
        assert!(loud.is_sorted());
    }

    #[test]
    fn leading_silence_is_dropped_but_for_a_little() {
        let trim = |samples: &[i16]| {
            trim_leading_silence(samples, SampleRate::Hz24000, TRIM_THRESHOLD, TRIM_KEPT)
        };
        let mut speech = vec![20; 24_000];
        speech.extend([5_000; 4_800]);
        assert_eq!(trim(&speech), 24_000 - 480);
        assert_eq!(trim(&speech[24_000..]), 0);
        assert_eq!(trim(&speech[24_000 - 100..]), 0);
        assert_eq!(trim(&speech[..24_000]), 24_000 - 480);
        assert_eq!(trim(&[]), 0);
        // A sound that starts inside a block of 5 ms is not cut into.
        let mut late = vec![0; 1_000];
        late.extend([8_000; 1_000]);
        assert_eq!(trim(&late), 960 - 480);
    }

    #[test]
    fn an_utterance_in_pieces_starts_shortly_before_its_first_sound() {
        let mut utterance = vec![5; 3_333];
        utterance.extend((0..2_000).map(|n| if n % 7 < 3 { 6_000 } else { -6_000 }));
        for size in [1, 40, 97, 160, 1_000, 10_000] {
            let mut trimmer = LeadingSilence::new(SampleRate::Hz8000);
            let mut out = Vec::new();
            for piece in utterance.chunks(size) {
                trimmer.push(piece, &mut out);
            }
            assert_eq!(trimmer.trimmed() + out.len(), utterance.len(), "pieces of {size}");
            assert_eq!(out, utterance[trimmer.trimmed()..]);
            // 20 ms are kept; where a block of 5 ms ends depends on the pieces.
            let kept = 3_333 - trimmer.trimmed();
            assert!((121..=200).contains(&kept), "pieces of {size}: {kept} kept");
        }
    }

    #[test]
    fn an_utterance_of_silence_is_next_to_nothing() {
        let mut trimmer = LeadingSilence::new(SampleRate::Hz24000);
        let mut out = Vec::new();
        for _ in 0..100 {
            trimmer.push(&[0; 500], &mut out);
        }
        assert_eq!((out.len(), trimmer.trimmed()), (0, 50_000 - 480));
        trimmer.finish(&mut out);
        assert_eq!(out, [0; 480]);
    }
}
