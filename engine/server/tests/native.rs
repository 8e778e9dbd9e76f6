//! G.711 from end to end: what a voice's vendor sends is what the carrier gets, and what the carrier sends
//! is what the recognizer's vendor gets, byte by byte, over real sockets.

mod support;

use std::sync::Arc;
use std::time::Duration;

use codecs::g711::{encode_ulaw, ulaw_decode, ulaw_encode};
use fake_vendors::chat::Reply;
use fake_vendors::{Delays, FakeVendors, Options, Plan, Protocol, Words};
use support::raw::{Raw, block_on};
use support::shop::{Shop, environment, vendors};
use support::{SOON, Site, recording};
use types::{Millis, SampleRate};

const QUESTION: &str = "How much is a cleaning?";

/// µ-law's negative zero: whoever decodes and encodes turns it into the positive one.
const NEGATIVE_ZERO: u8 = 0x7f;

/// The sample that becomes it.
const BELOW_ZERO: i16 = -1;

/// Silence before a frame of the reply counts as lost.
const PACE: Duration = Duration::from_millis(20);

/// A second in which every code has its turn, negative zero four times as often.
fn sound() -> Arc<[i16]> {
    let codes = (0..8_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8);
    let samples = codes.zip(0..).map(|(code, n)| match code {
        NEGATIVE_ZERO => BELOW_ZERO,
        _ if n % 64 == 0 => BELOW_ZERO,
        code => ulaw_decode(code),
    });
    samples.collect()
}

/// The question as the carrier sends it: with negative zeros in its pauses.
fn question() -> Vec<u8> {
    let samples = recording("first-3-cleaning.flac", SampleRate::Hz8000);
    let mut codes = Vec::new();
    encode_ulaw(&samples, &mut codes);
    let places = codes.iter_mut().enumerate().filter(|(at, code)| at % 3 == 0 && **code == 0xff);
    places.for_each(|(_, code)| *code = NEGATIVE_ZERO);
    codes.resize(codes.len().next_multiple_of(160), 0xff);
    assert!(20 < codes.iter().filter(|code| **code == NEGATIVE_ZERO).count());
    codes
}

#[test]
fn mu_law_stays_the_same_bytes_from_vendor_to_carrier_and_from_carrier_to_vendor() {
    assert_eq!(ulaw_encode(BELOW_ZERO), NEGATIVE_ZERO);
    assert_eq!(ulaw_encode(ulaw_decode(NEGATIVE_ZERO)), 0xff, "or it would prove nothing");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let sound = sound();
    let quick = Plan::default().with_delays(Delays { words: Millis::new(50), ..Delays::NONE });
    let casts = [
        (["deepgram", "openai", "cartesia"], Protocol::DeepgramNova),
        (["deepgram-flux", "openai", "elevenlabs"], Protocol::DeepgramFlux),
    ];
    let options = Options {
        words: Words::Scripted(vec![QUESTION.to_owned()]),
        plans: Protocol::ALL.map(|protocol| (protocol, quick.clone())).into(),
        sound: Some(sound.clone()),
        audio_kept: 1 << 20,
        ..Options::default()
    };
    let far = runtime.block_on(FakeVendors::start(options)).expect("vendors on free ports");
    far.replies().set_usual(Some(Reply::words("We can do that on any day.")));
    let shops: Vec<Shop> = casts
        .iter()
        .zip(0..)
        .map(|(([recognizer, brain, voice], _), index)| Shop {
            vendors: vendors(&[*recognizer], &[*brain], &[*voice]),
            ..Shop::new(index)
        })
        .collect();
    let site = Site::start_with("native", &shops, environment(&far));
    let mut spoken = Vec::new();
    encode_ulaw(&sound, &mut spoken);
    assert!(100 < spoken.iter().filter(|code| **code == NEGATIVE_ZERO).count());

    for (shop, (_, recognizer)) in shops.iter().zip(casts) {
        let said = question();
        let (sent, heard) = block_on(converse(&site, shop, &said, &spoken));
        // All but the fade at its beginning, which is made of samples.
        assert!(has(&heard, faded(&spoken)), "{}: the reply's bytes are others", shop.id);
        let session = far.sessions().into_iter().rfind(|session| session.protocol == recognizer);
        let audio = session.expect("a recognizer that was asked").audio;
        assert!(has(&audio, &said), "{}: the question's bytes are others", shop.id);
        assert!(sent.starts_with(&audio), "{}: other bytes than the carrier sent", shop.id);
    }
    site.engine.stop(Millis::ZERO);
}

/// Asks, and listens until the reply has been heard: all that was sent, and all that was heard.
async fn converse(site: &Site, shop: &Shop, said: &[u8], spoken: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut raw = Raw::open(&site.engine).await;
    raw.start(&shop.number, &format!("{}-native", shop.id)).await;
    let (mut sent, mut heard) = (Vec::new(), Vec::new());
    let mut pace = tokio::time::interval(PACE);
    // Through the greeting; then the question; then silence until the answer is there.
    let greeting = std::iter::repeat_n(&[0xff; 160][..], 150);
    let silence = std::iter::repeat_n(&[0xff; 160][..], SOON.as_millis() as usize / 20);
    for frame in greeting.chain(said.chunks(160)).chain(silence) {
        pace.tick().await;
        raw.sound(frame).await;
        sent.extend_from_slice(frame);
        raw.hear(&mut heard);
        if has(&heard, faded(spoken)) {
            break;
        }
    }
    raw.hang_up().await;
    (sent, heard)
}

/// What is behind the fade.
fn faded(codes: &[u8]) -> &[u8] {
    &codes[SampleRate::Hz8000.samples_in(codecs::fade::FADE_IN)..]
}

fn has(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}
