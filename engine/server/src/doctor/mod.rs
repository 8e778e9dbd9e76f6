//! Whether this machine and these settings are fit to answer telephones: one row a check, and for
//! each that failed what to do about it.

mod account;
mod carrier;
mod certificate;
mod machine;
mod online;
mod reach;
mod setup;

use std::path::PathBuf;

use serde::Serialize;
use types::Secret;

use crate::config::EngineConfig;
use crate::vendors::Environment;

/// The format of a report as JSON; grows when a reader must know.
pub const DOCTOR_FORMAT: u32 = 1;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked: `disk`, `ports`, …
    pub check: &'static str,
    /// Whether it is as it should be.
    pub state: State,
    /// What was found.
    pub what: String,
    /// What to do, if anything is to be done.
    pub remedy: Option<String>,
}

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is.
    Fine,
    /// It works, and could be better.
    Note,
    /// It does not work.
    Failed,
    /// It does not apply to these settings.
    Skipped,
}

impl Finding {
    pub(crate) fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Fine, what: what.into(), remedy: None }
    }

    pub(crate) fn skipped(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Skipped, what: what.into(), remedy: None }
    }

    pub(crate) fn note(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { check, state: State::Note, what: what.into(), remedy }
    }

    pub(crate) fn failed(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { check, state: State::Failed, what: what.into(), remedy }
    }
}

/// What is to be examined.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The engine's settings.
    pub config: EngineConfig,
    /// The file they came from; absent: the shipped ones.
    pub file: Option<PathBuf>,
    /// The key of the carrier's API, if there is one.
    pub api_key: Option<Secret<String>>,
    /// Where keys and addresses of vendors stand.
    pub environment: Environment,
    /// Which of the environment's variables are set. Never their values.
    pub keys: Vec<&'static str>,
}

/// The variables the engine reads secrets from.
pub const KEYS: [&str; 3] = ["APEX_TELNYX_API_KEY", "APEX_MEDIA_TOKEN", "APEX_CONTROL_TOKEN"];

/// Runs every check, in the order in which one depends on another. The carrier is asked only where
/// the front door is open, and vendors only where agents name them and the environment says where
/// they are, with requests that change nothing and cost nothing.
pub fn examine(patient: &Patient) -> Vec<Finding> {
    let Patient { config, .. } = patient;
    let mut findings = vec![setup::settings(patient)];
    findings.push(machine::processor());
    findings.push(machine::open_files(config.media.calls_max));
    findings.push(machine::ports_shared());
    findings.extend(machine::ports(config));
    findings.push(machine::clock());
    findings.push(setup::models(&config.models.path));
    findings.extend(setup::businesses(config, &patient.environment));
    findings.extend(online::check(config, &patient.environment));
    findings.extend(machine::disk(&config.state));
    findings.extend(setup::keys(patient));
    findings.extend(certificate::check(config));
    findings.extend(carrier::check(patient));
    findings
}

/// Whether any check failed.
pub fn has_failed(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.state == State::Failed)
}
