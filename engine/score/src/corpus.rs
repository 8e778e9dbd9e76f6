//! Turns of callers with pauses that are known, made of recorded speech.
//!
//! ```text
//! noise   speech   pause   speech   pause   speech   silence to the end
//!   |------|████████|------|████████|------|████████|-----------------|
//! ```
//!
//! Pauses are drawn; everything else of a turn depends on its name alone, so that the same turns
//! are heard with short and with long pauses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{Expect, Millis};

use crate::audio::RATE;
use crate::clips::{Clip, ClipError, gaps, speech};
use crate::random::Random;

/// What a turn is made of, and why it pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One recording without a pause of its own.
    Complete,
    /// "Yes", "no": an answer to a closed question.
    Answer,
    /// Recordings that follow one another in the original: mostly whole sentences.
    Sentences,
    /// A recording, cut where its speaker pauses.
    Phrase,
    /// A hesitation, and what follows it.
    Hesitation,
    /// A number in groups.
    Digits,
    /// A word, letter by letter, in groups.
    Letters,
}

/// Which half of the speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// To choose by.
    Tuning,
    /// To judge by.
    HeldOut,
}

/// How long callers pause: a log-normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pauses {
    /// What to call it.
    pub name: &'static str,
    /// Half of the pauses are longer.
    pub median: Millis,
    /// The spread of their logarithm.
    pub sigma: f64,
}

impl Pauses {
    /// Most callers.
    pub const USUAL: Self = Self { name: "usual", median: Millis::new(450), sigma: 0.6 };
    /// Callers who think while they speak.
    pub const SLOW: Self = Self { name: "slow", median: Millis::new(800), sigma: 0.6 };

    fn draw(self, random: &mut Random) -> Millis {
        let factor = (self.sigma * random.normal()).exp();
        let pause = (f64::from(self.median.get()) * factor) as u32;
        Millis::new(pause.clamp(PAUSE_MIN, PAUSE_MAX))
    }
}

/// A turn before its pauses are drawn.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Whose half it is in.
    pub half: Half,
    /// Who speaks.
    pub speaker: String,
    /// What the agent has asked for.
    pub expect: Expect,
    /// The words, as far as they are known.
    pub words: String,
    /// What is said without a pause, at [`RATE`].
    pub parts: Vec<Vec<i16>>,
}

/// A turn as it comes down the line.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What it was made from.
    pub plan: Plan,
    /// Samples at [`RATE`], through G.711.
    pub audio: Vec<i16>,
    /// Where in `audio` each part of it lies.
    pub parts: Vec<std::ops::Range<usize>>,
}

impl Turn {
    /// Where the caller has finished.
    pub fn end(&self) -> usize {
        self.parts.last().map_or(0, |part| part.end)
    }
}

/// The turns that `clips` give, each half's apart.
///
/// # Errors
/// [`ClipError`] if a recording cannot be used.
pub fn plans(clips: &[Clip], seed: u64) -> Result<Vec<Plan>, ClipError> {
    let mut plans = Vec::new();
    let mut speakers: Vec<&str> = clips.iter().map(|clip| clip.speaker.as_str()).collect();
    speakers.sort_unstable();
    speakers.dedup();
    for half in [Half::Tuning, Half::HeldOut] {
        let mut own: Vec<&Clip> =
            clips.iter().filter(|clip| half_of(&speakers, clip) == half).collect();
        Random::named(seed, &format!("{half:?}")).shuffle(&mut own);
        let mut builder = Builder { clips, half, seed, plans: Vec::new() };
        builder.answers(&own)?;
        builder.hesitations(&own)?;
        builder.phrases(&own)?;
        builder.sentences(&own)?;
        builder.complete(&own)?;
        builder.grouped(Kind::Digits)?;
        builder.grouped(Kind::Letters)?;
        plans.append(&mut builder.plans);
    }
    Ok(plans)
}

/// Speakers in order of their names take turns; only digits and letters, of which one speaker alone
/// is there, are in both halves.
fn half_of(speakers: &[&str], clip: &Clip) -> Half {
    let place = speakers.binary_search(&clip.speaker.as_str()).unwrap_or(0);
    if place.is_multiple_of(2) { Half::Tuning } else { Half::HeldOut }
}

