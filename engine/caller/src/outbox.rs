//! What leaves for the engine: numbered, by seed impaired, in order of time.

use std::borrow::Cow;
use std::collections::VecDeque;

use types::{CallTime, DtmfDigit, Pii, Secret, WallTime};
use wire::telnyx::carrier::{self, MediaHead};
use wire::telnyx::{
    Connected, Dtmf, Mark, Parameter, Start, Stop, StreamError, StreamFault, Track, WallMicros,
};

use crate::Counters;
use crate::impairment::Random;
use crate::line::LinePlan;

/// A message for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub text: String,
    /// When it should have left, if it is media: report the rest by [`crate::CarrierLeg::handle_sent`].
    pub due: Option<CallTime>,
}

/// What leaves, now and later.
#[derive(Debug)]
pub(crate) struct Outbox {
    plan: LinePlan,
    /// The zero of the leg's timeline.
    started: WallTime,
    /// Only the packets' counters are kept here.
    pub(crate) counters: Counters,
    ready: VecDeque<Outgoing>,
    /// Packets held back on purpose: bounded by `lateness_max` and the packet rate.
    held: Vec<(CallTime, Outgoing)>,
    sequence: u64,
    chunk: u64,
    random: Random,
    text: Vec<u8>,
}

impl Outbox {
    pub(crate) fn new(plan: LinePlan) -> Self {
        let mut random = Random::new(plan.seed);
        // The first two made the stream's name.
        let _ = (random.next(), random.next());
        Self {
            plan,
            started: WallTime::default(),
            counters: Counters::default(),
            ready: VecDeque::new(),
            held: Vec::new(),
            sequence: 0,
            chunk: 0,
            random,
            text: Vec::new(),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Outgoing> {
        self.ready.pop_front()
    }

    /// When the next packet that was held back leaves.
    pub(crate) fn poll_timeout(&self) -> Option<CallTime> {
        self.held.iter().map(|(leaves, _)| *leaves).min()
    }

    /// Forgets what was held back: the call is over.
    pub(crate) fn close(&mut self) {
        self.held.clear();
    }

    /// Says `connected`; `started` is the zero of the leg's timeline.
    pub(crate) fn connected(&mut self, started: WallTime) {
        self.started = started;
        let version = Some(Cow::Borrowed("1.0.0"));
        let token = self.plan.token.as_ref().map(|token| Secret::new(Cow::from(token.expose())));
        carrier::encode_connected(&Connected { version, token }, &mut self.text);
        self.push(None);
    }

    /// Says `start`.
    pub(crate) fn start(&mut self) {
        let sequence = Some(self.next_sequence());
        let plan = &self.plan;
        let text = |text: &'_ str| Some(Pii::new(Cow::Owned(text.to_owned())));
        let start = Start {
            sequence,
            stream_id: Some(Cow::Borrowed(&plan.stream_id)),
            user_id: Some(Cow::Borrowed(USER_ID)),
            call_control_id: Some(Cow::Borrowed(&plan.call_control)),
            call_session_id: Some(Cow::Borrowed(&plan.call_session)),
            from: plan.from.as_deref().and_then(text),
            to: text(&plan.to),
            tags: plan.tags.iter().map(|tag| Cow::Borrowed(tag.as_str())).collect(),
            client_state: plan.client_state.as_deref().and_then(text),
            custom_parameters: plan.parameters.iter().map(parameter).collect(),
            media_format: plan.announced.clone(),
        };
        carrier::encode_start(&start, &mut self.text);
        self.push(None);
    }

    /// Complains about what the engine sent.
    pub(crate) fn complain(&mut self, fault: StreamFault) {
        let (code, title) = match fault {
            StreamFault::Unspecified => (100_002, "unknown_error"),
            StreamFault::MalformedMessage => (100_003, "malformed_frame"),
            StreamFault::InvalidMedia => (100_004, "invalid_media"),
            StreamFault::RateLimit => (100_005, "rate_limit_reached"),
        };
        let error = StreamError {
            stream_id: Some(Cow::Borrowed(&self.plan.stream_id)),
            code: Some(code),
            title: Some(Cow::Borrowed(title)),
            detail: None,
        };
        carrier::encode_error(&error, &mut self.text);
        self.push(None);
    }

    /// Sends a packet that is due at `due`, or does to it what the line does.
    pub(crate) fn media(&mut self, due: CallTime, timestamp: u64, payload: &[u8]) {
        self.chunk += 1;
        let sequence = self.next_sequence();
        let head = MediaHead {
            sequence,
            stream_id: &self.plan.stream_id,
            track: Track::Inbound,
            chunk: self.chunk,
            timestamp,
        };
        carrier::encode_media(&head, payload, &mut self.text);
        let fate = self.plan.impairments.fate(due, &mut self.random);
        self.counters.packets_lost += u64::from(fate.leaves.is_none());
        self.counters.packets_doubled += u64::from(fate.again.is_some());
        for leaves in fate.leaves.into_iter().chain(fate.again) {
            self.counters.packets_sent += 1;
            if leaves <= due {
                self.push(Some(due));
            } else {
                self.counters.packets_delayed += 1;
                let outgoing = Outgoing { text: self.take_text(), due: Some(leaves) };
                self.held.push((leaves, outgoing));
            }
        }
    }

    /// Lets go what was held back until `now`, in order of time.
    pub(crate) fn release(&mut self, now: CallTime) {
        if self.held.iter().all(|(leaves, _)| now < *leaves) {
            return;
        }
        self.held.sort_by_key(|(leaves, _)| *leaves);
        let due = self.held.partition_point(|(leaves, _)| *leaves <= now);
        self.ready.extend(self.held.drain(..due).map(|(_, outgoing)| outgoing));
    }

    pub(crate) fn press(&mut self, digit: DtmfDigit, at: CallTime) {
        let occurred = self.started.after(at - CallTime::ZERO);
        let sequence = Some(self.next_sequence());
        let dtmf = Dtmf {
            sequence,
            stream_id: Some(Cow::Borrowed(&self.plan.stream_id)),
            occurred_at: Some(Cow::Owned(rfc3339(occurred))),
            digit,
        };
        carrier::encode_dtmf(&dtmf, &mut self.text);
        self.push(None);
    }

    /// Returns a mark.
    pub(crate) fn mark(&mut self, name: &str) {
        let sequence = Some(self.next_sequence());
        let mark = Mark {
            sequence,
            stream_id: Some(Cow::Borrowed(&self.plan.stream_id)),
            name: Cow::Borrowed(name),
        };
        carrier::encode_mark(&mark, &mut self.text);
        self.push(None);
    }

    pub(crate) fn stop(&mut self) {
        let sequence = Some(self.next_sequence());
        let stop = Stop {
            sequence,
            stream_id: Some(Cow::Borrowed(&self.plan.stream_id)),
            user_id: Some(Cow::Borrowed(USER_ID)),
            call_control_id: Some(Cow::Borrowed(&self.plan.call_control)),
        };
        carrier::encode_stop(&stop, &mut self.text);
        self.push(None);
    }

    fn push(&mut self, due: Option<CallTime>) {
        let text = self.take_text();
        self.ready.push_back(Outgoing { text, due });
    }

    fn take_text(&self) -> String {
        String::from_utf8(self.text.clone()).expect("messages are encoded as UTF-8")
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

fn parameter((name, value): &(String, String)) -> Parameter<'_> {
    Parameter { name: Cow::Borrowed(name), value: Pii::new(Cow::Borrowed(value)) }
}

/// `at` as the carrier writes it.
fn rfc3339(at: WallTime) -> String {
    WallMicros::from_unix_micros(at.as_unix_millis().saturating_mul(1_000)).to_string()
}

/// The account the simulated carrier bills: a fixed, recognizable one.
const USER_ID: &str = "00000000-0000-4000-8000-000000000000";
