//! Who may stream and who may call: tokens, how many calls fit, how quickly they may start.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use thiserror::Error;
use types::{BusinessId, CallId, Secret};

use crate::config::Access;
use crate::front::{LegHandle, SeatSlot};

/// How long a one-shot token may wait for its socket: the carrier connects within seconds.
const TOKEN_LIFE: Duration = Duration::from_secs(120);

/// Unused one-shot tokens kept at once; beyond it the oldest are taken back.
const TOKENS_MAX: usize = 10_000;

/// Random bytes of a token: 256 bits cannot be guessed.
const TOKEN_BYTES: usize = 32;

/// Businesses whose pace is remembered before those at rest are forgotten.
const STARTS_MAX: usize = 4_096;

/// Why a carrier's socket is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Neither header nor path shows a token.
    #[error("no token: send it in x-telnyx-streaming-auth-token or as the last part of the path")]
    NoToken,
    /// The token is unknown, used or too old.
    #[error("the token is unknown, used or too old")]
    BadToken,
    /// This node carries as many calls as it may.
    #[error("this node is full")]
    NodeFull,
    /// This business has as many calls as it may.
    #[error("this business has as many calls as it may")]
    BusinessFull,
    /// This business's calls start too quickly.
    #[error("this business's calls start too quickly")]
    Pace,
    /// The engine is about to stop.
    #[error("this node admits no more calls")]
    Draining,
}

/// What a one-shot token stands for: the leg it was made for.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// The leg, to report to.
    pub(crate) leg: LegHandle,
    /// The call on it.
    pub(crate) call: CallId,
    /// What its socket is for.
    pub(crate) purpose: Purpose,
}

/// What a socket is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// To begin the call with what was found and taken when it rang.
    Begin(Arc<SeatSlot>),
    /// To go on with the call, which lives already.
    Again,
}

/// How a socket was let in.
#[derive(Debug)]
pub enum Admitted {
    /// Openly, or by a token that stands for nothing else.
    Anyone,
    /// By the token of a leg of ours.
    Leg(LegTicket),
}

/// The ticket of a leg of ours, for the call's own use.
#[derive(Debug)]
pub struct LegTicket(pub(crate) Box<Ticket>);

/// The tokens that open a socket. Kept and looked up by their digests: how long a look-up takes says
/// nothing about the token.
#[derive(Debug)]
pub struct Tokens {
    access: Access,
    standing: Option<[u8; 32]>,
    one_shot: Mutex<OneShot>,
}

#[derive(Debug, Default)]
struct OneShot {
    minted: HashMap<[u8; 32], Minted>,
    /// Oldest first; tokens used meanwhile are still in it.
    order: VecDeque<([u8; 32], Instant)>,
}

#[derive(Debug)]
struct Minted {
    at: Instant,
    ticket: Option<Box<Ticket>>,
}

impl Tokens {
    /// Admits by `access`. `standing`, from the environment, opens any number of sockets.
    pub fn new(access: Access, standing: Option<Secret<String>>) -> Self {
        let standing = standing.map(|standing| digest(standing.expose()));
        Self { access, standing, one_shot: Mutex::default() }
    }

    /// Lets `token` open one socket, soon.
    pub fn mint(&self, token: String) {
        self.keep(digest(&token), None);
    }

    /// A new token that opens one socket, soon, for the leg of `ticket`.
    pub(crate) fn mint_for(&self, ticket: Ticket) -> Secret<String> {
        let token = URL_SAFE_NO_PAD.encode(random_bytes());
        self.keep(digest(&token), Some(Box::new(ticket)));
        Secret::new(token)
    }

    /// Takes `token` back; whether it was still there to take.
    pub(crate) fn revoke(&self, token: &Secret<String>) -> bool {
        let mut one_shot = self.one_shot.lock().expect("no holder panics");
        one_shot.minted.remove(&digest(token.expose())).is_some()
    }

    /// Whether `token` still waits for its socket; if so, its time begins anew.
    pub(crate) fn renew(&self, token: &Secret<String>) -> bool {
        let (digest, now) = (digest(token.expose()), Instant::now());
        let mut one_shot = self.one_shot.lock().expect("no holder panics");
        let OneShot { minted, order } = &mut *one_shot;
        match minted.get_mut(&digest) {
            Some(minted) if now.duration_since(minted.at) < TOKEN_LIFE => {
                minted.at = now;
                order.push_back((digest, now));
                true
            }
            Some(_) | None => false,
        }
    }

