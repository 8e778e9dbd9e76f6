//! Whether what the carrier will call is there: asked from this machine, so that a firewall between
//! the two is not seen, but a wrong name, a wrong certificate and a wrong proxy are.

use std::error::Error;
use std::time::Duration;

use reqwest::{Method, StatusCode};

use super::Finding;
use crate::config::FrontConfig;
use crate::listen::tls::install_provider;

/// The longest an address of ours may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Whether webhooks sent to `url` reach a front door: one without a signature is refused with 400.
pub(super) fn webhooks(url: &str) -> Finding {
    judge("webhook url", url, ask(Method::POST, url, &[]), StatusCode::BAD_REQUEST)
}

/// Whether sockets opened to our media address reach an engine: one with a wrong token is refused
/// with 401.
pub(super) fn media(front: &FrontConfig) -> Finding {
    let http = front.media_url.replacen("ws", "http", 1);
    let url = format!("{http}/media/telnyx");
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        // RFC 6455 §1.3's example: any 16 bytes will do.
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("x-telnyx-streaming-auth-token", "apex-doctor-knocks"),
    ];
    let shown = format!("{}/media/telnyx", front.media_url);
    judge("media url", &shown, ask(Method::GET, &url, &upgrade), StatusCode::UNAUTHORIZED)
}

/// Why there was no answer.
enum Silence {
    /// Nobody is there, or nobody now.
    Nobody(String),
    /// Somebody is, whom the carrier would not trust.
    Untrusted(String),
}

fn ask(method: Method, url: &str, headers: &[(&str, &str)]) -> Result<StatusCode, Silence> {
    install_provider();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Silence::Nobody(error.to_string()))?;
    let client = reqwest::Client::builder()
        .timeout(ANSWER_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .build()
        .map_err(|error| Silence::Nobody(error.to_string()))?;
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = runtime.block_on(async { request.send().await });
    answer.map(|answer| answer.status()).map_err(|error| {
        let timeout = error.is_timeout();
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let what = if timeout { "no answer in time".to_owned() } else { cause.to_string() };
        if what.contains("certificate") { Silence::Untrusted(what) } else { Silence::Nobody(what) }
    })
}

fn judge(
    check: &'static str,
    url: &str,
    answer: Result<StatusCode, Silence>,
    ours: StatusCode,
) -> Finding {
    match answer {
        Ok(status) if status == ours => {
            Finding::fine(check, format!("{url} is answered by an engine, as seen from here"))
        }
        Ok(status) => Finding::failed(
            check,
            format!("{url} is answered with {status}: not by an engine"),
            "the name, or the proxy in front of it, leads elsewhere",
        ),
        Err(Silence::Untrusted(what)) => Finding::failed(
            check,
            format!("{url}: {what}"),
            "the carrier would not trust it either: a certificate of a public authority, for that \
             name, with the whole chain",
        ),
        Err(Silence::Nobody(what)) => Finding::note(
            check,
            format!("nobody answers at {url}, as seen from here: {what}"),
            "once the engine runs, ask again; else look at the name, the firewall, the proxy",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn what_answers_is_an_engine_or_it_fails_and_silence_is_noted() {
        let found = |answer| judge("media url", "wss://m", answer, StatusCode::UNAUTHORIZED).state;
        assert_eq!(found(Ok(StatusCode::UNAUTHORIZED)), State::Fine);
        assert_eq!(found(Ok(StatusCode::BAD_GATEWAY)), State::Failed);
        assert_eq!(found(Err(Silence::Untrusted("a certificate".into()))), State::Failed);
        assert_eq!(found(Err(Silence::Nobody("refused".into()))), State::Note);
    }

    #[test]
    fn nobody_there_is_not_the_same_as_somebody_untrusted() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", closed.local_addr().unwrap());
        drop(closed);
        assert!(matches!(ask(Method::GET, &url, &[]), Err(Silence::Nobody(_))));
    }
}
