//! Several recognizers as one: where one falls silent, the next hears again what was not final.
//!
//! The caller's audio is the clock: it is pushed all the time, so no task and no timer is needed.
//! What is not final yet is kept in a ring in the leg's own format; a successor is given it in its
//! own. Nothing is locked per frame: one atomic says whether there is news.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codecs::g711;
use codecs::resample::Resampler;
use tokio::time::Instant;
use types::{AudioFormat, Encoding, Millis, Pii, UtteranceId, VendorName};
use vendor::{
    AudioChunk, Offered, Phase, Recognizer, RecognizerEvent, RecognizerRequest, RecognizerSession,
    Sink, VendorError, VendorUsage,
};

use super::breaker::Admission;
use super::health::{LATE, RESTING};
use super::member::Member;

/// Audio kept for a successor. Source: conversation.md §7.10.
const KEPT: Millis = Millis::from_secs(10);

/// Audio before the onset that a successor is given, too: detectors find onsets late.
const PREFIX: Millis = Millis::new(500);

/// How long a leader that has lost its connection in the midst of speech may take to be heard of again
/// before the next listens, too: the first three attempts to connect take 400 ms.
const AWAY_MAX: Millis = Millis::new(500);

/// How much faster than it is spoken audio is heard again by those who hear it over a network
/// (conversation.md §7.10).
const REPEAT_SPEED: u64 = 4;

/// Utterances that may be open at once: the one spoken, and one whose words are still awaited.
const UTTERANCES_MAX: usize = 8;

/// Opens a session in which the members recognize in order. `request.format` is what the audio
/// will come in; each member is given it in a format it takes.
///
/// # Errors
/// [`VendorError`] if none of the members has a session for us.
pub fn open_recognizers(
    members: Vec<Member<dyn Recognizer>>,
    request: RecognizerRequest,
    events: Arc<dyn Sink<RecognizerEvent>>,
) -> Result<Box<dyn RecognizerSession>, VendorError> {
    assert!(members.len() <= 32, "an agent's list is bounded: one bit each");
    let board = Arc::new(Board {
        events,
        heard: AtomicU32::new(0),
        leader: AtomicU32::new(0),
        is_leader_away: AtomicBool::new(false),
        has_news: AtomicBool::new(false),
        news: Mutex::new(News::default()),
    });
    let kept = Ring::new(request.format);
    let seats = members.into_iter().map(Seat::new).collect();
    let mut session = Session {
        seats,
        leader: 0,
        request,
        board,
        kept,
        away_until: None,
        utterances: Vec::with_capacity(UTTERANCES_MAX),
    };
    session.lead_from(0, None).map(|()| -> Box<dyn RecognizerSession> { Box::new(session) })
}

struct Session {
    seats: Vec<Seat>,
    /// Whose partials count.
    leader: usize,
    request: RecognizerRequest,
    board: Arc<Board>,
    kept: Ring,
    /// Where the leader, which has lost its connection, has been away for long enough.
    away_until: Option<u64>,
    utterances: Vec<Utterance>,
}

struct Seat {
    member: Member<dyn Recognizer>,
    ear: Option<Ear>,
    /// What its sessions used up that are over.
    spent: VendorUsage,
}

impl Seat {
    fn new(member: Member<dyn Recognizer>) -> Self {
        Self { member, ear: None, spent: VendorUsage::default() }
    }

    fn usage(&self) -> VendorUsage {
        self.ear.as_ref().map_or(self.spent, |ear| self.spent + ear.session.usage())
    }

    /// Its session is of no further use.
    fn end(&mut self) {
        self.spent = self.usage();
        self.ear = None;
    }
}

/// A member's session and what makes the leg's audio fit it.
struct Ear {
    session: Box<dyn RecognizerSession>,
    fit: Fit,
    /// Whether it is given the audio.
    is_listening: bool,
    /// Where in the audio it has heard again what it has to.
    caught_up: u64,
}

