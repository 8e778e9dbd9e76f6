//! One clock for all.

use std::collections::VecDeque;

use call::{Event, LegEnd};
use types::{CallTime, Millis, Unavailable};

use crate::caller::Caller;
use crate::carrier::Carrier;
use crate::node::Node;
use crate::random::Random;
use crate::report::Report;
use crate::scenario::{Back, Lost, Outage, Scenario};

/// A call and all around it.
#[derive(Debug)]
pub struct World {
    scenario: Scenario,
    caller: Caller,
    carrier: Carrier,
    node: Node,
    now: CallTime,
    outages: VecDeque<Outage>,
    down: Option<Down>,
    random: Random,
    silence: Silence,
}

/// A stretch without media that is going on.
#[derive(Clone, Copy, Debug)]
struct Down {
    since: CallTime,
    back: Back,
    /// When the process is there again, if it died.
    reborn_at: Option<CallTime>,
    /// When the media is there again, if that is known.
    back_at: Option<CallTime>,
}

/// How long the caller has been waiting for nobody but the engine.
#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    now: Millis,
    longest: Millis,
    longest_at: CallTime,
    since_mended: Option<Millis>,
    longest_mended: Millis,
}

/// The clock's step: finer than anything that is measured.
const STEP: Millis = Millis::new(5);

/// No scenario lasts longer.
const CALL_MAX: Millis = Millis::from_secs(400);

/// What the journal may lack when the process dies: what it gathers before it writes.
const LOG_LOST_MAX: u64 = 50;

/// Vendors' words under way: what a call's inbox holds.
const COMING_MAX: usize = 512;

/// The agent's audio at the carrier: the lead, its tolerance, and what a late tick makes up for.
const QUEUED_MAX: Millis = Millis::new(500);

impl World {
    /// The world of `scenario`.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            caller: Caller::new(scenario.caller.clone()),
            carrier: Carrier::new(scenario.line, scenario.seed),
            node: Node::new(&scenario),
            outages: scenario.outages.clone().into(),
            down: None,
            random: Random::new(scenario.seed, 5),
            silence: Silence::default(),
            scenario,
            now: CallTime::ZERO,
        }
    }

    /// Runs the call to its end.
    ///
    /// # Panics
    /// If it has none, or a queue outgrows its bound.
    pub fn run(mut self) -> Report {
        self.happen(Event::Answered);
        while !self.node.is_finished() {
            assert!(self.now < CallTime::ZERO + CALL_MAX, "the call does not end");
            self.now += STEP;
            self.carrier.advance(self.now, &mut self.caller);
            if self.scenario.line.breaks_at.is_some_and(|at| CallTime::ZERO + at <= self.now) {
                self.scenario.line.breaks_at = None;
                self.happen(Event::LegEnded { how: LegEnd::Lost });
            }
            self.begin_outage();
            self.mend();
            let is_dead = self.down.is_some_and(|down| down.reborn_at.is_some());
            if !is_dead {
                self.node.advance(self.now, &mut self.carrier, &self.caller.lexicon);
                self.check_bounds();
            }
            self.obey_node();
            self.watch_silence();
        }
        let heard = self.caller.heard(&self.node.voice.lexicon);
        let mut report = Report::new(&self.node, &heard);
        report.unanswered_longest = self.silence.longest;
        report.unanswered_at = self.silence.longest_at;
        report.mended_longest = self.silence.longest_mended;
        report
    }

    fn happen(&mut self, event: Event) {
        self.node.happen(self.now, event, &mut self.carrier, &self.caller.lexicon);
    }

    fn begin_outage(&mut self) {
        let is_due =
            self.outages.front().is_some_and(|outage| CallTime::ZERO + outage.at <= self.now);
        if !is_due || self.down.is_some() || self.node.is_finished() {
            return;
        }
        let Some(Outage { lost, back, .. }) = self.outages.pop_front() else { return };
        self.carrier.lose_socket();
        let back_at = match back {
            Back::ByItself(after) => Some(self.now + after),
            Back::Ordered { .. } | Back::Never => None,
        };
        let mut down = Down { since: self.now, back, reborn_at: None, back_at };
        match lost {
            Lost::Socket => self.happen(Event::Detached { how: LegEnd::Lost }),
            Lost::Process(span) => down.reborn_at = Some(self.now + span),
        }
        self.down = Some(down);
    }

    /// The process and the media come back when it is time.
    fn mend(&mut self) {
        let Some(down) = self.down else { return };
        if let Some(at) = down.reborn_at {
            if at <= self.now {
                let lost = Millis::new(self.random.below(LOG_LOST_MAX + 1) as u32);
                self.node.restore(down.since, lost, self.now);
                self.down = Some(Down { reborn_at: None, ..down });
                self.happen(Event::Restored { gap: self.now.since(down.since) });
            }
            return;
        }
        if down.back_at.is_some_and(|at| at <= self.now) && !self.carrier.is_over() {
            self.down = None;
            self.carrier.stream_again();
            let gap = self.now.since(down.since);
            self.node.attach(self.now, gap, &mut self.carrier, &self.caller.lexicon);
            self.silence.since_mended = Some(Millis::ZERO);
        }
    }

    /// What comes of an order to carry media again.
    fn obey_node(&mut self) {
        while self.node.take_wants_media() {
            let Some(down) = &mut self.down else { return };
            if self.carrier.is_over() {
                self.happen(Event::LegEnded { how: LegEnd::Stopped });
                return;
            }
            match &mut down.back {
                Back::ByItself(_) => return,
                Back::Ordered { refused: 0, after } => {
                    down.back_at.get_or_insert(self.now + *after);
                    return;
                }
                Back::Ordered { refused, .. } => *refused -= 1,
                Back::Never => (),
            }
            self.happen(Event::AttachRefused { reason: Unavailable::Refused });
        }
    }

    fn check_bounds(&self) {
        assert!(self.node.coming() <= COMING_MAX, "vendors say too much");
        assert!(self.carrier.queued() <= QUEUED_MAX, "{} ms queued", self.carrier.queued().get());
        if !self.node.is_finished() {
            assert!(self.node.call.poll_timeout().is_some(), "somebody must be waited for");
        }
    }

    /// Counts how long a caller who has said something waits for nobody but the engine.
    fn watch_silence(&mut self) {
        let is_audible = self.carrier.is_audible();
        if is_audible {
            self.caller.is_answered();
            self.silence.since_mended = None;
        }
        let is_open = match self.node.call.phase_name() {
            "closing" | "hanging up" | "transferring" | "ended" | "detached" => false,
            _ => self.down.is_none() && !self.carrier.is_over(),
        };
        let is_asked = self.caller.awaits().is_some_and(|words| 3 <= words.split(' ').count());
        if is_audible || !is_asked {
            self.silence.now = Millis::ZERO;
        } else if is_open && !self.node.awaits_vendors() {
            self.silence.now = self.silence.now + STEP;
            if self.silence.longest < self.silence.now {
                self.silence.longest = self.silence.now;
                self.silence.longest_at = self.now;
            }
        }
        if let Some(silent) = &mut self.silence.since_mended
            && is_open
            && !self.node.awaits_vendors()
        {
            *silent = *silent + STEP;
            self.silence.longest_mended = self.silence.longest_mended.max(*silent);
        }
    }
}
