//! Utterances, and what was said of them: what is known, what is asked, what is final.
//!
//! ```text
//!           begin            pause                    finalize
//! (silence) ─────▶ speaking ◀─────▶ paused ─────────────────────▶ asked ──▶ answered
//!                             resume   │ a moment later: "finalize", so that the
//!                                      ▼ words are there before they are asked for
//!                                    stable
//! ```
//!
//! An utterance is answered at once if the vendor has declared final everything up to where the caller
//! fell silent; else by the answer to the order to finish; else, when that has taken too long, by the
//! best that is known. Nothing waits for a fixed time.

use std::collections::VecDeque;

use tokio::time::Instant;
use types::{Millis, Pii, SampleRate, UtteranceId};
use vendor::{RecognizerEvent, TurnOpinion};

use crate::clock::after;

use super::dialect::{AnswersSilence, Asks, Certainty, Manners};
use super::script::{Piece, Reading, Script};

/// One session's ear.
#[derive(Debug)]
pub(crate) struct Ear {
    rate: SampleRate,
    answers_silence: AnswersSilence,
    asks: Asks,
    script: Script,
    /// Up to where the newest guess is one that only a caller who goes on would change.
    stable_to: Option<u64>,
    turn: VendorTurn,
    /// A message of this connection could not be read: words may be missing.
    is_damaged: bool,
    /// Not yet answered, oldest first.
    open: VecDeque<Utterance>,
    /// One past the newest sample.
    end: u64,
    /// Orders to finish that this connection has not answered: up to where, and when they were sent.
    asked: VecDeque<(u64, Instant)>,
    /// Up to where the newest answer reaches, and when it came.
    answered: Option<(u64, Instant)>,
    /// When the vendor last said words, and where the audio ended then.
    heard: Instant,
    heard_end: u64,
    events: VecDeque<RecognizerEvent>,
}

#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    /// Where it begins, with the lead.
    from: u64,
    /// Where the caller fell silent, if so.
    quiet: Option<u64>,
    /// Where in the pause to ask for its words.
    settle: Option<u64>,
    /// Where it ends, and when its words were asked for.
    asked: Option<(u64, Instant)>,
    shown: Shown,
    suspected: Suspected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Partial(Reading),
    Stable(Reading),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspected {
    No,
    Once,
}

/// The vendor's own turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VendorTurn {
    Ended,
    /// An utterance was answered before the vendor ended its turn: it has to be told.
    Open,
}

/// What has to be done about a vendor that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Connect anew and let it hear again what it has not declared final.
    Reconnect,
    /// It was given a second chance: another vendor has to do.
    Hopeless,
}

/// How much is taken from before the detector's onset, which is late at soft sounds (the local
/// recognizer's lead, measured there).
const LEAD: Millis = Millis::new(500);

/// How long the caller has been silent when the detector reports a pause.
const HANGOVER: Millis = Millis::new(120);

/// How much longer a pause lasts before its words are asked for: many are over before, and words that
/// are cut off from what follows are understood worse.
const SETTLE: Millis = Millis::new(80);

/// An answer that takes longer is not coming: twice the slowest hundredth (providers.md §8).
pub(crate) const ANSWER_MAX: Millis = Millis::new(700);

/// What the answer to the order to finish may be ahead of the words themselves.
const GRACE: Millis = Millis::new(120);

/// Without an answer, whatever the reason, the best that is known is the answer after this: no caller is
/// to wait for more than three seconds in all.
const LATE_MAX: Millis = Millis::new(2_500);

/// No word for so long while somebody speaks: suspect (conversation.md §7.10).
const MUTE_MAX: Millis = Millis::new(1_500);

/// The same for a vendor that says nothing unless there are words.
const WORDLESS_MAX: Millis = Millis::from_secs(3);

/// Sounds shorter than this may hold no word.
const WORD_MIN: Millis = Millis::new(600);

