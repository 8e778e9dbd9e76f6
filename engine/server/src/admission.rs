//! Who may stream: tokens, and how many calls fit.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use thiserror::Error;
use types::{BusinessId, Secret};

use crate::config::Access;

/// How long a one-shot token may wait for its socket: the carrier connects within seconds.
const TOKEN_LIFE: Duration = Duration::from_secs(120);

/// Unused one-shot tokens kept at once; beyond it the oldest are taken back.
const TOKENS_MAX: usize = 10_000;

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
    /// The engine is about to stop.
    #[error("this node admits no more calls")]
    Draining,
}

/// The tokens that open a socket.
#[derive(Debug)]
pub struct Tokens {
    access: Access,
    standing: Option<Secret<String>>,
    one_shot: Mutex<HashMap<String, Instant>>,
}

impl Tokens {
    /// Admits by `access`. `standing`, from the environment, opens any number of sockets.
    pub fn new(access: Access, standing: Option<Secret<String>>) -> Self {
        Self { access, standing, one_shot: Mutex::default() }
    }

    /// Lets `token` open one socket, soon.
    pub fn mint(&self, token: String) {
        let now = Instant::now();
        let mut one_shot = self.one_shot.lock().expect("no holder panics");
        one_shot.retain(|_, minted| now.duration_since(*minted) < TOKEN_LIFE);
        if TOKENS_MAX <= one_shot.len() {
            one_shot.clear();
        }
        one_shot.insert(token, now);
    }

    /// Admits a socket that shows `token`; a one-shot token is used up by it.
    ///
    /// # Errors
    /// [`Refusal::NoToken`] and [`Refusal::BadToken`].
    pub fn admit(&self, token: Option<&str>) -> Result<(), Refusal> {
        let Some(token) = token else {
            return match self.access {
                Access::OpenOnLoopback => Ok(()),
                Access::Token => Err(Refusal::NoToken),
            };
        };
        if self.standing.as_ref().is_some_and(|standing| same(standing.expose(), token)) {
            return Ok(());
        }
        let minted = self.one_shot.lock().expect("no holder panics").remove(token);
        match minted {
            Some(minted) if minted.elapsed() < TOKEN_LIFE => Ok(()),
            Some(_) | None => Err(Refusal::BadToken),
        }
    }
}

/// Compares without telling by its time how much of the guess was right.
fn same(secret: &str, guess: &str) -> bool {
    let differing = secret
        .bytes()
        .zip(guess.bytes())
        .fold(secret.len() ^ guess.len(), |differing, (a, b)| differing | usize::from(a ^ b));
    differing == 0
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
    draining: Draining,
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
    pub fn take(
        self: &std::sync::Arc<Self>,
        business: BusinessId,
        calls_max: u32,
    ) -> Result<Place, Refusal> {
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
    places: std::sync::Arc<Places>,
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
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_one_shot_token_opens_one_socket() {
        let tokens = Tokens::new(Access::Token, Some(Secret::new("standing".to_owned())));
        tokens.mint("once".to_owned());
        assert_eq!(tokens.admit(None), Err(Refusal::NoToken));
        assert_eq!(tokens.admit(Some("wrong")), Err(Refusal::BadToken));
        assert_eq!(tokens.admit(Some("once")), Ok(()));
        assert_eq!(tokens.admit(Some("once")), Err(Refusal::BadToken));
        assert_eq!(tokens.admit(Some("standing")), Ok(()));
        assert_eq!(tokens.admit(Some("standing2")), Err(Refusal::BadToken));
    }

    #[test]
    fn open_access_still_refuses_a_wrong_token() {
        let tokens = Tokens::new(Access::OpenOnLoopback, None);
        assert_eq!(tokens.admit(None), Ok(()));
        assert_eq!(tokens.admit(Some("wrong")), Err(Refusal::BadToken));
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
