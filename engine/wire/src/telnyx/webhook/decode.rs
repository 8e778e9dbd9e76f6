//! From bodies to values.

use std::borrow::Cow;

use serde::Deserialize;
use types::{DtmfDigit, Pii};

use super::{
    Answered, CallQuality, Cost, Direction, Envelope, Event, Hangup, HangupCause, HangupSource,
    Header, Initiated, LegNames, LegState, MachineDetection, MachineResult, MachineStage,
    RecordingSaved, ReferStage, SpeakStatus, StreamFailure, Webhook, WebhookError,
};
use crate::telnyx::WallMicros;
use crate::telnyx::lenient::{Counter, Flag, Object, Objects, Pairs, Text, Texts};

/// The webhook that `body` is, in either envelope.
///
/// Input:  the raw body, no longer than [`super::WEBHOOK_BYTES_MAX`], its signature checked.
/// Output: a value that borrows from `body`; unknown events are [`Event::Other`], unknown words and
///         unusable fields are absent.
/// Cost:   a few microseconds.
///
/// # Errors
/// [`WebhookError`] says what is wrong, never what was in the body.
pub fn decode(body: &[u8]) -> Result<Webhook<'_>, WebhookError> {
    let raw: Object<RawEnvelope<'_>> = serde_json::from_slice(body)
        .map_err(|e| WebhookError::Malformed { line: e.line(), column: e.column() })?;
    let raw = raw.0.ok_or(WebhookError::NoEvent)?;
    let (envelope, event) = match raw.data.0 {
        Some(data) => (Envelope::V2, data),
        None => (
            Envelope::V1,
            RawEvent {
                event_type: raw.event_type,
                id: raw.id,
                occurred_at: raw.occurred_at,
                created_at: raw.created_at,
                payload: raw.payload,
            },
        ),
    };
    let event_type = event.event_type.0.ok_or(WebhookError::NoEvent)?;
    let id = event.id.0.filter(|id| !id.is_empty()).ok_or(WebhookError::NoId)?;
    let occurred_at = time(&event.occurred_at).or_else(|| time(&event.created_at));
    let mut payload = event.payload.0.unwrap_or_default();
    let leg = LegNames {
        call_control_id: payload.call_control_id.0.take(),
        call_leg_id: payload.call_leg_id.0.take(),
        call_session_id: payload.call_session_id.0.take(),
        connection_id: payload.connection_id.0.take(),
        client_state: payload.client_state.0.take().map(Pii::new),
    };
    let (from, to) = (payload.from.0.take().map(Pii::new), payload.to.0.take().map(Pii::new));
    Ok(Webhook {
        envelope,
        id,
        occurred_at,
        attempt: raw.meta.0.and_then(|meta| meta.attempt.0).unwrap_or(1),
        leg,
        from,
        to,
        event: payload.into_event(event_type),
    })
}

fn time(text: &Text<'_>) -> Option<WallMicros> {
    text.0.as_deref().and_then(WallMicros::parse)
}

/// Both envelopes at once.
#[derive(Deserialize)]
struct RawEnvelope<'a> {
    #[serde(borrow, default)]
    data: Object<RawEvent<'a>>,
    #[serde(default)]
    meta: Object<RawMeta>,
    #[serde(borrow, default)]
    event_type: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    occurred_at: Text<'a>,
    #[serde(borrow, default)]
    created_at: Text<'a>,
    #[serde(borrow, default)]
    payload: Object<RawPayload<'a>>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow, default)]
    event_type: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    occurred_at: Text<'a>,
    #[serde(borrow, default)]
    created_at: Text<'a>,
    #[serde(borrow, default)]
    payload: Object<RawPayload<'a>>,
}

#[derive(Deserialize)]
struct RawMeta {
    #[serde(default)]
    attempt: Counter,
}

