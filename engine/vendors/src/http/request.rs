//! One request and its answer.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};
use tokio::time::timeout;
use types::{Millis, Secret, VendorName};
use vendor::{Phase, VendorError};

use crate::clock::duration;
use crate::net::{CONNECT_WAIT, Net};

/// How long each phase of an answer may take. Connecting has its own limit, [`CONNECT_WAIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the request to the head of the answer.
    pub first_byte: Millis,
    /// From one piece of the answer to the next.
    pub between_bytes: Millis,
}

impl Patience {
    /// What a caller bears: a model that has not begun within 4 s, or falls silent for 3 s, has
    /// failed; the engine's own patience with a brain ends at 5 s.
    pub const STANDARD: Self =
        Self { first_byte: Millis::new(4_000), between_bytes: Millis::new(3_000) };
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where; holds no key.
    pub url: Url,
    /// Sent along; keys stand here.
    pub headers: Vec<(HeaderName, Secret<String>)>,
    /// The body, JSON; none for a request without one.
    pub body: Option<Vec<u8>>,
}

/// The head of an answer, and the way to its body.
pub struct Answer {
    vendor: VendorName,
    patience: Patience,
    response: Response,
}

/// Sends `request` through `net`'s client.
///
/// # Errors
/// [`VendorError`] if no answer begins in time. An answer that refuses is an [`Answer`].
pub async fn send(
    net: &Net,
    vendor: VendorName,
    request: Request,
    patience: Patience,
) -> Result<Answer, VendorError> {
    let mut builder = net.http().request(request.method, request.url);
    for (name, value) in request.headers {
        let bad = |_| VendorError::BadRequest { vendor, reason: format!("header {name}") };
        let mut value = HeaderValue::from_str(value.expose()).map_err(bad)?;
        value.set_sensitive(true);
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        let json = HeaderValue::from_static("application/json");
        builder = builder.header(reqwest::header::CONTENT_TYPE, json).body(body);
    }
    match timeout(duration(patience.first_byte), builder.send()).await {
        Ok(Ok(response)) => Ok(Answer { vendor, patience, response }),
        Ok(Err(error)) => Err(transport(vendor, &error)),
        Err(_) => {
            let (phase, limit) = (Phase::FirstByte, patience.first_byte);
            Err(VendorError::Timeout { vendor, phase, limit })
        }
    }
}

/// Opens a connection to `url`'s host, or finds one open, so that the next request need not.
///
/// What the vendor answers does not matter, and neither does a failure: the request will tell.
pub async fn warm(net: &Net, url: Url, headers: Vec<(HeaderName, Secret<String>)>) {
    let mut builder = net.http().head(url);
    for (name, value) in headers {
        let Ok(mut value) = HeaderValue::from_str(value.expose()) else { return };
        value.set_sensitive(true);
        builder = builder.header(name, value);
    }
    let _ = timeout(duration(CONNECT_WAIT), builder.send()).await;
}

/// The rest of a body, at most `limit` bytes of it; the time for all of it is `patience`'s for
/// the first byte.
///
/// # Errors
/// [`VendorError`] if the connection breaks or the time is over.
pub async fn read_to_end(mut answer: Answer, limit: usize) -> Result<Vec<u8>, VendorError> {
    let (vendor, patience) = (answer.vendor, answer.patience);
    let read = async {
        let mut body = Vec::new();
        while let Some(bytes) = answer.next().await? {
            let space = limit.saturating_sub(body.len());
            body.extend_from_slice(&bytes[..space.min(bytes.len())]);
            if body.len() == limit {
                break;
            }
        }
        Ok(body)
    };
    match timeout(duration(patience.first_byte), read).await {
        Ok(body) => body,
        Err(_) => {
            let (phase, limit) = (Phase::BetweenBytes, patience.first_byte);
            Err(VendorError::Timeout { vendor, phase, limit })
        }
    }
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece of the body; `None` at its end. May be dropped at any await; dropping the
    /// answer ends the stream.
    ///
    /// # Errors
    /// [`VendorError`] if the connection breaks, or nothing comes for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, VendorError> {
        let vendor = self.vendor;
        let limit = self.patience.between_bytes;
        match timeout(duration(limit), self.response.chunk()).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(transport(vendor, &error)),
            Err(_) => Err(VendorError::Timeout { vendor, phase: Phase::BetweenBytes, limit }),
        }
    }
}

/// The library's error, without its text: that names the address, and may hold more.
fn transport(vendor: VendorName, error: &reqwest::Error) -> VendorError {
    if error.is_timeout() && error.is_connect() {
        return VendorError::Timeout { vendor, phase: Phase::Connect, limit: CONNECT_WAIT };
    }
    if error.is_builder() {
        return VendorError::BadRequest { vendor, reason: "no such request".to_owned() };
    }
    VendorError::Transport { vendor }
}
