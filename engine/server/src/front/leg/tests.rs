use proptest::prelude::*;
use types::{E164, Millis};

use super::super::carrier::CarrierError;
use super::*;

const SETTINGS: LegSettings = LegSettings {
    answer_wait: Millis::new(4_000),
    socket_wait: Millis::new(3_000),
    start_wait: Millis::new(2_000),
    stream_gap: Millis::new(200),
    stream_tries_max: 3,
    hang_up_wait: Millis::new(1_000),
    hang_up_tries_max: 3,
    end_wait: Millis::new(5_000),
    transfer_ring: Millis::new(20_000),
};

const OK: Result<(), CarrierError> = Ok(());
const GONE: Result<(), CarrierError> = Err(CarrierError::Ended);
const FAILED: Result<(), CarrierError> = Err(CarrierError::NoReply);
const EARLY: Result<(), CarrierError> = Err(CarrierError::NotAnswered);

fn answer(outcome: Result<(), CarrierError>) -> LegEvent {
    LegEvent::Done(Verb::Answer, outcome)
}

fn streamed(outcome: Result<(), CarrierError>) -> LegEvent {
    LegEvent::Done(Verb::StartStream, outcome)
}

fn hung_up(outcome: Result<(), CarrierError>) -> LegEvent {
    LegEvent::Done(Verb::HangUp, outcome)
}

fn closed(record: RecordBy, why: Why) -> LegOrder {
    LegOrder::Close(Close { record, why })
}

fn drain(leg: &mut LegLife) -> Vec<LegOrder> {
    std::iter::from_fn(|| leg.poll_order()).collect()
}

/// Runs `steps` in virtual time, each at its millisecond, with every deadline in between kept:
/// whatever was ordered, and when.
fn run(leg: &mut LegLife, steps: &[(u32, LegEvent)], until: u32) -> Vec<(u32, LegOrder)> {
    let mut orders = Vec::new();
    let mut note = |at: CallTime, leg: &mut LegLife| {
        let ms = (at.as_micros() / 1_000) as u32;
        orders.extend(drain(leg).into_iter().map(|order| (ms, order)));
    };
    note(CallTime::ZERO, leg);
    let quiet = [(until, None)];
    let events = steps.iter().map(|(at, event)| (*at, Some(event.clone())));
    for (at, event) in events.chain(quiet) {
        let at = CallTime::from_millis(at.into());
        while let Some(due) = leg.poll_timeout().filter(|due| *due < at) {
            leg.handle_timeout(due);
            note(due, leg);
        }
        if let Some(event) = event {
            leg.handle_event(at, event);
            note(at, leg);
        }
    }
    orders
}

fn ordered() -> LegLife {
    LegLife::take(CallTime::ZERO, Way::Ordered, SETTINGS)
}

use LegEvent::{
    Answered, Began, Bridged, Ended, HangUp, HungUp, OtherGone, Said, SocketFailed, SocketOpened,
    StreamFailed,
};
use LegOrder::{
    Answer, EndCall, HangUpOther, Reject, Speak, StartStream, TellHandedOver, TellStreamFailed,
    TellTransferFailed,
};

fn desk() -> E164 {
    "+12125550143".parse().expect("a number")
}

fn told(then: Option<E164>) -> LegLife {
    LegLife::tell(CallTime::ZERO, Notice { span: Millis::new(8_000), then }, SETTINGS)
}

fn spoken(outcome: Result<(), CarrierError>) -> LegEvent {
    LegEvent::Done(Verb::Speak, outcome)
}

fn ringing(outcome: Result<(), CarrierError>) -> LegEvent {
    LegEvent::Done(Verb::Transfer, outcome)
}

fn notice() -> Notice {
    Notice { span: Millis::new(8_000), then: Some(desk()) }
}

/// The call wants its caller transferred.
fn wish() -> LegEvent {
    LegEvent::Transfer { to: desk() }
}

/// A call that wants it at 100 ms.
fn transferring() -> [(u32, LegEvent); 4] {
    [(1, Answered), (2, SocketOpened), (3, Began), (100, wish())]
}

#[test]
fn a_call_from_ring_to_goodbye() {
    let orders = run(
        &mut ordered(),
        &[
            (20, answer(OK)),
            (300, Answered),
            (320, streamed(OK)),
            (400, SocketOpened),
            (410, Began),
            (9_000, Ended(Ending::HangUp)),
            (9_020, hung_up(OK)),
            (9_100, HungUp),
        ],
        60_000,
    );
    let expected = [
        (0, Answer),
        (300, StartStream { n: 0 }),
        (9_000, LegOrder::HangUp { n: 0 }),
        (9_100, closed(RecordBy::Call, Why::Ended)),
    ];
    assert_eq!(orders, expected);
}

