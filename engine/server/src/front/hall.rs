//! Where the carrier's requests come in: read within bounds, and believed only with a signature.
//!
//! In this order: the body is read, within bounds; verified as it came; claimed, so that a copy is
//! recognized; handed to the desk; acknowledged. Nothing here waits for anything but the body. What
//! finds no room is sent back with 503: the carrier delivers it again (telnyx.md §2.5). Of a body
//! that is not believed nothing is logged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequest;
use axum::http::{HeaderMap, Request, StatusCode};
use tokio::sync::mpsc;
use tokio::time::Instant;
use types::CallId;
use wire::telnyx::signature::{SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, verify};

use super::claims::{Claims, EventKey};
use super::handle::{Delivered, Work};
use crate::actor::wall_now;
use crate::journal::{Entry, Kind};
use crate::listen::doors::Pass;
use crate::node::Node;

/// What the front door's handlers share.
#[derive(Clone)]
pub(crate) struct Hall {
    pub(crate) node: Arc<Node>,
    pub(crate) claims: Arc<Mutex<Claims>>,
    pub(crate) webhooks: mpsc::Sender<Delivered>,
    pub(crate) work: mpsc::Sender<Work>,
}

/// A body whose signature was good, and when its last byte came.
pub(super) struct Believed {
    pub(super) body: Bytes,
    pub(super) at: Instant,
}

impl FromRequest<Hall> for Believed {
    type Rejection = StatusCode;

    async fn from_request(request: Request<Body>, hall: &Hall) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let body = hall.read(body).await?;
        let at = Instant::now();
        hall.check_signature(&parts.headers, &body)?;
        if let Some(pass) = parts.extensions.get::<Arc<Pass>>() {
            pass.prove();
        }
        Ok(Self { body, at })
    }
}

impl Hall {
    async fn read(&self, body: Body) -> Result<Bytes, StatusCode> {
        let config = &self.node.config.front;
        let read = axum::body::to_bytes(body, config.body_bytes_max);
        let wait = Duration::from_micros(config.body_wait.as_micros());
        let refused = match tokio::time::timeout(wait, read).await {
            Ok(Ok(body)) => return Ok(body),
            Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        };
        self.node.telemetry.webhooks_bad.increment(1);
        Err(refused)
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
    pub(super) fn claim(&self, key: EventKey) -> bool {
        let claimed = self.claims.lock().expect("no holder panics").claim(key, wall_now());
        if !claimed {
            self.node.telemetry.webhooks_again.increment(1);
        }
        claimed
    }

    /// Gives a claim back: the carrier is to deliver the event again.
    pub(super) fn give_back(&self, key: EventKey) {
        self.claims.lock().expect("no holder panics").give_back(key);
    }

    /// Has the journal remember a claim for the next process. Not waited for: what a crash costs is
    /// a copy worked on twice, and commands keep their names.
    pub(super) fn remember(&self, key: EventKey) {
        let payload = key.encode(wall_now());
        self.node.journal.offer(Entry { kind: Kind::Webhook, call: CallId::new(0), payload });
    }

    /// Hands `work` to the desk.
    ///
    /// # Errors
    /// 503 if too much waits there already.
    pub(super) fn hand_over(&self, work: Work) -> Result<(), StatusCode> {
        self.work.try_send(work).map_err(|_| self.shed())
    }

    /// Notes that something found no room; what the carrier is told.
    pub(super) fn shed(&self) -> StatusCode {
        self.node.telemetry.webhooks_shed.increment(1);
        StatusCode::SERVICE_UNAVAILABLE
    }

    /// Notes an acknowledgement of what came `at`.
    pub(super) fn acknowledged(&self, at: Instant) -> StatusCode {
        self.node.telemetry.webhook_ack_ms.record(at.elapsed().as_secs_f64() * 1_000.0);
        StatusCode::OK
    }
}
