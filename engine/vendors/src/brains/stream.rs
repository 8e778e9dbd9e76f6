//! One request's streamed reply, read piece by piece, its tokens counted whatever becomes of it.

use std::collections::VecDeque;
use std::sync::Arc;

use types::{Millis, VendorName};
use vendor::VendorError;
use wire::chat::{Decoder, Delta, Fault, TokenUsage};
use wire::sse::Parser;

use super::family::{Family, Prompt};
use crate::clock::duration;
use crate::http::{Answer, Patience, Request, read_to_end, send};
use crate::net::Net;
use crate::refusal::retry_after;
use crate::usage::{Meter, Unit, tokens_in};

/// Where requests go.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) net: Net,
    pub(crate) vendor: VendorName,
    pub(crate) family: Arc<dyn Family>,
    pub(crate) patience: Patience,
    pub(crate) meter: Arc<Meter>,
}

/// A reply on its way.
pub(crate) struct Stream {
    vendor: VendorName,
    answer: Answer,
    parser: Parser,
    decoder: Box<dyn Decoder>,
    ready: VecDeque<Delta>,
    tally: Tally,
    is_over: bool,
}

/// Counts a request's tokens: as we estimate while it is under way, as the vendor told when it is over.
struct Tally {
    meter: Arc<Meter>,
    read: u64,
    written: u64,
    told: Option<TokenUsage>,
    is_whole: bool,
}

impl Tally {
    /// A request of about `read` tokens is sent: it has been read, unless it is refused.
    fn begin(meter: Arc<Meter>, read: u64) -> Self {
        meter.estimate(Unit::TokensIn, read);
        Self { meter, read, written: 0, told: None, is_whole: false }
    }

    fn wrote(&mut self, text: &str) {
        let tokens = tokens_in(text);
        self.meter.estimate(Unit::TokensOut, tokens);
        self.written += tokens;
    }

    /// Nobody bills a refusal.
    fn refused(mut self) {
        self.meter.retract(Unit::TokensIn, std::mem::take(&mut self.read));
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        // Of a stream that told nothing the estimates stand.
        let Some(told) = self.told else { return };
        self.meter.retract(Unit::TokensIn, self.read);
        self.meter.count(Unit::TokensIn, told.input + told.cache_written);
        self.meter.count(Unit::TokensCached, told.cached);
        if self.is_whole {
            self.meter.retract(Unit::TokensOut, self.written);
            self.meter.count(Unit::TokensOut, told.output);
        } else {
            // What is read is known as soon as anything was told; what was written is not.
            let more = told.output.saturating_sub(self.written);
            self.meter.estimate(Unit::TokensOut, more);
        }
    }
}

/// Why no reply began: with the vendor's own kind of fault, which tells more than the error.
#[derive(Debug)]
pub(crate) struct NoStream {
    pub(crate) error: VendorError,
    pub(crate) fault: Option<Fault>,
    should_retry: bool,
}

impl Line {
    /// Asks for a reply to `prompt`; once more if the vendor fails quickly and another try may
    /// help.
    pub(crate) async fn ask(&self, prompt: &Prompt) -> Result<Stream, NoStream> {
        let began = tokio::time::Instant::now();
        match self.ask_once(prompt).await {
            Err(failed) if failed.should_retry => {
                let waited = crate::clock::since(tokio::time::Instant::now(), began);
                let pause = failed.error.retry_after().unwrap_or(RETRY_PAUSE);
                if RETRY_WITHIN < waited + pause {
                    return Err(failed);
                }
                tokio::time::sleep(duration(pause)).await;
                self.ask_once(prompt).await
            }
            other => other,
        }
    }

