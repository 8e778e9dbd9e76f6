//! What the sample path costs: nanoseconds per frame of 20 ms.
//!
//! `cargo bench -p benches --bench codec --profile fast`; `-- --json` prints one JSON object per
//! row instead of the table.

#![expect(clippy::print_stdout, reason = "a bench's result is what it prints")]

use std::hint::black_box;

use benches::gates::{EarshotGate, WebRtcGate};
use benches::signal::voice;
use benches::stopwatch::{Cost, Effort, measure};
use codecs::comfort::ComfortNoise;
use codecs::conceal::Concealer;
use codecs::dtmf::{self, DtmfDetector};
use codecs::g722::{G722Decoder, G722Encoder};
use codecs::gate::{EnergyGate, Gate, GateConfig};
use codecs::leg::{Decoder, Encoder};
use codecs::resample::Resampler;
use codecs::{fade, g711};
use types::{AudioFormat, DtmfDigit, Encoding, PTIME, SampleRate};

fn main() {
    let mut bench = Bench::from_args();
    bench.g711();
    bench.resamplers();
    bench.opus();
    bench.g722();
    bench.losses();
    bench.noise();
    bench.keys();
    bench.gates();
    bench.fades();
}

/// One second: enough that nothing is learned by heart.
const FRAMES: usize = 50;

struct Bench {
    effort: Effort,
    format: Format,
}

#[derive(Clone, Copy)]
enum Format {
    Table,
    Json,
}

impl Bench {
    fn from_args() -> Self {
        let json = std::env::args().any(|arg| arg == "--json");
        let format = if json { Format::Json } else { Format::Table };
        if !json {
            println!(
                "{:<28} {:>12} {:>12} {:>16}",
                "per 20 ms", "median ns", "best ns", "calls per core"
            );
        }
        Self { effort: Effort::from_args(), format }
    }

    /// Measures `work` on `inputs` in turn and prints a row.
    fn row<T>(&mut self, name: &str, inputs: &[T], mut work: impl FnMut(&T)) {
        let mut inputs = inputs.iter().cycle();
        let Cost { median_ns, best_ns } = measure(self.effort, || {
            if let Some(input) = inputs.next() {
                work(black_box(input));
            }
        });
        // One direction of one call takes a frame every 20 ms.
        let calls = 20e6 / median_ns;
        match self.format {
            Format::Table => println!("{name:<28} {median_ns:>12.0} {best_ns:>12.0} {calls:>16.0}"),
            Format::Json => println!(
                r#"{{"bench":"codec","name":"{name}","median_ns":{median_ns:.1},"best_ns":{best_ns:.1}}}"#
            ),
        }
    }

    fn g711(&mut self) {
        let frames = voice(SampleRate::Hz8000, FRAMES);
        type Encode = fn(&[i16], &mut Vec<u8>);
        type Decode = fn(&[u8], &mut Vec<i16>);
        let laws: [(&str, Encode, Decode); 2] = [
            ("ulaw", g711::encode_ulaw, g711::decode_ulaw),
            ("alaw", g711::encode_alaw, g711::decode_alaw),
        ];
        for (law, encode, decode) in laws {
            let coded: Vec<Vec<u8>> = frames
                .iter()
                .map(|frame| {
                    let mut codes = Vec::new();
                    encode(frame, &mut codes);
                    codes
                })
                .collect();
            let (mut codes, mut samples) = (Vec::new(), Vec::new());
            self.row(&format!("{law} decode"), &coded, |codes| {
                samples.clear();
                decode(codes, &mut samples);
                black_box(&samples);
            });
            self.row(&format!("{law} encode"), &frames, |frame| {
                codes.clear();
                encode(frame, &mut codes);
                black_box(&codes);
            });
        }
    }

    fn resamplers(&mut self) {
        for from in SampleRate::ALL {
            let frames = voice(from, FRAMES);
            for to in SampleRate::ALL.into_iter().filter(|&to| to != from) {
                let mut resampler = Resampler::new(from, to);
                let mut out: Vec<i16> = Vec::new();
                let name = format!("resample {} to {} kHz", from.hz() / 1_000, to.hz() / 1_000);
                self.row(&name, &frames, |frame| {
                    out.clear();
                    resampler.process(frame, &mut out);
                    black_box(&out);
                });
            }
        }
    }

    fn opus(&mut self) {
        for rate in SampleRate::ALL {
            let format = AudioFormat { encoding: Encoding::Opus, rate };
            let mut encoder = Encoder::new(format).expect("libopus speaks every rate of ours");
            let mut decoder = Decoder::new(format).expect("libopus speaks every rate of ours");
            let frames = voice(rate, FRAMES);
            let packets: Vec<Vec<u8>> = frames
                .iter()
                .map(|frame| {
                    let mut packet = Vec::new();
                    encoder.encode_frame(frame, &mut packet).expect("a frame of 20 ms");
                    packet
                })
                .collect();
            let (mut packet, mut samples) = (Vec::new(), Vec::new());
            let khz = rate.hz() / 1_000;
            self.row(&format!("opus encode {khz} kHz"), &frames, |frame| {
                packet.clear();
                encoder.encode_frame(frame, &mut packet).expect("a frame of 20 ms");
                black_box(&packet);
            });
            self.row(&format!("opus decode {khz} kHz"), &packets, |packet| {
                samples.clear();
                decoder.decode(packet, &mut samples).expect("our own packet");
                black_box(&samples);
            });
        }
    }

