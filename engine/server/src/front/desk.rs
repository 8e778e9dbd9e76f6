//! The desk: one task that follows every leg from ring to end and carries out what its
//! [`LegLife`] orders. It waits for nobody: commands run beside it and report back.

mod book;
mod intake;
mod orders;
mod sweep;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use types::Millis;

use super::carrier::{Carrier, LegMark, LegName, LegRole};
use super::handle::{Delivered, Work};
use super::leg::LegEvent;
use super::news::{News, What};
use crate::config::FrontConfig;
use crate::listen::serve::stopped;
use crate::node::Node;

use book::{Gone, Leg};

/// Follows the legs.
pub(crate) struct Desk {
    node: Arc<Node>,
    config: FrontConfig,
    carrier: Carrier,
    work: mpsc::Sender<Work>,
    epoch: u64,
    legs: HashMap<LegName, Leg>,
    gone: Gone,
    deadlines: BTreeSet<(Instant, LegName)>,
    sweep_at: Instant,
    /// Looks so far: a leg that is hung up again needs a new command.
    sweeps: u32,
    /// Unowned at the last look.
    suspects: HashSet<LegName>,
    /// Of ours, and not listed at the last look.
    missing: HashSet<LegName>,
}

impl Desk {
    /// A desk without legs. `work` is how its own commands report back.
    pub(crate) fn new(node: Arc<Node>, carrier: Carrier, work: mpsc::Sender<Work>) -> Self {
        let config = node.config.front.clone();
        let sweep_at = Instant::now() + duration(config.sweep);
        let epoch = crate::actor::wall_now().as_unix_millis().unsigned_abs() / 1_000;
        Self {
            node,
            config,
            carrier,
            work,
            epoch,
            legs: HashMap::new(),
            gone: Gone::default(),
            deadlines: BTreeSet::new(),
            sweep_at,
            sweeps: 0,
            suspects: HashSet::new(),
            missing: HashSet::new(),
        }
    }

    /// Works until the engine stops.
    pub(crate) async fn run(
        mut self,
        mut webhooks: mpsc::Receiver<Delivered>,
        mut work: mpsc::Receiver<Work>,
        mut running: crate::listen::Running,
    ) {
        loop {
            let deadline = self.deadlines.first().map_or(self.sweep_at, |(at, _)| *at);
            tokio::select! {
                biased;
                Some(item) = work.recv() => self.handle_work(item),
                Some(delivered) = webhooks.recv() => self.handle_delivered(delivered),
                () = tokio::time::sleep_until(deadline.min(self.sweep_at)) => self.handle_time(),
                () = stopped(&mut running) => return,
            }
            self.node.telemetry.legs_live.set(self.legs.len() as f64);
            let ours = self.legs.values().filter(|leg| !leg.life.is_handed_over()).count();
            self.node.legs.store(ours, Ordering::Relaxed);
        }
    }

    fn handle_work(&mut self, work: Work) {
        match work {
            Work::Ring { ring, reply } => {
                let taken = self.on_document(&ring);
                // A carrier that no longer waits asks again.
                let _ = reply.send(taken);
            }
            Work::Leg { leg, event } => self.tell(&leg, event),
            Work::Wish { leg, wish } => self.on_wish(&leg, wish),
            Work::Restream { leg, reply } => self.on_restream(&leg, reply),
            Work::Adopt { leg, call } => self.on_adopt(leg, call),
            Work::EndLegs => {
                let names: Vec<LegName> = self.legs.keys().cloned().collect();
                for name in names {
                    if self.legs.get(&name).is_some_and(|leg| !leg.life.is_handed_over()) {
                        self.tell(&name, LegEvent::HangUp);
                    }
                }
            }
            Work::Active(Some(active)) => self.on_active(&active),
            Work::Active(None) => (),
        }
    }

    fn handle_delivered(&mut self, delivered: Delivered) {
        let Delivered { news, at } = delivered;
        let leg = news.leg.clone();
        self.on_news(news);
        if let Some(leg) = self.legs.get(&leg) {
            leg.handle.own.add(at.elapsed());
        }
    }

    fn on_news(&mut self, news: News) {
        let News { leg, connection, mark, ring, what } = news;
        let ours = &self.config.connections;
        if !ours.is_empty() && !connection.is_some_and(|connection| ours.contains(&connection)) {
            self.node.telemetry.webhooks_foreign.increment(1);
            return;
        }
        match what {
            What::Rings => self.on_rings(&ring),
            What::Answered => {
                if self.legs.contains_key(&leg) {
                    return self.tell(&leg, LegEvent::Answered);
                }
                // Answered by an earlier process that did not live to see it: the caller waits.
                if let LegMark::Ours(state) = mark
                    && state.role == LegRole::Call
                    && state.node == self.config.node
                {
                    self.on_answered_before(&ring, state.call);
                }
            }
            What::HungUp | What::HungUpAnswered => {
                if self.legs.contains_key(&leg) {
                    if what == What::HungUpAnswered {
                        self.tell(&leg, LegEvent::WasAnswered);
                    }
                    self.tell(&leg, LegEvent::HungUp);
                } else {
                    // Before its `call.initiated`, maybe: that one is then too late.
                    self.gone.insert(leg);
                }
            }
            What::StreamFailed => self.tell(&leg, LegEvent::StreamFailed),
            What::RingsOthers | What::Nothing => (),
            What::Unknown => self.node.telemetry.webhooks_unknown.increment(1),
        }
    }

    /// Tells a leg what happened, and carries out what it orders.
    fn tell(&mut self, name: &LegName, event: LegEvent) {
        let Some(leg) = self.legs.get_mut(name) else { return };
        let proves = matches!(
            event,
            LegEvent::Answered | LegEvent::WasAnswered | LegEvent::Began | LegEvent::SocketOpened
        );
        if proves && leg.answered_at.is_none() {
            leg.answered_at = Some(crate::actor::wall_now());
            self.node.telemetry.legs_answered.increment(1);
        }
        let now = leg.now();
        leg.life.handle_event(now, event);
        self.settle(name);
    }

    fn handle_time(&mut self) {
        let now = Instant::now();
        while let Some((at, name)) = self.deadlines.first().cloned()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(leg) = self.legs.get_mut(&name) {
                leg.deadline = None;
                let now = leg.now();
                leg.life.handle_timeout(now);
            }
            self.settle(&name);
        }
        if self.sweep_at <= now {
            self.sweep_at = now + duration(self.config.sweep);
            self.ask_active();
        }
    }

    /// Carries out a leg's orders and notes its next deadline.
    fn settle(&mut self, name: &LegName) {
        while let Some(order) = self.legs.get_mut(name).and_then(|leg| leg.life.poll_order()) {
            self.perform(name, order);
        }
        let Some(leg) = self.legs.get_mut(name) else { return };
        let due = leg.life.poll_timeout();
        let due = due.map(|at| leg.begun + Duration::from_micros(at.as_micros()));
        if due != leg.deadline {
            if let Some(old) = leg.deadline {
                self.deadlines.remove(&(old, name.clone()));
            }
            leg.deadline = due;
            if let Some(due) = due {
                self.deadlines.insert((due, name.clone()));
            }
        }
    }
}

fn duration(span: Millis) -> Duration {
    Duration::from_micros(span.as_micros())
}