#[test]
fn the_caller_hangs_up_and_the_call_is_told() {
    let orders = run(
        &mut ordered(),
        &[
            (1, Answered),
            (2, SocketOpened),
            (3, Began),
            (900, HungUp),
            (950, Ended(Ending::HangUp)),
        ],
        60_000,
    );
    let expected = [
        (0, Answer),
        (1, StartStream { n: 0 }),
        (900, EndCall),
        (950, closed(RecordBy::Call, Why::Ended)),
    ];
    assert_eq!(orders, expected);
}

#[test]
fn a_caller_who_is_gone_before_the_answer_leaves_no_record() {
    for event in [HungUp, answer(GONE)] {
        let orders = run(&mut ordered(), &[(50, event)], 60_000);
        let expected = [(0, Answer), (50, closed(RecordBy::Nobody, Why::CallerGone))];
        assert_eq!(orders, expected);
    }
    // Its end overtook its beginning: there was a call, however short.
    let steps = [(50, LegEvent::WasAnswered), (50, HungUp), (90, Answered)];
    let orders = run(&mut ordered(), &steps, 60_000);
    assert_eq!(orders[1..], [(50, closed(RecordBy::Front, Why::CallerGone))]);
    let orders = run(&mut ordered(), &[(50, Answered), (60, streamed(GONE))], 60_000);
    assert_eq!(orders.last(), Some(&(60, closed(RecordBy::Front, Why::CallerGone))));
}

#[test]
fn an_answer_the_carrier_refuses_ends_in_a_hang_up() {
    let orders = run(&mut ordered(), &[(50, answer(FAILED)), (60, hung_up(GONE))], 60_000);
    let expected = [
        (0, Answer),
        (50, LegOrder::HangUp { n: 0 }),
        (60, closed(RecordBy::Nobody, Why::AnswerFailed)),
    ];
    assert_eq!(orders, expected);
}

#[test]
fn a_lost_answered_is_not_waited_for_for_ever() {
    let steps = [(20, answer(OK)), (4_010, streamed(OK)), (4_100, SocketOpened), (4_110, Began)];
    let orders = run(&mut ordered(), &steps, 60_000);
    assert_eq!(orders, [(0, Answer), (4_000, StartStream { n: 0 })]);
}

#[test]
fn a_stream_ordered_too_early_is_ordered_again_once_answered() {
    let steps = [(4_010, streamed(EARLY)), (4_020, Answered), (4_030, streamed(OK))];
    let orders = run(&mut ordered(), &steps, 4_100);
    assert_eq!(orders, [(0, Answer), (4_000, StartStream { n: 0 }), (4_020, StartStream { n: 1 })]);
}

#[test]
fn media_that_never_comes_ends_in_a_hang_up_and_one_record() {
    // Whatever way it does not come: refused, failed, no socket, a socket that says nothing.
    let ways: [&[(u32, LegEvent)]; 4] = [
        &[(10, Answered), (20, streamed(FAILED)), (230, streamed(FAILED)), (440, streamed(FAILED))],
        &[(10, Answered), (20, StreamFailed), (230, StreamFailed), (440, StreamFailed)],
        &[(10, Answered)],
        &[
            (10, Answered),
            (20, SocketOpened),
            (30, SocketFailed),
            (240, SocketOpened),
            (250, SocketFailed),
            (460, SocketOpened),
        ],
    ];
    for steps in ways {
        let orders = run(&mut ordered(), steps, 60_000);
        let streams = orders.iter().filter(|(_, order)| matches!(order, StartStream { .. }));
        assert_eq!(streams.count(), 3, "{steps:?}");
        let hang_ups = orders.iter().filter(|(_, order)| matches!(order, LegOrder::HangUp { .. }));
        assert_eq!(hang_ups.count(), 3, "nobody confirms: {steps:?}");
        let last = orders.last().expect("a close");
        assert_eq!(last.1, closed(RecordBy::Front, Why::NoMedia), "{steps:?}");
        assert!(last.0 < 20_000, "{} ms of silence: {steps:?}", last.0);
    }
}

