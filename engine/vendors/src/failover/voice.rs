//! Several voices as one: where one breaks off, the next goes on in the middle of the text.
//!
//! ```text
//! speak ──▶ [troupe] ──▶ the voice on stage ── audio ──▶ [board] ──▶ the call
//!              ▲                                            │ fails
//!              └──────────── prompter (a task) ◀────────────┘ or says nothing for too long
//! ```
//!
//! Audio never takes the way through the prompter: it passes the board, which knows whose turn it
//! is. What the board has let go by no cancel can call back, so the board is held while it passes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::time::{Instant, sleep_until};
use types::{Audio, GenerationId, Millis, Pii, SegmentId, VendorName};
use vendor::{
    Delivered, Offered, Sink, VendorError, VendorUsage, Voice, VoiceEvent, VoiceRequest,
    VoiceSession, WordTime,
};

use super::breaker::Admission;
use super::health::RESTING;
use super::member::Member;

/// News that may wait for the prompter. A voice fails once per reply.
const NEWS_MAX: usize = 64;

/// Segments of one reply that may wait to be spoken; a reply has a handful.
const SEGMENTS_MAX: usize = 256;

/// Opens a session in which the members speak in order, each from where the one before broke off.
pub fn open_voices(
    members: Vec<Member<dyn Voice>>,
    request: VoiceRequest,
    events: Arc<dyn Sink<VoiceEvent>>,
    handle: &Handle,
) -> Box<dyn VoiceSession> {
    let (news, told) = channel(NEWS_MAX);
    let board = Arc::new(Board { events, scene: Mutex::new(Scene::default()) });
    let rate = u64::from(request.format.rate.hz());
    let seats = members.into_iter().map(|member| Seat { member, session: None }).collect();
    let troupe = Troupe { seats, request, rate, board: board.clone(), news: news.clone() };
    let troupe = Arc::new(Mutex::new(troupe));
    handle.spawn(prompt(Arc::downgrade(&troupe), board.clone(), told));
    let session = Session { troupe, board, news };
    // The first voice opens its connection before it is needed.
    lock(&session.troupe).warm();
    Box::new(session)
}

/// What the call holds.
struct Session {
    troupe: Arc<Mutex<Troupe>>,
    board: Arc<Board>,
    news: Sender<News>,
}

impl VoiceSession for Session {
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        lock(&self.troupe).speak(generation, segment, text);
        // Half the room is for failures; the prompter looks at the board for each of them anyway.
        if NEWS_MAX / 2 < self.news.capacity() {
            let _ = self.news.try_send(News::Asked);
        }
    }

    fn end(&mut self, generation: GenerationId) {
        let mut troupe = lock(&self.troupe);
        let seat = {
            let mut scene = self.board.lock();
            if scene.generation != Some(generation) {
                return;
            }
            scene.is_ended = true;
            scene.seat
        };
        if let Some(session) = seat.and_then(|seat| troupe.seats[seat].session.as_mut()) {
            session.end(generation);
        }
    }

    fn cancel(&mut self, generation: GenerationId, heard: Millis) {
        let seat = self.board.close(generation);
        if let Some(seat) = seat
            && let Some(session) = &mut lock(&self.troupe).seats[seat].session
        {
            session.cancel(generation, heard);
        }
    }

    fn usage(&self) -> VendorUsage {
        let shares = self.shares().into_iter();
        shares.fold(VendorUsage::default(), |sum, (_, usage)| sum + usage)
    }

    fn shares(&self) -> Vec<(VendorName, VendorUsage)> {
        let troupe = lock(&self.troupe);
        let usage = |seat: &Seat| seat.session.as_ref().map(|session| session.usage());
        let shares = troupe.seats.iter().map(|seat| (seat.member.name, usage(seat)));
        shares.map(|(name, usage)| (name, usage.unwrap_or_default())).collect()
    }
}

/// What the prompter is told.
enum News {
    /// Something is to be spoken.
    Asked,
    /// The voice on stage broke off.
    Failed { generation: GenerationId, seat: usize, delivered: Delivered, error: VendorError },
}

/// Who is on stage and what is still to be said.
struct Board {
    events: Arc<dyn Sink<VoiceEvent>>,
    scene: Mutex<Scene>,
}

