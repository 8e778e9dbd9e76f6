//! Talking to the control port of a running engine.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use types::Secret;

use crate::listen::tls::install_provider;

/// The longest an answer may take: calls that do not show themselves take half a second.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The largest answer taken: a thousand calls, or every business of a node.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Which engine, and how it lets us in.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Where {
    /// The control port of the engine.
    #[arg(
        long,
        value_name = "URL",
        env = "APEX_CONTROL_URL",
        default_value = "http://127.0.0.1:8701"
    )]
    control: String,
    /// The token it wants, if it wants one.
    #[arg(long, value_name = "TOKEN", env = "APEX_CONTROL_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// This.
    Here(T),
    /// There is no such thing.
    Absent,
}

/// A running engine, as far as we can tell.
pub(crate) struct Control {
    client: reqwest::Client,
    base: Url,
    token: Option<Secret<String>>,
    runtime: tokio::runtime::Runtime,
}

impl Control {
    /// The engine at `place`. Nothing is asked yet.
    ///
    /// # Errors
    /// What to tell the user.
    pub(crate) fn new(place: &Where) -> Result<Self, String> {
        install_provider();
        let shown = &place.control;
        let base: Url = shown.parse().map_err(|error| format!("--control {shown}: {error}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(format!("--control {shown}: write http://ADDRESS:PORT"));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("the system gives no more: {error}"))?;
        let client = reqwest::Client::builder()
            .timeout(ANSWER_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            // The port is one of ours, most often on this machine.
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, base, token: place.token.clone().map(Secret::new), runtime })
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// What to tell the user.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Answer<T>, String> {
        match self.send(Method::GET, path, &[])? {
            Answer::Here(bytes) => serde_json::from_slice(&bytes)
                .map(Answer::Here)
                .map_err(|error| format!("{} answers oddly: {error}", self.base)),
            Answer::Absent => Ok(Answer::Absent),
        }
    }

    /// Orders something.
    ///
    /// # Errors
    /// What to tell the user.
    pub(crate) fn post(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer<()>, String> {
        Ok(match self.send(Method::POST, path, query)? {
            Answer::Here(_) => Answer::Here(()),
            Answer::Absent => Answer::Absent,
        })
    }

    fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer<Vec<u8>>, String> {
        let mut url = self.base.clone();
        // Segment by segment: an id is never part of a path.
        url.path_segments_mut()
            .map_err(|()| format!("{} is no base of a path", self.base))?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            let mut bytes = Vec::new();
            while let Some(chunk) =
                response.chunk().await.map_err(|error| self.unreachable(&error))?
            {
                if ANSWER_BYTES_MAX < bytes.len() + chunk.len() {
                    return Err(format!("{} says too much", self.base));
                }
                bytes.extend_from_slice(&chunk);
            }
            match status {
                StatusCode::NOT_FOUND => Ok(Answer::Absent),
                status if status.is_success() => Ok(Answer::Here(bytes)),
                StatusCode::UNAUTHORIZED => Err(format!(
                    "{} wants its token: set APEX_CONTROL_TOKEN, or pass --token",
                    self.base
                )),
                status => {
                    let text = String::from_utf8_lossy(&bytes);
                    Err(format!("{} answers {status}: {}", self.base, text.trim()))
                }
            }
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        let base = &self.base;
        if error.is_connect() {
            format!("no engine answers at {base}: is `apex serve` running? set --control URL")
        } else if error.is_timeout() {
            format!("{base} does not answer within {} s", ANSWER_LIMIT.as_secs())
        } else {
            format!("{base}: {error}")
        }
    }
}