/// Speech whose words are awaited.
struct Utterance {
    id: UtteranceId,
    /// Its first sample, counted from the call's.
    from: u64,
    /// One past its last, once its words were asked for.
    to: Option<u64>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Spoken,
    Paused,
    /// The words were asked for, and are late once this many samples have come.
    Awaited {
        asked: Instant,
        late_at: u64,
        by: Asked,
    },
}

/// Whose words are awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The leader's.
    Leader,
    /// The first of them that come: it is late.
    Several,
}

/// What members say, and whose words count.
struct Board {
    events: Arc<dyn Sink<RecognizerEvent>>,
    /// One bit for each seat whose finals count.
    heard: AtomicU32,
    /// The seat whose partials count.
    leader: AtomicU32,
    /// Whether the leader has lost its connection and not said a word since.
    is_leader_away: AtomicBool,
    has_news: AtomicBool,
    news: Mutex<News>,
}

#[derive(Default)]
struct News {
    /// Whether the leader has lost its connection, or speaks again.
    away: Option<Away>,
    failed: Vec<(usize, VendorError)>,
    /// Whose words came, and from whom.
    answered: Vec<(UtteranceId, usize)>,
    /// The latest utterances whose words have been passed on: they are passed on once.
    done: VecDeque<UtteranceId>,
    /// Who heard no word in which utterance, while others still listen to it.
    wordless: VecDeque<(UtteranceId, u32)>,
}

impl News {
    /// Whether somebody else may have heard words where `seat` heard none: one that gives up says so
    /// much like one that heard silence.
    fn may_wait(&mut self, utterance: UtteranceId, seat: usize, board: &Board) -> bool {
        let said = self.wordless.iter().position(|(known, _)| *known == utterance);
        let at = said.unwrap_or_else(|| {
            if self.wordless.len() == UTTERANCES_MAX {
                self.wordless.pop_front();
            }
            self.wordless.push_back((utterance, 0));
            self.wordless.len() - 1
        });
        let (_, seats) = &mut self.wordless[at];
        *seats |= 1 << seat;
        board.heard.load(Ordering::Acquire) & !*seats != 0
    }
}

