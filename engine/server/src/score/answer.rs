//! What an agent replies to words, without a call around it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use thiserror::Error;
use types::{
    AgentConfig, BrainNote, CallId, Dialogue, DialogueEntry, GenerationId, Heard, LegAbilities,
    Pii, TurnId, WallTime,
};
use vendor::{Brain, BrainContext, BrainEvent, BrainSession, Offered, Sink, Thought, VendorError};

use super::listen::Readings;
use super::verdict::Reply;

/// Pieces of one reply.
const EVENTS_MAX: usize = 256;

/// How long a reply may take.
const REPLY_WAIT: Duration = Duration::from_secs(60);

/// Why there is no reply.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The brain gave up.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The brain did not answer.
    #[error("the brain gave no reply within {} s", REPLY_WAIT.as_secs())]
    Silent,
}

/// What `agent` replies at `now` to the last of `words`, after it has greeted and answered those
/// before; all its words were heard.
///
/// # Errors
/// [`AnswerError`].
pub fn answer(
    brain: &dyn Brain,
    agent: &Arc<AgentConfig>,
    now: WallTime,
    words: &[Readings],
) -> Result<Reply, AnswerError> {
    let (sender, events) = sync_channel(EVENTS_MAX);
    let agent_config = Arc::clone(agent);
    let (call, abilities) = (CallId::new(0), LegAbilities::ALL);
    let context = BrainContext { agent: agent_config, caller: None, call, abilities };
    let mut session = brain.open(context, Arc::new(Events(sender)))?;
    let mut dialogue = Dialogue::default();
    let greeting = Pii::new(agent.persona.greeting.clone());
    let mut turn = TurnId::FIRST;
    dialogue.entries.push(agent_entry(turn, greeting, None));
    let mut reply = Reply::default();
    for heard in words {
        turn = turn.next();
        let others = heard.others.iter().cloned().map(Pii::new).collect();
        let text = Pii::new(heard.text.clone());
        dialogue.entries.push(DialogueEntry::Caller { turn, text, others });
        let generation = GenerationId { turn, attempt: 0 };
        let thought = Thought { generation, dialogue: Arc::new(dialogue.clone()), now };
        let note;
        (reply, note) = think(session.as_mut(), thought, &events)?;
        dialogue.entries.push(agent_entry(turn, Pii::new(reply.text.clone()), note));
    }
    Ok(reply)
}

fn agent_entry(turn: TurnId, text: Pii<String>, note: Option<BrainNote>) -> DialogueEntry {
    DialogueEntry::Agent { turn, text, heard: Heard::Whole, note }
}

fn think(
    session: &mut dyn BrainSession,
    thought: Thought,
    events: &Receiver<BrainEvent>,
) -> Result<(Reply, Option<BrainNote>), AnswerError> {
    let wanted = thought.generation;
    session.think(thought);
    let mut reply = Reply::default();
    loop {
        match events.recv_timeout(REPLY_WAIT) {
            Ok(BrainEvent::Text { generation, text }) if generation == wanted => {
                if !reply.text.is_empty() && !reply.text.ends_with(' ') {
                    reply.text.push(' ');
                }
                reply.text.push_str(text.text.trim_start());
                reply.cites.extend(text.cites);
            }
            Ok(BrainEvent::Effect { generation, effect }) if generation == wanted => {
                reply.effects.push(effect);
            }
            Ok(BrainEvent::Done { generation, expect, note }) if generation == wanted => {
                reply.expect = expect;
                return Ok((reply, note));
            }
            Ok(BrainEvent::Failed { generation, error }) if generation == wanted => {
                return Err(error.into());
            }
            Ok(
                BrainEvent::Text { .. }
                | BrainEvent::Pause { .. }
                | BrainEvent::Effect { .. }
                | BrainEvent::Understood { .. }
                | BrainEvent::Done { .. }
                | BrainEvent::Failed { .. },
            ) => (),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(AnswerError::Silent);
            }
        }
    }
}

/// Carries a reply to the thread that waits for it.
struct Events(SyncSender<BrainEvent>);

impl Sink<BrainEvent> for Events {
    fn offer(&self, event: BrainEvent) -> Offered {
        match self.0.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(TrySendError::Full(_)) => Offered::Shed,
            Err(TrySendError::Disconnected(_)) => Offered::Closed,
        }
    }
}
