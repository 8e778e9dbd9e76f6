//! Recognizers that take over from one another: the audio that is pushed is the clock.

use std::sync::{Arc, Mutex};

use types::{AudioFormat, Encoding, Millis, Pii, SampleRate, UtteranceId};
use vendor::{
    AudioChunk, Finalization, Recognizer, RecognizerCapabilities, RecognizerEvent,
    RecognizerRequest, RecognizerSession, Sink, VendorError, VendorUsage,
};
use vendors::failover::{Admission, Clinic, Duty, Member, open_recognizers};

use crate::support::{Ear, Record, broken, clinic, exact, health, name};

const LEG: AudioFormat = AudioFormat { encoding: Encoding::Pcmu, rate: SampleRate::Hz8000 };
const LINEAR_16: AudioFormat = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };

/// A recognizer that hears and says nothing by itself.
#[derive(Clone)]
struct Puppet {
    name: &'static str,
    capabilities: RecognizerCapabilities,
    /// What it was told: `begin 1 200`, `finalize 1`, …
    told: Record<String>,
    /// Milliseconds of audio it was given.
    given: Arc<Mutex<usize>>,
    /// How many it was given before each utterance began, and before each was asked for.
    places: Record<usize>,
    /// Sessions, and milliseconds, of this one.
    used: Arc<Mutex<(u64, u64)>>,
    way_out: Arc<Mutex<Option<Arc<dyn Sink<RecognizerEvent>>>>>,
    closed: Option<VendorError>,
}

impl Puppet {
    fn new(name: &'static str, format: AudioFormat) -> Self {
        let capabilities = RecognizerCapabilities {
            formats: vec![format],
            finalization: Finalization::Acked,
            utterance_max: None,
            languages: vec!["en-US".into()],
        };
        let (told, given, way_out) = (Record::default(), Arc::default(), Arc::default());
        let places = Record::default();
        let used = Arc::default();
        Self { name, capabilities, told, given, places, used, way_out, closed: None }
    }

    fn offer(&self, event: RecognizerEvent) {
        let way_out = self.way_out.lock().unwrap().clone();
        way_out.expect("it was opened").offer(event);
    }

    fn partial(&self, utterance: u32, words: &str) {
        let utterance = UtteranceId::new(utterance);
        self.offer(RecognizerEvent::Partial { utterance, text: Pii::new(words.into()) });
    }

    fn answer(&self, utterance: u32, words: &str) {
        self.offer(RecognizerEvent::Final {
            utterance: UtteranceId::new(utterance),
            text: Pii::new(words.into()),
            others: vec![],
            audio: Millis::new(1_000),
        });
    }

    fn fail(&self) {
        self.offer(RecognizerEvent::Failed { error: broken(self.name) });
    }

    fn given_ms(&self) -> usize {
        std::mem::take(&mut *self.given.lock().unwrap())
    }
}

impl Recognizer for Puppet {
    fn capabilities(&self) -> &RecognizerCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError> {
        assert_eq!(request.format, self.capabilities.formats[0]);
        if let Some(error) = &self.closed {
            return Err(error.clone());
        }
        *self.way_out.lock().unwrap() = Some(events);
        // Every session counts from nothing.
        Ok(Box::new(Self { used: Arc::new(Mutex::new((1, 0))), ..self.clone() }))
    }
}

impl RecognizerSession for Puppet {
    fn push_audio(&mut self, audio: AudioChunk<'_>) {
        let format = self.capabilities.formats[0];
        assert_eq!(matches!(audio, AudioChunk::Mulaw(_)), format.encoding == Encoding::Pcmu);
        let ms = audio.samples() * 1_000 / format.rate.hz() as usize;
        *self.given.lock().unwrap() += ms;
        self.used.lock().unwrap().1 += ms as u64;
    }

    fn begin(&mut self, utterance: UtteranceId, ago: Millis) {
        self.told.put(format!("begin {} {}", utterance.get(), ago.get()));
        self.places.put(*self.given.lock().unwrap());
    }

    fn pause(&mut self, utterance: UtteranceId) {
        self.told.put(format!("pause {}", utterance.get()));
    }

    fn resume(&mut self, utterance: UtteranceId) {
        self.told.put(format!("resume {}", utterance.get()));
    }

    fn finalize(&mut self, utterance: UtteranceId) {
        self.told.put(format!("finalize {}", utterance.get()));
        self.places.put(*self.given.lock().unwrap());
    }

