//! What this crate computes is what onnxruntime computes (golden/README.md).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use serde_json::Value;
use speech::{
    Bias, Moonshine, Sentences, SmartTurn, Synthesizer, Transcript, Vad, Whisper, WordPieces,
};

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn integers(value: &Value) -> Vec<i32> {
    value.as_array().unwrap().iter().map(|value| value.as_i64().unwrap() as i32).collect()
}

/// The mean and the greatest distance of two rows.
fn distance(ours: &[f32], theirs: &[f32]) -> (f32, f32) {
    assert_eq!(ours.len(), theirs.len());
    let distances: Vec<f32> = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).collect();
    let mean = distances.iter().sum::<f32>() / distances.len() as f32;
    (mean, distances.iter().copied().fold(0.0, f32::max))
}

#[test]
fn the_detector_hears_the_same() {
    let vad = Vad::load(&common::models()).unwrap();
    let ours = vad.probabilities(&common::clip()).unwrap();
    let (_, greatest) = distance(&ours, &floats(&common::golden()["detector"]));
    assert!(greatest < 0.002, "{greatest}");
}

/// The clip at 16 kHz as make_golden.py has it.
fn doubled() -> Vec<f32> {
    let clip = common::clip();
    let after = clip.iter().skip(1).chain(clip.last());
    clip.iter()
        .zip(after)
        .flat_map(|(&now, &next)| [now, ((i32::from(now) + i32::from(next)) >> 1) as i16])
        .map(|sample| f32::from(sample) / 32_768.0)
        .collect()
}

#[test]
fn the_recognizer_hears_the_same() {
    let moonshine = Moonshine::load(&common::models()).unwrap();
    let golden = &common::golden()["recognizer"];
    let audio = doubled();
    let (shape, hidden) = moonshine.encode(&audio).unwrap();
    assert_eq!(shape.map(|len| len as i32).as_slice(), integers(&golden["shape"]));
    let every = golden["every"].as_u64().unwrap() as usize;
    let ours: Vec<f32> = hidden.iter().copied().step_by(every).collect();
    // Weights of eight bits: a value on the edge of two steps falls to either side.
    let (mean, _) = distance(&ours, &floats(&golden["hidden"]));
    assert!(mean < 0.05, "{mean}");
    let transcript = moonshine.transcribe(&audio).unwrap();
    let tokens: Vec<i32> = transcript.tokens.iter().map(|&token| token as i32).collect();
    assert_eq!(tokens, integers(&golden["tokens"]));
    assert!(!transcript.cut && -1.0 < transcript.log_probability);
}

#[test]
fn whisper_hears_the_same() {
    let whisper = Whisper::load(&common::models()).unwrap();
    let golden = &common::golden()["whisper"];
    let audio = doubled();
    let sampled =
        |values: &[f32], every: usize| values.iter().copied().step_by(every).collect::<Vec<_>>();
    let (_, greatest) = distance(&sampled(&whisper.spectrum(&audio), 431), &floats(&golden["mel"]));
    assert!(greatest < 0.002, "{greatest}");
    let (shape, key) = whisper.encode(&audio).unwrap();
    assert_eq!(shape.map(|len| len as i32).as_slice(), integers(&golden["shape"]));
    let every = golden["every"].as_u64().unwrap() as usize;
    // Weights of eight bits: a value on the edge of two steps falls to either side.
    let (mean, _) = distance(&sampled(&key, every), &floats(&golden["key"]));
    assert!(mean < 0.1, "{mean}");
    let transcript = whisper.transcribe(&audio, &Bias::default()).unwrap();
    let tokens: Vec<i32> = transcript.tokens.iter().map(|&token| token as i32).collect();
    assert_eq!(tokens, integers(&golden["tokens"]), "{}", transcript.text);
    // A little likelier here, where some tokens are forbidden.
    let theirs = golden["log_probability"].as_f64().unwrap() as f32;
    let ours = transcript.log_probability;
    assert!(!transcript.cut && (ours - theirs).abs() < 0.04, "{ours} {theirs}");
}

#[test]
fn whisper_says_nothing_twice_and_nothing_of_silence() {
    let whisper = Whisper::load(&common::models()).unwrap();
    let audio = doubled();
    let twice: Vec<f32> = audio.iter().chain(&audio).copied().collect();
    let transcript = whisper.transcribe(&twice, &Bias::default()).unwrap();
    assert!(transcript.text.contains("young man"), "{}", transcript.text);
    let silence = whisper.transcribe(&vec![0.0; 16_000], &Bias::default()).unwrap();
    assert!(silence.text.len() < 12, "{}", silence.text);
    // Spelled as it was expected; what cannot be spelled is no trouble.
    let bias = whisper.bias(&["ill disposed".into(), "\u{0}".into()]);
    let expected = whisper.transcribe(&audio, &bias).unwrap();
    assert!(expected.text.contains("ill disposed"), "{}", expected.text);
}

