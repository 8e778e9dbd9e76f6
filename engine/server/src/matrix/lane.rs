//! One engine with a world of vendors of its own: calls one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caller::{CallPlan, Observation, Script, Step, Wait};
use fake_vendors::chat::Reply;
use fake_vendors::speech::Lexicon;
use fake_vendors::{FakeVendors, Options, Plan, Protocol, Words};
use tokio::time::{Instant, sleep};
use types::{CallRecord, Millis, SampleRate};

use super::MatrixError;
use super::cases::{Case, Duty};
use super::question;
use super::seen::Seen;
use crate::config::{Access, EngineConfig, MeaningModel};
use crate::engine::{Engine, Given};
use crate::vendors::Environment;

/// What the models say: no word twice.
pub(super) const REPLY: &str =
    "A cut is $103 with us, and our friendly stylist takes good gentle care of you.";

/// The price in it, which stands in the facts.
pub(super) const PRICE: &str = "$103";

/// From the beginning of the second question to when a recognizer fails: about 2 s of speech are not
/// final then.
const INTO_QUESTION: Duration = Duration::from_millis(2_000);

/// A reply that breaks off is waited for this long to go on.
const PATIENT: Wait = Wait { silence: Millis::new(3_200), ..Wait::REPLY };

/// How long a record may take to be written.
const RECORD_MAX: Duration = Duration::from_secs(10);

/// One engine, its vendors, and what its callers say.
pub(super) struct Lane {
    engine: Engine,
    far: Arc<FakeVendors>,
    state: PathBuf,
    questions: [Arc<[i16]>; 2],
}

impl Lane {
    /// Starts an engine in `dir` with a business for each of `numbers`: whoever fails has failed for
    /// nobody else.
    pub(super) async fn open(
        dir: PathBuf,
        models: &Path,
        voice: &[i16],
        cases: &[(usize, Case)],
    ) -> Result<Self, MatrixError> {
        let lexicon = Arc::new(Mutex::new(Lexicon::default()));
        // Two of them: a recognizer tells words apart by their place in all that is said.
        let questions = [0, 1].map(|_| question::say(&lexicon, voice, SampleRate::Hz8000));
        let options = Options { words: Words::Marked(lexicon), ..Options::default() };
        let far = FakeVendors::start(options).await?;
        far.replies().set_usual(Some(Reply::words(REPLY)));
        let mut config = EngineConfig::shipped();
        config.media.listen = ([127, 0, 0, 1], 0).into();
        config.control = config.media.listen;
        config.media.access = Access::OpenOnLoopback;
        config.directory.path = dir.join("businesses");
        config.state = dir.join("state");
        config.models.path = models.to_owned();
        config.models.meaning = MeaningModel::None;
        fs::create_dir_all(&config.directory.path)?;
        for (index, case) in cases {
            let path = config.directory.path.join(format!("{}.toml", business(*index)));
            fs::write(path, file(*index, case))?;
        }
        let state = config.state.clone();
        let given = Given { environment: Some(environment(&far)), ..Given::default() };
        let engine = tokio::task::spawn_blocking(move || Engine::start(config, given)).await??;
        Ok(Self { engine, far: Arc::new(far), state, questions })
    }

    /// Places the call of `case`, and says what came of it.
    pub(super) async fn call(&self, index: usize, case: Case) -> Result<Seen, MatrixError> {
        for protocol in Protocol::ALL {
            self.far.set_plan(protocol, Plan::default());
        }
        self.far.set_plan(case.adapter.protocol, case.plan());
        let first_word = self.far.voiced().lexicon().len();
        let first_session = self.far.sessions().len();
        let name = format!("{}-{first_session}", business(index));
        let plan = CallPlan {
            call_control: Some(name.clone()),
            seed: index as u64,
            ..CallPlan::new(
                format!("ws://{}/media/telnyx", self.engine.media),
                number(index).parse().map_err(|_| MatrixError::Number)?,
                Script { steps: self.steps(&case) },
            )
        };
        let far = self.far.clone();
        let report = caller::run(plan, move |observation| {
            if let Observation::QuestionBegan { turn: 1, .. } = observation
                && let Some((faults, plan)) = case.blow()
            {
                tokio::spawn(strike(far.clone(), case, faults, plan));
            }
        })
        .await?;
        let record = self.record(&business(index), &name).await?;
        let lexicon = self.far.voiced().lexicon();
        let sessions = self.far.sessions().split_off(first_session);
        Ok(Seen::of(case, (&report, &record), (&lexicon, first_word), &sessions))
    }