#[derive(Default)]
struct Scene {
    generation: Option<GenerationId>,
    /// Who speaks; nobody while the next is found.
    seat: Option<usize>,
    /// Segments asked for and not done, in order.
    pending: VecDeque<(SegmentId, Pii<String>)>,
    is_ended: bool,
    /// Since when a first sound is waited for.
    silent_since: Option<Instant>,
    /// Samples of the first pending segment that went by.
    samples: u64,
    /// Where the voice on stage took over from another one.
    seam: Option<Seam>,
}

/// A place in a segment at which one voice took over from another.
#[derive(Clone, Copy)]
struct Seam {
    segment: SegmentId,
    /// Bytes of the text that were spoken before.
    text: usize,
    /// How long they took.
    before: Millis,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Scene> {
        lock(&self.scene)
    }

    /// Lets nothing of `generation` by any more. Says who was on stage.
    fn close(&self, generation: GenerationId) -> Option<usize> {
        let mut scene = self.lock();
        if scene.generation != Some(generation) {
            return None;
        }
        let seat = scene.seat;
        let seam = scene.seam;
        *scene = Scene { seam, ..Scene::default() };
        seat
    }
}

/// A member's way to the call, past the board.
struct Passage {
    seat: usize,
    board: Arc<Board>,
    health: super::health::Health,
    news: Sender<News>,
}

impl Sink<VoiceEvent> for Passage {
    fn offer(&self, event: VoiceEvent) -> Offered {
        let mut scene = self.board.lock();
        let (generation, is_account) = whose(&event);
        if !is_account && (scene.generation != Some(generation) || scene.seat != Some(self.seat)) {
            // Someone who was replaced or cut off: nobody wants it, and that is no fault.
            return Offered::Accepted;
        }
        match event {
            VoiceEvent::Audio { ref audio, .. } => {
                scene.samples += Audio::samples(audio) as u64;
                if let Some(since) = scene.silent_since.take() {
                    self.health.answered(since.elapsed());
                }
                self.board.events.offer(event)
            }
            VoiceEvent::SegmentDone { generation, segment, mut words, precision } => {
                if let Some(seam) = scene.seam.filter(|seam| seam.segment == segment) {
                    words.iter_mut().for_each(|word| seam.shift(word));
                }
                scene.pending.retain(|(waiting, _)| *waiting != segment);
                scene.samples = 0;
                self.board.events.offer(VoiceEvent::SegmentDone {
                    generation,
                    segment,
                    words,
                    precision,
                })
            }
            VoiceEvent::Heard { generation, segment, text_end } => {
                let seam = scene.seam.filter(|seam| seam.segment == segment);
                let text_end = text_end + seam.map_or(0, |seam| seam.text);
                self.board.events.offer(VoiceEvent::Heard { generation, segment, text_end })
            }
            VoiceEvent::Failed { generation, delivered, error, .. } => {
                // What else this voice has to say of the reply would come after a hole.
                scene.seat = None;
                scene.silent_since = None;
                let news = News::Failed { generation, seat: self.seat, delivered, error };
                match self.news.try_send(news) {
                    Ok(()) => Offered::Accepted,
                    Err(TrySendError::Full(_)) => Offered::Shed,
                    Err(TrySendError::Closed(_)) => Offered::Closed,
                }
            }
        }
    }
}

impl Seam {
    fn shift(self, word: &mut WordTime) {
        word.text_end += self.text;
        word.end = Millis::new(word.end.get().saturating_add(self.before.get()));
    }
}

/// All voices of a call. Locked before the board where both are.
struct Troupe {
    seats: Vec<Seat>,
    request: VoiceRequest,
    /// Samples a second.
    rate: u64,
    board: Arc<Board>,
    news: Sender<News>,
}

struct Seat {
    member: Member<dyn Voice>,
    session: Option<Box<dyn VoiceSession>>,
}

impl Troupe {
    fn warm(&mut self) {
        if let Err(error) = self.open(0) {
            // Told again by the first segment, when somebody can take over.
            tracing::debug!(%error, "a voice cannot be warmed");
        }
    }

