//! A caller who speaks in marked audio, and listens to what was understood.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_vendors::speech::Lexicon;
use fake_vendors::{Delays, FakeVendors, Options, Plan, Protocol, Words};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, interval, timeout};
use types::{AudioFormat, Millis, Secret, UtteranceId};
use vendor::{
    AudioChunk, Offered, Recognizer, RecognizerEvent, RecognizerRequest, RecognizerSession, Sink,
    VendorError,
};
use vendors::failover::{BreakerLimits, Clinic, Duty, Holder, Member, open_recognizers};
use vendors::keys::{Account, Service};
use vendors::net::Net;
use vendors::recognizers::{
    DeepgramFlux, DeepgramNova, FluxSettings, NovaSettings, WyomingRecognizer,
};

/// Samples of a frame of 20 ms.
pub(crate) const FRAME: usize = 160;

/// What it takes until a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Vendors quick enough for a test, and slow enough to be told from one that answers at once.
pub(crate) const DELAYS: Delays = Delays { words: Millis::new(30), ..Delays::NONE };

struct Events(mpsc::Sender<RecognizerEvent>);

impl Sink<RecognizerEvent> for Events {
    fn offer(&self, event: RecognizerEvent) -> Offered {
        match self.0.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(mpsc::error::TrySendError::Full(_)) => Offered::Shed,
            Err(mpsc::error::TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

/// Events go to `sender`.
pub(crate) fn sink(sender: mpsc::Sender<RecognizerEvent>) -> impl Sink<RecognizerEvent> {
    Events(sender)
}

/// What became of one utterance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Understood {
    pub(crate) text: String,
    /// From the order to finish to the last words.
    pub(crate) wait: Duration,
    /// Whether words were told before they were final.
    pub(crate) partials: usize,
}

pub(crate) struct Caller {
    pub(crate) vendors: FakeVendors,
    pub(crate) session: Box<dyn RecognizerSession>,
    pub(crate) events: mpsc::Receiver<RecognizerEvent>,
    pub(crate) all: Vec<RecognizerEvent>,
    lexicon: Arc<Mutex<Lexicon>>,
    next: UtteranceId,
    clock: Interval,
    format: AudioFormat,
}

/// The vendors' far side, with `plan` for `protocol`.
pub(crate) async fn serve(protocol: Protocol, plan: Plan) -> (FakeVendors, Arc<Mutex<Lexicon>>) {
    let lexicon: Arc<Mutex<Lexicon>> = Arc::default();
    let options = Options {
        key: Some(Secret::new("k1".into())),
        plans: BTreeMap::from([(protocol, plan.with_delays(DELAYS))]),
        words: Words::Marked(lexicon.clone()),
        ..Options::default()
    };
    (FakeVendors::start(options).await.unwrap(), lexicon)
}

pub(crate) fn recognizer(
    vendors: &FakeVendors,
    protocol: Protocol,
    key: &str,
) -> Box<dyn Recognizer> {
    mortal(vendors, protocol, (key, NovaSettings::default().session_max))
}

/// The same, with connections that live so long.
fn mortal(
    vendors: &FakeVendors,
    protocol: Protocol,
    (key, session_max): (&str, Millis),
) -> Box<dyn Recognizer> {
    let net = Net::new(Handle::current()).unwrap();
    let account = |service: Service, base: &str| {
        let lookup = |name: &str| {
            let is_base = name == service.base_variable();
            let is_key = Some(name) == service.key_variable();
            if is_base { Some(base.to_owned()) } else { is_key.then(|| key.to_owned()) }
        };
        Account::from_env(service, lookup).unwrap().unwrap()
    };
    let http = vendors.base_url();
    if protocol == Protocol::DeepgramNova {
        let account = account(Service::Deepgram, &http);
        let name = "deepgram".parse().unwrap();
        let settings = NovaSettings { session_max, ..NovaSettings::default() };
        return Box::new(DeepgramNova::new(name, net, account, settings));
    }
    if protocol == Protocol::DeepgramFlux {
        let account = account(Service::Deepgram, &http);
        let name = "deepgram-flux".parse().unwrap();
        let settings = FluxSettings { session_max, ..FluxSettings::default() };
        return Box::new(DeepgramFlux::new(name, net, account, settings));
    }
    assert_eq!(protocol, Protocol::WyomingRecognizer, "a recognizer");
    let account = account(Service::WyomingRecognizer, &vendors.wyoming_url());
    Box::new(WyomingRecognizer::new("wyoming".parse().unwrap(), net, account))
}

impl Caller {
    pub(crate) async fn call(protocol: Protocol, plan: Plan) -> Self {
        let (vendors, lexicon) = serve(protocol, plan).await;
        let recognizer = recognizer(&vendors, protocol, "k1");
        let format = recognizer.capabilities().format_for(AudioFormat::PCMU_8K);
        let open = |request: &RecognizerRequest, events: Arc<Events>| {
            recognizer.open(request, events).unwrap()
        };
        Self::through(vendors, lexicon, format, open)
    }

    /// The same through failover, of which nobody makes use, and with connections that live for
    /// `session_max` only.
    pub(crate) async fn recycling(protocol: Protocol, plan: Plan, session_max: Millis) -> Self {
        let (vendors, lexicon) = serve(protocol, plan).await;
        let clinic = Clinic::new(BreakerLimits::STANDARD);
        let member = |vendor: Box<dyn Recognizer>, name: &str| {
            let (vendor, name) = (Arc::from(vendor), name.parse().unwrap());
            let health = clinic.health(Holder("one".parse().unwrap()), Duty::Recognize, name);
            Member { name, vendor, health }
        };
        let members = vec![
            member(mortal(&vendors, protocol, ("k1", session_max)), "mortal"),
            member(recognizer(&vendors, Protocol::WyomingRecognizer, "k1"), "wyoming"),
        ];
        let open = |request: &RecognizerRequest, events: Arc<Events>| {
            open_recognizers(members, request.clone(), events).unwrap()
        };
        let mut caller = Self::through(vendors, lexicon, AudioFormat::PCMU_8K, open);
        // A new connection hears again at four times the speed, which must be faster than the line.
        caller.clock = interval(Duration::from_millis(10));
        caller
    }

    fn through(
        vendors: FakeVendors,
        lexicon: Arc<Mutex<Lexicon>>,
        format: AudioFormat,
        open: impl FnOnce(&RecognizerRequest, Arc<Events>) -> Box<dyn RecognizerSession>,
    ) -> Self {
        let (sink, events) = mpsc::channel(1_000);
        let request = RecognizerRequest {
            format,
            language: "en-US".into(),
            vocabulary: vec!["root canal".into()],
        };
        let session = open(&request, Arc::new(Events(sink)));
        let clock = interval(Duration::from_millis(5));
        Self {
            vendors,
            session,
            events,
            all: Vec::new(),
            lexicon,
            next: UtteranceId::FIRST,
            clock,
            format,
        }
    }

    /// A frame of the line; late ones are made up for.
    pub(crate) async fn frame(&mut self, samples: &[i16]) {
        self.clock.tick().await;
        let mut codes = Vec::new();
        codecs::g711::encode_ulaw(samples, &mut codes);
        if self.format == AudioFormat::PCMU_8K {
            self.session.push_audio(AudioChunk::Mulaw(&codes));
        } else {
            // The far side takes every second sample: marks stay what they are.
            let twice: Vec<i16> = samples.iter().flat_map(|&sample| [sample; 2]).collect();
            self.session.push_audio(AudioChunk::Linear(&twice));
        }
    }

    pub(crate) async fn silence(&mut self, frames: usize) {
        for _ in 0..frames {
            self.frame(&[0; FRAME]).await;
        }
    }

    /// Says `text` up to the pause behind it.
    pub(crate) async fn say(&mut self, text: &str) -> UtteranceId {
        let utterance = self.next;
        self.next = utterance.next();
        self.silence(10).await;
        let mut audio = Vec::new();
        self.lexicon.lock().unwrap().say(text, &mut audio);
        audio.resize(audio.len().next_multiple_of(FRAME), 0);
        for (n, frame) in audio.chunks(FRAME).enumerate() {
            self.frame(frame).await;
            if n == 4 {
                self.session.begin(utterance, Millis::new(100));
            }
        }
        self.silence(6).await;
        self.session.pause(utterance);
        utterance
    }

    /// Says `text`, waits as long as a turn takes to end, and for its words.
    pub(crate) async fn turn(&mut self, text: &str) -> Understood {
        let utterance = self.say(text).await;
        self.silence(9).await;
        self.finish(utterance).await
    }

    /// Ends a turn and waits for its words; the line goes on meanwhile.
    pub(crate) async fn finish(&mut self, utterance: UtteranceId) -> Understood {
        self.session.finalize(utterance);
        let asked = Instant::now();
        let mut understood = Understood::default();
        let waiting = async {
            loop {
                match self.events.try_recv() {
                    Ok(event) => {
                        self.all.push(event.clone());
                        match event {
                            RecognizerEvent::Final { utterance: id, text, .. }
                                if id == utterance =>
                            {
                                understood.text = text.into_revealed();
                                return;
                            }
                            RecognizerEvent::Partial { .. } | RecognizerEvent::Stable { .. } => {
                                understood.partials += 1;
                            }
                            RecognizerEvent::Failed { .. } => return,
                            RecognizerEvent::Final { .. }
                            | RecognizerEvent::Turn { .. }
                            | RecognizerEvent::Recovering { .. } => (),
                        }
                    }
                    Err(_) => self.frame(&[0; FRAME]).await,
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("an answer");
        understood.wait = asked.elapsed();
        understood
    }

    /// Why the session failed, if it did.
    pub(crate) fn failure(&mut self) -> Option<VendorError> {
        while let Ok(event) = self.events.try_recv() {
            self.all.push(event);
        }
        self.all.iter().find_map(|event| match event {
            RecognizerEvent::Failed { error } => Some(error.clone()),
            RecognizerEvent::Final { .. }
            | RecognizerEvent::Partial { .. }
            | RecognizerEvent::Stable { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. } => None,
        })
    }

    /// Waits until the session says that it is of no further use.
    pub(crate) async fn failed(&mut self) -> VendorError {
        let failing = async {
            loop {
                if let Some(error) = self.failure() {
                    return error;
                }
                self.frame(&[0; FRAME]).await;
            }
        };
        timeout(PATIENCE, failing).await.expect("a failure")
    }
}
