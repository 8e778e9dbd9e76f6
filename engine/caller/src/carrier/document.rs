//! TeXML: asks for documents and does what they say (telnyx.md §1.2, §1.3, §1.10).

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::sleep;
use types::{AudioFormat, Millis, Pii};
use wire::telnyx::texml::{
    RejectReason, StreamEvent, StreamNoun, StreamStatus, TexmlRequest, Verb, decode_document,
    encode_request, encode_stream_status,
};
use wire::telnyx::webhook::{Direction, HangupCause};

use super::clock::duration;
use super::courier::ask;
use super::ledger::{Happened, WebhookFate};
use super::machine::{Transfer, spoken};
use super::order::StreamOrder;
use super::seat::{Input, Seat, StreamEnd};
use super::server::Shared;
use super::transfer;

/// Documents asked for in one call at most: a redirect to itself must end.
const DOCUMENTS_MAX: usize = 16;

/// How often a stream that broke is connected again; the carrier does not say (telnyx.md §1.10).
const RECONNECTS_MAX: usize = 5;

/// From a break to the next attempt.
const RECONNECT_AFTER: Millis = Millis::new(500);

/// The longest `<Pause>` and `<Say>` that are waited for.
const PAUSE_MAX: u64 = 600;

/// Runs the call of `seat` by documents until they, or the call, end.
pub(crate) async fn run(shared: Arc<Shared>, seat: Seat, own: AudioFormat) {
    let mut url = shared.options.texml_url.clone();
    for _ in 0..DOCUMENTS_MAX {
        let Some(asked) = url.take() else { break };
        let Some(document) = fetch(&shared, &seat, &asked).await else { break };
        let Ok(verbs) = decode_document(&document) else { break };
        match obey(&shared, &seat, own, verbs).await {
            Next::Document(next) => url = Some(next),
            Next::End(cause) => {
                end(&seat, cause).await;
                return;
            }
        }
    }
    // The end of a document, or nothing to be had of it: the call ends (telnyx.md §1.2).
    end(&seat, HangupCause::NormalClearing).await;
}

enum Next {
    Document(String),
    End(HangupCause),
}

async fn fetch(shared: &Shared, seat: &Seat, url: &str) -> Option<Vec<u8>> {
    let form = form(shared, seat, "ringing");
    let answered = ask(shared, url, form).await;
    let status = answered.as_ref().map(|(status, _)| *status);
    let fate = status.map_or(WebhookFate::Failed, |status| WebhookFate::Answered {
        status,
        after: Millis::ZERO,
    });
    let what = Happened::Webhook { event: "texml".into(), id: String::new(), attempt: 1, fate };
    seat.note(shared.clock.now(), what);
    answered.filter(|(status, _)| *status == 200).map(|(_, document)| document)
}

/// The form that tells about the call.
pub(crate) fn form(shared: &Shared, seat: &Seat, status: &str) -> String {
    let board = seat.board();
    let wire = |text: &Pii<String>| Pii::new(Cow::Owned(text.reveal().clone()));
    encode_request(&TexmlRequest {
        call_sid: Cow::Owned(board.names.call_control.clone()),
        account_sid: Some(Cow::Borrowed("00000000-0000-4000-8000-000000000000")),
        connection_id: Some(Cow::Owned(shared.options.connection_id.clone())),
        call_session_id: Some(Cow::Owned(board.names.call_session.clone())),
        from: board.from.as_ref().map(wire),
        to: Some(wire(&board.to)),
        direction: Some(Direction::Incoming),
        call_status: Some(Cow::Owned(status.to_owned())),
    })
}

