//! A model's far side, a brain that asks it, and a dialogue between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use fake_vendors::chat::Reply;
use fake_vendors::{Delays, FakeVendors, Options, Plan, Protocol};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Duration, Instant, timeout};
use types::{
    BrainNote, CallId, Dialogue, DialogueEntry, Effect, Expect, GenerationId, Heard, LegAbilities,
    Millis, Pii, Secret, ToolSpec, TurnId,
};
use vendor::{Brain, BrainContext, BrainEvent, BrainSession, Offered, Sink, Thought, VendorError};
use vendors::brains::anthropic::{AnthropicSettings, CacheLifetime};
use vendors::brains::openai::{Dialect, OpenAiSettings};
use vendors::brains::tools::ToolNet;
use vendors::brains::tools::guard::Guard;
use vendors::brains::{ChatBrain, ChatSettings};
use vendors::http::Patience;
use vendors::keys::Account;
use vendors::net::Net;

use crate::support::{at, business};

/// Which family is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OpenAi,
    Anthropic,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::OpenAi, Kind::Anthropic];

impl Kind {
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::OpenAi => Protocol::OpenAiChat,
            Self::Anthropic => Protocol::Anthropic,
        }
    }
}

/// Where a brain's events go.
struct Events(Sender<BrainEvent>);

impl Sink<BrainEvent> for Events {
    fn offer(&self, event: BrainEvent) -> Offered {
        match self.0.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(tokio::sync::mpsc::error::TrySendError::Full(_)) => Offered::Shed,
            Err(tokio::sync::mpsc::error::TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

/// Of which reply `event` is.
pub(crate) fn generation_of(event: &BrainEvent) -> GenerationId {
    match event {
        BrainEvent::Text { generation, .. }
        | BrainEvent::Pause { generation }
        | BrainEvent::Understood { generation, .. }
        | BrainEvent::Effect { generation, .. }
        | BrainEvent::Done { generation, .. }
        | BrainEvent::Failed { generation, .. } => *generation,
    }
}

/// A reply as it came.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) pieces: Vec<String>,
    pub(crate) cites: Vec<String>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) pauses: usize,
    pub(crate) note: Option<BrainNote>,
    pub(crate) expect: Expect,
    pub(crate) error: Option<VendorError>,
    /// When the first words were there, from the question on.
    pub(crate) first: Option<Duration>,
    /// When it was over.
    pub(crate) over: Duration,
}

/// How the world is set up.
pub(crate) struct Setup {
    pub(crate) plan: Plan,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) patience: Patience,
    pub(crate) abilities: LegAbilities,
    pub(crate) history_tokens_max: u64,
    pub(crate) business: &'static str,
    /// What the brain may reach of our own networks.
    pub(crate) guard: Guard,
    /// Whose reading of OpenAI's protocol.
    pub(crate) dialect: Dialect,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            plan: Plan::quick(),
            tools: Vec::new(),
            patience: PATIENCE,
            abilities: LegAbilities::ALL,
            history_tokens_max: 3_000,
            business: "riverside-dental",
            guard: Guard::new(vec!["127.0.0.1".parse().unwrap()]),
            dialect: Dialect::OpenAi,
        }
    }
}

/// Short, so that what never comes is missed soon.
pub(crate) const PATIENCE: Patience =
    Patience { first_byte: Millis::new(400), between_bytes: Millis::new(300) };

/// The key of every vendor here.
const KEY: &str = "test-key";

/// The secret of every tool here.
pub(crate) const SECRET: &str = "tool-secret";

/// One call's brain and its far side.
pub(crate) struct World {
    pub(crate) fakes: FakeVendors,
    pub(crate) session: Box<dyn BrainSession>,
    pub(crate) events: Receiver<BrainEvent>,
    pub(crate) dialogue: Dialogue,
    kind: Kind,
    turn: TurnId,
    attempt: u16,
}

