//! Voices that take over from one another.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use types::{Audio, AudioFormat, Encoding, GenerationId, Millis, Pii, SampleRate, SegmentId};
use vendor::{
    Alignment, Delivered, Precision, Sink, VendorError, VendorUsage, Voice, VoiceCapabilities,
    VoiceEvent, VoiceRequest, VoiceSession, WordTime,
};
use vendors::failover::{Clinic, Duty, Member, open_voices};

use crate::support::{Ear, Record, broken, clinic, exact, generation, health, name, pass, settle};

const FORMAT: AudioFormat = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz8000 };

/// A voice that says nothing by itself.
#[derive(Clone)]
struct Puppet {
    name: &'static str,
    /// `speak TURN.SEGMENT TEXT`, `end TURN`, `cancel TURN`.
    told: Record<String>,
    way_out: Arc<Mutex<Option<Arc<dyn Sink<VoiceEvent>>>>>,
    characters: Arc<AtomicU64>,
    capabilities: VoiceCapabilities,
    /// Whether it fails within the order itself.
    fails_at_once: bool,
}

impl Puppet {
    fn new(name: &'static str) -> Self {
        let capabilities = VoiceCapabilities {
            rate: SampleRate::Hz8000,
            formats: vec![FORMAT],
            alignment: Alignment::Words,
            languages: vec!["en-US".into()],
        };
        let (told, way_out, characters) = (Record::default(), Arc::default(), Arc::default());
        Self { name, told, way_out, characters, capabilities, fails_at_once: false }
    }

    fn offer(&self, event: VoiceEvent) {
        let way_out = self.way_out.lock().unwrap().clone();
        way_out.expect("it was opened").offer(event);
    }

    /// Delivers `ms` of segment `segment` of turn 1, whose samples show who speaks.
    fn sound(&self, segment: u32, ms: usize) {
        let samples = vec![i16::from(self.name.as_bytes()[0]); ms * 8];
        let (generation, segment) = (generation(1), SegmentId::new(segment));
        self.offer(VoiceEvent::Audio { generation, segment, audio: Audio::from(samples) });
    }

    fn done(&self, segment: u32, words: &[(usize, u32)]) {
        let words = words
            .iter()
            .map(|(text_end, end)| WordTime { text_end: *text_end, end: Millis::new(*end) });
        self.offer(VoiceEvent::SegmentDone {
            generation: generation(1),
            segment: SegmentId::new(segment),
            words: words.collect(),
            precision: Precision::Exact,
        });
    }

    fn fail(&self, segment: u32, text_end: usize) {
        self.offer(VoiceEvent::Failed {
            generation: generation(1),
            segment: SegmentId::new(segment),
            delivered: Delivered { text_end, precision: Precision::Exact },
            error: broken(self.name),
        });
    }
}

impl Voice for Puppet {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        _request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        *self.way_out.lock().unwrap() = Some(events);
        Ok(Box::new(self.clone()))
    }
}

impl VoiceSession for Puppet {
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        let turn = generation.turn.get();
        self.characters.fetch_add(text.reveal().chars().count() as u64, Ordering::SeqCst);
        self.told.put(format!("speak {turn}.{} {}", segment.get(), text.reveal()));
        if self.fails_at_once {
            self.fail(segment.get(), 0);
        }
    }

    fn end(&mut self, generation: GenerationId) {
        self.told.put(format!("end {}", generation.turn.get()));
    }

    fn cancel(&mut self, generation: GenerationId, _heard: Millis) {
        self.told.put(format!("cancel {}", generation.turn.get()));
    }

    fn usage(&self) -> VendorUsage {
        let characters = exact(self.characters.load(Ordering::SeqCst));
        VendorUsage { characters, ..VendorUsage::default() }
    }
}

struct Stage {
    clinic: Clinic,
    puppets: Vec<Puppet>,
    session: Box<dyn VoiceSession>,
    heard: Record<VoiceEvent>,
}

