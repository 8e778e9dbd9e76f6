//! The carrier's REST API.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;
use types::{E164, Millis, Pii};
use wire::telnyx::command::{
    self, COMMAND_BODY_BYTES_MAX, COMMAND_ID_SECONDS, Command, CommandError, Dial, Method, Request,
};
use wire::telnyx::reply::{
    self, ActiveCalls, ApiError, Application, CallState, ErrorCode, Number, Numbers, Reply,
};
use wire::telnyx::webhook::{Direction, Envelope};

use super::clock::duration;
use super::dice::{About, dice};
use super::faults::RestOutcome;
use super::ledger::{Happened, Verdict};
use super::leg::Callee;
use super::options::{RingPlan, Way};
use super::order::StreamOrder;
use super::seat::{Answer, Input, Seat};
use super::server::Shared;

/// Live legs on a page unless asked otherwise, and at most.
const PAGE_DEFAULT: u64 = 20;
const PAGE_MAX: u64 = 250;

/// How long a request that is never answered is held open.
const SILENCE: Millis = Millis::from_secs(60);

/// Verbs and dials remembered at most.
const DIALS_MAX: usize = 1_024;

pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let router = Router::new().fallback(handle).with_state(shared);
    // Serving ends with the task only.
    let _ = axum::serve(listener, router).await;
}

/// A refusal: a status, a code and what is wrong.
struct Problem {
    status: StatusCode,
    error: ApiError,
    retry_after: Option<u32>,
}

