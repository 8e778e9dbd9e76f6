//! Webhooks: believed only with a signature, acknowledged at once, worked on once.
//!
//! In this order: the body is read, within bounds; verified as it came; claimed, so that a copy is
//! recognized; handed to the desk; acknowledged. Nothing here waits for anything but the body. What
//! finds no room is sent back with 503: the carrier delivers it again (telnyx.md §2.5). Of a body
//! that is not believed nothing is logged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio::time::Instant;
use types::CallId;
use wire::telnyx::signature::{SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, verify};
use wire::telnyx::texml::{self, DOCUMENT_TYPE, StreamNoun};
use wire::telnyx::{Parameter, webhook};

use super::carrier::RejectCause;
use super::claims::{Claims, EventKey};
use super::handle::{Delivered, Taken, Work};
use super::leg::LegEvent;
use super::news::{self, What};
use crate::actor::wall_now;
use crate::journal::{Entry, Kind};
use crate::listen::doors::Pass;
use crate::node::Node;

/// How long a document's request waits for the desk: the carrier itself waits for two seconds.
const DESK_WAIT: Duration = Duration::from_secs(1);

/// What the front door's handlers share.
#[derive(Clone)]
pub(crate) struct Hall {
    pub(crate) node: Arc<Node>,
    pub(crate) claims: Arc<Mutex<Claims>>,
    pub(crate) webhooks: mpsc::Sender<Delivered>,
    pub(crate) work: mpsc::Sender<Work>,
}

/// A body whose signature was good, and when its last byte came.
struct Believed {
    body: Bytes,
    at: Instant,
}

impl Hall {
    /// Reads and verifies a body.
    async fn believe(&self, pass: &Pass, request: Request<Body>) -> Result<Believed, StatusCode> {
        let config = &self.node.config.front;
        let telemetry = &self.node.telemetry;
        let (parts, body) = request.into_parts();
        let read = axum::body::to_bytes(body, config.body_bytes_max);
        let wait = Duration::from_micros(config.body_wait.as_micros());
        let body = match tokio::time::timeout(wait, read).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => {
                telemetry.webhooks_bad.increment(1);
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Err(_) => {
                telemetry.webhooks_bad.increment(1);
                return Err(StatusCode::REQUEST_TIMEOUT);
            }
        };
        let at = Instant::now();
        self.check_signature(&parts.headers, &body)?;
        pass.prove();
        Ok(Believed { body, at })
    }

    fn check_signature(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), StatusCode> {
        let (config, telemetry) = (&self.node.config.front, &self.node.telemetry);
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(signature), Some(timestamp)) =
            (header(SIGNATURE_HEADER), header(TIMESTAMP_HEADER))
        else {
            telemetry.webhooks_forged.increment(1);
            return Err(StatusCode::BAD_REQUEST);
        };
        let now = wall_now().as_unix_millis().unsigned_abs() / 1_000;
        let verified = verify(&config.public_keys, timestamp, body, signature, now);
        let tolerance = u64::from(config.tolerance.get() / 1_000);
        let stale = |_| timestamp.parse::<u64>().map_or(true, |at| tolerance < at.abs_diff(now));
        match verified {
            Ok(()) if stale(()) => {
                telemetry.webhooks_stale.increment(1);
                Err(StatusCode::UNAUTHORIZED)
            }
            Ok(()) => Ok(()),
            Err(SignatureError::Stale { .. } | SignatureError::Early { .. }) => {
                telemetry.webhooks_stale.increment(1);
                Err(StatusCode::UNAUTHORIZED)
            }
            Err(SignatureError::BadTimestamp | SignatureError::BadSignature) => {
                telemetry.webhooks_forged.increment(1);
                Err(StatusCode::BAD_REQUEST)
            }
            Err(SignatureError::Forged | SignatureError::NoKey) => {
                telemetry.webhooks_forged.increment(1);
                Err(StatusCode::UNAUTHORIZED)
            }
        }
    }

    /// Claims an event of this id; whether nobody had.
    fn claim(&self, key: EventKey) -> bool {
        let claimed = self.claims.lock().expect("no holder panics").claim(key, wall_now());
        if !claimed {
            self.node.telemetry.webhooks_again.increment(1);
        }
        claimed
    }

    /// Has the journal remember a claim for the next process. Not waited for: what a crash costs is
    /// a copy worked on twice, and commands keep their names.
    fn remember(&self, key: EventKey) {
        let payload = key.encode(wall_now());
        self.node.journal.offer(Entry { kind: Kind::Webhook, call: CallId::new(0), payload });
    }

    fn acknowledged(&self, at: Instant) -> StatusCode {
        self.node.telemetry.webhook_ack_ms.record(at.elapsed().as_secs_f64() * 1_000.0);
        StatusCode::OK
    }
}