async fn obey(shared: &Arc<Shared>, seat: &Seat, own: AudioFormat, verbs: Vec<Verb<'_>>) -> Next {
    for (n, verb) in verbs.into_iter().enumerate() {
        if seat.board().is_over() {
            break;
        }
        match verb {
            Verb::Reject { reason } if n == 0 => {
                return Next::End(match reason {
                    Some(RejectReason::Busy) => HangupCause::UserBusy,
                    Some(RejectReason::Rejected) | None => HangupCause::CallRejected,
                });
            }
            Verb::Connect(noun) => {
                answer(seat).await;
                connect(shared, seat, own, &noun).await;
            }
            Verb::Start(noun) => {
                answer(seat).await;
                let (shared, seat) = (shared.clone(), seat.clone());
                let order = StreamOrder::of_noun(&noun, own);
                let callback = noun.status_callback.clone().map(Cow::into_owned);
                let spawner = shared.clone();
                spawner.spawn(async move {
                    stream(&shared, &seat, order, callback.as_deref()).await;
                });
            }
            Verb::Say { text, .. } => {
                answer(seat).await;
                let span = spoken(&text);
                seat.note(shared.clock.now(), Happened::Said { text: text.into_owned() });
                sleep(duration(span.min(Millis::from_secs(PAUSE_MAX as u32)))).await;
            }
            Verb::Pause { seconds } => {
                answer(seat).await;
                pause(seconds.unwrap_or(1)).await;
            }
            Verb::Dial { number, timeout_seconds } => {
                answer(seat).await;
                let timeout = timeout_seconds.and_then(|s| u32::try_from(s).ok());
                let dialed = Transfer {
                    to: Pii::new(number.reveal().to_string()),
                    from: None,
                    client_state: None,
                    timeout: timeout.map(Millis::from_secs),
                };
                transfer::play(shared.clone(), seat.clone(), dialed).await;
            }
            Verb::Redirect { url } => return Next::Document(url.reveal().to_string()),
            Verb::Hangup => break,
            Verb::Reject { .. } | Verb::Other { .. } => (),
        }
    }
    Next::End(HangupCause::NormalClearing)
}

/// Streams until the stream is over, connecting it again when it breaks.
async fn connect(shared: &Shared, seat: &Seat, own: AudioFormat, noun: &StreamNoun<'_>) {
    let reconnects = if noun.enable_reconnect.unwrap_or(true) { RECONNECTS_MAX } else { 0 };
    for attempt in 0..=reconnects {
        let order = StreamOrder::of_noun(noun, own);
        match stream(shared, seat, order, noun.status_callback.as_deref()).await {
            StreamEnd::Closed | StreamEnd::LegOver => return,
            StreamEnd::Lost | StreamEnd::Unreachable if attempt < reconnects => {
                sleep(duration(RECONNECT_AFTER)).await;
            }
            StreamEnd::Lost | StreamEnd::Unreachable => return,
        }
    }
}

/// Streams once.
async fn stream(
    shared: &Shared,
    seat: &Seat,
    order: StreamOrder,
    callback: Option<&str>,
) -> StreamEnd {
    let (over, end) = oneshot::channel();
    let input = Input::DocumentStreams { order: Box::new(order), over };
    if seat.inputs.send(input).await.is_err() {
        return StreamEnd::LegOver;
    }
    tell(shared, seat, callback, StreamEvent::Started).await;
    let end = end.await.unwrap_or(StreamEnd::LegOver);
    let event = match end {
        StreamEnd::Unreachable | StreamEnd::Lost => StreamEvent::Failed,
        StreamEnd::Closed | StreamEnd::LegOver => StreamEvent::Stopped,
    };
    tell(shared, seat, callback, event).await;
    end
}

async fn tell(shared: &Shared, seat: &Seat, callback: Option<&str>, event: StreamEvent<'_>) {
    if let Some(url) = callback {
        let call_sid = seat.board().names.call_control.clone();
        let form = encode_stream_status(&StreamStatus {
            call_sid: Cow::Owned(call_sid),
            stream_sid: None,
            stream_name: None,
            event,
            error: None,
        });
        // Nothing depends on whether the engine takes note.
        let _ = ask(shared, url, form).await;
    }
}

async fn answer(seat: &Seat) {
    let _ = seat.inputs.send(Input::DocumentAnswers).await;
}

async fn end(seat: &Seat, cause: HangupCause) {
    let _ = seat.inputs.send(Input::DocumentEnds { cause }).await;
}

async fn pause(seconds: u64) {
    sleep(std::time::Duration::from_secs(seconds.min(PAUSE_MAX))).await;
}
