//! Delivers webhooks: signed, retried, and by the switches late, twice, out of order or lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use types::{Millis, Pii};
use wire::telnyx::WallMicros;
use wire::telnyx::signature::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER};
use wire::telnyx::texml::FORM_TYPE;
use wire::telnyx::webhook::{Event, Webhook, encode};

use super::clock::duration;
use super::dice::{About, dice};
use super::faults::WebhookPlan;
use super::ledger::{Happened, WebhookFate};
use super::names::{Names, uuid};
use super::seat::Seat;
use super::server::Shared;

/// How old a stale copy is.
const STALE_SECONDS: u64 = 3_600;

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) names: Names,
    pub(crate) from: Option<Pii<String>>,
    pub(crate) to: Pii<String>,
    pub(crate) occurred_at: WallMicros,
    /// Which event of the leg this is.
    pub(crate) n: u64,
    pub(crate) event: Event<'static>,
}

impl Parcel {
    fn body(&self, shared: &Shared, id: &str, attempt: u64) -> Vec<u8> {
        let wire = |text: &Pii<String>| Pii::new(text.reveal().clone().into());
        let webhook = Webhook {
            envelope: shared.options.envelope,
            id: id.into(),
            occurred_at: Some(self.occurred_at),
            attempt,
            leg: self.names.to_wire(),
            from: self.from.as_ref().map(wire),
            to: Some(wire(&self.to)),
            event: self.event.clone(),
        };
        let mut body = Vec::new();
        encode(&webhook, &mut body);
        body
    }
}

/// Delivers `parcel`, and whatever the switches make of it, to the end.
pub(crate) async fn deliver(shared: Arc<Shared>, seat: Seat, parcel: Parcel) {
    let Ok(_flight) = shared.flights.acquire().await else { return };
    let faults = &shared.options.faults;
    let mut dice = dice(faults.seed, About::Webhook, seat.number, parcel.n);
    let plan = faults.webhooks.plan(&mut dice);
    let id = uuid(dice.next(), dice.next());
    let bait_ids = [uuid(dice.next(), dice.next()), uuid(dice.next(), dice.next())];
    if plan.delay != Millis::ZERO {
        sleep(duration(plan.delay)).await;
    }
    let again = async {
        if let Some(after) = plan.again_after {
            sleep(duration(after)).await;
            attempt(&shared, &seat, &parcel, &id, 1).await;
        }
    };
    let first = async {
        retried(&shared, &seat, &parcel, &id, plan).await;
        if plan.forged {
            bait(&shared, &seat, &parcel, &bait_ids[0], Bait::Forged).await;
        }
        if plan.stale {
            bait(&shared, &seat, &parcel, &bait_ids[1], Bait::Stale).await;
        }
    };
    tokio::join!(first, again);
}

/// Attempts until one is acknowledged, at one address and then at the other.
async fn retried(shared: &Shared, seat: &Seat, parcel: &Parcel, id: &str, plan: WebhookPlan) {
    let options = &shared.options;
    let mut number = 0;
    for url in [Some(&options.webhook_url), options.webhook_failover_url.as_ref()] {
        let Some(url) = url else { continue };
        for wait in std::iter::once(&Millis::ZERO).chain(&options.retries) {
            sleep(duration(*wait)).await;
            number += 1;
            if number == 1 && plan.lost_once {
                note(shared, seat, parcel, id, (number, WebhookFate::Lost));
                continue;
            }
            if attempt_at(shared, seat, parcel, url, (id, number)).await {
                return;
            }
        }
    }
}

async fn attempt(shared: &Shared, seat: &Seat, parcel: &Parcel, id: &str, number: u64) -> bool {
    let url = shared.options.webhook_url.clone();
    attempt_at(shared, seat, parcel, &url, (id, number)).await
}

/// Whether it was acknowledged.
async fn attempt_at(
    shared: &Shared,
    seat: &Seat,
    parcel: &Parcel,
    url: &str,
    (id, number): (&str, u64),
) -> bool {
    let body = parcel.body(shared, id, number);
    let signed_at = shared.clock.now().as_unix_seconds();
    let began = Instant::now();
    let status = post(shared, url, body, &shared.key, (signed_at, JSON_TYPE)).await;
    let after = Millis::new(u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX));
    let fate = status.map_or(WebhookFate::Failed, |status| WebhookFate::Answered { status, after });
    note(shared, seat, parcel, id, (number, fate));
    status.is_some_and(|status| (200..=299).contains(&status))
}

/// What an engine must not believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bait {
    Forged,
    Stale,
}

async fn bait(shared: &Shared, seat: &Seat, parcel: &Parcel, id: &str, kind: Bait) {
    let body = parcel.body(shared, id, 1);
    let now = shared.clock.now().as_unix_seconds();
    let url = shared.options.webhook_url.clone();
    let status = match kind {
        Bait::Forged => post(shared, &url, body, &shared.forger, (now, JSON_TYPE)).await,
        Bait::Stale => {
            let signed_at = now.saturating_sub(STALE_SECONDS);
            post(shared, &url, body, &shared.key, (signed_at, JSON_TYPE)).await
        }
    };
    note(shared, seat, parcel, id, (1, WebhookFate::Bait { status }));
}

/// The status a signed request is answered with.
async fn post(
    shared: &Shared,
    url: &str,
    body: Vec<u8>,
    key: &SigningKey,
    (signed_at, content_type): (u64, &'static str),
) -> Option<u16> {
    let request = signed(shared, url, body, key, (signed_at, content_type));
    request.send().await.ok().map(|response| response.status().as_u16())
}

fn signed(
    shared: &Shared,
    url: &str,
    body: Vec<u8>,
    key: &SigningKey,
    (signed_at, content_type): (u64, &'static str),
) -> reqwest::RequestBuilder {
    let timestamp = signed_at.to_string();
    let signature = key.sign(&timestamp, &body);
    shared
        .client
        .post(url)
        .timeout(Duration::from_millis(u64::from(shared.options.webhook_timeout.get())))
        .header("content-type", content_type)
        .header(SIGNATURE_HEADER, signature)
        .header(TIMESTAMP_HEADER, timestamp)
        .body(body)
}

/// Posts a signed form and gives the document it is answered with, as long as one may be.
pub(crate) async fn ask(shared: &Shared, url: &str, form: String) -> Option<(u16, Vec<u8>)> {
    let now = shared.clock.now().as_unix_seconds();
    let request = signed(shared, url, form.into_bytes(), &shared.key, (now, FORM_TYPE));
    let mut response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if wire::telnyx::texml::TEXML_BYTES_MAX < document.len() + chunk.len() {
            return None;
        }
        document.extend_from_slice(&chunk);
    }
    Some((status, document))
}

fn note(
    shared: &Shared,
    seat: &Seat,
    parcel: &Parcel,
    id: &str,
    (attempt, fate): (u64, WebhookFate),
) {
    let event = parcel.event.name().to_owned();
    let what = Happened::Webhook { event, id: id.to_owned(), attempt, fate };
    seat.note(shared.clock.now(), what);
}

const JSON_TYPE: &str = "application/json";
