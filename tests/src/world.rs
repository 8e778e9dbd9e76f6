//! One clock for all.

use call::{Event, LegEnd};
use types::{CallTime, Millis};

use crate::caller::Caller;
use crate::carrier::Carrier;
use crate::node::Node;
use crate::report::Report;
use crate::scenario::Scenario;

/// A call and all around it.
#[derive(Debug)]
pub struct World {
    scenario: Scenario,
    caller: Caller,
    carrier: Carrier,
    node: Node,
    now: CallTime,
}

/// The clock's step: finer than anything that is measured.
const STEP: Millis = Millis::new(5);

/// No scenario lasts longer.
const CALL_MAX: Millis = Millis::from_secs(400);

impl World {
    /// The world of `scenario`.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            caller: Caller::new(scenario.caller.clone()),
            carrier: Carrier::new(scenario.line, scenario.seed),
            node: Node::new(&scenario),
            scenario,
            now: CallTime::ZERO,
        }
    }

    /// Runs the call to its end.
    ///
    /// # Panics
    /// If it has none.
    pub fn run(mut self) -> Report {
        let lexicon = &self.caller.lexicon;
        self.node.happen(self.now, Event::Answered, &mut self.carrier, lexicon);
        while !self.node.is_finished() {
            assert!(self.now < CallTime::ZERO + CALL_MAX, "the call does not end");
            self.now += STEP;
            self.carrier.advance(self.now, &mut self.caller);
            let lexicon = &self.caller.lexicon;
            if self.scenario.line.breaks_at.is_some_and(|at| CallTime::ZERO + at <= self.now) {
                self.scenario.line.breaks_at = None;
                let event = Event::LegEnded { how: LegEnd::Lost };
                self.node.happen(self.now, event, &mut self.carrier, lexicon);
            }
            self.node.advance(self.now, &mut self.carrier, lexicon);
        }
        let heard = self.caller.heard(&self.node.voice.lexicon);
        Report::new(&self.node, &heard)
    }
}
