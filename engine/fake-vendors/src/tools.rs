//! A business's own server of tools: answers as scripted, and keeps what it was asked.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use types::Millis;

/// How a tool answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolAnswer {
    /// With this status and body, after so long.
    Says {
        /// The status.
        status: u16,
        /// The body.
        body: String,
        /// How long it takes.
        after: Millis,
    },
    /// Not at all: the connection ends.
    Breaks,
    /// With a redirect to this address.
    Redirects {
        /// Where to.
        to: String,
    },
    /// Never.
    Hangs,
}

impl ToolAnswer {
    /// At once, with status 200.
    pub fn says(body: &str) -> Self {
        Self::Says { status: 200, body: body.to_owned(), after: Millis::ZERO }
    }
}

/// What a tool was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl ToolRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server of tools. Dropping it ends it.
#[derive(Debug)]
pub struct FakeTools {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    answers: Mutex<VecDeque<ToolAnswer>>,
    requests: Mutex<Vec<ToolRequest>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest request that is taken.
const BODY_BYTES_MAX: usize = 1 << 20;

impl FakeTools {
    /// Starts serving on this runtime, at a free port of this machine.
    ///
    /// # Errors
    /// What the system says if there is none.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move {
            // It ends with its task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, task })
    }

    /// Its address, with `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next requests get `answers`, in this order; all others an empty object.
    pub fn set_answers(&self, answers: impl IntoIterator<Item = ToolAnswer>) {
        *lock(&self.shared.answers) = answers.into_iter().collect();
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<ToolRequest> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for FakeTools {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let headers = head.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    lock(&shared.requests).push(ToolRequest {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let next = lock(&shared.answers).pop_front();
    match next.unwrap_or_else(|| ToolAnswer::says("{}")) {
        ToolAnswer::Says { status, body, after } => {
            tokio::time::sleep(std::time::Duration::from_millis(after.get().into())).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, body).into_response()
        }
        ToolAnswer::Breaks => {
            let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(io::Error::from(
                io::ErrorKind::ConnectionReset,
            ))]);
            Body::from_stream(broken).into_response()
        }
        ToolAnswer::Redirects { to } => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response()
        }
        ToolAnswer::Hangs => std::future::pending().await,
    }
}
