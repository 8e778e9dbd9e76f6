//! The local recognizer behind the vendors' trait.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use speech::{Finals, LocalRecognizer, LocalVoice, WorkerPool};
use types::{AudioFormat, Encoding, Millis, SampleRate, UtteranceId};
use vendor::{AudioChunk, Recognizer, RecognizerEvent, RecognizerRequest, RecognizerSession};

const FRAME: usize = 320;

struct Setup {
    pool: Arc<WorkerPool>,
    recognizer: LocalRecognizer,
}

impl Setup {
    fn new() -> Self {
        let pool = WorkerPool::new(1);
        let recognizer =
            LocalRecognizer::load(&common::models(), Finals::Whisper, Arc::clone(&pool)).unwrap();
        Self { pool, recognizer }
    }

    fn open(&self) -> (Box<dyn RecognizerSession>, Receiver<RecognizerEvent>) {
        let (probe, events) = common::Probe::new();
        (self.recognizer.open(&english(), probe).unwrap(), events)
    }

    /// What is said, in another voice than a caller's, but clean.
    fn say(&self, text: &str) -> Vec<i16> {
        let voice = LocalVoice::load(&common::models(), Arc::clone(&self.pool)).unwrap();
        voice.synthesize(text, SampleRate::Hz16000).unwrap()
    }
}

fn english() -> RecognizerRequest {
    let format = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };
    RecognizerRequest { format, language: "en-US".into(), vocabulary: Vec::new() }
}

fn push(session: &mut Box<dyn RecognizerSession>, samples: &[i16]) {
    for frame in samples.chunks(FRAME) {
        session.push_audio(AudioChunk::Linear(frame));
    }
}

fn utterance(number: u32) -> UtteranceId {
    UtteranceId::new(number)
}

/// Waits for the final of `id`; returns its words and how much audio they came from.
fn final_of(events: &Receiver<RecognizerEvent>, id: UtteranceId) -> (String, Millis) {
    loop {
        match common::next(events) {
            RecognizerEvent::Final { utterance, text, audio, .. } => {
                assert_eq!(utterance, id);
                return (common::plain(text.reveal()), audio);
            }
            RecognizerEvent::Partial { .. }
            | RecognizerEvent::Stable { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. } => (),
            RecognizerEvent::Failed { error } => panic!("{error}"),
        }
    }
}

#[test]
fn a_recorded_caller_is_understood() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    let clip = common::to_16k(&common::clip());
    push(&mut session, &clip[..8_000]);
    session.begin(utterance(0), Millis::new(100));
    push(&mut session, &clip[8_000..]);
    session.finalize(utterance(0));
    let (words, audio) = final_of(&events, utterance(0));
    assert!(words.starts_with("he was not an"), "{words}");
    assert!(words.ends_with("young man"), "{words}");
    assert!((3_000..3_600).contains(&audio.get()), "{audio}");
}

#[test]
fn short_answers_are_heard() {
    let setup = Setup::new();
    for (number, (said, heard)) in
        [("Yes.", "yes"), ("No.", "no"), ("Friday.", "friday"), ("Okay, bye.", "okay bye")]
            .into_iter()
            .enumerate()
    {
        let (mut session, events) = setup.open();
        let id = utterance(number as u32);
        push(&mut session, &common::hiss(8_000));
        let samples = setup.say(said);
        push(&mut session, &samples);
        session.begin(id, SampleRate::Hz16000.span_of(samples.len() as u64));
        push(&mut session, &common::hiss(3_200));
        session.pause(id);
        push(&mut session, &common::hiss(3_200));
        session.finalize(id);
        assert_eq!(final_of(&events, id).0, heard);
    }
}

