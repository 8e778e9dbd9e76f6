//! What operators ask of a running engine: whether it lives, whether it takes calls, its figures;
//! and, below `/v1`, its calls and what it has published.

mod access;
mod businesses;
mod calls;
mod look;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;
use types::Secret;

pub use access::{OpenControl, check_access};
pub use businesses::{Fields, PublishedFields, fields};
pub use look::{
    CONTROL_FORMAT, CallLine, CallList, CallView, CountsView, OpeningView, Party, TurnView, Words,
};

use crate::node::Node;
use access::{Keeper, guard};

#[derive(Clone)]
struct Control {
    node: Arc<Node>,
    metrics: Option<PrometheusHandle>,
    begun: Instant,
}

/// The pages of the control port. What shows or ends calls is for who shows `token`; if there is
/// none, for this machine.
pub(crate) fn control_router(
    node: Arc<Node>,
    metrics: Option<PrometheusHandle>,
    token: Option<Secret<String>>,
) -> Router {
    let guarded = Router::new()
        .route("/v1/calls", get(calls::list))
        .route("/v1/calls/{id}", get(calls::inspect))
        .route("/v1/calls/{id}/hang-up", post(calls::hang_up))
        .route("/v1/calls/{id}/press", post(calls::press))
        .route("/v1/businesses", get(businesses::published))
        .layer(middleware::from_fn_with_state(Keeper::new(token), guard))
        .with_state(node.clone());
    let state = Control { node, metrics, begun: Instant::now() };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .with_state(state)
        .merge(guarded)
}

/// The process lives.
async fn healthz() -> &'static str {
    "ok\n"
}

/// New calls are welcome.
async fn readyz(State(control): State<Control>) -> Response {
    let node = &control.node;
    if node.places.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    let published = node.routes.load();
    if published.directory.numbers_len() == 0 {
        return (StatusCode::SERVICE_UNAVAILABLE, "no business has a number\n").into_response();
    }
    let state = serde_json::json!({
        "version": published.directory.version(),
        "businesses": published.directory.businesses().len(),
        "numbers": published.directory.numbers_len(),
        "calls": node.calls_live(),
        "up_s": control.begun.elapsed().as_secs(),
    });
    (StatusCode::OK, format!("{state}\n")).into_response()
}

async fn render_metrics(State(control): State<Control>) -> Response {
    let Some(metrics) = &control.metrics else {
        return (StatusCode::NOT_FOUND, "this engine keeps no metrics\n").into_response();
    };
    // The pool counts by itself; its figures are read when somebody looks.
    let pool = control.node.vendors.pool().counters();
    let telemetry = &control.node.telemetry;
    telemetry.pool_depth.set(pool.queue_depth as f64);
    telemetry.pool_jobs.absolute(pool.jobs);
    telemetry.partials_dropped.absolute(pool.partials_dropped);
    telemetry.speculations_dropped.absolute(pool.speculations_dropped);
    telemetry.second_readings_dropped.absolute(pool.seconds_dropped);
    telemetry.voices_refused.absolute(pool.voices_refused);
    telemetry.finals_hurried.absolute(pool.finals_hurried);
    telemetry.finals_refused.absolute(pool.finals_refused);
    telemetry.pool_panics.absolute(pool.panics);
    metrics.render().into_response()
}
