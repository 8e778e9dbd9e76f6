//! What all chat models' streams have in common: the pieces of a reply and the ways it can fail.

mod reasoning;
#[cfg(test)]
mod tests;

pub(crate) use reasoning::ReasoningFilter;

/// A piece of a streamed reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// More words.
    Text(String),
    /// A whole call of a tool.
    Call(ToolCall),
    /// Tokens used so far; replaces what was told before.
    Usage(TokenUsage),
    /// Something that must be handed back unchanged within a tool loop, as the family writes it.
    Opaque(String),
    /// Why the reply ended.
    Finish(Finish),
    /// The stream broke off with an error of the server's.
    Fault(Fault),
    /// The stream is complete; nothing follows.
    End,
}

/// A tool the model wants called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The model's name of the call; the result carries it.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// Its arguments: JSON, if the model keeps to it. Never empty: `{}` stands for none.
    pub arguments: String,
}

/// Tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Read at full price.
    pub input: u64,
    /// Read from the vendor's cache.
    pub cached: u64,
    /// Written to the vendor's cache.
    pub cache_written: u64,
    /// Written by the model, its reasoning included.
    pub output: u64,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is complete.
    Stop,
    /// It reached the token limit.
    Length,
    /// Tools are to be called.
    Tools,
    /// It was filtered or refused.
    Filtered,
    /// A reason this version does not know.
    Other,
}

/// The kind of error a server reported (providers.md §1.5). Its text is dropped where it is read:
/// it may hold what the caller said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The credential is refused.
    Auth,
    /// Used up until a human or a billing cycle acts.
    Quota,
    /// Too many requests.
    RateLimited,
    /// Its servers are busy.
    Overloaded,
    /// The request is longer than the model's window.
    TooLong,
    /// Our bug or a wrong setting.
    BadRequest,
    /// The model is not there.
    NoSuchModel,
    /// It timed out inside.
    Timeout,
    /// The content was refused.
    Filtered,
    /// Anything else on its side.
    Internal,
}

impl Fault {
    /// The kind that an HTTP status alone tells.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Auth,
            402 => Self::Quota,
            404 => Self::NoSuchModel,
            408 | 504 => Self::Timeout,
            413 => Self::TooLong,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// More may come.
    #[default]
    Open,
    /// It has said why it ends; little may follow.
    Finished,
    /// Nothing of it counts any more.
    Over,
}

/// Why an event of a stream is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event that is no JSON object")]
pub struct MalformedEvent;

/// Reads the events of one reply. One value per request.
pub trait Decoder: Send {
    /// Takes in an event; what follows from it is appended to `out`.
    ///
    /// # Errors
    /// [`MalformedEvent`] if it is none of this protocol; the stream is of no further use then.
    fn event(
        &mut self,
        event: &crate::sse::Event,
        out: &mut Vec<Delta>,
    ) -> Result<(), MalformedEvent>;

    /// The stream ended without a word: what can be made of that.
    fn end(&mut self, out: &mut Vec<Delta>);
}

/// Reads `bytes` as a stream of events with `decoder`, whole and in portions; what comes out is
/// the same, up to how the words are parted.
pub(crate) fn fuzz_decoder(bytes: &[u8], decoder: &dyn Fn() -> Box<dyn Decoder>) {
    let size = bytes.first().map_or(1, |byte| usize::from(*byte % 11) + 1);
    let whole = read(&[bytes], decoder());
    let parts = read(&bytes.chunks(size).collect::<Vec<_>>(), decoder());
    assert!(whole == parts, "any portions");
    for (at, delta) in whole.iter().enumerate() {
        let is_last = at + 1 == whole.len();
        match delta {
            Delta::End | Delta::Fault(_) => assert!(is_last, "the end is the end"),
            Delta::Call(call) => {
                assert!(!call.arguments.is_empty() && !call.id.is_empty(), "a call is whole");
            }
            Delta::Text(_) | Delta::Usage(_) | Delta::Opaque(_) | Delta::Finish(_) => (),
        }
    }
}

/// All that comes out of a stream in `portions`; nothing follows an end or a fault.
pub(crate) fn read(portions: &[&[u8]], mut decoder: Box<dyn Decoder>) -> Vec<Delta> {
    let mut parser = crate::sse::Parser::default();
    let mut out = Vec::new();
    for portion in portions {
        let is_broken = parser.push(portion).is_err();
        while let Some(event) = parser.poll() {
            if decoder.event(&event, &mut out).is_err() {
                return out;
            }
        }
        if is_broken {
            return out;
        }
    }
    if let Some(event) = parser.finish()
        && decoder.event(&event, &mut out).is_err()
    {
        return out;
    }
    decoder.end(&mut out);
    out
}