    async fn ask_once(&self, prompt: &Prompt) -> Result<Stream, NoStream> {
        let request = self.family.request(prompt);
        let read = request.body.as_ref().map_or(0, |body| body.len().div_ceil(4) as u64);
        self.meter.count(Unit::Requests, 1);
        // From here on a cancel leaves a request behind that has been sent.
        let tally = Tally::begin(self.meter.clone(), read);
        let answer = match self.send(request).await {
            Ok(answer) => answer,
            Err(failed) => {
                tally.refused();
                return Err(failed);
            }
        };
        Ok(Stream {
            vendor: self.vendor,
            answer,
            parser: Parser::default(),
            decoder: self.family.decoder(),
            ready: VecDeque::new(),
            tally,
            is_over: false,
        })
    }

    async fn send(&self, request: Request) -> Result<Answer, NoStream> {
        let failed = |error: VendorError| {
            let should_retry = matches!(error, VendorError::Transport { .. });
            NoStream { error, fault: None, should_retry }
        };
        let answer = send(&self.net, self.vendor, request, self.patience).await.map_err(failed)?;
        let status = answer.status();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let retry_after = retry_after(answer.headers());
        let told = answer.headers().get("x-should-retry").map(|value| value.as_bytes() == b"true");
        // A refusal that cannot be read is still one.
        let body = read_to_end(answer, REFUSAL_BYTES_MAX).await.unwrap_or_default();
        let fault = self.family.fault(status, &body);
        let error = error_of(self.vendor, fault, status, retry_after);
        let by_status = matches!(status, 408 | 409 | 429 | 500..);
        // A quota stays used up and a key stays wrong, whatever the status.
        let is_hopeless = matches!(fault, Fault::Quota | Fault::Auth);
        let should_retry = told.unwrap_or(by_status) && !is_hopeless;
        Err(NoStream { error, fault: Some(fault), should_retry })
    }

    /// Sends what makes the first request faster; what comes of it does not matter.
    pub(crate) async fn warm(&self, prompt: &Prompt) {
        let Some(request) = self.family.warm(prompt) else { return };
        if request.body.is_none() {
            return crate::http::warm(&self.net, request.url, request.headers).await;
        }
        self.meter.count(Unit::Requests, 1);
        let patient = Self { patience: WARM_PATIENCE, ..self.clone() };
        if let Ok(answer) = patient.send(request).await {
            // The connection goes back to the pool once it has been read to its end.
            if let Ok(body) = read_to_end(answer, REFUSAL_BYTES_MAX).await {
                self.count_warm(&body);
            }
        }
    }

    /// Opens a connection anew; the cache is as warm as it was.
    pub(crate) async fn reconnect(&self) {
        let host = self.family.host();
        crate::http::warm(&self.net, host, Vec::new()).await;
    }

    /// What filling the cache cost, if the answer says so.
    fn count_warm(&self, body: &[u8]) {
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else {
            return self.count_warm_stream(body);
        };
        let told = |key: &str| body.pointer(&format!("/usage/{key}")).and_then(|n| n.as_u64());
        let written = told("cache_creation_input_tokens").unwrap_or(0);
        self.meter.count(Unit::TokensIn, told("input_tokens").unwrap_or(0) + written);
        self.meter.count(Unit::TokensCached, told("cache_read_input_tokens").unwrap_or(0));
    }
}

impl Line {
    /// The same for an answer that came as a stream.
    fn count_warm_stream(&self, body: &[u8]) {
        let (mut parser, mut decoder) = (Parser::default(), self.family.decoder());
        let mut told = Vec::new();
        if parser.push(body).is_err() {
            return;
        }
        while let Some(event) = parser.poll() {
            if decoder.event(&event, &mut told).is_err() {
                return;
            }
        }
        let usage = told.iter().rev().find_map(|delta| match delta {
            Delta::Usage(usage) => Some(*usage),
            Delta::Text(_)
            | Delta::Call(_)
            | Delta::Opaque(_)
            | Delta::Finish(_)
            | Delta::Fault(_)
            | Delta::End => None,
        });
        let usage = usage.unwrap_or_default();
        self.meter.count(Unit::TokensIn, usage.input + usage.cache_written);
        self.meter.count(Unit::TokensCached, usage.cached);
        self.meter.count(Unit::TokensOut, usage.output);
    }
}

