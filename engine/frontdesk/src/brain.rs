//! The pure core behind the [`Brain`] trait.

use std::sync::Arc;

use types::{AgentConfig, E164, Pii};
use vendor::{Brain, BrainContext, BrainEvent, BrainSession, Sink, Thought, VendorError};

use crate::matching::Index;
use crate::meaning::Meanings;
use crate::reply::{Chosen, Context, Sight, is_worth_a_second_thought, reply_with, unanswered};

/// The built-in brain. Vendor name `frontdesk`; it has no state, no network and never fails.
#[derive(Clone, Default)]
pub struct Frontdesk {
    insight: Option<Arc<dyn Insight>>,
}

/// Where the brain gets at what words mean.
pub trait Insight: Send + Sync {
    /// What the rows of the business of `agent` mean, if that is known by now. Never blocks for
    /// long: until it is known replies follow the rules alone.
    fn meanings(&self, agent: &AgentConfig) -> Option<Arc<Meanings>>;

    /// Finds the direction of `text` and calls `then` with it, exactly once, from any thread;
    /// with `None` if it cannot be had within the time that a caller does not notice.
    fn seek(&self, text: String, then: Then);
}

/// What goes on once a direction was found or not.
pub type Then = Box<dyn FnOnce(Option<Vec<f32>>) + Send>;

impl Frontdesk {
    /// A brain that has a second thought about what words mean.
    pub fn with(insight: Arc<dyn Insight>) -> Self {
        Self { insight: Some(insight) }
    }
}

impl std::fmt::Debug for Frontdesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frontdesk").field("insight", &self.insight.is_some()).finish()
    }
}

struct Session {
    inner: Arc<Inner>,
    insight: Option<Arc<dyn Insight>>,
}

/// What a reply is made from, whichever thread makes it.
struct Inner {
    index: Index,
    context: BrainContext,
    events: Arc<dyn Sink<BrainEvent>>,
}

impl Brain for Frontdesk {
    fn open(
        &self,
        context: BrainContext,
        events: Arc<dyn Sink<BrainEvent>>,
    ) -> Result<Box<dyn BrainSession>, VendorError> {
        let index = Index::new(&context.agent.facts);
        let inner = Arc::new(Inner { index, context, events });
        Ok(Box::new(Session { inner, insight: self.insight.clone() }))
    }
}

impl BrainSession for Session {
    /// Thinks at once, and all events have been offered when this returns; only where the meaning
    /// of the words may matter they are offered when that is found.
    fn think(&mut self, thought: Thought) {
        let sought = self.insight.as_ref().and_then(|insight| {
            let worth = is_worth_a_second_thought(&thought.dialogue);
            let meanings = worth.then(|| insight.meanings(&self.inner.context.agent))??;
            Some((insight, meanings))
        });
        let Some((insight, meanings)) = sought else {
            self.inner.reply(&thought, None);
            return;
        };
        let inner = self.inner.clone();
        let text = unanswered(&thought.dialogue);
        insight.seek(
            text,
            Box::new(move |direction| {
                let sight =
                    direction.as_deref().map(|direction| Sight { meanings: &meanings, direction });
                inner.reply(&thought, sight);
            }),
        );
    }

    /// What is under way is done in a few milliseconds.
    fn cancel(&mut self, _: types::GenerationId) {}
}

impl Inner {
    fn reply(&self, thought: &Thought, sight: Option<Sight<'_>>) {
        let generation = thought.generation;
        let context = Context {
            agent: &self.context.agent,
            caller: self.context.caller.as_ref().map(|caller: &Pii<E164>| *caller.reveal()),
            dialogue: &thought.dialogue,
            now: thought.now,
        };
        let reply = reply_with(&self.index, &context, sight);
        let texts = reply.sentences.into_iter().map(|text| BrainEvent::Text { generation, text });
        let effects =
            reply.effects.into_iter().map(|effect| BrainEvent::Effect { generation, effect });
        let done = BrainEvent::Done { generation, expect: reply.expect, note: reply.note };
        let understood = reply.chosen.map(|Chosen { reading, because }| BrainEvent::Understood {
            generation,
            reading,
            because,
        });
        for event in understood.into_iter().chain(texts).chain(effects).chain([done]) {
            // Whoever listens counts what it sheds.
            let _ = self.events.offer(event);
        }
    }
}
