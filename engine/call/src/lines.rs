//! The engine's own sentences, for when no brain is asked or none answers.

use serde::{Deserialize, Serialize};

use crate::Words;

/// What the engine itself may have to say, in one language, and the words it listens for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Nothing was understood. One of them is said; variety avoids the sound of a machine.
    pub not_caught: Vec<String>,
    /// The caller is silent, and the brain has no words for it.
    pub no_input_prompts: Vec<String>,
    /// The caller stayed silent: the call ends after this.
    pub no_input_goodbye: String,
    /// The call ends in a minute.
    pub duration_warning: String,
    /// The call has reached its longest duration and ends after this.
    pub duration_goodbye: String,
    /// The house ends the call after this.
    pub goodbye: String,
    /// No reply could be had this time.
    pub vendor_apology: String,
    /// No reply can be had at all: the call ends after this.
    pub vendors_failed: String,
    /// The leg refused a transfer: offers a message in words the caller can repeat.
    pub transfer_unavailable: String,
    /// Said first once a gap in the line is over.
    #[serde(default = "bridge")]
    pub bridge: String,
    /// Said to a caller who was cut off within a sentence, or had the word.
    #[serde(default = "go_on")]
    pub go_on: String,
    /// Said to a caller whose last words are lost.
    #[serde(default = "say_again")]
    pub say_again: String,
    /// What turn-taking listens for.
    pub words: Words,
}

fn bridge() -> String {
    "Sorry, we were cut off for a moment.".to_owned()
}

fn go_on() -> String {
    "Please go on.".to_owned()
}

fn say_again() -> String {
    "Could you say that again, please?".to_owned()
}

impl Lines {
    /// The English ones.
    pub fn english() -> Self {
        let several = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        Self {
            not_caught: several(&[
                "Sorry, I didn't catch that.",
                "I'm sorry, could you say that again?",
            ]),
            no_input_prompts: several(&["Are you still there?", "Hello? Can you hear me?"]),
            no_input_goodbye: "I can't hear you, so I'll hang up now. Please call again. Goodbye."
                .to_owned(),
            duration_warning: "Just so you know, we have about one minute left.".to_owned(),
            duration_goodbye:
                "I'm sorry, our time is up. Please call again if you need more. Goodbye.".to_owned(),
            goodbye: "I'm sorry, I have to end this call now. Please call again. Goodbye."
                .to_owned(),
            vendor_apology: "I'm sorry, something went wrong on my side. Could you say that again?"
                .to_owned(),
            vendors_failed:
                "I'm sorry, I'm having technical trouble. Please call again later. Goodbye."
                    .to_owned(),
            transfer_unavailable: "I'm sorry, I can't put you through right now. I can take a \
                                   message instead: just say, take a message."
                .to_owned(),
            bridge: bridge(),
            go_on: go_on(),
            say_again: say_again(),
            words: Words::english(),
        }
    }
}
