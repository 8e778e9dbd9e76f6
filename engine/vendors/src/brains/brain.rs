//! One brain for both families, and its sessions.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use types::{AgentConfig, CallId, E164, GenerationId, LegAbilities, Millis, Pii, VendorName};
use vendor::{
    Brain, BrainContext, BrainEvent, BrainSession, Sink, Thought, VendorError, VendorUsage,
};

use super::anthropic::{Anthropic, AnthropicSettings};
use super::family::{Family, MayCall, Offer, Prompt};
use super::gate::Gate;
use super::generate::generate;
use super::openai::{OpenAi, OpenAiSettings};
use super::prompt::system;
use super::stream::Line;
use super::summary::Summary;
use super::tools::{Ledger, ToolNet, offers};
use crate::figures::{Grounds, Source};
use crate::http::Patience;
use crate::keys::Account;
use crate::net::Net;
use crate::usage::Meter;

/// What all models of a node have in common.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// The name in agents' files.
    pub vendor: VendorName,
    /// The longest reply, in tokens: some 40 s of speech.
    pub tokens_max: u32,
    /// The longest conversation, in tokens, facts not counted; beyond it the beginning is summed
    /// up or left out.
    pub history_tokens_max: u64,
    /// How long each phase of an answer may take.
    pub patience: Patience,
    /// How long a tool works before the caller hears a word.
    pub filler_after: Millis,
    /// How long it works before the next one.
    pub filler_every: Millis,
}

impl ChatSettings {
    /// As shipped, under the name `vendor`. Sources: conversation.md §7.9 for the fillers; they come
    /// more often than there because the call gives a brain up that is silent for 5 s.
    pub const fn standard(vendor: VendorName) -> Self {
        Self {
            vendor,
            tokens_max: 300,
            history_tokens_max: 3_000,
            patience: Patience::STANDARD,
            filler_after: Millis::new(700),
            filler_every: Millis::new(4_000),
        }
    }
}

/// A model that speaks a chat protocol. Shared by all calls.
pub struct ChatBrain {
    net: Net,
    tools: ToolNet,
    settings: ChatSettings,
    kind: Kind,
}

enum Kind {
    OpenAi(Account, OpenAiSettings),
    Anthropic(Account, AnthropicSettings),
}

impl ChatBrain {
    /// A model behind an OpenAI-compatible server.
    pub fn openai(
        net: Net,
        tools: ToolNet,
        account: Account,
        (settings, model): (ChatSettings, OpenAiSettings),
    ) -> Self {
        Self { net, tools, settings, kind: Kind::OpenAi(account, model) }
    }

    /// A model of Anthropic's.
    pub fn anthropic(
        net: Net,
        tools: ToolNet,
        account: Account,
        (settings, model): (ChatSettings, AnthropicSettings),
    ) -> Self {
        Self { net, tools, settings, kind: Kind::Anthropic(account, model) }
    }

    fn family(&self, agent: &AgentConfig) -> Arc<dyn Family> {
        match &self.kind {
            Kind::OpenAi(account, settings) => {
                let cache_key = format!("{}-{}-{}", agent.business, agent.agent, agent.version);
                let (account, settings) = (account.clone(), settings.clone());
                Arc::new(OpenAi { account, settings, cache_key })
            }
            Kind::Anthropic(account, settings) => {
                let (account, settings) = (account.clone(), settings.clone());
                Arc::new(Anthropic { account, settings })
            }
        }
    }
}

