//! `apex doctor`: whether this machine and these settings are fit to answer telephones.

use std::path::PathBuf;
use std::process::ExitCode;

use types::Secret;

use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted, engine_config};
use crate::doctor::{DOCTOR_FORMAT, Finding, KEYS, Patient, State, examine, has_failed};
use crate::paper::{Ink, Paper, printable};
use crate::vendors::Environment;

/// What `apex doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The engine's settings; the shipped ones if left out.
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
    /// The directory of business files; overrides directory.path.
    #[arg(long, value_name = "DIR")]
    businesses: Option<PathBuf>,
    /// The directory of local models; overrides models.path.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS")]
    models: Option<PathBuf>,
    /// Where durable state goes; overrides state.path.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `apex doctor`.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut config = match engine_config(args.config.as_deref()) {
        Ok(config) => config,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    if let Some(businesses) = &args.businesses {
        config.directory.path.clone_from(businesses);
    }
    if let Some(models) = &args.models {
        config.models.path.clone_from(models);
    }
    if let Some(state) = &args.state {
        config.state.clone_from(state);
    }
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.trim().is_empty());
    let patient = Patient {
        config,
        file: args.config.clone(),
        api_key: std::env::var(KEYS[0]).ok().filter(|key| !key.trim().is_empty()).map(Secret::new),
        environment: Environment::of_process(),
        keys: KEYS.into_iter().filter(|name| set(name)).collect(),
    };
    let findings = examine(&patient);
    if args.json {
        let report = serde_json::json!({
            "format": DOCTOR_FORMAT,
            "fit": !has_failed(&findings),
            "findings": findings,
        });
        println!("{}", serde_json::to_string_pretty(&report).expect("plain data turns into JSON"));
    } else {
        print!("{}", table(&findings, Paper::of_stdout()));
    }
    if has_failed(&findings) { ExitCode::from(ANSWER_IS_NO) } else { ExitCode::SUCCESS }
}

/// The findings as a table, what to do below each that needs it.
fn table(findings: &[Finding], paper: Paper) -> String {
    /// `failed` and `webhook keys`, each with a space behind it.
    const COLUMN: usize = 7 + 14;
    let Ink { good, warn, bad, dim, off, .. } = *paper.ink;
    let room = paper.width.saturating_sub(COLUMN).max(20);
    let mut text = String::new();
    let mut before = "";
    for Finding { check, state, what, remedy } in findings {
        let (color, word) = match state {
            State::Fine => (good, "ok"),
            State::Note => (warn, "note"),
            State::Failed => (bad, "failed"),
            State::Skipped => (dim, "-"),
        };
        // A check's name stands once, over all of its rows.
        let name = if *check == before { "" } else { check };
        before = check;
        for (number, line) in Paper::wrap(&printable(what), room).iter().enumerate() {
            let (word, name) = if number == 0 { (word, name) } else { ("", "") };
            text.push_str(&format!("{color}{word:<7}{off}{name:<14}{line}\n"));
        }
        let room = room.saturating_sub(3).max(20);
        for (number, line) in
            remedy.iter().flat_map(|remedy| Paper::wrap(&printable(remedy), room)).enumerate()
        {
            let arrow = if number == 0 { "=> " } else { "   " };
            text.push_str(&format!("{:COLUMN$}{color}{arrow}{line}{off}\n", ""));
        }
    }
    let failed = findings.iter().filter(|finding| finding.state == State::Failed).count();
    let notes = findings.iter().filter(|finding| finding.state == State::Note).count();
    let notes =
        if notes == 0 { String::new() } else { format!(", {}", counted(notes, "note", "notes")) };
    text.push_str(&match failed {
        0 => format!("{good}fit to answer{off}{notes}\n"),
        failed => {
            format!("{bad}{}{off}{notes}\n", counted(failed, "check failed", "checks failed"))
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::PLAIN;

    #[test]
    fn a_failed_row_says_what_to_do() {
        let findings = [
            Finding::fine("disk", "state/journal can be written"),
            Finding::failed("disk", "0.1 GB free", "make room: the journal needs to be written"),
            Finding::note("media url", "ws://x", "write wss://"),
            Finding::skipped("keys", "APEX_MEDIA_TOKEN is not set, nor needed"),
        ];
        let text = table(&findings, Paper { width: 60, ink: &PLAIN });
        assert_eq!(
            text,
            "ok     disk          state/journal can be written\n\
             failed               0.1 GB free\n\
             \u{20}                    => make room: the journal needs to be\n\
             \u{20}                       written\n\
             note   media url     ws://x\n\
             \u{20}                    => write wss://\n\
             -      keys          APEX_MEDIA_TOKEN is not set, nor needed\n\
             1 check failed, 1 note\n"
        );
        assert!(has_failed(&findings) && !has_failed(&findings[2..]));
    }
}