#[test]
fn a_late_failure_of_an_earlier_stream_does_not_end_a_good_one() {
    let steps = [
        (10, Answered),
        (3_010, StreamFailed),
        (3_300, SocketOpened),
        (3_310, StreamFailed),
        (3_320, Began),
        (3_400, StreamFailed),
    ];
    let orders = run(&mut ordered(), &steps, 60_000);
    let expected = [
        (0, Answer),
        (10, StartStream { n: 0 }),
        (3_210, StartStream { n: 1 }),
        // Now it is the call's, which may have asked for a stream itself.
        (3_400, TellStreamFailed),
    ];
    assert_eq!(orders, expected);
}

#[test]
fn a_leg_that_ends_while_its_socket_opens_waits_for_the_socket_to_say() {
    let head = [(10, Answered), (20, SocketOpened), (30, HungUp)];
    let began = [&head[..], &[(40, Began), (90, Ended(Ending::HangUp))]].concat();
    let orders = run(&mut ordered(), &began, 60_000);
    assert_eq!(orders[2..], [(40, EndCall), (90, closed(RecordBy::Call, Why::CallerGone))]);
    let failed = [&head[..], &[(40, SocketFailed)]].concat();
    let orders = run(&mut ordered(), &failed, 60_000);
    assert_eq!(orders[2..], [(40, closed(RecordBy::Front, Why::CallerGone))]);
    let mute = run(&mut ordered(), &head, 60_000);
    assert_eq!(mute[2..], [(7_030, closed(RecordBy::Front, Why::CallerGone))]);
}

#[test]
fn an_inline_stream_is_waited_for_and_ordered_apart_if_it_does_not_come() {
    let mut leg = LegLife::take(CallTime::ZERO, Way::Inline, SETTINGS);
    let orders = run(&mut leg, &[(10, Answered), (90, SocketOpened), (95, Began)], 60_000);
    assert_eq!(orders, [(0, Answer)]);
    let mut leg = LegLife::take(CallTime::ZERO, Way::Inline, SETTINGS);
    let orders = run(&mut leg, &[(10, Answered), (50, StreamFailed)], 300);
    assert_eq!(orders, [(0, Answer), (250, StartStream { n: 1 })]);
    // The socket may be quicker than the webhook.
    let mut leg = LegLife::take(CallTime::ZERO, Way::Inline, SETTINGS);
    let orders = run(&mut leg, &[(10, SocketOpened), (15, Began), (20, Answered)], 60_000);
    assert_eq!(orders, [(0, Answer)]);
}

#[test]
fn a_document_is_answered_by_the_carrier_and_streams_once() {
    let mut leg = LegLife::take(CallTime::ZERO, Way::Document, SETTINGS);
    let orders = run(&mut leg, &[(100, SocketOpened), (105, Began)], 60_000);
    assert_eq!(orders, []);
    let mut leg = LegLife::take(CallTime::ZERO, Way::Document, SETTINGS);
    let orders = run(&mut leg, &[(100, StreamFailed), (200, hung_up(GONE))], 60_000);
    let hang_up = (100, LegOrder::HangUp { n: 0 });
    assert_eq!(orders, [hang_up, (200, closed(RecordBy::Front, Why::NoMedia))]);
}

/// What a transferred call's leg orders from the transfer on.
fn after_wish(steps: &[(u32, LegEvent)]) -> Vec<(u32, LegOrder)> {
    let orders = run(&mut ordered(), &[&transferring()[..], steps].concat(), 120_000);
    assert_eq!(orders[2], (100, LegOrder::Transfer { to: desk() }));
    orders[3..].to_vec()
}

#[test]
fn a_leg_handed_over_is_not_hung_up() {
    let connected = [(150, ringing(OK)), (4_000, Bridged)];
    let tail = [(4_100, Ended(Ending::HandedOver)), (90_000, HungUp)];
    let orders = after_wish(&[&connected[..], &tail].concat());
    let close = closed(RecordBy::Call, Why::Transferred);
    assert_eq!(orders, [(4_000, TellHandedOver), (90_000, close)]);
    // The call may end before the carrier's word on the transfer is here.
    let quick = [(3_900, Ended(Ending::HandedOver)), (4_000, Bridged)];
    assert_eq!(after_wish(&quick), []);
}

