//! What a command line says about a call, and the plan that follows from it.

use std::path::{Path, PathBuf};

use thiserror::Error;
use types::{AudioFormat, E164, Encoding, Millis, SampleRate, Secret};

use crate::audio::{self, AudioError};
use crate::{CallPlan, Ending, Question, Script, Token};

/// What a command line says about a call.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// Where the engine takes media sockets.
    pub url: String,
    /// What admits the socket.
    pub token: Option<Secret<String>>,
    /// The number to dial.
    pub to: E164,
    /// The number to show.
    pub from: Option<E164>,
    /// The recordings to play, in order, one per turn.
    pub play: Vec<PathBuf>,
    /// `pcmu`, `pcma`, `g722`, `l16` or `opus`.
    pub codec: Encoding,
    /// Which recording, from 1, is played into the reply before it, and after how much of that.
    pub interrupt_at: Option<(usize, Millis)>,
    /// How the conversation ends.
    pub ending: Ending,
    /// Seed of everything random.
    pub seed: u64,
}

/// Why options do not make a plan.
#[derive(Debug, Error)]
pub enum OptionsError {
    /// A recording cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// There is no such codec.
    #[error("{name}: no such codec; use pcmu, pcma, g722, l16 or opus")]
    Codec {
        /// What was given.
        name: String,
    },
    /// The interruption is not written as it should be.
    #[error(
        "{text}: write N:MS, the number of a recording from 1 and milliseconds, such as 3:1200"
    )]
    Interruption {
        /// What was given.
        text: String,
    },
    /// The interruption names a recording that is not there.
    #[error("recording {number} cannot interrupt: there are {recordings}, counted from 1")]
    NoSuchRecording {
        /// What was given.
        number: usize,
        /// How many there are.
        recordings: usize,
    },
}

/// The codec named `name`, in either case.
///
/// # Errors
/// [`OptionsError::Codec`].
pub(crate) fn encoding(name: &str) -> Result<Encoding, OptionsError> {
    Encoding::ALL
        .into_iter()
        .find(|encoding| encoding.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| OptionsError::Codec { name: name.to_owned() })
}

/// The format a leg with `encoding` has: G.711 at 8 kHz, the others at 16 kHz (telnyx.md §1.8).
pub(crate) fn leg_format(encoding: Encoding) -> AudioFormat {
    let rate = match encoding {
        Encoding::Pcmu | Encoding::Pcma => SampleRate::Hz8000,
        Encoding::G722 | Encoding::L16 | Encoding::Opus => SampleRate::Hz16000,
    };
    AudioFormat { encoding, rate }
}

impl CallOptions {
    /// A plain call: µ-law, everything politely, hanging up at the end.
    pub fn new(url: impl Into<String>, to: E164) -> Self {
        Self {
            url: url.into(),
            token: None,
            to,
            from: None,
            play: Vec::new(),
            codec: Encoding::Pcmu,
            interrupt_at: None,
            ending: Ending::HangUp,
            seed: 0,
        }
    }

    /// The codec named `name`: `pcmu`, `pcma`, `g722`, `l16` or `opus`, in either case.
    ///
    /// # Errors
    /// [`OptionsError::Codec`].
    pub fn parse_codec(name: &str) -> Result<Encoding, OptionsError> {
        encoding(name)
    }

    /// The format a leg with `encoding` has: G.711 at 8 kHz, the others at 16 kHz
    /// (telnyx.md §1.8).
    pub fn leg_format(encoding: Encoding) -> AudioFormat {
        leg_format(encoding)
    }

    /// An interruption written as `N:MS`: recording `N`, counted from 1, after `MS` milliseconds of
    /// the reply before it. `MS` alone means recording 2.
    ///
    /// # Errors
    /// [`OptionsError::Interruption`].
    pub fn parse_interruption(text: &str) -> Result<(usize, Millis), OptionsError> {
        let bad = || OptionsError::Interruption { text: text.to_owned() };
        let (number, after) = text.split_once(':').unwrap_or(("2", text));
        let number = number.trim().parse().map_err(|_| bad())?;
        let after = after.trim().trim_end_matches("ms").trim_end().parse().map_err(|_| bad())?;
        Ok((number, Millis::new(after)))
    }

    /// The plan of this call; reads the recordings.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn plan(&self) -> Result<CallPlan, OptionsError> {
        let codec = leg_format(self.codec);
        let interruption = match self.interrupt_at {
            // The first recording has the greeting before it.
            Some((number, after)) if (1..=self.play.len()).contains(&number) => {
                Some((number - 1, after))
            }
            Some((number, _)) => {
                let recordings = self.play.len();
                return Err(OptionsError::NoSuchRecording { number, recordings });
            }
            None => None,
        };
        let questions = self
            .play
            .iter()
            .map(|path| question(path, codec.rate))
            .collect::<Result<Vec<_>, _>>()?;
        let script = Script::interrupted(questions, interruption, self.ending);
        let mut plan = CallPlan::new(self.url.clone(), self.to, script);
        plan.token = self.token.clone().map(Token::Header);
        plan.from = self.from;
        plan.codec = codec;
        plan.seed = self.seed;
        Ok(plan)
    }
}

/// The recording at `path`, named after its file.
fn question(path: &Path, rate: SampleRate) -> Result<Question, AudioError> {
    let label = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
    Ok(Question { label, audio: audio::load(path, rate)?.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    fn options(play: &[&str]) -> CallOptions {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/calls/tuned");
        let mut options =
            CallOptions::new("ws://localhost", "+15550100".parse().expect("a number"));
        options.play = play.iter().map(|name| folder.join(name)).collect();
        options
    }

    #[test]
    fn words_of_the_command_line_become_values_or_say_what_to_write() {
        assert_eq!(CallOptions::parse_codec("Opus").unwrap(), Encoding::Opus);
        let codec = CallOptions::parse_codec("g729").unwrap_err().to_string();
        assert_eq!(codec, "g729: no such codec; use pcmu, pcma, g722, l16 or opus");
        let parse = CallOptions::parse_interruption;
        assert_eq!(parse("3:1200").unwrap(), (3, Millis::new(1_200)));
        assert_eq!(parse("900ms").unwrap(), (2, Millis::new(900)));
        for bad in ["", "x", "3:", ":3", "-1:5"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plan_plays_the_recordings_in_order_at_the_legs_rate() {
        let name = "salon-parking.slt.clean.flac";
        let mut options = options(&[name, name]);
        options.codec = Encoding::L16;
        options.interrupt_at = Some((2, Millis::new(700)));
        let plan = options.plan().unwrap();
        assert_eq!(plan.codec.rate, SampleRate::Hz16000);
        let steps = format!("{:?}", plan.script.steps);
        assert!(steps.contains("Say(salon-parking.slt.clean), Interrupt("), "{steps}");
        let narrow = self::options(&[name]).plan().unwrap();
        let said = |plan: &CallPlan| {
            let audio = plan.script.steps.iter().find_map(|step| {
                if let Step::Say { audio, .. } = step { Some(audio.len()) } else { None }
            });
            audio.unwrap()
        };
        assert!(said(&plan).abs_diff(2 * said(&narrow)) <= 1);
        options.interrupt_at = Some((3, Millis::new(700)));
        assert_eq!(
            options.plan().unwrap_err().to_string(),
            "recording 3 cannot interrupt: there are 2, counted from 1"
        );
        let missing = self::options(&["nothing.wav"]).plan().unwrap_err().to_string();
        assert!(missing.ends_with("nothing.wav: cannot be read"), "{missing}");
    }
}
