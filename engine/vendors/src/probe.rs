//! Whether a vendor knows us: one request that costs nothing, and what its answer means.
//!
//! What is asked changes nothing and is not billed: lists of models, a voice by its name, the
//! projects of a key. Each question has a deadline. What a vendor says is read here and goes no
//! further: an answer becomes a [`Standing`] or a [`Trouble`], which hold no word of it.

use reqwest::header::{AUTHORIZATION, HeaderName};
use reqwest::{Method, Url};
use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use types::{Millis, Secret, VendorName};
use vendor::VendorError;

use crate::clock::duration;
use crate::http::{Patience, Request, read_to_end, send};
use crate::keys::Account;
use crate::net::Net;

/// How long a vendor may take to answer, and to send what it answers: nobody is on the line, and
/// whoever checks a dozen vendors at once still wants to see the end of it.
pub const PROBE_WAIT: Millis = Millis::from_secs(5);

/// What is read of an answer: the longest list of models, one of several hundred, fits.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// A question to one vendor.
#[derive(Clone, Debug)]
pub struct Probe {
    vendor: VendorName,
    variables: Variables,
    account: Account,
    subject: Subject,
}

/// The variables of the environment that say who we are and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variables {
    /// Its key's, if it takes one.
    pub key: Option<&'static str>,
    /// Its address's.
    pub base: &'static str,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Whether our key has projects (Deepgram).
    Projects,
    /// The list of models, and whether this one is on it, where servers list what they have
    /// (OpenAI and those of its kind).
    Models(Option<String>),
    /// One model by its name or another name it goes by (Anthropic).
    Model(String),
    /// One voice by its name (ElevenLabs).
    ElevenLabsVoice(String),
    /// The same (Cartesia).
    CartesiaVoice(String),
    /// Whether somebody answers who speaks Wyoming.
    Wyoming,
}

/// How we stand with a vendor that answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It knows our key, and has what is wanted of it.
    Good,
    /// It is there, and its answer with this status tells neither one nor the other.
    Unclear {
        /// Which.
        status: u16,
    },
}

/// Why a vendor will not do what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// The key is not taken.
    #[error("refuses the key")]
    Key,
    /// The account is used up.
    #[error("says that the account is used up")]
    Quota,
    /// Nobody answers there in time.
    #[error("is not reached")]
    Unreachable,
    /// It has no such model.
    #[error("has no model \"{0}\"")]
    Model(String),
    /// It has no such voice.
    #[error("has no voice \"{0}\"")]
    Voice(String),
}

impl Probe {
    pub(crate) const fn new(
        vendor: VendorName,
        variables: Variables,
        account: Account,
        subject: Subject,
    ) -> Self {
        Self { vendor, variables, account, subject }
    }

    /// Whom it asks.
    pub const fn vendor(&self) -> VendorName {
        self.vendor
    }

    /// Where its key and its address come from.
    pub const fn variables(&self) -> Variables {
        self.variables
    }

    /// Asks. Takes [`PROBE_WAIT`] twice at most.
    ///
    /// # Errors
    /// [`Trouble`], for whoever can mend it.
    pub async fn ask(&self, net: &Net) -> Result<Standing, Trouble> {
        if self.subject == Subject::Wyoming {
            return self.ask_wyoming().await;
        }
        let patience = Patience { first_byte: PROBE_WAIT, between_bytes: PROBE_WAIT };
        let request =
            Request { method: Method::GET, url: self.url(), headers: self.headers(), body: None };
        let answer = send(net, self.vendor, request, patience).await.map_err(unreachable)?;
        let status = answer.status();
        // What cannot be read to its end tells nothing; the status told something.
        let body = read_to_end(answer, ANSWER_BYTES_MAX).await.unwrap_or_default();
        judge(&self.subject, status, &body)
    }

    fn url(&self) -> Url {
        let (path, name) = match &self.subject {
            Subject::Projects => ("v1/projects", None),
            Subject::Models(_) => ("models", None),
            Subject::Model(name) => ("v1/models", Some(name)),
            Subject::ElevenLabsVoice(name) => ("v1/voices", Some(name)),
            Subject::CartesiaVoice(name) => ("voices", Some(name)),
            Subject::Wyoming => ("", None),
        };
        let mut url = self.account.url(path, &[]);
        let scheme = if matches!(url.scheme(), "ws" | "http") { "http" } else { "https" };
        // Both are schemes of the same kind: the change is always possible.
        let _ = url.set_scheme(scheme);
        if let (Some(name), Ok(mut segments)) = (name, url.path_segments_mut()) {
            // A name with a slash in it is one segment all the same.
            segments.push(name);
        }
        url
    }

    fn headers(&self) -> Vec<(HeaderName, Secret<String>)> {
        let named = HeaderName::from_static;
        let (name, scheme) = match &self.subject {
            Subject::Projects => (AUTHORIZATION, "Token "),
            Subject::Models(_) | Subject::Wyoming => (AUTHORIZATION, "Bearer "),
            Subject::Model(_) => (named("x-api-key"), ""),
            Subject::ElevenLabsVoice(_) => (named("xi-api-key"), ""),
            Subject::CartesiaVoice(_) => (named(wire::cartesia::KEY_HEADER), ""),
        };
        let key = self.account.key.iter();
        let key = key.map(|key| (name.clone(), Secret::new(format!("{scheme}{}", key.expose()))));
        let version = match &self.subject {
            Subject::Model(_) => Some(("anthropic-version", wire::anthropic::VERSION)),
            Subject::CartesiaVoice(_) => {
                Some((wire::cartesia::VERSION_HEADER, wire::cartesia::VERSION))
            }
            Subject::Projects
            | Subject::Models(_)
            | Subject::ElevenLabsVoice(_)
            | Subject::Wyoming => None,
        };
        let version = version.map(|(name, value)| (named(name), Secret::new(value.to_owned())));
        key.chain(version).collect()
    }