impl Problem {
    fn of(code: ErrorCode) -> Self {
        let status = match code {
            ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::TooManyRequests | ErrorCode::TooManyDials => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
            ErrorCode::BadCallControlId
            | ErrorCode::AlreadyEnded
            | ErrorCode::NotAnswered
            | ErrorCode::RecordingTooEarly
            | ErrorCode::BadClientState
            | ErrorCode::BadDigits
            | ErrorCode::BadTimeLimit
            | ErrorCode::AccountChannels
            | ErrorCode::ProfileChannels
            | ErrorCode::ConnectionChannels
            | ErrorCode::AlreadyStreaming
            | ErrorCode::StreamingFailed
            | ErrorCode::NotStreaming
            | ErrorCode::BadWebhookUrls
            | ErrorCode::AnswerOnOutgoing
            | ErrorCode::NotE164
            | ErrorCode::AccountLevel => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, error: ApiError::new(code, title(code)), retry_after: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Vec::new();
        reply::encode_errors(&[self.error], &mut body);
        let mut response = json(self.status, body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    match answer(&shared, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(shared: &Arc<Shared>, request: HttpRequest) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    authorize(shared, &head.headers)?;
    let method = match head.method {
        HttpMethod::GET => Method::Get,
        HttpMethod::POST => Method::Post,
        HttpMethod::PUT => Method::Put,
        _ => return Err(Problem::of(ErrorCode::NotFound)),
    };
    let body = to_bytes(body, COMMAND_BODY_BYTES_MAX).await;
    let body = body.map_err(|_| Problem::of(ErrorCode::BadRequest))?.to_vec();
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let path = path.strip_prefix("/v2").ok_or(Problem::of(ErrorCode::NotFound))?;
    let request = command::decode(method, path, &body).map_err(wrong)?;
    let fault = fault(shared, &request);
    if let Some(outcome) = fault
        && let Some(response) = spoil(shared, &request, outcome).await
    {
        return Ok(response);
    }
    let reply = carry_out(shared, &request, (method, path, &body)).await;
    match fault {
        Some(RestOutcome::ReplyLost) => Ok(silence().await),
        Some(RestOutcome::Slow(span)) => {
            sleep(duration(span)).await;
            reply
        }
        Some(_) | None => reply,
    }
}

fn authorize(shared: &Shared, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(key) = &shared.options.api_key else { return Ok(()) };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = value.and_then(|value| value.strip_prefix("Bearer "));
    let is_right = bearer.is_some_and(|bearer| bearer == key.expose());
    if is_right { Ok(()) } else { Err(Problem::of(ErrorCode::Unauthorized)) }
}

/// What goes wrong with this command, if anything.
fn fault(shared: &Shared, request: &Request<'_>) -> Option<RestOutcome> {
    let verb = request.verb();
    let n = {
        let mut counts = shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(verb.to_owned()).or_default();
        *count += 1;
        *count
    };
    let faults = &shared.options.faults;
    let leg = request.command.call_control_id().and_then(|name| shared.seat(name));
    let number = leg.map_or(0, |seat| seat.number);
    // Which command of this verb it is decides, and on which leg: not what else happened.
    let salt = verb.bytes().fold(n, |salt, byte| salt.wrapping_mul(131) ^ u64::from(byte));
    let mut dice = dice(faults.seed, About::Rest, number, salt);
    faults.rest.iter().find(|fault| fault.happens(verb, n, &mut dice)).map(|fault| fault.outcome)
}

/// The answer to a command that is not carried out; `None` if it is, whatever becomes of the reply.
async fn spoil(shared: &Shared, request: &Request<'_>, outcome: RestOutcome) -> Option<Response> {
    if let Some(seat) = request.command.call_control_id().and_then(|name| shared.seat(name)) {
        let command_id = request.command_id.as_deref().map(str::to_owned);
        let verb = request.verb().to_owned();
        let what = Happened::Command { verb, command_id, verdict: Verdict::Faulted };
        seat.note(shared.clock.now(), what);
    }
    match outcome {
        RestOutcome::Refused(code) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Some(Problem { status, ..Problem::of(code) }.into_response())
        }
        RestOutcome::TooMany { retry_after } => {
            let problem = Problem::of(ErrorCode::TooManyRequests);
            Some(Problem { retry_after, ..problem }.into_response())
        }
        RestOutcome::Broken { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some((status, "<html>something broke</html>").into_response())
        }
        RestOutcome::Swallowed => Some(silence().await),
        RestOutcome::ReplyLost | RestOutcome::Slow(_) => None,
    }
}

/// An answer that whoever asked no longer waits for.
async fn silence() -> Response {
    sleep(duration(SILENCE)).await;
    StatusCode::GATEWAY_TIMEOUT.into_response()
}

async fn carry_out(
    shared: &Arc<Shared>,
    request: &Request<'_>,
    (method, path, body): (Method, &str, &[u8]),
) -> Result<Response, Problem> {
    match &request.command {
        Command::Act { call_control_id, .. } => {
            let seat = known(shared, call_control_id)?;
            let (reply, answer) = oneshot::channel();
            let (path, body) = (path.to_owned(), body.to_vec());
            let input = Input::Command { method, path, body, reply };
            let sent = seat.inputs.send(input).await.is_ok();
            let answer = if sent { answer.await.ok() } else { None };
            match answer.unwrap_or(Answer::Refused(ErrorCode::AlreadyEnded)) {
                // A repeated command is ignored; its reply is not documented (telnyx.md §3.2).
                Answer::Done | Answer::Repeated => Ok(written(&Reply::Accepted)),
                Answer::Refused(code) => {
                    if !sent {
                        note_late(shared, &seat, request, code);
                    }
                    Err(Problem::of(code))
                }
            }
        }
        Command::Dial(dial) => dialed(shared, request, dial),
        Command::GetCall { call_control_id } => {
            let seat = known(shared, call_control_id)?;
            let call = seat.board().to_wire(shared.clock.now());
            Ok(written(&Reply::Call(call)))
        }
        Command::ActiveCalls { connection_id, after, limit } => {
            active_calls(shared, connection_id, after.as_deref(), *limit)
        }
        Command::GetApplication { connection_id } => application(shared, connection_id),
        Command::ListNumbers { connection_id, page, limit } => {
            Ok(numbers(shared, connection_id, *page, *limit))
        }
    }
}

/// A command for a leg that is over.
fn note_late(shared: &Shared, seat: &Seat, request: &Request<'_>, code: ErrorCode) {
    let command_id = request.command_id.as_deref().map(str::to_owned);
    let verb = request.verb().to_owned();
    let what = Happened::Command { verb, command_id, verdict: Verdict::Refused(code) };
    seat.note(shared.clock.now(), what);
}

fn known(shared: &Shared, call_control: &str) -> Result<Seat, Problem> {
    shared.seat(call_control).ok_or_else(|| Problem::of(ErrorCode::BadCallControlId))
}

fn dialed(
    shared: &Arc<Shared>,
    request: &Request<'_>,
    dial: &Dial<'_>,
) -> Result<Response, Problem> {
    let now = shared.clock.now();
    if let Some(id) = request.command_id.as_deref()
        && let Some(name) = dialed_before(shared, id)
    {
        let call = shared.seat(&name).map(|seat| seat.board().to_wire(now));
        return Ok(written(&Reply::Dialed(call.unwrap_or_default())));
    }
    let number = |text: &Pii<Cow<'_, str>>| text.reveal().parse::<E164>();
    let to = number(&dial.to).map_err(|_| Problem::of(ErrorCode::NotE164))?;
    let from = number(&dial.from).map_err(|_| Problem::of(ErrorCode::NotE164))?;
    let callee = match shared.options.callee {
        Some(_) => Callee::Answers,
        None => Callee::DoesNot,
    };
    let nobody = || crate::CallPlan::new("", to, crate::Script::default());
    let mut call = shared.options.callee.clone().unwrap_or_else(nobody);
    call.to = to;
    call.from = Some(from);
    let stream = dial.stream.as_ref().map(|stream| StreamOrder::of(stream, call.codec));
    let seconds = dial.timeout_seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let plan = RingPlan {
        call,
        way: Way::CallControl,
        patience: Millis::from_secs(seconds.unwrap_or(30)),
        tags: Vec::new(),
    };
    let leg = shared
        .ring(plan, Direction::Outgoing, Some((callee, stream)))
        .map_err(|_| Problem::of(ErrorCode::AccountChannels))?;
    let name = leg.call_control_id();
    if let Some(id) = request.command_id.as_deref() {
        let mut dials = shared.dials.lock().unwrap_or_else(PoisonError::into_inner);
        if dials.len() == DIALS_MAX {
            dials.pop_front();
        }
        dials.push_back((now, id.to_owned(), name.clone()));
    }
    let call = shared.seat(&name).map(|seat| seat.board().to_wire(now)).unwrap_or_default();
    Ok(written(&Reply::Dialed(CallState { is_alive: Some(false), ..call })))
}

/// The leg dialed under this command id.
fn dialed_before(shared: &Shared, id: &str) -> Option<String> {
    let now = shared.clock.now();
    let mut dials = shared.dials.lock().unwrap_or_else(PoisonError::into_inner);
    dials.retain(|(at, ..)| now.since(*at) < Millis::from_secs(COMMAND_ID_SECONDS));
    dials.iter().find(|(_, known, _)| known == id).map(|(.., name)| name.clone())
}

/// How the application is set up.
fn application(shared: &Shared, connection: &str) -> Result<Response, Problem> {
    let options = &shared.options;
    if connection != options.connection_id {
        return Err(Problem::of(ErrorCode::NotFound));
    }
    let version = match options.envelope {
        Envelope::V1 => "1",
        Envelope::V2 => "2",
    };
    Ok(written(&Reply::Application(Application {
        id: Some(connection.to_owned().into()),
        name: Some("fake carrier".into()),
        active: Some(true),
        webhook_url: Some(options.webhook_url.clone().into()),
        webhook_api_version: Some(version.into()),
    })))
}

/// A page of the numbers that ring the application; those of another are none.
fn numbers(shared: &Shared, connection: &str, page: u64, limit: u64) -> Response {
    let options = &shared.options;
    let all: &[E164] = if connection == options.connection_id { &options.numbers } else { &[] };
    let limit = limit.clamp(1, PAGE_MAX) as usize;
    let skipped = (page.saturating_sub(1) as usize).saturating_mul(limit);
    let number = |number: &E164| Number {
        number: Some(Pii::new(number.to_string().into())),
        connection_id: Some(connection.to_owned().into()),
        status: Some("active".into()),
    };
    let numbers = all.iter().skip(skipped).take(limit).map(number).collect();
    let pages = Some(all.len().div_ceil(limit) as u64);
    written(&Reply::Numbers(Numbers { numbers, pages }))
}

/// A page of live legs, in order of their beginning; the cursor is the last one's number.
fn active_calls(
    shared: &Shared,
    connection: &str,
    after: Option<&str>,
    limit: Option<u64>,
) -> Result<Response, Problem> {
    if connection != shared.options.connection_id {
        return Err(Problem::of(ErrorCode::NotFound));
    }
    let after = after.map(|after| after.strip_prefix("v1:").and_then(|n| n.parse::<u64>().ok()));
    let after = match after {
        Some(Some(after)) => after,
        Some(None) => return Err(Problem::of(ErrorCode::BadRequest)),
        None => 0,
    };
    let live = shared.live();
    let limit = limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX) as usize;
    let mut rest = live.iter().filter(|seat| after < seat.number);
    let page: Vec<&Seat> = rest.by_ref().take(limit).collect();
    let now = shared.clock.now();
    let cursor = page.last().filter(|_| rest.next().is_some());
    Ok(written(&Reply::ActiveCalls(ActiveCalls {
        calls: page.iter().map(|seat| seat.board().to_wire(now)).collect(),
        after: cursor.map(|seat| Cow::Owned(format!("v1:{}", seat.number))),
        total: Some(live.len() as u64),
    })))
}

fn wrong(error: CommandError) -> Problem {
    match error {
        CommandError::NoSuchPath => Problem::of(ErrorCode::NotFound),
        CommandError::Malformed { .. } => Problem::of(ErrorCode::BadRequest),
        CommandError::Invalid { field: "digits" } => Problem::of(ErrorCode::BadDigits),
        CommandError::Missing { .. } | CommandError::Invalid { .. } => {
            let mut problem = Problem::of(ErrorCode::BadRequest);
            problem.status = StatusCode::UNPROCESSABLE_ENTITY;
            problem.error.detail = Pii::new(error.to_string());
            problem
        }
    }
}

fn written(reply: &Reply<'_>) -> Response {
    let mut body = Vec::new();
    reply::encode(reply, &mut body);
    json(StatusCode::OK, body)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadCallControlId => "Invalid call control ID",
        ErrorCode::AlreadyEnded => "Call has already ended",
        ErrorCode::NotAnswered => "Call has not been answered yet",
        ErrorCode::RecordingTooEarly => "Recording cannot start before there is audio",
        ErrorCode::BadClientState => "Client state must be base64",
        ErrorCode::BadDigits => "Invalid DTMF digits",
        ErrorCode::BadTimeLimit => "Invalid time limit",
        ErrorCode::AccountChannels => "User channel limit exceeded",
        ErrorCode::ProfileChannels => "Outbound profile channel limit exceeded",
        ErrorCode::ConnectionChannels => "Connection channel limit exceeded",
        ErrorCode::AlreadyStreaming => "Not while media streaming is used",
        ErrorCode::StreamingFailed => "Media streaming failed",
        ErrorCode::NotStreaming => "Only while media streaming is used",
        ErrorCode::BadWebhookUrls => "Invalid webhook URLs",
        ErrorCode::AnswerOnOutgoing => "Outgoing calls cannot be answered",
        ErrorCode::TooManyDials => "Dials per second limit exceeded",
        ErrorCode::Unauthorized => "Authentication failed",
        ErrorCode::Forbidden => "Authorization failed",
        ErrorCode::TooManyRequests => "Too many requests",
        ErrorCode::BadRequest => "Bad request",
        ErrorCode::NotE164 => "Invalid phone number",
        ErrorCode::AccountLevel => "Not allowed at this account level",
        ErrorCode::NotFound => "Resource not found",
    }
}