impl Brain for ChatBrain {
    fn open(
        &self,
        context: BrainContext,
        events: Arc<dyn Sink<BrainEvent>>,
    ) -> Result<Box<dyn BrainSession>, VendorError> {
        let BrainContext { agent, caller, call, abilities } = context;
        let system = system(&agent, abilities);
        let mut tools = offers(&agent.facts, abilities, system.abridged);
        tools.extend(agent.tools.iter().map(|tool| Offer {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        }));
        let mut grounds = Grounds::of_facts(&agent.facts);
        grounds.add_text(&agent.persona.greeting, Source::Call);
        if let Some(caller) = &caller {
            grounds.add_number(*caller.reveal(), Source::Call);
        }
        let line = Line {
            net: self.net.clone(),
            vendor: self.settings.vendor,
            family: self.family(&agent),
            patience: self.settings.patience,
            meter: Arc::new(Meter::default()),
        };
        let commits = watch::Sender::new(None);
        let shared = Arc::new(Shared {
            agent,
            caller,
            call,
            abilities,
            line,
            net: self.tools.clone(),
            settings: self.settings.clone(),
            system: system.text.into(),
            offers: tools.into(),
            grounds,
            gate: Gate::new(events),
            ledger: Ledger::default(),
            summary: Mutex::new(None),
            is_summing: AtomicBool::new(false),
            commits: commits.subscribe(),
        });
        let session = Session { shared, commits, task: None };
        session.warm();
        Ok(Box::new(session))
    }
}

/// What a session's tasks share.
pub(crate) struct Shared {
    pub(crate) agent: Arc<AgentConfig>,
    pub(crate) caller: Option<Pii<E164>>,
    pub(crate) call: CallId,
    pub(crate) abilities: LegAbilities,
    pub(crate) line: Line,
    pub(crate) net: ToolNet,
    pub(crate) settings: ChatSettings,
    pub(crate) system: Arc<str>,
    pub(crate) offers: Arc<[Offer]>,
    /// The figures of the facts, and of what is known before the first word.
    pub(crate) grounds: Grounds,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) summary: Mutex<Option<Summary>>,
    /// Whether one is being made.
    pub(crate) is_summing: AtomicBool,
    /// The latest generation that the caller hears.
    pub(crate) commits: watch::Receiver<Option<GenerationId>>,
}

impl Shared {
    /// The prompt without a conversation.
    pub(crate) fn prompt(&self) -> Prompt {
        Prompt {
            system: self.system.clone(),
            messages: Vec::new(),
            tools: self.offers.clone(),
            may_call: MayCall::Yes,
            tokens_max: self.settings.tokens_max,
        }
    }

    pub(crate) fn summary(&self) -> Option<Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_summary(&self, summary: Summary) {
        *self.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary);
    }
}

struct Session {
    shared: Arc<Shared>,
    commits: watch::Sender<Option<GenerationId>>,
    task: Option<(GenerationId, AbortHandle)>,
}

impl Session {
    /// Connects, and has the vendor read the prompt, while the caller hears something else.
    fn warm(&self) {
        let shared = self.shared.clone();
        self.shared.line.net.handle().spawn(async move {
            shared.line.warm(&shared.prompt()).await;
        });
    }

    fn stop(&mut self) {
        if let Some((generation, task)) = self.task.take() {
            // First nothing can come through, then whoever would send it is stopped.
            self.shared.gate.close(generation);
            task.abort();
        }
    }
}

impl BrainSession for Session {
    fn think(&mut self, thought: Thought) {
        self.stop();
        let generation = thought.generation;
        self.shared.gate.open(generation);
        let task = generate(self.shared.clone(), thought);
        let task = self.shared.line.net.handle().spawn(task);
        self.task = Some((generation, task.abort_handle()));
    }

    fn cancel(&mut self, generation: GenerationId) {
        if self.task.as_ref().is_some_and(|(current, _)| *current == generation) {
            let was_running = self.task.as_ref().is_some_and(|(_, task)| !task.is_finished());
            self.stop();
            if was_running {
                // A stream that is dropped takes its connection along: the next reply finds another.
                let shared = self.shared.clone();
                self.shared.line.net.handle().spawn(async move { shared.line.reconnect().await });
            }
        }
    }

    fn commit(&mut self, generation: GenerationId) {
        self.commits.send_replace(Some(generation));
    }

    fn usage(&self) -> VendorUsage {
        self.shared.line.meter.usage()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}
