//! A race of brains.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use types::{
    AgentConfig, BargeIn, CallId, CitedText, ConfigVersion, Contact, Dialogue, Escalation, Expect,
    Facts, Hours, Intake, LegAbilities, Limits, Millis, Persona, Recording, Tone, Turns,
    VendorChoice, WallTime,
};
use vendor::{
    Brain, BrainContext, BrainEvent, BrainSession, Sink, Thought, VendorError, VendorUsage,
};
use vendors::failover::{Admission, Clinic, Duty, Member, open_brains};

use crate::support::{Ear, Record, broken, clinic, exact, generation, health, name, pass, settle};

/// A brain that does nothing by itself.
#[derive(Clone)]
struct Puppet {
    name: &'static str,
    /// `think TURN`, `cancel TURN`.
    told: Record<String>,
    way_out: Arc<Mutex<Option<Arc<dyn Sink<BrainEvent>>>>>,
    /// How often it was asked.
    asked: Arc<AtomicU64>,
    /// Why it does not even open.
    closed: Option<VendorError>,
}

impl Puppet {
    fn new(name: &'static str) -> Self {
        let (told, way_out, asked) = (Record::default(), Arc::default(), Arc::default());
        Self { name, told, way_out, asked, closed: None }
    }

    fn offer(&self, event: BrainEvent) {
        self.way_out.lock().unwrap().as_ref().expect("it was asked").offer(event);
    }

    fn say(&self, turn: u32, words: &str) {
        let text = CitedText { text: words.into(), cites: vec![] };
        self.offer(BrainEvent::Text { generation: generation(turn), text });
    }

    fn finish(&self, turn: u32) {
        let generation = generation(turn);
        self.offer(BrainEvent::Done { generation, expect: Expect::default(), note: None });
    }

    fn fail(&self, turn: u32) {
        let error = broken(self.name);
        self.offer(BrainEvent::Failed { generation: generation(turn), error });
    }
}

impl Brain for Puppet {
    fn open(
        &self,
        _context: BrainContext,
        events: Arc<dyn Sink<BrainEvent>>,
    ) -> Result<Box<dyn BrainSession>, VendorError> {
        if let Some(error) = &self.closed {
            return Err(error.clone());
        }
        *self.way_out.lock().unwrap() = Some(events);
        Ok(Box::new(self.clone()))
    }
}

impl BrainSession for Puppet {
    fn think(&mut self, thought: Thought) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.told.put(format!("think {}", thought.generation.turn.get()));
    }

    fn cancel(&mut self, generation: types::GenerationId) {
        self.told.put(format!("cancel {}", generation.turn.get()));
    }

    fn commit(&mut self, generation: types::GenerationId) {
        self.told.put(format!("commit {}", generation.turn.get()));
    }

    fn usage(&self) -> VendorUsage {
        VendorUsage { requests: exact(self.asked.load(Ordering::SeqCst)), ..VendorUsage::default() }
    }
}

struct Stage {
    clinic: Clinic,
    puppets: Vec<Puppet>,
    session: Box<dyn BrainSession>,
    heard: Record<BrainEvent>,
}

impl Stage {
    fn with(puppets: Vec<Puppet>) -> Self {
        let (clinic, heard) = (clinic(), Record::default());
        let members = puppets.iter().map(|puppet| Member {
            name: name(puppet.name),
            vendor: Arc::new(puppet.clone()) as Arc<dyn Brain>,
            health: health(&clinic, Duty::Think, puppet.name),
        });
        let context = BrainContext {
            agent: Arc::new(agent()),
            caller: None,
            call: CallId::new(1),
            abilities: LegAbilities::NONE,
        };
        let ear = Arc::new(Ear(heard.clone()));
        let session = open_brains(members.collect(), context, ear, &Handle::current());
        Self { clinic, session, heard, puppets }
    }

    async fn think(&mut self, turn: u32) {
        let dialogue = Arc::new(Dialogue::default());
        let now = WallTime::from_unix_millis(0);
        self.session.think(Thought { generation: generation(turn), dialogue, now });
        settle().await;
    }

