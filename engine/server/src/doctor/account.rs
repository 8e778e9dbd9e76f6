//! The carrier's account: whether our applications tell us their calls, and whether our businesses'
//! numbers ring them.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use types::{BusinessId, E164};
use wire::telnyx::command::{Command, Request};
use wire::telnyx::reply::{self, Application, Reply};

use super::carrier::{Answered, Asker};
use super::{Finding, reach};
use crate::cli::counted;
use crate::config::{EngineConfig, FrontConfig};
use crate::publish::read_sources;

/// Where the front door takes webhooks.
const WEBHOOK_PATH: &str = "/webhooks/telnyx";

/// Numbers on a page.
const PAGE: u64 = 250;

/// Pages read at most: more numbers than one instance is built for.
const PAGES_MAX: u64 = 40;

/// Numbers named one by one; more are counted.
const NUMBERS_TOLD: usize = 3;

/// Whether the applications tell their calls to us. `first` is what the carrier said of the first.
pub(super) fn applications(asker: &Asker, config: &EngineConfig, first: Answered) -> Vec<Finding> {
    let front = &config.front;
    let mut answers = vec![Ok(first)];
    answers.extend(front.connections.iter().skip(1).map(|name| asker.application(name)));
    let mut findings = Vec::new();
    let mut asked = BTreeSet::new();
    for (connection, answer) in front.connections.iter().zip(answers) {
        let answered = match answer {
            Ok(answered) => answered,
            Err(what) => {
                findings.push(unreadable(connection, &what));
                continue;
            }
        };
        let command = Command::GetApplication { connection_id: connection.into() };
        match reply::decode(&command, answered.status.as_u16(), &answered.body) {
            Ok(Reply::Application(application)) => {
                findings.push(judge(front, connection, &application));
                // Two applications may tell the same address.
                if let Some(url) = application.webhook_url.as_deref()
                    && asked.insert(url.to_owned())
                {
                    findings.push(reach::webhooks(url));
                }
            }
            Ok(
                Reply::Accepted
                | Reply::Dialed(_)
                | Reply::Call(_)
                | Reply::ActiveCalls(_)
                | Reply::Numbers(_),
            )
            | Err(_) => findings.push(unreadable(connection, &answered.status.to_string())),
        }
    }
    findings
}

fn unreadable(connection: &str, what: &str) -> Finding {
    Finding::failed(
        "application",
        format!("{connection}: {what}"),
        "front.connections holds the ids of Call Control applications of this account",
    )
}

fn judge(front: &FrontConfig, connection: &str, application: &Application<'_>) -> Finding {
    let name = application.name.as_deref().unwrap_or("unnamed");
    let shown = format!("{connection} ({name})");
    let fails = |what: String, remedy: String| Finding::failed("application", what, remedy);
    if application.active == Some(false) {
        let what = format!("{shown} is switched off");
        return fails(
            what,
            "switch it on in the portal, or take it out of front.connections".into(),
        );
    }
    let wanted = match front.public_url.as_str() {
        "" => format!("https://…{WEBHOOK_PATH}"),
        public => format!("{public}{WEBHOOK_PATH}"),
    };
    let remedy = || format!("set its webhook URL to {wanted}");
    let Some(url) = application.webhook_url.as_deref().filter(|url| !url.is_empty()) else {
        return fails(format!("{shown} tells nobody of its calls"), remedy());
    };
    let is_ours = match front.public_url.as_str() {
        "" => url.trim_end_matches('/').ends_with(WEBHOOK_PATH),
        _ => url.trim_end_matches('/') == wanted,
    };
    if !is_ours {
        return fails(format!("{shown} tells its calls to {url}"), remedy());
    }
    Finding::fine("application", format!("{shown} tells its calls to {url}"))
}

/// Whether the businesses' numbers ring our applications, and whether those ring nobody else.
pub(super) fn numbers(asker: &Asker, config: &EngineConfig) -> Vec<Finding> {
    // Files that are not sound have a row of their own.
    let Ok(sources) = read_sources(&config.directory.path) else { return Vec::new() };
    let Ok(businesses) = directory::check(&sources, &crate::cli::rules(config)) else {
        return Vec::new();
    };
    let ours: Vec<(E164, BusinessId)> = businesses
        .iter()
        .flat_map(|business| business.numbers.iter().map(|number| (number.e164, business.id)))
        .collect();
    let mut listed = BTreeSet::new();
    for connection in &config.front.connections {
        match list(asker, connection) {
            Ok(numbers) => listed.extend(numbers),
            Err(what) => {
                let what = format!("{connection}: its numbers are not listed: {what}");
                return vec![Finding::note("numbers", what, "ask again; check the key's rights")];
            }
        }
    }
    compare(&ours, &listed)
}

