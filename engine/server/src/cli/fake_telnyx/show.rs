//! What the fake carrier shows: its settings, a line per event, a table at the end.

use caller::carrier::{FakeCarrier, Happened, LegReport, News, StreamNews, Verdict, WebhookFate};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use types::Millis;
use wire::telnyx::WallMicros;

/// What an engine needs to know to work with this carrier.
pub(super) fn settings(carrier: &FakeCarrier) {
    println!("a carrier on this machine; the engine's settings for it:");
    println!();
    println!("  [front]");
    println!("  listen = \"127.0.0.1:8702\"");
    println!("  media_url = \"ws://127.0.0.1:8700\"");
    println!("  api_url = \"{}\"", carrier.api_base());
    println!("  connections = [\"{}\"]", carrier.connection_id());
    println!("  public_keys = [\"{}\"]", carrier.public_key().to_base64());
    println!("  # and in the environment: APEX_TELNYX_API_KEY, the same for both");
    println!();
}

/// Prints a line per event until the carrier is gone.
pub(super) async fn watch(mut news: Receiver<News>) {
    let mut zero = None;
    loop {
        match news.recv().await {
            Ok(news) => {
                let zero = *zero.get_or_insert(news.at);
                if let Some(words) = words(&news.what) {
                    let at = seconds(zero, news.at);
                    println!("{at:>9}  #{:<4} {:<16} {words}", news.leg, news.to.reveal());
                }
            }
            Err(RecvError::Lagged(missed)) => println!("  … {missed} events not shown"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn seconds(from: WallMicros, at: WallMicros) -> String {
    let ms = at.since(from).get();
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// What happened, in words; nothing for what is as it should be and seen elsewhere.
fn words(what: &Happened) -> Option<String> {
    Some(match what {
        Happened::Rang => "rings".to_owned(),
        Happened::Answered => "answered".to_owned(),
        Happened::Key => "a key is pressed".to_owned(),
        Happened::Said { text } => format!("the carrier's voice says: {text}"),
        Happened::Pressed { digits } => format!("the caller hears {} keys", digits.len()),
        Happened::Over { cause, by } => format!("over: {cause}, by {by}"),
        Happened::Stream(news) => stream(*news).to_owned(),
        Happened::Command { verb, verdict, .. } => match verdict {
            Verdict::Done => format!("<- {verb}"),
            Verdict::Repeated => format!("<- {verb}, repeated and ignored"),
            Verdict::Refused(code) => format!("<- {verb}, refused with {code}"),
            Verdict::Faulted => format!("<- {verb}, spoiled on purpose"),
        },
        Happened::Webhook { event, attempt, fate, .. } => webhook(event, *attempt, *fate),
    })
}

fn stream(news: StreamNews) -> &'static str {
    match news {
        StreamNews::Opened => "media socket open",
        StreamNews::FirstMedia => "the engine speaks on it",
        StreamNews::Unreachable => "media socket cannot be opened",
        StreamNews::ClosedByEngine => "media socket closed by the engine",
        StreamNews::Lost => "media socket broke",
        StreamNews::DroppedByUs => "media socket broken on purpose",
        StreamNews::Stopped => "media stopped",
    }
}

fn webhook(event: &str, attempt: u64, fate: WebhookFate) -> String {
    let again = if attempt == 1 { String::new() } else { format!(", attempt {attempt}") };
    match fate {
        WebhookFate::Answered { status, after } => {
            format!("-> {event}{again}: {status} after {after}")
        }
        WebhookFate::Failed => format!("-> {event}{again}: no answer"),
        WebhookFate::Lost => format!("-> {event}{again}: lost on purpose"),
        WebhookFate::Bait { status: Some(status) } if (200..=299).contains(&status) => {
            format!("-> {event}, false: TAKEN FOR TRUE with {status}")
        }
        WebhookFate::Bait { status } => {
            let status = status.map_or("no answer".to_owned(), |status| status.to_string());
            format!("-> {event}, false: refused with {status}")
        }
    }
}

/// A leg in figures.
struct Row<'r> {
    report: &'r LegReport,
    ring: Option<Millis>,
    greeting: Option<Millis>,
    answered: usize,
    asked: usize,
    webhooks: usize,
    failed: usize,
}

impl<'r> Row<'r> {
    fn of(report: &'r LegReport) -> Self {
        let fates = report.entries.iter().filter_map(|entry| match &entry.what {
            Happened::Webhook { fate, .. } => Some(*fate),
            Happened::Rang
            | Happened::Command { .. }
            | Happened::Answered
            | Happened::Stream(_)
            | Happened::Key
            | Happened::Said { .. }
            | Happened::Pressed { .. }
            | Happened::Over { .. } => None,
        });
        let fates: Vec<WebhookFate> = fates.collect();
        let is_failed = |fate: &&WebhookFate| match fate {
            WebhookFate::Answered { status, .. } => !(200..=299).contains(status),
            WebhookFate::Failed => true,
            WebhookFate::Lost | WebhookFate::Bait { .. } => false,
        };
        let turns = report.call.as_ref().map_or(&[][..], |call| &call.turns);
        Self {
            report,
            ring: report.answered_at.map(|at| at.since(report.began)),
            greeting: report.answered_at.and_then(|at| report.heard_after(at)),
            answered: turns.iter().filter(|turn| turn.response.is_some()).count(),
            asked: turns.len(),
            webhooks: fates.len(),
            failed: fates.iter().filter(is_failed).count(),
        }
    }

    /// Answered, spoken to, no question left open, nothing false believed, ended.
    fn is_well(&self) -> bool {
        self.greeting.is_some()
            && self.answered == self.asked
            && self.report.baits_taken() == 0
            && self.report.ended_at.is_some()
    }
}

/// Prints the table; whether all went well.
pub(super) fn table(reports: &[LegReport]) -> bool {
    println!();
    println!(
        "{:<16} {:>9} {:>9} {:>7} {:>14} {:>6}  ended",
        "to", "answered", "greeting", "turns", "webhooks", "false"
    );
    let span = |span: Option<Millis>| span.map_or("never".to_owned(), |span| span.to_string());
    let rows: Vec<Row<'_>> = reports.iter().map(Row::of).collect();
    for row in &rows {
        println!(
            "{:<16} {:>9} {:>9} {:>7} {:>14} {:>6}  {}{}",
            row.report.to.reveal(),
            span(row.ring),
            span(row.greeting),
            format!("{}/{}", row.answered, row.asked),
            format!("{} ({} failed)", row.webhooks, row.failed),
            row.report.baits_taken(),
            row.report.cause.map_or("not", |cause| cause.name()),
            if row.is_well() { "" } else { "  <-- look at this one" },
        );
    }
    let well = rows.iter().filter(|row| row.is_well()).count();
    println!();
    println!("{well} of {} well", super::super::counted(rows.len(), "call", "calls"));
    well == rows.len()
}

/// Prints a line of JSON per leg; whether all went well.
pub(super) fn json(reports: &[LegReport]) -> bool {
    let mut all_well = true;
    for report in reports {
        let row = Row::of(report);
        all_well &= row.is_well();
        let line = serde_json::json!({
            "call_control_id": report.call_control_id,
            "to": report.to.reveal(),
            "answered_ms": row.ring.map(Millis::get),
            "greeting_ms": row.greeting.map(Millis::get),
            "turns": row.asked,
            "turns_answered": row.answered,
            "webhooks": row.webhooks,
            "webhooks_failed": row.failed,
            "false_taken": report.baits_taken(),
            "ended": report.cause.map(|cause| cause.name()),
            "well": row.is_well(),
        });
        println!("{line}");
    }
    all_well
}