impl Stage {
    fn with(puppets: Vec<Puppet>) -> Self {
        let (clinic, heard) = (clinic(), Record::default());
        let members = puppets.iter().map(|puppet| Member {
            name: name(puppet.name),
            vendor: Arc::new(puppet.clone()) as Arc<dyn Voice>,
            health: health(&clinic, Duty::Speak, puppet.name),
        });
        let request = VoiceRequest { language: "en-US".into(), format: FORMAT };
        let ear = Arc::new(Ear(heard.clone()));
        let session = open_voices(members.collect(), request, ear, &Handle::current());
        Self { clinic, puppets, session, heard }
    }

    async fn speak(&mut self, segment: u32, text: &str) {
        self.session.speak(generation(1), SegmentId::new(segment), &Pii::new(text.into()));
        settle().await;
    }

    /// What the call heard since the last time, in short.
    async fn heard(&self) -> Vec<String> {
        settle().await;
        let told = |event| match event {
            VoiceEvent::Audio { segment, audio: Audio::Linear(samples), .. } => {
                let who = char::from(u8::try_from(samples[0]).unwrap());
                format!("{} {who} {} ms", segment.get(), samples.len() / 8)
            }
            VoiceEvent::Audio { .. } => "coded".to_owned(),
            VoiceEvent::SegmentDone { segment, words, .. } => {
                let words =
                    words.iter().map(|word| format!(" {}@{}", word.text_end, word.end.get()));
                format!("{} done{}", segment.get(), words.collect::<String>())
            }
            VoiceEvent::Heard { segment, text_end, .. } => {
                format!("{} heard to {text_end}", segment.get())
            }
            VoiceEvent::Failed { segment, delivered, error, .. } => {
                format!("{} failed {} after {}", segment.get(), error.vendor(), delivered.text_end)
            }
        };
        self.heard.take().into_iter().map(told).collect()
    }
}

fn two() -> Vec<Puppet> {
    ["a", "b"].map(Puppet::new).to_vec()
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_works_speaks_alone() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    pass(1_199).await;
    stage.puppets[0].sound(0, 900);
    stage.speak(1, "Anything else?").await;
    pass(5_000).await;
    stage.puppets[0].done(0, &[(2, 200), (7, 500)]);
    stage.puppets[0].sound(1, 700);
    stage.puppets[0].done(1, &[]);
    stage.session.end(generation(1));
    assert_eq!(stage.heard().await, ["0 a 900 ms", "0 done 2@200 7@500", "1 a 700 ms", "1 done"]);
    let told = ["speak 1.0 We open at nine.", "speak 1.1 Anything else?", "end 1"];
    assert_eq!(stage.puppets[0].told.take(), told);
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_breaks_off_is_followed_from_the_word_after() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.speak(1, "Anything else?").await;
    stage.session.end(generation(1));
    stage.puppets[0].sound(0, 500);
    stage.puppets[0].fail(0, 7);
    stage.puppets[0].fail(1, 0);
    stage.puppets[0].sound(1, 100);
    assert_eq!(stage.heard().await, ["0 a 500 ms"]);
    let told = ["speak 1.0 at nine.", "speak 1.1 Anything else?", "end 1"];
    assert_eq!(stage.puppets[1].told.take(), told);
    stage.puppets[1].sound(0, 400);
    stage.puppets[1].done(0, &[(2, 150), (8, 390)]);
    stage.puppets[1].sound(1, 300);
    stage.puppets[1].done(1, &[(8, 250)]);
    // Words are told where they stand in the whole segment and its whole audio.
    let heard = ["0 b 400 ms", "0 done 10@650 16@890", "1 b 300 ms", "1 done 8@250"];
    assert_eq!(stage.heard().await, heard);
}

