//! The carrier's API over HTTP: one client, a bounded number of requests at once, attempts by
//! [`super::retry`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use types::{Millis, Pii, Secret};
use wire::telnyx::Parameter;
use wire::telnyx::command::{
    self as wire_command, Action, Answer, Encoded, Method, Request, Speak, Stream, StreamCodec,
    StreamMode, StreamTrack, TargetLegs, Transfer,
};
use wire::telnyx::reply::{self, CallState, ErrorCode, REPLY_BYTES_MAX, Refusal, Reply};

use super::carrier::{
    ActiveCall, CallStatus, CarrierError, ClientState, Command, CommandId, Job, LegName, Life,
    RejectCause, StreamOrder,
};
use super::news::{encode_state, mark};
use super::retry::{Attempts, Next, Patience, REPLY_WAIT, Setback};
use crate::telemetry::Telemetry;

/// Requests under way at once: more would only queue at the carrier.
const REQUESTS_MAX: usize = 256;

/// Legs asked for per page of the list of live ones.
const PAGE: u64 = 250;

/// Pages read at most: more live legs than a node carries.
const PAGES_MAX: usize = 40;

/// How long a connection to the carrier may take to come up.
const CONNECT_WAIT: Duration = Duration::from_secs(2);

/// A client that cannot be made.
#[derive(Debug, Error)]
pub enum RestError {
    /// The key cannot stand in a header.
    #[error("APEX_TELNYX_API_KEY holds what no key can: check for line breaks and quotes")]
    Key,
    /// No TLS, no certificates.
    #[error("no client for the carrier's API: {0}")]
    Client(#[source] reqwest::Error),
}

/// The carrier's API.
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
    connections: Vec<String>,
    telemetry: Telemetry,
}

/// What the clock of a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// The next attempt.
    Attempt,
    /// The end of our patience with the last one.
    Silence,
}

/// What a request came back with: the bytes of an accepted reply.
type Answered = Result<(u16, Vec<u8>), Setback>;