    fn steps(&self, case: &Case) -> Vec<Step> {
        let [first, second] = self.questions.clone().map(|audio| (audio, "cut".to_owned()));
        let mut steps =
            vec![Step::WaitForReply(Wait::GREETING), Step::Say { audio: first.0, label: first.1 }];
        let (audio, label) = second;
        if case.interrupts() {
            steps.push(Step::Interrupt { audio, label, after: Millis::new(1_000) });
        } else if case.questions() == 2 {
            steps.push(Step::WaitForReply(Wait::REPLY));
            steps.push(Step::Say { audio, label });
        }
        steps.extend([Step::WaitForReply(PATIENT), Step::HangUp]);
        steps
    }

    /// The record of a call that is over.
    async fn record(&self, business: &str, name: &str) -> Result<CallRecord, MatrixError> {
        let folder = self.state.join("calls").join(business);
        let until = Instant::now() + RECORD_MAX;
        loop {
            if let Some(record) = find(&folder, name) {
                return Ok(record);
            }
            if until < Instant::now() {
                return Err(MatrixError::NoRecord { call: name.to_owned() });
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops the engine.
    pub(super) async fn close(self) -> Result<(), MatrixError> {
        let engine = self.engine;
        tokio::task::spawn_blocking(move || engine.stop(Millis::ZERO)).await?;
        Ok(())
    }
}

/// What goes wrong in the middle goes wrong now, or, with a recognizer, in the midst of the question.
async fn strike(far: Arc<FakeVendors>, case: Case, faults: Vec<fake_vendors::Fault>, next: Plan) {
    if case.adapter.duty == Duty::Recognize {
        sleep(INTO_QUESTION).await;
    }
    let protocol = case.adapter.protocol;
    far.set_plan(protocol, next);
    if !faults.is_empty() {
        far.strike(protocol, &faults);
    }
}

fn find(folder: &Path, name: &str) -> Option<CallRecord> {
    let calls = fs::read_dir(folder).ok()?;
    calls.filter_map(Result::ok).find_map(|call| {
        let json = fs::read(call.path().join("call.json")).ok()?;
        let record: CallRecord = serde_json::from_slice(&json).ok()?;
        (record.parties.carrier_call == name).then_some(record)
    })
}

fn business(index: usize) -> String {
    format!("salon-{index}")
}

fn number(index: usize) -> String {
    format!("+1212555{index:04}")
}

/// The file of a salon whose agent has the vendor of `case` first.
fn file(index: usize, case: &Case) -> String {
    let (id, number, vendors) = (business(index), number(index), case.adapter.vendors());
    format!(
        r#"[business]
id = "{id}"
name = "The Salon"
timezone = "America/New_York"
currency = "USD"

[[numbers]]
e164 = "{number}"
agent = "front-desk"

[[agents]]
id = "front-desk"
language = "en-US"
greeting = "Hello."
tone = "warm"
record = false

[agents.vendors]
{vendors}

[agents.turns]
no_input_delay_ms = 120000

[facts]
address = "12 River Street, Hoboken"
phone = "{number}"

[facts.hours]
monday = ["08:00-17:00"]
tuesday = ["08:00-17:00"]
wednesday = ["08:00-17:00"]
thursday = ["08:00-17:00"]
friday = ["08:00-17:00"]
saturday = []
sunday = []

[[facts.services]]
id = "cut"
name = "cut"
aliases = ["haircut"]
price = "103.00"
duration_min = 45
"#
    )
}

/// Every vendor at `far`.
fn environment(far: &FakeVendors) -> Environment {
    let (base, wyoming) = (far.base_url(), far.wyoming_url());
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for name in ["DEEPGRAM", "ANTHROPIC", "ELEVENLABS", "CARTESIA", "OPENAI"] {
        variables.insert(format!("{name}_API_KEY"), "a-key-of-the-matrix".to_owned());
        variables.insert(format!("{name}_BASE_URL"), base.clone());
    }
    variables.insert("OPENAI_BASE_URL".into(), format!("{base}/v1"));
    variables.insert("WYOMING_STT_URL".into(), wyoming.clone());
    variables.insert("WYOMING_TTS_URL".into(), wyoming);
    Environment::new(move |name| variables.get(name).cloned())
}
