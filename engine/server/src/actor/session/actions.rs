//! What the conversation orders, carried out.

use call::Action;
use types::CallTime;
use vendor::Thought;

use super::{LineState, Session, wall_now};
use crate::feed::Seen;
use crate::publish::GREETING_RATE;

impl Session {
    pub(super) fn perform(&mut self, now: CallTime, action: Action) {
        match action {
            Action::BeginUtterance { utterance, at } => self.hearing.begin(utterance, at),
            Action::PauseUtterance { utterance } => self.hearing.recognizer().pause(utterance),
            Action::ResumeUtterance { utterance } => self.hearing.recognizer().resume(utterance),
            Action::FinalizeUtterance { utterance } => {
                self.hearing.recognizer().finalize(utterance);
            }
            Action::DiscardUtterance { utterance } => self.hearing.recognizer().discard(utterance),
            Action::Think { generation, dialogue } => {
                self.brain.think(Thought { generation, dialogue, now: wall_now() });
            }
            Action::CancelThought { generation } => self.brain.cancel(generation),
            Action::Speak { generation, segment, text, barge_in: _ } => {
                self.show(|| Seen::AgentSays { text: text.clone() });
                let sound = self.published.greeting(text.reveal());
                match sound {
                    Some(sound) => {
                        let sound = (sound, GREETING_RATE);
                        let of = (segment, &text);
                        self.speaking.play(generation, of, sound, &mut self.events);
                    }
                    None => self.speaking.speak(generation, segment, &text),
                }
            }
            Action::EndSpeech { generation } => self.speaking.end(generation),
            Action::CancelSpeech { generation, heard } => self.speaking.cancel(generation, heard),
            Action::HoldPlayout { generation } => {
                self.commit.held(generation);
                self.speaking.hold(now);
            }
            Action::ResumePlayout { generation } => {
                self.commit.resumed(generation, now);
                self.speaking.resume(now);
            }
            Action::ClearPlayout { generation } => {
                self.commit.cleared(generation);
                let cleared = self.speaking.clear(now, generation);
                self.hearing.note_cleared(now);
                self.events.push_back(cleared);
            }
            Action::Leg { order } => self.order(&order),
            Action::Reattach { attempt } => self.stream_again(attempt),
            Action::KeepMessage { message: _ } => {
                // It stands in the call's summary, and so in its record and the journal.
                tracing::info!(call = %self.id, "message taken");
            }
            Action::Note { decision } => tracing::debug!(call = %self.id, ?decision, "decided"),
            Action::Finish { reason } => self.line = LineState::Over(reason),
        }
    }
}
