//! From values to bodies: the carrier's side.

use std::borrow::Cow;

use types::Pii;

use super::{
    Answered, CallQuality, Cost, Envelope, Event, Hangup, Header, Initiated, LegState,
    RecordingSaved, StreamFailure, Webhook,
};
use crate::telnyx::WallMicros;
use crate::telnyx::json::Writer;

/// Replaces the contents of `out` by the body of `webhook`, in its envelope.
pub fn encode(webhook: &Webhook<'_>, out: &mut Vec<u8>) {
    let mut top = Writer::document(out);
    match webhook.envelope {
        Envelope::V1 => {
            write_event(webhook, &mut top);
        }
        Envelope::V2 => {
            let mut data = top.object("data");
            write_event(webhook, &mut data);
            data.end();
        }
    }
    let mut meta = top.object("meta");
    meta.number("attempt", Some(webhook.attempt));
    meta.end();
    top.end();
}

fn write_event(webhook: &Webhook<'_>, data: &mut Writer<'_>) {
    let dotted = webhook.event.name();
    data.text("record_type", Some("event"));
    let occurred_at = webhook.occurred_at.map(|at| at.to_string());
    match webhook.envelope {
        Envelope::V1 => {
            data.text("event_type", Some(&dotted.replace('.', "_")));
            data.text("id", Some(&webhook.id));
            data.text("created_at", occurred_at.as_deref());
        }
        Envelope::V2 => {
            data.text("event_type", Some(dotted));
            data.text("id", Some(&webhook.id));
            data.text("occurred_at", occurred_at.as_deref());
        }
    }
    let mut payload = data.object("payload");
    let leg = &webhook.leg;
    payload.text("call_control_id", leg.call_control_id.as_deref());
    payload.text("call_leg_id", leg.call_leg_id.as_deref());
    payload.text("call_session_id", leg.call_session_id.as_deref());
    payload.text("connection_id", leg.connection_id.as_deref());
    payload.text("client_state", revealed(leg.client_state.as_ref()));
    payload.text("from", revealed(webhook.from.as_ref()));
    payload.text("to", revealed(webhook.to.as_ref()));
    write_payload(&webhook.event, &mut payload);
    payload.end();
}

fn write_payload(event: &Event<'_>, payload: &mut Writer<'_>) {
    match event {
        Event::Initiated(initiated) => write_initiated(initiated, payload),
        Event::Answered(answered) => write_answered(answered, payload),
        Event::Hangup(hangup) => write_hangup(hangup, payload),
        Event::StreamingStarted { stream_url } | Event::StreamingStopped { stream_url } => {
            payload.text("stream_url", revealed(stream_url.as_ref()));
        }
        Event::StreamingFailed(failure) => write_failure(failure, payload),
        Event::Dtmf { digit } => {
            let symbol = digit.map(|digit| digit.symbol().to_string());
            payload.text("digit", symbol.as_deref());
        }
        Event::Refer { sip_notify_response, .. } => {
            payload.number("sip_notify_response", *sip_notify_response);
        }
        Event::RecordingSaved(recording) => write_recording(recording, payload),
        Event::RecordingError { reason } => payload.text("reason", reason.as_deref()),
        Event::Cost(cost) => write_cost(cost, payload),
        Event::Machine(machine) => payload.text("result", machine.word.as_deref()),
        Event::SpeakEnded { status } => {
            payload.text("status", status.map(|status| status.name()));
        }
        Event::Bridged
        | Event::SpeakStarted
        | Event::Held
        | Event::Unheld
        | Event::Other { .. } => (),
    }
}

fn write_initiated(initiated: &Initiated<'_>, payload: &mut Writer<'_>) {
    payload.text("direction", initiated.direction.map(|direction| direction.name()));
    payload.text("state", initiated.state.map(LegState::name));
    time("start_time", initiated.start_time, payload);
    payload.text("caller_id_name", revealed(initiated.caller_id_name.as_ref()));
    payload.texts("tags", &initiated.tags);
    payload.text("connection_codecs", initiated.connection_codecs.as_deref());
    payload.text("offered_codecs", initiated.offered_codecs.as_deref());
    payload.text("shaken_stir_attestation", initiated.shaken_stir_attestation.as_deref());
    payload.flag("shaken_stir_validated", initiated.shaken_stir_validated);
    payload.text("call_screening_result", initiated.call_screening_result.as_deref());
    headers("sip_headers", &initiated.sip_headers, payload);
    headers("custom_headers", &initiated.custom_headers, payload);
}