    /// Asks a server what it is; its answer's first line says that it is one.
    async fn ask_wyoming(&self) -> Result<Standing, Trouble> {
        let host = self.account.base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.account.base.port().ok_or(Trouble::Unreachable)?;
        let talk = async {
            let mut stream = TcpStream::connect((host, port)).await.ok()?;
            stream.write_all(b"{\"type\":\"describe\"}\n").await.ok()?;
            let mut line = Vec::new();
            let mut bytes = [0; 512];
            while !line.contains(&b'\n') && line.len() < LINE_BYTES_MAX {
                match stream.read(&mut bytes).await.ok()? {
                    0 => break,
                    read => line.extend_from_slice(&bytes[..read]),
                }
            }
            let head = line.split(|byte| *byte == b'\n').next()?;
            let head: Value = serde_json::from_slice(head).ok()?;
            (head.get("type")? == "info").then_some(Standing::Good)
        };
        let told = timeout(duration(PROBE_WAIT), talk).await;
        told.ok().flatten().ok_or(Trouble::Unreachable)
    }
}

/// The head of a Wyoming message; what it describes may follow it.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What no answer means.
fn unreachable(_: VendorError) -> Trouble {
    Trouble::Unreachable
}

/// What an answer with `status` and `body` means.
fn judge(subject: &Subject, status: u16, body: &[u8]) -> Result<Standing, Trouble> {
    match (status, subject) {
        (200..=299, Subject::Models(Some(model))) => match is_listed(body, model) {
            Some(false) => Err(Trouble::Model(model.clone())),
            Some(true) | None => Ok(Standing::Good),
        },
        (200..=299, _) => Ok(Standing::Good),
        (401 | 403, _) if is_narrow(status, subject, body) => Ok(Standing::Unclear { status }),
        (401 | 403, _) => Err(Trouble::Key),
        (402, _) => Err(Trouble::Quota),
        (404, Subject::Model(model)) => Err(Trouble::Model(model.clone())),
        // ElevenLabs answers 400 to what cannot be a voice's name, and Cartesia 400 or 422.
        (400 | 404 | 422, Subject::ElevenLabsVoice(voice) | Subject::CartesiaVoice(voice)) => {
            Err(Trouble::Voice(voice.clone()))
        }
        (status, _) => Ok(Standing::Unclear { status }),
    }
}

/// Whether a key is good, and only not meant for the question: keys may be made for speaking alone.
fn is_narrow(status: u16, subject: &Subject, body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body).to_lowercase();
    let is_told =
        ["missing_permission", "insufficient permission", "missing scope", "missing_scope"]
            .iter()
            .any(|words| body.contains(words));
    // Deepgram answers 401 to a key it does not know, and 403 to one that may not list projects.
    is_told || (status == 403 && *subject == Subject::Projects)
}

/// Whether `model` is on a list of models; none if `body` is no such list.
fn is_listed(body: &[u8], model: &str) -> Option<bool> {
    let list: Value = serde_json::from_slice(body).ok()?;
    // Together's list stands alone.
    let list = list.get("data").unwrap_or(&list).as_array()?;
    let mut names = list.iter().filter_map(|model| model.get("id")?.as_str()).peekable();
    names.peek()?;
    // Ollama lists a model with its tag, and takes it without.
    Some(names.any(|name| name == model || name.strip_suffix(":latest") == Some(model)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_mean_what_the_vendors_say_of_them() {
        let model = || "m".to_owned();
        let unclear = |status| Ok(Standing::Unclear { status });
        let list = br#"{"data":[{"id":"m:latest"},{"id":"other"}]}"#;
        for (subject, status, body, expected) in [
            (Subject::Projects, 200, &b"{}"[..], Ok(Standing::Good)),
            (Subject::Projects, 401, b"", Err(Trouble::Key)),
            (Subject::Projects, 403, b"", unclear(403)),
            (Subject::Models(Some(model())), 200, list, Ok(Standing::Good)),
            (Subject::Models(Some("n".into())), 200, list, Err(Trouble::Model("n".into()))),
            (Subject::Models(None), 200, list, Ok(Standing::Good)),
            (Subject::Models(Some(model())), 200, br#"[{"id":"x"}]"#, Err(Trouble::Model(model()))),
            (Subject::Models(Some(model())), 200, b"hello", Ok(Standing::Good)),
            (Subject::Models(Some(model())), 200, br#"{"data":[]}"#, Ok(Standing::Good)),
            (Subject::Models(Some(model())), 403, b"Missing scopes: x", unclear(403)),
            (Subject::Models(Some(model())), 403, b"no", Err(Trouble::Key)),
            (Subject::Models(Some(model())), 404, b"", unclear(404)),
            (Subject::Models(Some(model())), 503, b"", unclear(503)),
            (Subject::Model(model()), 404, b"", Err(Trouble::Model(model()))),
            (Subject::Model(model()), 402, b"", Err(Trouble::Quota)),
            (Subject::ElevenLabsVoice("v".into()), 400, b"", Err(Trouble::Voice("v".into()))),
            (
                Subject::ElevenLabsVoice("v".into()),
                401,
                br#"{"detail":{"status":"missing_permissions"}}"#,
                unclear(401),
            ),
            (Subject::CartesiaVoice("v".into()), 404, b"", Err(Trouble::Voice("v".into()))),
        ] {
            assert_eq!(judge(&subject, status, body), expected, "{subject:?} {status}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
            for subject in [Subject::Projects, Subject::Models(Some("m".into())), Subject::Model("m".into())] {
                let _ = judge(&subject, status, &body);
            }
        }
    }
}
