//! A leg in virtual time.

use proptest::prelude::*;
use types::DtmfDigit;
use wire::telnyx::command::{Answer, RejectCause, Stream as WireStream, StreamMode};

use super::*;

fn at(ms: u32) -> WallMicros {
    WallMicros::from_unix_micros(1_772_446_272_000_000).after(Millis::new(ms))
}

fn leg(direction: Direction) -> Machine {
    let names = Names::of(7, 1, "28");
    Machine::new(at(0), names, direction, AudioFormat::PCMU_8K, vec!["eu".into()])
}

fn give(machine: &mut Machine, ms: u32, action: Action<'_>) -> Result<Outcome, ErrorCode> {
    let request = Request::act("v3:x", action);
    let wire::telnyx::command::Command::Act { action, .. } = &request.command else { panic!() };
    machine.handle_command(at(ms), &request, action)
}

fn stream() -> Action<'static> {
    Action::StreamingStart(Box::new(WireStream {
        url: Pii::new("ws://x/t".into()),
        mode: Some(StreamMode::Rtp),
        ..WireStream::default()
    }))
}

/// What follows, in words.
fn effects(machine: &mut Machine) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(effect) = machine.poll_effect() {
        words.push(match effect {
            Effect::Tell(event) => event.name().to_owned(),
            Effect::Answer => "answer".to_owned(),
            Effect::Connect(_) => "connect".to_owned(),
            Effect::Disconnect => "disconnect".to_owned(),
            Effect::Transfer(_) => "transfer".to_owned(),
            Effect::Say(text) => format!("say {text}"),
            Effect::Press(digits) => format!("press {digits}"),
            Effect::End { .. } => "end".to_owned(),
        });
    }
    words
}

#[test]
fn parked_answered_streaming_over() {
    let mut leg = leg(Direction::Incoming);
    assert_eq!(effects(&mut leg), ["call.initiated"]);
    assert_eq!(give(&mut leg, 10, Action::Answer(Box::default())), Ok(Outcome::Done));
    assert_eq!(effects(&mut leg), ["answer", "call.answered"]);
    assert_eq!(leg.answered_at(), Some(at(10)));
    assert_eq!(give(&mut leg, 20, stream()), Ok(Outcome::Done));
    assert_eq!(effects(&mut leg), ["connect"]);
    leg.handle_connected();
    assert_eq!(effects(&mut leg), ["streaming.started"]);
    leg.handle_key(DtmfDigit::new('5').unwrap());
    assert_eq!(effects(&mut leg), ["call.dtmf.received"]);
    assert_eq!(give(&mut leg, 30, Action::Hangup), Ok(Outcome::Done));
    assert_eq!(effects(&mut leg), ["disconnect", "streaming.stopped", "end", "call.hangup"]);
    assert_eq!((leg.is_over(), leg.ended_at()), (true, Some(at(30))));
    assert_eq!(give(&mut leg, 40, Action::Hangup), Err(ErrorCode::AlreadyEnded));
    leg.handle_hang_up(at(50), HangupCause::NormalClearing, HangupSource::Caller);
    assert_eq!(effects(&mut leg), [""; 0], "a leg ends once");
}

#[test]
fn an_answer_may_stream_at_once() {
    let mut leg = leg(Direction::Incoming);
    let stream = WireStream { url: Pii::new("ws://x".into()), ..WireStream::default() };
    let answer = Answer { stream: Some(stream), ..Answer::default() };
    give(&mut leg, 10, Action::Answer(Box::new(answer))).unwrap();
    assert_eq!(effects(&mut leg), ["call.initiated", "answer", "call.answered", "connect"]);
}

#[test]
fn a_socket_that_closes_leaves_the_call_and_a_new_one_may_follow() {
    let mut leg = leg(Direction::Incoming);
    give(&mut leg, 10, Action::Answer(Box::default())).unwrap();
    give(&mut leg, 20, stream()).unwrap();
    leg.handle_connected();
    effects(&mut leg);
    leg.handle_socket_closed();
    assert_eq!(effects(&mut leg), ["streaming.stopped"]);
    assert_eq!(leg.phase(), Phase::Answered);
    assert_eq!(give(&mut leg, 30, stream()), Ok(Outcome::Done));
    leg.handle_unreachable("connection_failed");
    assert_eq!(effects(&mut leg), ["connect", "streaming.failed"]);
    assert_eq!(give(&mut leg, 40, stream()), Ok(Outcome::Done));
}

#[test]
fn a_command_id_holds_for_sixty_seconds() {
    let mut leg = leg(Direction::Incoming);
    let request = Request::act("v3:x", Action::UpdateClientState)
        .with_client_state("YQ==")
        .with_command_id("one");
    let mut give = |ms| leg.handle_command(at(ms), &request, &Action::UpdateClientState);
    assert_eq!(give(0), Ok(Outcome::Done));
    assert_eq!(give(59_999), Ok(Outcome::Repeated));
    assert_eq!(give(60_000), Ok(Outcome::Done), "from its first use on");
    assert_eq!(leg.names().client_state.as_ref().unwrap().reveal(), "YQ==");
}

