//! What is known of each vendor's health, apart for each holder of an account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use types::{Millis, Slug, VendorName};
use vendor::VendorError;

use super::breaker::{Admission, Breaker, BreakerLimits};
use super::pace::{Pace, PaceLimits};

/// On whose behalf a vendor is asked. One holder's failures never close a vendor to another:
/// its key, quota and settings are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder(pub Slug);

/// What a vendor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// To recognize.
    Recognize,
    /// To think.
    Think,
    /// To speak.
    Speak,
}

impl Duty {
    const fn pace(self) -> PaceLimits {
        match self {
            Self::Recognize => PaceLimits::RECOGNIZER,
            Self::Think => PaceLimits::BRAIN,
            Self::Speak => PaceLimits::VOICE,
        }
    }
}

/// The health of all vendors. Shared by all calls; bounded by holders × vendors in use.
#[derive(Debug)]
pub struct Clinic {
    limits: BreakerLimits,
    charts: Mutex<BTreeMap<(Holder, Duty, VendorName), Health>>,
    refusals: Arc<Refusals>,
}

/// Who has been told of as refusing us, for whom and in which duties: a human has to act, and is
/// warned once, not at every turn, until the vendor does its duty again.
type Refusals = Mutex<BTreeMap<(Holder, VendorName), BTreeSet<Duty>>>;

impl Clinic {
    /// Where everybody is thought healthy.
    pub fn new(limits: BreakerLimits) -> Self {
        Self { limits, charts: Mutex::default(), refusals: Arc::default() }
    }

    /// The health of `vendor` in what it does for `holder`.
    pub fn health(&self, holder: Holder, duty: Duty, vendor: VendorName) -> Health {
        let mut charts = self.charts();
        let chart = charts.entry((holder, duty, vendor)).or_insert_with(|| {
            let breaker = Breaker::new(self.limits, Instant::now());
            let chart = Chart { breaker, pace: Pace::new(duty.pace()) };
            let refusals = self.refusals.clone();
            let of = (holder, duty, vendor);
            Health { of, chart: Arc::new(Mutex::new(chart)), refusals, patience: None }
        });
        chart.clone()
    }

    /// Forgets a holder that is no more.
    pub fn forget(&self, holder: Holder) {
        self.charts().retain(|(known, _, _), _| *known != holder);
        lock(&self.refusals).retain(|(known, _), _| *known != holder);
    }

    /// Those who are left alone at present, for operators to see.
    pub fn resting(&self) -> Vec<(Holder, Duty, VendorName)> {
        let now = Instant::now();
        let charts = self.charts();
        let resting = charts.iter().filter(|(_, health)| health.lock().breaker.is_open(now));
        resting.map(|(key, _)| *key).collect()
    }

    fn charts(&self) -> MutexGuard<'_, BTreeMap<(Holder, Duty, VendorName), Health>> {
        lock(&self.charts)
    }
}

/// One vendor's health in one duty for one holder. Cheap to clone; taken a few times per turn,
/// never per frame.
#[derive(Clone, Debug)]
pub struct Health {
    of: (Holder, Duty, VendorName),
    chart: Arc<Mutex<Chart>>,
    refusals: Arc<Refusals>,
    /// How long it may be silent, if somebody said so.
    patience: Option<Duration>,
}

#[derive(Debug)]
struct Chart {
    breaker: Breaker,
    pace: Pace,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Chart> {
        lock(&self.chart)
    }

    /// Asks for leave to try the vendor.
    pub fn admit(&self) -> Admission {
        self.lock().breaker.admit(Instant::now())
    }

    /// It gave its first answer after `took`.
    pub fn answered(&self, took: Duration) {
        {
            let mut chart = self.lock();
            chart.breaker.succeeded(Instant::now());
            chart.pace.learn(took);
        }
        let (holder, duty, vendor) = self.of;
        let mut refusals = lock(&self.refusals);
        if let Some(duties) = refusals.get_mut(&(holder, vendor)) {
            duties.remove(&duty);
            if duties.is_empty() {
                refusals.remove(&(holder, vendor));
            }
        }
    }

    /// It failed. Warns once for each time its breaker opens; once only, until it works again, if it
    /// refuses us.
    pub fn failed(&self, error: &VendorError) {
        let opened = self.lock().breaker.failed(Instant::now(), error);
        let (Holder(business), _, vendor) = self.of;
        let labels = [("vendor", vendor.to_string()), ("reason", error.reason().to_owned())];
        metrics::counter!("apex_vendor_failures_total", &labels).increment(1);
        if opened {
            metrics::counter!("apex_vendor_breakers_opened_total", "vendor" => vendor.to_string())
                .increment(1);
        }
        match error {
            VendorError::Auth { .. } | VendorError::Quota { .. } | VendorError::Missing { .. } => {
                if self.is_first_refusal() {
                    tracing::warn!(
                        %business, %vendor, %error,
                        "a vendor refuses us and the next is asked: `apex doctor` names what to mend"
                    );
                }
            }
            VendorError::RateLimited { .. }
            | VendorError::Concurrency { .. }
            | VendorError::Overloaded { .. }
            | VendorError::BadRequest { .. }
            | VendorError::SessionExpired { .. }
            | VendorError::Timeout { .. }
            | VendorError::Transport { .. }
            | VendorError::Malformed { .. }
            | VendorError::ContentFiltered { .. }
            | VendorError::Internal { .. } => {
                if opened {
                    tracing::warn!(%business, %vendor, %error, "a vendor is left alone for a while");
                }
            }
        }
    }

    /// The next vendor is asked because of this one, for `reason`: counts it.
    pub fn left(&self, reason: &'static str) {
        let labels = [("vendor", self.of.2.to_string()), ("reason", reason.to_owned())];
        metrics::counter!("apex_vendor_failovers_total", &labels).increment(1);
    }

    /// Notes a refusal; says whether nobody has been told of one.
    fn is_first_refusal(&self) -> bool {
        let (holder, duty, vendor) = self.of;
        let mut refusals = lock(&self.refusals);
        let duties = refusals.entry((holder, vendor)).or_default();
        let is_first = duties.is_empty();
        duties.insert(duty);
        is_first
    }

    /// The same, late only after `patience`, if there is any: a server of one's own may be slower than
    /// vendors in the cloud and still be who is wanted.
    #[must_use]
    pub fn with_patience(mut self, patience: Option<Millis>) -> Self {
        self.patience = patience.map(crate::clock::duration);
        self
    }

    /// After how long without an answer somebody else is asked as well.
    pub fn late_after(&self) -> Duration {
        if let Some(patience) = self.patience {
            return patience;
        }
        self.lock().pace.late_after()
    }
}

/// Figures stay figures, whatever happened to the thread that held them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a vendor is left that has not failed: another is asked as well, or it had better rest.
pub(super) const LATE: &str = "late";
/// See [`LATE`].
pub(super) const RESTING: &str = "resting";