fn write_answered(answered: &Answered<'_>, payload: &mut Writer<'_>) {
    payload.text("state", Some(LegState::Answered.name()));
    time("start_time", answered.start_time, payload);
    payload.texts("tags", &answered.tags);
    payload.text("codec", answered.codec.as_deref());
    payload.number("sampling_rate", answered.sampling_rate);
}

fn write_hangup(hangup: &Hangup<'_>, payload: &mut Writer<'_>) {
    payload.text("state", Some(LegState::Hangup.name()));
    payload.text("hangup_cause", hangup.cause.map(|cause| cause.name()));
    payload.text("hangup_source", hangup.source.map(|source| source.name()));
    payload.text("sip_hangup_cause", hangup.sip_cause.as_deref());
    time("start_time", hangup.start_time, payload);
    time("end_time", hangup.end_time, payload);
    if let Some(quality) = hangup.quality {
        write_quality(quality, payload);
    }
}

/// All of it as text, as the carrier does.
fn write_quality(quality: CallQuality, payload: &mut Writer<'_>) {
    let decimal = |number: Option<f32>| number.map(|number| number.to_string());
    let mut stats = payload.object("call_quality_stats");
    let mut inbound = stats.object("inbound");
    inbound.text("mos", decimal(quality.inbound_mos).as_deref());
    let jitter = decimal(quality.inbound_jitter_max_variance);
    inbound.text("jitter_max_variance", jitter.as_deref());
    inbound.counter("packet_count", quality.inbound_packets);
    inbound.counter("skip_packet_count", quality.inbound_skipped);
    inbound.end();
    let mut outbound = stats.object("outbound");
    outbound.counter("packet_count", quality.outbound_packets);
    outbound.counter("skip_packet_count", quality.outbound_skipped);
    outbound.end();
    stats.end();
}

fn write_failure(failure: &StreamFailure<'_>, payload: &mut Writer<'_>) {
    payload.text("failure_reason", failure.reason.as_deref());
    payload.text("stream_id", failure.stream_id.as_deref());
    payload.text("stream_type", Some("websocket"));
    let mut params = payload.object("stream_params");
    params.text("stream_url", revealed(failure.stream_url.as_ref()));
    params.end();
}

fn write_recording(recording: &RecordingSaved<'_>, payload: &mut Writer<'_>) {
    time("recording_started_at", recording.started_at, payload);
    time("recording_ended_at", recording.ended_at, payload);
    payload.text("channels", recording.channels.as_deref());
    let mut urls = payload.object("recording_urls");
    urls.text("mp3", revealed(recording.mp3.as_ref()));
    urls.text("wav", revealed(recording.wav.as_ref()));
    urls.end();
}

fn write_cost(cost: &Cost<'_>, payload: &mut Writer<'_>) {
    payload.text("status", cost.status.as_deref());
    payload.text("total_cost", cost.total.as_deref());
    payload.number("billed_duration_secs", cost.billed_seconds);
    payload.objects("cost_parts", cost.currency.as_slice(), |currency, part| {
        part.text("currency", Some(currency));
    });
}

fn headers(key: &str, headers: &[Header<'_>], payload: &mut Writer<'_>) {
    if !headers.is_empty() {
        payload.objects(key, headers, |header, object| {
            object.text("name", Some(&header.name));
            object.text("value", Some(header.value.reveal()));
        });
    }
}

fn time(key: &str, at: Option<WallMicros>, payload: &mut Writer<'_>) {
    payload.text(key, at.map(|at| at.to_string()).as_deref());
}

fn revealed<'v>(value: Option<&'v Pii<Cow<'_, str>>>) -> Option<&'v str> {
    value.map(|value| value.reveal().as_ref())
}