impl World {
    pub(crate) async fn new(kind: Kind, setup: Setup) -> Self {
        let plans = BTreeMap::from([(kind.protocol(), setup.plan)]);
        let key = Some(Secret::new(KEY.to_owned()));
        let options = Options { key, plans, ..Options::default() };
        let fakes = FakeVendors::start(options).await.unwrap();
        let net = Net::new(Handle::current()).unwrap();
        let secrets = Arc::new(|name: &str| {
            (name == "TOOL_SECRET_TEST").then(|| Secret::new(SECRET.to_owned()))
        });
        let tools = ToolNet::new(setup.guard, secrets).unwrap();
        let base = match kind {
            Kind::OpenAi => format!("{}/v1", fakes.base_url()),
            Kind::Anthropic => fakes.base_url(),
        };
        let account =
            Account { base: base.parse().unwrap(), key: Some(Secret::new(KEY.to_owned())) };
        let name = match kind {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
        };
        let mut settings = ChatSettings::standard(name.parse().unwrap());
        settings.patience = setup.patience;
        settings.history_tokens_max = setup.history_tokens_max;
        settings.filler_after = Millis::new(60);
        settings.filler_every = Millis::new(200);
        let brain = match kind {
            Kind::OpenAi => {
                let model = OpenAiSettings {
                    dialect: setup.dialect,
                    model: "fake".into(),
                    temperature: None,
                    reasoning_effort: None,
                };
                ChatBrain::openai(net, tools, account, (settings, model))
            }
            Kind::Anthropic => {
                let model = AnthropicSettings {
                    model: "fake".into(),
                    thinking: Some("{\"type\":\"disabled\"}".into()),
                    effort: None,
                    cache: CacheLifetime::FiveMinutes,
                };
                ChatBrain::anthropic(net, tools, account, (settings, model))
            }
        };
        let mut agent = business(setup.business);
        agent.tools = setup.tools.into();
        let agent = Arc::new(agent);
        let (sender, events) = channel(1_000);
        let context = BrainContext {
            agent: agent.clone(),
            caller: Some(Pii::new("+12125550199".parse().unwrap())),
            call: CallId::new(7),
            abilities: setup.abilities,
        };
        let session = brain.open(context, Arc::new(Events(sender))).unwrap();
        let greeting = DialogueEntry::Agent {
            turn: TurnId::FIRST,
            text: Pii::new(agent.persona.greeting.clone()),
            heard: Heard::Whole,
            note: None,
        };
        let dialogue = Dialogue { entries: vec![greeting] };
        Self { fakes, session, events, dialogue, kind, turn: TurnId::FIRST, attempt: 0 }
    }

    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.fakes.replies().set(replies);
    }

    /// The caller says `words`; the brain is asked.
    pub(crate) fn ask(&mut self, words: &str) -> GenerationId {
        self.turn = self.turn.next();
        self.attempt = 0;
        let text = Pii::new(words.to_owned());
        self.dialogue.entries.push(DialogueEntry::Caller { turn: self.turn, text, others: vec![] });
        self.think()
    }

    /// The brain is asked once more.
    pub(crate) fn think(&mut self) -> GenerationId {
        let generation = GenerationId { turn: self.turn, attempt: self.attempt };
        self.attempt += 1;
        let dialogue = Arc::new(self.dialogue.clone());
        self.session.think(Thought { generation, dialogue, now: at(NOW) });
        generation
    }

    /// What comes of `generation`, to its end. As soon as there are words they are heard.
    pub(crate) async fn told(&mut self, generation: GenerationId) -> Told {
        let began = Instant::now();
        let mut told = Told::default();
        loop {
            let event = timeout(Duration::from_secs(20), self.events.recv()).await;
            let event = event.expect("an end in time").expect("an open session");
            assert_eq!(generation_of(&event), generation, "an event of another reply");
            match event {
                BrainEvent::Text { text, .. } => {
                    told.first.get_or_insert(began.elapsed());
                    told.text.push_str(&text.text.replace('\n', " "));
                    told.pieces.push(text.text);
                    told.cites.extend(text.cites.iter().map(ToString::to_string));
                    self.session.commit(generation);
                }
                BrainEvent::Pause { .. } => told.pauses += 1,
                BrainEvent::Understood { .. } => unreachable!("models get one reading"),
                BrainEvent::Effect { effect, .. } => told.effects.push(effect),
                BrainEvent::Done { expect, note, .. } => {
                    (told.expect, told.note, told.over) = (expect, note, began.elapsed());
                    break;
                }
                BrainEvent::Failed { error, .. } => {
                    (told.error, told.over) = (Some(error), began.elapsed());
                    break;
                }
            }
        }
        told.text = told.text.trim().to_owned();
        told
    }

    /// The caller says `words` and hears the whole reply.
    pub(crate) async fn say(&mut self, words: &str) -> Told {
        let generation = self.ask(words);
        let told = self.told(generation).await;
        self.hear(&told);
        told
    }

    pub(crate) fn hear(&mut self, told: &Told) {
        self.dialogue.entries.push(DialogueEntry::Agent {
            turn: self.turn,
            text: Pii::new(told.text.clone()),
            heard: Heard::Whole,
            note: told.note.clone(),
        });
    }

    /// The bodies of all requests for replies so far.
    pub(crate) fn requests(&self) -> Vec<serde_json::Value> {
        let sessions = self.fakes.sessions();
        let texts = sessions.iter().filter(|session| session.protocol == self.kind.protocol());
        let bodies = texts.flat_map(|session| &session.texts);
        let bodies = bodies.map(|text| serde_json::from_str(text).unwrap());
        // What fills the cache asks for no reply.
        bodies.filter(|body: &serde_json::Value| body["max_tokens"] != 0).collect()
    }
}

/// A Tuesday morning at the dentist's.
pub(crate) const NOW: &str = "2026-11-24T10:15:00-05:00";

/// Ten milliseconds to the first word, four from word to word.
pub(crate) fn brisk() -> Delays {
    Delays { first_token: Millis::new(10), token: Millis::new(4), ..Delays::NONE }
}
