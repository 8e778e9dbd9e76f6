//! The caller's mouth: plays a script, listening to what is heard.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use types::{DtmfDigit, Millis, PTIME, SampleRate};

use crate::audio::speech_span;
use crate::measure::{Asked, reply_onset};
use crate::playout::time_of;
use crate::{Ear, Observation, PlayoutModel, Script, Step, Wait};

/// From one key to the next.
pub(crate) const KEY_SPACING: Millis = Millis::new(200);

/// An interruption waits for the agent's voice if it was last heard longer ago than this.
const VOICE_RECENT: Millis = Millis::new(100);

/// What is before the speech in a recording, when it interrupts: the rest of a recording's leading
/// silence would make the interruption late.
const LEAD_KEPT: Millis = Millis::new(10);

/// What the caller does besides speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Press(DtmfDigit),
    HangUp,
}

/// Performs one script.
#[derive(Debug)]
pub(crate) struct Performer {
    rate: SampleRate,
    steps: VecDeque<Step>,
    doing: Doing,
    asked: Vec<Asked>,
    listening: Listening,
}

/// What the caller is doing.
#[derive(Debug)]
enum Doing {
    /// The next step is to be begun.
    Between,
    /// As the step at the front says, since this position.
    Waiting { since: usize },
    /// Saying something, from this sample on.
    Saying { audio: Arc<[i16]>, next: usize },
    /// Pressing the remaining keys, the next one at this position.
    Pressing { digits: VecDeque<DtmfDigit>, at: usize },
    /// Hung up.
    Finished,
}

/// What the caller has noticed of the current reply.
#[derive(Debug, Default)]
struct Listening {
    onset: Option<usize>,
    told: Told,
}

/// What has been told of the current question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    Beginning,
    All,
}

/// What a performance sees and says.
pub(crate) struct Scene<'a> {
    /// Where the next frame begins on the timeline.
    pub(crate) position: usize,
    pub(crate) playout: &'a PlayoutModel,
    pub(crate) observations: &'a mut VecDeque<Observation>,
}

impl Performer {
    pub(crate) fn new(rate: SampleRate, script: Script) -> Self {
        Self {
            rate,
            steps: script.steps.into(),
            doing: Doing::Between,
            asked: Vec::new(),
            listening: Listening::default(),
        }
    }

    /// The questions asked so far.
    pub(crate) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Performs one frame: appends its samples to `frame`, whole or in part, and says what is done
    /// besides.
    pub(crate) fn perform(&mut self, scene: &mut Scene<'_>, frame: &mut Vec<i16>) -> Option<Deed> {
        self.listen(scene);
        let samples = self.rate.samples_in(PTIME);
        loop {
            match &mut self.doing {
                Doing::Finished => return None,
                Doing::Between => {
                    if self.steps.is_empty() {
                        self.doing = Doing::Finished;
                        return Some(Deed::HangUp);
                    }
                    self.begin(scene.position);
                }
                Doing::Saying { audio, next } => {
                    let end = (*next + samples).min(audio.len());
                    frame.extend_from_slice(&audio[*next..end]);
                    *next = end;
                    if end == audio.len() {
                        self.doing = Doing::Between;
                    }
                    return None;
                }
                Doing::Pressing { at, .. } if scene.position < *at => return None,
                Doing::Pressing { digits, at } => match digits.pop_front() {
                    Some(digit) => {
                        *at += self.rate.samples_in(KEY_SPACING);
                        let at = time_of(self.rate, scene.position);
                        scene.observations.push_back(Observation::Pressed { digit, at });
                        return Some(Deed::Press(digit));
                    }
                    None => self.doing = Doing::Between,
                },
                Doing::Waiting { since } => {
                    let since = *since;
                    if !self.wait(since, scene) {
                        return None;
                    }
                }
            }
        }
    }

    fn begin(&mut self, position: usize) {
        match self.steps.front() {
            Some(Step::Say { .. }) => {
                let Some(Step::Say { audio, label }) = self.steps.pop_front() else { return };
                self.say(audio, label, position, Manner::Politely);
            }
            Some(Step::Dtmf { .. }) => {
                let Some(Step::Dtmf { digits }) = self.steps.pop_front() else { return };
                self.doing = Doing::Pressing { digits: digits.into(), at: position };
            }
            Some(Step::HangUp) | None => self.steps.clear(),
            Some(
                Step::WaitForReply(_)
                | Step::Interrupt { .. }
                | Step::Pause { .. }
                | Step::WaitForGate { .. }
                | Step::WaitForHangUp { .. },
            ) => self.doing = Doing::Waiting { since: position },
        }
    }