impl Board {
    fn news(&self) -> MutexGuard<'_, News> {
        // Lists stay lists, whatever happened to the thread that held them.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes when the leader loses its connection, and when it speaks again.
    fn note_presence(&self, event: &RecognizerEvent) {
        let is_away = match event {
            RecognizerEvent::Recovering { .. } => true,
            RecognizerEvent::Partial { .. }
            | RecognizerEvent::Stable { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Final { .. }
            | RecognizerEvent::Failed { .. } => false,
        };
        if self.is_leader_away.swap(is_away, Ordering::AcqRel) != is_away {
            self.news().away = Some(if is_away { Away::Gone } else { Away::Back });
            self.has_news.store(true, Ordering::Release);
        }
    }

    fn set_heard(&self, seat: usize, is_heard: Heard) {
        let bit = 1 << seat;
        match is_heard {
            Heard::Yes => self.heard.fetch_or(bit, Ordering::AcqRel),
            Heard::No => self.heard.fetch_and(!bit, Ordering::AcqRel),
        };
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Away {
    Gone,
    Back,
}

#[derive(Clone, Copy)]
enum Heard {
    Yes,
    No,
}

/// A member's way to the call.
struct Passage {
    seat: usize,
    board: Arc<Board>,
}

impl Sink<RecognizerEvent> for Passage {
    fn offer(&self, event: RecognizerEvent) -> Offered {
        let board = &self.board;
        if board.heard.load(Ordering::Acquire) & (1 << self.seat) == 0 {
            return Offered::Accepted;
        }
        let leads = board.leader.load(Ordering::Acquire) as usize == self.seat;
        if leads {
            board.note_presence(&event);
        }
        match event {
            RecognizerEvent::Partial { .. }
            | RecognizerEvent::Stable { .. }
            | RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. } => {
                if leads {
                    board.events.offer(event)
                } else {
                    Offered::Accepted
                }
            }
            RecognizerEvent::Final { utterance, ref text, .. } => {
                let mut news = board.news();
                if news.done.contains(&utterance) {
                    return Offered::Accepted;
                }
                if text.reveal().trim().is_empty() && news.may_wait(utterance, self.seat, board) {
                    return Offered::Accepted;
                }
                if news.done.len() == UTTERANCES_MAX {
                    news.done.pop_front();
                }
                news.done.push_back(utterance);
                if news.answered.len() < UTTERANCES_MAX {
                    news.answered.push((utterance, self.seat));
                }
                board.has_news.store(true, Ordering::Release);
                board.events.offer(event)
            }
            RecognizerEvent::Failed { error } => {
                board.set_heard(self.seat, Heard::No);
                board.news().failed.push((self.seat, error));
                board.has_news.store(true, Ordering::Release);
                Offered::Accepted
            }
        }
    }
}

impl RecognizerSession for Session {
    fn push_audio(&mut self, audio: AudioChunk<'_>) {
        self.kept.push(audio);
        for seat in &mut self.seats {
            if let Some(ear) = &mut seat.ear
                && ear.is_listening
            {
                ear.push(audio);
            }
        }
        if self.board.has_news.swap(false, Ordering::AcqRel) {
            self.handle_news();
        }
        self.handle_absence();
        self.handle_lateness();
    }

    fn begin(&mut self, utterance: UtteranceId, ago: Millis) {
        if self.utterances.len() == UTTERANCES_MAX {
            self.utterances.remove(0);
        }
        let from = self.kept.end.saturating_sub(self.kept.samples_in(ago));
        self.utterances.push(Utterance { id: utterance, from, to: None, stage: Stage::Spoken });
        self.tell(|session| session.begin(utterance, ago));
    }

    fn pause(&mut self, utterance: UtteranceId) {
        self.enter(utterance, Stage::Paused);
        self.tell(|session| session.pause(utterance));
    }

    fn resume(&mut self, utterance: UtteranceId) {
        self.enter(utterance, Stage::Spoken);
        self.tell(|session| session.resume(utterance));
    }

    fn finalize(&mut self, utterance: UtteranceId) {
        let late_at = self.late_at(self.leader);
        let stage = Stage::Awaited { asked: Instant::now(), late_at, by: Asked::Leader };
        self.enter(utterance, stage);
        self.tell(|session| session.finalize(utterance));
    }

    fn discard(&mut self, utterance: UtteranceId) {
        self.utterances.retain(|known| known.id != utterance);
        self.tell(|session| session.discard(utterance));
    }

    fn usage(&self) -> VendorUsage {
        self.seats.iter().fold(VendorUsage::default(), |sum, seat| sum + seat.usage())
    }

    fn shares(&self) -> Vec<(VendorName, VendorUsage)> {
        self.seats.iter().map(|seat| (seat.member.name, seat.usage())).collect()
    }
}

impl Session {
    /// Where in the audio `seat` is late with words that are asked for now: one that hears again what
    /// was said first has to have heard all of it.
    fn late_at(&self, seat: usize) -> u64 {
        let Seat { member, ear, .. } = &self.seats[seat];
        let late_after = member.health.late_after().as_millis();
        let late_after = Millis::new(late_after.try_into().unwrap_or(u32::MAX));
        let caught_up = ear.as_ref().map_or(0, |ear| ear.caught_up);
        self.kept.end.max(caught_up) + self.kept.samples_in(late_after)
    }

    fn enter(&mut self, utterance: UtteranceId, stage: Stage) {
        let end = self.kept.end;
        if let Some(known) = self.utterances.iter_mut().find(|known| known.id == utterance) {
            known.stage = stage;
            known.to = matches!(stage, Stage::Awaited { .. }).then_some(end);
        }
    }

    /// Passes an order on to everybody who listens.
    fn tell(&mut self, order: impl Fn(&mut dyn RecognizerSession)) {
        let ears = self.seats.iter_mut().filter_map(|seat| seat.ear.as_mut());
        ears.filter(|ear| ear.is_listening).for_each(|ear| order(ear.session.as_mut()));
    }

    fn handle_news(&mut self) {
        let (away, failed, answered) = {
            let mut news = self.board.news();
            let answered = std::mem::take(&mut news.answered);
            (news.away.take(), std::mem::take(&mut news.failed), answered)
        };
        match away {
            Some(Away::Gone) => {
                self.away_until = Some(self.kept.end + self.kept.samples_in(AWAY_MAX));
            }
            Some(Away::Back) => self.away_until = None,
            None => (),
        }
        for (utterance, seat) in answered {
            self.handle_answer(utterance, seat);
        }
        for (seat, error) in failed {
            self.handle_failure(seat, error);
        }
    }

    fn handle_answer(&mut self, utterance: UtteranceId, by: usize) {
        let Some(at) = self.utterances.iter().position(|known| known.id == utterance) else {
            return;
        };
        match self.utterances.remove(at).stage {
            Stage::Awaited { asked, .. } => {
                self.seats[by].member.health.answered(asked.elapsed());
            }
            Stage::Spoken | Stage::Paused => (),
        }
        let was_hedged = by != self.leader || self.utterances.is_empty();
        if was_hedged {
            self.dismiss_hedges(utterance);
        }
    }

    /// Whoever was asked besides the leader need not listen any more.
    fn dismiss_hedges(&mut self, utterance: UtteranceId) {
        for (seat, Seat { ear, .. }) in self.seats.iter_mut().enumerate() {
            let Some(ear) = ear.as_mut().filter(|_| seat != self.leader) else { continue };
            if std::mem::take(&mut ear.is_listening) {
                ear.session.discard(utterance);
                self.board.set_heard(seat, Heard::No);
            }
        }
    }

    fn handle_failure(&mut self, seat: usize, error: VendorError) {
        self.seats[seat].member.health.failed(&error);
        self.seats[seat].end();
        if seat == self.leader {
            if seat + 1 != self.seats.len() {
                self.seats[seat].member.health.left(error.reason());
            }
            match self.lead_from(seat + 1, Some(error)) {
                Ok(()) => {
                    self.away_until = None;
                    let new_late_at = self.late_at(self.leader);
                    for utterance in &mut self.utterances {
                        if let Stage::Awaited { late_at, .. } = &mut utterance.stage {
                            *late_at = new_late_at;
                        }
                    }
                    self.tell_recovery();
                }
                Err(error) => {
                    self.board.events.offer(RecognizerEvent::Failed { error });
                }
            }
        }
        self.settle_wordless();
    }

    /// Somebody hears again what was said: the call is to wait longer for the words than for those of
    /// a recognizer that has merely fallen silent.
    fn tell_recovery(&self) {
        if let Some(first) = self.utterances.first() {
            let behind = self.kept.span(self.kept.end - first.from);
            self.board.events.offer(RecognizerEvent::Recovering { behind });
        }
    }

    /// Who might have heard words where others heard none is gone: then there were none.
    fn settle_wordless(&mut self) {
        let mut news = self.board.news();
        let heard = self.board.heard.load(Ordering::Acquire);
        let settled = news.wordless.iter().filter(|(_, seats)| heard & !*seats == 0);
        let settled: Vec<UtteranceId> = settled.map(|(utterance, _)| *utterance).collect();
        for utterance in settled {
            news.wordless.retain(|(known, _)| *known != utterance);
            if news.done.contains(&utterance) {
                continue;
            }
            if news.done.len() == UTTERANCES_MAX {
                news.done.pop_front();
            }
            news.done.push_back(utterance);
            self.utterances.retain(|known| known.id != utterance);
            let text = Pii::new(String::new());
            let (others, audio) = (Vec::new(), Millis::ZERO);
            self.board.events.offer(RecognizerEvent::Final { utterance, text, others, audio });
        }
    }

    /// Makes the first member the leader that may be asked, from seat `from` on.
    fn lead_from(&mut self, from: usize, error: Option<VendorError>) -> Result<(), VendorError> {
        let mut latest = error;
        for seat in from..self.seats.len() {
            match self.listen(seat) {
                Ok(Admission::Refused) => self.seats[seat].member.health.left(RESTING),
                Ok(Admission::Granted | Admission::Trial) => {
                    self.leader = seat;
                    self.board.leader.store(seat as u32, Ordering::Release);
                    return Ok(());
                }
                Err(failed) => {
                    self.seats[seat].member.health.left(failed.reason());
                    latest = Some(failed);
                }
            }
        }
        let vendor = super::ourselves();
        Err(latest.unwrap_or(VendorError::Overloaded { vendor, retry_after: None }))
    }

    /// Has the member of `seat` hear what is not final, and what comes.
    fn listen(&mut self, seat: usize) -> Result<Admission, VendorError> {
        let is_last = seat + 1 == self.seats.len();
        let Seat { member, ear, .. } = &mut self.seats[seat];
        if ear.as_ref().is_some_and(|ear| ear.is_listening) {
            return Ok(Admission::Granted);
        }
        // The last is asked even if it had better rest: no words are no answer.
        let admission = member.health.admit();
        if admission == Admission::Refused && !is_last {
            return Ok(Admission::Refused);
        }
        self.board.set_heard(seat, Heard::Yes);
        let ear = match ear {
            Some(ear) => ear,
            None => {
                let format = member.vendor.capabilities().format_for(self.request.format);
                let request = RecognizerRequest { format, ..self.request.clone() };
                let passage = Passage { seat, board: self.board.clone() };
                let opened = member.vendor.open(&request, Arc::new(passage));
                let session = opened.inspect_err(|error| member.health.failed(error))?;
                let fit = Fit::new(self.request.format, format);
                ear.insert(Ear { session, fit, is_listening: false, caught_up: 0 })
            }
        };
        ear.is_listening = true;
        ear.hear_again(&self.kept, &self.utterances);
        Ok(Admission::Granted)
    }

    /// Has somebody else asked for words that the leader is late with; and the one after, if that one
    /// is late, too.
    fn handle_lateness(&mut self) {
        let end = self.kept.end;
        let late = self.utterances.iter().position(|utterance| match utterance.stage {
            Stage::Awaited { late_at, .. } => late_at <= end,
            Stage::Spoken | Stage::Paused => false,
        });
        let Some(late) = late else { return };
        let Stage::Awaited { asked, by, .. } = self.utterances[late].stage else { return };
        if by == Asked::Leader {
            let Member { name: vendor, health, .. } = &self.seats[self.leader].member;
            let limit = Millis::new(asked.elapsed().as_millis().try_into().unwrap_or(u32::MAX));
            let phase = Phase::FirstByte;
            health.failed(&VendorError::Timeout { vendor: *vendor, phase, limit });
            health.left(LATE);
        }
        // Somebody who listens since the leader was away may not have heard all of it yet.
        let hedged_until = self.hedged_until().filter(|until| end < *until);
        let late_at = hedged_until
            .unwrap_or_else(|| self.ask_next().map_or(u64::MAX, |seat| self.late_at(seat)));
        self.utterances[late].stage = Stage::Awaited { asked, late_at, by: Asked::Several };
    }

    /// Up to where in the audio words may be expected of those who listen besides the leader.
    fn hedged_until(&self) -> Option<u64> {
        let besides = self.seats.iter().enumerate().filter(|(seat, _)| *seat != self.leader);
        let listening = besides.filter_map(|(_, Seat { member, ear, .. })| {
            let ear = ear.as_ref().filter(|ear| ear.is_listening)?;
            let late_after = member.health.late_after().as_millis();
            let late_after = Millis::new(late_after.try_into().unwrap_or(u32::MAX));
            Some(ear.caught_up + self.kept.samples_in(late_after))
        });
        listening.max()
    }

    /// Has somebody else listen as well while the leader is away for long in the midst of speech.
    fn handle_absence(&mut self) {
        let is_due = self.away_until.is_some_and(|until| until <= self.kept.end);
        if is_due && !self.utterances.is_empty() {
            self.away_until = None;
            // Unless somebody else listens already, for the leader was late.
            if self.hedged_until().is_none() {
                self.ask_next();
            }
        }
    }

    /// Has the first member behind the leader listen that does not yet and may be asked: its seat.
    fn ask_next(&mut self) -> Option<usize> {
        let is_free = |seat: &Seat| seat.ear.as_ref().is_none_or(|ear| !ear.is_listening);
        for seat in self.leader + 1..self.seats.len() {
            if !is_free(&self.seats[seat]) {
                continue;
            }
            match self.listen(seat) {
                Ok(Admission::Granted | Admission::Trial) => {
                    self.tell_recovery();
                    return Some(seat);
                }
                Ok(Admission::Refused) | Err(_) => (),
            }
        }
        None
    }
}

impl Ear {
    /// Tells all that is awaited in the order in which it came about: audio that comes before the
    /// utterance it belongs to may be forgotten.
    fn hear_again(&mut self, kept: &Ring, utterances: &[Utterance]) {
        let Some(first) = utterances.first() else { return };
        let mut at = first.from.saturating_sub(kept.samples_in(PREFIX));
        // Meanwhile the caller may go on at the usual speed.
        self.caught_up = kept.end + (kept.end - at).min(kept.samples_in(KEPT)) / (REPEAT_SPEED - 1);
        for utterance in utterances {
            kept.replay((at, utterance.from), |audio| self.push(audio));
            at = at.max(utterance.from);
            self.session.begin(utterance.id, kept.span(at.min(kept.end) - utterance.from));
            if let (Stage::Awaited { .. }, Some(to)) = (utterance.stage, utterance.to) {
                kept.replay((at, to), |audio| self.push(audio));
                at = at.max(to);
                self.session.finalize(utterance.id);
            }
        }
        kept.replay((at, kept.end), |audio| self.push(audio));
        for utterance in utterances.iter().filter(|utterance| utterance.stage == Stage::Paused) {
            self.session.pause(utterance.id);
        }
    }

    fn push(&mut self, audio: AudioChunk<'_>) {
        self.session.push_audio(self.fit.convert(audio));
    }
}

/// Makes audio of the leg's format fit a member's.
struct Fit {
    to: AudioFormat,
    resampler: Option<Resampler>,
    linear: Vec<i16>,
    out: Vec<i16>,
    codes: Vec<u8>,
}

impl Fit {
    fn new(from: AudioFormat, to: AudioFormat) -> Self {
        let resampler = (from.rate != to.rate).then(|| Resampler::new(from.rate, to.rate));
        Self { to, resampler, linear: Vec::new(), out: Vec::new(), codes: Vec::new() }
    }

    /// `audio` in the member's format. The buffers grow to the longest chunk and stay.
    fn convert<'a>(&'a mut self, audio: AudioChunk<'a>) -> AudioChunk<'a> {
        if self.resampler.is_none() {
            match (audio, self.to.encoding) {
                (AudioChunk::Mulaw(_), Encoding::Pcmu) | (AudioChunk::Linear(_), Encoding::L16) => {
                    return audio;
                }
                (AudioChunk::Mulaw(_) | AudioChunk::Linear(_), _) => (),
            }
        }
        let samples = match audio {
            AudioChunk::Linear(samples) => samples,
            AudioChunk::Mulaw(codes) => {
                self.linear.clear();
                g711::decode_ulaw(codes, &mut self.linear);
                &self.linear
            }
        };
        let samples = match &mut self.resampler {
            Some(resampler) => {
                self.out.clear();
                resampler.process(samples, &mut self.out);
                &self.out
            }
            None => samples,
        };
        if self.to.encoding == Encoding::Pcmu {
            self.codes.clear();
            g711::encode_ulaw(samples, &mut self.codes);
            return AudioChunk::Mulaw(&self.codes);
        }
        AudioChunk::Linear(samples)
    }
}

/// The latest audio in the leg's own format. Its memory is taken when it is made.
struct Ring {
    rate: u64,
    /// Samples that ever came.
    end: u64,
    audio: Kept,
}

enum Kept {
    Linear(VecDeque<i16>),
    Mulaw(VecDeque<u8>),
}

impl Ring {
    fn new(format: AudioFormat) -> Self {
        let rate = u64::from(format.rate.hz());
        let samples = format.rate.samples_in(KEPT);
        let audio = match format.encoding {
            Encoding::Pcmu => Kept::Mulaw(VecDeque::with_capacity(samples)),
            Encoding::Pcma | Encoding::G722 | Encoding::L16 | Encoding::Opus => {
                Kept::Linear(VecDeque::with_capacity(samples))
            }
        };
        Self { rate, end: 0, audio }
    }

    fn samples_in(&self, span: Millis) -> u64 {
        u64::from(span.get()) * self.rate / 1_000
    }

    fn span(&self, samples: u64) -> Millis {
        Millis::new((samples * 1_000 / self.rate).try_into().unwrap_or(u32::MAX))
    }

    fn push(&mut self, audio: AudioChunk<'_>) {
        self.end += audio.samples() as u64;
        let most = self.samples_in(KEPT) as usize;
        match (&mut self.audio, audio) {
            (Kept::Linear(kept), AudioChunk::Linear(samples)) => keep(kept, samples, most),
            (Kept::Mulaw(kept), AudioChunk::Mulaw(codes)) => keep(kept, codes, most),
            (Kept::Linear(_), AudioChunk::Mulaw(_)) | (Kept::Mulaw(_), AudioChunk::Linear(_)) => {
                debug_assert!(false, "audio comes in the format of the request");
            }
        }
    }

    /// Hands over what is kept of the audio from sample `from` up to sample `to`.
    fn replay(&self, (from, to): (u64, u64), mut push: impl FnMut(AudioChunk<'_>)) {
        let from_end = self.end.saturating_sub(from) as usize;
        let left = self.end.saturating_sub(to) as usize;
        match &self.audio {
            Kept::Linear(kept) => parts(kept, (from_end, left)).for_each(|part| {
                push(AudioChunk::Linear(part));
            }),
            Kept::Mulaw(kept) => parts(kept, (from_end, left)).for_each(|part| {
                push(AudioChunk::Mulaw(part));
            }),
        }
    }
}

fn keep<T: Copy>(kept: &mut VecDeque<T>, new: &[T], most: usize) {
    let new = &new[new.len().saturating_sub(most)..];
    let surplus = (kept.len() + new.len()).saturating_sub(most);
    kept.drain(..surplus);
    kept.extend(new);
}

/// What is kept from `from` before its end up to `left` before it, in at most two parts.
fn parts<T>(kept: &VecDeque<T>, (from, left): (usize, usize)) -> impl Iterator<Item = &[T]> {
    let begin = kept.len().saturating_sub(from);
    let end = kept.len().saturating_sub(left).max(begin);
    let (older, newer) = kept.as_slices();
    let within = |at: usize| at.min(older.len());
    let behind = |at: usize| at.saturating_sub(older.len());
    let both = [&older[within(begin)..within(end)], &newer[behind(begin)..behind(end)]];
    both.into_iter().filter(|part| !part.is_empty())
}
