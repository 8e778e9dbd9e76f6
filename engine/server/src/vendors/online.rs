//! Whether vendors know us and have what agents want of them: asked now, before a caller is there.

use futures_util::StreamExt as _;
use futures_util::stream;
use types::{AgentConfig, ChosenVendor};
use vendors::keys::AccountError;
use vendors::net::Net;
use vendors::probe::{Probe, Standing, Trouble, Variables};
use vendors::{brains, recognizers, voices};

use super::cloud::{CloudError, Environment};

/// Vendors asked at once: a node of many businesses names some dozens, each answers within seconds.
const ASKED_MAX: usize = 16;

/// What a vendor says about what one or more agents want of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who was asked, and for what.
    pub chosen: ChosenVendor,
    /// For whom: `business/agent`.
    pub agents: Vec<String>,
    /// The variables of key, address, model and voice.
    pub variables: Named,
    /// What came of it.
    pub outcome: Result<Standing, Wrong>,
}

/// The variables of the environment that a vendor is set up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its key's, if it takes one, and its address's.
    pub account: Variables,
    /// Whether a key is set.
    pub key: KeyState,
    /// What names its model for all agents.
    pub model: Option<&'static str>,
    /// What names its voice.
    pub voice: Option<&'static str>,
}

/// Whether there is a key to be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// There is.
    Set,
    /// There is none.
    Absent,
}

/// Why an agent's vendor cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A variable cannot be read; nobody was asked.
    Variable(AccountError),
    /// What the vendor says, or that it says nothing.
    Vendor(Trouble),
}

impl Asked {
    /// What was found, in one sentence without a secret.
    pub fn what(&self) -> String {
        let Self { chosen, variables, outcome, .. } = self;
        let (vendor, base) = (chosen.name, variables.account.base);
        let agents = self.agents.join(", ");
        match outcome {
            Ok(Standing::Good) => format!("{vendor} answers as it should ({agents})"),
            Ok(Standing::Unclear { status }) => {
                format!("{vendor} answers with status {status}, which tells nothing ({agents})")
            }
            Err(Wrong::Variable(error)) => format!("{vendor} of {agents}: {error}"),
            Err(Wrong::Vendor(trouble)) => {
                let about = match (trouble, variables.account.key, variables.key) {
                    (Trouble::Key, Some(key), KeyState::Set) => format!("refuses the key in {key}"),
                    (Trouble::Key, Some(key), KeyState::Absent) => {
                        format!("wants a key, and {key} is not set")
                    }
                    (Trouble::Unreachable, ..) => format!("is not reached (address: {base})"),
                    (trouble, Some(key), KeyState::Set) => format!("{trouble} (key: {key})"),
                    (trouble, ..) => trouble.to_string(),
                };
                format!("{vendor} of {agents} {about}")
            }
        }
    }

    /// What to do, if anything is to be done.
    pub fn remedy(&self) -> Option<String> {
        let Self { chosen, variables, outcome, .. } = self;
        let until = "until then the next in the list is asked";
        let (key, base) = (variables.account.key.unwrap_or("the key"), variables.account.base);
        Some(match outcome {
            Ok(Standing::Good) => return None,
            Ok(Standing::Unclear { .. }) => {
                format!("ask again later; if it goes on, check {base}, and what the key may do")
            }
            Err(Wrong::Variable(_)) => "mend the variable: the engine does not start".to_owned(),
            Err(Wrong::Vendor(Trouble::Key)) => {
                format!("put a key that {} takes into {key}; {until}", chosen.name)
            }
            Err(Wrong::Vendor(Trouble::Quota)) => format!("top the account up; {until}"),
            Err(Wrong::Vendor(Trouble::Unreachable)) => {
                format!("check {base}, the network, a firewall; {until}")
            }
            Err(Wrong::Vendor(Trouble::Model(_))) => {
                let variable = variables.model.unwrap_or("its variable");
                format!("name another model in the agent's file or in {variable}; {until}")
            }
            Err(Wrong::Vendor(Trouble::Voice(_))) => {
                let variable = variables.voice.unwrap_or("its variable");
                format!("name another voice in the agent's file or in {variable}; {until}")
            }
        })
    }
}