/// All fields of all events.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPayload<'a> {
    #[serde(borrow)]
    call_control_id: Text<'a>,
    #[serde(borrow)]
    call_leg_id: Text<'a>,
    #[serde(borrow)]
    call_session_id: Text<'a>,
    #[serde(borrow)]
    connection_id: Text<'a>,
    #[serde(borrow)]
    client_state: Text<'a>,
    #[serde(borrow)]
    from: Text<'a>,
    #[serde(borrow)]
    to: Text<'a>,
    #[serde(borrow)]
    direction: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    start_time: Text<'a>,
    #[serde(borrow)]
    end_time: Text<'a>,
    #[serde(borrow)]
    caller_id_name: Text<'a>,
    #[serde(borrow)]
    tags: Texts<'a>,
    #[serde(borrow)]
    connection_codecs: Text<'a>,
    #[serde(borrow)]
    offered_codecs: Text<'a>,
    #[serde(borrow)]
    shaken_stir_attestation: Text<'a>,
    shaken_stir_validated: Flag,
    #[serde(borrow)]
    call_screening_result: Text<'a>,
    #[serde(borrow)]
    sip_headers: Pairs<'a>,
    #[serde(borrow)]
    custom_headers: Pairs<'a>,
    #[serde(borrow)]
    codec: Text<'a>,
    sampling_rate: Counter,
    #[serde(borrow)]
    hangup_cause: Text<'a>,
    #[serde(borrow)]
    hangup_source: Text<'a>,
    #[serde(borrow)]
    sip_hangup_cause: Text<'a>,
    #[serde(borrow)]
    call_quality_stats: Object<RawQuality<'a>>,
    #[serde(borrow)]
    stream_url: Text<'a>,
    #[serde(borrow)]
    stream_id: Text<'a>,
    #[serde(borrow)]
    failure_reason: Text<'a>,
    #[serde(borrow)]
    stream_params: Object<RawStreamParams<'a>>,
    #[serde(borrow)]
    digit: Text<'a>,
    sip_notify_response: Counter,
    #[serde(borrow)]
    recording_started_at: Text<'a>,
    #[serde(borrow)]
    recording_ended_at: Text<'a>,
    #[serde(borrow)]
    channels: Text<'a>,
    #[serde(borrow)]
    recording_urls: Object<RawUrls<'a>>,
    #[serde(borrow)]
    reason: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    total_cost: Text<'a>,
    billed_duration_secs: Counter,
    #[serde(borrow)]
    cost_parts: Objects<RawCostPart<'a>>,
    #[serde(borrow)]
    result: Text<'a>,
}

#[derive(Deserialize)]
struct RawQuality<'a> {
    #[serde(borrow, default)]
    inbound: Object<RawDirection<'a>>,
    #[serde(borrow, default)]
    outbound: Object<RawDirection<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawDirection<'a> {
    #[serde(borrow)]
    mos: Text<'a>,
    #[serde(borrow)]
    jitter_max_variance: Text<'a>,
    packet_count: Counter,
    skip_packet_count: Counter,
}

#[derive(Deserialize)]
struct RawStreamParams<'a> {
    #[serde(borrow, default)]
    stream_url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawUrls<'a> {
    #[serde(borrow)]
    mp3: Text<'a>,
    #[serde(borrow)]
    wav: Text<'a>,
}

#[derive(Deserialize)]
struct RawCostPart<'a> {
    #[serde(borrow, default)]
    currency: Text<'a>,
}

