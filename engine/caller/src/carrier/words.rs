//! Switches as a command line writes them.

use std::str::FromStr;

use thiserror::Error;
use types::Millis;
use wire::telnyx::command::StreamCodec;
use wire::telnyx::reply::ErrorCode;

use super::faults::{Codec, PerMille, RestFault, RestOutcome, SocketDrop, When};

/// Why a text is no switch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SwitchError {
    /// No share.
    #[error("{text}: write a share in per cent, 0 to 100, such as 5% or 0.5%")]
    Share {
        /// What was given.
        text: String,
    },
    /// No span of time.
    #[error("{text}: write a span such as 500ms or 2s")]
    Span {
        /// What was given.
        text: String,
    },
    /// No fault of a command.
    #[error(
        "{text}: write VERB:WHEN:WHAT, such as answer:10%:503, *:5%:429/2, hangup:#2:lose-reply, \
         streaming_start:first1:90046, dial:1%:swallow or transfer:#1:slow/800ms"
    )]
    Rest {
        /// What was given.
        text: String,
    },
    /// No break of a socket.
    #[error("{text}: write SHARE:FROM-TO, such as 20%:2s-10s, or SHARE:AT")]
    Drop {
        /// What was given.
        text: String,
    },
    /// No other codec.
    #[error("{text}: write SHARE:CODEC, such as 10%:PCMA or 5%:G722")]
    Codec {
        /// What was given.
        text: String,
    },
}

impl FromStr for PerMille {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let number = text.trim().strip_suffix('%').unwrap_or(text.trim()).parse::<f32>();
        match number {
            Ok(number) if (0.0..=100.0).contains(&number) => {
                Ok(Self((number * 10.0).round() as u16))
            }
            Ok(_) | Err(_) => Err(SwitchError::Share { text: text.to_owned() }),
        }
    }
}

/// A span such as `500ms`, `2s` or, as `2`, seconds.
///
/// # Errors
/// [`SwitchError::Span`].
pub fn parse_span(text: &str) -> Result<Millis, SwitchError> {
    let trimmed = text.trim();
    let bad = || SwitchError::Span { text: text.to_owned() };
    let span = match trimmed.strip_suffix("ms") {
        Some(ms) => ms.trim().parse().ok().map(Millis::new),
        None => {
            let seconds = trimmed.strip_suffix('s').unwrap_or(trimmed).trim().parse::<f32>().ok();
            let seconds = seconds.filter(|seconds| (0.0..=1_000_000.0).contains(seconds));
            seconds.map(|seconds| Millis::new((seconds * 1_000.0).round() as u32))
        }
    };
    span.ok_or_else(bad)
}

impl FromStr for RestFault {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let bad = || SwitchError::Rest { text: text.to_owned() };
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().map(str::trim).filter(|part| !part.is_empty());
        let (verb, when, what) =
            (part().ok_or_else(bad)?, part().ok_or_else(bad)?, part().ok_or_else(bad)?);
        Ok(Self {
            verb: (verb != "*").then(|| verb.to_owned()),
            when: parse_when(when).ok_or_else(bad)?,
            outcome: parse_outcome(what).ok_or_else(bad)?,
        })
    }
}

fn parse_when(text: &str) -> Option<When> {
    if let Some(nth) = text.strip_prefix('#') {
        return nth.parse().ok().filter(|n| 0 < *n).map(When::Nth);
    }
    if let Some(first) = text.strip_prefix("first") {
        return first.trim().parse().ok().map(When::First);
    }
    text.parse().ok().map(When::Share)
}

fn parse_outcome(text: &str) -> Option<RestOutcome> {
    let (word, value) = text.split_once('/').map_or((text, None), |(w, v)| (w, Some(v)));
    match (word, value) {
        ("swallow", None) => Some(RestOutcome::Swallowed),
        ("lose-reply", None) => Some(RestOutcome::ReplyLost),
        ("slow", Some(span)) => parse_span(span).ok().map(RestOutcome::Slow),
        ("422", None) => Some(RestOutcome::Refused(ErrorCode::BadRequest)),
        ("429", None) => Some(RestOutcome::TooMany { retry_after: None }),
        ("429", Some(seconds)) => {
            let retry_after = Some(seconds.parse().ok()?);
            Some(RestOutcome::TooMany { retry_after })
        }
        (number, None) => match number.parse::<u16>() {
            Ok(status @ 500..=599) => Some(RestOutcome::Broken { status }),
            Ok(_) | Err(_) => ErrorCode::of(number).map(RestOutcome::Refused),
        },
        (_, Some(_)) => None,
    }
}

