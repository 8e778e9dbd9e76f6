//! Accounts with vendors: keys and addresses from the environment, by the names everybody uses.

use reqwest::Url;
use thiserror::Error;
use types::Secret;

/// A vendor's product line: one account, one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Deepgram: recognizers and voices.
    Deepgram,
    /// OpenAI, and whatever speaks its dialect.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// ElevenLabs.
    ElevenLabs,
    /// Cartesia.
    Cartesia,
    /// A Wyoming server that recognizes: no account, an address.
    WyomingRecognizer,
    /// A Wyoming server that speaks: no account, an address.
    WyomingVoice,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Deepgram,
        Self::OpenAi,
        Self::Anthropic,
        Self::ElevenLabs,
        Self::Cartesia,
        Self::WyomingRecognizer,
        Self::WyomingVoice,
    ];

    /// The environment variable of its key, if it wants one.
    pub const fn key_variable(self) -> Option<&'static str> {
        match self {
            Self::Deepgram => Some("DEEPGRAM_API_KEY"),
            Self::OpenAi => Some("OPENAI_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::ElevenLabs => Some("ELEVENLABS_API_KEY"),
            Self::Cartesia => Some("CARTESIA_API_KEY"),
            Self::WyomingRecognizer | Self::WyomingVoice => None,
        }
    }

    /// The environment variable of its address.
    pub const fn base_variable(self) -> &'static str {
        match self {
            Self::Deepgram => "DEEPGRAM_BASE_URL",
            Self::OpenAi => "OPENAI_BASE_URL",
            Self::Anthropic => "ANTHROPIC_BASE_URL",
            Self::ElevenLabs => "ELEVENLABS_BASE_URL",
            Self::Cartesia => "CARTESIA_BASE_URL",
            Self::WyomingRecognizer => "WYOMING_STT_URL",
            Self::WyomingVoice => "WYOMING_TTS_URL",
        }
    }

    /// Its address unless the environment names another; none for a server on the own premises.
    pub const fn base_default(self) -> Option<&'static str> {
        match self {
            Self::Deepgram => Some("https://api.deepgram.com"),
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::ElevenLabs => Some("https://api.elevenlabs.io"),
            Self::Cartesia => Some("https://api.cartesia.ai"),
            Self::WyomingRecognizer | Self::WyomingVoice => None,
        }
    }
}

/// Where a vendor is and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address, without query.
    pub base: Url,
    /// Our key, if there is one: a server of one's own needs none.
    pub key: Option<Secret<String>>,
}

/// What is wrong with an account's settings. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// The address is none.
    #[error("{variable} is no address: write something like https://host/path")]
    Base {
        /// Which variable.
        variable: &'static str,
    },
    /// The address holds a user, a password or a query.
    #[error("{variable} must hold no user, password or query: keys go into variables of their own")]
    Credentials {
        /// Which variable.
        variable: &'static str,
    },
    /// The key cannot stand in a header.
    #[error("{variable} holds what no key can: check for line breaks and quotes")]
    Key {
        /// Which variable.
        variable: &'static str,
    },
}

impl Account {
    /// The account with `service` that the environment names, or `None` if it names none. `lookup`
    /// gives a variable's value; empty ones count as absent.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn from_env(
        service: Service,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, AccountError> {
        let (key, base) = (service.key_variable(), service.base_variable());
        Self::from_variables(key, (base, service.base_default()), lookup)
    }

    /// The account that two variables name: one for the key, if there is one, and one for the address,
    /// with what holds if it is not set.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn from_variables(
        key: Option<&'static str>,
        (variable, default): (&'static str, Option<&str>),
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, AccountError> {
        let value = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let named = value(variable);
        let key = match key {
            Some(variable) => value(variable).map(|key| check_key(&key, variable)).transpose()?,
            None => None,
        };
        // An address of one's own may need no key; the vendor's own always does.
        let base = match (named, default) {
            (Some(named), _) => named,
            (None, Some(default)) if key.is_some() => default.to_owned(),
            (None, _) => return Ok(None),
        };
        Ok(Some(Self { base: check_base(&base, variable)?, key }))
    }

    /// The address `path` below the base, with `query`, for a request.
    pub fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        let below =
            format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
        url.set_path(&below);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// As [`Self::url`], for a socket: `ws` for `http`, `wss` for `https`.
    pub fn socket_url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.url(path, query);
        let scheme = match url.scheme() {
            "http" | "ws" => "ws",
            _ => "wss",
        };
        // Both are schemes of the same kind: the change is always possible.
        let _ = url.set_scheme(scheme);
        url
    }
}

fn check_base(base: &str, variable: &'static str) -> Result<Url, AccountError> {
    let url = Url::parse(base.trim()).map_err(|_| AccountError::Base { variable })?;
    let is_known = matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "tcp");
    if !is_known || url.host_str().is_none_or(str::is_empty) {
        return Err(AccountError::Base { variable });
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(AccountError::Credentials { variable });
    }
    Ok(url)
}

fn check_key(key: &str, variable: &'static str) -> Result<Secret<String>, AccountError> {
    let key = key.trim();
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::new(key.to_owned()))
    } else {
        Err(AccountError::Key { variable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(
        service: Service,
        variables: &[(&str, &str)],
    ) -> Result<Option<Account>, AccountError> {
        Account::from_env(service, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_key_alone_means_the_vendor_itself() {
        let account = account(Service::Deepgram, &[("DEEPGRAM_API_KEY", " k1 ")]).unwrap().unwrap();
        assert_eq!(account.key, Some(Secret::new("k1".into())));
        let url = account.socket_url("/v1/listen", &[("model", "nova-3"), ("keyterm", "Zoë & Co")]);
        assert_eq!(
            url.as_str(),
            "wss://api.deepgram.com/v1/listen?model=nova-3&keyterm=Zo%C3%AB+%26+Co"
        );
    }

    #[test]
    fn an_address_alone_means_a_server_that_wants_no_key() {
        let base = [("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1/")];
        let account = account(Service::OpenAi, &base).unwrap().unwrap();
        assert_eq!(account.key, None);
        assert_eq!(
            account.url("chat/completions", &[]).as_str(),
            "http://127.0.0.1:8080/v1/chat/completions"
        );
    }

    #[test]
    fn nothing_named_is_no_account() {
        for service in Service::ALL {
            assert_eq!(account(service, &[]), Ok(None));
        }
        assert_eq!(account(Service::Cartesia, &[("CARTESIA_API_KEY", "  ")]), Ok(None));
    }

    #[test]
    fn what_cannot_work_names_its_variable_and_not_its_value() {
        let bad = account(Service::OpenAi, &[("OPENAI_API_KEY", "sk-1\n2")]).unwrap_err();
        assert_eq!(bad, AccountError::Key { variable: "OPENAI_API_KEY" });
        let bad = account(Service::OpenAi, &[("OPENAI_BASE_URL", "api.openai.com")]).unwrap_err();
        assert_eq!(bad, AccountError::Base { variable: "OPENAI_BASE_URL" });
        let with_key = [("DEEPGRAM_BASE_URL", "https://u:secret@host/?k=1")];
        let bad = account(Service::Deepgram, &with_key).unwrap_err();
        assert_eq!(bad, AccountError::Credentials { variable: "DEEPGRAM_BASE_URL" });
        assert!(!bad.to_string().contains("secret"));
    }
}
