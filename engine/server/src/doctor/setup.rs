//! What was set up: settings, models, businesses, keys.

use std::path::Path;

use directory::{LOCAL_BRAIN, LOCAL_RECOGNIZER, LOCAL_VOICE};
use speech::models::{Condition, verify};
use types::AgentConfig;

use super::{Finding, KEYS, Patient};
use crate::config::{Access, EngineConfig};
use crate::publish::read_sources;
use crate::vendors::{Environment, unreachable};

/// Mistakes told one by one; more are counted.
const MISTAKES_TOLD: usize = 3;

/// Which settings these are. They were read before anything else was looked at.
pub(super) fn settings(patient: &Patient) -> Finding {
    let what = patient
        .file
        .as_ref()
        .map_or("as shipped".to_owned(), |file| format!("{}: no mistake", file.display()));
    Finding::fine("settings", what)
}

/// Whether the local models are there, and are what they should be.
pub(super) fn models(dir: &Path) -> Finding {
    let files = verify(dir);
    let damaged = files.iter().filter(|file| file.condition != Condition::Good);
    let (spare, bad): (Vec<_>, Vec<_>) = damaged.partition(|file| file.file.is_optional());
    let bad: Vec<&str> = bad.iter().map(|file| file.file.path).collect();
    let shown = dir.display();
    match bad.as_slice() {
        [] if !spare.is_empty() => Finding::note(
            "models",
            format!("{shown}: no model of meaning, questions are understood by their words alone"),
            "`apex models pull` fetches it; or set models.meaning to \"none\"",
        ),
        [] => Finding::fine("models", format!("{} files in {shown}, verified", files.len())),
        [first, rest @ ..] => {
            let more =
                if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Finding::failed(
                "models",
                format!("{shown}: {first}{more} missing or damaged"),
                "`apex models pull` fetches them; `apex models verify` says more",
            )
        }
    }
}

/// Whether the business files say something, whether the vendors they name can be found, and
/// whether every agent can always be heard.
pub(super) fn businesses(config: &EngineConfig, environment: &Environment) -> Vec<Finding> {
    let dir = &config.directory.path;
    let shown = dir.display();
    let sources = match read_sources(dir) {
        Ok(sources) => sources,
        Err(error) => {
            return vec![Finding::failed(
                "businesses",
                format!("{shown}: {error}"),
                "create it and copy fixtures/businesses/riverside-dental.toml there, or set \
                 directory.path",
            )];
        }
    };
    match directory::check(&sources, &crate::cli::rules(config)) {
        Ok(businesses) if businesses.is_empty() => vec![Finding::failed(
            "businesses",
            format!("{shown}: no business file"),
            "copy fixtures/businesses/riverside-dental.toml there and change it",
        )],
        Ok(businesses) => {
            let numbers: usize = businesses.iter().map(|business| business.numbers.len()).sum();
            let count = crate::cli::counted(businesses.len(), "business", "businesses");
            let numbers = crate::cli::counted(numbers, "number", "numbers");
            let agents = businesses.iter().flat_map(|business| &business.agents);
            let open: Vec<String> = agents
                .filter(|agent| !has_fallbacks(&agent.vendors))
                .map(|agent| format!("{}/{}", agent.business, agent.agent))
                .collect();
            let fallbacks = if open.is_empty() {
                Finding::fine("fallbacks", "every agent ends with local vendors")
            } else {
                Finding::failed(
                    "fallbacks",
                    format!("no local vendor at the end: {}", open.join(", ")),
                    "put \"local\" (brain: \"frontdesk\") last in each list of agents.vendors: a \
                     cloud that is down would be dead air",
                )
            };
            let agents: Vec<&AgentConfig> = businesses
                .iter()
                .flat_map(|business| &business.agents)
                .map(AsRef::as_ref)
                .collect();
            let businesses = Finding::fine("businesses", format!("{shown}: {count}, {numbers}"));
            vec![businesses, vendors(&agents, environment), fallbacks]
        }
        Err(mut mistakes) => {
            mistakes.sort();
            let told: Vec<String> =
                mistakes.iter().take(MISTAKES_TOLD).map(ToString::to_string).collect();
            let more = mistakes.len() - told.len();
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            vec![Finding::failed(
                "businesses",
                format!("{shown}: {}{more}", told.join("; ")),
                format!("`apex config check {shown}` tells them all"),
            )]
        }
    }
}

/// Whether the environment says where each vendor is that an agent names.
fn vendors(agents: &[&AgentConfig], environment: &Environment) -> Finding {
    let missing = agents.iter().flat_map(|agent| {
        let missing = unreachable(environment, &agent.vendors).into_iter();
        missing.map(|(vendor, variable)| {
            format!("{vendor} of {}/{} ({variable} is not set)", agent.business, agent.agent)
        })
    });
    let missing: Vec<String> = missing.collect();
    if missing.is_empty() {
        return Finding::fine("vendors", "every vendor that an agent names can be found");
    }
    Finding::note(
        "vendors",
        format!("not to be found: {}", missing.join(", ")),
        "put the variables into the engine's environment (README: \"Use your own vendors\"), or take \
         the names out; until then the next in each list is asked",
    )
}