    fn discard(&mut self, utterance: UtteranceId) {
        self.told.put(format!("discard {}", utterance.get()));
    }

    fn usage(&self) -> VendorUsage {
        let (sessions, ms) = *self.used.lock().unwrap();
        VendorUsage { requests: exact(sessions), audio_ms: exact(ms), ..VendorUsage::default() }
    }
}

struct Stage {
    clinic: Clinic,
    puppets: Vec<Puppet>,
    session: Box<dyn RecognizerSession>,
    heard: Record<RecognizerEvent>,
}

impl Stage {
    fn with(puppets: Vec<Puppet>) -> Self {
        Self::try_with(puppets).expect("somebody opens")
    }

    fn try_with(puppets: Vec<Puppet>) -> Result<Self, VendorError> {
        let (clinic, heard) = (clinic(), Record::default());
        let members = puppets.iter().map(|puppet| Member {
            name: name(puppet.name),
            vendor: Arc::new(puppet.clone()) as Arc<dyn Recognizer>,
            health: health(&clinic, Duty::Recognize, puppet.name),
        });
        let request =
            RecognizerRequest { format: LEG, language: "en-US".into(), vocabulary: vec![] };
        let session = open_recognizers(members.collect(), request, Arc::new(Ear(heard.clone())))?;
        Ok(Self { clinic, puppets, session, heard })
    }

    fn push(&mut self, ms: usize) {
        (0..ms / 20).for_each(|_| self.session.push_audio(AudioChunk::Mulaw(&[0xff; 160])));
    }

    fn heard(&self) -> Vec<String> {
        let told = |event| match event {
            RecognizerEvent::Partial { utterance, text } => {
                format!("{} … {}", utterance.get(), text.reveal())
            }
            RecognizerEvent::Final { utterance, text, .. } => {
                format!("{} {}", utterance.get(), text.reveal())
            }
            RecognizerEvent::Failed { error } => format!("failed {}", error.vendor()),
            RecognizerEvent::Recovering { behind } => format!("{} ms again", behind.get()),
            RecognizerEvent::Stable { .. } | RecognizerEvent::Turn { .. } => "other".into(),
        };
        self.heard.take().into_iter().map(told).collect()
    }
}

/// A cloud vendor that takes the leg's bytes, and a local one that wants 16 kHz.
fn two() -> Vec<Puppet> {
    vec![Puppet::new("a", LEG), Puppet::new("b", LINEAR_16)]
}

const ONE: UtteranceId = UtteranceId::new(1);
const TWO: UtteranceId = UtteranceId::new(2);