#[test]
fn a_pause_makes_the_final_ready() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    let clip = common::to_16k(&common::clip());
    session.begin(utterance(3), Millis::ZERO);
    push(&mut session, &clip);
    session.pause(utterance(3));
    let stable = loop {
        match common::next(&events) {
            RecognizerEvent::Stable { utterance: id, text, .. } => {
                assert_eq!(id, utterance(3));
                break text;
            }
            RecognizerEvent::Partial { text, .. } => assert!(!text.reveal().is_empty()),
            other @ (RecognizerEvent::Final { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. }
            | RecognizerEvent::Failed { .. }) => {
                panic!("{other:?}")
            }
        }
    };
    push(&mut session, &common::hiss(4_800));
    session.finalize(utterance(3));
    // Nothing is left to be heard: the final is next, at once or with the second reading that a
    // worker has begun.
    let RecognizerEvent::Final { text, .. } = common::next(&events) else {
        panic!("the final is next")
    };
    assert_eq!(text, stable);
}

#[test]
fn going_on_voids_the_speculation() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    session.begin(utterance(0), Millis::ZERO);
    push(&mut session, &setup.say("I would like to book"));
    session.pause(utterance(0));
    push(&mut session, &common::hiss(4_800));
    session.resume(utterance(0));
    push(&mut session, &setup.say("a cleaning on Friday."));
    session.pause(utterance(0));
    session.finalize(utterance(0));
    let (words, _) = final_of(&events, utterance(0));
    assert!(words.contains("book") && words.ends_with("cleaning on friday"), "{words}");
}

#[test]
fn long_speech_is_cut_at_pauses_and_joined() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    let sentences = [
        "I have been coming to your practice for many years now.",
        "My wife and my children are your patients as well.",
        "Last week I broke a tooth while eating an apple.",
        "It does not hurt very much, but it looks terrible.",
        "Could you please tell me when the doctor has time for me?",
    ];
    session.begin(utterance(0), Millis::ZERO);
    for sentence in sentences {
        push(&mut session, &setup.say(sentence));
        push(&mut session, &common::hiss(4_000));
    }
    session.finalize(utterance(0));
    let (words, audio) = final_of(&events, utterance(0));
    assert!(Millis::new(12_000) < audio, "{audio}");
    for part in ["many years", "my children", "broke a tooth", "terrible", "has time for me"] {
        assert!(words.contains(part), "no {part:?} in {words:?}");
    }
}

#[test]
fn every_finalize_has_one_answer_and_a_discard_none() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    // Unknown, silent and too short.
    session.finalize(utterance(9));
    assert_eq!(final_of(&events, utterance(9)).0, "");
    session.begin(utterance(10), Millis::ZERO);
    push(&mut session, &[0; 16_000]);
    session.finalize(utterance(10));
    assert_eq!(final_of(&events, utterance(10)).0, "");
    session.begin(utterance(11), Millis::ZERO);
    session.finalize(utterance(11));
    assert_eq!(final_of(&events, utterance(11)).0, "");
    // Discarded while it is decoded.
    let clip = common::to_16k(&common::clip());
    session.begin(utterance(12), Millis::ZERO);
    push(&mut session, &clip);
    session.pause(utterance(12));
    session.discard(utterance(12));
    let _ = events.try_iter().count();
    session.begin(utterance(13), Millis::ZERO);
    push(&mut session, &clip);
    session.finalize(utterance(13));
    loop {
        match common::next(&events) {
            RecognizerEvent::Final { utterance: id, .. } => {
                assert_eq!(id, utterance(13));
                break;
            }
            RecognizerEvent::Partial { utterance: id, .. } => assert_eq!(id, utterance(13)),
            other @ (RecognizerEvent::Stable { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. }
            | RecognizerEvent::Failed { .. }) => {
                panic!("{other:?}")
            }
        }
    }
}

#[test]
fn noise_says_nothing() {
    let setup = Setup::new();
    let (mut session, events) = setup.open();
    session.begin(utterance(0), Millis::ZERO);
    push(&mut session, &common::hiss(32_000));
    session.finalize(utterance(0));
    assert_eq!(final_of(&events, utterance(0)).0, "");
}

#[test]
fn other_languages_are_refused() {
    let setup = Setup::new();
    let (probe, _events) = common::Probe::new();
    let french = RecognizerRequest { language: "fr".into(), ..english() };
    assert!(setup.recognizer.open(&french, probe).is_err());
}