impl Api {
    /// The API at `base`, by `key`.
    ///
    /// # Errors
    /// [`RestError`].
    pub(crate) fn new(
        base: &str,
        key: &Secret<String>,
        connections: &[String],
        telemetry: Telemetry,
    ) -> Result<Self, RestError> {
        let mut headers = HeaderMap::new();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose().trim()))
            .map_err(|_| RestError::Key)?;
        bearer.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, bearer);
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_WAIT)
            .pool_max_idle_per_host(REQUESTS_MAX)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(RestError::Client)?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { client, base, connections: connections.to_vec(), telemetry })
    }

    /// Does the jobs of `inbox` until nobody can send any more.
    pub(crate) async fn run(self: Arc<Self>, mut inbox: mpsc::Receiver<Job>) {
        let places = Arc::new(Semaphore::new(REQUESTS_MAX));
        while let Some(job) = inbox.recv().await {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let api = self.clone();
            tokio::spawn(async move {
                api.perform(job).await;
                drop(place);
            });
        }
    }

    /// Who asked may have gone meanwhile: then nobody hears the answer.
    async fn perform(&self, job: Job) {
        match job {
            Job::Command { leg, id, command, reply } => {
                let done = self.command(&leg, &id, &command).await;
                if let Err(error) = &done
                    && *error != CarrierError::Ended
                {
                    self.telemetry.carrier_failures.increment(1);
                    tracing::warn!(verb = command.verb(), %error, "a command failed");
                }
                let _ = reply.send(done);
            }
            Job::Status { leg, reply } => {
                let _ = reply.send(self.status(&leg).await);
            }
            Job::Active { reply } => {
                let _ = reply.send(self.active().await);
            }
        }
    }

    async fn command(
        &self,
        leg: &LegName,
        id: &CommandId,
        command: &Command,
    ) -> Result<(), CarrierError> {
        let CommandId { epoch, n } = id;
        let id = format!("{}:{epoch}:{}:{n}", leg.as_str(), command.verb());
        let request = request(leg, command).with_command_id(id);
        self.ask(&request, patience(leg, command)).await.map(|_| ())
    }

    async fn status(&self, leg: &LegName) -> Result<CallStatus, CarrierError> {
        let question = wire_command::Command::GetCall { call_control_id: leg.as_str().into() };
        let request = Request::new(question);
        let (status, body) = match self.ask(&request, Patience::Order).await {
            Ok(answer) => answer,
            Err(CarrierError::Ended | CarrierError::Refused { status: 404, .. }) => {
                return Ok(CallStatus { life: Life::Ended, state: None });
            }
            Err(error) => return Err(error),
        };
        match reply::decode(&request.command, status, &body) {
            Ok(Reply::Call(call)) => Ok(CallStatus {
                life: if call.is_alive == Some(false) { Life::Ended } else { Life::Alive },
                state: match mark_of(&call) {
                    super::carrier::LegMark::Ours(state) => Some(state),
                    super::carrier::LegMark::None | super::carrier::LegMark::Foreign => None,
                },
            }),
            Ok(
                Reply::Accepted
                | Reply::Dialed(_)
                | Reply::ActiveCalls(_)
                | Reply::Application(_)
                | Reply::Numbers(_),
            )
            | Err(_) => Err(CarrierError::Unreadable),
        }
    }

    /// All pages of all our connections. A list cut short would look like legs that ended.
    async fn active(&self) -> Result<Vec<ActiveCall>, CarrierError> {
        let mut active = Vec::new();
        for connection in &self.connections {
            let mut after: Option<String> = None;
            for page in 0.. {
                if page == PAGES_MAX {
                    return Err(CarrierError::Unreadable);
                }
                let request = Request::new(wire_command::Command::ActiveCalls {
                    connection_id: connection.into(),
                    after: after.clone().map(Into::into),
                    limit: Some(PAGE),
                });
                let (status, body) = self.ask(&request, Patience::Order).await?;
                let Ok(Reply::ActiveCalls(list)) = reply::decode(&request.command, status, &body)
                else {
                    return Err(CarrierError::Unreadable);
                };
                active.extend(list.calls.iter().filter_map(active_call));
                after = list.after.map(std::borrow::Cow::into_owned);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(active)
    }

    /// Makes attempts until there is an answer. One that is slow is not given up for the next: the
    /// first that is answered counts, so that a slow way to the carrier is a way all the same.
    async fn ask(
        &self,
        request: &Request<'_>,
        patience: Patience,
    ) -> Result<(u16, Vec<u8>), CarrierError> {
        let encoded = request.encode();
        let (begun, mut attempts) = (Instant::now(), Attempts::new(patience));
        let mut under_way = FuturesUnordered::new();
        under_way.push(self.timed(&encoded));
        // When the next one is made, or the last one made counts as not answered.
        let (mut at, mut due) = (begun + REPLY_WAIT, Due::Silence);
        loop {
            let setback = tokio::select! {
                Some(answered) = under_way.next() => match answered {
                    Ok(answer) => return Ok(answer),
                    // Another is on its way already.
                    Err(_) if due == Due::Attempt => continue,
                    Err(setback) => setback,
                },
                () = tokio::time::sleep_until(at) => match due {
                    Due::Attempt => {
                        under_way.push(self.timed(&encoded));
                        (at, due) = (Instant::now() + REPLY_WAIT, Due::Silence);
                        continue;
                    }
                    Due::Silence => Setback { error: CarrierError::NoReply, wait: None },
                },
            };
            match attempts.handle_setback(begun.elapsed(), setback) {
                Next::Again(gap) => {
                    self.telemetry.carrier_retries.increment(1);
                    (at, due) = (Instant::now() + gap, Due::Attempt);
                }
                Next::GiveUp(error) => return Err(error),
            }
        }
    }

    async fn timed(&self, encoded: &Encoded) -> Answered {
        self.telemetry.carrier_requests.increment(1);
        let asked = Instant::now();
        let answered = self.attempt(encoded).await;
        self.telemetry.carrier_ms.record(asked.elapsed().as_secs_f64() * 1_000.0);
        answered
    }

    async fn attempt(&self, encoded: &Encoded) -> Answered {
        let method = match encoded.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let url = format!("{}{}", self.base, encoded.path);
        let mut request = self.client.request(method, url);
        if !encoded.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request = request.header(CONTENT_TYPE, json).body(encoded.body.clone());
        }
        let lost = |_: reqwest::Error| Setback { error: CarrierError::NoReply, wait: None };
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|after| {
            let seconds: f64 = after.to_str().ok()?.trim().parse().ok()?;
            Duration::try_from_secs_f64(seconds).ok()
        });
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(lost)? {
            if REPLY_BYTES_MAX < body.len() + piece.len() {
                return Err(Setback { error: CarrierError::Unreadable, wait: None });
            }
            body.extend_from_slice(&piece);
        }
        if (200..300).contains(&status) {
            return Ok((status, body));
        }
        Err(Setback { error: error_of(&reply::decode_refusal(status, &body)), wait })
    }
}

/// Who waits for a command.
fn patience(leg: &LegName, command: &Command) -> Patience {
    match command {
        Command::StartStream(_) => {
            let spread = leg.as_str().bytes();
            Patience::Listener(spread.fold(0, |sum, byte| sum * 31 % LEGS_APART + u64::from(byte)))
        }
        Command::Answer { .. }
        | Command::StopStream
        | Command::HangUp
        | Command::Reject(_)
        | Command::Speak { .. }
        | Command::Mark { .. }
        | Command::Transfer { .. }
        | Command::SendDtmf { .. } => Patience::Order,
    }
}