/// What is kept although nobody speaks: the lead, and an onset that is told late.
const PREFIX: Millis = Millis::new(2_000);

impl Ear {
    pub(crate) fn new(rate: SampleRate, manners: &Manners, now: Instant) -> Self {
        Self {
            rate,
            answers_silence: manners.answers_silence,
            asks: manners.asks,
            script: Script::default(),
            stable_to: None,
            turn: VendorTurn::Ended,
            is_damaged: false,
            open: VecDeque::new(),
            end: 0,
            asked: VecDeque::new(),
            answered: None,
            heard: now,
            heard_end: 0,
            events: VecDeque::new(),
        }
    }

    const fn samples(&self, span: Millis) -> u64 {
        self.rate.samples_in(span) as u64
    }

    /// There is audio up to sample `end` now.
    pub(crate) fn handle_audio(&mut self, end: u64) {
        self.end = end;
        if self.open.is_empty() {
            self.script.begin_at(self.needed());
        }
    }

    pub(crate) fn begin(&mut self, now: Instant, id: UtteranceId, ago: Millis) {
        let onset = self.end.saturating_sub(self.samples(ago + LEAD));
        let from = match self.open.back() {
            Some(before) => onset.max(before.asked.map_or(before.from, |(to, _)| to)),
            None => onset,
        };
        if self.open.is_empty() {
            self.script.speech_from(self.end.saturating_sub(self.samples(ago)));
        }
        self.hear(now);
        self.open.push_back(Utterance {
            id,
            from,
            quiet: None,
            settle: None,
            asked: None,
            shown: Shown::Nothing,
            suspected: Suspected::No,
        });
    }

    pub(crate) fn pause(&mut self, id: UtteranceId) {
        let quiet = self.end.saturating_sub(self.samples(HANGOVER));
        let settle = match self.asks {
            Asks::InPauses => Some(self.end + self.samples(SETTLE)),
            Asks::AtTheEnd => None,
        };
        if let Some(utterance) = self.find(id) {
            utterance.quiet = Some(quiet.max(utterance.from));
            utterance.settle = settle;
        }
        self.show(Certainty::Guess);
    }

    pub(crate) fn resume(&mut self, now: Instant, id: UtteranceId) {
        self.hear(now);
        if let Some(utterance) = self.find(id) {
            utterance.quiet = None;
            utterance.settle = None;
        }
    }

    pub(crate) fn finalize(&mut self, now: Instant, id: UtteranceId) {
        let end = self.end;
        match self.find(id) {
            Some(utterance) => {
                utterance.quiet = utterance.quiet.or(Some(end));
                utterance.asked = utterance.asked.or(Some((end, now)));
            }
            // Follows every order exactly once, even if nothing was known of it.
            None => self.events.push_back(final_words(id, Reading::default(), Millis::ZERO)),
        }
        self.answer(now);
    }

    pub(crate) fn discard(&mut self, id: UtteranceId) {
        self.open.retain(|utterance| utterance.id != id);
    }

    fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.heard_end = self.end;
    }

    fn find(&mut self, id: UtteranceId) -> Option<&mut Utterance> {
        self.open.iter_mut().find(|utterance| utterance.id == id)
    }

    /// A connection begins: it hears everything from the returned place on.
    pub(crate) fn connected(&mut self, now: Instant, oldest: u64) -> u64 {
        self.lost();
        self.hear(now);
        let from = self.needed().max(oldest);
        self.script.begin_at(from);
        from
    }

    /// The words of this connection are not to be had any more.
    pub(crate) fn lost(&mut self) {
        self.asked.clear();
        self.answered = None;
        self.stable_to = None;
        self.turn = VendorTurn::Ended;
        self.is_damaged = false;
    }

    /// The vendor sent something that cannot be read.
    pub(crate) const fn handle_damage(&mut self) {
        self.is_damaged = true;
    }

    /// Whether this connection sent something that cannot be read.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// The order to finish was sent, behind all audio up to `place`.
    pub(crate) fn was_asked(&mut self, now: Instant, place: u64) {
        self.asked.push_back((place, now));
        self.turn = VendorTurn::Ended;
        for utterance in &mut self.open {
            utterance.settle = None;
        }
    }

    /// The vendor has said all it will say of the audio from `from` up to `to`.
    pub(crate) fn handle_covered(&mut self, from: u64, to: u64) {
        self.script.cover((from, to));
    }

    /// The vendor says words.
    pub(crate) fn handle_words(
        &mut self,
        now: Instant,
        piece: Piece,
        certainty: Certainty,
        opinion: Option<TurnOpinion>,
    ) {
        self.hear(now);
        self.stable_to = (certainty == Certainty::Stable).then_some(piece.to);
        let to = piece.to;
        match certainty {
            Certainty::Guess | Certainty::Stable => self.script.guess(piece),
            Certainty::Final => {
                self.script.settle(piece);
                self.forget_asked(to);
            }
        }
        if let (Some(opinion), Some(utterance)) = (opinion, self.open.back())
            && utterance.asked.is_none()
        {
            let utterance = utterance.id;
            self.events.push_back(RecognizerEvent::Turn { utterance, opinion });
        }
        self.show(certainty);
        self.answer(now);
    }

    /// The vendor has answered an order to finish, with what was said up to `to`: the oldest one, and
    /// those before that place, whose answers must have been lost.
    pub(crate) fn handle_answer(&mut self, now: Instant, to: u64) {
        if let Some((place, _)) = self.asked.pop_front() {
            self.answered = Some((place, now));
        }
        while let Some((place, _)) = self.asked.front().copied()
            && place <= to
        {
            self.asked.pop_front();
            self.answered = Some((place, now));
        }
        self.answer(now);
    }

    /// Shows the words so far of what is being said.
    fn show(&mut self, certainty: Certainty) {
        let Some(utterance) = self.open.back_mut() else { return };
        if utterance.asked.is_some() {
            return;
        }
        let reading = self.script.reading(utterance.from, u64::MAX);
        let settled = self.script.settled_to();
        let is_settled = utterance.quiet.is_some_and(|quiet| quiet <= settled);
        let is_stable = is_settled || (certainty == Certainty::Stable && utterance.quiet.is_some());
        let id = utterance.id;
        if is_stable {
            let shown = Shown::Stable(reading.clone());
            if std::mem::replace(&mut utterance.shown, shown.clone()) != shown {
                let (text, others) = revealed(reading);
                self.events.push_back(RecognizerEvent::Stable { utterance: id, text, others });
            }
        } else if !reading.text.is_empty() {
            let is_news = match &utterance.shown {
                Shown::Partial(shown) | Shown::Stable(shown) => shown.text != reading.text,
                Shown::Nothing => true,
            };
            if is_news {
                utterance.shown = Shown::Partial(reading.clone());
                let text = Pii::new(reading.text);
                self.events.push_back(RecognizerEvent::Partial { utterance: id, text });
            }
        }
    }

    /// Answers what can be answered, in order.
    fn answer(&mut self, now: Instant) {
        while let Some(utterance) = self.open.front()
            && let Some((_, _)) = utterance.asked
            && self.is_known(utterance, now)
        {
            self.answer_first();
        }
    }

    fn is_known(&self, utterance: &Utterance, now: Instant) -> bool {
        let Some(quiet) = utterance.quiet else { return false };
        let is_answered = self.is_answered(quiet, now) && !self.is_missing(quiet);
        quiet <= self.script.settled_to() || self.is_stable(quiet) || is_answered
    }

    /// Whether the vendor has answered, and long enough ago for words it overtook to have arrived.
    fn is_answered(&self, quiet: u64, now: Instant) -> bool {
        self.answered.is_some_and(|(place, at)| quiet <= place && after(at, GRACE) <= now)
    }

    fn is_stable(&self, quiet: u64) -> bool {
        self.stable_to.is_some_and(|stable| quiet <= stable + SLACK)
    }

    /// Whether words that cannot be read may have been final.
    const fn is_missing(&self, quiet: u64) -> bool {
        self.is_damaged && self.script.settled_to() < quiet
    }

    fn answer_first(&mut self) {
        let Some(utterance) = self.open.pop_front() else { return };
        let quiet = utterance.quiet.unwrap_or(self.end);
        if self.asks == Asks::AtTheEnd && self.script.settled_to() < quiet {
            self.turn = if self.asked.is_empty() { VendorTurn::Open } else { VendorTurn::Ended };
        }
        let to = utterance.asked.map_or(self.end, |(to, _)| to);
        let reading = self.script.reading(utterance.from, to);
        let audio = self.rate.span_of(to.saturating_sub(utterance.from));
        self.events.push_back(final_words(utterance.id, reading, audio));
        // What was said there is said; it is not to be heard again.
        self.script.cover((self.script.settled_to(), to));
        self.script.forget(to);
        self.forget_asked(to);
    }

    /// An order that is not answered if there is nothing (more) to say is not waited for.
    fn forget_asked(&mut self, to: u64) {
        if self.answers_silence == AnswersSilence::No {
            self.asked.retain(|(place, _)| to < *place);
        }
    }

    /// Answers all that was asked with the best that is known: nothing more will come.
    pub(crate) fn give_up(&mut self) {
        while self.open.front().is_some_and(|utterance| utterance.asked.is_some()) {
            self.answer_first();
        }
    }

    /// Behind which place of the audio to send the order to finish, if it is wanted.
    pub(crate) fn wants_finalize(&self) -> Option<u64> {
        if self.turn == VendorTurn::Open {
            return Some(self.script.settled_to());
        }
        let utterance = self.open.back()?;
        let quiet = utterance.quiet?;
        let settle = utterance.settle.filter(|settle| *settle <= self.end);
        let place = utterance.asked.map(|(to, _)| to).or(settle)?;
        let newest = self.asked.back().map(|(place, _)| *place);
        let newest = newest.max(self.answered.map(|(place, _)| place));
        let is_asked = newest.is_some_and(|place| quiet <= place);
        (!is_asked && self.script.settled_to() < quiet).then_some(place)
    }

    /// The oldest sample that the vendor may have to hear again.
    pub(crate) fn needed(&self) -> u64 {
        match self.open.front() {
            Some(utterance) => utterance.from.max(self.script.settled_to().min(self.end)),
            None => self.end.saturating_sub(self.samples(PREFIX)),
        }
    }

    /// How much audio the vendor has not declared final although somebody speaks.
    pub(crate) fn unsettled(&self) -> Millis {
        match self.open.front() {
            Some(_) => self.rate.span_of(self.end.saturating_sub(self.needed())),
            None => Millis::ZERO,
        }
    }

    /// Whether nobody speaks and nothing is asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.asked.is_empty()
    }

    /// Whether somebody speaks, or has spoken and is not understood yet.
    pub(crate) fn is_busy(&self) -> bool {
        !self.open.is_empty()
    }

    pub(crate) fn poll_event(&mut self) -> Option<RecognizerEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let grace = self
            .answered
            .map(|(_, at)| after(at, GRACE))
            .filter(|_| self.open.front().is_some_and(|utterance| utterance.asked.is_some()));
        [grace, self.answer_due(), self.mute_due()].into_iter().flatten().min()
    }

    /// When the oldest question counts as unanswered.
    fn answer_due(&self) -> Option<Instant> {
        let utterance = self.open.front()?;
        let (_, at) = utterance.asked?;
        let sent = self.asked.front().map(|(_, sent)| after(*sent.max(&at), ANSWER_MAX));
        Some(sent.unwrap_or(after(at, LATE_MAX)).min(after(at, LATE_MAX)))
    }

    /// When a vendor that says nothing while somebody speaks becomes suspect.
    fn mute_due(&self) -> Option<Instant> {
        let utterance = self.open.back()?;
        let is_speaking = utterance.quiet.is_none() && utterance.suspected == Suspected::No;
        let patience = match self.answers_silence {
            AnswersSilence::Yes => MUTE_MAX,
            AnswersSilence::No => WORDLESS_MAX,
        };
        is_speaking.then(|| after(self.heard, patience))
    }

    /// Lets time pass. `link` tells whether there is a connection that could answer.
    pub(crate) fn handle_timeout(&mut self, now: Instant, link: LinkState) -> Option<Silence> {
        self.answer(now);
        if self.is_answer_damaged(now) && link == LinkState::Up {
            return self.on_damaged();
        }
        if self.answer_due().is_some_and(|due| due <= now) {
            return self.on_unanswered(now, link);
        }
        if self.mute_due().is_some_and(|due| due <= now) {
            // Without audio there is nothing to be said about it.
            let is_fed = self.samples(MUTE_MAX) / 2 <= self.end - self.heard_end;
            self.hear(now);
            if link == LinkState::Up && is_fed {
                self.suspect();
                return Some(Silence::Reconnect);
            }
        }
        None
    }

    fn is_answer_damaged(&self, now: Instant) -> bool {
        self.open.front().is_some_and(|utterance| {
            let quiet = utterance.quiet.filter(|_| utterance.asked.is_some());
            quiet.is_some_and(|quiet| self.is_answered(quiet, now) && self.is_missing(quiet))
        })
    }

    /// Words that cannot be read are to be had once more; if those cannot be read either, not here.
    fn on_damaged(&mut self) -> Option<Silence> {
        if self.open.front()?.suspected == Suspected::Once {
            self.answer_first();
            return Some(Silence::Hopeless);
        }
        self.suspect();
        Some(Silence::Reconnect)
    }

    fn on_unanswered(&mut self, now: Instant, link: LinkState) -> Option<Silence> {
        let utterance = self.open.front()?;
        let (to, at) = utterance.asked?;
        let quiet = utterance.quiet.unwrap_or(to);
        let is_late = after(at, LATE_MAX) <= now;
        let reaches = self.script.guess_to().is_some_and(|guess| quiet <= guess + SLACK);
        let is_short = self.rate.span_of(quiet.saturating_sub(utterance.from)) < LEAD + WORD_MIN;
        let wordless = self.script.reading(utterance.from, to).text.is_empty();
        let is_nothing = self.answers_silence == AnswersSilence::No && wordless && is_short;
        let is_second = utterance.suspected == Suspected::Once;
        if is_late || reaches || is_nothing || is_second || link == LinkState::Down {
            // One that answers only words may have heard none: noise is no reason to leave it.
            let owes = self.answers_silence == AnswersSilence::Yes || !wordless;
            let is_mute = is_second && owes && !reaches && link == LinkState::Up;
            self.asked.pop_front();
            self.answer_first();
            return is_mute.then_some(Silence::Hopeless);
        }
        self.suspect();
        Some(Silence::Reconnect)
    }

    fn suspect(&mut self) {
        for utterance in &mut self.open {
            utterance.suspected = Suspected::Once;
        }
    }
}

/// Whether there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    Up,
    Down,
}

/// A guess that ends this much before the silence is a guess of everything: 100 ms at 8 kHz.
const SLACK: u64 = 800;

fn revealed(reading: Reading) -> (Pii<String>, Vec<Pii<String>>) {
    (Pii::new(reading.text), reading.others.into_iter().map(Pii::new).collect())
}

fn final_words(utterance: UtteranceId, reading: Reading, audio: Millis) -> RecognizerEvent {
    let (text, others) = revealed(reading);
    RecognizerEvent::Final { utterance, text, others, audio }
}

#[cfg(test)]
#[path = "ear_tests.rs"]
mod tests;
