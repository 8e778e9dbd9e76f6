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
    /// When the process died, and when it is there again, if it did.
    dead: Option<(CallTime, CallTime)>,
    /// An order that is being tried for, and when the engine knows what comes of it.
    in_hand: Option<(CallTime, Taken)>,
    /// When the media is there again, if that is known.
    back_at: Option<CallTime>,
}

/// What comes of an order to carry media again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The carrier takes it.
    Yes,
    /// It could not be reached for as long as attempts may take.
    No,
}

/// How long the engine tries for an order, as the server has it.
const TRIED_FOR: Millis = Millis::from_secs(6);

/// From a carrier that can be reached again to the attempt that finds out, at most; as the server has
/// it.
const FOUND_OUT_MAX: u64 = 300;

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
            let is_dead = self.down.is_some_and(|down| down.dead.is_some());
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
        if !is_due || self.node.is_finished() {
            return;
        }
        let Some(&Outage { lost, back, .. }) = self.outages.front() else { return };
        match (self.down, lost) {
            (None, _) => (),
            // The process may die while the line is down, too, and then goes on waiting for it.
            (Some(down), Lost::Process(span)) if down.dead.is_none() => {
                self.outages.pop_front();
                return self.die(down, span);
            }
            (Some(_), _) => return,
        }
        self.outages.pop_front();
        self.carrier.lose_socket();
        let back_at = match back {
            Back::ByItself(after) => Some(self.now + after),
            Back::Ordered { .. } | Back::Reached { .. } | Back::Never => None,
        };
        let down = Down { since: self.now, back, dead: None, in_hand: None, back_at };
        self.down = Some(down);
        match lost {
            Lost::Socket => self.happen(Event::Detached { how: LegEnd::Lost }),
            Lost::Process(span) => self.die(down, span),
        }
    }

    /// The process dies. An order in its hand is lost, and the token of one that was taken.
    fn die(&mut self, down: Down, span: Millis) {
        let back_at = match down.back {
            Back::ByItself(_) => down.back_at,
            Back::Ordered { .. } | Back::Reached { .. } | Back::Never => None,
        };
        let dead = Some((self.now, self.now + span));
        self.down = Some(Down { dead, in_hand: None, back_at, ..down });
    }

    /// The process and the media come back when it is time.
    fn mend(&mut self) {
        let Some(down) = self.down else { return };
        if let Some((died, at)) = down.dead {
            if at <= self.now {
                let lost = Millis::new(self.random.below(LOG_LOST_MAX + 1) as u32);
                self.node.restore(died, lost, self.now);
                self.down = Some(Down { dead: None, ..down });
                self.happen(Event::Restored { gap: self.now.since(died) });
            }
            return;
        }
        if down.back_at.is_some_and(|at| at <= self.now) && !self.carrier.is_over() {
            self.down = None;
            self.carrier.stream_again();
            let gap = self.now.since(down.since);
            self.node.attach(self.now, gap, &mut self.carrier, &self.caller.lexicon);
            self.silence.since_mended = Some(Millis::ZERO);
            return;
        }
        if let Some((at, taken)) = down.in_hand
            && at <= self.now
        {
            self.down = Some(Down { in_hand: None, ..down });
            match taken {
                Taken::Yes => self.take_order(),
                Taken::No => self.refuse_order(),
            }
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
                Back::Ordered { refused: 0, .. } => self.take_order(),
                Back::Ordered { refused, .. } => {
                    *refused -= 1;
                    self.refuse_order();
                }
                // One order at a time.
                Back::Reached { .. } if down.in_hand.is_some() => (),
                Back::Reached { away, .. } => {
                    let reached = self.now.max(down.since + *away);
                    let found_out = Millis::new(self.random.below(FOUND_OUT_MAX) as u32);
                    let until = self.now + TRIED_FOR;
                    let is_found = reached + found_out <= until;
                    down.in_hand = Some(if is_found {
                        (reached + found_out, Taken::Yes)
                    } else {
                        (until, Taken::No)
                    });
                }
                Back::Never => self.refuse_order(),
            }
        }
    }

    /// The carrier takes an order; its media follows, if it is not lost.
    fn take_order(&mut self) {
        if let Some(down) = &mut self.down {
            match &mut down.back {
                Back::Ordered { after, .. } | Back::Reached { void: 0, after, .. } => {
                    down.back_at.get_or_insert(self.now + *after);
                }
                Back::Reached { void, .. } => *void -= 1,
                Back::ByItself(_) | Back::Never => (),
            }
        }
        self.happen(Event::AttachAccepted);
    }

    fn refuse_order(&mut self) {
        self.happen(Event::AttachRefused { reason: Unavailable::Refused });
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
