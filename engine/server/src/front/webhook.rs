//! Webhooks: acknowledged at once, worked on once.

use axum::extract::State;
use axum::http::StatusCode;
use wire::telnyx::webhook;

use super::claims::EventKey;
use super::hall::{Believed, Hall};
use super::handle::Delivered;
use super::news;

/// `POST /webhooks/telnyx`.
pub(crate) async fn handle_webhook(
    State(hall): State<Hall>,
    Believed { body, at }: Believed,
) -> StatusCode {
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
        hall.give_back(key);
        return hall.shed();
    }
    hall.remember(key);
    hall.acknowledged(at)
}
