//! A story in words.

use std::fmt::Write;

use call::{BargeInSeen, Decision, EndpointSeen, Remark};
use types::{Millis, Stages, TurnId, WallTime};

use super::phrases::{self, span};
use super::{Moment, Reply, Story, Turn, TurnEnd, What};
use crate::paper::{Ink, Paper, columns, printable};

/// Where the text of a moment begins: behind its time and who it is about.
const TEXT_COLUMN: usize = 20;

/// `story` in words, for a page as wide as `paper`.
pub(crate) fn tell(story: &Story, paper: Paper) -> String {
    let mut page = Page { out: String::new(), paper };
    page.heading(story);
    for turn in story.turns.iter().filter(|turn| !turn.moments.is_empty()) {
        page.turn(turn);
    }
    page.out
}

struct Page {
    out: String,
    paper: Paper,
}

/// Who a line is about, and in which color it is told.
#[derive(Clone, Copy)]
struct Who {
    name: &'static str,
    color: &'static str,
}

impl Page {
    fn heading(&mut self, story: &Story) {
        let Ink { bold, dim, off, .. } = *self.paper.ink;
        let title = format!("{} · {} · {}", story.business, story.agent, story.version);
        let call = story.call.to_string();
        if columns(&title) + 2 + columns(&call) <= self.paper.width {
            self.line(&format!("{bold}{title}{off}  {dim}{call}{off}"));
        } else {
            self.line(&format!("{bold}{title}{off}"));
            self.line(&format!("{dim}{call}{off}"));
        }
        let mut facts = vec![began(story.began)];
        if let Some(leg) = &story.leg {
            let from =
                leg.from.as_ref().map_or("withheld".into(), |from| from.reveal().to_string());
            facts.push(format!("{from} → {}", leg.to));
            if !leg.format.is_empty() {
                facts.push(leg.format.clone());
            }
        }
        facts.push(span(story.until.since(types::CallTime::ZERO)));
        self.plain(&facts.join(" · "));
        let mut facts = vec![crate::cli::counted(story.turns.len(), "turn", "turns")];
        let mut responses = story.responses();
        responses.sort_unstable();
        if let (Some(median), Some(slowest)) =
            (responses.get(responses.len() / 2), responses.last())
        {
            facts.push(format!("response time: median {median}, slowest {slowest}"));
        }
        let stopped = |moment: &&Moment| {
            matches!(moment.what, What::Decided { decision: Decision::BargeInConfirmed { .. }, .. })
        };
        let barge_ins = story.moments().filter(stopped).count();
        if 0 < barge_ins {
            facts.push(crate::cli::counted(barge_ins, "barge-in", "barge-ins"));
        }
        facts.push(match story.ended {
            Some(ending) => format!("ended: {}", phrases::ended(ending.reason)),
            None => "the log ends before the call does".to_owned(),
        });
        self.plain(&facts.join(" · "));
    }

