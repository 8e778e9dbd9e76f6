use bytes::Bytes;
use reqwest::Url;
use tokio::time::{Instant, advance};
use types::{Encoding, Millis, SampleRate};
use wire::cartesia::{self, Request};
use wire::elevenlabs;

use super::aura::Aura;
use super::cartesia::Cartesia;
use super::convert::Spoken;
use super::dialect::{Certainty, Dialect, Found, Out};
use super::elevenlabs::ElevenLabs;
use super::flux::Flux;
use super::gate::Epoch;
use crate::clock::duration;
use crate::socket::SocketOrder;

const SPOKEN: Spoken = Spoken { encoding: Encoding::Pcmu, rate: SampleRate::Hz8000 };

fn order() -> SocketOrder {
    SocketOrder::new("voice".parse().unwrap(), Url::parse("ws://localhost/").unwrap())
}

/// A dialect and what came of it.
struct Talk<D> {
    dialect: D,
    out: Out,
}

impl<D: Dialect> Talk<D> {
    fn new(mut dialect: D) -> Self {
        let mut out = Out::default();
        dialect.connected(Instant::now(), &mut out);
        Self { dialect, out }
    }

    fn speak(&mut self, epoch: u64, number: usize, text: &str) {
        self.dialect.speak(Instant::now(), (Epoch(epoch), number), text, &mut self.out);
    }

    fn end(&mut self, epoch: u64) {
        self.dialect.end(Instant::now(), Epoch(epoch), &mut self.out);
    }

    fn cancel(&mut self, epoch: u64, heard: u32) {
        self.dialect.cancel(Epoch(epoch), Millis::new(heard), &mut self.out);
    }

    fn hear(&mut self, text: &str) {
        self.dialect.handle_text(Instant::now(), text, &mut self.out).unwrap();
    }

    fn sound(&mut self, ms: usize) {
        let bytes = Bytes::from(vec![0; 8 * ms]);
        self.dialect.handle_binary(Instant::now(), bytes, &mut self.out);
    }

    fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out.messages)
    }

    /// What was found: `s` for sound, `r` for a segment reached, `w` for a word, `f` for the end.
    fn found(&mut self) -> String {
        let letters = std::mem::take(&mut self.out.found).into_iter().map(|found| match found {
            Found::Sound { epoch, segment, bytes } => {
                format!("s{}.{segment}x{}", epoch.number(), bytes.len() / 8)
            }
            Found::Reached { epoch, segment, certainty } => {
                let letter = if certainty == Certainty::Told { 'r' } else { '~' };
                format!("{letter}{}.{segment}", epoch.number())
            }
            Found::Word { segment, text_end, end, .. } => {
                format!("w{segment}:{text_end}@{}", end.get())
            }
            Found::Finished { epoch } => format!("f{}", epoch.number()),
            Found::Broken { epoch, .. } => format!("b{}", epoch.number()),
            Found::Cut { epoch, spoken } => format!("c{}:{spoken}", epoch.number()),
            Found::Charged { characters, .. } => format!("$ {characters}"),
        });
        letters.collect::<Vec<_>>().join(" ")
    }
}

fn elevenlabs_speech(context: &str, ms: usize, spoken: &str) -> String {
    let step = ms as u32 / spoken.chars().count().max(1) as u32;
    let characters = (0..).zip(spoken.chars()).map(|(n, c)| elevenlabs::CharTime {
        text: c.to_string().into(),
        start: Millis::new(n * step),
        duration: Millis::new(step),
    });
    let bytes = vec![0; 8 * ms];
    let speech = elevenlabs::Speech::of(context, &bytes);
    elevenlabs::Message::Speech(elevenlabs::Speech { characters: characters.collect(), ..speech })
        .encode()
}

