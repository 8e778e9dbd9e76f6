//! A carrier's API that does what a test says, and the webhooks that go with it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use wire::telnyx::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};

/// What the engine shows the API.
pub(crate) const API_KEY: &str = "KEY-of-a-test";

/// The application of these tests.
pub(crate) const CONNECTION: &str = "2811";

/// A command that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) leg: String,
    pub(crate) verb: String,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

/// How the API answers one command.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// With this status, and this code if it is no success.
    Status(u16, &'static str),
    /// 429, to be tried again after so many seconds.
    Wait(&'static str),
    /// Never.
    Nothing,
}

#[derive(Default)]
struct Shared {
    asked: Vec<Asked>,
    script: HashMap<String, VecDeque<Says>>,
    active: Vec<Value>,
    unauthorized: usize,
}

/// The API.
#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Stub {
    /// Starts it on a thread of its own.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let state = shared.clone();
        std::thread::spawn(move || {
            super::raw::block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let router = Router::new().fallback(answer).with_state(state);
                axum::serve(listener, router).await.expect("a server");
            });
        });
        Self { url: format!("http://{address}/v2"), shared }
    }

    /// How the next command of this verb is answered; then the one after it.
    pub(crate) fn will_say(&self, verb: &str, says: impl IntoIterator<Item = Says>) {
        let mut shared = self.shared.lock().expect("no holder panics");
        shared.script.entry(verb.to_owned()).or_default().extend(says);
    }

    /// Everything is fine again.
    pub(crate) fn will_say_nothing_else(&self) {
        self.shared.lock().expect("no holder panics").script.clear();
    }

    /// Which legs are up.
    pub(crate) fn set_active(&self, legs: &[(&str, Option<&str>)]) {
        let legs = legs.iter().map(|(leg, state)| {
            json!({"call_control_id": leg, "client_state": state, "call_duration": 60,
                   "record_type": "call"})
        });
        self.shared.lock().expect("no holder panics").active = legs.collect();
    }

    /// The commands that came for `leg`.
    pub(crate) fn asked_of(&self, leg: &str) -> Vec<Asked> {
        let shared = self.shared.lock().expect("no holder panics");
        shared.asked.iter().filter(|asked| asked.leg == leg).cloned().collect()
    }

    /// Their verbs.
    pub(crate) fn verbs_of(&self, leg: &str) -> Vec<String> {
        self.asked_of(leg).into_iter().map(|asked| asked.verb).collect()
    }

    /// Requests that came without the right key.
    pub(crate) fn unauthorized(&self) -> usize {
        self.shared.lock().expect("no holder panics").unauthorized
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let bearer = format!("Bearer {API_KEY}");
    let authorized =
        request.headers().get("authorization").is_some_and(|value| value == bearer.as_str());
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap_or_default();
    let says = {
        let mut shared = shared.lock().expect("no holder panics");
        shared.unauthorized += usize::from(!authorized);
        let parts: Vec<&str> = path.split('/').collect();
        let ["", "v2", "calls", leg, "actions", verb] = parts[..] else {
            let list = json!({"data": shared.active, "meta": {"total_items": shared.active.len()}});
            return (StatusCode::OK, list.to_string()).into_response();
        };
        let asked = Asked {
            leg: leg.replace("%3A", ":"),
            verb: verb.to_owned(),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            at: Instant::now(),
        };
        shared.asked.push(asked);
        let scripted = shared.script.get_mut(verb).and_then(VecDeque::pop_front);
        scripted.unwrap_or(Says::Status(200, ""))
    };
    match says {
        Says::Status(status @ 200..=299, _) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, json!({"data": {"result": "ok"}}).to_string()).into_response()
        }
        Says::Status(status, code) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let errors = json!({"errors": [{"code": code, "title": "no", "detail": "no"}]});
            (status, errors.to_string()).into_response()
        }
        Says::Wait(seconds) => {
            let headers = [("retry-after", seconds)];
            (StatusCode::TOO_MANY_REQUESTS, headers, "{}").into_response()
        }
        Says::Nothing => std::future::pending().await,
    }
}

/// The carrier's key in these tests.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// Seconds since 1970.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A webhook's body: envelope of version 2.
pub(crate) fn webhook(event: &str, id: &str, leg: &str, extra: &Value) -> String {
    let mut payload = json!({
        "call_control_id": leg, "call_leg_id": format!("id-of-{leg}"), "call_session_id": "s",
        "connection_id": CONNECTION, "client_state": null, "from": "+12125550199",
    });
    for (key, value) in extra.as_object().expect("an object") {
        payload[key] = value.clone();
    }
    json!({"data": {"record_type": "event", "event_type": event, "id": id,
                    "occurred_at": "2026-03-02T10:11:12.131415Z", "payload": payload},
           "meta": {"attempt": 1, "delivered_to": "https://hooks.example.net"}})
    .to_string()
}

/// The body of a `call.initiated`.
pub(crate) fn rings(id: &str, leg: &str, to: &str) -> String {
    webhook(
        "call.initiated",
        id,
        leg,
        &json!({"direction": "incoming", "state": "parked", "to": to}),
    )
}

/// Delivers `body`, signed now: status, and how long it took.
pub(crate) async fn deliver(front: SocketAddr, body: &str) -> (u16, Duration) {
    let stamp = unix_now().to_string();
    let signature = signing_key().sign(&stamp, body.as_bytes());
    let headers = [(SIGNATURE_HEADER, signature.as_str()), (TIMESTAMP_HEADER, stamp.as_str())];
    post(front, "/webhooks/telnyx", &headers, body.to_owned().into_bytes()).await
}

/// Posts to the front door: status, and how long it took.
pub(crate) async fn post(
    front: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, Duration) {
    let client = reqwest::Client::new();
    let mut request = client
        .post(format!("http://{front}{path}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from(body));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let asked = Instant::now();
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), asked.elapsed())
}