    fn turn(&mut self, turn: &Turn) {
        let Ink { bold, dim, good, off, .. } = *self.paper.ink;
        self.out.push('\n');
        let name = match (turn.turn, turn.caller.reveal().is_empty(), turn.keys.reveal().is_empty())
        {
            (TurnId::FIRST, ..) => "Greeting".to_owned(),
            (turn, false, _) => format!("Turn {}", turn.get()),
            (turn, true, false) => format!("Turn {} (keys)", turn.get()),
            (turn, true, true) => format!("Turn {} (the agent speaks up)", turn.get()),
        };
        let answered = turn.response.map_or(String::new(), |response| {
            format!("  {good}heard {response} after the caller's last sound{off}")
        });
        let at = clock(turn.began);
        let head = format!("{dim}──{off} {bold}{name}{off} {dim}from {at}{off}");
        if columns(&head) + columns(&answered) <= self.paper.width {
            self.line(&format!("{head}{answered}"));
        } else {
            self.line(&head);
            self.line(&format!(" {answered}"));
        }
        for moment in &turn.moments {
            self.moment(moment);
        }
        for reply in &turn.replies {
            self.cites(reply);
        }
        if let Some(response) = turn.response {
            let stages = stages(&turn.stages);
            if !stages.is_empty() {
                self.row("", self.who("waited"), &format!("{response} = {stages}"));
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are told in a line each")]
    fn moment(&mut self, moment: &Moment) {
        let at = clock(moment.at);
        match &moment.what {
            What::Heard { text, unheard, audio, .. } => {
                self.heard(&at, (text.reveal(), unheard.reveal()), *audio);
            }
            What::Says { text, protected, .. } => {
                let note = if *protected { " (may not be talked over)" } else { "" };
                self.row(&at, self.who("says"), &format!("“{}”{note}", text.reveal()));
            }
            What::Decided { decision, turn_end } => {
                let text = decided(decision, *turn_end);
                let name =
                    if matches!(decision, Decision::Failed { .. }) { "fails" } else { "decides" };
                self.row(&at, self.who(name), &text);
            }
            what => {
                let (name, text) = happened(what);
                self.row(&at, self.who(name), &text);
            }
        }
    }

    fn heard(&mut self, at: &str, (text, unheard): (&str, &str), audio: Millis) {
        let audio = span(audio);
        if text.is_empty() {
            self.row(at, self.who("heard"), "nothing of the reply");
        } else if unheard.is_empty() {
            self.row(at, self.who("heard"), &format!("all of it, {audio} of audio"));
        } else {
            self.row(at, self.who("heard"), &format!("“{text}”, {audio} of audio"));
        }
        if !unheard.is_empty() {
            self.row("", self.who("unheard"), &format!("“{unheard}”"));
        }
    }

    fn cites(&mut self, reply: &Reply) {
        if !reply.cites.is_empty() {
            let facts: Vec<String> = reply.cites.iter().map(ToString::to_string).collect();
            self.row("", self.who("facts"), &facts.join(", "));
        }
    }

    /// The color of a line by what it is about.
    fn who(&self, name: &'static str) -> Who {
        let ink = self.paper.ink;
        let color = match name {
            "caller" | "understood" => ink.caller,
            "says" | "heard" => ink.agent,
            "decides" => ink.event,
            "fails" | "line" | "gap" => ink.bad,
            "waited" => ink.good,
            "unheard" => ink.strike,
            _ => ink.dim,
        };
        Who { name, color }
    }

    /// One line of the story; its text hangs behind the names.
    fn row(&mut self, at: &str, who: Who, text: &str) {
        let Ink { dim, off, .. } = *self.paper.ink;
        let room = self.paper.width.saturating_sub(TEXT_COLUMN).max(20);
        let lines = Paper::wrap(&printable(text), room);
        for (number, line) in lines.iter().enumerate() {
            if number == 0 {
                let Who { name, color } = who;
                write!(self.out, "{dim}{at:>8}{off} {color}{name:<10}{off} ").expect("a String");
            } else {
                write!(self.out, "{:TEXT_COLUMN$}", "").expect("a String");
            }
            // Long texts keep their color line by line: a pager may begin anywhere.
            let Who { name, color } = who;
            let colored = matches!(name, "understood" | "says" | "waited" | "unheard" | "partial");
            let (on, off) = if colored { (color, off) } else { ("", "") };
            self.line(&format!("{on}{line}{off}"));
        }
    }

    fn plain(&mut self, text: &str) {
        for line in Paper::wrap(&printable(text), self.paper.width) {
            self.line(&line);
        }
    }

    fn line(&mut self, text: &str) {
        debug_assert!(!text.contains('\n'));
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }
}

/// Who a moment is about and what happened, where that takes no more than a line.
fn happened(what: &What) -> (&'static str, String) {
    match what {
        What::Spoke { speech } => ("caller", format!("speaks for {}", span(*speech))),
        What::Words { text, certainty } => {
            let settled = match certainty {
                call::Certainty::Stable => " (settled: the caller pauses)",
                call::Certainty::Partial | call::Certainty::None => "",
            };
            ("partial", format!("{}{settled}", text.reveal()))
        }
        What::WentOn { silence } => ("caller", format!("goes on after {silence} of silence")),
        What::Understood { text, .. } if text.reveal().is_empty() => {
            ("understood", "no words".to_owned())
        }
        What::Understood { text, others, .. } => {
            let others: String =
                others.iter().map(|other| format!(" or “{}”", other.reveal())).collect();
            ("understood", format!("“{}”{others}", text.reveal()))
        }
        What::Chose { reading, because } => ("brain", phrases::chosen(*reading, *because)),
        What::Key { digit } => ("caller", format!("presses {digit}")),
        What::Thinks { generation } if generation.attempt == 0 => {
            ("brain", "is asked for a reply".to_owned())
        }
        What::Thinks { generation } => {
            ("brain", format!("is asked again (attempt {})", generation.attempt + 1))
        }
        What::Thought { took } => ("brain", format!("has the first words{}", after(*took))),
        What::Voiced { took } => ("voice", format!("has the first sound{}", after(*took))),
        What::HeardFrom { response, .. } => {
            let after = response.map_or(String::new(), |response| format!(" ({response})"));
            ("ear", format!("the caller begins to hear it{after}"))
        }
        What::Held { .. } => ("agent", "falls silent, reversibly".to_owned()),
        What::Released { .. } => ("agent", "goes on where it was".to_owned()),
        What::Cleared { .. } => ("agent", "stops: queued audio is dropped".to_owned()),
        What::TimedOut { timer } => ("engine", phrases::deadline(*timer).to_owned()),
        What::Noticed { remark } => noticed(remark),
        What::Ordered { order } => ("agent", phrases::order(order)),
        What::Refused { reason } => ("line", reason.to_string()),
        What::MessageKept => ("agent", "keeps the message for the business".to_owned()),
        What::EndAsked => ("engine", "is told by the house to end the call".to_owned()),
        What::LegGone { how } => ("line", phrases::leg_end(*how).to_owned()),
        What::Ended { reason } => ("end", phrases::ended(*reason).to_owned()),
        What::Heard { .. } | What::Says { .. } | What::Decided { .. } => ("", String::new()),
    }
}

fn noticed(remark: &Remark) -> (&'static str, String) {
    match remark {
        Remark::Leg { to, format, .. } => ("line", format!("{to}, {format}")),
        Remark::Starved { .. } => {
            ("gap", "the voice was slower than the caller's ear: a gap in the reply".to_owned())
        }
        Remark::Restarted => {
            ("line", "the carrier streams anew: what it had queued is lost".to_owned())
        }
        Remark::Media { received, reordered, duplicates, late, filled, undecodable } => {
            let faults = [
                (*reordered, "out of order"),
                (*duplicates, "twice"),
                (*late, "too late"),
                (*filled, "missing and filled in"),
                (*undecodable, "undecodable"),
            ];
            let faults: Vec<String> = faults
                .iter()
                .filter(|(count, _)| 0 < *count)
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            let faults =
                if faults.is_empty() { "none amiss".to_owned() } else { faults.join(", ") };
            ("audio", format!("{received} messages from the carrier, {faults}"))
        }
    }
}

/// A decision and its inputs.
pub(super) fn decided(decision: &Decision, turn_end: Option<TurnEnd>) -> String {
    match decision {
        Decision::EndpointDelay { .. } => endpoint_delay(decision),
        Decision::Endpointed { .. } => turn_over(turn_end),
        Decision::SpeechTooLong { .. } => "to end the turn: the caller never pauses".to_owned(),
        Decision::FinalMissing { .. } => {
            "to go on with the words there are: the last ones did not come in time".to_owned()
        }
        Decision::Merged { .. } => {
            "that this belongs to what was said before: both are one turn".to_owned()
        }
        Decision::BargeInHeld { .. }
        | Decision::BargeInProtected { .. }
        | Decision::BargeInIgnored { .. }
        | Decision::BargeInPostponed { .. }
        | Decision::BargeInConfirmed { .. }
        | Decision::BargeInRejected { .. } => barge_in(decision),
        Decision::HeardText { .. } => String::new(),
        Decision::Withdrawn { .. } => {
            "to take the reply back: the caller went on before hearing any of it".to_owned()
        }
        Decision::PlayoutAssumed { .. } => {
            "to take the reply as heard: its time has passed, the carrier did not say so".to_owned()
        }
        Decision::EmptyTurn { then } => {
            format!("speech without words: {}", phrases::emptied(*then))
        }
        Decision::NoInput { count, seen } => {
            let seen = seen.map_or(String::new(), |seen| {
                let prompts = crate::cli::counted(seen.prompts_max as usize, "prompt", "prompts");
                format!(" ({} of silence; {prompts} before goodbye)", span(seen.silence))
            });
            format!("to speak up: the caller says nothing, time {count} in a row{seen}")
        }
        Decision::LateAnswer { to } => format!("to ignore {}: too late", phrases::late(*to)),
        Decision::Failed { what, count } => {
            format!("{}, time {count} in a row", phrases::failure(*what))
        }
        Decision::Detached { how } => {
            format!("to wait for the line: {}", phrases::leg_end(*how))
        }
        Decision::Restored { gap } => {
            format!("the call was rebuilt from its log after {}", span(*gap))
        }
        Decision::Reattached { gap } => {
            format!("to go on: the line is back after {}", span(*gap))
        }
        Decision::TakenUp { apologizes: true } => {
            "to take up what was interrupted, with an apology".to_owned()
        }
        Decision::TakenUp { apologizes: false } => "to take up what was interrupted".to_owned(),
        Decision::Closing { reason } => format!("to end the call: {}", phrases::ended(*reason)),
        Decision::HangUpCancelled { .. } => {
            "not to hang up after all: the caller spoke into the goodbye".to_owned()
        }
    }
}

/// An endpoint delay and what it was chosen from.
fn endpoint_delay(decision: &Decision) -> String {
    let Decision::EndpointDelay { delay, rule, finished, certainty, expect, seen, .. } = decision
    else {
        return String::new();
    };
    let percent = finished.get() / 10;
    let mut text = format!(
        "to wait for {delay} of silence: {} ({percent} % finished); {}; {}",
        phrases::rule(*rule),
        phrases::certainty(*certainty),
        phrases::expect(*expect)
    );
    if let Some(EndpointSeen { words, speech, silence, delay_min, delay_max }) = seen {
        let words = crate::cli::counted(*words as usize, "word", "words");
        let speech = span(*speech);
        let least = delay_min.get();
        write!(
            text,
            "; {words} in {speech}, silent for {silence}; {least} to {delay_max} to choose from"
        )
        .expect("a String takes it");
    }
    text
}

/// What was decided about a barge-in.
#[expect(clippy::wildcard_enum_match_arm, reason = "only barge-ins come here")]
fn barge_in(decision: &Decision) -> String {
    let evidence = |seen: &Option<BargeInSeen>| {
        seen.as_ref().map_or(String::new(), |seen| format!(" ({})", phrases::evidence(seen)))
    };
    match decision {
        Decision::BargeInHeld { seen: Some(seen), .. } => {
            format!("the caller may be barging in: {}", phrases::manner(seen.manner))
        }
        Decision::BargeInHeld { seen: None, .. } => "the caller may be barging in".to_owned(),
        Decision::BargeInProtected { .. } => {
            "to speak on: these words may not be talked over".to_owned()
        }
        Decision::BargeInIgnored { seen, .. } => {
            format!("to speak on: it hears its own voice ({})", phrases::evidence(seen))
        }
        Decision::BargeInPostponed { until, .. } => {
            format!("not to stop again before {}, if the caller still speaks then", clock(*until))
        }
        Decision::BargeInConfirmed { why, seen, .. } => {
            format!("the caller barges in: {}{}", phrases::confirmed(*why), evidence(seen))
        }
        Decision::BargeInRejected { why, seen, .. } => {
            format!("no barge-in: {}{}", phrases::rejected(*why), evidence(seen))
        }
        _ => String::new(),
    }
}

fn turn_over(end: Option<TurnEnd>) -> String {
    let Some(TurnEnd { silence, chosen, rule }) = end else {
        return "the caller's turn is over".to_owned();
    };
    let mut text = format!("the caller's turn is over: {silence} of silence");
    if let Some(chosen) = chosen {
        write!(text, ", {chosen} were needed").expect("a String takes it");
    }
    if let Some(rule) = rule {
        write!(text, ": {}", phrases::rule(rule)).expect("a String takes it");
    }
    text
}

fn after(took: Option<Millis>) -> String {
    took.map_or(String::new(), |took| format!(" after {took}"))
}

/// Where the response time went: `endpoint delay 352 + recognizer 0 + …`.
fn stages(stages: &Stages) -> String {
    let points = [
        ("", stages.speech_ended),
        ("endpoint delay", stages.endpointed),
        ("recognizer", stages.transcribed),
        ("brain", stages.thought),
        ("voice", stages.voiced),
        ("to the ear", stages.heard),
    ];
    let Some(mut before) = stages.speech_ended else { return String::new() };
    let mut parts = Vec::new();
    for (name, at) in points.into_iter().skip(1) {
        let Some(at) = at else { continue };
        parts.push(format!("{name} {}", at.since(before).get()));
        before = at.max(before);
    }
    parts.join(" + ")
}

/// A moment of the call: `1:04.25`.
pub(crate) fn clock(at: types::CallTime) -> String {
    let ms = at.as_millis();
    format!("{}:{:02}.{:02}", ms / 60_000, ms / 1_000 % 60, ms % 1_000 / 10)
}

fn began(at: WallTime) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.as_unix_millis());
    stamp.map_or_else(
        |_| "at an unknown time".to_owned(),
        |stamp| stamp.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

const _: () = assert!(8 + 1 + 10 + 1 == TEXT_COLUMN);