    /// What the call heard since the last time, in short.
    async fn heard(&self) -> Vec<String> {
        settle().await;
        let told = |event| match event {
            BrainEvent::Text { generation, text } => {
                format!("{} {}", generation.turn.get(), text.text)
            }
            BrainEvent::Understood { generation, .. } => {
                format!("{} understood", generation.turn.get())
            }
            BrainEvent::Pause { generation } => format!("{} pause", generation.turn.get()),
            BrainEvent::Effect { generation, .. } => format!("{} effect", generation.turn.get()),
            BrainEvent::Done { generation, .. } => format!("{} done", generation.turn.get()),
            BrainEvent::Failed { generation, error } => {
                format!("{} failed {}", generation.turn.get(), error.vendor())
            }
        };
        self.heard.take().into_iter().map(told).collect()
    }
}

fn agent() -> AgentConfig {
    let facts = Facts {
        name: "Sample".into(),
        timezone: TimeZone::UTC,
        hours: Hours::default(),
        contact: Contact::default(),
        services: vec![],
        policies: vec![],
        faqs: vec![],
        staff: vec![],
        escalation: Escalation::default(),
    };
    let persona = Persona {
        greeting: "Hello.".into(),
        disclosure: None,
        tone: Tone::Warm,
        language: "en-US".into(),
    };
    AgentConfig {
        business: "sample".parse().unwrap(),
        agent: "front-desk".parse().unwrap(),
        version: ConfigVersion::FIRST,
        persona,
        vendors: VendorChoice { recognizer: vec![], brain: vec![], voice: vec![] },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_000),
            barge_in: BargeIn::Allowed,
            no_input_delay: Millis::new(8_000),
            no_input_prompts_max: 2,
            dtmf_gap_max: Millis::new(3_000),
        },
        limits: Limits { call_duration_max: Millis::from_secs(900), calls_max: 1 },
        intake: Intake::STANDARD,
        recording: Recording::Off,
        facts: Arc::new(facts),
        tools: Arc::new([]),
    }
}

fn three() -> Vec<Puppet> {
    ["a", "b", "c"].map(Puppet::new).to_vec()
}

