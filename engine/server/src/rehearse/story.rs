//! How a leg found its way back, step by step: what a late case is explained by.

use std::fmt;

use caller::carrier::{Entry, Happened, LegReport, StreamNews, Verdict};
use types::Millis;
use wire::telnyx::WallMicros;

use super::seconds;

/// The verb of the order that streams a leg.
const STREAM_VERB: &str = "streaming_start";

/// A moment, in milliseconds from the repair; before it if negative.
type Moment = i64;

/// The steps of a leg's way back; none that never came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Story {
    /// Its socket went.
    lost: Option<Moment>,
    /// Orders to stream that the carrier refused after that.
    refused: usize,
    /// The carrier took one.
    ordered: Option<Moment>,
    /// The socket that came of it was open.
    opened: Option<Moment>,
    /// The engine's first audio came on that socket.
    first_media: Option<Moment>,
    /// How long threads of the engine that could have run had no core, between the repair and the
    /// agent's voice: for each moment the thread that waited longest.
    starved: Millis,
}

impl Story {
    /// The way back of a leg whose fault was repaired at `from`, on a machine without a core for it
    /// for as long as `starved`.
    pub(super) fn of(report: &LegReport, from: WallMicros, starved: Millis) -> Self {
        let Some(after) = since_loss(report, from) else { return Self::default() };
        let moment =
            |entry: &Entry| (entry.at.as_unix_micros() - from.as_unix_micros()).div_euclid(1_000);
        let first = |is_it: &dyn Fn(&Entry) -> bool| after.iter().position(is_it);
        let ordered = first(&|entry| order_of(entry) == Some(Verdict::Done));
        let is_refused = |entry: &&Entry| match order_of(entry) {
            Some(Verdict::Refused(_) | Verdict::Faulted | Verdict::Repeated) => true,
            Some(Verdict::Done) | None => false,
        };
        let stream = |news| first(&|entry| is_stream(entry, news)).map(|at| moment(&after[at]));
        Self {
            lost: Some(moment(&after[0])),
            refused: after[..ordered.unwrap_or(after.len())].iter().filter(is_refused).count(),
            ordered: ordered.map(|at| moment(&after[at])),
            opened: stream(StreamNews::Opened),
            first_media: stream(StreamNews::FirstMedia),
            starved,
        }
    }
}

/// The moment from which a leg must be spoken to again: the repair, or what came before it, its new
/// socket. An engine may be at work before it says that it is up.
pub(super) fn due_from(report: &LegReport, repaired: WallMicros) -> WallMicros {
    let after = since_loss(report, repaired).unwrap_or_default();
    let opened = after.iter().find(|entry| is_stream(entry, StreamNews::Opened));
    opened.map_or(repaired, |entry| entry.at.min(repaired))
}

/// How long after `from` the caller heard what the engine said on a new socket. What the carrier had
/// queued of the old one plays on, and is nothing new.
pub(super) fn heard_after(report: &LegReport, from: WallMicros) -> Option<Millis> {
    let after = since_loss(report, from)?;
    let first = after.iter().find(|entry| is_stream(entry, StreamNews::FirstMedia))?;
    Some(first.at.since(from) + report.heard_after(first.at)?)
}

/// What happened from the loss of the socket on, which the repair mended.
fn since_loss(report: &LegReport, repaired: WallMicros) -> Option<&[Entry]> {
    let entries = &report.entries;
    // A socket whose break is the repair is noted around it.
    let is_it = |entry: &Entry| is_loss(entry) && entry.at <= repaired.after(SLACK);
    Some(&entries[entries.iter().rposition(is_it)?..])
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = |at: Option<Moment>| {
            at.map_or_else(|| "never".to_owned(), |ms| format!("{:+.2} s", ms as f64 / 1_000.0))
        };
        write!(f, "socket lost {}, {} orders refused, ", step(self.lost), self.refused)?;
        write!(f, "taken {}, opened {}, ", step(self.ordered), step(self.opened))?;
        write!(f, "first frame {}; ", step(self.first_media))?;
        write!(f, "without a core {}", seconds(self.starved))
    }
}

fn order_of(entry: &Entry) -> Option<Verdict> {
    match &entry.what {
        Happened::Command { verb, verdict, .. } if verb == STREAM_VERB => Some(*verdict),
        Happened::Command { .. }
        | Happened::Rang
        | Happened::Webhook { .. }
        | Happened::Answered
        | Happened::Stream(_)
        | Happened::Key
        | Happened::Said { .. }
        | Happened::Pressed { .. }
        | Happened::Over { .. } => None,
    }
}

fn is_stream(entry: &Entry, news: StreamNews) -> bool {
    entry.what == Happened::Stream(news)
}

fn is_loss(entry: &Entry) -> bool {
    [StreamNews::DroppedByUs, StreamNews::Lost, StreamNews::ClosedByEngine]
        .iter()
        .any(|news| is_stream(entry, *news))
}

/// How much later than the order to break it a socket may be noted as broken.
const SLACK: Millis = Millis::new(50);

#[cfg(test)]
mod tests {
    use wire::telnyx::reply::ErrorCode;

    use super::*;

    fn report(entries: &[(i64, Happened)]) -> LegReport {
        let at = |ms: i64| WallMicros::from_unix_micros(ms * 1_000);
        LegReport {
            call_control_id: String::new(),
            from: None,
            to: types::Pii::new(String::new()),
            began: at(0),
            answered_at: Some(at(0)),
            ended_at: None,
            cause: None,
            entries: entries
                .iter()
                .map(|(ms, what)| Entry { at: at(*ms), what: what.clone() })
                .collect(),
            entries_lost: 0,
            call: None,
        }
    }

    fn order(verdict: Verdict) -> Happened {
        Happened::Command { verb: STREAM_VERB.to_owned(), command_id: None, verdict }
    }

    #[test]
    fn a_way_back_is_told_from_the_repair() {
        let at = |ms: i64| WallMicros::from_unix_micros(ms * 1_000);
        let report = report(&[
            (10, order(Verdict::Done)),
            (20, Happened::Stream(StreamNews::Opened)),
            (30, Happened::Stream(StreamNews::FirstMedia)),
            (3_000, Happened::Stream(StreamNews::DroppedByUs)),
            (5_100, order(Verdict::Refused(ErrorCode::AlreadyStreaming))),
            (5_350, order(Verdict::Done)),
            (5_360, Happened::Stream(StreamNews::Opened)),
            (5_400, Happened::Stream(StreamNews::FirstMedia)),
        ]);
        assert_eq!(
            Story::of(&report, at(5_000), Millis::new(40)).to_string(),
            "socket lost -2.00 s, 1 orders refused, taken +0.35 s, opened +0.36 s, \
             first frame +0.40 s; without a core 0.04 s"
        );
        assert_eq!(due_from(&report, at(5_000)), at(5_000));
        assert_eq!(due_from(&report, at(5_380)), at(5_360), "it was at work before it said so");
        assert_eq!(due_from(&report, at(2_900)), at(2_900), "lost later: another story");
        assert_eq!(Story::of(&report, at(2_900), Millis::ZERO), Story::default());
    }
}