struct Builder<'a> {
    clips: &'a [Clip],
    half: Half,
    seed: u64,
    plans: Vec<Plan>,
}

impl Builder<'_> {
    fn add(&mut self, kind: Kind, clip: &Clip, words: String, parts: Vec<Vec<i16>>) {
        let expect = match kind {
            Kind::Answer => Expect::Choice,
            Kind::Digits => Expect::Digits,
            Kind::Letters => Expect::Dictation,
            Kind::Complete | Kind::Sentences | Kind::Phrase | Kind::Hesitation => Expect::Open,
        };
        self.plans.push(Plan {
            id: format!("{kind:?}-{}-{}", clip.turn, clip.place).to_lowercase(),
            kind,
            half: self.half,
            speaker: clip.speaker.clone(),
            expect,
            words,
            parts,
        });
    }

    fn count(&self, kind: Kind) -> usize {
        self.plans.iter().filter(|plan| plan.kind == kind).count()
    }

    /// No more than this many turns of a kind by one speaker.
    fn is_spent(&self, kind: Kind, clip: &Clip) -> bool {
        let own = |plan: &&Plan| plan.kind == kind && plan.speaker == clip.speaker;
        PER_SPEAKER_MAX <= self.plans.iter().filter(own).count()
    }

    fn answers(&mut self, clips: &[&Clip]) -> Result<(), ClipError> {
        for clip in clips {
            let words = plain(&clip.words);
            if ANSWERS.contains(&words.as_str())
                && self.count(Kind::Answer) < 20
                && let Some(part) = usable(clip, 150, 1_500)?
            {
                self.add(Kind::Answer, clip, clip.words.clone(), vec![part]);
            }
        }
        Ok(())
    }

    /// "Uh...", and another sentence of the same speaker; or a sentence that trails off, and the next.
    fn hesitations(&mut self, clips: &[&Clip]) -> Result<(), ClipError> {
        for clip in clips {
            if 22 <= self.count(Kind::Hesitation) || self.is_spent(Kind::Hesitation, clip) {
                continue;
            }
            let fills = FILLERS.contains(&plain(&clip.words).as_str());
            let trails = clip.words.ends_with("...") && clip.source == "queen";
            let next = if fills {
                clips.iter().find(|next| {
                    next.speaker == clip.speaker && next.turn != clip.turn && 12 < next.words.len()
                })
            } else if trails {
                self.clips
                    .iter()
                    .find(|next| next.turn == clip.turn && next.place == clip.place + 1)
                    .filter(|next| next.words.chars().next().is_some_and(char::is_alphabetic))
                    .and_then(|next| clips.iter().find(|clip| **clip == next))
            } else {
                None
            };
            let Some(next) = next else { continue };
            let (Some(first), Some(second)) =
                (usable(clip, 150, 4_000)?, usable(next, 300, 4_500)?)
            else {
                continue;
            };
            let words = format!("{} {}", clip.words, next.words);
            self.add(Kind::Hesitation, clip, words, vec![first, second]);
        }
        Ok(())
    }

    fn phrases(&mut self, clips: &[&Clip]) -> Result<(), ClipError> {
        for clip in clips {
            if 50 <= self.count(Kind::Phrase) {
                break;
            }
            if self.is_spent(Kind::Phrase, clip) || clip.words.is_empty() {
                continue;
            }
            let Some(speech) = usable(clip, 1_500, 7_000)? else { continue };
            let gaps = gaps(&speech, GAP_MIN);
            if gaps.is_empty() || 3 < gaps.len() {
                continue;
            }
            let starts = std::iter::once(0).chain(gaps.iter().map(|gap| gap.end));
            let ends = gaps.iter().map(|gap| gap.start).chain([speech.len()]);
            let parts = starts.zip(ends).map(|(start, end)| speech[start..end].to_vec()).collect();
            self.add(Kind::Phrase, clip, clip.words.clone(), parts);
        }
        Ok(())
    }

    fn sentences(&mut self, clips: &[&Clip]) -> Result<(), ClipError> {
        for clip in clips {
            if 25 <= self.count(Kind::Sentences) {
                break;
            }
            if clip.place != 0 || self.is_spent(Kind::Sentences, clip) {
                continue;
            }
            let mut turn: Vec<&&Clip> =
                clips.iter().filter(|part| part.turn == clip.turn).collect();
            turn.sort_by_key(|part| part.place);
            let in_a_row = turn.iter().zip(0..).all(|(part, place)| part.place == place);
            let is_known =
                turn.iter().all(|part| !part.words.is_empty() && !part.words.contains('<'));
            if !(2..=3).contains(&turn.len()) || !in_a_row || !is_known {
                continue;
            }
            let mut parts = Vec::new();
            for part in &turn {
                parts.extend(usable(part, 200, 4_000)?);
            }
            if parts.len() == turn.len() {
                let words: Vec<&str> = turn.iter().map(|part| part.words.as_str()).collect();
                self.add(Kind::Sentences, clip, words.join(" "), parts);
            }
        }
        Ok(())
    }

    fn complete(&mut self, clips: &[&Clip]) -> Result<(), ClipError> {
        for clip in clips {
            if 40 <= self.count(Kind::Complete) {
                break;
            }
            let ends = clip.words.ends_with(['.', '?', '!']) && !clip.words.ends_with("...");
            let is_last = !self
                .clips
                .iter()
                .any(|next| next.turn == clip.turn && next.place == clip.place + 1);
            if !ends || !is_last || self.is_spent(Kind::Complete, clip) || clip.words.contains('<')
            {
                continue;
            }
            if let Some(speech) = usable(clip, 400, 5_000)?
                && gaps(&speech, GAP_MIN).is_empty()
            {
                self.add(Kind::Complete, clip, clip.words.clone(), vec![speech]);
            }
        }
        Ok(())
    }

    /// Numbers of seven and ten digits, or words of four to eight letters, with pauses between groups.
    fn grouped(&mut self, kind: Kind) -> Result<(), ClipError> {
        let (folder, names, count): (_, &[&str], _) = match kind {
            Kind::Digits => {
                ("digits-", &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "oh"], 18)
            }
            Kind::Letters => ("letters-", &LETTERS, 9),
            Kind::Complete | Kind::Answer | Kind::Sentences | Kind::Phrase | Kind::Hesitation => {
                return Ok(());
            }
        };
        let mut sounds = BTreeMap::new();
        for name in names {
            let turn = format!("asterisk-{folder}{name}");
            if let Some(clip) = self.clips.iter().find(|clip| clip.turn == turn)
                && let Some(part) = speech(clip)?
            {
                sounds.insert(*name, (clip, part));
            }
        }
        let names: Vec<&str> = sounds.keys().copied().collect();
        let Some((clip, _)) = sounds.values().next().cloned() else { return Ok(()) };
        for number in 0..count {
            let mut random = Random::named(self.seed, &format!("{kind:?}{number}{:?}", self.half));
            let groups: &[usize] = match kind {
                Kind::Digits => [&[3, 3, 4][..], &[3, 4], &[3, 3, 2, 2]][random.below(3)],
                Kind::Letters
                | Kind::Complete
                | Kind::Answer
                | Kind::Sentences
                | Kind::Phrase
                | Kind::Hesitation => [&[3, 2][..], &[2, 3], &[3, 3, 2], &[4, 3]][random.below(4)],
            };
            let (mut parts, mut words) = (Vec::new(), Vec::new());
            for &group in groups {
                let mut part = Vec::new();
                for _ in 0..group {
                    let name = names[random.below(names.len())];
                    words.push(name);
                    part.extend_from_slice(&sounds[name].1);
                    // Said in one go.
                    part.extend(std::iter::repeat_n(0, RATE.samples_in(Millis::new(30))));
                }
                parts.push(part);
            }
            let named = Clip { turn: format!("{folder}{number}-{:?}", self.half), ..clip.clone() };
            self.add(kind, &named, words.join(" "), parts);
        }
        Ok(())
    }
}