/// `POST /webhooks/telnyx`.
pub(crate) async fn handle_webhook(
    State(hall): State<Hall>,
    Extension(pass): Extension<Arc<Pass>>,
    request: Request<Body>,
) -> StatusCode {
    let Believed { body, at } = match hall.believe(&pass, request).await {
        Ok(believed) => believed,
        Err(status) => return status,
    };
    let telemetry = &hall.node.telemetry;
    // Signed, but not to be understood: delivered again it would be no better.
    let Ok(webhook) = webhook::decode(&body) else {
        telemetry.webhooks_bad.increment(1);
        return hall.acknowledged(at);
    };
    let key = EventKey::of(&webhook.id);
    if !hall.claim(key) {
        return hall.acknowledged(at);
    }
    telemetry.webhooks.increment(1);
    let Some(news) = news::of_webhook(&webhook) else { return hall.acknowledged(at) };
    if hall.webhooks.try_send(Delivered { news, at }).is_err() {
        telemetry.webhooks_shed.increment(1);
        hall.claims.lock().expect("no holder panics").give_back(key);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    hall.remember(key);
    hall.acknowledged(at)
}

/// `POST /texml`: what to do with a call, as a document.
pub(crate) async fn handle_texml(
    State(hall): State<Hall>,
    Extension(pass): Extension<Arc<Pass>>,
    request: Request<Body>,
) -> Response {
    let Believed { body, at } = match hall.believe(&pass, request).await {
        Ok(believed) => believed,
        Err(status) => return status.into_response(),
    };
    let Ok(request) = texml::decode_request(&body) else {
        hall.node.telemetry.webhooks_bad.increment(1);
        return StatusCode::BAD_REQUEST.into_response();
    };
    hall.node.telemetry.webhooks.increment(1);
    // A call's later news comes to the same address if the application says so: nothing to answer.
    let over = request.call_status.as_deref().is_some_and(|status| {
        matches!(status, "completed" | "busy" | "failed" | "no-answer" | "canceled")
    });
    if over {
        let leg = super::carrier::LegName::new(&request.call_sid);
        if hall.work.try_send(Work::Leg { leg, event: LegEvent::HungUp }).is_err() {
            hall.node.telemetry.webhooks_shed.increment(1);
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        return document(&[texml::Verb::Hangup]);
    }
    let (reply, answer) = tokio::sync::oneshot::channel();
    let ring = news::of_request(&request);
    if hall.work.try_send(Work::Ring { ring, reply }).is_err() {
        hall.node.telemetry.webhooks_shed.increment(1);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let taken = tokio::time::timeout(DESK_WAIT, answer).await;
    hall.acknowledged(at);
    match taken {
        Ok(Ok(Taken::Connect { url, call })) => connect(&hall, url, call),
        Ok(Ok(Taken::Refused(cause))) => document(&[texml::Verb::Reject {
            reason: Some(match cause {
                RejectCause::Busy | RejectCause::Unavailable => texml::RejectReason::Busy,
                RejectCause::Rejected | RejectCause::NotFound => texml::RejectReason::Rejected,
            }),
        }]),
        Ok(Ok(Taken::Over)) => document(&[texml::Verb::Hangup]),
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn connect(hall: &Hall, url: String, call: CallId) -> Response {
    let config = &hall.node.config.front;
    let codec = wire::telnyx::command::StreamCodec::of_encoding(types::Encoding::Pcmu);
    let callback = (!config.public_url.is_empty())
        .then(|| format!("{}/texml/stream", config.public_url).into());
    let stream = StreamNoun {
        url: types::Pii::new(url.into()),
        track: Some(wire::telnyx::command::StreamTrack::Inbound),
        // Documents know no L16 (telnyx.md §1.3): telephone audio, whatever the settings say.
        codec,
        mode: Some(wire::telnyx::command::StreamMode::Rtp),
        bidirectional_codec: codec,
        sampling_rate: Some(8_000),
        status_callback: callback,
        // A one-shot token opens one socket: a second one would be refused.
        enable_reconnect: Some(false),
        parameters: vec![Parameter {
            name: "call".into(),
            value: types::Pii::new(call.to_string().into()),
        }],
        ..StreamNoun::default()
    };
    // Once the stream is over the document goes on, and ends the call.
    document(&[texml::Verb::Connect(Box::new(stream)), texml::Verb::Hangup])
}

fn document(verbs: &[texml::Verb<'_>]) -> Response {
    let headers = [(axum::http::header::CONTENT_TYPE, DOCUMENT_TYPE)];
    (headers, texml::encode_document(verbs)).into_response()
}

/// `POST /texml/stream`: news of a document's stream.
pub(crate) async fn handle_stream_status(
    State(hall): State<Hall>,
    Extension(pass): Extension<Arc<Pass>>,
    request: Request<Body>,
) -> StatusCode {
    let Believed { body, at } = match hall.believe(&pass, request).await {
        Ok(believed) => believed,
        Err(status) => return status,
    };
    let telemetry = &hall.node.telemetry;
    let Ok(status) = texml::decode_stream_status(&body) else {
        telemetry.webhooks_bad.increment(1);
        return hall.acknowledged(at);
    };
    telemetry.webhooks.increment(1);
    let (leg, what) = news::of_status(&status);
    let event = match what {
        What::StreamFailed => LegEvent::StreamFailed,
        What::HungUp | What::HungUpAnswered => LegEvent::HungUp,
        What::Unknown => {
            telemetry.webhooks_unknown.increment(1);
            return hall.acknowledged(at);
        }
        What::Rings | What::RingsOthers | What::Answered | What::Nothing => {
            return hall.acknowledged(at);
        }
    };
    if hall.work.try_send(Work::Leg { leg, event }).is_err() {
        telemetry.webhooks_shed.increment(1);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    hall.acknowledged(at)
}