#[test]
fn a_transfer_that_fails_gives_the_caller_back() {
    for step in [(150, ringing(FAILED)), (9_000, OtherGone(Parted::Unanswered))] {
        let at = step.0;
        assert_eq!(after_wish(&[step]), [(at, TellTransferFailed)]);
    }
    // No word of whoever is rung: they are given up, and may still pick up at that moment.
    let orders = after_wish(&[(150, ringing(OK)), (25_150, Bridged)]);
    let expected = [(25_100, HangUpOther), (25_100, TellTransferFailed), (25_150, TellHandedOver)];
    assert_eq!(orders, expected);
    // Back is back: the next one is another.
    let again = [(200, ringing(FAILED)), (300, wish()), (310, wish()), (9_000, Bridged)];
    let orders = after_wish(&again);
    let transfer = (300, LegOrder::Transfer { to: desk() });
    assert_eq!(orders, [(200, TellTransferFailed), transfer, (9_000, TellHandedOver)]);
}

#[test]
fn a_caller_who_hangs_up_while_it_rings_ends_the_call() {
    let orders = after_wish(&[(5_000, HungUp), (5_100, Ended(Ending::HangUp))]);
    assert_eq!(orders, [(5_000, EndCall), (5_100, closed(RecordBy::Call, Why::Ended))]);
    // And whoever ends the call while it rings ends the ringing.
    let orders = after_wish(&[(5_000, Ended(Ending::HangUp)), (5_010, hung_up(GONE))]);
    let hang_up = (5_000, LegOrder::HangUp { n: 0 });
    let close = (5_010, closed(RecordBy::Call, Why::Ended));
    assert_eq!(orders, [(5_000, HangUpOther), hang_up, close]);
}

#[test]
fn a_caller_left_behind_by_the_other_side_is_not_left_in_silence() {
    let talked = [(4_000, Bridged), (4_100, Ended(Ending::HandedOver))];
    let gone = [(60_000, OtherGone(Parted::Talked)), (65_100, hung_up(GONE))];
    let orders = after_wish(&[&talked[..], &gone].concat());
    let hang_up = (65_000, LegOrder::HangUp { n: 0 });
    let close = (65_100, closed(RecordBy::Call, Why::Transferred));
    assert_eq!(orders, [(4_000, TellHandedOver), hang_up, close]);
    // Their end overtook the news that they were connected.
    let orders = after_wish(&[(20_000, OtherGone(Parted::Talked)), (20_010, HungUp)]);
    assert_eq!(orders[0], (20_000, TellHandedOver));
}

/// The process that rang somebody for the caller died while it rang.
#[test]
fn whoever_picks_up_after_a_restart_is_not_talked_over() {
    let take = || LegLife::take_answered(CallTime::ZERO, SETTINGS);
    let close = |record| closed(record, Why::Transferred);
    // Before the stream is there: none is waited for, and none speaks.
    let orders = run(&mut take(), &[(50, Bridged), (90_000, HungUp)], 120_000);
    let stream = (0, StartStream { n: 0 });
    assert_eq!(orders, [stream.clone(), (90_000, close(RecordBy::Front))]);
    // While its socket opens: the call that begins is told at once.
    let begins = [(20, streamed(OK)), (40, SocketOpened), (50, Bridged), (60, Began)];
    let ends = [(70, Ended(Ending::HandedOver)), (90_000, HungUp)];
    let orders = run(&mut take(), &[&begins[..], &ends].concat(), 120_000);
    let end = (90_000, close(RecordBy::Call));
    assert_eq!(orders, [stream.clone(), (60, TellHandedOver), end.clone()]);
    // While the call goes on.
    let begins = [(20, streamed(OK)), (40, SocketOpened), (60, Began), (5_000, Bridged)];
    let orders = run(&mut take(), &[&begins[..], &ends[1..]].concat(), 120_000);
    assert_eq!(orders[..2], [stream, (5_000, TellHandedOver)]);
}

#[test]
fn a_document_cannot_be_transferred() {
    let mut leg = LegLife::take(CallTime::ZERO, Way::Document, SETTINGS);
    let orders = run(&mut leg, &[(2, SocketOpened), (3, Began), (100, wish())], 60_000);
    assert_eq!(orders, [(100, TellTransferFailed)]);
}

