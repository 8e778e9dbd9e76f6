//! Whether a vendor that fails is worth asking now.

use std::time::Duration;

use tokio::time::Instant;
use types::Millis;
use vendor::VendorError;

/// When a breaker opens and how long it stays so. Source of the figures: conversation.md §7.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures within [`BREAKER_WINDOW`] from which it opens …
    pub failures_min: u32,
    /// … if they are more than this share of what was asked, in percent: a busy business is not
    /// cut off from its vendor by three bad calls among a thousand.
    pub failed_percent_max: u32,
    /// How long an open breaker keeps everybody away.
    pub rest: Millis,
    /// The same once the vendor has refused our key or the account is used up: trying again soon
    /// cannot help, a human has to act.
    pub rest_refused: Millis,
}

impl BreakerLimits {
    /// Three failures in half a minute and a fifth of all; ten seconds of rest.
    pub const STANDARD: Self = Self {
        failures_min: 3,
        failed_percent_max: 20,
        rest: Millis::from_secs(10),
        rest_refused: Millis::from_secs(60),
    };
}

/// How far back failures count.
pub const BREAKER_WINDOW: Duration = Duration::from_secs(30);

/// A window is kept as this many buckets; one is forgotten at a time.
const BUCKETS: usize = 10;

/// Whether a vendor may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Granted,
    /// It may, once, to see whether it works again.
    Trial,
    /// It is left alone for now.
    Refused,
}

/// One vendor's breaker for one account.
///
/// ```text
///          too many failures               rest is over: one asks
/// Closed ───────────────────▶ Open ───────────────────────────────▶ Trial
///    ▲                          ▲                                     │ │
///    │                          └────────────── it fails ─────────────┘ │
///    └───────────────────────────── it answers ─────────────────────────┘
/// ```
#[derive(Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    state: State,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// Somebody tries it. Who never reports back is not waited for beyond `until`.
    Trial {
        until: Instant,
    },
}

impl Breaker {
    /// A closed one.
    pub fn new(limits: BreakerLimits, now: Instant) -> Self {
        Self { limits, state: State::Closed, window: Window::new(now) }
    }

    /// Asks for leave to try the vendor at `now`.
    pub fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Closed => Admission::Granted,
            State::Open { until } | State::Trial { until } if now < until => Admission::Refused,
            State::Open { .. } | State::Trial { .. } => {
                self.state = State::Trial { until: now + span(self.limits.rest) };
                Admission::Trial
            }
        }
    }

    /// Whether it keeps everybody away at `now`.
    pub fn is_open(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { until } | State::Trial { until } => now < until,
        }
    }

    /// The vendor did what was asked of it.
    pub fn succeeded(&mut self, now: Instant) {
        match self.state {
            State::Closed => self.window.count(now, Attempt::Good),
            State::Trial { .. } => {
                self.state = State::Closed;
                self.window = Window::new(now);
                self.window.count(now, Attempt::Good);
            }
            // An answer that was under way when it opened proves nothing of what came after.
            State::Open { .. } => (),
        }
    }

    /// The vendor failed. True if this opened the breaker: worth one warning.
    pub fn failed(&mut self, now: Instant, error: &VendorError) -> bool {
        let Some(weight) = Weight::of(error) else { return false };
        self.window.count(now, Attempt::Bad);
        let rest = match weight {
            Weight::Refused => self.limits.rest_refused,
            Weight::Asked(wait) => wait,
            Weight::Common => self.limits.rest,
        };
        let opens = match (self.state, weight) {
            (State::Open { .. }, _) => false,
            (State::Trial { .. }, _) | (State::Closed, Weight::Refused | Weight::Asked(_)) => true,
            (State::Closed, Weight::Common) => self.window.is_bad(&self.limits),
        };
        if opens {
            self.state = State::Open { until: now + span(rest) };
        }
        opens
    }
}

/// What a failure says about the next attempt.
enum Weight {
    /// Nothing will change before a human acts.
    Refused,
    /// The vendor told us when to come again.
    Asked(Millis),
    /// It may have been chance.
    Common,
}

impl Weight {
    /// None where the failure says nothing about the vendor's health.
    fn of(error: &VendorError) -> Option<Self> {
        match error {
            VendorError::Auth { .. } | VendorError::Quota { .. } | VendorError::Missing { .. } => {
                Some(Self::Refused)
            }
            VendorError::RateLimited { retry_after: Some(wait), .. }
            | VendorError::Overloaded { retry_after: Some(wait), .. } => {
                Some(Self::Asked((*wait).min(ASKED_MAX)))
            }
            VendorError::RateLimited { .. }
            | VendorError::Concurrency { .. }
            | VendorError::Overloaded { .. }
            | VendorError::BadRequest { .. }
            | VendorError::Timeout { .. }
            | VendorError::Transport { .. }
            | VendorError::Malformed { .. }
            | VendorError::Internal { .. } => Some(Self::Common),
            VendorError::SessionExpired { .. } | VendorError::ContentFiltered { .. } => None,
        }
    }
}

/// A vendor that asks for more is tried after this long anyway.
const ASKED_MAX: Millis = Millis::from_secs(120);

#[derive(Clone, Copy)]
enum Attempt {
    Good,
    Bad,
}

/// Attempts of the last [`BREAKER_WINDOW`].
#[derive(Debug)]
struct Window {
    began: Instant,
    /// The number of the bucket that counts now, from `began`.
    newest: u64,
    buckets: [Tally; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    good: u32,
    bad: u32,
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { began: now, newest: 0, buckets: [Tally::default(); BUCKETS] }
    }

    fn count(&mut self, now: Instant, attempt: Attempt) {
        let width = BREAKER_WINDOW / BUCKETS as u32;
        let number = (now.duration_since(self.began).as_millis() / width.as_millis()) as u64;
        let stale = number.saturating_sub(self.newest).min(BUCKETS as u64);
        for passed in 1..=stale {
            self.buckets[slot(self.newest + passed)] = Tally::default();
        }
        self.newest = self.newest.max(number);
        let tally = &mut self.buckets[slot(self.newest)];
        match attempt {
            Attempt::Good => tally.good = tally.good.saturating_add(1),
            Attempt::Bad => tally.bad = tally.bad.saturating_add(1),
        }
    }

    fn is_bad(&self, limits: &BreakerLimits) -> bool {
        let (good, bad) = self.buckets.iter().fold((0_u64, 0_u64), |(good, bad), tally| {
            (good + u64::from(tally.good), bad + u64::from(tally.bad))
        });
        u64::from(limits.failures_min) <= bad
            && u64::from(limits.failed_percent_max) * (good + bad) < bad * 100
    }
}

fn slot(number: u64) -> usize {
    (number % BUCKETS as u64) as usize
}

fn span(millis: Millis) -> Duration {
    Duration::from_millis(u64::from(millis.get()))
}
