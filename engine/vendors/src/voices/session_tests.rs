use std::sync::{Arc, Mutex};

use fake_vendors::{FakeVendors, Fault, Options, Plan, Protocol};
use reqwest::Url;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use types::{Encoding, TurnId};
use vendor::Offered;
use wire::deepgram::speak::{Generation, Target};

use super::*;
use crate::socket::SocketOrder;
use crate::voices::aura::Aura;
use crate::voices::dialect::Lifetime;
use crate::voices::gate::Epoch;

const SPOKEN: Spoken = Spoken { encoding: Encoding::Pcmu, rate: SampleRate::Hz8000 };

/// Aura with a life of its own.
struct Mortal(Aura, Lifetime);

impl Dialect for Mortal {
    fn socket(&self) -> SocketOrder {
        self.0.socket()
    }
    fn lifetime(&self) -> Lifetime {
        self.1
    }
    fn goodbye(&self) -> Option<String> {
        self.0.goodbye()
    }
    fn connected(&mut self, now: Instant, out: &mut Out) {
        self.0.connected(now, out);
    }
    fn speak(&mut self, now: Instant, place: (Epoch, usize), text: &str, out: &mut Out) {
        self.0.speak(now, place, text, out);
    }
    fn end(&mut self, now: Instant, epoch: Epoch, out: &mut Out) {
        self.0.end(now, epoch, out);
    }
    fn cancel(&mut self, epoch: Epoch, heard: Millis, out: &mut Out) {
        self.0.cancel(epoch, heard, out);
    }
    fn handle_text(&mut self, now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError> {
        self.0.handle_text(now, text, out)
    }
    fn handle_binary(&mut self, now: Instant, bytes: bytes::Bytes, out: &mut Out) {
        self.0.handle_binary(now, bytes, out);
    }
    fn owing(&self) -> Option<Epoch> {
        self.0.owing()
    }
    fn is_idle(&self) -> bool {
        self.0.is_idle()
    }
}

#[derive(Default)]
struct Ear {
    events: Mutex<Vec<VoiceEvent>>,
    fresh: Notify,
}

impl Sink<VoiceEvent> for Ear {
    fn offer(&self, event: VoiceEvent) -> Offered {
        self.events.lock().unwrap().push(event);
        self.fresh.notify_one();
        Offered::Accepted
    }
}

impl Ear {
    /// Waits for the end of a segment; whether it was spoken.
    async fn settled(&self) -> bool {
        loop {
            let last = self.events.lock().unwrap().last().cloned();
            match last {
                Some(VoiceEvent::SegmentDone { .. }) => return true,
                Some(VoiceEvent::Failed { .. }) => return false,
                Some(VoiceEvent::Audio { .. } | VoiceEvent::Heard { .. }) | None => {
                    self.fresh.notified().await;
                }
            }
        }
    }
}

async fn far_side(plan: Plan) -> FakeVendors {
    let far = FakeVendors::start(Options::default()).await.unwrap();
    far.set_plan(Protocol::DeepgramAura, plan);
    far
}

fn open_aura(far: &FakeVendors, lifetime: Lifetime) -> (Box<dyn VoiceSession>, Arc<Ear>) {
    let target = Target {
        generation: Generation::Aura,
        model: "aura-2-thalia-en".into(),
        encoding: "mulaw".into(),
        sample_rate: 8_000,
        speed: None,
    };
    let url = format!("{}{}", far.base_url().replace("http", "ws"), target.encode());
    let order = SocketOrder::new("aura".parse().unwrap(), Url::parse(&url).unwrap());
    let dialect = Box::new(Mortal(Aura::new(order, SPOKEN), lifetime));
    let ear = Arc::new(Ear::default());
    let net = Net::new(Handle::current()).unwrap();
    let format = (SPOKEN, SampleRate::Hz8000);
    (open(&net, dialect, format, Millis::new(1_200), ear.clone()), ear)
}

fn speak(session: &mut dyn VoiceSession, turn: u32) {
    let generation = GenerationId { turn: TurnId::new(turn), attempt: 0 };
    session.speak(
        generation,
        SegmentId::FIRST,
        &Pii::new("A cleaning takes forty minutes.".into()),
    );
    session.end(generation);
}

async fn until_sessions(far: &FakeVendors, count: usize) {
    while far.sessions().len() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_is_replaced_in_a_pause_and_never_in_a_reply() {
    // Sixteen messages of sound, 10 ms apart: three lives long.
    let plan = Plan { rest: vec![Fault::Drip { gap: Millis::new(10) }], ..Plan::quick() };
    let far = far_side(plan).await;
    let short = Lifetime { idle_max: None, age_max: Some(Millis::new(50)) };
    let (mut session, ear) = open_aura(&far, short);
    until_sessions(&far, 3).await;
    assert!(ear.events.lock().unwrap().is_empty(), "nobody notices");
    speak(&mut *session, 1);
    assert!(ear.settled().await, "all of it on one connection");
    let spoke = far.sessions().iter().filter(|session| !session.texts.is_empty()).count();
    assert!(1 <= spoke);
    let before = far.sessions().len();
    until_sessions(&far, before + 1).await;
}

#[tokio::test]
async fn a_connection_that_is_lost_in_a_pause_is_replaced_before_it_is_missed() {
    let lost = Fault::Close { after: Millis::ZERO, code: 1_000 };
    let dropped = Fault::Drop { after: Millis::ZERO };
    let plan = Plan { sessions: vec![vec![lost], vec![dropped]], ..Plan::quick() };
    let far = far_side(plan).await;
    let (mut session, ear) = open_aura(&far, Lifetime::UNLIMITED);
    until_sessions(&far, 3).await;
    speak(&mut *session, 1);
    assert!(ear.settled().await);
    assert_eq!(session.usage().requests.exact, 3);
    assert_eq!(far.sessions().len(), 3);
}

#[tokio::test]
async fn a_session_that_is_dropped_says_goodbye() {
    let far = far_side(Plan::quick()).await;
    let (mut session, ear) = open_aura(&far, Lifetime::UNLIMITED);
    speak(&mut *session, 1);
    assert!(ear.settled().await);
    drop(session);
    while far.sessions()[0].ended.is_none() {
        tokio::task::yield_now().await;
    }
    let last = far.sessions()[0].texts.last().cloned();
    assert_eq!(last.as_deref(), Some(r#"{"type":"Close"}"#), "or it would linger, and count");
}

#[tokio::test]
async fn a_refused_key_is_not_tried_again() {
    let far = far_side(Plan::always(Fault::Unauthorized)).await;
    let (mut session, ear) = open_aura(&far, Lifetime::UNLIMITED);
    speak(&mut *session, 1);
    assert!(!ear.settled().await);
    ear.events.lock().unwrap().clear();
    far.set_plan(Protocol::DeepgramAura, Plan::quick());
    let asked = far.sessions().len();
    speak(&mut *session, 2);
    assert!(!ear.settled().await, "said at once");
    assert_eq!(far.sessions().len(), asked);
}
