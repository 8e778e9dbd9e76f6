//! Whole calls against a scripted engine, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::sync::Arc;

use caller::{
    CallPlan, CallReport, CarrierLeg, ClosedBy, Ending, Gate, Impairments, Observation, Question,
    Script, Step, Verdict, Wait,
};
use codecs::g711;
use proptest::prelude::*;
use types::{CallTime, DtmfDigit, Millis, WallTime};
use wire::telnyx::{Media, Message, decode, encode_clear, encode_mark, encode_media};

const LOUD: i16 = 8_000;

/// `lead` ms of silence, `speech` ms of speech, `tail` ms of silence, at 8 kHz.
fn recording(lead: usize, speech: usize, tail: usize) -> Arc<[i16]> {
    let voice = (0..speech * 8).map(|n| if n % 16 < 8 { LOUD } else { -LOUD });
    let silence = |ms: usize| std::iter::repeat_n(0, ms * 8);
    silence(lead).chain(voice).chain(silence(tail)).collect()
}

fn question(label: &str) -> Question {
    Question { label: label.into(), audio: recording(100, 1_000, 300) }
}

fn plan(script: Script) -> CallPlan {
    let to = "+15550100".parse().unwrap();
    let mut plan = CallPlan::new("ws://localhost/media/telnyx", to, script);
    plan.seed = 7;
    plan
}