impl<'a> RawPayload<'a> {
    /// The event of this name. Names of the old envelope have underscores for dots.
    fn into_event(self, event_type: Cow<'a, str>) -> Event<'a> {
        let name = dotted(&event_type);
        if let Some(stage) = ReferStage::ALL.iter().find(|stage| dotted(stage.name()) == name) {
            let sip_notify_response = self.sip_notify_response.0;
            return Event::Refer { stage: *stage, sip_notify_response };
        }
        if let Some(stage) = MachineStage::ALL.iter().find(|stage| dotted(stage.name()) == name) {
            let word = self.result.0;
            let result = word.as_deref().and_then(MachineResult::of);
            return Event::Machine(MachineDetection { stage: *stage, result, word });
        }
        match name.as_ref() {
            "call.initiated" => Event::Initiated(self.into_initiated()),
            "call.answered" => Event::Answered(Answered {
                start_time: time(&self.start_time),
                tags: self.tags.0,
                codec: self.codec.0,
                sampling_rate: self.sampling_rate.0,
            }),
            "call.bridged" => Event::Bridged,
            "call.hangup" => Event::Hangup(self.into_hangup()),
            "streaming.started" => {
                Event::StreamingStarted { stream_url: self.stream_url.0.map(Pii::new) }
            }
            "streaming.stopped" => {
                Event::StreamingStopped { stream_url: self.stream_url.0.map(Pii::new) }
            }
            "streaming.failed" => Event::StreamingFailed(self.into_failure()),
            "call.dtmf.received" => Event::Dtmf { digit: self.digit.0.as_deref().and_then(key) },
            "call.speak.started" => Event::SpeakStarted,
            "call.speak.ended" => {
                Event::SpeakEnded { status: self.status.0.as_deref().and_then(SpeakStatus::of) }
            }
            "call.hold" => Event::Held,
            "call.unhold" => Event::Unheld,
            "call.recording.saved" => Event::RecordingSaved(self.into_recording()),
            "call.recording.error" => Event::RecordingError { reason: self.reason.0 },
            "call.cost" => Event::Cost(Cost {
                status: self.status.0,
                total: self.total_cost.0,
                currency: self.cost_parts.0.into_iter().find_map(|part| part.currency.0),
                billed_seconds: self.billed_duration_secs.0,
            }),
            _ => Event::Other { event_type },
        }
    }

    fn into_initiated(self) -> Initiated<'a> {
        let headers = |pairs: Pairs<'a>| {
            pairs.0.into_iter().map(|(name, value)| Header { name, value: Pii::new(value) })
        };
        Initiated {
            direction: self.direction.0.as_deref().and_then(Direction::of),
            state: self.state.0.as_deref().and_then(LegState::of),
            start_time: time(&self.start_time),
            caller_id_name: self.caller_id_name.0.map(Pii::new),
            tags: self.tags.0,
            connection_codecs: self.connection_codecs.0,
            offered_codecs: self.offered_codecs.0,
            shaken_stir_attestation: self.shaken_stir_attestation.0,
            shaken_stir_validated: self.shaken_stir_validated.0,
            call_screening_result: self.call_screening_result.0,
            sip_headers: headers(self.sip_headers).collect(),
            custom_headers: headers(self.custom_headers).collect(),
        }
    }

    fn into_hangup(self) -> Hangup<'a> {
        let quality = self.call_quality_stats.0.map(|quality| {
            let inbound = quality.inbound.0.unwrap_or_default();
            let outbound = quality.outbound.0.unwrap_or_default();
            CallQuality {
                inbound_mos: decimal(&inbound.mos),
                inbound_jitter_max_variance: decimal(&inbound.jitter_max_variance),
                inbound_packets: inbound.packet_count.0,
                inbound_skipped: inbound.skip_packet_count.0,
                outbound_packets: outbound.packet_count.0,
                outbound_skipped: outbound.skip_packet_count.0,
            }
        });
        Hangup {
            cause: self.hangup_cause.0.as_deref().and_then(HangupCause::of),
            source: self.hangup_source.0.as_deref().and_then(HangupSource::of),
            sip_cause: self.sip_hangup_cause.0,
            start_time: time(&self.start_time),
            end_time: time(&self.end_time),
            quality,
        }
    }

    fn into_failure(self) -> StreamFailure<'a> {
        let stream_url = self.stream_params.0.and_then(|params| params.stream_url.0);
        StreamFailure {
            reason: self.failure_reason.0,
            stream_id: self.stream_id.0,
            stream_url: stream_url.or(self.stream_url.0).map(Pii::new),
        }
    }

    fn into_recording(self) -> RecordingSaved<'a> {
        let urls = self.recording_urls.0.unwrap_or_default();
        RecordingSaved {
            started_at: time(&self.recording_started_at),
            ended_at: time(&self.recording_ended_at),
            channels: self.channels.0,
            mp3: urls.mp3.0.map(Pii::new),
            wav: urls.wav.0.map(Pii::new),
        }
    }
}

fn dotted(name: &str) -> Cow<'_, str> {
    if name.contains('_') { Cow::Owned(name.replace('_', ".")) } else { Cow::Borrowed(name) }
}

fn decimal(text: &Text<'_>) -> Option<f32> {
    text.0.as_deref().and_then(|text| text.parse().ok()).filter(|number: &f32| number.is_finite())
}

/// The key that `text` names.
pub(in crate::telnyx) fn key(text: &str) -> Option<DtmfDigit> {
    let mut symbols = text.chars();
    match (symbols.next(), symbols.next()) {
        (Some(symbol), None) => DtmfDigit::new(symbol.to_ascii_uppercase()),
        (_, _) => None,
    }
}