#[test]
fn looking_further_hears_more() {
    let moonshine = Moonshine::load(&common::models()).unwrap();
    let audio: Vec<f32> =
        common::to_16k(&common::clip()).iter().map(|&s| f32::from(s) / 32_768.0).collect();
    let likeliest = moonshine.transcribe(&audio).unwrap();
    let best = moonshine.transcribe_best(&audio, &Bias::default()).unwrap();
    let sum = |text: &Transcript| text.log_probability * (text.tokens.len() + 1) as f32;
    assert!(sum(&likeliest) < sum(&best), "{likeliest:?} {best:?}");
    assert!(best.text.contains("ill-disposed"), "{}", best.text);
    // Spelled as it was expected; what cannot be spelled is no trouble.
    let bias = moonshine.bias(&["ill disposed".into(), "\u{0}".into()]);
    let expected = moonshine.transcribe_best(&audio, &bias).unwrap();
    assert!(expected.text.contains("ill disposed"), "{}", expected.text);
}

#[test]
fn the_voice_plans_the_same() {
    let synthesizer = Synthesizer::load(&common::models()).unwrap();
    let golden = &common::golden()["voice"];
    let ids = integers(&golden["ids"]);
    let prediction = synthesizer.predict(&ids).unwrap();
    let durations: Vec<i32> = prediction.durations().iter().map(|&steps| steps as i32).collect();
    assert_eq!(durations, integers(&golden["durations"]));
    let (mean, _) = distance(prediction.pitch(), &floats(&golden["pitch"]));
    assert!(mean < 3.0, "{mean} Hz");
    let every = golden["every"].as_u64().unwrap() as usize;
    let ours: Vec<f32> = prediction.harmonic().iter().copied().step_by(every).collect();
    let (mean, _) = distance(&ours, &floats(&golden["harmonic"]));
    assert!(mean < 0.1, "{mean}");
}

#[test]
fn words_become_the_phonemes_the_voice_was_made_for() {
    let models = common::models();
    let synthesizer = Synthesizer::load(&models).unwrap();
    let golden = common::golden();
    let ids_of = |text: &str| synthesizer.phoneme_ids(&synthesizer.clauses(text)[0]);
    assert_eq!(ids_of("Hello there."), integers(&golden["voice"]["ids"]));
    // Names that no lexicon has: the net's guess.
    let vocab = std::fs::read_to_string(models.file("tts/vocab.json")).unwrap();
    let vocab: Value = serde_json::from_str(&vocab).unwrap();
    for (word, sounds) in golden["unknown"].as_object().unwrap() {
        let expected: Vec<i32> = sounds
            .as_str()
            .unwrap()
            .chars()
            .filter_map(|sound| Some(vocab[sound.to_string()].as_i64()? as i32))
            .collect();
        assert_eq!(ids_of(word), expected, "{word}");
    }
}

#[test]
fn sentences_mean_the_same() {
    let models = common::models();
    let sentences = match Sentences::load(models.root()) {
        Ok(sentences) => sentences,
        // The one model that may be missing.
        Err(speech::ModelError::Missing { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let json = std::fs::read(models.file("meaning/tokenizer.json")).unwrap();
    let pieces = WordPieces::parse(&json).unwrap();
    for golden in common::golden()["meaning"].as_array().unwrap() {
        let text = golden["text"].as_str().unwrap();
        assert_eq!(pieces.encode(text, 64), integers(&golden["pieces"]), "{text}");
        let ours: Vec<f32> = sentences.embed(text).unwrap().into_iter().step_by(8).collect();
        let (_, greatest) = distance(&ours, &floats(&golden["direction"]));
        assert!(greatest < 0.0001, "{text}: {greatest}");
    }
}

#[test]
fn an_end_sounds_as_finished_as_it_should() {
    let smart_turn = SmartTurn::load(&common::models()).unwrap();
    let audio: Vec<i16> = doubled().iter().map(|sample| (sample * 32_768.0) as i16).collect();
    for (share, theirs) in TURN {
        let part = &audio[..audio.len() * share / 10];
        let ours = smart_turn.finished(part).unwrap();
        // Weights of eight bits again, through many layers.
        let logit = |share: f32| (share / (1.0 - share)).ln();
        let distance = (logit(ours) - logit(theirs)).abs();
        assert!(distance < 0.9, "{share} tenths: {ours}, not {theirs}");
    }
}

/// Tenths of the clip, and what onnxruntime makes of them with pipecat-ai 1.14.0's own features.
const TURN: [(usize, f32); 4] = [(4, 0.1714), (6, 0.0103), (8, 0.0241), (10, 0.0191)];