#[tokio::test(start_paused = true)]
async fn elevenlabs_cuts_sound_where_a_segment_ends_and_sums_up_the_clocks() {
    let mut talk = Talk::new(ElevenLabs::new(order(), SPOKEN, None));
    talk.speak(7, 0, "Hi you.");
    talk.speak(7, 1, "Bye.");
    talk.hear(&elevenlabs_speech("g7", 300, "Hi "));
    assert_eq!(talk.found(), "w0:2@200 s7.0x300");
    talk.hear(&elevenlabs_speech("g7", 800, "you. Bye"));
    assert_eq!(talk.found(), "w0:7@700 s7.0x500 r7.1 s7.1x300", "the clock begins anew each time");
    talk.hear(&elevenlabs_speech("g7", 100, "."));
    assert_eq!(talk.found(), "w1:4@1200 s7.1x100");
    assert_eq!(talk.dialect.owing(), None, "all that was asked for has come");
    advance(duration(Millis::new(401))).await;
    talk.dialect.handle_timeout(Instant::now(), &mut talk.out);
    assert_eq!(talk.found(), "r7.2", "nothing follows: it is complete");
    talk.end(7);
    assert_eq!(talk.dialect.owing(), Some(Epoch(7)), "but for its end");
    talk.hear(r#"{"isFinal":true,"context_id":"g7"}"#);
    assert_eq!(talk.found(), "f7");
    assert!(talk.dialect.is_idle());
}

#[tokio::test(start_paused = true)]
async fn elevenlabs_counts_contexts_until_their_end_and_keeps_the_socket() {
    let mut talk = Talk::new(ElevenLabs::new(order(), SPOKEN, None));
    for epoch in 0..5 {
        assert!(talk.dialect.has_room(Epoch(epoch)));
        talk.speak(epoch, 0, "Hello.");
        talk.cancel(epoch, 0);
    }
    assert!(!talk.dialect.has_room(Epoch(5)), "a sixth would close the socket");
    assert!(talk.dialect.is_idle(), "so it is replaced");
    talk.hear(&elevenlabs_speech("g3", 100, "H"));
    talk.hear(r#"{"isFinal":true,"contextId":"g3"}"#);
    assert_eq!(talk.found(), "", "nothing of the cancelled");
    assert!(talk.dialect.has_room(Epoch(5)));
    talk.sent();
    advance(duration(Millis::from_secs(16))).await;
    assert!(talk.dialect.timeout().is_some_and(|due| due <= Instant::now()));
    talk.dialect.handle_timeout(Instant::now(), &mut talk.out);
    assert_eq!(talk.sent(), [r#"{"text":""}"#], "no context that is closed is named");
    talk.speak(9, 0, "Hello.");
    talk.sent();
    advance(duration(Millis::from_secs(16))).await;
    talk.dialect.handle_timeout(Instant::now(), &mut talk.out);
    assert_eq!(talk.sent(), [r#"{"context_id":"g9","text":""}"#]);
}

#[tokio::test(start_paused = true)]
async fn elevenlabs_says_without_characters_only_where_the_reply_ends() {
    let mut talk = Talk::new(ElevenLabs::new(order(), SPOKEN, None));
    talk.speak(1, 0, "Hi.");
    assert_eq!(talk.dialect.owing(), Some(Epoch(1)));
    talk.hear(&elevenlabs_speech("g1", 100, ""));
    assert_eq!(talk.found(), "s1.0x100");
    assert_eq!(talk.dialect.owing(), None, "who knows whether more is to come");
}

fn cartesia() -> Talk<Cartesia> {
    Talk::new(Cartesia::new(order(), SPOKEN, Request::default()))
}

fn chunk(context: &str, ms: usize) -> String {
    cartesia::Message::chunk(context, &vec![0; 8 * ms], None).encode()
}

fn context_of(order: &str) -> String {
    match cartesia::decode_order(order).unwrap() {
        cartesia::Order::Speak(generation) => generation.context.into_owned(),
        cartesia::Order::Cancel { context } => context.into_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn cartesia_goes_on_in_one_context_and_begins_another_after_a_pause() {
    let mut talk = cartesia();
    talk.speak(1, 0, "One moment,");
    talk.speak(1, 1, "please.");
    let sent = talk.sent();
    let name = context_of(&sent[0]);
    assert_eq!(context_of(&sent[1]), name);
    talk.hear(&chunk(&name, 400));
    talk.hear(&format!(r#"{{"type":"flush_done","context_id":"{name}","flush_id":1}}"#));
    talk.hear(&chunk(&name, 300));
    talk.hear(&format!(r#"{{"type":"flush_done","context_id":"{name}","flush_id":2}}"#));
    assert_eq!(talk.found(), "s1.0x400 r1.1 s1.1x300 r1.2");
    advance(duration(Millis::new(300))).await;
    talk.speak(1, 2, "Thank you.");
    assert_eq!(context_of(&talk.sent()[0]), name, "it is still alive");
    talk.hear(&chunk(&name, 200));
    talk.hear(&format!(r#"{{"type":"flush_done","context_id":"{name}","flush_id":3}}"#));
    advance(duration(Millis::new(700))).await;
    talk.speak(1, 3, "Yes.");
    let other = context_of(&talk.sent()[0]);
    assert_ne!(other, name, "a second after its last sound a context is dead");
    talk.found();
    let words = r#""word_timestamps":{"words":["Yes."],"start":[0.0],"end":[0.25]}"#;
    talk.hear(&format!(r#"{{"type":"timestamps","context_id":"{other}",{words}}}"#));
    assert_eq!(talk.found(), "w3:4@1150", "on the reply's clock");
    talk.end(1);
    talk.hear(&format!(r#"{{"type":"done","context_id":"{other}"}}"#));
    assert_eq!(talk.found(), "r1.4 f1");
    assert!(talk.dialect.is_idle());
}

#[tokio::test(start_paused = true)]
async fn cartesia_s_sound_says_where_it_belongs_if_nothing_else_does() {
    let mut talk = cartesia();
    talk.speak(1, 0, "One moment,");
    talk.speak(1, 1, "please.");
    let name = context_of(&talk.sent()[0]);
    for flush in [4, 4, 5] {
        talk.hear(&cartesia::Message::chunk(&name, &[0; 800], Some(flush)).encode());
    }
    assert_eq!(talk.found(), "s1.0x100 s1.0x100 r1.1 s1.1x100");
}

#[tokio::test(start_paused = true)]
async fn cartesia_s_failed_context_ends_its_reply_and_no_other() {
    let mut talk = cartesia();
    talk.speak(1, 0, "One.");
    talk.speak(2, 0, "Two.");
    let sent = talk.sent();
    let (first, second) = (context_of(&sent[0]), context_of(&sent[1]));
    talk.hear(&format!(r#"{{"type":"error","context_id":"{first}","status_code":500}}"#));
    assert_eq!(talk.found(), "b1");
    talk.cancel(2, 0);
    assert_eq!(context_of(&talk.sent()[0]), second);
    talk.hear(&chunk(&second, 100));
    talk.hear(&format!(r#"{{"type":"error","context_id":"{second}","status_code":400}}"#));
    assert_eq!(talk.found(), "", "what is said of the dead is not heard");
    let all = talk.dialect.handle_text(
        Instant::now(),
        r#"{"type":"error","status_code":429,"error_code":"concurrency_limited"}"#,
        &mut talk.out,
    );
    assert!(all.is_err());
}

#[tokio::test(start_paused = true)]
async fn aura_flushes_each_segment_while_it_may_and_keeps_some_for_the_ends() {
    let mut talk = Talk::new(Aura::new(order(), SPOKEN));
    for number in 0..15 {
        talk.speak(1, number, "Word.");
    }
    let flushes = |sent: &[String]| sent.iter().filter(|order| order.contains("Flush")).count();
    assert_eq!(flushes(&talk.sent()), 12);
    talk.end(1);
    assert_eq!(flushes(&talk.sent()), 1, "the end cannot do without");
    for epoch in 2..20 {
        talk.speak(epoch, 0, "Word.");
        talk.end(epoch);
    }
    assert_eq!(flushes(&talk.sent()), 7, "twenty a minute");
    let due = talk.dialect.timeout().expect("the last one waits for a flush");
    advance(due - Instant::now()).await;
    talk.dialect.handle_timeout(Instant::now(), &mut talk.out);
    assert_eq!(flushes(&talk.sent()), 1);
}

#[tokio::test(start_paused = true)]
async fn aura_drops_everything_till_the_stream_is_clear() {
    let mut talk = Talk::new(Aura::new(order(), SPOKEN));
    talk.speak(1, 0, "One.");
    talk.sound(100);
    talk.cancel(1, 0);
    assert_eq!(talk.sent().last().unwrap(), r#"{"type":"Clear"}"#);
    talk.speak(2, 0, "Two.");
    talk.found();
    talk.sound(300);
    talk.hear(r#"{"type":"Flushed","sequence_id":0}"#);
    assert_eq!(talk.found(), "", "late");
    talk.hear(r#"{"type":"Cleared","sequence_id":1}"#);
    talk.sound(200);
    talk.hear(r#"{"type":"Flushed","sequence_id":2}"#);
    talk.end(2);
    assert_eq!(talk.found(), "s2.0x200 r2.1 f2");
    talk.cancel(2, 0);
    assert!(talk.sent().iter().all(|order| !order.contains("Clear")), "it is over");
}

#[tokio::test(start_paused = true)]
async fn flux_speaks_one_turn_at_a_time_and_counts_what_was_heard_of_all() {
    let mut talk = Talk::new(Flux::new(order(), SPOKEN));
    talk.speak(1, 0, "One moment.");
    assert!(!talk.dialect.has_room(Epoch(2)));
    talk.sound(1_000);
    talk.end(1);
    talk.hear(r#"{"type":"Flushed","speech_id":"s"}"#);
    assert_eq!(talk.found(), "~1.0 s1.0x1000", "a flush that is understood is no end");
    talk.hear(
        r#"{"type":"SpeechMetadata","audio_duration_ms":1000,"billable_character_count":11}"#,
    );
    assert_eq!(talk.found(), "$ 11 ~1.1 f1");
    talk.speak(2, 0, "Two moments.");
    talk.sound(900);
    talk.sent();
    talk.cancel(2, 400);
    let interrupt = r#"{"type":"Interrupt","playback_offset":{"type":"time_ms","value":1400}}"#;
    assert_eq!(talk.sent(), [interrupt], "the session's sound, not the turn's");
    assert!(!talk.dialect.has_room(Epoch(3)), "not before it is acknowledged");
    talk.found();
    talk.sound(500);
    assert_eq!(talk.found(), "");
    talk.hear(r#"{"type":"SpeechInterrupted","audio_played_ms":400,"text_spoken":"Two "}"#);
    assert_eq!(talk.found(), "c2:4");
    assert!(talk.dialect.has_room(Epoch(3)));
    talk.speak(3, 0, "Three.");
    talk.sound(100);
    talk.sent();
    talk.cancel(3, 0);
    assert_eq!(talk.sent(), [r#"{"type":"Interrupt"}"#], "an offset must go on from the last");
    talk.hear(r#"{"type":"Warning","code":"NO_ACTIVE_SPEECH"}"#);
    assert!(talk.dialect.is_idle());
    let fatal = r#"{"type":"Error","code":"NET-0001"}"#;
    assert!(talk.dialect.handle_text(Instant::now(), fatal, &mut talk.out).is_err());
}
