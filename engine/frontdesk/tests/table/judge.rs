//! How good a reply to a row is: the rules of `apex score`, without the words.

use frontdesk::{Intent, Reply};
use types::Effect;

use crate::row::Row;
use crate::support::{cites, outcome, spoken};

/// How good a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What was wanted, and nothing else.
    Right,
    /// Nothing is told, and a question is asked back.
    AskedAgain,
    /// Nothing false, and not what was wanted.
    Missed,
    /// Something is told or done that was not asked for.
    Wrong,
}

/// A reply and how good it is.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// How good.
    pub(crate) verdict: Verdict,
    /// What the caller was taken to want.
    pub(crate) intent: String,
    /// What became of it.
    pub(crate) outcome: &'static str,
    /// What was said, for those who may see it.
    pub(crate) spoken: String,
    /// What was cited.
    pub(crate) cites: Vec<String>,
}

/// Judges `reply` to `row`.
pub(crate) fn judge(row: &Row, reply: &Reply) -> Judged {
    let cited = cites(reply);
    let became = outcome(reply);
    let intent = intent_name(reply.intent);
    let allowed = cited.iter().all(|cite| is_allowed(row, cite));
    let acted = reply.effects.iter().any(|effect| match effect {
        Effect::EndCall => !wants(row, "goodbye"),
        Effect::Transfer { .. } => !wants(row, "transfer") && !wants(row, "emergency"),
        Effect::TakeMessage(_) => !wants(row, "message") && !wants(row, "goodbye"),
        Effect::PressKeys { .. } => true,
    });
    let told = row.facts.iter().all(|fact| cited.iter().any(|cite| fits(fact, cite)));
    let outcome_fits = wants(row, became)
        || ["unknown", "message"].contains(&became)
            && offers_message(reply)
            && (wants(row, "unknown") || wants(row, "message"));
    let bare = became == "answer" && cited.is_empty();
    let intent_fits = !bare || row.intents.contains(&intent);
    let verdict = if !allowed || acted {
        Verdict::Wrong
    } else if outcome_fits && told && intent_fits {
        Verdict::Right
    } else if became == "asks again" {
        Verdict::AskedAgain
    } else {
        Verdict::Missed
    };
    Judged { verdict, intent, outcome: became, spoken: spoken(reply), cites: cited }
}

fn wants(row: &Row, outcome: &str) -> bool {
    row.outcomes.iter().any(|wanted| wanted == outcome)
}

fn offers_message(reply: &Reply) -> bool {
    reply.intent == Intent::Message || spoken(reply).to_lowercase().contains("message")
}

fn fits(pattern: &str, cite: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => cite.starts_with(start),
        None => pattern == cite,
    }
}

fn is_allowed(row: &Row, cite: &str) -> bool {
    let named = row.facts.iter().chain(&row.also).any(|fact| {
        let service = fact.strip_prefix("service.").and_then(|rest| rest.split('.').next());
        fits(fact, cite)
            || service.is_some_and(|id| {
                cite.strip_prefix("service.").and_then(|rest| rest.split('.').next()) == Some(id)
            })
    });
    let any = |outcomes: &[&str]| outcomes.iter().any(|outcome| wants(row, outcome));
    named
        || cite == "name"
        || cite == "phone" && any(&["unknown", "message", "goodbye"])
        || cite == "escalation.transfer" && any(&["transfer"])
        || cite == "escalation.emergency" && any(&["emergency"])
        || cite.starts_with("hours.") && any(&["message", "transfer", "goodbye"])
}

/// The intent in the words of the table.
fn intent_name(intent: Intent) -> String {
    let mut name = String::new();
    for letter in format!("{intent:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
