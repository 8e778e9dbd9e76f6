//! The models that agents can name, and the variables of the environment that say where they are.

use thiserror::Error;
use types::VendorName;

use super::anthropic::{AnthropicSettings, CacheLifetime};
use super::brain::{ChatBrain, ChatSettings};
use super::openai::{Dialect, OpenAiSettings};
use super::tools::ToolNet;
use crate::keys::{Account, AccountError};
use crate::net::Net;
use crate::probe::{Probe, Subject, Variables};

/// A place where a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in agents' files: `openai`.
    pub name: &'static str,
    /// The variable of its key, if it takes one.
    pub key_variable: Option<&'static str>,
    /// The variable of its address.
    pub base_variable: &'static str,
    /// Its address unless that is set; none for a server on the own premises.
    pub base_default: Option<&'static str>,
    /// The variable of the model's name.
    pub model_variable: &'static str,
    /// The model unless that is set: small and quick, for a caller waits. None where only the operator
    /// knows what is loaded.
    pub model_default: Option<&'static str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OpenAi(Dialect),
    Anthropic,
}

/// All places. Addresses: providers.md §3.1 and §3.3.
pub const PLACES: [Place; 7] = [
    Place {
        name: "openai",
        key_variable: Some("OPENAI_API_KEY"),
        base_variable: "OPENAI_BASE_URL",
        base_default: Some("https://api.openai.com/v1"),
        model_variable: "OPENAI_MODEL",
        model_default: Some("gpt-4.1-mini"),
        kind: Kind::OpenAi(Dialect::OpenAi),
    },
    Place {
        name: "anthropic",
        key_variable: Some("ANTHROPIC_API_KEY"),
        base_variable: "ANTHROPIC_BASE_URL",
        base_default: Some("https://api.anthropic.com"),
        model_variable: "ANTHROPIC_MODEL",
        model_default: Some("claude-haiku-4-5"),
        kind: Kind::Anthropic,
    },
    Place {
        name: "groq",
        key_variable: Some("GROQ_API_KEY"),
        base_variable: "GROQ_BASE_URL",
        base_default: Some("https://api.groq.com/openai/v1"),
        model_variable: "GROQ_MODEL",
        model_default: Some("llama-3.3-70b-versatile"),
        kind: Kind::OpenAi(Dialect::Groq),
    },
    Place {
        name: "together",
        key_variable: Some("TOGETHER_API_KEY"),
        base_variable: "TOGETHER_BASE_URL",
        base_default: Some("https://api.together.ai/v1"),
        model_variable: "TOGETHER_MODEL",
        model_default: Some("meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        kind: Kind::OpenAi(Dialect::Together),
    },
    Place {
        name: "vllm",
        key_variable: Some("VLLM_API_KEY"),
        base_variable: "VLLM_BASE_URL",
        base_default: None,
        model_variable: "VLLM_MODEL",
        model_default: None,
        kind: Kind::OpenAi(Dialect::Vllm),
    },
    Place {
        name: "ollama",
        key_variable: None,
        base_variable: "OLLAMA_BASE_URL",
        base_default: None,
        model_variable: "OLLAMA_MODEL",
        model_default: None,
        kind: Kind::OpenAi(Dialect::Ollama),
    },
    Place {
        name: "llama-cpp",
        key_variable: Some("LLAMA_CPP_API_KEY"),
        base_variable: "LLAMA_CPP_BASE_URL",
        base_default: None,
        model_variable: "LLAMA_CPP_MODEL",
        // The server has one model loaded and takes any name for it.
        model_default: Some("default"),
        kind: Kind::OpenAi(Dialect::LlamaCpp),
    },
];

/// What is wrong with the settings of a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// Its key or its address.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nobody says which model.
    #[error("{variable} is not set: which model does {name} have?")]
    Model {
        /// Which place.
        name: &'static str,
        /// Which variable.
        variable: &'static str,
    },
}

impl Place {
    /// The name as a vendor's.
    ///
    /// # Panics
    /// Never: the names are constants, and a test reads them all.
    pub fn vendor(&self) -> VendorName {
        self.name.parse().expect("a constant slug")
    }

