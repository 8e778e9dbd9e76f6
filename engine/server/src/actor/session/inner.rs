//! What a session's vendors and the house have to say to it.

use call::{Event, LegEnd};
use types::{CallTime, Pii, Unavailable};
use vendor::{BrainEvent, RecognizerEvent};

use super::{Session, Stream};
use crate::actor::inbox::{Inner, LegNews};
use crate::front::carrier::CarrierError;

impl Session {
    /// Takes in what a vendor or the house has to say.
    pub(crate) fn handle_inner(&mut self, inner: Inner) {
        let now = self.now();
        if let Inner::Restreamed(_) = inner {
            self.stream = Stream::NotOrdered;
        }
        match inner {
            Inner::Recognizer(event) => self.handle_recognizer(now, event),
            Inner::Brain(event) => {
                if let Some(event) = brain_event(event) {
                    self.tell(now, event);
                }
            }
            Inner::Voice(event) => {
                let mut events = std::mem::take(&mut self.events);
                self.speaking.handle_voice(event, &mut events);
                self.events = events;
                self.settle(now);
                self.settle_speaking(now);
            }
            Inner::Look(reply) => {
                // Who asked may have gone meanwhile.
                let _ = reply.send(Box::new(self.look()));
            }
            Inner::End(manner) => self.tell(now, Event::EndRequested { manner }),
            Inner::Leg(LegNews::Gone) => self.tell(now, Event::LegEnded { how: LegEnd::Stopped }),
            Inner::Leg(LegNews::Refused(reason)) => self.tell(now, Event::LegRefused { reason }),
            Inner::Leg(LegNews::StreamFailed) => {
                self.tell(now, Event::AttachRefused { reason: Unavailable::Refused });
            }
            // Its socket follows.
            Inner::Restreamed(Ok(())) => (),
            Inner::Restreamed(Err(CarrierError::Ended)) => {
                self.tell(now, Event::LegEnded { how: LegEnd::Stopped });
            }
            Inner::Restreamed(Err(error)) => {
                tracing::warn!(call = %self.id, %error, "the leg is not streamed again");
                self.tell(now, Event::AttachRefused { reason: Unavailable::Refused });
            }
            // The actor has exchanged the socket by now.
            Inner::Attach { socket: _, format } => self.attach(format),
        }
    }

    fn handle_recognizer(&mut self, now: CallTime, event: RecognizerEvent) {
        let event = match event {
            RecognizerEvent::Partial { utterance, text } => Event::Partial { utterance, text },
            RecognizerEvent::Stable { utterance, text } => Event::Stable { utterance, text },
            RecognizerEvent::Final { utterance, text, audio } => {
                Event::Final { utterance, text, audio }
            }
            RecognizerEvent::Failed { error } => {
                tracing::error!(%error, "recognizer failed");
                Event::RecognizerFailed
            }
        };
        self.tell(now, event);
    }
}

fn brain_event(event: BrainEvent) -> Option<Event> {
    Some(match event {
        BrainEvent::Text { generation, text } => {
            Event::Thought { generation, text: Pii::new(text.text), cites: text.cites }
        }
        BrainEvent::Effect { generation, effect } => Event::ThoughtEffect { generation, effect },
        BrainEvent::Done { generation, expect, note } => {
            Event::ThoughtDone { generation, expect, note }
        }
        BrainEvent::Failed { generation, error } => {
            tracing::warn!(%error, "brain failed");
            Event::ThoughtFailed { generation }
        }
    })
}