impl FromStr for SocketDrop {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let bad = || SwitchError::Drop { text: text.to_owned() };
        let (share, span) = text.split_once(':').ok_or_else(bad)?;
        let (from, to) = span.split_once('-').unwrap_or((span, span));
        let (from, to) = (parse_span(from), parse_span(to));
        match (share.parse(), from, to) {
            (Ok(share), Ok(from), Ok(to)) if from <= to => Ok(Self { share, from, to }),
            (_, _, _) => Err(bad()),
        }
    }
}

impl FromStr for Codec {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let bad = || SwitchError::Codec { text: text.to_owned() };
        let (share, name) = text.split_once(':').ok_or_else(bad)?;
        let known = |codec: &&StreamCodec| codec.name().eq_ignore_ascii_case(name.trim());
        let codec = *StreamCodec::ALL.iter().find(known).ok_or_else(bad)?;
        Ok(Self { share: share.parse().map_err(|_| bad())?, codec })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_read_as_they_are_written() {
        assert_eq!("5%".parse(), Ok(PerMille(50)));
        assert_eq!("0.5".parse(), Ok(PerMille(5)));
        assert_eq!("100 %".trim_end_matches(" %").parse(), Ok(PerMille::ALWAYS));
        assert_eq!(parse_span("500ms"), Ok(Millis::new(500)));
        assert_eq!(parse_span("2s"), Ok(Millis::from_secs(2)));
        assert_eq!(parse_span("0.25"), Ok(Millis::new(250)));
        let rest = |text: &str| text.parse::<RestFault>().unwrap();
        assert_eq!(
            rest("answer:10%:503"),
            RestFault {
                verb: Some("answer".into()),
                when: When::Share(PerMille(100)),
                outcome: RestOutcome::Broken { status: 503 },
            }
        );
        let all = rest("*:#2:429/3");
        assert_eq!((all.verb, all.when), (None, When::Nth(2)));
        assert_eq!(all.outcome, RestOutcome::TooMany { retry_after: Some(3) });
        assert_eq!(rest("x:first2:90018").outcome, RestOutcome::Refused(ErrorCode::AlreadyEnded));
        assert_eq!(rest("x:first2:90018").when, When::First(2));
        assert_eq!(rest("x:1%:slow/80ms").outcome, RestOutcome::Slow(Millis::new(80)));
        assert_eq!(rest("x:1%:swallow").outcome, RestOutcome::Swallowed);
        let drop: SocketDrop = "20%:2s-10s".parse().unwrap();
        assert_eq!((drop.from, drop.to), (Millis::from_secs(2), Millis::from_secs(10)));
        let codec: Codec = "10%:g722".parse().unwrap();
        assert_eq!(codec.codec, StreamCodec::G722);
    }

    #[test]
    fn what_cannot_be_read_says_what_to_write() {
        for text in ["", "-1", "101", "many", "NaN"] {
            assert!(text.parse::<PerMille>().is_err(), "{text}");
        }
        for text in ["", "answer", "answer:10%", "a:b:c", "a:#0:503", "a:1%:200", "a:1%:429/x"] {
            let error = text.parse::<RestFault>().unwrap_err().to_string();
            assert!(error.contains("answer:10%:503"), "{error}");
        }
        for text in ["10%", "10%:5s-2s", "x:1s"] {
            assert!(text.parse::<SocketDrop>().is_err(), "{text}");
        }
        assert!("5%:mp3".parse::<Codec>().is_err());
        assert!(parse_span("soon").is_err() && parse_span("-1s").is_err());
    }
}