    /// The session of `seat`, opened if it is not.
    fn open(&mut self, seat: usize) -> Result<&mut dyn VoiceSession, VendorError> {
        let Seat { member, session } = &mut self.seats[seat];
        let session = match session {
            Some(session) => session,
            None => {
                let passage = Passage {
                    seat,
                    board: self.board.clone(),
                    health: member.health.clone(),
                    news: self.news.clone(),
                };
                session.insert(member.vendor.open(&self.request, Arc::new(passage))?)
            }
        };
        Ok(session.as_mut())
    }

    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        let is_begun = self.board.lock().generation == Some(generation);
        if !is_begun {
            let scene = Scene { generation: Some(generation), ..Scene::default() };
            *self.board.lock() = scene;
        }
        let seat = {
            let mut scene = self.board.lock();
            if SEGMENTS_MAX <= scene.pending.len() {
                drop(scene);
                return self.refuse(generation, segment);
            }
            if scene.pending.is_empty() {
                scene.silent_since = Some(Instant::now());
            }
            scene.pending.push_back((segment, text.clone()));
            scene.seat
        };
        match seat {
            Some(seat) => {
                if let Some(session) = &mut self.seats[seat].session {
                    session.speak(generation, segment, text);
                }
            }
            // The first segment of a reply. While a successor is found, it will say this one, too.
            None if !is_begun => self.call_on(0, generation, Delivered::NOTHING, None),
            None => (),
        }
    }

    fn refuse(&self, generation: GenerationId, segment: SegmentId) {
        let vendor = self.request_vendor();
        let error = VendorError::Overloaded { vendor, retry_after: None };
        let delivered = Delivered::NOTHING;
        self.board.events.offer(VoiceEvent::Failed { generation, segment, delivered, error });
    }

    fn request_vendor(&self) -> VendorName {
        self.seats.first().map_or_else(super::ourselves, |seat| seat.member.name)
    }

    /// Puts the first voice on stage that may speak, from seat `from` on, and has it say what is
    /// pending of `generation`, the first segment from `delivered` on. If there is none, every
    /// pending segment fails with `error`.
    fn call_on(
        &mut self,
        from: usize,
        generation: GenerationId,
        delivered: Delivered,
        mut error: Option<VendorError>,
    ) {
        for seat in from..self.seats.len() {
            let member = &self.seats[seat].member;
            // The last speaks even if it had better rest: silence is no answer.
            let is_last = seat + 1 == self.seats.len();
            if member.health.admit() == Admission::Refused && !is_last {
                member.health.left(RESTING);
                continue;
            }
            match self.open(seat) {
                Ok(_) => return self.take_over(seat, generation, delivered),
                Err(failed) => {
                    let health = &self.seats[seat].member.health;
                    health.failed(&failed);
                    if !is_last {
                        health.left(failed.reason());
                    }
                    error = Some(failed);
                }
            }
        }
        self.give_up(generation, delivered, error);
    }

    fn take_over(&mut self, seat: usize, generation: GenerationId, delivered: Delivered) {
        let (lines, is_ended) = {
            let mut scene = self.board.lock();
            if scene.generation != Some(generation) {
                return;
            }
            scene.seat = Some(seat);
            scene.silent_since = Some(Instant::now());
            let mut lines: Vec<(SegmentId, Pii<String>)> = scene.pending.iter().cloned().collect();
            if let Some((segment, text)) = lines.first_mut() {
                let (spoken, rest) = split(text.reveal(), delivered.text_end);
                if spoken != 0 {
                    let ms = scene.samples * 1_000 / self.rate;
                    let before = Millis::new(ms.try_into().unwrap_or(u32::MAX));
                    let earlier = scene.seam.filter(|seam| seam.segment == *segment);
                    let text = spoken + earlier.map_or(0, |seam| seam.text);
                    scene.seam = Some(Seam { segment: *segment, text, before });
                    let rest = Pii::new(rest.to_owned());
                    scene.pending[0].1 = rest.clone();
                    lines[0].1 = rest;
                }
            }
            (lines, scene.is_ended)
        };
        let Some(session) = &mut self.seats[seat].session else { return };
        for (segment, text) in &lines {
            session.speak(generation, *segment, text);
        }
        if is_ended {
            session.end(generation);
        }
    }

    fn give_up(&self, generation: GenerationId, delivered: Delivered, error: Option<VendorError>) {
        let vendor = self.request_vendor();
        let error = error.unwrap_or(VendorError::Overloaded { vendor, retry_after: None });
        let pending = {
            let mut scene = self.board.lock();
            if scene.generation != Some(generation) {
                return;
            }
            std::mem::take(&mut *scene).pending
        };
        let mut delivered = delivered;
        for (segment, _) in pending {
            let error = error.clone();
            self.board.events.offer(VoiceEvent::Failed { generation, segment, delivered, error });
            delivered = Delivered::NOTHING;
        }
    }

    /// The voice of `seat` broke off.
    fn replace(
        &mut self,
        seat: usize,
        generation: GenerationId,
        delivered: Delivered,
        error: VendorError,
    ) {
        self.seats[seat].member.health.failed(&error);
        if self.board.lock().generation != Some(generation) {
            return;
        }
        if let Some(session) = &mut self.seats[seat].session {
            session.cancel(generation, Millis::ZERO);
        }
        if seat + 1 != self.seats.len() {
            self.seats[seat].member.health.left(error.reason());
        }
        self.call_on(seat + 1, generation, delivered, Some(error));
    }
}