/// The speech of `clip` if it is as long as that, in milliseconds.
fn usable(clip: &Clip, least: u32, most: u32) -> Result<Option<Vec<i16>>, ClipError> {
    let span = |speech: &Vec<i16>| {
        let span = RATE.span_of(speech.len() as u64).get();
        (least..=most).contains(&span)
    };
    Ok(speech(clip)?.filter(span))
}

fn plain(words: &str) -> String {
    let kept = words.chars().filter(|c| c.is_alphabetic() || *c == ' ');
    kept.collect::<String>().to_lowercase().trim().to_owned()
}

/// What else is on the line.
#[derive(Clone, Debug)]
pub struct Noises {
    /// Recordings at [`RATE`], -30 dBFS.
    pub loops: Vec<Vec<i16>>,
}

/// `plan` with pauses drawn, in noise, through G.711.
pub fn turn(plan: &Plan, pauses: Pauses, noises: &Noises, seed: u64) -> Turn {
    let mut random = Random::named(seed, &format!("{}{}", plan.id, pauses.name));
    let mut clean = vec![0.0; RATE.samples_in(LEAD)];
    let mut parts = Vec::new();
    for (place, part) in plan.parts.iter().enumerate() {
        if 0 < place {
            let pause = RATE.samples_in(pauses.draw(&mut random));
            clean.resize(clean.len() + pause, 0.0);
        }
        let start = clean.len();
        clean.extend(faded(part));
        parts.push(start..clean.len());
    }
    clean.resize(clean.len() + RATE.samples_in(TAIL), 0.0);
    // The same line whatever the pauses.
    let mut random = Random::named(seed, &plan.id);
    let level = LINES[random.below(LINES.len())];
    let noise = &noises.loops[random.below(noises.loops.len())];
    let from = random.below(noise.len());
    let gain = 10_f32.powf((level + 30.0) / 20.0);
    for (sample, place) in clean.iter_mut().zip(from..) {
        *sample += f32::from(noise[place % noise.len()]) * gain;
    }
    let linear: Vec<i16> =
        clean.iter().map(|&sample| sample.clamp(-32_768.0, 32_767.0) as i16).collect();
    let (mut codes, mut audio) = (Vec::new(), Vec::new());
    codecs::g711::encode_ulaw(&linear, &mut codes);
    codecs::g711::decode_ulaw(&codes, &mut audio);
    Turn { plan: plan.clone(), audio, parts }
}