#[test]
fn a_caller_without_a_place_is_told_so_and_then_hung_up_on_or_transferred() {
    let close = |at| (at, closed(RecordBy::Front, Why::Overflow));
    let hang_up = |at| (at, LegOrder::HangUp { n: 0 });
    // Said; refused; never a word of it.
    let ways: [(u32, &[(u32, LegEvent)]); 3] = [
        (3_000, &[(300, Answered), (320, spoken(OK)), (3_000, Said)]),
        (340, &[(300, Answered), (340, spoken(FAILED))]),
        (8_300, &[(300, Answered), (320, spoken(OK))]),
    ];
    for (at, steps) in ways {
        let steps = [steps, &[(at + 10, hung_up(GONE))]].concat();
        let orders = run(&mut told(None), &steps, 60_000);
        assert_eq!(orders, [(0, Answer), (300, Speak), hang_up(at), close(at + 10)]);
    }
    // An answer nobody confirms is no reason to say nothing.
    let steps = [(20, answer(OK)), (4_010, spoken(OK)), (5_000, Said), (5_010, hung_up(GONE))];
    let orders = run(&mut told(None), &steps, 60_000);
    assert_eq!(orders, [(0, Answer), (4_000, Speak), hang_up(5_000), close(5_010)]);
    let head = [(300, Answered), (3_000, Said)];
    let connected = [(9_000, Bridged), (90_000, HungUp)];
    let orders = run(&mut told(Some(desk())), &[&head[..], &connected].concat(), 99_000);
    let rung = [(0, Answer), (300, Speak), (3_000, LegOrder::Transfer { to: desk() })];
    assert_eq!(orders[..3], rung);
    assert_eq!(orders[3..], [(90_000, closed(RecordBy::Front, Why::Transferred))]);
    let nobody = [(9_000, OtherGone(Parted::Unanswered)), (9_010, hung_up(GONE))];
    let orders = run(&mut told(Some(desk())), &[&head[..], &nobody].concat(), 99_000);
    assert_eq!(orders[3..], [hang_up(9_000), close(9_010)]);
    // Whoever hangs up before or while it is said.
    let orders = run(&mut told(None), &[(50, HungUp)], 60_000);
    assert_eq!(orders, [(0, Answer), (50, closed(RecordBy::Nobody, Why::CallerGone))]);
    let orders = run(&mut told(None), &[(300, Answered), (400, HungUp)], 60_000);
    assert_eq!(orders, [(0, Answer), (300, Speak), close(400)]);
}

#[test]
fn a_refusal_is_told_and_forgotten_or_enforced() {
    let mut leg = LegLife::refuse(CallTime::ZERO, RejectCause::NotFound, SETTINGS);
    let orders = run(&mut leg, &[(20, LegEvent::Done(Verb::Reject, OK))], 60_000);
    let why = Why::Refused(RejectCause::NotFound);
    let reject = (0, Reject(RejectCause::NotFound));
    assert_eq!(orders, [reject.clone(), (20, closed(RecordBy::Nobody, why))]);
    let mut leg = LegLife::refuse(CallTime::ZERO, RejectCause::NotFound, SETTINGS);
    let steps = [(20, LegEvent::Done(Verb::Reject, FAILED)), (30, hung_up(GONE))];
    let orders = run(&mut leg, &steps, 60_000);
    let hang_up = (20, LegOrder::HangUp { n: 0 });
    assert_eq!(orders, [reject, hang_up, (30, closed(RecordBy::Nobody, why))]);
}

#[test]
fn a_hang_up_nobody_confirms_is_repeated_and_then_left_to_the_sweeper() {
    let steps = [(1, Answered), (2, SocketOpened), (3, Began), (10, Ended(Ending::HangUp))];
    let orders = run(&mut ordered(), &steps, 60_000);
    let expected = [
        (10, LegOrder::HangUp { n: 0 }),
        (1_010, LegOrder::HangUp { n: 1 }),
        (2_010, LegOrder::HangUp { n: 2 }),
        (3_010, closed(RecordBy::Call, Why::Ended)),
    ];
    assert_eq!(orders[2..], expected);
}

#[test]
fn the_house_ends_a_leg_in_any_state() {
    let orders = run(&mut ordered(), &[(5, HangUp), (9, hung_up(GONE))], 60_000);
    assert_eq!(
        orders[1..],
        [(5, LegOrder::HangUp { n: 0 }), (9, closed(RecordBy::Nobody, Why::Shutdown))]
    );
    let steps = [
        (1, Answered),
        (2, SocketOpened),
        (3, Began),
        (5, HangUp),
        (6, Ended(Ending::HangUp)),
        (9, HungUp),
    ];
    let orders = run(&mut ordered(), &steps, 60_000);
    let expected =
        [(5, LegOrder::HangUp { n: 0 }), (5, EndCall), (9, closed(RecordBy::Call, Why::Ended))];
    assert_eq!(orders[2..], expected);
}

