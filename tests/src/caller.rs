//! A caller who follows a script, and hears.

use std::collections::VecDeque;

use types::{CallTime, Millis};

use fake_vendors::speech::{Found, Lexicon, Listener, SAMPLES_PER_MS};

/// One thing the caller does.
#[derive(Clone, Debug)]
pub struct Said {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

/// When the caller does something.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// At this time of the call.
    At(Millis),
    /// When the agent has spoken since the thing before and been silent for this long.
    AfterAgent(Millis),
    /// When the agent has been heard for this long since the thing before.
    WhileAgent(Millis),
    /// This long after the thing before was over.
    Then(Millis),
}

/// What the caller does.
#[derive(Clone, Debug)]
pub enum What {
    /// Says this.
    Words(String),
    /// Coughs: sound without words.
    Noise(Millis),
    /// Presses a key.
    Key(char),
    /// Hangs up.
    HangUp,
}

/// What leaves the caller's telephone in a tick, besides audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A key.
    Key(char),
    /// The end.
    HangUp,
}

/// A caller with a telephone.
#[derive(Debug)]
pub struct Caller {
    script: VecDeque<Said>,
    /// All words the caller says.
    pub lexicon: Lexicon,
    sound: VecDeque<i16>,
    ear: Listener,
    now: CallTime,
    over_at: CallTime,
    agent: AgentHeard,
    asked: Option<String>,
}

/// What the caller notices of the agent since the thing before.
#[derive(Debug, Default)]
struct AgentHeard {
    heard: Millis,
    silent: Millis,
}

/// Softer is silence.
pub(crate) const AUDIBLE: i16 = 300;

impl Caller {
    /// A caller who will do what `script` says.
    pub fn new(script: Vec<Said>) -> Self {
        Self {
            script: script.into(),
            lexicon: Lexicon::default(),
            sound: VecDeque::new(),
            ear: Listener::default(),
            now: CallTime::ZERO,
            over_at: CallTime::ZERO,
            agent: AgentHeard::default(),
            asked: None,
        }
    }

    /// 20 ms pass: what was heard goes in, what is said replaces the contents of `out`.
    pub fn tick(&mut self, now: CallTime, heard: &[i16], out: &mut Vec<i16>) -> Option<Deed> {
        self.now = now;
        let ptime = Millis::new(20);
        self.ear.hear(heard);
        if heard.iter().any(|sample| AUDIBLE < sample.saturating_abs()) {
            self.agent.heard = self.agent.heard + ptime;
            self.agent.silent = Millis::ZERO;
        } else {
            self.agent.silent = self.agent.silent + ptime;
        }
        let deed = self.act();
        let count = 20 * SAMPLES_PER_MS;
        let speaks = self.sound.len().min(count);
        out.clear();
        out.extend(self.sound.drain(..speaks));
        out.resize(count, 0);
        if 0 < speaks {
            self.over_at = now + ptime;
            self.agent = AgentHeard::default();
        }
        deed
    }

    /// What the caller waits for an answer to: the last words, if they are over.
    pub fn awaits(&self) -> Option<&str> {
        if self.sound.is_empty() { self.asked.as_deref() } else { None }
    }

    /// Somebody answered.
    pub fn is_answered(&mut self) {
        self.asked = None;
    }

    /// The agent's words as truly heard.
    pub fn heard(&mut self, agent: &Lexicon) -> Vec<Found> {
        self.ear.words(agent)
    }

    fn act(&mut self) -> Option<Deed> {
        let due = self.sound.is_empty()
            && self.script.front().is_some_and(|said| match said.when {
                When::At(at) => at <= self.now.since(CallTime::ZERO),
                When::AfterAgent(silence) => {
                    Millis::ZERO < self.agent.heard && silence <= self.agent.silent
                }
                When::WhileAgent(span) => {
                    span <= self.agent.heard && self.agent.silent == Millis::ZERO
                }
                When::Then(pause) => pause <= self.now.since(self.over_at),
            });
        if !due {
            return None;
        }
        self.over_at = self.now;
        match self.script.pop_front()?.what {
            What::Words(text) => {
                let mut audio = Vec::new();
                self.lexicon.say(&text, &mut audio);
                self.sound.extend(audio);
                self.asked = Some(text);
                None
            }
            What::Noise(span) => {
                let samples = span.get() as usize * SAMPLES_PER_MS;
                // A buzz that is no level of any word.
                self.sound.extend((0..samples).map(|n| if n % 2 == 0 { 5_000 } else { -3_001 }));
                None
            }
            What::Key(key) => {
                // More keys may follow: the wait is the caller's own.
                self.asked = None;
                Some(Deed::Key(key))
            }
            What::HangUp => Some(Deed::HangUp),
        }
    }
}

/// The caller says `words` when the agent has been silent for 400 ms after speaking.
pub fn asks(words: &str) -> Said {
    let when = When::AfterAgent(Millis::new(400));
    Said { when, what: What::Words(words.to_owned()) }
}

/// The caller says `words` when the agent has been heard for `heard` ms.
pub fn interrupts(heard: u32, words: &str) -> Said {
    let when = When::WhileAgent(Millis::new(heard));
    Said { when, what: What::Words(words.to_owned()) }
}

/// The caller says `words` after a pause of `pause` ms.
pub fn goes_on(pause: u32, words: &str) -> Said {
    Said { when: When::Then(Millis::new(pause)), what: What::Words(words.to_owned()) }
}

/// The caller coughs when the agent has been heard for `heard` ms.
pub fn coughs(heard: u32, span: u32) -> Said {
    Said { when: When::WhileAgent(Millis::new(heard)), what: What::Noise(Millis::new(span)) }
}

/// The caller presses `key` after a pause of `pause` ms.
pub fn presses(pause: u32, key: char) -> Said {
    Said { when: When::Then(Millis::new(pause)), what: What::Key(key) }
}

/// The caller hangs up after a pause of `pause` ms.
pub fn hangs_up(pause: u32) -> Said {
    Said { when: When::Then(Millis::new(pause)), what: What::HangUp }
}