/// 5 ms at either end, so that no cut clicks.
fn faded(part: &[i16]) -> impl Iterator<Item = f32> + '_ {
    let fade = RATE.samples_in(Millis::new(5));
    part.iter().enumerate().map(move |(place, &sample)| {
        let edge = place.min(part.len() - 1 - place).min(fade);
        f32::from(sample) * edge as f32 / fade as f32
    })
}

/// Before the first word.
const LEAD: Millis = Millis::new(600);

/// After the last: longer than any strategy waits.
const TAIL: Millis = Millis::new(3_600);

/// What a speaker leaves between words is shorter.
const GAP_MIN: Millis = Millis::new(130);

const PAUSE_MIN: u32 = 120;
const PAUSE_MAX: u32 = 3_000;

/// So that nobody's habits decide.
const PER_SPEAKER_MAX: usize = 9;

/// How loud the noise of a line is, in dBFS: quiet rooms, offices, streets; speech lies at -22.
const LINES: [f32; 4] = [-60.0, -50.0, -42.0, -36.0];

const ANSWERS: [&str; 22] = [
    "yes",
    "no",
    "sure",
    "okay",
    "ok",
    "yeah",
    "right",
    "yep",
    "nope",
    "no way",
    "yes sir",
    "of course",
    "not really",
    "no thanks",
    "thanks",
    "no thank you",
    "sure thing",
    "exactly",
    "never",
    "maybe",
    "really",
    "alright",
];

const FILLERS: [&str; 14] = [
    "um",
    "uh",
    "er",
    "well",
    "hmm",
    "so",
    "hm",
    "oh",
    "ah",
    "umm",
    "uhh",
    "let me see",
    "and",
    "but",
];

const LETTERS: [&str; 26] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t", "u", "v", "w", "x", "y", "z",
];
