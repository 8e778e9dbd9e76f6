//! What goes wrong at the carrier, by seed.

use types::Millis;
use wire::telnyx::command::StreamCodec;
use wire::telnyx::reply::ErrorCode;

use crate::Impairments;

use super::dice::Dice;

/// How often something happens: of a thousand times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerMille(pub u16);

impl PerMille {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Every time.
    pub const ALWAYS: Self = Self(1_000);
}

/// What goes wrong. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Decides all of it: the same seed, the same decisions.
    pub seed: u64,
    /// With webhooks.
    pub webhooks: WebhookFaults,
    /// With commands: the first that fits decides.
    pub rest: Vec<RestFault>,
    /// With media.
    pub media: MediaFaults,
}

/// What goes wrong with webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookFaults {
    /// Held back for up to `lateness_max`.
    pub late: PerMille,
    /// See `late`.
    pub lateness_max: Millis,
    /// Delivered a second time, a little later, with the same id.
    pub doubled: PerMille,
    /// Held back for 200 to 600 ms: what happens next is told first.
    pub reordered: PerMille,
    /// The first attempt gets lost; the retry brings it.
    pub lost_once: PerMille,
    /// Followed by a copy with another id and a key that is not the carrier's.
    pub forged: PerMille,
    /// Followed by a copy with another id, rightly signed, an hour old.
    pub stale: PerMille,
}

/// Something that goes wrong with commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestFault {
    /// With which, by [`wire::telnyx::command::Command::verb`]; with all if absent.
    pub verb: Option<String>,
    /// With which of these.
    pub when: When,
    /// What goes wrong.
    pub outcome: RestOutcome,
}

/// Which of several commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many of a thousand.
    Share(PerMille),
    /// The n-th, from 1.
    Nth(u64),
    /// The first n.
    First(u64),
}

/// What goes wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestOutcome {
    /// Refused with status 422.
    Refused(ErrorCode),
    /// Refused with status 429 and, if given, a time to wait in seconds.
    TooMany {
        /// The header `Retry-After`.
        retry_after: Option<u32>,
    },
    /// Answered with this status, 500 to 599, and nothing done.
    Broken {
        /// The status.
        status: u16,
    },
    /// Never answered, and nothing done.
    Swallowed,
    /// Done, and never answered.
    ReplyLost,
    /// Done, and answered this much later.
    Slow(Millis),
}

/// What goes wrong with media. Each is decided per stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaFaults {
    /// The carrier cannot connect: `streaming.failed`.
    pub unreachable: PerMille,
    /// The socket breaks, without a close.
    pub dropped: Option<SocketDrop>,
    /// Audio is of another codec than was asked for, and announced as such.
    pub codec: Option<Codec>,
    /// `start` never comes.
    pub no_start: PerMille,
    /// No media after `start`.
    pub no_media: PerMille,
    /// Media that stops this long after `start`.
    pub stops: Option<(PerMille, Millis)>,
    /// What goes wrong with packets.
    pub line: Impairments,
}

/// A socket that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketDrop {
    /// How often.
    pub share: PerMille,
    /// How long after it was opened, at least.
    pub from: Millis,
    /// And at most.
    pub to: Millis,
}

/// Another codec than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// How often.
    pub share: PerMille,
    /// Which instead.
    pub codec: StreamCodec,
}

/// What becomes of one webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct WebhookPlan {
    pub(crate) delay: Millis,
    pub(crate) lost_once: bool,
    pub(crate) again_after: Option<Millis>,
    pub(crate) forged: bool,
    pub(crate) stale: bool,
}

impl WebhookFaults {
    pub(crate) fn plan(&self, dice: &mut Dice) -> WebhookPlan {
        let late = dice.happens(self.late);
        let lateness = dice.span(Millis::ZERO, self.lateness_max);
        let reordered = dice.happens(self.reordered);
        let behind = dice.span(Millis::new(200), Millis::new(600));
        let doubled = dice.happens(self.doubled);
        let again = dice.span(Millis::ZERO, Millis::new(800));
        let when = |happens: bool, span| if happens { span } else { Millis::ZERO };
        WebhookPlan {
            delay: when(late, lateness) + when(reordered, behind),
            again_after: doubled.then_some(again),
            lost_once: dice.happens(self.lost_once),
            forged: dice.happens(self.forged),
            stale: dice.happens(self.stale),
        }
    }
}

/// What becomes of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamPlan {
    pub(crate) unreachable: bool,
    pub(crate) drop_after: Option<Millis>,
    pub(crate) codec: Option<StreamCodec>,
    pub(crate) flow: crate::line::Flow,
}

impl MediaFaults {
    pub(crate) fn plan(&self, dice: &mut Dice) -> StreamPlan {
        use crate::line::Flow;
        let unreachable = dice.happens(self.unreachable);
        let dropped = self.dropped.unwrap_or(SocketDrop {
            share: PerMille::NEVER,
            from: Millis::ZERO,
            to: Millis::ZERO,
        });
        let drops = dice.happens(dropped.share);
        let drop_after = dice.span(dropped.from, dropped.to);
        let codec = self.codec.filter(|codec| dice.happens(codec.share)).map(|codec| codec.codec);
        let (no_start, no_media) = (dice.happens(self.no_start), dice.happens(self.no_media));
        let stops = self.stops.filter(|(share, _)| dice.happens(*share));
        let flow = match stops {
            _ if no_start => Flow::NoStart,
            _ if no_media => Flow::NoMedia,
            Some((_, after)) => Flow::Stops(after),
            None => Flow::Whole,
        };
        StreamPlan { unreachable, drop_after: drops.then_some(drop_after), codec, flow }
    }
}

impl RestFault {
    /// Whether this happens to the `n`-th command of this verb, from 1.
    pub(crate) fn happens(&self, verb: &str, n: u64, dice: &mut Dice) -> bool {
        if self.verb.as_deref().is_some_and(|wanted| wanted != verb) {
            return false;
        }
        match self.when {
            When::Share(share) => dice.happens(share),
            When::Nth(nth) => n == nth,
            When::First(first) => n <= first,
        }
    }
}