impl Stream {
    /// The next piece; `None` after the end. May be dropped at any await.
    ///
    /// # Errors
    /// [`VendorError`] if the stream breaks off, makes no sense, or tells of a fault.
    pub(crate) async fn next(&mut self) -> Result<Option<Delta>, VendorError> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return self.note(delta);
            }
            if self.is_over {
                return Ok(None);
            }
            match self.answer.next().await? {
                Some(bytes) => {
                    if self.parser.push(&bytes).is_err() {
                        return Err(self.malformed("an event without end"));
                    }
                    while let Some(event) = self.parser.poll() {
                        self.read(&event)?;
                    }
                }
                None => {
                    self.is_over = true;
                    if let Some(event) = self.parser.finish() {
                        self.read(&event)?;
                    }
                    let mut out = Vec::new();
                    self.decoder.end(&mut out);
                    self.ready.extend(out);
                }
            }
        }
    }

    fn read(&mut self, event: &wire::sse::Event) -> Result<(), VendorError> {
        let mut out = Vec::new();
        let read = self.decoder.event(event, &mut out);
        self.ready.extend(out);
        read.map_err(|_| self.malformed("an event that is no JSON object"))
    }

    fn malformed(&self, reason: &str) -> VendorError {
        VendorError::Malformed { vendor: self.vendor, reason: reason.to_owned() }
    }

    fn note(&mut self, delta: Delta) -> Result<Option<Delta>, VendorError> {
        match &delta {
            Delta::Text(text) => self.tally.wrote(text),
            Delta::Call(call) => self.tally.wrote(&call.arguments),
            Delta::Usage(usage) => self.tally.told = Some(*usage),
            Delta::End => {
                self.is_over = true;
                self.tally.is_whole = true;
                return Ok(None);
            }
            Delta::Fault(fault) => {
                self.is_over = true;
                return Err(error_of(self.vendor, *fault, 200, None));
            }
            Delta::Opaque(_) | Delta::Finish(_) => (),
        }
        Ok(Some(delta))
    }
}

fn error_of(
    vendor: VendorName,
    fault: Fault,
    status: u16,
    retry_after: Option<Millis>,
) -> VendorError {
    match fault {
        Fault::Auth => VendorError::Auth { vendor },
        Fault::Quota => VendorError::Quota { vendor },
        Fault::RateLimited => VendorError::RateLimited { vendor, retry_after },
        Fault::Overloaded | Fault::Internal | Fault::Timeout if status != 200 => {
            VendorError::Overloaded { vendor, retry_after }
        }
        Fault::Overloaded => VendorError::Overloaded { vendor, retry_after },
        // Within a stream: it broke off.
        Fault::Internal | Fault::Timeout => VendorError::Transport { vendor },
        Fault::Filtered => VendorError::ContentFiltered { vendor },
        Fault::TooLong => {
            VendorError::BadRequest { vendor, reason: "longer than the model's window".to_owned() }
        }
        Fault::NoSuchModel => {
            VendorError::BadRequest { vendor, reason: "no such model or address".to_owned() }
        }
        Fault::BadRequest => VendorError::BadRequest { vendor, reason: format!("status {status}") },
    }
}

/// What is read of a refusal.
const REFUSAL_BYTES_MAX: usize = 16 * 1_024;

/// How long a prompt may be read before it is needed: nobody waits for it, and a server of one's own
/// without a graphics card reads a hundred tokens a second.
const WARM_PATIENCE: Patience =
    Patience { first_byte: Millis::from_secs(60), between_bytes: Millis::from_secs(60) };

/// Before a second try, unless the vendor names a time.
const RETRY_PAUSE: Millis = Millis::new(50);

/// A second try begins within so long of the first one's beginning, or not at all: whoever asked
/// may have somebody else to ask.
const RETRY_WITHIN: Millis = Millis::new(500);
