//! What comes back beside the sound.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use types::Millis;

use crate::MessageFault;
use crate::soft::soft;

/// A message of the voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Aura: the connection is up.
    Metadata,
    /// Flux: the connection is up.
    Connected,
    /// Flux: the sound of a turn follows.
    SpeechStarted,
    /// Flux: all sound of a turn has been sent.
    SpeechEnded(Account),
    /// Aura: the sound of all that was flushed has been sent. Flux: the flush was understood.
    Flushed,
    /// Aura: what was cleared is gone; sound that follows is new.
    Cleared,
    /// Flux: the turn is over; sound that follows is new.
    Interrupted {
        /// What of the turn's text was heard, if the order said how long was listened.
        spoken: Option<Cow<'a, str>>,
        /// What the turn came to.
        account: Account,
    },
    /// The session goes on all the same.
    Warning {
        /// `NO_ACTIVE_SPEECH`, …
        code: Cow<'a, str>,
    },
    /// It gives up.
    Failure {
        /// `DATA-0002`, `NET-0001`, …
        code: Cow<'a, str>,
    },
    /// Something else, or something a later version added.
    Unknown,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How long its sound is.
    pub audio: Option<Millis>,
    /// What will be charged.
    pub billable_characters: Option<u32>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    audio_duration_ms: Option<u32>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    billable_character_count: Option<u32>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    text_spoken: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    metadata: Option<RawAccount>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
    /// The other spelling of `code` that has been seen.
    #[serde(borrow, deserialize_with = "soft", skip_serializing)]
    warn_code: Option<Cow<'a, str>>,
    /// And a third.
    #[serde(borrow, deserialize_with = "soft", skip_serializing)]
    err_code: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
struct RawAccount {
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    audio_duration_ms: Option<u32>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    billable_character_count: Option<u32>,
}

impl RawAccount {
    fn account(self) -> Account {
        Account {
            audio: self.audio_duration_ms.map(Millis::new),
            billable_characters: self.billable_character_count,
        }
    }

    fn of(account: &Account) -> Self {
        Self {
            audio_duration_ms: account.audio.map(Millis::get),
            billable_character_count: account.billable_characters,
        }
    }
}

/// Reads a text message.
///
/// # Errors
/// [`MessageFault`] if it is none.
pub fn decode(text: &str) -> Result<Message<'_>, MessageFault> {
    let raw: Raw<'_> = serde_json::from_str(text)?;
    let code = raw.code.or(raw.warn_code).or(raw.err_code).unwrap_or_default();
    let account = RawAccount {
        audio_duration_ms: raw.audio_duration_ms,
        billable_character_count: raw.billable_character_count,
    };
    Ok(match &*raw.kind {
        "Metadata" => Message::Metadata,
        "Connected" => Message::Connected,
        "SpeechStarted" => Message::SpeechStarted,
        "SpeechMetadata" => Message::SpeechEnded(account.account()),
        "Flushed" => Message::Flushed,
        "Cleared" => Message::Cleared,
        "SpeechInterrupted" => Message::Interrupted {
            spoken: raw.text_spoken,
            account: raw.metadata.unwrap_or_default().account(),
        },
        "Warning" => Message::Warning { code },
        "Error" => Message::Failure { code },
        _ => Message::Unknown,
    })
}

impl Message<'_> {
    /// As it goes onto the socket: the far side's part.
    pub fn encode(&self) -> String {
        let bare = |kind: &'static str| Raw { kind: kind.into(), ..Raw::default() };
        let raw = match self {
            Self::Metadata => bare("Metadata"),
            Self::Connected => bare("Connected"),
            Self::SpeechStarted => bare("SpeechStarted"),
            Self::SpeechEnded(account) => {
                let RawAccount { audio_duration_ms, billable_character_count } =
                    RawAccount::of(account);
                Raw { audio_duration_ms, billable_character_count, ..bare("SpeechMetadata") }
            }
            Self::Flushed => bare("Flushed"),
            Self::Cleared => bare("Cleared"),
            Self::Interrupted { spoken, account } => Raw {
                text_spoken: spoken.as_ref().map(|text| Cow::Owned(text.to_string())),
                metadata: Some(RawAccount::of(account)),
                ..bare("SpeechInterrupted")
            },
            Self::Warning { code } => {
                Raw { code: Some(Cow::Owned(code.to_string())), ..bare("Warning") }
            }
            Self::Failure { code } => {
                Raw { code: Some(Cow::Owned(code.to_string())), ..bare("Error") }
            }
            Self::Unknown => bare("AddedLater"),
        };
        serde_json::to_string(&raw).expect("texts and numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Message<'static>> {
        let text = include_str!("../../../../../fixtures/wire/deepgram_speak/messages.jsonl");
        text.lines().map(|line| decode(line).unwrap()).collect()
    }

    #[test]
    fn shapes_of_the_documentation_are_read() {
        let account = Account { audio: Some(Millis::new(1_840)), billable_characters: Some(27) };
        let expected = [
            Message::Metadata,
            Message::Flushed,
            Message::Cleared,
            Message::Warning { code: "EXCESSIVE_FLUSH".into() },
            Message::Warning { code: "X".into() },
            Message::Connected,
            Message::SpeechStarted,
            Message::SpeechEnded(account),
            Message::Interrupted { spoken: Some("One moment, ".into()), account },
            Message::Interrupted { spoken: None, account: Account::default() },
            Message::Unknown,
            Message::Failure { code: "DATA-0002".into() },
            Message::Unknown,
        ];
        assert_eq!(shapes(), expected);
    }

    #[test]
    fn messages_survive_being_written() {
        for message in shapes() {
            assert_eq!(decode(&message.encode()).unwrap(), message);
        }
    }
}