    fn g722(&mut self) {
        let frames = voice(SampleRate::Hz16000, FRAMES);
        let (mut encoder, mut decoder) = (G722Encoder::new(), G722Decoder::new());
        let coded: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| {
                let mut bytes = Vec::new();
                encoder.encode(frame, &mut bytes).expect("an even number of samples");
                bytes
            })
            .collect();
        let (mut bytes, mut samples) = (Vec::new(), Vec::new());
        self.row("g722 encode", &frames, |frame| {
            bytes.clear();
            encoder.encode(frame, &mut bytes).expect("an even number of samples");
            black_box(&bytes);
        });
        self.row("g722 decode", &coded, |bytes| {
            samples.clear();
            decoder.decode(bytes, &mut samples);
            black_box(&samples);
        });
    }

    /// What arrives is only remembered; the first lost frame searches for the period.
    fn losses(&mut self) {
        for rate in [SampleRate::Hz8000, SampleRate::Hz16000] {
            let frames = voice(rate, FRAMES);
            let khz = rate.hz() / 1_000;
            let mut concealer = Concealer::new(rate);
            let mut fresh = frames[0].clone();
            self.row(&format!("loss: arrived {khz} kHz"), &frames, |frame| {
                fresh.copy_from_slice(frame);
                concealer.observe(&mut fresh);
                black_box(&fresh);
            });
            let mut out = Vec::new();
            self.row(&format!("loss: first lost + next {khz} kHz"), &frames, |frame| {
                out.clear();
                concealer.conceal(&mut out);
                fresh.copy_from_slice(frame);
                concealer.observe(&mut fresh);
                black_box((&out, &fresh));
            });
            self.row(&format!("loss: long {khz} kHz"), &frames, |_| {
                out.clear();
                concealer.conceal(&mut out);
                black_box(&out);
            });
        }
    }

    fn noise(&mut self) {
        let frames = voice(SampleRate::Hz8000, FRAMES);
        let mut noise = ComfortNoise::new(1);
        self.row("comfort noise: observe", &frames, |frame| noise.observe(frame));
        let mut out = Vec::new();
        self.row("comfort noise: fill", &frames, |_| {
            out.clear();
            noise.fill(SampleRate::Hz8000.samples_in(PTIME), &mut out);
            black_box(&out);
        });
    }

    fn keys(&mut self) {
        let frames = voice(SampleRate::Hz8000, FRAMES);
        let silence = vec![vec![0; SampleRate::Hz8000.samples_in(PTIME)]];
        let digits: Vec<DtmfDigit> = "159D".chars().filter_map(DtmfDigit::new).collect();
        let mut tones = Vec::new();
        dtmf::press(&digits, SampleRate::Hz8000, &mut tones);
        let pressed: Vec<Vec<i16>> = tones.chunks(160).map(<[i16]>::to_vec).collect();
        for (name, frames) in [("speech", &frames), ("silence", &silence), ("keys", &pressed)] {
            let mut detector = DtmfDetector::new();
            self.row(&format!("keys: in {name}"), frames, |frame| {
                detector.push(frame, |digit| {
                    black_box(digit);
                });
            });
        }
    }

    fn gates(&mut self) {
        let frames = voice(SampleRate::Hz8000, FRAMES);
        let mut energy = EnergyGate::new(GateConfig::STANDARD);
        let mut webrtc = WebRtcGate::new();
        let mut earshot = EarshotGate::new();
        let candidates: [(&str, &mut dyn Gate); 3] = [
            ("gate energy", &mut energy),
            ("gate webrtc-vad", &mut webrtc),
            ("gate earshot + 8 to 16 kHz", &mut earshot),
        ];
        for (name, gate) in candidates {
            self.row(name, &frames, |frame| {
                black_box(gate.frame(frame));
            });
        }
    }

    fn fades(&mut self) {
        let frames = voice(SampleRate::Hz8000, FRAMES);
        let mut buffer = frames[0].clone();
        self.row("fade in 5 ms at 8 kHz", &frames, |frame| {
            buffer.copy_from_slice(frame);
            fade::fade_in(&mut buffer[..SampleRate::Hz8000.samples_in(fade::FADE_IN)]);
            black_box(&buffer);
        });
        self.row("fade out 10 ms at 8 kHz", &frames, |frame| {
            buffer.copy_from_slice(frame);
            fade::fade_out(&mut buffer[..SampleRate::Hz8000.samples_in(fade::FADE_OUT)]);
            black_box(&buffer);
        });
    }
}
