//! What leaves for the engine: numbered, by seed impaired, in order of time.

use std::borrow::Cow;
use std::collections::VecDeque;

use types::{CallTime, DtmfDigit, Pii, WallTime};
use wire::telnyx::carrier::{self, MediaHead};
use wire::telnyx::{Connected, Dtmf, Mark, MediaFormat, Parameter, Start, Stop, Track};

use crate::impairment::Random;
use crate::{CallPlan, Counters};

/// A message for the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub text: String,
    /// When it should have left, if it is media: report the rest by [`crate::CarrierLeg::handle_sent`].
    pub due: Option<CallTime>,
}

/// What names the call.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) plan: CallPlan,
    pub(crate) call_control: String,
    pub(crate) stream: String,
    pub(crate) started: WallTime,
}

/// What leaves, now and later.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) identity: Identity,
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
    pub(crate) fn new(plan: CallPlan) -> Self {
        let mut random = Random::new(plan.seed);
        let stream = format!("{:016x}{:016x}", random.next(), random.next());
        let call_control = plan.call_control();
        Self {
            identity: Identity { plan, call_control, stream, started: WallTime::default() },
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

    /// Says `connected` and `start`.
    pub(crate) fn announce(&mut self, started: WallTime) {
        self.identity.started = started;
        let version = Some(Cow::Borrowed("1.0.0"));
        carrier::encode_connected(&Connected { version, token: None }, &mut self.text);
        self.push(None);
        let sequence = Some(self.next_sequence());
        let Identity { plan, call_control, stream, .. } = &self.identity;
        let (to, from) = (plan.to.to_string(), plan.from.map(|number| number.to_string()));
        let start = Start {
            sequence,
            stream_id: Some(Cow::Borrowed(stream)),
            user_id: Some(Cow::Borrowed(USER_ID)),
            call_control_id: Some(Cow::Borrowed(call_control)),
            call_session_id: Some(Cow::Borrowed(stream)),
            from: from.as_deref().map(|from| Pii::new(Cow::Borrowed(from))),
            to: Some(Pii::new(Cow::Borrowed(to.as_str()))),
            tags: Vec::new(),
            client_state: None,
            custom_parameters: plan.parameters.iter().map(parameter).collect(),
            media_format: MediaFormat::of(plan.codec),
        };
        carrier::encode_start(&start, &mut self.text);
        self.push(None);
    }

    /// Sends a packet that is due at `due`, or does to it what the line does.
    pub(crate) fn media(&mut self, due: CallTime, timestamp: u64, payload: &[u8]) {
        self.chunk += 1;
        let sequence = self.next_sequence();
        let head = MediaHead {
            sequence,
            stream_id: &self.identity.stream,
            track: Track::Inbound,
            chunk: self.chunk,
            timestamp,
        };
        carrier::encode_media(&head, payload, &mut self.text);
        let fate = self.identity.plan.impairments.fate(due, &mut self.random);
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
        let occurred = self.identity.started.after(at - CallTime::ZERO);
        let sequence = Some(self.next_sequence());
        let dtmf = Dtmf {
            sequence,
            stream_id: Some(Cow::Borrowed(&self.identity.stream)),
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
            stream_id: Some(Cow::Borrowed(&self.identity.stream)),
            name: Cow::Borrowed(name),
        };
        carrier::encode_mark(&mark, &mut self.text);
        self.push(None);
    }

    pub(crate) fn stop(&mut self) {
        let sequence = Some(self.next_sequence());
        let stop = Stop {
            sequence,
            stream_id: Some(Cow::Borrowed(&self.identity.stream)),
            user_id: Some(Cow::Borrowed(USER_ID)),
            call_control_id: Some(Cow::Borrowed(&self.identity.call_control)),
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

/// `at` as the carrier writes it (telnyx.md §1.5): days from civil after Howard Hinnant's
/// `civil_from_days`.
fn rfc3339(at: WallTime) -> String {
    let ms = at.as_unix_millis();
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, fraction) = (in_day / 1_000 % 60, in_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

/// The account the simulated carrier bills: a fixed, recognizable one.
const USER_ID: &str = "00000000-0000-4000-8000-000000000000";
