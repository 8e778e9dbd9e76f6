//! Dialogue into a reply.

use std::sync::Arc;

use types::{
    AgentConfig, Because, BrainNote, CallId, CitedText, Dialogue, E164, Effect, Expect,
    GenerationId, LegAbilities, Pii, VendorName, WallTime,
};

use crate::{Sink, VendorError, VendorUsage};

/// A vendor that thinks of replies. Shared by all calls; sessions are per call.
pub trait Brain: Send + Sync {
    /// Opens a session for one call.
    ///
    /// # Errors
    /// [`VendorError`] if it is already clear that no session can be had.
    fn open(
        &self,
        context: BrainContext,
        events: Arc<dyn Sink<BrainEvent>>,
    ) -> Result<Box<dyn BrainSession>, VendorError>;
}

/// What a brain knows of a call before the first word.
#[derive(Clone, Debug)]
pub struct BrainContext {
    /// The agent it thinks for, with the business's facts.
    pub agent: Arc<AgentConfig>,
    /// The caller's number, if shown.
    pub caller: Option<Pii<E164>>,
    /// Which call.
    pub call: CallId,
    /// What its leg can be told to do.
    pub abilities: LegAbilities,
}

/// One call's thinking.
pub trait BrainSession: Send {
    /// Asks for a reply. Its events carry `thought.generation`.
    fn think(&mut self, thought: Thought);

    /// Stops thinking for `generation`. After this returns no event of it is offered any more;
    /// those that were may still be under way and mean nothing.
    fn cancel(&mut self, generation: GenerationId);

    /// The caller hears the reply `generation`: the turn it answers is over for good. What must
    /// not be done for a turn that may still go on (a tool that changes something) waits for this.
    fn commit(&mut self, _generation: GenerationId) {}

    /// What the session has used up so far; nothing, for one that costs nothing.
    fn usage(&self) -> VendorUsage {
        VendorUsage::default()
    }

    /// What each vendor has used up, where several stand behind one session; empty for a session of one
    /// vendor alone.
    fn shares(&self) -> Vec<(VendorName, VendorUsage)> {
        Vec::new()
    }
}

/// A question to the brain.
#[derive(Clone, Debug)]
pub struct Thought {
    /// Under which the answer is expected.
    pub generation: GenerationId,
    /// All that was said, the latest last; agent's words only as far as they were heard.
    pub dialogue: Arc<Dialogue>,
    /// The moment of the question.
    pub now: WallTime,
}

/// A reply, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrainEvent {
    /// More words.
    Text {
        /// Of which reply.
        generation: GenerationId,
        /// The words and the facts behind their figures.
        text: CitedText,
    },
    /// The words so far stand alone and may be spoken: more will come after something that takes
    /// its time. Offered again and again while that lasts.
    Pause {
        /// Of which reply.
        generation: GenerationId,
    },
    /// Something to do once the words were heard.
    Effect {
        /// Of which reply.
        generation: GenerationId,
        /// What.
        effect: Effect,
    },
    /// Which reading of the caller's words it answers, if they had several. Before the first words.
    Understood {
        /// Which reply.
        generation: GenerationId,
        /// 0 is the first reading of the caller's latest words, 1 the first of the others.
        reading: usize,
        /// Why this one.
        because: Because,
    },
    /// The reply is complete.
    Done {
        /// Which.
        generation: GenerationId,
        /// The kind of answer it asks for.
        expect: Expect,
        /// What the brain wants to find in the dialogue again.
        note: Option<BrainNote>,
    },
    /// There will be no (more of this) reply.
    Failed {
        /// Which.
        generation: GenerationId,
        /// Why.
        error: VendorError,
    },
}