#[tokio::test(start_paused = true)]
async fn a_silent_voice_gives_way_and_what_it_says_later_is_not_heard() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    pass(1_199).await;
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
    pass(1).await;
    assert_eq!(stage.puppets[1].told.take(), ["speak 1.0 We open at nine."]);
    assert_eq!(stage.puppets[0].told.take(), ["speak 1.0 We open at nine.", "cancel 1"]);
    stage.puppets[0].sound(0, 100);
    stage.puppets[0].done(0, &[]);
    stage.puppets[1].sound(0, 900);
    // The last is waited for: nobody could take over.
    pass(60_000).await;
    stage.puppets[1].done(0, &[]);
    assert_eq!(stage.heard().await, ["0 b 900 ms", "0 done"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_can_speak_fails_segment_by_segment() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.speak(1, "Anything else?").await;
    stage.puppets[0].fail(0, 0);
    settle().await;
    stage.puppets[1].sound(0, 100);
    stage.puppets[1].fail(0, 2);
    assert_eq!(stage.heard().await, ["0 b 100 ms", "0 failed b after 2", "1 failed b after 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_voice_may_fail_while_it_is_told() {
    let mut puppets = two();
    puppets[0].fails_at_once = true;
    let mut stage = Stage::with(puppets);
    stage.speak(0, "We open at nine.").await;
    assert_eq!(stage.puppets[1].told.take(), ["speak 1.0 We open at nine."]);
    stage.puppets[1].sound(0, 100);
    assert_eq!(stage.heard().await, ["0 b 100 ms"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_cancel_nothing_passes_and_nobody_takes_over() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.puppets[0].sound(0, 100);
    stage.session.cancel(generation(1), Millis::new(60));
    stage.puppets[0].sound(0, 100);
    stage.puppets[0].fail(0, 0);
    pass(10_000).await;
    assert_eq!(stage.heard().await, ["0 a 100 ms"]);
    assert_eq!(stage.puppets[0].told.take(), ["speak 1.0 We open at nine.", "cancel 1"]);
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_cancel_between_failure_and_succession_is_the_end() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.puppets[0].fail(0, 0);
    // The prompter has not run yet.
    stage.session.cancel(generation(1), Millis::ZERO);
    pass(10_000).await;
    assert_eq!(stage.heard().await, Vec::<String>::new());
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_account_of_what_was_heard_stands_in_the_whole_text() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.puppets[0].sound(0, 500);
    stage.puppets[0].fail(0, 7);
    settle().await;
    stage.puppets[1].sound(0, 100);
    stage.session.cancel(generation(1), Millis::new(550));
    let (generation, segment) = (generation(1), SegmentId::new(0));
    stage.puppets[1].offer(VoiceEvent::Heard { generation, segment, text_end: 2 });
    assert_eq!(stage.heard().await, ["0 a 500 ms", "0 b 100 ms", "0 heard to 10"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_voice_is_back_for_the_next_reply_unless_its_breaker_is_open() {
    let mut stage = Stage::with(two());
    stage.speak(0, "One.").await;
    stage.puppets[0].fail(0, 0);
    settle().await;
    stage.session.cancel(generation(1), Millis::ZERO);
    stage.session.speak(generation(2), SegmentId::new(0), &Pii::new("Two.".into()));
    settle().await;
    assert_eq!(stage.puppets[0].told.take().last().unwrap(), "speak 2.0 Two.");
    stage.session.cancel(generation(2), Millis::ZERO);
    let health = health(&stage.clinic, Duty::Speak, "a");
    (0..2).for_each(|_| health.failed(&broken("a")));
    stage.session.speak(generation(3), SegmentId::new(0), &Pii::new("Three.".into()));
    settle().await;
    assert_eq!(stage.puppets[1].told.take().last().unwrap(), "speak 3.0 Three.");
}

#[tokio::test(start_paused = true)]
async fn what_each_voice_used_up_is_told_also_after_the_switch() {
    let mut stage = Stage::with(two());
    stage.speak(0, "We open at nine.").await;
    stage.puppets[0].sound(0, 500);
    stage.puppets[0].fail(0, 7);
    stage.heard().await;
    stage.puppets[1].sound(0, 500);
    stage.speak(1, "Anything else?").await;
    let used = |count| VendorUsage { characters: exact(count), ..VendorUsage::default() };
    // All of it by the first; from the word after, and what followed, by the second.
    let shares = [(name("a"), used(16)), (name("b"), used(8 + 14))];
    assert_eq!(stage.session.shares(), shares);
    assert_eq!(stage.session.usage(), used(38));
}
