//! The carrier: whether its API is there, takes our key, and whether our clocks agree.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use types::Secret;
use wire::telnyx::command::{Command, Request};
use wire::telnyx::reply::REPLY_BYTES_MAX;

use super::{Finding, Patient, account, reach};
use crate::config::{EngineConfig, FrontConfig};
use crate::listen::tls::install_provider;

/// The longest the carrier may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Whether calls of a carrier can be taken.
pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let front = &patient.config.front;
    if front.listen.is_none() {
        return vec![Finding::skipped(
            "carrier",
            "the front door is closed (front.listen = \"off\")",
        )];
    }
    let mut findings = vec![public_keys(front), media_url(front), reach::media(front)];
    match &patient.api_key {
        Some(key) => findings.extend(ask(&patient.config, key)),
        None => findings.push(Finding::skipped("carrier", "not asked: there is no key")),
    }
    findings
}

/// Whether webhooks can be believed. A key that does not parse stops the settings already.
fn public_keys(front: &FrontConfig) -> Finding {
    match front.public_keys.len() {
        0 => Finding::failed(
            "webhook keys",
            "none",
            "copy the public key from the portal (Keys & Credentials) into front.public_keys",
        ),
        count => {
            let keys = crate::cli::counted(count, "public key", "public keys");
            Finding::fine("webhook keys", format!("{keys} to verify webhooks with"))
        }
    }
}

/// Whether the carrier could stream to what we call ourselves.
fn media_url(front: &FrontConfig) -> Finding {
    let url = &front.media_url;
    let host = url.split("//").nth(1).unwrap_or_default();
    let is_here = ["localhost", "127.", "[::1]", "10.", "192.168."]
        .iter()
        .any(|start| host.starts_with(start));
    if is_here {
        return Finding::note(
            "media url",
            format!("{url} leads nowhere from the carrier"),
            "set front.media_url to what the internet calls the media port: wss://media.example.net",
        );
    }
    if url.starts_with("ws://") {
        let remedy = "the carrier streams in the clear: put TLS before it and write wss://";
        return Finding::note("media url", url.clone(), remedy);
    }
    Finding::fine("media url", url.clone())
}

/// What an answer of the carrier tells.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    /// Its clock, if it tells.
    date: Option<String>,
    /// Ours, in the middle of the exchange.
    at: Duration,
    pub(super) body: Vec<u8>,
}

/// Asks the carrier for things that change nothing.
fn ask(config: &EngineConfig, key: &Secret<String>) -> Vec<Finding> {
    let front = &config.front;
    let url = &front.api_url;
    let unreachable = |what: String| {
        let remedy = "check the network, a proxy, front.api_url";
        vec![Finding::failed("carrier", format!("{url} cannot be reached: {what}"), remedy)]
    };
    let asker = match Asker::new(front, key) {
        Ok(asker) => asker,
        Err(what) => return unreachable(what),
    };
    let Some(connection) = front.connections.first() else {
        return match asker.get("/call_control_applications?page%5Bsize%5D=1") {
            Ok(answered) => {
                let mut findings = judge(front, &answered);
                findings.push(Finding::note(
                    "application",
                    "front.connections is empty: nothing can be checked, nor swept",
                    "write the ids of the Call Control applications there (portal: Voice)",
                ));
                findings
            }
            Err(what) => unreachable(what),
        };
    };
    let first = match asker.application(connection) {
        Ok(answered) => answered,
        Err(what) => return unreachable(what),
    };
    let mut findings = judge(front, &first);
    if first.status.is_success() {
        findings.extend(account::applications(&asker, config, first));
        findings.extend(account::numbers(&asker, config));
    }
    findings
}

/// The carrier's API, asked one thing after another.
pub(super) struct Asker {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    api_url: String,
    key: Secret<String>,
}

impl Asker {
    fn new(front: &FrontConfig, key: &Secret<String>) -> Result<Self, String> {
        install_provider();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let client = reqwest::Client::builder()
            .timeout(ANSWER_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { runtime, client, api_url: front.api_url.clone(), key: key.clone() })
    }

    /// How the application `connection` is set up.
    pub(super) fn application(&self, connection: &str) -> Result<Answered, String> {
        let question = Command::GetApplication { connection_id: connection.into() };
        self.get(&Request::new(question).encode().path)
    }

    /// What the carrier answers to a question.
    ///
    /// # Errors
    /// Why there is no answer, without the address.
    pub(super) fn get(&self, path: &str) -> Result<Answered, String> {
        let url = format!("{}{path}", self.api_url);
        let began = SystemTime::now();
        let request = self.client.get(url).bearer_auth(self.key.expose().trim());
        self.runtime.block_on(async {
            // Its text would name the address once more, with everything in it.
            let lost = |error: reqwest::Error| match error.is_timeout() {
                true => "no answer in time".to_owned(),
                false => error.without_url().to_string(),
            };
            let mut response = request.send().await.map_err(lost)?;
            let half = began.elapsed().unwrap_or(Duration::ZERO) / 2;
            let at = (began + half).duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            let date = response.headers().get(reqwest::header::DATE);
            let date = date.and_then(|date| date.to_str().ok()).map(str::to_owned);
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await.map_err(lost)? {
                if REPLY_BYTES_MAX < body.len() + piece.len() {
                    return Err("it says too much".to_owned());
                }
                body.extend_from_slice(&piece);
            }
            Ok(Answered { status: response.status(), date, at, body })
        })
    }
}

