//! Speech over HTTP as OpenAI has it and many local servers copy it: one text, one answer of samples.
//!
//! Facts and their sources: providers.md §4.5; shape: `fixtures/wire/openai_speech`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::MessageFault;

/// The path below the base URL.
pub const PATH: &str = "/audio/speech";

/// The rate of `pcm` answers unless the server is known for another.
pub const RATE_HZ: u32 = 24_000;

/// What is to be said and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// `gpt-4o-mini-tts`, or the server's own.
    #[serde(borrow)]
    pub model: Cow<'a, str>,
    /// The text.
    #[serde(borrow)]
    pub input: Cow<'a, str>,
    /// The voice's name.
    #[serde(borrow)]
    pub voice: Cow<'a, str>,
    /// How to say it, for models that can be told.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Cow<'a, str>>,
    /// `pcm`: 16-bit little-endian samples without a header.
    #[serde(borrow)]
    pub response_format: Cow<'a, str>,
    /// 0.25 to 4, if it is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
}

impl Request<'_> {
    /// The body.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers")
    }
}

/// Reads a request's body: the far side's part.
///
/// # Errors
/// [`MessageFault`] if it is none.
pub fn decode(body: &[u8]) -> Result<Request<'_>, MessageFault> {
    let mut request: Request<'_> = serde_json::from_slice(body)?;
    request.speed = request.speed.filter(|speed| speed.is_finite());
    Ok(request)
}

/// Decodes any bytes as a request; what is one survives being written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_openai_speech_request(bytes: &[u8]) {
    let Ok(request) = decode(bytes) else { return };
    let written = request.encode();
    assert!(decode(&written).is_ok_and(|again| again == request), "a request stays what it is");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::broken;

    const SHAPES: &str = include_str!("../../../fixtures/wire/openai_speech/requests.jsonl");

    #[test]
    fn a_request_looks_as_documented() {
        let request = Request {
            model: "gpt-4o-mini-tts".into(),
            input: "One \"moment\".".into(),
            voice: "cedar".into(),
            instructions: Some("calm".into()),
            response_format: "pcm".into(),
            speed: Some(1.5),
        };
        let bare = Request { instructions: None, speed: None, ..request.clone() };
        assert_eq!(SHAPES.lines().count(), 2);
        for (request, shape) in [request, bare].iter().zip(SHAPES.lines()) {
            assert_eq!(request.encode(), shape.as_bytes());
            assert_eq!(&decode(shape.as_bytes()).unwrap(), request);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), b in broken(SHAPES)) {
            fuzz_openai_speech_request(&bytes);
            fuzz_openai_speech_request(&b);
        }
    }
}
