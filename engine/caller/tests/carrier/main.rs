//! The carrier over real sockets on loopback, against an engine of a few lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod commands;
mod encrypted;
mod engine;
mod streams;
mod texml;
mod webhooks;

use caller::carrier::{CarrierOptions, FakeCarrier, RingPlan};
use caller::{CallPlan, Script, Step};
use engine::{Engine, Manner};
use types::Millis;

/// A caller who stays on the line for `span` and says nothing.
pub(crate) fn silent(span: Millis) -> CallPlan {
    let to = "+15550100".parse().unwrap();
    let mut plan = CallPlan::new("", to, Script { steps: vec![Step::Pause { span }] });
    plan.from = Some("+12125550142".parse().unwrap());
    plan
}

/// A carrier and an engine that know each other.
pub(crate) async fn pair(
    manner: Manner,
    adjust: impl FnOnce(&mut CarrierOptions, &Engine),
) -> (FakeCarrier, Engine) {
    let engine = Engine::start(manner).await;
    let mut options = CarrierOptions::new(engine.url("/webhooks"));
    options.retries = vec![Millis::new(50), Millis::new(100)];
    adjust(&mut options, &engine);
    let carrier = FakeCarrier::start(options).await.unwrap();
    engine.know(carrier.api_base(), carrier.public_key());
    (carrier, engine)
}

/// A call of a silent caller.
pub(crate) fn ringing(span: Millis) -> RingPlan {
    RingPlan::new(silent(span))
}