    /// Whether the waiting is over; the next thing has then been begun.
    fn wait(&mut self, since: usize, scene: &mut Scene<'_>) -> bool {
        let passed = scene.position - since;
        let reached = |span: Millis| self.rate.samples_in(span) <= passed;
        let over = match self.steps.front() {
            Some(Step::WaitForReply(wait)) => self.is_reply_over(*wait, passed, scene),
            Some(Step::Interrupt { after, .. }) => {
                if self.is_time_to_interrupt(*after, scene) {
                    self.interrupt(scene, Manner::Interrupting);
                    return true;
                }
                if self.is_reply_over(Wait::REPLY, passed, scene) {
                    self.interrupt(scene, Manner::Politely);
                    return true;
                }
                false
            }
            Some(Step::Pause { span }) => reached(*span),
            Some(Step::WaitForGate { gate, max }) => gate.is_open() || reached(*max),
            Some(Step::WaitForHangUp { max }) => reached(*max),
            Some(Step::Say { .. } | Step::Dtmf { .. } | Step::HangUp) | None => true,
        };
        if over {
            self.steps.pop_front();
            self.doing = Doing::Between;
        }
        over
    }

    fn interrupt(&mut self, scene: &mut Scene<'_>, manner: Manner) {
        let Some(Step::Interrupt { audio, label, .. }) = self.steps.pop_front() else { return };
        if manner == Manner::Interrupting {
            let turn = self.asked.len();
            let (from, _) = self.speech(&audio, manner);
            let onset = time_of(self.rate, scene.position + from.start);
            scene.observations.push_back(Observation::BargedIn { turn, onset });
        }
        self.say(audio, label, scene.position, manner);
    }

    fn is_time_to_interrupt(&self, after: Millis, scene: &Scene<'_>) -> bool {
        self.listening.onset.is_some_and(|onset| {
            onset + self.rate.samples_in(after) <= scene.position
                && scene.playout.ear().silence() < self.rate.samples_in(VOICE_RECENT)
        })
    }

    /// Whether the caller has heard enough, or nothing for too long; tells which.
    fn is_reply_over(&self, wait: Wait, passed: usize, scene: &mut Scene<'_>) -> bool {
        let turn = self.asked.len().checked_sub(1);
        let ear = scene.playout.ear();
        let samples = |span| self.rate.samples_in(span);
        if self.listening.onset.is_none() {
            let over = samples(wait.begin_max) <= passed;
            if over {
                let at = time_of(self.rate, scene.position);
                scene.observations.push_back(Observation::Unanswered { turn, at });
            }
            return over;
        }
        let silent = samples(wait.silence) <= ear.silence() && !scene.playout.is_audio_pending();
        let over = silent || samples(wait.begin_max + wait.reply_max) <= passed;
        if over {
            let ended = ear.spans().last().map_or(scene.position, |span| span.end);
            let at = time_of(self.rate, ended);
            scene.observations.push_back(Observation::ReplyEnded { turn, at });
        }
        over
    }

    fn say(&mut self, audio: Arc<[i16]>, label: String, position: usize, manner: Manner) {
        let (speech, skipped) = self.speech(&audio, manner);
        self.asked.push(Asked {
            label: label.clone(),
            began: position + speech.start,
            ended: position + speech.end,
            interrupts: manner == Manner::Interrupting,
        });
        self.listening = Listening::default();
        self.doing = Doing::Saying { audio, next: skipped };
    }

    /// Where the speech of `audio` lies once it is said, and how much of its lead is skipped.
    fn speech(&self, audio: &[i16], manner: Manner) -> (Range<usize>, usize) {
        let speech = speech_span(self.rate, audio).unwrap_or(0..audio.len());
        let skipped = match manner {
            Manner::Politely => 0,
            Manner::Interrupting => speech.start.saturating_sub(self.rate.samples_in(LEAD_KEPT)),
        };
        (speech.start - skipped..speech.end - skipped, skipped)
    }

    /// Notices what has begun and ended since the last frame.
    fn listen(&mut self, scene: &mut Scene<'_>) {
        let turn = self.asked.len().checked_sub(1);
        let rate = self.rate;
        if let (Some(turn), Some(asked)) = (turn, self.asked.last()) {
            if self.listening.told == Told::Nothing && asked.began <= scene.position {
                self.listening.told = Told::Beginning;
                let (label, at) = (asked.label.clone(), time_of(rate, asked.began));
                scene.observations.push_back(Observation::QuestionBegan { turn, label, at });
            }
            if self.listening.told == Told::Beginning && asked.ended <= scene.position {
                self.listening.told = Told::All;
                let at = time_of(rate, asked.ended);
                scene.observations.push_back(Observation::QuestionEnded { turn, at });
            }
        }
        if self.listening.onset.is_none() {
            self.listening.onset = self.onset(scene.playout.ear(), scene.position);
            if let Some(onset) = self.listening.onset {
                let at = time_of(rate, onset);
                let response = self.asked.last().map(|asked| at - time_of(rate, asked.ended));
                scene.observations.push_back(Observation::ReplyBegan { turn, at, response });
            }
        }
    }

    fn onset(&self, ear: &Ear, position: usize) -> Option<usize> {
        match self.asked.last() {
            Some(asked) if asked.ended <= position => reply_onset(self.rate, ear.spans(), asked),
            Some(_) => None,
            None => ear.spans().first().map(|span| span.start),
        }
    }
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Politely,
    Interrupting,
}
