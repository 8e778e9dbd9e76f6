//! What an operator sees of a session.

use call::Event;
use types::{CallTime, DialogueEntry, Pii};

use super::Session;
use crate::control::{
    CONTROL_FORMAT, CallLine, CallView, CountsView, OpeningView, Party, TurnView, Words,
};
use crate::feed::{Note, Seen};
use crate::view::masked;

impl Session {
    /// What an operator sees of this call.
    pub(super) fn look(&self) -> CallView {
        let summary = self.call.summary();
        let last = self.call.dialogue().entries.iter().rev().find_map(|entry| {
            let (who, text) = match entry {
                DialogueEntry::Caller { text, .. } => (Party::Caller, text),
                DialogueEntry::Agent { text, .. } => (Party::Agent, text),
                DialogueEntry::Keys { digits, .. } => (Party::Caller, digits),
                DialogueEntry::NoInput { .. } => return None,
            };
            Some(Words { who, text: text.clone() })
        });
        let opening = &self.opening;
        CallView {
            format: CONTROL_FORMAT,
            line: CallLine {
                call: self.id,
                business: self.agent.business,
                from: opening.from.as_ref().map(|from| masked(*from.reveal())),
                duration: Some(self.now().since(CallTime::ZERO)),
                state: self.call.phase_name().to_owned(),
                last,
            },
            agent: self.agent.agent,
            version: self.agent.version,
            began: self.began,
            opening: OpeningView {
                to: opening.to.to_string(),
                carrier_call: opening.carrier_call.reveal().clone(),
                format: opening.format.to_string(),
            },
            hearing: self.call.hearing().map(|words| Pii::new(words.to_owned())),
            turns: summary.turns.iter().map(TurnView::of).collect(),
            counts: CountsView::of(summary.counts, self.hearing.counters()),
            vendors: self.vendor_shares(),
        }
    }

    /// Lets whoever watches see how the call stands after a step.
    pub(super) fn show_state(&mut self) {
        if !self.node.feed.is_watched() {
            return;
        }
        let what = self.call.phase_name();
        if what != self.doing {
            self.doing = what;
            self.show(|| Seen::Doing { what });
        }
    }

    /// Lets whoever watches see the words.
    pub(super) fn show_event(&self, event: &Event) {
        match event {
            Event::Partial { text, .. } | Event::Stable { text, .. } => {
                self.show(|| Seen::CallerSays { text: text.clone() });
            }
            Event::Final { text, others, .. } => {
                let other = others.first().cloned().unwrap_or_default();
                self.show(|| Seen::CallerSaid { text: text.clone(), other });
            }
            Event::PlayoutCleared { .. } => self.show(|| Seen::AgentStopped),
            Event::Answered
            | Event::SpeechStarted { .. }
            | Event::SpeechPaused { .. }
            | Event::SpeechResumed
            | Event::SpeechEnded { .. }
            | Event::SpeechStopped { .. }
            | Event::Echo { .. }
            | Event::RecognizerFailed
            | Event::RecognizerRecovers
            | Event::Thought { .. }
            | Event::ThoughtPaused { .. }
            | Event::ThoughtEffect { .. }
            | Event::Understood { .. }
            | Event::ThoughtDone { .. }
            | Event::ThoughtFailed { .. }
            | Event::SegmentVoiced { .. }
            | Event::SegmentQueued { .. }
            | Event::SegmentFailed { .. }
            | Event::PlayoutSent { .. }
            | Event::PlayoutStarted { .. }
            | Event::SegmentHeard { .. }
            | Event::PlayoutFinished { .. }
            | Event::Dtmf { .. }
            | Event::LegRefused { .. }
            | Event::Detached { .. }
            | Event::Reattached { .. }
            | Event::AttachAccepted
            | Event::AttachRefused { .. }
            | Event::Restored { .. }
            | Event::LegEnded { .. }
            | Event::EndRequested { .. } => (),
        }
    }

    /// Lets whoever watches see something.
    pub(crate) fn show(&self, what: impl FnOnce() -> Seen) {
        let (call, business) = (self.id, self.agent.business);
        self.node.feed.show(|| Note { call, business, what: what() });
    }
}
