//! What the guard tells of the agent's own voice coming back.

use serde::{Deserialize, Serialize};
use types::{CallTime, Millis};

use crate::arbitration::{
    ECHO_MIN, ECHO_MIN_AT_ONSET, ECHO_OVER, ECHO_SPEECH_MIN, Likeness, OWN_WORDS_MIN,
};
use crate::endpoint::Permille;
use crate::words::tokens;

/// A ratio of two levels in whole decibels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decibels(i16);

impl Decibels {
    /// So many.
    pub const fn new(decibels: i16) -> Self {
        Self(decibels)
    }

    /// How many.
    pub const fn get(self) -> i16 {
        self.0
    }
}

/// How much like the agent's own voice the caller's audio is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoHeard {
    /// The greatest correlation at any lag, over the last fifth of a second.
    pub likeness: Permille,
    /// That lag.
    pub lag: Millis,
    /// How much of the agent's voice comes back.
    pub gain: Decibels,
}

/// What is known of echoes in this call.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    last: Option<(CallTime, EchoHeard)>,
    /// When an echo was last there that is loud enough to be taken for a caller.
    loud: Option<CallTime>,
    /// How long the present utterance has been like the agent, and unlike.
    alike: Millis,
    unlike: Millis,
}

impl Echo {
    pub(crate) fn note(&mut self, now: CallTime, heard: EchoHeard) {
        self.settle(now);
        self.last = Some((now, heard));
        if ECHO_MIN_AT_ONSET <= heard.likeness && LOUD < heard.gain {
            self.loud = Some(now);
        }
    }

    /// An utterance begins: what was told just before belongs to it.
    pub(crate) fn begin(&mut self, now: CallTime) {
        self.last = self.last.filter(|(at, _)| now.since(*at) <= FRESH);
        (self.alike, self.unlike) = (Millis::ZERO, Millis::ZERO);
    }

    /// What was told last of the present utterance.
    pub(crate) fn heard(&self) -> Option<EchoHeard> {
        self.last.map(|(_, heard)| heard)
    }

    /// Whether an utterance that has lasted for `speech` is the agent's voice as far as can be told.
    pub(crate) fn is_us(&self, speech: Millis, before: Suspicion) -> bool {
        let least = match before {
            Suspicion::Echo => ECHO_OVER,
            Suspicion::None | Suspicion::Wordless if speech < ECHO_SPEECH_MIN => ECHO_MIN_AT_ONSET,
            Suspicion::None | Suspicion::Wordless => ECHO_MIN,
        };
        self.heard().is_some_and(|heard| least <= heard.likeness)
    }

    /// Whether most of an utterance that is over was the agent's voice.
    pub(crate) fn was_us(&mut self, now: CallTime) -> bool {
        self.settle(now);
        self.unlike < self.alike
    }

    /// Whether words like `likeness` came from the agent's voice, which was heard among other sounds.
    pub(crate) fn is_own(&self, likeness: Likeness) -> bool {
        ECHO_SPEECH_MIN <= self.alike && OWN_WORDS_MIN <= likeness.words
    }

    /// Whether echoes in this call may be taken for a caller.
    pub(crate) fn is_loud(&self, now: CallTime) -> bool {
        self.loud.is_some_and(|at| now.since(at) <= LOUD_FOR)
    }

    fn settle(&mut self, now: CallTime) {
        let Some((at, heard)) = &mut self.last else { return };
        let passed = now.since(*at);
        if ECHO_MIN <= heard.likeness {
            self.alike = self.alike + passed;
        } else {
            self.unlike = self.unlike + passed;
        }
        *at = now.max(*at);
    }
}

/// Why an utterance does not hold the agent although it is being said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Suspicion {
    /// It does.
    #[default]
    None,
    /// It sounds like the agent.
    Echo,
    /// There is nothing in it but sounds and signs of listening.
    Wordless,
}

/// How far `text` is what the agent has just said.
pub(crate) fn likeness(text: &[String], own: &str, echo: Option<EchoHeard>) -> Likeness {
    let own = tokens(own);
    let shared = text.iter().filter(|word| own.contains(word)).count();
    let share = (shared * 1_000).checked_div(text.len()).unwrap_or(0);
    Likeness {
        sound: echo.map(|echo| echo.likeness),
        words: Permille::new(u16::try_from(share).unwrap_or(u16::MAX)),
        count: text.len(),
    }
}

/// An echo louder than this may be taken for a caller (conversation.md §7.5).
const LOUD: Decibels = Decibels::new(-28);

/// How long that is remembered.
const LOUD_FOR: Millis = Millis::from_secs(30);

/// What is older belongs to another stretch of speech.
const FRESH: Millis = Millis::new(400);
