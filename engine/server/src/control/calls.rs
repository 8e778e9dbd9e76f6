//! Live calls, listed, looked at and ended.
//!
//! A call is asked through its inbox and shows itself: nothing is kept ready for who might look, so
//! that a call nobody looks at pays nothing. An id nobody has, one of another business and one that
//! is no id at all look the same.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use call::EndManner;
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;
use types::{BusinessId, CallId, DtmfDigit};
use vendor::Offered;

use super::look::{CONTROL_FORMAT, CallLine, CallList, CallView};
use crate::actor::Inner;
use crate::node::{LiveCall, Node};

/// Calls listed at once; beyond that a screen is no place to look.
const LISTED_MAX: usize = 1_000;

/// How long a call may take to show itself. It is a message away; one that is slower is stuck.
const LOOK_LIMIT: Duration = Duration::from_millis(500);

/// Which calls.
#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    /// Only this business's.
    business: Option<String>,
}

/// Keys pressed at once: a card number and its sharp.
const KEYS_MAX: usize = 32;

/// Which keys to press.
#[derive(Deserialize)]
pub(super) struct Which {
    keys: String,
    business: Option<String>,
}

/// How to end a call.
#[derive(Debug, Deserialize)]
pub(super) struct How {
    #[serde(default)]
    manner: Manner,
    business: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Manner {
    #[default]
    Polite,
    AtOnce,
}

pub(super) async fn list(State(node): State<Arc<Node>>, Query(whose): Query<Whose>) -> Response {
    // Handles are copied out: no shard stays locked while calls are asked.
    let mut live: Vec<(CallId, LiveCall)> = node
        .live
        .iter()
        .filter(|live| is_whose(live.business, whose.business.as_deref()))
        .map(|live| (*live.key(), live.value().clone()))
        .collect();
    let count = live.len();
    live.truncate(LISTED_MAX);
    let views = join_all(live.iter().map(|(_, live)| look(live))).await;
    let mut calls: Vec<CallLine> = live
        .iter()
        .zip(views)
        .map(|((call, live), view)| view.map_or_else(|| silent(*call, live), |view| view.line))
        .collect();
    calls.sort_by_key(|line| (std::cmp::Reverse(line.duration), line.call));
    Json(CallList { format: CONTROL_FORMAT, live: count, calls }).into_response()
}

pub(super) async fn inspect(
    State(node): State<Arc<Node>>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> Response {
    let Some((call, live)) = find(&node, &id, whose.business.as_deref()) else { return absent() };
    match look(&live).await {
        Some(view) => Json(view).into_response(),
        None if node.live.contains_key(&call) => {
            (StatusCode::GATEWAY_TIMEOUT, "the call does not answer\n").into_response()
        }
        // It ended this very moment.
        None => absent(),
    }
}

pub(super) async fn hang_up(
    State(node): State<Arc<Node>>,
    Path(id): Path<String>,
    Query(how): Query<How>,
) -> Response {
    let Some((call, live)) = find(&node, &id, how.business.as_deref()) else { return absent() };
    let manner = match how.manner {
        Manner::Polite => EndManner::Polite,
        Manner::AtOnce => EndManner::AtOnce,
    };
    tracing::info!(%call, ?manner, "an operator ends the call");
    order(&live, Inner::End(manner))
}

/// Presses keys toward the caller: a menu, or a door, may be at the other end.
pub(super) async fn press(
    State(node): State<Arc<Node>>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Response {
    let Some((call, live)) = find(&node, &id, which.business.as_deref()) else { return absent() };
    let keys = which.keys;
    let are_keys = keys.chars().all(|symbol| DtmfDigit::new(symbol).is_some());
    if !(1..=KEYS_MAX).contains(&keys.len()) || !are_keys {
        let what = format!("keys are 0-9, *, #, A-D, and at most {KEYS_MAX} at once\n");
        return (StatusCode::UNPROCESSABLE_ENTITY, what).into_response();
    }
    tracing::info!(%call, keys = keys.len(), "an operator presses keys");
    order(&live, Inner::Press(keys))
}

fn order(live: &LiveCall, inner: Inner) -> Response {
    match live.inbox.offer_inner(inner) {
        Offered::Accepted => StatusCode::ACCEPTED.into_response(),
        Offered::Shed => {
            (StatusCode::SERVICE_UNAVAILABLE, "the call takes nothing in\n").into_response()
        }
        Offered::Closed => absent(),
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "no such call\n").into_response()
}

fn is_whose(business: BusinessId, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| business.as_str() == wanted)
}

fn find(node: &Node, id: &str, business: Option<&str>) -> Option<(CallId, LiveCall)> {
    let call: CallId = id.parse().ok()?;
    let live = node.live.get(&call)?.value().clone();
    is_whose(live.business, business).then_some((call, live))
}

/// Asks a call to show itself.
async fn look(live: &LiveCall) -> Option<CallView> {
    let (reply, view) = oneshot::channel();
    match live.inbox.offer_inner(Inner::Look(reply)) {
        Offered::Accepted => timeout(LOOK_LIMIT, view).await.ok()?.ok().map(|view| *view),
        Offered::Shed | Offered::Closed => None,
    }
}

/// The line of a call that does not show itself in time.
fn silent(call: CallId, live: &LiveCall) -> CallLine {
    CallLine {
        call,
        business: live.business,
        from: None,
        duration: None,
        state: "does not answer".to_owned(),
        last: None,
    }
}