#[test]
fn a_refused_command_id_may_be_used_again() {
    let mut leg = leg(Direction::Incoming);
    let Action::StreamingStart(order) = stream() else { panic!() };
    let action = Action::StreamingStart(order);
    let request = Request::act("v3:x", action.clone()).with_command_id("s");
    assert_eq!(leg.handle_command(at(0), &request, &action), Err(ErrorCode::NotAnswered));
    give(&mut leg, 1, Action::Answer(Box::default())).unwrap();
    assert_eq!(leg.handle_command(at(2), &request, &action), Ok(Outcome::Done));
}

#[test]
fn our_own_legs_are_answered_by_whoever_was_dialed() {
    let mut leg = leg(Direction::Outgoing);
    assert_eq!(leg.phase(), Phase::Bridging);
    let refused = give(&mut leg, 10, Action::Answer(Box::default()));
    assert_eq!(refused, Err(ErrorCode::AnswerOnOutgoing));
    let refused = give(&mut leg, 10, Action::Reject { cause: RejectCause::UserBusy });
    assert_eq!(refused, Err(ErrorCode::AnswerOnOutgoing));
    leg.handle_callee_answer(at(500), None);
    assert_eq!(effects(&mut leg), ["call.initiated", "answer", "call.answered"]);
}

#[test]
fn the_opposite_leg_exists_once_legs_are_connected() {
    let mut leg = leg(Direction::Incoming);
    give(&mut leg, 10, Action::Answer(Box::default())).unwrap();
    let Action::StreamingStart(mut order) = stream() else { panic!() };
    order.target_legs = Some(TargetLegs::Opposite);
    let opposite = Action::StreamingStart(order);
    effects(&mut leg);
    give(&mut leg, 20, opposite.clone()).unwrap();
    assert_eq!(effects(&mut leg), ["streaming.failed"]);
    leg.handle_bridged();
    give(&mut leg, 30, opposite).unwrap();
    assert_eq!(effects(&mut leg), ["call.bridged", "connect"]);
}

#[test]
fn what_was_recorded_is_told_at_the_end() {
    let mut leg = leg(Direction::Incoming);
    give(&mut leg, 10, Action::Answer(Box::default())).unwrap();
    let record = wire::telnyx::command::RecordStart {
        channels: wire::telnyx::command::RecordChannels::Dual,
        format: wire::telnyx::command::RecordFormat::Wav,
        length_seconds_max: None,
        play_beep: None,
    };
    give(&mut leg, 20, Action::RecordStart(record)).unwrap();
    effects(&mut leg);
    leg.handle_hang_up(at(900), HangupCause::NormalClearing, HangupSource::Caller);
    assert_eq!(effects(&mut leg), ["end", "call.recording.saved", "call.hangup"]);
}

proptest! {
    /// Whatever comes in whatever order: one answer, one end, nothing after it but refusals.
    #[test]
    fn no_order_of_events_answers_or_ends_a_leg_twice(
        steps in proptest::collection::vec((0_u8..14, 0_u32..5_000), 0..60),
        is_ours in any::<bool>(),
    ) {
        let mut leg = leg(if is_ours { Direction::Outgoing } else { Direction::Incoming });
        let mut now = 0;
        for (step, pause) in steps {
            now += pause;
            let was_over = leg.is_over();
            let mut command = |action| Some(give(&mut leg, now, action));
            let verdict = match step {
                0 => command(Action::Answer(Box::default())),
                1 => command(Action::Reject { cause: RejectCause::CallRejected }),
                2 => command(Action::Hangup),
                3 | 4 => command(stream()),
                5 => command(Action::StreamingStop { stream_id: None }),
                6 => command(Action::RecordStop),
                7 => { leg.handle_connected(); None }
                8 => { leg.handle_unreachable("x"); None }
                9 => { leg.handle_socket_closed(); None }
                10 => { leg.handle_bridged(); None }
                11 => { leg.handle_callee_answer(at(now), None); None }
                12 => { leg.handle_document_answer(at(now)); None }
                _ => {
                    let (cause, by) = (HangupCause::NormalClearing, HangupSource::Caller);
                    leg.handle_hang_up(at(now), cause, by);
                    None
                }
            };
            if was_over {
                prop_assert!(verdict.is_none_or(|v| v == Err(ErrorCode::AlreadyEnded)));
            }
        }
        let words = effects(&mut leg);
        let count = |word: &str| words.iter().filter(|w| *w == word).count();
        prop_assert!(count("call.answered") <= 1);
        prop_assert_eq!(count("call.hangup"), usize::from(leg.is_over()));
        prop_assert!(count("streaming.started") <= count("connect"));
        prop_assert!(
            count("streaming.stopped") + count("streaming.failed") <= count("connect")
        );
    }
}