    fn keep(&self, digest: [u8; 32], ticket: Option<Box<Ticket>>) {
        let at = Instant::now();
        let mut one_shot = self.one_shot.lock().expect("no holder panics");
        while let Some((oldest, minted)) = one_shot.order.front().copied()
            && (TOKENS_MAX <= one_shot.order.len() || TOKEN_LIFE <= at.duration_since(minted))
        {
            one_shot.order.pop_front();
            // A token minted a second time has a place of its own further on.
            if one_shot.minted.get(&oldest).is_some_and(|found| found.at == minted) {
                one_shot.minted.remove(&oldest);
            }
        }
        one_shot.order.push_back((digest, at));
        one_shot.minted.insert(digest, Minted { at, ticket });
    }

    /// Admits a socket that shows a token in its path, its header or both; then they are the same.
    /// A one-shot token is used up by it.
    ///
    /// # Errors
    /// [`Refusal::NoToken`] and [`Refusal::BadToken`].
    pub fn admit(&self, path: Option<&str>, header: Option<&str>) -> Result<Admitted, Refusal> {
        let shown = match (path.map(digest), header.map(digest)) {
            (None, None) => {
                return match self.access {
                    Access::OpenOnLoopback => Ok(Admitted::Anyone),
                    Access::Token => Err(Refusal::NoToken),
                };
            }
            (Some(path), Some(header)) if !same(&path, &header) => return Err(Refusal::BadToken),
            (Some(shown), _) | (None, Some(shown)) => shown,
        };
        if self.standing.as_ref().is_some_and(|standing| same(standing, &shown)) {
            return Ok(Admitted::Anyone);
        }
        let minted = self.one_shot.lock().expect("no holder panics").minted.remove(&shown);
        match minted {
            Some(minted) if minted.at.elapsed() < TOKEN_LIFE => Ok(match minted.ticket {
                Some(ticket) => Admitted::Leg(LegTicket(ticket)),
                None => Admitted::Anyone,
            }),
            Some(_) | None => Err(Refusal::BadToken),
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Compares without telling by its time how much of the guess was right.
fn same(secret: &[u8; 32], guess: &[u8; 32]) -> bool {
    verify_slices_are_equal(secret, guess).is_ok()
}

/// Random bytes nobody can guess, from the system's source by way of aws-lc-rs.
fn random_bytes() -> [u8; TOKEN_BYTES] {
    let mut bytes = [0; TOKEN_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// An id that no other call has.
pub(crate) fn new_call_id() -> CallId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&random_bytes()[..16]);
    CallId::new(u128::from_le_bytes(bytes))
}

/// Live calls per business and in all.
#[derive(Debug)]
pub struct Places {
    calls_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<BusinessId, u32>,
    starts: HashMap<BusinessId, Starts>,
    draining: Draining,
}

/// A bucket of starts: fills at the business's pace, holds a second's worth.
#[derive(Clone, Copy, Debug)]
struct Starts {
    left: f64,
    counted_at: Instant,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Draining {
    #[default]
    No,
    Yes,
}

impl Places {
    /// Room for `calls_max` calls.
    pub fn new(calls_max: usize) -> Self {
        Self { calls_max, taken: Mutex::default() }
    }

    /// Takes a place for a call of `business`, which may have `calls_max` at once.
    ///
    /// # Errors
    /// [`Refusal::NodeFull`], [`Refusal::BusinessFull`], [`Refusal::Draining`].
    pub fn take(self: &Arc<Self>, business: BusinessId, calls_max: u32) -> Result<Place, Refusal> {
        let mut taken = self.taken.lock().expect("no holder panics");
        if taken.draining == Draining::Yes {
            return Err(Refusal::Draining);
        }
        if self.calls_max <= taken.all {
            return Err(Refusal::NodeFull);
        }
        let of = taken.of.entry(business).or_default();
        if calls_max <= *of {
            return Err(Refusal::BusinessFull);
        }
        *of += 1;
        taken.all += 1;
        Ok(Place { places: self.clone(), business })
    }

    /// Takes one start of `business`, which may start `per_s_max` calls a second, and as many at
    /// once.
    ///
    /// # Errors
    /// [`Refusal::Pace`].
    pub fn start(&self, business: BusinessId, per_s_max: u32, now: Instant) -> Result<(), Refusal> {
        let mut taken = self.taken.lock().expect("no holder panics");
        let pace = f64::from(per_s_max);
        // One that has been quiet for a second has a full bucket: it need not be remembered.
        if STARTS_MAX <= taken.starts.len() {
            let second = Duration::from_secs(1);
            taken.starts.retain(|_, starts| now.duration_since(starts.counted_at) < second);
        }
        let starts = taken.starts.entry(business).or_insert(Starts { left: pace, counted_at: now });
        let passed = now.saturating_duration_since(starts.counted_at);
        starts.left = (starts.left + pace * passed.as_secs_f64()).min(pace);
        starts.counted_at = now;
        if starts.left < 1.0 {
            return Err(Refusal::Pace);
        }
        starts.left -= 1.0;
        Ok(())
    }

    /// From now on every call is refused.
    pub fn drain(&self) {
        self.taken.lock().expect("no holder panics").draining = Draining::Yes;
    }

    /// Calls that hold a place.
    pub fn taken(&self) -> usize {
        self.taken.lock().expect("no holder panics").all
    }

    /// Whether calls are still admitted.
    pub fn is_draining(&self) -> bool {
        self.taken.lock().expect("no holder panics").draining == Draining::Yes
    }
}

/// One call's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    business: BusinessId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().expect("no holder panics");
        taken.all -= 1;
        if let Some(of) = taken.of.get_mut(&self.business) {
            *of -= 1;
            if *of == 0 {
                taken.of.remove(&self.business);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(tokens: &Tokens, path: Option<&str>, header: Option<&str>) -> Result<(), Refusal> {
        tokens.admit(path, header).map(|_| ())
    }

    #[test]
    fn a_one_shot_token_opens_one_socket() {
        let tokens = Tokens::new(Access::Token, Some(Secret::new("standing".to_owned())));
        tokens.mint("once".to_owned());
        assert_eq!(admits(&tokens, None, None), Err(Refusal::NoToken));
        assert_eq!(admits(&tokens, Some("wrong"), None), Err(Refusal::BadToken));
        assert_eq!(admits(&tokens, Some("once"), None), Ok(()));
        assert_eq!(admits(&tokens, Some("once"), None), Err(Refusal::BadToken));
        assert_eq!(admits(&tokens, None, Some("standing")), Ok(()));
        assert_eq!(admits(&tokens, None, Some("standing2")), Err(Refusal::BadToken));
    }

    #[test]
    fn path_and_header_must_agree() {
        let tokens = Tokens::new(Access::Token, None);
        tokens.mint("once".to_owned());
        assert_eq!(admits(&tokens, Some("once"), Some("other")), Err(Refusal::BadToken));
        assert_eq!(admits(&tokens, Some("once"), Some("once")), Ok(()));
    }

    #[test]
    fn the_oldest_tokens_make_room_for_new_ones() {
        let tokens = Tokens::new(Access::Token, None);
        for n in 0..=TOKENS_MAX {
            tokens.mint(format!("token-{n}"));
        }
        assert_eq!(admits(&tokens, Some("token-0"), None), Err(Refusal::BadToken));
        assert_eq!(admits(&tokens, Some("token-1"), None), Ok(()));
        let newest = format!("token-{TOKENS_MAX}");
        assert_eq!(admits(&tokens, Some(&newest), None), Ok(()));
    }

    #[test]
    fn a_token_that_still_waits_can_be_shown_again_and_one_that_was_used_cannot() {
        let tokens = Tokens::new(Access::Token, None);
        tokens.mint("again".to_owned());
        let token = Secret::new("again".to_owned());
        for n in 0..TOKENS_MAX - 1 {
            tokens.mint(format!("token-{n}"));
        }
        assert!(tokens.renew(&token));
        tokens.mint("one more".to_owned());
        assert_eq!(admits(&tokens, Some("again"), None), Ok(()), "it is the youngest but one");
        assert!(!tokens.renew(&token), "it was used");
        assert_eq!(admits(&tokens, Some("again"), None), Err(Refusal::BadToken));
    }

    #[test]
    fn a_business_starts_calls_at_its_pace_and_no_faster() {
        let places = Places::new(1_000);
        let (a, b): (BusinessId, BusinessId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let now = Instant::now();
        let started =
            |business, now| (0..10).filter(|_| places.start(business, 3, now).is_ok()).count();
        assert_eq!(started(a, now), 3);
        assert_eq!(started(b, now), 3, "one business's rush is none of another's");
        assert_eq!(started(a, now + Duration::from_millis(400)), 1);
        assert_eq!(started(a, now + Duration::from_secs(60)), 3);
    }

    #[test]
    fn open_access_still_refuses_a_wrong_token() {
        let tokens = Tokens::new(Access::OpenOnLoopback, None);
        assert_eq!(admits(&tokens, None, None), Ok(()));
        assert_eq!(admits(&tokens, Some("wrong"), None), Err(Refusal::BadToken));
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let places = Arc::new(Places::new(3));
        let (a, b): (BusinessId, BusinessId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let first = places.take(a, 1).unwrap();
        assert_eq!(places.take(a, 1).unwrap_err(), Refusal::BusinessFull);
        let _second = places.take(b, 9).unwrap();
        let _third = places.take(b, 9).unwrap();
        assert_eq!(places.take(b, 9).unwrap_err(), Refusal::NodeFull);
        drop(first);
        assert_eq!(places.taken(), 2);
        let _again = places.take(a, 1).unwrap();
        places.drain();
        assert_eq!(places.take(a, 9).unwrap_err(), Refusal::Draining);
    }
}