    /// The question whether it knows us, and has the model that `lookup` names; none if the
    /// environment names no account.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn probe(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Probe>, AccountError> {
        let base = (self.base_variable, self.base_default);
        let Some(account) = Account::from_variables(self.key_variable, base, &lookup)? else {
            return Ok(None);
        };
        let model = self.model(&lookup);
        let subject = match (self.kind, model) {
            (Kind::Anthropic, Some(model)) => Subject::Model(model),
            // One model is loaded there, and any name taken for it.
            (Kind::OpenAi(Dialect::LlamaCpp), _) => Subject::Models(None),
            (Kind::OpenAi(_) | Kind::Anthropic, model) => Subject::Models(model),
        };
        let variables = Variables { key: self.key_variable, base: self.base_variable };
        Ok(Some(Probe::new(self.vendor(), variables, account, subject)))
    }

    /// The name of the model there, if anything names one.
    fn model(&self, lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
        let named = lookup(self.model_variable).filter(|name| !name.trim().is_empty());
        named.or_else(|| self.model_default.map(str::to_owned))
    }

    /// The brain at this place, or none if the environment names none. `lookup` gives a variable's
    /// value.
    ///
    /// # Errors
    /// [`PlaceError`] if a variable is there and unusable, or the model's name is missing.
    pub fn brain(
        &self,
        net: &Net,
        tools: &ToolNet,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<ChatBrain>, PlaceError> {
        let base = (self.base_variable, self.base_default);
        let Some(account) = Account::from_variables(self.key_variable, base, &lookup)? else {
            return Ok(None);
        };
        let model = self.model(&lookup);
        let (name, variable) = (self.name, self.model_variable);
        let model = model.ok_or(PlaceError::Model { name, variable })?;
        let settings = ChatSettings::standard(self.vendor());
        let (net, tools) = (net.clone(), tools.clone());
        Ok(Some(match self.kind {
            Kind::OpenAi(dialect) => {
                let reasoning_effort = least_effort(dialect, &model).map(str::to_owned);
                let model = OpenAiSettings { dialect, model, temperature: None, reasoning_effort };
                ChatBrain::openai(net, tools, account, (settings, model))
            }
            Kind::Anthropic => {
                let (thinking, effort) = least_thinking(&model);
                let model = AnthropicSettings {
                    model,
                    thinking: thinking.map(str::to_owned),
                    effort: effort.map(str::to_owned),
                    cache: CacheLifetime::FiveMinutes,
                };
                ChatBrain::anthropic(net, tools, account, (settings, model))
            }
        }))
    }
}

/// The least a model reasons, if it is one that reasons unless it is told not to.
fn least_effort(dialect: Dialect, model: &str) -> Option<&'static str> {
    match dialect {
        Dialect::OpenAi if model.starts_with("gpt-5") => Some("minimal"),
        Dialect::OpenAi if model.starts_with('o') => Some("low"),
        // Documented for its OpenAI-compatible side; models that do not reason ignore it.
        Dialect::Ollama => Some("none"),
        Dialect::OpenAi | Dialect::Groq | Dialect::Together | Dialect::Vllm | Dialect::LlamaCpp => {
            None
        }
    }
}

/// The least a model of Anthropic's thinks, and how it is told (providers.md §3.3).
fn least_thinking(model: &str) -> (Option<&'static str>, Option<&'static str>) {
    if ["opus-5-5", "fable-5"].iter().any(|name| model.contains(name)) {
        (None, Some("low"))
    } else if model.contains("sonnet-5-5") {
        (Some("{\"type\":\"between_tools\"}"), None)
    } else if model.contains("claude-3") {
        (None, None)
    } else {
        (Some("{\"type\":\"disabled\"}"), None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::runtime::Runtime;

    use super::super::tools::guard::Guard;
    use super::*;

    fn brain(name: &str, variables: &[(&str, &str)]) -> Result<bool, PlaceError> {
        let runtime = Runtime::new().unwrap();
        let net = Net::new(runtime.handle().clone()).unwrap();
        let tools = ToolNet::new(Guard::default(), Arc::new(|_: &str| None)).unwrap();
        let place = PLACES.iter().find(|place| place.name == name).unwrap();
        let brain = place.brain(&net, &tools, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        brain.map(|brain| brain.is_some())
    }

    #[test]
    fn a_model_is_there_if_the_environment_says_where() {
        assert_eq!(brain("openai", &[]), Ok(false));
        assert_eq!(brain("openai", &[("OPENAI_API_KEY", "k")]), Ok(true));
        assert_eq!(brain("openai", &[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")]), Ok(true));
        assert_eq!(brain("anthropic", &[("ANTHROPIC_API_KEY", "k")]), Ok(true));
        assert_eq!(brain("llama-cpp", &[("LLAMA_CPP_BASE_URL", "http://h:8080/v1")]), Ok(true));
        let ollama = ("OLLAMA_BASE_URL", "http://h:11434/v1");
        let missing = PlaceError::Model { name: "ollama", variable: "OLLAMA_MODEL" };
        assert_eq!(brain("ollama", &[ollama]), Err(missing));
        assert_eq!(brain("ollama", &[ollama, ("OLLAMA_MODEL", "qwen3:4b")]), Ok(true));
        let bad = brain("groq", &[("GROQ_API_KEY", "k"), ("GROQ_BASE_URL", "nowhere")]);
        assert_eq!(bad, Err(AccountError::Base { variable: "GROQ_BASE_URL" }.into()));
        for place in PLACES {
            assert_eq!(place.vendor().as_str(), place.name);
        }
    }

    #[test]
    fn a_model_thinks_as_little_as_it_can() {
        assert_eq!(least_thinking("claude-haiku-4-5").0, Some("{\"type\":\"disabled\"}"));
        assert_eq!(least_thinking("claude-opus-5-5"), (None, Some("low")));
        assert_eq!(least_thinking("claude-sonnet-5-5-x").0, Some("{\"type\":\"between_tools\"}"));
        assert_eq!(least_effort(Dialect::OpenAi, "gpt-5.6-mini"), Some("minimal"));
        assert_eq!(least_effort(Dialect::OpenAi, "gpt-4.1-mini"), None);
    }
}