/// The numbers that ring `connection`.
fn list(asker: &Asker, connection: &str) -> Result<Vec<E164>, String> {
    let mut numbers = Vec::new();
    for page in 1..=PAGES_MAX {
        let command = Command::ListNumbers { connection_id: connection.into(), page, limit: PAGE };
        let request = Request::new(command);
        let Answered { status, body, .. } = asker.get(&request.encode().path)?;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err("too many requests".to_owned());
        }
        let Ok(Reply::Numbers(list)) = reply::decode(&request.command, status.as_u16(), &body)
        else {
            return Err(status.to_string());
        };
        let parsed = list.numbers.iter().filter_map(|entry| entry.number.as_ref());
        numbers.extend(parsed.filter_map(|number| number.reveal().parse::<E164>().ok()));
        if list.pages.is_none_or(|pages| pages <= page) {
            return Ok(numbers);
        }
    }
    Err(format!("more than {} of them", PAGE * PAGES_MAX))
}

fn compare(ours: &[(E164, BusinessId)], listed: &BTreeSet<E164>) -> Vec<Finding> {
    let missing: Vec<String> = ours
        .iter()
        .filter(|(number, _)| !listed.contains(number))
        .map(|(number, business)| format!("{number} ({business})"))
        .collect();
    let strange: Vec<String> = listed
        .iter()
        .filter(|number| !ours.iter().any(|(ours, _)| ours == *number))
        .map(ToString::to_string)
        .collect();
    let count = counted(ours.len(), "number", "numbers");
    let mut findings = Vec::new();
    if missing.is_empty() {
        findings.push(Finding::fine("numbers", format!("{count} of the businesses ring us")));
    } else {
        findings.push(Finding::failed(
            "numbers",
            format!("{} of {count} do not ring us: {}", missing.len(), told(&missing)),
            "assign them to an application of front.connections (portal: Numbers)",
        ));
    }
    if !strange.is_empty() {
        findings.push(Finding::note(
            "numbers",
            format!("ring us and are no business's: {}", told(&strange)),
            "callers hear that the number does not exist: give them to a business, or away",
        ));
    }
    findings
}

fn told(numbers: &[String]) -> String {
    let more = numbers.len().saturating_sub(NUMBERS_TOLD);
    let mut text = numbers[..numbers.len() - more].join(", ");
    if more != 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn judged(public: &str, url: Option<&'static str>) -> State {
        judged_as(public, Application { webhook_url: url.map(Into::into), ..on() })
    }

    fn on() -> Application<'static> {
        Application { active: Some(true), ..Application::default() }
    }

    fn judged_as(public: &str, application: Application<'_>) -> State {
        let front = FrontConfig { public_url: public.to_owned(), ..EngineConfig::shipped().front };
        judge(&front, "2811", &application).state
    }

    #[test]
    fn an_application_tells_its_calls_to_us_or_it_fails() {
        let (ours, here) = ("https://h.example/webhooks/telnyx", "https://h.example");
        assert_eq!(judged(here, Some(ours)), State::Fine);
        assert_eq!(judged("", Some(ours)), State::Fine);
        let off = Application { active: Some(false), webhook_url: Some(ours.into()), ..on() };
        assert_eq!(judged_as(here, off), State::Failed);
        assert_eq!(judged("https://other.example", Some(ours)), State::Failed);
        assert_eq!(judged("", Some("https://h.example/hooks")), State::Failed);
        assert_eq!(judged(here, Some("")), State::Failed);
        assert_eq!(judged(here, None), State::Failed);
    }

    #[test]
    fn numbers_that_do_not_ring_us_fail_and_those_nobody_has_are_noted() {
        let number = |n: u32| format!("+1212555{n:04}").parse::<E164>().unwrap();
        let shop: BusinessId = "shop".parse().unwrap();
        let ours: Vec<_> = (0..6).map(|n| (number(n), shop)).collect();
        let states = |listed: &[u32]| {
            let listed = listed.iter().map(|n| number(*n)).collect();
            let found = compare(&ours, &listed);
            let states: Vec<State> = found.iter().map(|found| found.state).collect();
            (states, found[0].what.clone())
        };
        assert_eq!(states(&[0, 1, 2, 3, 4, 5]).0, [State::Fine]);
        assert_eq!(states(&[0, 1, 2, 3, 4, 5, 9]).0, [State::Fine, State::Note]);
        let (found, what) = states(&[0]);
        assert_eq!(found, [State::Failed]);
        assert!(what.contains("5 of 6 numbers") && what.ends_with("and 2 more"), "{what}");
    }
}
