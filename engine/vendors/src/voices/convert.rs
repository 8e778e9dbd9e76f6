//! From what a vendor speaks to what a leg carries: nothing, if both know the same G.711.

use bytes::Bytes;
use codecs::resample::Resampler;
use types::{Audio, AudioFormat, Encoding, SampleRate};

/// What a vendor is asked to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// L16 (little-endian, on a vendor's wire) or G.711.
    pub(crate) encoding: Encoding,
    /// At this rate.
    pub(crate) rate: SampleRate,
}

impl Spoken {
    /// The best for a leg of what a vendor has: the leg's own G.711, else samples at its rate, else at the
    /// lowest rate above it, else at the highest.
    pub(crate) fn choose(leg: AudioFormat, formats: &[AudioFormat]) -> Self {
        let own = formats.iter().find(|format| {
            **format == leg && matches!(leg.encoding, Encoding::Pcmu | Encoding::Pcma)
        });
        let linear = formats.iter().filter(|format| format.encoding == Encoding::L16);
        let enough = linear.clone().filter(|format| leg.rate <= format.rate).min_by_key(|f| f.rate);
        let best = own.or(enough).or_else(|| linear.max_by_key(|format| format.rate));
        let AudioFormat { encoding, rate } =
            best.copied().unwrap_or(AudioFormat { encoding: Encoding::L16, rate: leg.rate });
        Self { encoding, rate }
    }

    /// How many bytes a second of it takes.
    pub(crate) fn bytes_per_second(self) -> u64 {
        let hz = u64::from(self.rate.hz());
        match self.encoding {
            Encoding::L16 => 2 * hz,
            Encoding::Pcmu | Encoding::Pcma | Encoding::G722 | Encoding::Opus => hz,
        }
    }
}

/// One reply's way from bytes to audio.
pub(crate) struct Converter {
    spoken: Spoken,
    resampler: Resampler,
    /// The first half of a sample whose second half has not come.
    half: Option<u8>,
    linear: Vec<i16>,
    /// How many samples are still to come that only stand for the resampler's delay.
    lag: usize,
}

impl Converter {
    pub(crate) fn new(spoken: Spoken, leg: SampleRate) -> Self {
        let resampler = Resampler::new(spoken.rate, leg);
        let lag = resampler.delay_samples();
        Self { spoken, resampler, half: None, linear: Vec::new(), lag }
    }

    /// The audio of `bytes`, which may be cut anywhere; empty if no whole sample is there.
    pub(crate) fn convert(&mut self, bytes: Bytes) -> Audio {
        match self.spoken.encoding {
            Encoding::Pcmu => Audio::Pcmu(bytes),
            Encoding::Pcma => Audio::Pcma(bytes),
            Encoding::L16 | Encoding::G722 | Encoding::Opus => self.linear(&bytes),
        }
    }

    fn linear(&mut self, bytes: &[u8]) -> Audio {
        self.linear.clear();
        let mut rest = bytes;
        if let (Some(low), Some((&high, behind))) = (self.half, rest.split_first()) {
            self.linear.push(i16::from_le_bytes([low, high]));
            self.half = None;
            rest = behind;
        }
        let (pairs, tail) = rest.as_chunks::<2>();
        self.linear.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        self.half = tail.first().copied().or(self.half);
        if self.resampler.from() == self.resampler.to() {
            return Audio::Linear(self.linear.as_slice().into());
        }
        let mut out = Vec::new();
        self.resampler.process(&self.linear, &mut out);
        let lag = self.lag.min(out.len());
        self.lag -= lag;
        out.drain(..lag);
        out.into()
    }

    /// The rest of the sound, which is two milliseconds at most.
    pub(crate) fn finish(&mut self) -> Audio {
        self.half = None;
        let mut out: Vec<i16> = Vec::new();
        if self.resampler.from() != self.resampler.to() {
            self.resampler.flush(&mut out);
        }
        out.drain(..self.lag.min(out.len()));
        self.lag = self.resampler.delay_samples();
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const L16: fn(SampleRate) -> AudioFormat = |rate| AudioFormat { encoding: Encoding::L16, rate };

    #[test]
    fn the_leg_s_own_g711_is_chosen_then_the_rate_above() {
        let formats = [
            AudioFormat::PCMU_8K,
            L16(SampleRate::Hz8000),
            L16(SampleRate::Hz16000),
            L16(SampleRate::Hz24000),
        ];
        let choose = |leg| {
            let Spoken { encoding, rate } = Spoken::choose(leg, &formats);
            AudioFormat { encoding, rate }
        };
        assert_eq!(choose(AudioFormat::PCMU_8K), AudioFormat::PCMU_8K);
        let pcma = AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 };
        assert_eq!(choose(pcma), L16(SampleRate::Hz8000));
        let g722 = AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 };
        assert_eq!(choose(g722), L16(SampleRate::Hz16000));
        let opus = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz48000 };
        assert_eq!(choose(opus), L16(SampleRate::Hz24000));
    }

    proptest! {
        /// Wherever bytes are cut, the samples are the same.
        #[test]
        fn cuts_are_not_heard(
            samples in proptest::collection::vec(any::<i16>(), 0..500),
            cuts in proptest::collection::vec(0_usize..100, 0..20),
            wide in any::<bool>(),
        ) {
            let rate = if wide { SampleRate::Hz24000 } else { SampleRate::Hz8000 };
            let spoken = Spoken { encoding: Encoding::L16, rate };
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let all = |pieces: Vec<Bytes>| {
                let mut converter = Converter::new(spoken, SampleRate::Hz8000);
                let mut heard = Vec::new();
                for piece in pieces {
                    let Audio::Linear(samples) = converter.convert(piece) else { panic!("linear") };
                    heard.extend_from_slice(&samples);
                }
                let Audio::Linear(samples) = converter.finish() else { panic!("linear") };
                heard.extend_from_slice(&samples);
                heard
            };
            let (mut pieces, mut rest) = (Vec::new(), Bytes::from(bytes.clone()));
            for cut in cuts {
                pieces.push(rest.split_to(cut.min(rest.len())));
            }
            pieces.push(rest);
            let heard = all(pieces);
            prop_assert_eq!(&heard, &all(vec![bytes.into()]));
            if !wide {
                prop_assert_eq!(heard, samples);
            }
        }
    }
}
