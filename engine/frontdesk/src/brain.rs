//! The pure core behind the [`Brain`] trait.

use std::sync::Arc;

use types::{E164, Pii};
use vendor::{Brain, BrainContext, BrainEvent, BrainSession, Sink, Thought, VendorError};

use crate::matching::Index;
use crate::reply::{Context, reply_with};

/// The built-in brain. Vendor name `frontdesk`; it has no state, no network and never fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frontdesk;

struct Session {
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
        Ok(Box::new(Session { index: Index::new(&context.agent.facts), context, events }))
    }
}

impl BrainSession for Session {
    /// Thinks at once: all events have been offered when this returns.
    fn think(&mut self, thought: Thought) {
        let Thought { generation, dialogue, now } = thought;
        let context = Context {
            agent: &self.context.agent,
            caller: self.context.caller.as_ref().map(|caller: &Pii<E164>| *caller.reveal()),
            dialogue: &dialogue,
            now,
        };
        let reply = reply_with(&self.index, &context, None);
        let texts = reply.sentences.into_iter().map(|text| BrainEvent::Text { generation, text });
        let effects =
            reply.effects.into_iter().map(|effect| BrainEvent::Effect { generation, effect });
        let done = BrainEvent::Done { generation, expect: reply.expect, note: reply.note };
        for event in texts.chain(effects).chain([done]) {
            // Whoever listens counts what it sheds.
            let _ = self.events.offer(event);
        }
    }

    /// Nothing is ever under way.
    fn cancel(&mut self, _: types::GenerationId) {}
}