/// The text up to `at` and what is left to say: not less than a word, and from a character on.
fn split(text: &str, at: usize) -> (usize, &str) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let rest = &text[at..];
    let trimmed = rest.trim_start();
    (at + rest.len() - trimmed.len(), trimmed)
}

/// Watches the stage until the call lets go of its session.
async fn prompt(
    troupe: std::sync::Weak<Mutex<Troupe>>,
    board: Arc<Board>,
    mut told: Receiver<News>,
) {
    loop {
        let late = late_at(&troupe, &board);
        let late_passes = async {
            match late {
                Some((at, ..)) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            news = told.recv() => match news {
                // The board has changed: look again.
                Some(News::Asked) => (),
                Some(News::Failed { generation, seat, delivered, error }) => {
                    let Some(troupe) = troupe.upgrade() else { return };
                    lock(&troupe).replace(seat, generation, delivered, error);
                }
                None => return,
            },
            () = late_passes => {
                let Some(troupe) = troupe.upgrade() else { return };
                if let Some((at, generation, seat)) = late && at <= Instant::now() {
                    give_way(&mut lock(&troupe), &board, generation, seat);
                }
            }
        }
    }
}

/// When the voice on stage counts as silent, for which reply, and whose seat it is. Not for the
/// last: nobody could take over.
fn late_at(
    troupe: &std::sync::Weak<Mutex<Troupe>>,
    board: &Board,
) -> Option<(Instant, GenerationId, usize)> {
    let troupe = troupe.upgrade()?;
    let troupe = lock(&troupe);
    let scene = board.lock();
    let seat = scene.seat.filter(|seat| seat + 1 < troupe.seats.len())?;
    let wait = troupe.seats[seat].member.health.late_after();
    Some((scene.silent_since? + wait, scene.generation?, seat))
}

/// The voice of `seat` has been silent for too long: the next speaks instead.
fn give_way(troupe: &mut Troupe, board: &Board, generation: GenerationId, seat: usize) {
    {
        let mut scene = board.lock();
        let is_still_silent = scene.generation == Some(generation)
            && scene.seat == Some(seat)
            && scene.silent_since.is_some();
        if !is_still_silent {
            return;
        }
        scene.seat = None;
    }
    let Member { name: vendor, health, .. } = &troupe.seats[seat].member;
    let limit = Millis::new(health.late_after().as_millis().try_into().unwrap_or(u32::MAX));
    let phase = vendor::Phase::FirstByte;
    let error = VendorError::Timeout { vendor: *vendor, phase, limit };
    troupe.replace(seat, generation, Delivered::NOTHING, error);
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every holder leaves it whole at each step; a panic elsewhere must not silence the call.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reply an event belongs to, and whether it is an account of a reply that is over.
const fn whose(event: &VoiceEvent) -> (GenerationId, bool) {
    match event {
        VoiceEvent::Audio { generation, .. }
        | VoiceEvent::SegmentDone { generation, .. }
        | VoiceEvent::Failed { generation, .. } => (*generation, false),
        VoiceEvent::Heard { generation, .. } => (*generation, true),
    }
}