fn any_event() -> impl Strategy<Value = LegEvent> {
    let verb = prop_oneof![
        Just(Verb::Answer),
        Just(Verb::Reject),
        Just(Verb::StartStream),
        Just(Verb::Speak),
        Just(Verb::Transfer),
        Just(Verb::HangUp),
    ];
    let outcome = prop_oneof![Just(OK), Just(GONE), Just(FAILED), Just(EARLY)];
    prop_oneof![
        Just(Answered),
        Just(LegEvent::WasAnswered),
        Just(HungUp),
        Just(StreamFailed),
        (verb, outcome).prop_map(|(verb, outcome)| LegEvent::Done(verb, outcome)),
        Just(SocketOpened),
        Just(SocketFailed),
        Just(Began),
        Just(Ended(Ending::HangUp)),
        Just(Ended(Ending::HandedOver)),
        Just(Said),
        Just(wish()),
        Just(Bridged),
        Just(OtherGone(Parted::Unanswered)),
        Just(OtherGone(Parted::Talked)),
        Just(HangUp),
    ]
}

fn any_leg() -> impl Strategy<Value = u8> {
    0_u8..8
}

fn leg_of(kind: u8) -> LegLife {
    match kind {
        0 => ordered(),
        1 => LegLife::take(CallTime::ZERO, Way::Inline, SETTINGS),
        2 => LegLife::take(CallTime::ZERO, Way::Document, SETTINGS),
        3 => LegLife::take_answered(CallTime::ZERO, SETTINGS),
        4 => told(None),
        5 => told(Some(desk())),
        6 => LegLife::tell_answered(CallTime::ZERO, notice(), SETTINGS),
        _ => LegLife::refuse(CallTime::ZERO, RejectCause::Busy, SETTINGS),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// Whatever comes, in whatever order, twice or never: one answer at most, one end exactly.
    #[test]
    fn any_events_give_one_answer_and_one_end(
        kind in any_leg(),
        events in proptest::collection::vec((0_u32..2_500, any_event()), 0..40),
    ) {
        let mut leg = leg_of(kind);
        let mut at = 0;
        let mut steps: Vec<(u32, LegEvent)> = Vec::new();
        for (gap, event) in events {
            at += gap;
            steps.push((at, event));
        }
        // In the end the carrier and the call have both said their last word.
        steps.push((at + 60_000, HungUp));
        steps.push((at + 60_001, Ended(Ending::HangUp)));
        let orders = run(&mut leg, &steps, at + 200_000);
        let count = |is: fn(&LegOrder) -> bool| orders.iter().filter(|(_, order)| is(order)).count();
        prop_assert!(count(|order| matches!(order, Answer)) <= 1);
        prop_assert_eq!(count(|order| matches!(order, LegOrder::Close(_))), 1);
        prop_assert!(matches!(orders.last(), Some((_, LegOrder::Close(_)))), "{:?}", orders);
        let streams = count(|order| matches!(order, StartStream { .. }));
        prop_assert!(streams <= 4, "{} streams", streams);
        prop_assert!(leg.is_over());
    }

    /// Copies of a webhook, and any order of them, order nothing that the first did not.
    #[test]
    fn copies_change_nothing(
        kind in any_leg(),
        events in proptest::collection::vec((1_u32..2_500, any_event()), 0..30),
    ) {
        let spread = |copies: usize| {
            let mut at = 0;
            let mut steps = Vec::new();
            for (gap, event) in &events {
                at += gap;
                let webhook = matches!(event, Answered | HungUp);
                for _ in 0..if webhook { copies } else { 1 } {
                    steps.push((at, event.clone()));
                }
            }
            run(&mut leg_of(kind), &steps, at + 100_000)
        };
        prop_assert_eq!(spread(1), spread(3));
    }

    /// Without a word from anybody a leg that has no call ends by itself.
    #[test]
    fn silence_ends_every_leg_without_a_call(
        kind in any_leg(),
        events in proptest::collection::vec((0_u32..2_500, any_event()), 0..20),
    ) {
        let mut leg = leg_of(kind);
        let mut at = 0;
        let mut steps = Vec::new();
        for (gap, event) in events {
            at += gap;
            if !matches!(event, Began | Bridged) {
                steps.push((at, event));
            }
        }
        run(&mut leg, &steps, at + 60_000);
        prop_assert!(leg.is_over());
    }
}