fn judge(front: &FrontConfig, answered: &Answered) -> Vec<Finding> {
    let Answered { status, date, at, .. } = answered;
    let url = &front.api_url;
    let api = match *status {
        status if status.is_success() => {
            Finding::fine("carrier", format!("{url} answers and takes our key"))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Finding::failed(
            "carrier",
            format!("{url} refuses our key ({status})"),
            "put a valid key into APEX_TELNYX_API_KEY (portal: Keys & Credentials, API Keys)",
        ),
        StatusCode::NOT_FOUND if !front.connections.is_empty() => Finding::failed(
            "carrier",
            format!("{url} does not know {}", front.connections[0]),
            "front.connections holds the ids of Call Control applications of this account",
        ),
        status => Finding::note(
            "carrier",
            format!("{url} answers {status}"),
            "the carrier may have a bad moment: ask again",
        ),
    };
    let mut findings = vec![api];
    findings.extend(date.as_deref().and_then(|date| clocks(date, *at, front)));
    findings
}

/// How far our clock is from the carrier's, which stamps webhooks by it.
fn clocks(date: &str, at: Duration, front: &FrontConfig) -> Option<Finding> {
    let theirs = rfc2822::parse(date).ok()?.timestamp().as_second();
    let apart = theirs.abs_diff(i64::try_from(at.as_secs()).ok()?);
    let tolerance = u64::from(front.tolerance.get() / 1_000);
    let what = format!("{apart} s from the carrier's");
    let remedy = "let a time service keep the clock: webhooks are refused beyond front.tolerance_s";
    Some(match apart {
        // Their stamp is cut to whole seconds, and the answer was on its way.
        0..=2 => Finding::fine("clock", what),
        apart if apart < tolerance / 2 => Finding::note("clock", what, remedy),
        _ => Finding::failed("clock", what, remedy),
    })
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn front() -> FrontConfig {
        let mut front = EngineConfig::shipped().front;
        front.media_url = "wss://media.example.net".into();
        front
    }

    fn judged(status: u16, date: Option<&str>) -> Vec<Finding> {
        let status = StatusCode::from_u16(status).unwrap();
        let date = date.map(str::to_owned);
        let at = Duration::from_secs(1_790_000_000);
        judge(&front(), &Answered { status, date, at, body: Vec::new() })
    }

    #[test]
    fn a_key_that_is_refused_fails_and_a_bad_moment_does_not() {
        assert_eq!(judged(200, None)[0].state, State::Fine);
        assert_eq!(judged(401, None)[0].state, State::Failed);
        assert_eq!(judged(403, None)[0].state, State::Failed);
        assert_eq!(judged(503, None)[0].state, State::Note);
        let mut theirs = front();
        theirs.connections = vec!["1234".into()];
        let status = StatusCode::NOT_FOUND;
        let answered = Answered { status, date: None, at: Duration::ZERO, body: Vec::new() };
        assert_eq!(judge(&theirs, &answered)[0].state, State::Failed);
    }

    #[test]
    fn the_clocks_must_agree_within_what_webhooks_tolerate() {
        // 1,790,000,000 s.
        let state = |date| judged(200, Some(date)).get(1).map(|found| found.state);
        assert_eq!(state("Mon, 21 Sep 2026 14:13:20 GMT"), Some(State::Fine));
        assert_eq!(state("Mon, 21 Sep 2026 14:14:20 GMT"), Some(State::Note));
        assert_eq!(state("Mon, 21 Sep 2026 15:13:20 GMT"), Some(State::Failed));
        assert_eq!(state("some day"), None);
    }

    #[test]
    fn an_address_the_carrier_cannot_reach_is_noted() {
        let url = |url: &str| media_url(&FrontConfig { media_url: url.into(), ..front() }).state;
        assert_eq!(url("wss://media.example.net"), State::Fine);
        assert_eq!(url("ws://media.example.net"), State::Note);
        assert_eq!(url("wss://localhost:8700"), State::Note);
        assert_eq!(url("wss://192.168.1.4"), State::Note);
        assert_eq!(public_keys(&front()).state, State::Failed);
    }

    #[test]
    fn a_carrier_that_is_not_there_fails_with_its_address() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let mut config = EngineConfig::shipped();
        config.front.api_url = format!("http://{address}/v2");
        let found = ask(&config, &Secret::new("hush".to_owned()));
        assert_eq!(found[0].state, State::Failed);
        let text = format!("{found:?}");
        assert!(text.contains(&address.to_string()) && !text.contains("hush"), "{text}");
    }
}
