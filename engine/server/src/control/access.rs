//! Who may ask about calls: whoever shows the token; without one, whoever is on this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use tokio::sync::Semaphore;
use types::Secret;

use crate::listen::doors::Pass;

/// Requests worked on at once: operators and their scripts, not the public.
const REQUESTS_MAX: usize = 64;

/// A control port that anybody could use.
#[derive(Debug, Error)]
#[error(
    "control.listen: {address} is not on this machine only, and APEX_CONTROL_TOKEN is not set: set \
     it, or listen on 127.0.0.1"
)]
pub struct OpenControl {
    /// Where it would have listened.
    pub address: SocketAddr,
}

/// Checks that the control port at `address` is not open to the world.
///
/// # Errors
/// [`OpenControl`].
pub fn check_access(
    address: SocketAddr,
    token: Option<&Secret<String>>,
) -> Result<(), OpenControl> {
    match token {
        None if !address.ip().is_loopback() => Err(OpenControl { address }),
        Some(_) | None => Ok(()),
    }
}

/// The keeper of everything below `/v1`.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    token: Option<Secret<String>>,
    places: Arc<Semaphore>,
}

impl Keeper {
    pub(super) fn new(token: Option<Secret<String>>) -> Self {
        Self { token, places: Arc::new(Semaphore::new(REQUESTS_MAX)) }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match &self.token {
            Some(token) => text(AUTHORIZATION)
                .and_then(|value| value.strip_prefix("Bearer "))
                .is_some_and(|shown| same(token.expose(), shown.trim())),
            // A page in a browser on this machine is not its operator: it tells its origin, or
            // reaches us under a name of its own.
            None => !headers.contains_key(ORIGIN) && text(HOST).is_none_or(is_here),
        }
    }
}

/// Lets a request in, or not.
pub(super) async fn guard(State(keeper): State<Keeper>, request: Request, next: Next) -> Response {
    if !keeper.admits(request.headers()) {
        let text = "show the token of APEX_CONTROL_TOKEN: authorization: Bearer TOKEN\n";
        return (StatusCode::UNAUTHORIZED, text).into_response();
    }
    // Who has shown a token is no flood.
    if let (Some(_), Some(pass)) = (&keeper.token, request.extensions().get::<Arc<Pass>>()) {
        pass.prove();
    }
    match keeper.places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "too many requests at once\n").into_response(),
    }
}

/// Whether a request was addressed to this machine and not to a name that leads here.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Compares without telling by its time how much of the guess was right.
fn same(secret: &str, guess: &str) -> bool {
    let differing = secret
        .bytes()
        .zip(guess.bytes())
        .fold(secret.len() ^ guess.len(), |differing, (a, b)| differing | usize::from(a ^ b));
    differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &str)]) -> HeaderMap {
        let rows = rows.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), value.parse().unwrap())
        });
        rows.collect()
    }

    #[test]
    fn a_token_is_wanted_where_there_is_one() {
        let keeper = Keeper::new(Some(Secret::new("hush".to_owned())));
        let shown = |value: &str| keeper.admits(&headers(&[("authorization", value)]));
        assert!(shown("Bearer hush"));
        for wrong in ["Bearer hus", "Bearer hush2", "hush", "Basic hush", "Bearer "] {
            assert!(!shown(wrong), "{wrong}");
        }
        assert!(!keeper.admits(&headers(&[("host", "127.0.0.1:8701")])));
    }

    #[test]
    fn without_a_token_only_this_machine_is_let_in_and_no_web_page() {
        let keeper = Keeper::new(None);
        let from = |host: &str| keeper.admits(&headers(&[("host", host)]));
        for here in ["127.0.0.1:8701", "localhost", "[::1]:8701", "127.0.0.9"] {
            assert!(from(here), "{here}");
        }
        for elsewhere in ["evil.example:8701", "10.0.0.1", "localhost.evil.example", "[::2]:1"] {
            assert!(!from(elsewhere), "{elsewhere}");
        }
        let page = headers(&[("host", "localhost"), ("origin", "http://evil.example")]);
        assert!(!keeper.admits(&page));
    }

    #[test]
    fn a_port_open_to_the_world_needs_a_token() {
        let world = "0.0.0.0:8701".parse().unwrap();
        let token = Secret::new("hush".to_owned());
        assert!(check_access(world, None).unwrap_err().to_string().contains("APEX_CONTROL_TOKEN"));
        assert!(check_access(world, Some(&token)).is_ok());
        assert!(check_access("[::1]:0".parse().unwrap(), None).is_ok());
    }
}
