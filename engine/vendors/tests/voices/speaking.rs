//! A reply from its first word to its last.

use fake_vendors::{FakeVendors, Options, Plan};
use tokio::runtime::Handle;
use types::{Audio, AudioFormat, Encoding, Millis, SampleRate, Secret};
use vendor::{Precision, VoiceEvent};
use vendors::net::Net;
use vendors::voices::SOUND_WAIT;
use vendors::voices::catalog::PLACES;

use super::support::{Call, Kind, far_side, linear, words_heard};

const TEXTS: [&str; 3] =
    ["Good morning, Bright Smile.", "A cleaning takes forty minutes.", "Shall I book it?"];

fn texts() -> Vec<String> {
    TEXTS.iter().flat_map(|text| text.split(' ')).map(str::to_owned).collect()
}

/// Letter and segment of each event, sound that follows sound left out.
fn order(events: &[VoiceEvent]) -> String {
    let mut letters: Vec<String> = Vec::new();
    for event in events {
        let letter = match event {
            VoiceEvent::Audio { segment, .. } => format!("a{}", segment.get()),
            VoiceEvent::SegmentDone { segment, .. } => format!("d{}", segment.get()),
            VoiceEvent::Failed { segment, .. } => format!("f{}", segment.get()),
            VoiceEvent::Heard { segment, .. } => format!("h{}", segment.get()),
        };
        if letters.last() != Some(&letter) {
            letters.push(letter);
        }
    }
    letters.join(" ")
}

#[tokio::test]
async fn a_reply_is_spoken_segment_by_segment_on_every_leg() {
    for kind in Kind::ALL {
        for format in [
            AudioFormat::PCMU_8K,
            AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 },
            linear(SampleRate::Hz8000),
            AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 },
        ] {
            let far = far_side(kind, Plan::quick()).await;
            let mut call = Call::open(&*kind.voice(&far, SOUND_WAIT), format);
            for (number, text) in (0..).zip(TEXTS) {
                call.speak(1, number, text);
            }
            call.session.end(super::support::generation(1));
            let events = call.until_settled(TEXTS.len()).await;
            if kind == Kind::Flux {
                // Where segments meet is estimated; that all of them come, in order, is not.
                let ends =
                    order(&events).split(' ').filter(|l| l.starts_with('d')).collect::<String>();
                assert_eq!(ends, "d0d1d2", "{format}");
            } else {
                assert_eq!(order(&events), "a0 d0 a1 d1 a2 d2", "{kind:?} {format}");
            }
            let lexicon = far.voiced().lexicon();
            if format.encoding == Encoding::Pcmu || format.encoding == Encoding::L16 {
                let heard = words_heard(&events, format.rate, &lexicon);
                assert_eq!(heard, texts(), "{kind:?} {format}");
            }
            let samples: usize = events.iter().map(samples_of).sum();
            let said: usize = (0..lexicon.len())
                .map(|place| fake_vendors::speech::samples_of(lexicon.word(place)))
                .sum();
            assert_eq!(samples, said * format.rate.hz() as usize / 8_000, "{kind:?} {format}");
            let has_g711 = !matches!(kind, Kind::OpenAi | Kind::Wyoming);
            let is_native = |audio: &Audio| match format.encoding {
                _ if !has_g711 => matches!(audio, Audio::Linear(_)),
                Encoding::Pcmu => matches!(audio, Audio::Pcmu(_)),
                Encoding::Pcma => matches!(audio, Audio::Pcma(_)),
                Encoding::G722 | Encoding::L16 | Encoding::Opus => {
                    matches!(audio, Audio::Linear(_))
                }
            };
            let mut sounds = events.iter().filter_map(|event| match event {
                VoiceEvent::Audio { audio, .. } => Some(audio),
                VoiceEvent::SegmentDone { .. }
                | VoiceEvent::Heard { .. }
                | VoiceEvent::Failed { .. } => None,
            });
            let native = sounds.all(is_native);
            assert!(native, "{kind:?} {format}: bytes stay bytes");
            let characters: usize = TEXTS.iter().map(|text| text.len()).sum();
            let charged = call.session.usage().characters;
            let spaces = if kind == Kind::Flux { TEXTS.len() - 1 } else { 0 };
            assert_eq!(charged.total(), (characters + spaces) as u64, "{kind:?}");
            let sessions = if kind == Kind::OpenAi { TEXTS.len() } else { 1 };
            assert_eq!(
                far.sessions().len(),
                sessions,
                "{kind:?}: one connection, or a request each"
            );
        }
    }
}

fn samples_of(event: &VoiceEvent) -> usize {
    match event {
        VoiceEvent::Audio { audio, .. } => audio.samples(),
        VoiceEvent::SegmentDone { .. } | VoiceEvent::Heard { .. } | VoiceEvent::Failed { .. } => 0,
    }
}

