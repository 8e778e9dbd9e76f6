//! How a leg found its way back, step by step: what a late case is explained by.

use std::fmt;

use caller::carrier::{Entry, Happened, LegReport, StreamNews, Verdict};
use types::Millis;
use wire::telnyx::WallMicros;

use super::seconds;

/// The verb of the order that streams a leg.
const STREAM_VERB: &str = "streaming_start";

/// The steps of a leg's way back, each counted from the repair; none if it never came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Story {
    /// How long before the repair its socket went.
    lost_before: Option<Millis>,
    /// Orders to stream that the carrier refused after that.
    refused: usize,
    /// The order that the carrier took.
    ordered: Option<Millis>,
    /// The socket that came of it.
    opened: Option<Millis>,
    /// The engine's first audio on that socket.
    first_media: Option<Millis>,
    /// How long threads of the engine that could have run had no core, between the repair and the
    /// agent's voice: for each moment the thread that waited longest.
    starved: Millis,
}

impl Story {
    /// The way back of a leg whose fault was repaired at `from`, on a machine without a core for it
    /// for as long as `starved`.
    pub(super) fn of(report: &LegReport, from: WallMicros, starved: Millis) -> Self {
        let entries = &report.entries;
        // A socket that breaks and is the repair at once is noted around it.
        let went =
            entries.iter().rposition(|entry| is_loss(entry) && entry.at <= from.after(SLACK));
        let Some(went) = went else { return Self::default() };
        let after = &entries[went..];
        let first = |is_it: &dyn Fn(&Entry) -> bool| {
            after.iter().position(is_it).map(|at| (at, after[at].at.since(from)))
        };
        let ordered = first(&|entry| order_of(entry) == Some(Verdict::Done));
        let before = ordered.map_or(after.len(), |(at, _)| at);
        let is_refused = |entry: &&Entry| match order_of(entry) {
            Some(Verdict::Refused(_) | Verdict::Faulted | Verdict::Repeated) => true,
            Some(Verdict::Done) | None => false,
        };
        Self {
            lost_before: Some(from.since(entries[went].at)),
            refused: after[..before].iter().filter(is_refused).count(),
            ordered: ordered.map(|(_, at)| at),
            opened: first(&|entry| is_stream(entry, StreamNews::Opened)).map(|(_, at)| at),
            first_media: first(&|entry| is_stream(entry, StreamNews::FirstMedia)).map(|(_, at)| at),
            starved,
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = |at: Option<Millis>| at.map_or_else(|| "never".to_owned(), seconds);
        let lost = self.lost_before.map_or_else(|| "?".to_owned(), seconds);
        write!(f, "socket lost {lost} before, {} orders refused, ", self.refused)?;
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
        let story = Story::of(
            &report(&[
                (10, order(Verdict::Done)),
                (20, Happened::Stream(StreamNews::Opened)),
                (30, Happened::Stream(StreamNews::FirstMedia)),
                (3_000, Happened::Stream(StreamNews::DroppedByUs)),
                (5_100, order(Verdict::Refused(ErrorCode::AlreadyStreaming))),
                (5_350, order(Verdict::Done)),
                (5_360, Happened::Stream(StreamNews::Opened)),
                (5_400, Happened::Stream(StreamNews::FirstMedia)),
            ]),
            WallMicros::from_unix_micros(5_000_000),
            Millis::new(40),
        );
        assert_eq!(
            story.to_string(),
            "socket lost 2.00 s before, 1 orders refused, taken 0.35 s, opened 0.36 s, \
             first frame 0.40 s; without a core 0.04 s"
        );
        let never = Story::of(
            &report(&[(10, order(Verdict::Done))]),
            WallMicros::from_unix_micros(0),
            Millis::ZERO,
        );
        assert_eq!(never, Story::default());
    }
}