/// What the engine does at a moment, in ms of the call.
enum Turn {
    Media(usize),
    Mark(&'static str),
    Clear,
    Text(&'static str),
    HangUp,
}

/// An engine that does what its list says, the caller's leg, and what passed between them.
struct Scene {
    leg: CarrierLeg,
    sent: Vec<String>,
    observations: Vec<Observation>,
}

impl Scene {
    fn new(plan: CallPlan) -> Self {
        let mut leg = CarrierLeg::new(plan).unwrap();
        leg.handle_opened(WallTime::from_unix_millis(1_795_345_200_123));
        let mut scene = Self { leg, sent: Vec::new(), observations: Vec::new() };
        scene.drain(CallTime::ZERO);
        scene
    }

    fn drain(&mut self, now: CallTime) {
        while let Some(outgoing) = self.leg.poll_message() {
            if let Some(due) = outgoing.due {
                self.leg.handle_sent(now, due);
            }
            self.sent.push(outgoing.text);
        }
        while let Some(observation) = self.leg.poll_observation() {
            self.observations.push(observation);
        }
    }

    /// Lets time pass until `until`, waking exactly when asked to.
    fn pass(&mut self, until: CallTime) {
        while let Some(due) = self.leg.poll_timeout().filter(|&due| due <= until) {
            self.leg.handle_timeout(due);
            self.drain(due);
        }
    }

    fn play(mut self, turns: &[(u64, Turn)]) -> (CallReport, Vec<String>, Vec<Observation>) {
        let mut text = Vec::new();
        for (at, turn) in turns {
            let at = CallTime::from_millis(*at);
            self.pass(at);
            match turn {
                Turn::Media(ms) => {
                    let mut payload = Vec::new();
                    g711::encode_ulaw(&recording(0, *ms, 0), &mut payload);
                    encode_media(&payload, &mut text);
                }
                Turn::Mark(name) => encode_mark(name, &mut text),
                Turn::Clear => encode_clear(&mut text),
                Turn::Text(raw) => text = raw.as_bytes().to_vec(),
                Turn::HangUp => {
                    self.leg.handle_closed(at, ClosedBy::Agent);
                    self.drain(at);
                    continue;
                }
            }
            self.leg.handle_message(at, std::str::from_utf8(&text).unwrap());
            self.drain(at);
        }
        self.pass(CallTime::from_millis(10_000_000));
        assert!(self.leg.closed_by().is_some(), "every call ends by itself");
        (self.leg.into_report(), self.sent, self.observations)
    }
}

fn media(text: &str) -> Option<Media<'_>> {
    let Message::Media(media) = decode(text).unwrap() else { return None };
    Some(media)
}

fn at(ms: u64) -> CallTime {
    CallTime::from_millis(ms)
}

#[test]
fn a_question_is_asked_after_the_greeting_and_its_answer_is_timed_at_playout() {
    let script = Script::conversation(vec![question("hours")], Ending::HangUp);
    // Heard 200 to 1,200; 600 ms of silence later, at 1,800, the question: speech from 1,900 to
    // 2,900. The reply arrives at 3,400 and is heard 40 ms later.
    let (report, sent, observations) = Scene::new(plan(script)).play(&[
        (160, Turn::Media(1_000)),
        (160, Turn::Mark("greeting")),
        (3_400, Turn::Media(500)),
        (3_400, Turn::Mark("reply")),
    ]);
    assert_eq!(report.closed_by, ClosedBy::Caller);
    let greeting = report.greeting.as_ref().unwrap();
    assert_eq!((greeting.began, greeting.ended), (at(200), at(1_200)));
    let turn = &report.turns[0];
    assert_eq!((turn.label.as_str(), turn.question_began), ("hours", at(1_900)));
    assert_eq!(turn.question_ended, at(2_900), "not the end of the file at 3,200");
    assert_eq!((turn.reply_began, turn.reply_ended), (Some(at(3_440)), Some(at(3_940))));
    assert_eq!(turn.response, Some(Millis::new(540)));
    assert_eq!(report.reply_samples(turn).len(), 4_000);
    assert_eq!(report.caller_track.len(), report.agent_track.len());
    assert_eq!(report.marks.iter().map(|m| m.at).collect::<Vec<_>>(), [at(1_200), at(3_940)]);
    assert_eq!((report.gaps.len(), report.barge_in, report.verdict), (0, None, Verdict::Sound));
    // 700 ms after the reply, on a frame's edge.
    assert_eq!(report.duration, Millis::new(4_640));
    assert!(matches!(decode(&sent[0]).unwrap(), Message::Connected(_)));
    let Message::Start(start) = decode(&sent[1]).unwrap() else { panic!("{}", sent[1]) };
    assert_eq!(start.to.unwrap().reveal(), "+15550100");
    assert!(matches!(decode(sent.last().unwrap()).unwrap(), Message::Stop(_)));
    assert_eq!(
        observations.iter().filter(|o| matches!(o, Observation::ReplyBegan { .. })).count(),
        2
    );
    assert!(observations.contains(&Observation::ReplyBegan {
        turn: Some(0),
        at: at(3_440),
        response: Some(Millis::new(540)),
    }));
}

#[test]
fn media_runs_without_a_break_numbered_and_on_schedule() {
    let script = Script { steps: vec![Step::Pause { span: Millis::new(400) }] };
    let (report, sent, _) = Scene::new(plan(script)).play(&[]);
    let chunks: Vec<(u64, u64)> = sent
        .iter()
        .filter_map(|text| media(text))
        .map(|media| (media.chunk.unwrap(), media.timestamp.unwrap()))
        .collect();
    assert_eq!(chunks.len(), 20);
    assert!(chunks.iter().zip(1..).all(|(c, n)| *c == (n, (n - 1) * 160)), "{chunks:?}");
    assert_eq!((report.lateness.packets, report.lateness.ms_max), (20, 0.0));
}

#[test]
fn an_interruption_measures_how_long_the_agent_keeps_talking() {
    let questions = vec![question("hours"), question("wait")];
    let script = Script::interrupted(questions, Some((1, Millis::new(800))), Ending::HangUp);
    // Greeting 40 to 240; question at 840, speech 940 to 1,940. Reply heard from 2,540 on for 5 s;
    // 800 ms later, at 3,340, the caller cuts in, 10 ms of lead kept: onset 3,350.
    let (report, _, observations) = Scene::new(plan(script)).play(&[
        (0, Turn::Media(200)),
        (2_500, Turn::Media(5_000)),
        (2_500, Turn::Mark("long")),
        (3_640, Turn::Clear),
        (5_000, Turn::Media(400)),
    ]);
    let barge_in = report.barge_in.unwrap();
    assert_eq!((barge_in.onset, barge_in.silent_at), (at(3_350), at(3_640)));
    assert_eq!(barge_in.stop, Millis::new(290));
    assert_eq!(report.turns[1].barge_in, report.barge_in);
    assert_eq!(report.turns[1].response, Some(Millis::new(690)), "5,040 less 4,350");
    assert_eq!(report.clears[0].dropped, Millis::new(3_900));
    assert!(observations.contains(&Observation::BargedIn { turn: 1, onset: at(3_350) }));
    assert!(!report.turns[1].talked_over);
}

#[test]
fn an_interruption_of_an_agent_that_has_finished_is_an_ordinary_question() {
    let questions = vec![question("hours"), question("late")];
    let script = Script::interrupted(questions, Some((1, Millis::from_secs(9))), Ending::HangUp);
    let (report, ..) = Scene::new(plan(script)).play(&[
        (0, Turn::Media(200)),
        (2_500, Turn::Media(300)),
        (5_500, Turn::Media(300)),
    ]);
    assert_eq!((report.turns.len(), report.barge_in), (2, None));
    assert_eq!(report.turns[1].question_began, at(3_640), "2,840 and 700 of silence, 100 of lead");
}

#[test]
fn a_silent_agent_holds_nobody_for_ever() {
    let questions = vec![question("a"), question("b")];
    let script = Script::conversation(questions, Ending::WaitForAgent(Millis::from_secs(3)));
    let (report, _, observations) = Scene::new(plan(script)).play(&[]);
    assert_eq!(report.closed_by, ClosedBy::Caller);
    assert_eq!(report.greeting, None);
    assert!(report.turns.iter().all(|turn| turn.response.is_none()));
    let unanswered = |o: &&Observation| matches!(o, Observation::Unanswered { .. });
    assert_eq!(observations.iter().filter(unanswered).count(), 3);
    assert_eq!(report.duration, Millis::new(10_000 + 2 * 11_400 + 3_000));
}

#[test]
fn an_agent_that_talks_without_end_is_left_at_last() {
    let script = Script::conversation(vec![question("a")], Ending::HangUp);
    let mut plan = plan(script);
    plan.playout.queue_max = Millis::from_secs(600);
    let wait = Wait::GREETING;
    let speech: Vec<(u64, Turn)> = (0..10).map(|_| (0, Turn::Media(30_000))).collect();
    let (report, ..) = Scene::new(plan).play(&speech);
    assert_eq!(report.counters.media_received, 10);
    assert!(
        at(70_000) <= report.turns[0].question_began
            && report.turns[0].question_began
                <= at(0) + wait.begin_max + wait.reply_max + Millis::new(200)
    );
    assert_eq!(report.turns[0].response, None, "it never stopped to answer");
}

#[test]
fn the_agent_may_hang_up_and_the_longest_call_ends() {
    let script = Script::conversation(vec![], Ending::WaitForAgent(Millis::from_secs(60)));
    let turns = [(0, Turn::Media(500)), (3_000, Turn::HangUp)];
    let (report, sent, observations) = Scene::new(plan(script.clone())).play(&turns);
    assert_eq!((report.closed_by, report.duration), (ClosedBy::Agent, Millis::new(3_000)));
    assert!(sent.iter().all(|text| !matches!(decode(text).unwrap(), Message::Stop(_))));
    assert_eq!(
        observations.last(),
        Some(&Observation::Closed { by: ClosedBy::Agent, at: at(3_000) })
    );
    let mut short = plan(script);
    short.duration_max = Millis::from_secs(1);
    let (report, ..) = Scene::new(short).play(&[]);
    assert_eq!((report.closed_by, report.duration), (ClosedBy::DurationMax, Millis::from_secs(1)));
}

#[test]
fn keys_are_pressed_one_after_the_other() {
    let digits = "42#".chars().filter_map(DtmfDigit::new).collect();
    let script = Script { steps: vec![Step::Dtmf { digits }] };
    let (report, sent, _) = Scene::new(plan(script)).play(&[]);
    let pressed: Vec<(char, String)> = sent
        .iter()
        .filter_map(|text| {
            let Message::Dtmf(dtmf) = decode(text).unwrap() else { return None };
            Some((dtmf.digit.symbol(), dtmf.occurred_at.unwrap().into_owned()))
        })
        .collect();
    let expected = [
        ('4', "2026-11-22T11:00:00.123000Z"),
        ('2', "2026-11-22T11:00:00.323000Z"),
        ('#', "2026-11-22T11:00:00.523000Z"),
    ];
    assert_eq!(pressed, expected.map(|(digit, at)| (digit, at.to_owned())));
    assert_eq!(report.duration, Millis::new(600));
}

#[test]
fn a_gate_holds_the_caller_until_it_opens() {
    let gate = Gate::new();
    let step = Step::WaitForGate { gate: gate.clone(), max: Millis::from_secs(9) };
    let mut scene = Scene::new(plan(Script { steps: vec![step.clone()] }));
    scene.pass(at(1_000));
    assert_eq!(scene.leg.closed_by(), None);
    gate.open();
    scene.pass(at(1_020));
    assert_eq!(scene.leg.closed_by(), Some(ClosedBy::Caller));
    let closed = Step::WaitForGate { gate: Gate::new(), max: Millis::from_secs(9) };
    let (report, ..) = Scene::new(plan(Script { steps: vec![closed] })).play(&[]);
    assert_eq!(report.duration, Millis::from_secs(9));
}

#[test]
fn a_bad_line_loses_doubles_and_reorders_by_seed() {
    let bad = |seed| {
        let mut plan = plan(Script { steps: vec![Step::Pause { span: Millis::from_secs(20) }] });
        plan.seed = seed;
        plan.impairments = Impairments {
            loss: 50,
            duplicates: 20,
            reorder: 100,
            late: 100,
            lateness_max: Millis::new(80),
        };
        let (report, sent, _) = Scene::new(plan).play(&[]);
        let chunks: Vec<u64> = sent.iter().filter_map(|text| media(text)?.chunk).collect();
        (report.counters, chunks, report.lateness.ms_max)
    };
    let (counters, chunks, late) = bad(1);
    assert!((30..70).contains(&counters.packets_lost), "{counters:?}");
    assert!(0 < counters.packets_doubled && 0 < counters.packets_delayed);
    assert!(chunks.windows(2).any(|pair| pair[1] < pair[0]), "some overtake");
    assert_eq!(late, 0.0, "held back on purpose is not late");
    assert_eq!(bad(1), (counters, chunks.clone(), late));
    assert_ne!(bad(2).1, chunks);
}

#[test]
fn rubbish_from_the_engine_is_counted_and_nothing_else() {
    let script = Script { steps: vec![Step::Pause { span: Millis::new(500) }] };
    let (report, ..) = Scene::new(plan(script)).play(&[
        (10, Turn::Text("")),
        (10, Turn::Text("{\"event\":\"dance\"}")),
        (10, Turn::Text("{\"event\":\"media\"}")),
        (10, Turn::Text("{\"event\":\"media\",\"media\":{\"payload\":\"%%%\"}}")),
        (10, Turn::Text("{\"event\":\"mark\",\"mark\":{\"name\":7}}")),
    ]);
    assert_eq!(report.counters.undecodable, 1);
    assert!(3 <= report.counters.unknown, "{:?}", report.counters);
    assert_eq!(report.duration, Millis::new(500));
}

#[test]
fn the_report_is_json_without_the_audio() {
    let script = Script::conversation(vec![question("hours")], Ending::HangUp);
    let mut plan = plan(script);
    plan.from = Some("+12125550142".parse().unwrap());
    let turns = [(0, Turn::Media(200)), (2_500, Turn::Media(300))];
    let (report, ..) = Scene::new(plan).play(&turns);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["turns"][0]["response_ms"], 600);
    assert_eq!((&json["to"], &json["rate_hz"]), (&"+15550100".into(), &8_000.into()));
    assert_eq!(json["closed_by"], "caller");
    assert_eq!(json.get("agent_track"), None);
}

proptest! {
    #[test]
    fn no_server_can_panic_the_caller(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        caller::fuzz::fuzz_server_message(&bytes);
    }

    #[test]
    fn no_sequence_of_commands_can_panic_the_caller(
        commands in proptest::collection::vec((any::<u8>(), 0usize..6), 0..60),
        format in any::<u8>(),
    ) {
        let texts = [
            "{\"event\":\"media\",\"media\":{\"payload\":\"/////////////////////w==\"}}",
            "{\"event\":\"media\",\"media\":{\"payload\":\"\"}}",
            "{\"event\":\"mark\",\"mark\":{\"name\":\"\\u0000\"}}",
            "{\"event\":\"clear\"}",
            "{\"event\":\"mark\",\"mark\":{\"name\":\"m\"}}",
            "[]",
        ];
        let mut bytes = vec![format, b'\n'];
        for (pause, which) in commands {
            bytes.push(if pause == b'\n' { 11 } else { pause });
            bytes.extend_from_slice(texts[which].as_bytes());
            bytes.push(b'\n');
        }
        caller::fuzz::fuzz_server_message(&bytes);
    }
}
