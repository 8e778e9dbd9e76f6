//! The local voice behind the vendors' trait.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use codecs::level::Dbfs;
use speech::{LocalVoice, WorkerPool};
use types::{
    Audio, AudioFormat, Encoding, GenerationId, Millis, Pii, SampleRate, SegmentId, TurnId,
};
use vendor::{Voice, VoiceEvent, VoiceRequest, VoiceSession};

fn voice() -> LocalVoice {
    LocalVoice::load(&common::models(), WorkerPool::new(2)).unwrap()
}

fn open(voice: &LocalVoice, rate: SampleRate) -> (Box<dyn VoiceSession>, Receiver<VoiceEvent>) {
    let (probe, events) = common::Probe::new();
    let format = AudioFormat { encoding: Encoding::L16, rate };
    let request = VoiceRequest { language: "en-US".into(), format };
    (voice.open(&request, probe).unwrap(), events)
}

fn generation(attempt: u16) -> GenerationId {
    GenerationId { turn: TurnId::new(1), attempt }
}

fn text(text: &str) -> Pii<String> {
    Pii::new(text.into())
}

/// One letter an event: `a` for audio, `d` for a segment's end, `f` for a failure, with the
/// generation's attempt and the segment.
fn letter(event: &VoiceEvent) -> String {
    match event {
        VoiceEvent::Audio { generation, segment, .. } => {
            format!("a{}.{}", generation.attempt, segment.get())
        }
        VoiceEvent::SegmentDone { generation, segment, .. } => {
            format!("d{}.{}", generation.attempt, segment.get())
        }
        VoiceEvent::Heard { generation, segment, .. } => {
            format!("h{}.{}", generation.turn.get(), segment.get())
        }
        VoiceEvent::Failed { generation, segment, .. } => {
            format!("f{}.{}", generation.attempt, segment.get())
        }
    }
}

#[test]
fn segments_come_in_order_with_their_words() {
    let voice = voice();
    let (mut session, events) = open(&voice, SampleRate::Hz8000);
    let said = "Cleanings are $120, and checkups are $90.";
    for (segment, words) in ["Good morning.", said, "Goodbye."].into_iter().enumerate() {
        session.speak(generation(0), SegmentId::new(segment as u32), &text(words));
    }
    let mut order = Vec::new();
    let mut samples = 0;
    while order.last().is_none_or(|last| last != "d0.2") {
        let event = common::next(&events);
        order.push(letter(&event));
        match event {
            VoiceEvent::Audio { segment, audio: Audio::Linear(audio), .. }
                if segment.get() == 1 =>
            {
                samples += audio.len()
            }
            VoiceEvent::SegmentDone { segment, words, .. } if segment.get() == 1 => {
                let span = SampleRate::Hz8000.span_of(samples as u64);
                let ends: Vec<&str> = words.iter().map(|word| &said[..word.text_end]).collect();
                assert_eq!(ends[0], "Cleanings");
                assert_eq!(ends[2], "Cleanings are $120,");
                assert_eq!(*ends.last().unwrap(), said);
                assert!(words.is_sorted_by_key(|word| (word.text_end, word.end)));
                let last = words.last().unwrap().end;
                assert!(
                    last <= span && span.saturating_sub(last) < Millis::new(300),
                    "{last} {span}"
                );
            }
            VoiceEvent::Audio { .. }
            | VoiceEvent::SegmentDone { .. }
            | VoiceEvent::Heard { .. } => (),
            VoiceEvent::Failed { error, .. } => panic!("{error}"),
        }
    }
    order.dedup();
    assert_eq!(order, ["a0.0", "d0.0", "a0.1", "d0.1", "a0.2", "d0.2"]);
}

#[test]
fn nothing_of_a_cancelled_generation_follows() {
    let voice = voice();
    let long = "This is a rather long sentence that nobody will ever hear to its end. ".repeat(6);
    for _ in 0..10 {
        let (mut session, events) = open(&voice, SampleRate::Hz8000);
        session.speak(generation(0), SegmentId::new(0), &text(&long));
        session.speak(generation(0), SegmentId::new(1), &text(&long));
        let first = common::next(&events);
        assert_eq!(letter(&first), "a0.0");
        session.cancel(generation(0), Millis::ZERO);
        // Whatever was offered before the cancel is in the queue by now.
        let _ = events.try_iter().count();
        session.speak(generation(1), SegmentId::new(0), &text("Yes?"));
        assert_eq!(letter(&common::next(&events)), "a1.0");
        assert_eq!(letter(&common::next(&events)), "d1.0");
        assert_eq!(events.try_iter().count(), 0);
    }
}

#[test]
fn a_long_reply_begins_before_it_is_done() {
    let voice = voice();
    let (mut session, events) = open(&voice, SampleRate::Hz16000);
    let long = "We open at nine in the morning, and close at five in the afternoon, from Monday to \
                Friday. On Saturdays we close at noon, and on Sundays we stay closed all day.";
    session.speak(generation(0), SegmentId::new(0), &text(long));
    let VoiceEvent::Audio { audio: Audio::Linear(samples), .. } = common::next(&events) else {
        panic!("audio is first")
    };
    assert!(samples.len() < 16_000 * 3, "{}", samples.len());
}

#[test]
fn speech_is_level_trimmed_and_not_clipped_at_every_rate() {
    let voice = voice();
    for rate in SampleRate::ALL {
        let samples = voice.synthesize("Thank you for calling. How can I help?", rate).unwrap();
        let span = rate.span_of(samples.len() as u64);
        assert!((1_500..4_000).contains(&span.get()), "{span}");
        let level = Dbfs::of(&samples).0;
        assert!((-24.0..-19.0).contains(&level), "{level} dBFS at {rate}");
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(peak < 32_700, "{peak} at {rate}");
        let lead = rate.samples_in(Millis::new(25));
        assert!(samples[..lead].iter().any(|sample| 100 < sample.unsigned_abs()), "late at {rate}");
    }
}

#[test]
fn what_cannot_be_said_is_done_at_once() {
    let voice = voice();
    let (mut session, events) = open(&voice, SampleRate::Hz8000);
    for (segment, words) in ["", "…", "👍"].into_iter().enumerate() {
        session.speak(generation(0), SegmentId::new(segment as u32), &text(words));
        assert_eq!(letter(&common::next(&events)), format!("d0.{segment}"));
    }
    assert!(voice.synthesize("", SampleRate::Hz8000).unwrap().is_empty());
}

#[test]
fn the_same_text_sounds_the_same() {
    let voice = Arc::new(voice());
    let once = voice.synthesize("Hello there.", SampleRate::Hz8000).unwrap();
    assert_eq!(voice.synthesize("Hello there.", SampleRate::Hz8000).unwrap(), once);
}

#[test]
fn other_languages_are_refused() {
    let voice = voice();
    let (probe, _events) = common::Probe::new();
    let request = VoiceRequest { language: "de-DE".into(), format: AudioFormat::PCMU_8K };
    assert!(voice.open(&request, probe).is_err());
}