fn has_fallbacks(vendors: &types::VendorChoice) -> bool {
    let ends = |chosen: &[types::ChosenVendor], local: &str| {
        chosen.last().is_some_and(|chosen| chosen.name.as_str() == local)
    };
    ends(&vendors.recognizer, LOCAL_RECOGNIZER)
        && ends(&vendors.brain, LOCAL_BRAIN)
        && ends(&vendors.voice, LOCAL_VOICE)
}

/// Which keys are set, and which of them are needed. Names only.
pub(super) fn keys(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let needs = [
        (config.front.listen.is_some(), "front.listen is set: the carrier's API wants it"),
        (
            config.media.access == Access::Token && config.front.listen.is_none(),
            "media.access is \"token\": sockets are let in by it",
        ),
        (!config.control.ip().is_loopback(), "control.listen is not on this machine only"),
    ];
    KEYS.iter()
        .zip(needs)
        .map(|(name, (needed, why))| match (patient.keys.contains(name), needed) {
            (true, _) => Finding::fine("keys", format!("{name} is set")),
            (false, false) => Finding::skipped("keys", format!("{name} is not set, nor needed")),
            (false, true) => Finding::failed(
                "keys",
                format!("{name} is not set; {why}"),
                format!("put {name} into the engine's environment, never into a file in git"),
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn nowhere() -> Environment {
        Environment::new(|_| None)
    }

    fn patient(settings: &str, keys: Vec<&'static str>) -> Patient {
        let config = EngineConfig::checked("mine.toml", settings).unwrap();
        Patient { config, file: None, api_key: None, environment: nowhere(), keys }
    }

    #[test]
    fn keys_are_wanted_where_they_are_needed_and_named_only() {
        let closed = keys(&patient("", Vec::new()));
        assert!(closed.iter().all(|found| found.state == State::Skipped), "{closed:?}");
        let world = "[media]\naccess = \"token\"\n[control]\nlisten = \"0.0.0.0:8701\"\n";
        let failed = keys(&patient(world, Vec::new()));
        let states: Vec<State> = failed.iter().map(|found| found.state).collect();
        assert_eq!(states, [State::Skipped, State::Failed, State::Failed]);
        let set = keys(&patient(world, KEYS.to_vec()));
        assert!(set.iter().all(|found| found.state == State::Fine), "{set:?}");
    }

    #[test]
    fn missing_models_say_how_to_get_them() {
        let found = models(Path::new("/nowhere/models"));
        assert_eq!(found.state, State::Failed);
        assert!(found.what.contains("stt/encoder_model.onnx and"), "{found:?}");
        assert!(found.remedy.unwrap().contains("apex models pull"));
    }

    #[test]
    fn business_files_are_checked_and_their_mistakes_told() {
        let mut config = EngineConfig::shipped();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/businesses");
        config.directory.path = fixtures;
        let found = businesses(&config, &nowhere());
        assert!(found.iter().all(|found| found.state == State::Fine), "{found:?}");
        assert!(found[0].what.contains("3 businesses"), "{found:?}");

        let dir = std::env::temp_dir().join(format!("apex-doctor-files-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        config.directory.path.clone_from(&dir);
        assert!(businesses(&config, &nowhere())[0].what.contains("no business file"));
        std::fs::write(dir.join("a.toml"), "[busines]\nid = 3\n").unwrap();
        let found = businesses(&config, &nowhere());
        assert_eq!(found[0].state, State::Failed, "{found:?}");
        assert!(found[0].what.contains("a.toml:1"), "{found:?}");
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(businesses(&config, &nowhere())[0].state, State::Failed, "no such folder");
    }

    #[test]
    fn vendors_that_cannot_be_found_are_named_with_agent_and_variable() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/businesses");
        let file = std::fs::read_to_string(fixtures.join("riverside-dental.toml")).unwrap();
        let dir = std::env::temp_dir().join(format!("apex-doctor-vendors-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = file.replace("voice = [\"local\"]", "voice = [\"cartesia\", \"local\"]");
        std::fs::write(dir.join("a.toml"), file).unwrap();
        let mut config = EngineConfig::shipped();
        config.directory.path.clone_from(&dir);
        let found = businesses(&config, &nowhere());
        assert_eq!(found[1].state, State::Note, "{found:?}");
        let named = "cartesia of riverside-dental/front-desk (CARTESIA_API_KEY is not set)";
        assert!(found[1].what.contains(named), "{found:?}");
        let keyed = Environment::new(|name| (name == "CARTESIA_API_KEY").then(|| "k".to_owned()));
        assert_eq!(businesses(&config, &keyed)[1].state, State::Fine);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn agents_without_a_local_end_are_found() {
        let named =
            |name: &&str| types::ChosenVendor::from(name.parse::<types::VendorName>().unwrap());
        let names = |names: &[&str]| names.iter().map(named).collect();
        let choice = |voice: &[&str]| types::VendorChoice {
            recognizer: names(&["local"]),
            brain: names(&["openai", "frontdesk"]),
            voice: names(voice),
        };
        assert!(has_fallbacks(&choice(&["elevenlabs", "local"])));
        assert!(!has_fallbacks(&choice(&["local", "elevenlabs"])));
        assert!(!has_fallbacks(&choice(&[])));
    }
}
