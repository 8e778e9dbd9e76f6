//! A warm session allocates nothing per frame that is handed to it: blocks for dozens of frames, at most.

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use fake_vendors::{Delays, FakeVendors, Options, Plan, Protocol};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use types::{AudioFormat, Encoding, SampleRate};
use vendor::{
    AudioChunk, Offered, Recognizer, RecognizerEvent, RecognizerRequest, RecognizerSession, Sink,
};
use vendors::keys::{Account, Service};
use vendors::net::Net;
use vendors::recognizers::{DeepgramNova, NovaSettings};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Frames handed over in one go: what a vendor is sent in one message.
const FRAMES: usize = 2;

/// How often, after a few times to warm up.
const ROUNDS: usize = 192;

/// See [`ROUNDS`].
const WARM_UP: usize = 32;

/// Nobody wants to know.
struct Nobody;

impl Sink<RecognizerEvent> for Nobody {
    fn offer(&self, _: RecognizerEvent) -> Offered {
        Offered::Accepted
    }
}

// One test: others running at the same time would be counted.
#[test]
fn frames_handed_to_a_warm_session_share_what_is_allocated() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let linear = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };
    for format in [AudioFormat::PCMU_8K, linear] {
        let far = runtime.block_on(FakeVendors::start(Options::default())).unwrap();
        far.set_plan(Protocol::DeepgramNova, Plan::default().with_delays(Delays::NONE));
        let mut session = runtime.block_on(async { open(&far, format) });
        // Nothing runs while frames are handed over: what is counted is the handing over.
        let mut handed = 0;
        let mut counts = Vec::new();
        for _ in 0..WARM_UP + ROUNDS {
            let region = Region::new(ALLOCATOR);
            for _ in 0..FRAMES {
                let is_coded = format.encoding == Encoding::Pcmu;
                session.push_audio(if is_coded {
                    AudioChunk::Mulaw(&[0xff; 160])
                } else {
                    AudioChunk::Linear(&[0; 320])
                });
            }
            let change = region.change();
            counts.push(change.allocations + change.reallocations);
            handed += FRAMES as u64;
            heard(
                &runtime,
                &far,
                handed * if format.encoding == Encoding::Pcmu { 160 } else { 640 },
            );
        }
        // The queue takes a block for 32 orders; the audio's own block is used again and again, and
        // grows a few times if the far side is slow. One a frame would be eight times the bound.
        let all: usize = counts[WARM_UP..].iter().sum();
        assert!(all <= ROUNDS * FRAMES / 8, "{format}: {all} for {} frames", ROUNDS * FRAMES);
    }
}

fn open(far: &FakeVendors, format: AudioFormat) -> Box<dyn RecognizerSession> {
    let base = far.base_url();
    let account = Account::from_env(Service::Deepgram, |name| {
        if name == Service::Deepgram.base_variable() {
            Some(base.clone())
        } else {
            Some("k".into())
        }
    });
    let net = Net::new(Handle::current()).expect("a net");
    let (name, account) =
        ("deepgram".parse().expect("a name"), account.expect("an account").expect("a key"));
    let nova = DeepgramNova::new(name, net, account, NovaSettings::default());
    let request = RecognizerRequest { format, language: "en-US".into(), vocabulary: Vec::new() };
    nova.open(&request, Arc::new(Nobody)).expect("a session")
}

/// Runs everything until the far side has all these bytes.
fn heard(runtime: &Runtime, far: &FakeVendors, bytes: u64) {
    let is_there = || far.sessions().first().is_some_and(|session| bytes <= session.audio_bytes);
    let waiting = async {
        while !is_there() {
            tokio::task::yield_now().await;
        }
    };
    let waited = runtime.block_on(async { timeout(Duration::from_secs(20), waiting).await });
    waited.expect("all audio arrives");
}
