//! Documents: the second way in, where the carrier asks what to do with a call and answers it itself.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;
use types::{CallId, Encoding, Pii};
use wire::telnyx::Parameter;
use wire::telnyx::command::{StreamCodec, StreamMode, StreamTrack};
use wire::telnyx::texml::{self, DOCUMENT_TYPE, StreamNoun};

use super::carrier::{LegName, RejectCause};
use super::hall::{Believed, Hall};
use super::handle::{Taken, Work};
use super::leg::LegEvent;
use super::news::{self, What};

/// How long a document's request waits for the desk: the carrier itself waits for two seconds.
const DESK_WAIT: Duration = Duration::from_secs(1);

/// `POST /texml`: what to do with a call, as a document.
pub(crate) async fn handle_texml(
    State(hall): State<Hall>,
    Believed { body, at }: Believed,
) -> Response {
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
        let leg = LegName::new(&request.call_sid);
        return match hall.hand_over(Work::Leg { leg, event: LegEvent::HungUp }) {
            Ok(()) => document(&[texml::Verb::Hangup]),
            Err(status) => status.into_response(),
        };
    }
    let (reply, answer) = oneshot::channel();
    if let Err(status) = hall.hand_over(Work::Ring { ring: news::of_request(&request), reply }) {
        return status.into_response();
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
    let codec = StreamCodec::of_encoding(Encoding::Pcmu);
    let callback = (!config.public_url.is_empty())
        .then(|| format!("{}/texml/stream", config.public_url).into());
    let stream = StreamNoun {
        url: Pii::new(url.into()),
        track: Some(StreamTrack::Inbound),
        // Documents know no L16 (telnyx.md §1.3): telephone audio, whatever the settings say.
        codec,
        mode: Some(StreamMode::Rtp),
        bidirectional_codec: codec,
        sampling_rate: Some(8_000),
        status_callback: callback,
        // A one-shot token opens one socket: a second one would be refused.
        enable_reconnect: Some(false),
        parameters: vec![Parameter {
            name: "call".into(),
            value: Pii::new(call.to_string().into()),
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
    Believed { body, at }: Believed,
) -> StatusCode {
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
    match hall.hand_over(Work::Leg { leg, event }) {
        Ok(()) => hall.acknowledged(at),
        Err(status) => status,
    }
}