/// A prime: legs whose names differ hardly ever share a number.
const LEGS_APART: u64 = 1_000_003;

/// What a refusal means to us.
fn error_of(refusal: &Refusal) -> CarrierError {
    if refusal.is_leg_gone() {
        return CarrierError::Ended;
    }
    if refusal.is(ErrorCode::NotAnswered) {
        return CarrierError::NotAnswered;
    }
    if refusal.is(ErrorCode::AlreadyStreaming) {
        return CarrierError::Streaming;
    }
    match refusal.status {
        401 | 403 => CarrierError::Unauthorized,
        429 => CarrierError::Throttled,
        status @ (408 | 409 | 500..=599) => CarrierError::Faulty { status },
        status => {
            let code = refusal.errors.first().and_then(|error| error.code.parse().ok());
            CarrierError::Refused { status, code: code.unwrap_or(0) }
        }
    }
}

fn mark_of(call: &CallState<'_>) -> super::carrier::LegMark {
    mark(call.leg.client_state.as_ref().map(|state| &**state.reveal()))
}

fn active_call(call: &CallState<'_>) -> Option<ActiveCall> {
    let seconds = u32::try_from(call.duration_seconds.unwrap_or(0)).unwrap_or(u32::MAX / 1_000);
    Some(ActiveCall {
        leg: LegName::new(call.leg.call_control_id.as_deref()?),
        mark: mark_of(call),
        age: Millis::from_secs(seconds.min(u32::MAX / 1_000)),
    })
}

/// `command` in the carrier's words.
fn request<'a>(leg: &'a LegName, command: &'a Command) -> Request<'a> {
    let act = |action| Request::act(leg.as_str(), action);
    let marked =
        |request: Request<'a>, state: &ClientState| request.with_client_state(encode_state(state));
    match command {
        Command::Answer { state, stream } => {
            let stream = stream.as_ref().map(|order| stream_of(order));
            let answer = Answer { stream, send_silence_when_idle: Some(true), ..Answer::default() };
            marked(act(Action::Answer(Box::new(answer))), state)
        }
        Command::StartStream(order) => {
            marked(act(Action::StreamingStart(Box::new(stream_of(order)))), &order.state)
        }
        Command::StopStream => act(Action::StreamingStop { stream_id: None }),
        Command::HangUp => act(Action::Hangup),
        Command::Reject(cause) => act(Action::Reject { cause: wire_cause(*cause) }),
        Command::Speak { text, voice, language } => {
            let (text, voice) = (text.as_str().into(), voice.as_str().into());
            let language = Some(language.as_str().into());
            act(Action::Speak(Box::new(Speak { text, voice, language })))
        }
        Command::Mark { state } => marked(act(Action::UpdateClientState), state),
        Command::Transfer { to, ring, state } => {
            let transfer = Transfer {
                to: Pii::new(to.to_string().into()),
                timeout_seconds: Some(u64::from(ring.get() / 1_000)),
                target_leg_client_state: Some(Pii::new(encode_state(state).into())),
                ..Transfer::default()
            };
            marked(act(Action::Transfer(Box::new(transfer))), state)
        }
        Command::SendDtmf { digits } => {
            let digits = Pii::new(digits.as_str().into());
            act(Action::SendDtmf { digits, duration_ms: None })
        }
    }
}

fn stream_of(order: &StreamOrder) -> Stream<'_> {
    let codec = StreamCodec::of_encoding(order.format.encoding);
    Stream {
        url: Pii::new(order.url.as_str().into()),
        track: Some(StreamTrack::Inbound),
        codec,
        // The carrier's default would drop what we send without a word (telnyx.md §5.1).
        mode: Some(StreamMode::Rtp),
        bidirectional_codec: codec,
        sampling_rate: Some(u64::from(order.format.rate.hz())),
        target_legs: Some(TargetLegs::Own),
        auth_token: Some(Secret::new(order.token.expose().as_str().into())),
        custom_parameters: order
            .parameters
            .iter()
            .map(|(name, value)| Parameter {
                name: name.as_str().into(),
                value: Pii::new(value.as_str().into()),
            })
            .collect(),
    }
}

const fn wire_cause(cause: RejectCause) -> wire_command::RejectCause {
    match cause {
        RejectCause::Rejected => wire_command::RejectCause::CallRejected,
        RejectCause::Busy => wire_command::RejectCause::UserBusy,
        RejectCause::NotFound => wire_command::RejectCause::NotFound,
        RejectCause::Unavailable => wire_command::RejectCause::TemporarilyUnavailable,
    }
}