#[tokio::test(start_paused = true)]
async fn a_brain_that_answers_in_time_is_the_only_one_asked() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(999).await;
    stage.puppets[0].say(1, "We open");
    pass(5_000).await;
    stage.puppets[0].say(1, " at nine.");
    stage.puppets[0].finish(1);
    assert_eq!(stage.heard().await, ["1 We open", "1  at nine.", "1 done"]);
    assert_eq!(stage.puppets[0].told.take(), ["think 1"]);
    assert_eq!(stage.puppets[1].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_late_brain_is_raced_and_the_first_words_win() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(1_000).await;
    assert_eq!(stage.puppets[1].told.take(), ["think 1"]);
    stage.puppets[1].say(1, "Nine.");
    assert_eq!(stage.heard().await, ["1 Nine."]);
    assert_eq!(stage.puppets[0].told.take(), ["think 1", "cancel 1"]);
    stage.puppets[0].say(1, "At nine o'clock.");
    stage.puppets[0].finish(1);
    stage.puppets[1].finish(1);
    assert_eq!(stage.heard().await, ["1 done"]);
    pass(60_000).await;
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_late_one_may_still_win() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(1_500).await;
    stage.puppets[0].say(1, "Nine.");
    assert_eq!(stage.heard().await, ["1 Nine."]);
    assert_eq!(stage.puppets[1].told.take(), ["think 1", "cancel 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_brain_that_fails_is_replaced_at_once() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.puppets[0].fail(1);
    settle().await;
    assert_eq!(stage.puppets[1].told.take(), ["think 1"]);
    stage.puppets[1].fail(1);
    settle().await;
    stage.puppets[2].say(1, "Nine.");
    stage.puppets[2].finish(1);
    assert_eq!(stage.heard().await, ["1 Nine.", "1 done"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_open_is_passed_over() {
    let mut puppets = three();
    puppets[0].closed = Some(VendorError::Auth { vendor: name("a") });
    let mut stage = Stage::with(puppets);
    stage.think(1).await;
    assert_eq!(stage.puppets[1].told.take(), ["think 1"]);
    assert_eq!(health(&stage.clinic, Duty::Think, "a").admit(), Admission::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_a_word_is_no_reply() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.puppets[0].finish(1);
    settle().await;
    assert_eq!(stage.puppets[1].told.take(), ["think 1"]);
    assert_eq!(stage.heard().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn only_when_all_have_failed_the_call_is_told_and_once() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(1_000).await;
    pass(1_000).await;
    // All three are thinking.
    stage.puppets[1].fail(1);
    stage.puppets[0].fail(1);
    assert_eq!(stage.heard().await, Vec::<String>::new());
    stage.puppets[2].fail(1);
    assert_eq!(stage.heard().await, ["1 failed c"]);
}

#[tokio::test(start_paused = true)]
async fn who_breaks_off_in_the_middle_is_told_and_asked_last_the_next_time() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.puppets[0].say(1, "We");
    stage.puppets[0].fail(1);
    assert_eq!(stage.heard().await, ["1 We", "1 failed a"]);
    stage.think(2).await;
    assert_eq!(stage.puppets[1].told.take(), ["think 2"]);
    stage.puppets[1].say(2, "Nine.");
    stage.puppets[1].finish(2);
    stage.think(3).await;
    assert_eq!(stage.puppets[0].told.take(), ["think 1", "think 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_thought_is_cancelled_everywhere_and_silent() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(1_000).await;
    stage.session.cancel(generation(1));
    settle().await;
    assert_eq!(stage.puppets[0].told.take(), ["think 1", "cancel 1"]);
    assert_eq!(stage.puppets[1].told.take(), ["think 1", "cancel 1"]);
    stage.puppets[0].say(1, "Nine.");
    stage.puppets[1].fail(1);
    pass(10_000).await;
    assert_eq!(stage.heard().await, Vec::<String>::new());
    assert_eq!(stage.puppets[2].told.take(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_new_thought_calls_the_old_one_off() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.think(2).await;
    assert_eq!(stage.puppets[0].told.take(), ["think 1", "cancel 1", "think 2"]);
    stage.puppets[0].say(1, "old");
    stage.puppets[0].say(2, "new");
    assert_eq!(stage.heard().await, ["2 new"]);
}

#[tokio::test(start_paused = true)]
async fn one_with_an_open_breaker_is_spared_unless_it_is_the_last() {
    let mut stage = Stage::with(three());
    for vendor in ["a", "b", "c"] {
        (0..3).for_each(|_| health(&stage.clinic, Duty::Think, vendor).failed(&broken(vendor)));
    }
    stage.think(1).await;
    assert_eq!(stage.puppets[0].told.take(), Vec::<String>::new());
    assert_eq!(stage.puppets[2].told.take(), ["think 1"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_heard_is_told_so_and_nobody_else() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    pass(1_000).await;
    stage.puppets[1].say(1, "One moment.");
    settle().await;
    stage.session.commit(generation(1));
    stage.session.commit(generation(7));
    settle().await;
    assert_eq!(stage.puppets[0].told.take(), ["think 1", "cancel 1"]);
    assert_eq!(stage.puppets[1].told.take(), ["think 1", "commit 1"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_passes_once_a_cancel_has_returned() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.puppets[0].say(1, "We");
    settle().await;
    // Said before the cancel, on its way when it returns.
    stage.puppets[0].say(1, " open");
    stage.session.cancel(generation(1));
    assert_eq!(stage.heard().await, ["1 We"]);
}

#[tokio::test(start_paused = true)]
async fn what_each_brain_used_up_is_told_also_after_the_switch() {
    let mut stage = Stage::with(three());
    stage.think(1).await;
    stage.puppets[0].say(1, "We open");
    stage.puppets[0].finish(1);
    settle().await;
    stage.think(2).await;
    pass(1_000).await;
    stage.puppets[0].fail(2);
    stage.puppets[1].say(2, "Nine.");
    settle().await;
    let used = |count| VendorUsage { requests: exact(count), ..VendorUsage::default() };
    let shares = [(name("a"), used(2)), (name("b"), used(1)), (name("c"), used(0))];
    assert_eq!(stage.session.shares(), shares);
    assert_eq!(stage.session.usage(), used(3));
}