#[tokio::test]
async fn word_times_are_those_of_the_sound() {
    for kind in [Kind::ElevenLabs, Kind::Cartesia] {
        let far = far_side(kind, Plan::quick()).await;
        let mut call = Call::open(&*kind.voice(&far, SOUND_WAIT), AudioFormat::PCMU_8K);
        for (number, text) in (0..).zip(TEXTS) {
            call.speak(1, number, text);
        }
        call.session.end(super::support::generation(1));
        let events = call.until_settled(TEXTS.len()).await;
        for event in events {
            let VoiceEvent::SegmentDone { segment, words, precision, .. } = event else { continue };
            assert_eq!(precision, Precision::Exact, "{kind:?}");
            let text = TEXTS[segment.get() as usize];
            let (mut from, mut end, mut expected) = (0, 0, Vec::new());
            for word in text.split(' ') {
                end += fake_vendors::speech::samples_of(word) / 8;
                expected.push((from + word.len(), end as i64));
                from += word.len() + 1;
            }
            let told: Vec<_> = words.iter().map(|w| (w.text_end, i64::from(w.end.get()))).collect();
            let ends = |words: &[(usize, i64)]| words.iter().map(|w| w.0).collect::<Vec<_>>();
            assert_eq!(ends(&told), ends(&expected), "{kind:?}");
            // Characters share a word's time in whole milliseconds.
            let is_close = |(a, b): (&(usize, i64), &(usize, i64))| (a.1 - b.1).abs() <= 12;
            assert!(told.iter().zip(&expected).all(is_close), "{kind:?} {told:?} {expected:?}");
        }
    }
}

#[tokio::test]
async fn segments_are_asked_for_as_they_come_and_the_socket_is_warm_before() {
    for kind in Kind::ALL {
        let far = far_side(kind, Plan::quick()).await;
        let mut call = Call::open(&*kind.voice(&far, SOUND_WAIT), AudioFormat::PCMU_8K);
        while far.sessions().is_empty() && !matches!(kind, Kind::OpenAi | Kind::Wyoming) {
            tokio::task::yield_now().await;
        }
        call.speak(1, 0, TEXTS[0]);
        // The first is heard before the second is known.
        let VoiceEvent::Audio { segment, .. } = call.next().await else { panic!("{kind:?}") };
        assert_eq!(segment.get(), 0);
        call.speak(1, 1, TEXTS[1]);
        call.session.end(super::support::generation(1));
        call.until_settled(2).await;
        // A second reply on the same connection.
        call.speak(2, 0, TEXTS[2]);
        call.session.end(super::support::generation(2));
        let events = call.until_settled(1).await;
        assert_eq!(order(&events), "a0 d0", "{kind:?}");
        let sessions = if kind == Kind::OpenAi { TEXTS.len() } else { 1 };
        assert_eq!(far.sessions().len(), sessions, "{kind:?}: one connection for all");
    }
}

#[tokio::test]
async fn the_vendor_s_own_account_of_an_interruption_is_told() {
    let kind = Kind::Flux;
    let far = far_side(kind, Plan::quick()).await;
    let mut call = Call::open(&*kind.voice(&far, SOUND_WAIT), AudioFormat::PCMU_8K);
    for turn in 1..=2 {
        for (number, text) in (0..).zip(TEXTS) {
            call.speak(turn, number, text);
        }
        call.session.end(super::support::generation(turn));
        let events = call.until_settled(TEXTS.len()).await;
        let first: usize = events
            .iter()
            .filter(
                |event| matches!(event, VoiceEvent::Audio { segment, .. } if segment.get() == 0),
            )
            .map(samples_of)
            .sum();
        assert!(0 < first);
        // "Good morning, Bright Smile. A cleaning" and half of "takes".
        let words = ["Good", "morning,", "Bright", "Smile.", "A", "cleaning"];
        let ms: usize = words.iter().map(|w| fake_vendors::speech::samples_of(w) / 8).sum();
        call.session.cancel(super::support::generation(turn), Millis::new(ms as u32 + 60));
        let heard = call.next().await;
        let VoiceEvent::Heard { segment, text_end, .. } = heard else { panic!("{heard:?}") };
        assert_eq!((segment.get(), text_end), (1, "A cleaning".len()), "turn {turn}");
    }
}

#[tokio::test]
async fn every_place_speaks_with_nothing_but_addresses_and_keys() {
    let options = Options { key: Some(Secret::new("key-1".into())), ..Options::default() };
    let far = FakeVendors::start(options).await.unwrap();
    let (http, wyoming) = (far.base_url(), far.wyoming_url());
    let lookup = |name: &str| match name {
        "OPENAI_BASE_URL" => Some(format!("{http}/v1")),
        "WYOMING_TTS_URL" => Some(wyoming.clone()),
        name if name.ends_with("_BASE_URL") => Some(http.clone()),
        name if name.ends_with("_API_KEY") => Some("key-1".into()),
        _ => None,
    };
    let net = Net::new(Handle::current()).unwrap();
    for place in PLACES {
        assert!(place.voice(&net, |_| None).unwrap().is_none(), "{}", place.name);
        let voice = place.voice(&net, lookup).unwrap().expect("an account");
        let mut call = Call::open(&*voice, AudioFormat::PCMU_8K);
        call.speak(1, 0, TEXTS[0]);
        call.session.end(super::support::generation(1));
        let events = call.until_settled(1).await;
        assert_eq!(order(&events), "a0 d0", "{}", place.name);
    }
    let openai = PLACES.iter().find(|place| place.name == "openai-speech").unwrap();
    let bad = openai.voice(&net, |name| (name == "OPENAI_API_KEY").then(|| "a b".into()));
    assert!(bad.err().unwrap().to_string().contains("OPENAI_API_KEY"));
}
