//! Whether the vendors that agents name take our keys and have what is wanted of them.

use types::AgentConfig;
use vendors::probe::Standing;

use super::Finding;
use crate::config::EngineConfig;
use crate::publish::read_sources;
use crate::vendors::Environment;
use crate::vendors::online::{Asked, ask};

/// What each row is called.
const CHECK: &str = "vendors asked";

/// Asks them. Files with mistakes have a row of their own elsewhere.
pub(super) fn check(config: &EngineConfig, environment: &Environment) -> Vec<Finding> {
    let Ok(sources) = read_sources(&config.directory.path) else { return Vec::new() };
    let Ok(businesses) = directory::check(&sources, &crate::cli::rules(config)) else {
        return Vec::new();
    };
    let agents = businesses.iter().flat_map(|business| &business.agents);
    let agents: Vec<&AgentConfig> = agents.map(AsRef::as_ref).collect();
    match ask(environment, &agents) {
        Ok(asked) => asked.iter().map(finding).collect(),
        Err(error) => {
            let remedy = "without it no vendor in the cloud can be used";
            vec![Finding::failed(CHECK, error.to_string(), remedy)]
        }
    }
}

fn finding(asked: &Asked) -> Finding {
    let what = asked.what();
    match (&asked.outcome, asked.remedy()) {
        (Ok(Standing::Good), _) | (_, None) => Finding::fine(CHECK, what),
        (Ok(Standing::Unclear { .. }), Some(remedy)) => Finding::note(CHECK, what, remedy),
        (Err(_), Some(remedy)) => Finding::failed(CHECK, what, remedy),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::TcpListener;
    use std::path::{Path, PathBuf};

    use fake_vendors::{FakeVendors, Options};
    use types::Secret;

    use super::super::State;
    use super::*;

    const KEY: &str = "the-right-key";

    /// A business whose agent names these vendors, in a folder of its own.
    struct Shop(PathBuf);

    impl Shop {
        fn new(name: &str, [recognizer, brain, voice]: [&str; 3]) -> Self {
            let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/businesses");
            let file = std::fs::read_to_string(fixtures.join("riverside-dental.toml")).unwrap();
            let file = file
                .replace(
                    "recognizer = [\"local\"]",
                    &format!("recognizer = [{recognizer}\"local\"]"),
                )
                .replace("brain = [\"frontdesk\"]", &format!("brain = [{brain}\"frontdesk\"]"))
                .replace("voice = [\"local\"]", &format!("voice = [{voice}\"local\"]"));
            let dir =
                std::env::temp_dir().join(format!("apex-online-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("a.toml"), file).unwrap();
            Self(dir)
        }

        fn found(&self, variables: &[(&str, &str)]) -> Vec<Finding> {
            let mut config = EngineConfig::shipped();
            config.directory.path.clone_from(&self.0);
            let variables: BTreeMap<String, String> =
                variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            check(&config, &Environment::new(move |name| variables.get(name).cloned()))
        }
    }

    impl Drop for Shop {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Vendors who know [`KEY`] only, and the runtime they run on.
    fn far() -> (tokio::runtime::Runtime, FakeVendors) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let options = Options { key: Some(Secret::new(KEY.to_owned())), ..Options::default() };
        let far = runtime.block_on(FakeVendors::start(options)).unwrap();
        (runtime, far)
    }

    #[test]
    fn a_refused_key_is_named_with_vendor_agent_and_variable_and_without_the_key() {
        let (_runtime, far) = far();
        let (base, base_v1) = (far.base_url(), format!("{}/v1", far.base_url()));
        let shop = Shop::new(
            "keys",
            [
                "\"deepgram\", \"wyoming\", ",
                "\"openai\", \"anthropic\", ",
                "\"cartesia\", \"elevenlabs\", \"deepgram-aura\", ",
            ],
        );
        let accounts = |key| {
            let keyed = ["DEEPGRAM", "OPENAI", "ANTHROPIC", "CARTESIA", "ELEVENLABS"];
            let mut variables: Vec<(String, String)> = Vec::new();
            for name in keyed {
                let base = if name == "OPENAI" { &base_v1 } else { &base };
                variables.push((format!("{name}_API_KEY"), String::from(key)));
                variables.push((format!("{name}_BASE_URL"), base.clone()));
            }
            variables.push(("WYOMING_STT_URL".into(), far.wyoming_url()));
            variables
        };
        let found = |key| {
            let variables = accounts(key);
            let borrowed: Vec<(&str, &str)> =
                variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            shop.found(&borrowed)
        };
        let good = found(KEY);
        assert_eq!(good.len(), 7, "{good:#?}");
        assert!(good.iter().all(|finding| finding.state == State::Fine), "{good:#?}");

        let bad = found("sk-wrong-2718281828");
        let text = format!("{bad:?}");
        assert!(!text.contains("2718281828") && !text.contains("401"), "{text}");
        for (vendor, variable) in [
            ("deepgram", "DEEPGRAM_API_KEY"),
            ("openai", "OPENAI_API_KEY"),
            ("anthropic", "ANTHROPIC_API_KEY"),
            ("cartesia", "CARTESIA_API_KEY"),
            ("elevenlabs", "ELEVENLABS_API_KEY"),
            ("deepgram-aura", "DEEPGRAM_API_KEY"),
        ] {
            let what =
                format!("{vendor} of riverside-dental/front-desk refuses the key in {variable}");
            let row = bad.iter().find(|finding| finding.what == what);
            let row = row.unwrap_or_else(|| panic!("{what}: {bad:#?}"));
            assert_eq!(row.state, State::Failed);
            assert!(row.remedy.as_ref().unwrap().contains(variable), "{row:?}");
        }
        let well = bad.iter().filter(|finding| finding.state == State::Fine);
        assert_eq!(well.count(), 1, "Wyoming has no key: {bad:#?}");
    }

    #[test]
    fn what_a_vendor_does_not_have_and_who_does_not_answer_is_named() {
        let (_runtime, far) = far();
        let (base, base_v1) = (far.base_url(), format!("{}/v1", far.base_url()));
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}", listener.local_addr().unwrap())
        };
        let shop = Shop::new(
            "models",
            [
                "\"deepgram\", ",
                "{ vendor = \"openai\", model = \"gpt-99\" }, \"anthropic\", ",
                "{ vendor = \"cartesia\", voice = \"nobody\" }, \"elevenlabs\", ",
            ],
        );
        let mute_base = format!("http://{}", mute.local_addr().unwrap());
        let began = std::time::Instant::now();
        let found = shop.found(&[
            ("OPENAI_API_KEY", KEY),
            ("OPENAI_BASE_URL", &base_v1),
            ("ANTHROPIC_API_KEY", KEY),
            ("ANTHROPIC_BASE_URL", &base),
            ("ANTHROPIC_MODEL", "claude-none"),
            ("CARTESIA_API_KEY", KEY),
            ("CARTESIA_BASE_URL", &base),
            ("DEEPGRAM_API_KEY", KEY),
            ("DEEPGRAM_BASE_URL", &closed),
            ("ELEVENLABS_API_KEY", KEY),
            ("ELEVENLABS_BASE_URL", &mute_base),
        ]);
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "each has a deadline");
        let rows: Vec<(State, &str, &str)> = found
            .iter()
            .map(|row| (row.state, row.what.as_str(), row.remedy.as_deref().unwrap_or_default()))
            .collect();
        let of = "of riverside-dental/front-desk";
        let expected = [
            (format!("openai {of} has no model \"gpt-99\" (key: OPENAI_API_KEY)"), "OPENAI_MODEL"),
            (
                format!("anthropic {of} has no model \"claude-none\" (key: ANTHROPIC_API_KEY)"),
                "ANTHROPIC_MODEL",
            ),
            (
                format!("cartesia {of} has no voice \"nobody\" (key: CARTESIA_API_KEY)"),
                "CARTESIA_VOICE_ID",
            ),
            (
                format!("deepgram {of} is not reached (address: DEEPGRAM_BASE_URL)"),
                "DEEPGRAM_BASE_URL",
            ),
            (
                format!("elevenlabs {of} is not reached (address: ELEVENLABS_BASE_URL)"),
                "ELEVENLABS_BASE_URL",
            ),
        ];
        for (what, variable) in expected {
            let is_told = rows.iter().any(|(state, told, remedy)| {
                *state == State::Failed && *told == what && remedy.contains(variable)
            });
            assert!(is_told, "{what}: {rows:#?}");
        }
        assert_eq!(rows.len(), 5, "{rows:#?}");
    }

    #[test]
    fn nobody_is_asked_whom_the_environment_does_not_name() {
        let shop = Shop::new("nobody", ["\"deepgram\", ", "\"openai\", ", "\"cartesia\", "]);
        assert_eq!(shop.found(&[]), []);
    }
}