#[tokio::test(start_paused = true)]
async fn a_recognizer_that_works_hears_alone() {
    let mut stage = Stage::with(two());
    stage.push(1_000);
    stage.session.begin(ONE, Millis::new(200));
    stage.push(1_000);
    stage.puppets[0].partial(1, "when do");
    stage.session.pause(ONE);
    stage.session.finalize(ONE);
    stage.push(600);
    stage.puppets[0].answer(1, "when do you open");
    stage.push(5_000);
    assert_eq!(stage.heard(), ["1 … when do", "1 when do you open"]);
    assert_eq!(stage.puppets[0].told.take(), ["begin 1 200", "pause 1", "finalize 1"]);
    assert_eq!(stage.puppets[0].given_ms(), 7_600);
    assert_eq!((stage.puppets[1].given_ms(), stage.puppets[1].told.take()), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn the_next_hears_again_what_was_not_final() {
    let mut stage = Stage::with(two());
    stage.push(3_000);
    stage.session.begin(ONE, Millis::new(200));
    stage.push(1_000);
    stage.puppets[0].fail();
    stage.push(20);
    // From half a second before the onset to the present.
    assert_eq!(stage.puppets[1].given_ms(), 500 + 200 + 1_000 + 20);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0"]);
    stage.session.finalize(ONE);
    stage.puppets[1].answer(1, "when do you open");
    stage.puppets[0].answer(1, "too late");
    assert_eq!(stage.heard(), ["1220 ms again", "1 when do you open"]);
    stage.push(100);
    assert_eq!(stage.puppets[0].given_ms(), 3_000 + 1_000 + 20, "it is given nothing more");
}

#[tokio::test(start_paused = true)]
async fn the_next_is_told_everything_at_its_place() {
    let mut stage = Stage::with(two());
    stage.push(3_000);
    stage.session.begin(ONE, Millis::new(200));
    stage.push(2_000);
    stage.session.finalize(ONE);
    stage.push(400);
    stage.session.begin(TWO, Millis::new(100));
    stage.push(1_000);
    stage.puppets[0].fail();
    stage.push(20);
    // An adapter keeps little of what it hears while nobody is said to speak.
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1", "begin 2 0"]);
    let (one, asked) = (500, 500 + 200 + 2_000);
    assert_eq!(stage.puppets[1].places.take(), [one, asked, asked + 400 - 100]);
    assert_eq!(stage.puppets[1].given_ms(), asked + 400 + 1_000 + 20);
}

#[tokio::test(start_paused = true)]
async fn one_that_hears_again_is_not_late_before_it_has_heard_all() {
    let mut puppets = two();
    puppets.push(Puppet::new("c", LINEAR_16));
    let mut stage = Stage::with(puppets);
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(3_000);
    stage.puppets[0].fail();
    stage.push(20);
    stage.session.finalize(ONE);
    // A third of 3 s until it has caught up, and 0.7 s.
    stage.push(1_680);
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
    stage.push(40);
    assert_eq!(stage.puppets[2].told.take(), ["begin 1 0", "finalize 1"]);
}

#[tokio::test(start_paused = true)]
async fn words_that_were_asked_for_are_asked_of_the_next() {
    let mut stage = Stage::with(two());
    stage.push(1_000);
    stage.session.begin(ONE, Millis::new(200));
    stage.push(1_000);
    stage.session.pause(ONE);
    stage.session.finalize(ONE);
    stage.puppets[0].fail();
    stage.push(20);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1"]);
}

#[tokio::test(start_paused = true)]
async fn late_words_are_asked_of_the_next_and_come_once() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    stage.push(680);
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
    stage.push(20);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1"]);
    stage.puppets[1].answer(1, "when do you open");
    stage.puppets[0].answer(1, "when did you open");
    stage.push(20);
    // The call's own patience is shorter than a repetition.
    assert_eq!(stage.heard(), ["1700 ms again", "1 when do you open"]);
    assert_eq!(stage.puppets[1].told.take(), ["discard 1"]);
    // The late one stays the leader until it has failed three times.
    stage.puppets[1].given_ms();
    stage.session.begin(TWO, Millis::ZERO);
    stage.push(500);
    stage.puppets[0].partial(2, "and");
    stage.puppets[1].partial(2, "end");
    assert_eq!(stage.heard(), ["2 … and"]);
    assert_eq!(stage.puppets[1].given_ms(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_gives_up_does_not_answer_for_its_successor() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    // What an adapter says that has failed: the finals it owes.
    stage.puppets[0].fail();
    stage.puppets[0].answer(1, "");
    stage.push(20);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1"]);
    stage.puppets[1].answer(1, "when do you open");
    assert_eq!(stage.heard(), ["1020 ms again", "1 when do you open"]);
}

#[tokio::test(start_paused = true)]
async fn no_words_are_an_answer_once_everybody_who_listens_says_so() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    stage.push(700);
    stage.puppets[0].answer(1, "");
    assert_eq!(stage.heard(), ["1700 ms again"], "the other may have heard words");
    stage.puppets[1].answer(1, "when do you open");
    assert_eq!(stage.heard(), ["1 when do you open"]);
    stage.push(20);

    stage.session.begin(TWO, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(TWO);
    stage.puppets[0].answer(2, "");
    assert_eq!(stage.heard(), ["2 "], "nobody else listens");
}

#[tokio::test(start_paused = true)]
async fn no_words_are_an_answer_if_whoever_else_listened_fails() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    stage.push(700);
    stage.puppets[0].answer(1, "");
    stage.puppets[1].fail();
    stage.push(20);
    assert_eq!(stage.heard(), ["1700 ms again", "1 "]);
}

#[tokio::test(start_paused = true)]
async fn if_the_second_is_late_too_the_third_is_asked() {
    let mut puppets = two();
    puppets.push(Puppet::new("c", LINEAR_16));
    let mut stage = Stage::with(puppets);
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    stage.push(700);
    // It has to hear 1.7 s again at four times the speed, while the line goes on.
    stage.push(1_260);
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
    stage.push(20);
    assert_eq!(stage.puppets[2].told.take(), ["begin 1 0", "finalize 1"]);
    stage.puppets[2].answer(1, "when do you open");
    stage.push(20);
    let heard = ["1700 ms again", "2980 ms again", "1 when do you open"];
    assert_eq!(stage.heard(), heard);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1", "discard 1"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_away_in_the_midst_of_speech_is_not_waited_for() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    let behind = Millis::new(1_000);
    stage.puppets[0].offer(RecognizerEvent::Recovering { behind });
    stage.push(500);
    assert_eq!(stage.puppets[1].given_ms(), 0, "most come back by then");
    stage.push(20);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0"]);
    assert_eq!(stage.puppets[1].given_ms(), 1_520);
    stage.session.finalize(ONE);
    stage.puppets[1].answer(1, "when do you open");
    stage.push(20);
    let heard = ["1000 ms again", "1520 ms again", "1 when do you open"];
    assert_eq!(stage.heard(), heard);
}

#[tokio::test(start_paused = true)]
async fn nor_is_a_third_asked_while_the_second_still_hears_it_again() {
    let mut puppets = two();
    puppets.push(Puppet::new("c", LINEAR_16));
    let mut stage = Stage::with(puppets);
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(3_000);
    let behind = Millis::new(3_000);
    stage.puppets[0].offer(RecognizerEvent::Recovering { behind });
    stage.push(520);
    stage.session.finalize(ONE);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1"]);
    // The leader is late after 0.7 s, the second a third of 3.52 s later.
    stage.push(700 + 1_160);
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
    stage.push(40);
    assert_eq!(stage.puppets[2].told.take(), ["begin 1 0", "finalize 1"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_late_and_then_away_is_replaced_once() {
    let mut puppets = two();
    puppets.push(Puppet::new("c", LINEAR_16));
    let mut stage = Stage::with(puppets);
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(3_000);
    stage.session.finalize(ONE);
    stage.push(700);
    assert_eq!(stage.puppets[1].told.take(), ["begin 1 0", "finalize 1"]);
    let behind = Millis::new(3_700);
    stage.puppets[0].offer(RecognizerEvent::Recovering { behind });
    stage.push(1_000);
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_in_time_hears_alone() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    let behind = Millis::new(1_000);
    stage.puppets[0].offer(RecognizerEvent::Recovering { behind });
    stage.push(400);
    stage.puppets[0].partial(1, "when do");
    stage.push(2_000);
    assert_eq!(stage.puppets[1].given_ms(), 0);
}

#[tokio::test(start_paused = true)]
async fn partials_are_the_leaders_while_two_listen() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(1_000);
    stage.session.finalize(ONE);
    stage.push(700);
    stage.puppets[1].partial(1, "not mine to tell");
    assert_eq!(stage.heard(), ["1700 ms again"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_kept_than_ten_seconds() {
    let mut stage = Stage::with(two());
    stage.session.begin(ONE, Millis::ZERO);
    stage.push(25_000);
    stage.puppets[0].fail();
    stage.push(20);
    assert_eq!(stage.puppets[1].given_ms(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_open_is_passed_over_and_known_for_it() {
    let mut puppets = two();
    puppets[0].closed = Some(VendorError::Auth { vendor: name("a") });
    let mut stage = Stage::with(puppets);
    stage.push(100);
    assert_eq!(stage.puppets[1].given_ms(), 100);
    assert_eq!(health(&stage.clinic, Duty::Recognize, "a").admit(), Admission::Refused);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_has_failed_the_call_is_told() {
    let mut stage = Stage::with(two());
    stage.puppets[0].fail();
    stage.push(20);
    assert_eq!(stage.heard(), Vec::<String>::new());
    stage.puppets[1].fail();
    stage.push(20);
    assert_eq!(stage.heard(), ["failed b"]);

    let mut puppets = two();
    puppets.iter_mut().for_each(|puppet| puppet.closed = Some(broken(puppet.name)));
    assert_eq!(Stage::try_with(puppets).err(), Some(broken("b")));
}

#[tokio::test(start_paused = true)]
async fn what_each_recognizer_used_up_is_told_also_after_its_session_is_over() {
    let mut stage = Stage::with(two());
    stage.push(3_000);
    stage.session.begin(ONE, Millis::new(200));
    stage.push(1_000);
    stage.puppets[0].fail();
    stage.push(20);
    stage.push(1_000);
    let used = |ms| VendorUsage { requests: exact(1), audio_ms: exact(ms), ..Default::default() };
    // The last frame that the first one got, and what the second heard again.
    let shares = [(name("a"), used(4_020)), (name("b"), used(500 + 200 + 1_020 + 1_000))];
    assert_eq!(stage.session.shares(), shares);
    assert_eq!(stage.session.usage(), shares[0].1 + shares[1].1);
}