/// Asks every vendor that `agents` name and `environment` says where to find, once for each thing
/// that is wanted of it. Takes some seconds at most, and costs nothing at any vendor.
///
/// # Errors
/// [`CloudError`] if nobody can be asked at all.
pub fn ask(environment: &Environment, agents: &[&AgentConfig]) -> Result<Vec<Asked>, CloudError> {
    let questions = questions(environment, agents);
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let net = Net::new(runtime.handle().clone())?;
    let net = &net;
    let answers = stream::iter(questions).map(|question| async move {
        let Question { chosen, agents, variables, probe, .. } = question;
        let outcome = match probe {
            Ok(probe) => probe.ask(net).await.map_err(Wrong::Vendor),
            Err(error) => Err(Wrong::Variable(error)),
        };
        Asked { chosen, agents, variables, outcome }
    });
    Ok(runtime.block_on(answers.buffered(ASKED_MAX).collect()))
}

struct Question {
    duty: usize,
    chosen: ChosenVendor,
    agents: Vec<String>,
    variables: Named,
    probe: Result<Probe, AccountError>,
}

/// What is to be asked, each thing once, in the order in which agents name it.
fn questions(environment: &Environment, agents: &[&AgentConfig]) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for agent in agents {
        let name = format!("{}/{}", agent.business, agent.agent);
        let vendors = &agent.vendors;
        for (duty, list) in [&vendors.recognizer, &vendors.brain, &vendors.voice].iter().enumerate()
        {
            for chosen in *list {
                let known = questions.iter_mut();
                let mut known = known.filter(|known| known.duty == duty && known.chosen == *chosen);
                if let Some(known) = known.next() {
                    known.agents.push(name.clone());
                    continue;
                }
                let asked = match duty {
                    0 => of_recognizer(environment, chosen),
                    1 => of_brain(environment, chosen),
                    _ => of_voice(environment, chosen),
                };
                // Who is local, or has no variables set, is not asked: other checks tell of that.
                let Some(([model, voice], account, probe)) = asked else { continue };
                let is_set = account.key.is_some_and(|key| environment.names(key));
                let key = if is_set { KeyState::Set } else { KeyState::Absent };
                let variables = Named { account, key, model, voice };
                let (chosen, agents) = (chosen.clone(), vec![name.clone()]);
                questions.push(Question { duty, chosen, agents, variables, probe });
            }
        }
    }
    questions
}

/// What names its model and its voice, what names its account, and what to ask it.
type Found = ([Option<&'static str>; 2], Variables, Result<Probe, AccountError>);

fn of_recognizer(environment: &Environment, chosen: &ChosenVendor) -> Option<Found> {
    let place = find(recognizers::catalog::PLACES, |place| place.vendor() == chosen.name)?;
    let wanted = [(place.model_variable, &chosen.model)];
    let probe = place.probe(|name: &str| environment.wanted(name, &wanted)).transpose()?;
    let service = place.service;
    let account = Variables { key: service.key_variable(), base: service.base_variable() };
    Some(([place.model_variable, None], account, probe))
}

fn of_brain(environment: &Environment, chosen: &ChosenVendor) -> Option<Found> {
    let place = find(brains::catalog::PLACES, |place| place.vendor() == chosen.name)?;
    let variable = Some(place.model_variable);
    let wanted = [(variable, &chosen.model)];
    let probe = place.probe(|name: &str| environment.wanted(name, &wanted)).transpose()?;
    let account = Variables { key: place.key_variable, base: place.base_variable };
    Some(([variable, None], account, probe))
}

fn of_voice(environment: &Environment, chosen: &ChosenVendor) -> Option<Found> {
    let place = find(voices::catalog::PLACES, |place| place.vendor() == chosen.name)?;
    let (model, voice) = (place.model_variable(), place.voice_variable());
    let wanted = [(model, &chosen.model), (voice, &chosen.voice)];
    let probe = place.probe(|name: &str| environment.wanted(name, &wanted)).transpose()?;
    let service = place.service;
    let account = Variables { key: service.key_variable(), base: service.base_variable() };
    Some(([model, voice], account, probe))
}

fn find<T, const N: usize>(places: [T; N], is_wanted: impl Fn(&T) -> bool) -> Option<T> {
    places.into_iter().find(is_wanted)
}
