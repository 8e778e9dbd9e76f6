//! How many connections a listener holds, and from whom.
//!
//! A connection is *unproven* until it has shown a good signature or a good token. Only unproven ones
//! are counted by source: a carrier streams hundreds of calls from one address, a flood has nothing
//! to show. So a flood fills its own allowance and nobody else's.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::config::ConnectionsConfig;

/// Addresses remembered at once. Beyond it those with nothing open are forgotten.
const SOURCES_MAX: usize = 16_384;

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Shut {
    /// The listener holds as many as it may.
    #[error("as many connections as may be")]
    Total,
    /// As many unproven ones as it may.
    #[error("as many unproven connections as may be")]
    Unproven,
    /// This address holds as many unproven ones as it may.
    #[error("as many unproven connections from one address as may be")]
    Source,
    /// This address opens them too quickly.
    #[error("connections from one address come too quickly")]
    Pace,
}

/// Counts the connections of one listener.
#[derive(Debug)]
pub struct Doors {
    limits: ConnectionsConfig,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    unproven: usize,
    sources: HashMap<IpAddr, Source>,
}

#[derive(Debug)]
struct Source {
    unproven: usize,
    /// Connections it may open at once.
    allowance: f64,
    counted_at: Instant,
}

impl Doors {
    /// Doors that keep to `limits`.
    pub fn new(limits: ConnectionsConfig) -> Arc<Self> {
        Arc::new(Self { limits, held: Mutex::default() })
    }

    /// Lets a connection from `address` in at `now`.
    ///
    /// # Errors
    /// [`Shut`] says which limit it would break.
    pub fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Pass, Shut> {
        let mut held = self.lock();
        if self.limits.total_max <= held.total {
            return Err(Shut::Total);
        }
        if self.limits.unproven_max <= held.unproven {
            return Err(Shut::Unproven);
        }
        let address = address.to_canonical();
        let source = (!self.limits.proxies.contains(&address)).then(|| network(address));
        if let Some(source) = source {
            held.count(source, now, &self.limits)?;
        }
        held.total += 1;
        held.unproven += 1;
        drop(held);
        Ok(Pass { doors: self.clone(), source, proven: AtomicBool::new(false) })
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().expect("no holder panics")
    }
}

impl Held {
    fn count(
        &mut self,
        source: IpAddr,
        now: Instant,
        limits: &ConnectionsConfig,
    ) -> Result<(), Shut> {
        if SOURCES_MAX <= self.sources.len() && !self.sources.contains_key(&source) {
            self.sources.retain(|_, source| 0 < source.unproven);
        }
        let pace = f64::from(limits.opened_per_s_max);
        let burst = 2.0 * pace;
        let entry = self.sources.entry(source).or_insert(Source {
            unproven: 0,
            allowance: burst,
            counted_at: now,
        });
        let passed = now.saturating_duration_since(entry.counted_at);
        entry.allowance = (entry.allowance + pace * passed.as_secs_f64()).min(burst);
        entry.counted_at = now;
        if limits.unproven_per_source_max <= entry.unproven {
            return Err(Shut::Source);
        }
        if entry.allowance < 1.0 {
            return Err(Shut::Pace);
        }
        entry.allowance -= 1.0;
        entry.unproven += 1;
        Ok(())
    }

    fn uncount(&mut self, source: Option<IpAddr>, refund: f64) {
        self.unproven -= 1;
        if let Some(entry) = source.and_then(|source| self.sources.get_mut(&source)) {
            entry.unproven -= 1;
            entry.allowance += refund;
        }
    }
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Pass {
    doors: Arc<Doors>,
    source: Option<IpAddr>,
    proven: AtomicBool,
}

impl Pass {
    /// The connection has shown whose it is: it no longer counts against its address.
    pub fn prove(&self) {
        if !self.proven.swap(true, Ordering::AcqRel) {
            self.doors.lock().uncount(self.source, 1.0);
        }
    }

    /// Whether it has.
    pub fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Acquire)
    }

    /// How long it may go without.
    pub fn prove_wait(&self) -> Duration {
        Duration::from_micros(self.doors.limits.prove_wait.as_micros())
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut held = self.doors.lock();
        held.total -= 1;
        if !self.is_proven() {
            held.uncount(self.source, 0.0);
        }
    }
}

/// What counts as one source: an address, and with IPv6 the network a customer is given (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EngineConfig;

    fn limits() -> ConnectionsConfig {
        ConnectionsConfig {
            total_max: 10,
            unproven_max: 6,
            unproven_per_source_max: 3,
            opened_per_s_max: 2,
            ..EngineConfig::shipped().connections
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_fills_its_own_allowance_and_nobody_elses() {
        let (doors, now) = (Doors::new(limits()), Instant::now());
        let flood: Vec<Pass> = (0..3).map(|_| doors.enter(ip("192.0.2.1"), now).unwrap()).collect();
        assert_eq!(doors.enter(ip("192.0.2.1"), now).unwrap_err(), Shut::Source);
        let carrier = doors.enter(ip("192.0.2.2"), now).unwrap();
        carrier.prove();
        drop(flood);
        assert_eq!(doors.open(), 1);
        // Places are back, the pace is not: four at once, two a second.
        let again = doors.enter(ip("192.0.2.1"), now).unwrap();
        drop(again);
        assert_eq!(doors.enter(ip("192.0.2.1"), now).unwrap_err(), Shut::Pace);
        let later = now + Duration::from_millis(600);
        assert!(doors.enter(ip("192.0.2.1"), later).is_ok());
    }

    #[test]
    fn who_has_proven_itself_counts_in_total_only() {
        let (doors, now) = (Doors::new(limits()), Instant::now());
        let mut passes = Vec::new();
        for _ in 0..10 {
            let pass = doors.enter(ip("192.0.2.1"), now).unwrap();
            pass.prove();
            pass.prove();
            passes.push(pass);
        }
        assert_eq!(doors.enter(ip("192.0.2.9"), now).unwrap_err(), Shut::Total);
        passes.clear();
        assert_eq!(doors.open(), 0);
        assert!(doors.enter(ip("192.0.2.9"), now).is_ok());
    }

    #[test]
    fn many_sources_together_are_bounded_and_a_proxy_is_not_a_source() {
        let (doors, now) = (Doors::new(limits()), Instant::now());
        let passes: Vec<Pass> =
            (0..6).map(|n| doors.enter(ip(&format!("198.51.100.{n}")), now).unwrap()).collect();
        assert_eq!(doors.enter(ip("192.0.2.1"), now).unwrap_err(), Shut::Unproven);
        drop(passes);
        let proxied: Vec<Pass> = (0..6).map(|_| doors.enter(ip("::1"), now).unwrap()).collect();
        assert_eq!(proxied.len(), 6);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_a_mapped_address_is_its_own() {
        let (doors, now) = (Doors::new(limits()), Instant::now());
        let _held: Vec<Pass> =
            (1..4).map(|n| doors.enter(ip(&format!("2001:db8:1:2::{n}")), now).unwrap()).collect();
        assert_eq!(doors.enter(ip("2001:db8:1:2::9"), now).unwrap_err(), Shut::Source);
        assert!(doors.enter(ip("2001:db8:1:3::9"), now).is_ok());
        assert_eq!(network(ip("::ffff:192.0.2.1").to_canonical()), ip("192.0.2.1"));
    }
}
