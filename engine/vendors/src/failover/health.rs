//! What is known of each vendor's health, apart for each holder of an account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use types::{Slug, VendorName};
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
}

impl Clinic {
    /// Where everybody is thought healthy.
    pub fn new(limits: BreakerLimits) -> Self {
        Self { limits, charts: Mutex::default() }
    }

    /// The health of `vendor` in what it does for `holder`.
    pub fn health(&self, holder: Holder, duty: Duty, vendor: VendorName) -> Health {
        let mut charts = self.charts();
        let chart = charts.entry((holder, duty, vendor)).or_insert_with(|| {
            let breaker = Breaker::new(self.limits, Instant::now());
            let chart = Chart { breaker, pace: Pace::new(duty.pace()) };
            Health { vendor, chart: Arc::new(Mutex::new(chart)) }
        });
        chart.clone()
    }

    /// Forgets a holder that is no more.
    pub fn forget(&self, holder: Holder) {
        self.charts().retain(|(known, _, _), _| *known != holder);
    }

    /// Those who are left alone at present, for operators to see.
    pub fn resting(&self) -> Vec<(Holder, Duty, VendorName)> {
        let now = Instant::now();
        let charts = self.charts();
        let resting = charts.iter().filter(|(_, health)| health.lock().breaker.is_open(now));
        resting.map(|(key, _)| *key).collect()
    }

    fn charts(&self) -> MutexGuard<'_, BTreeMap<(Holder, Duty, VendorName), Health>> {
        self.charts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One vendor's health in one duty for one holder. Cheap to clone; taken a few times per turn,
/// never per frame.
#[derive(Clone, Debug)]
pub struct Health {
    vendor: VendorName,
    chart: Arc<Mutex<Chart>>,
}

#[derive(Debug)]
struct Chart {
    breaker: Breaker,
    pace: Pace,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Chart> {
        // Figures stay figures, whatever happened to the thread that held them.
        self.chart.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for leave to try the vendor.
    pub fn admit(&self) -> Admission {
        self.lock().breaker.admit(Instant::now())
    }

    /// It gave its first answer after `took`.
    pub fn answered(&self, took: Duration) {
        let mut chart = self.lock();
        chart.breaker.succeeded(Instant::now());
        chart.pace.learn(took);
    }

    /// It failed. Warns once for each time its breaker opens.
    pub fn failed(&self, error: &VendorError) {
        let opened = self.lock().breaker.failed(Instant::now(), error);
        metrics::counter!("apex_vendor_failures_total", "vendor" => self.vendor.to_string())
            .increment(1);
        if opened {
            metrics::counter!("apex_vendor_breakers_opened_total", "vendor" => self.vendor.to_string())
                .increment(1);
            tracing::warn!(vendor = %self.vendor, %error, "a vendor is left alone for a while");
        }
    }

    /// After how long without an answer somebody else is asked as well.
    pub fn late_after(&self) -> Duration {
        self.lock().pace.late_after()
    }
}
