use std::sync::Mutex;

use super::*;

/// Collects what is told, one short word an event.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Sink<RecognizerEvent> for Told {
    fn offer(&self, event: RecognizerEvent) -> Offered {
        let word = match event {
            RecognizerEvent::Partial { text, .. } => format!("partial:{}", text.reveal()),
            RecognizerEvent::Stable { text, .. } => format!("stable:{}", text.reveal()),
            RecognizerEvent::Final { text, others, .. } => {
                let others: String =
                    others.iter().map(|other| format!("/{}", other.reveal())).collect();
                format!("final:{}{others}", text.reveal())
            }
            RecognizerEvent::Turn { .. } | RecognizerEvent::Recovering { .. } => "news".into(),
            RecognizerEvent::Failed { .. } => "failed".into(),
        };
        self.0.lock().unwrap().push(word);
        Offered::Accepted
    }
}

struct Setup {
    board: Board,
    told: Arc<Told>,
}

const U: UtteranceId = UtteranceId::FIRST;

impl Setup {
    fn new() -> Self {
        Self::with(Seconds::Never)
    }

    fn with(seconds: Seconds) -> Self {
        let told = Arc::new(Told::default());
        let board = Board::new(told.clone(), "local".parse().unwrap(), seconds);
        Self { board, told }
    }

    /// A worker takes the piece up and brings `words`.
    fn work(&mut self, piece: PieceId, purpose: Purpose, words: &str) {
        assert!(self.board.start(piece, purpose), "the piece is wanted");
        self.board.decoded(piece, purpose, Heard::only(words));
    }

    fn told(&self) -> String {
        self.told.0.lock().unwrap().join(" ")
    }
}

fn error() -> VendorError {
    VendorError::Overloaded { vendor: "local".parse().unwrap(), retry_after: None }
}

#[test]
fn speculation_answers_a_finalize_at_once() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "yes");
    assert_eq!(setup.board.finalize(U, Millis::new(900)), Need::Nothing);
    assert_eq!(setup.told(), "stable:yes final:yes");
}

#[test]
fn a_speculation_under_way_becomes_the_final() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    assert!(setup.board.start(piece, Purpose::Speculation));
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
    setup.board.decoded(piece, Purpose::Speculation, Heard::only("yes"));
    assert_eq!(setup.told(), "final:yes");
}

#[test]
fn a_waiting_speculation_gives_way_to_the_final() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let waiting = setup.board.pause(U).unwrap();
    let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
    assert!(!setup.board.start(waiting, Purpose::Speculation));
    setup.work(piece, Purpose::Final, "yes");
    assert_eq!(setup.told(), "final:yes");
}

#[test]
fn a_resume_voids_what_was_decoded_and_what_is_being_decoded() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let first = setup.board.pause(U).unwrap();
    assert!(setup.board.start(first, Purpose::Speculation));
    setup.board.resume(U);
    setup.board.decoded(first, Purpose::Speculation, Heard::only("old"));
    let second = setup.board.pause(U).unwrap();
    setup.work(second, Purpose::Speculation, "older");
    setup.board.resume(U);
    let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
    setup.work(piece, Purpose::Final, "new");
    assert_eq!(setup.told(), "stable:older final:new");
}

#[test]
fn a_void_speculation_does_not_answer_for_the_final() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let first = setup.board.pause(U).unwrap();
    assert!(setup.board.start(first, Purpose::Speculation));
    setup.board.resume(U);
    let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
    setup.board.decoded(first, Purpose::Speculation, Heard::only("half"));
    assert_eq!(setup.told(), "");
    setup.work(piece, Purpose::Final, "half and half");
    assert_eq!(setup.told(), "final:half and half");
}

#[test]
fn pieces_are_joined_in_order_whoever_is_first() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let first = setup.board.cut(U).unwrap();
    let second = setup.board.cut(U).unwrap();
    let last = setup.board.pause(U).unwrap();
    setup.work(last, Purpose::Speculation, "three");
    setup.work(second, Purpose::Final, " two ");
    assert_eq!(setup.told(), "");
    setup.board.finalize(U, Millis::ZERO);
    setup.work(first, Purpose::Final, "one");
    assert_eq!(setup.told(), "final:one two three");
}

#[test]
fn partials_stop_at_a_pause() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let partial = setup.board.want_partial(U).unwrap();
    assert_eq!(setup.board.want_partial(U), None);
    setup.work(partial, Purpose::Partial, "so");
    let late = setup.board.want_partial(U).unwrap();
    assert!(setup.board.start(late, Purpose::Partial));
    setup.board.pause(U);
    setup.board.decoded(late, Purpose::Partial, Heard::only("so far"));
    assert_eq!(setup.board.want_partial(U), None);
    assert_eq!(setup.told(), "partial:so");
}

#[test]
fn a_shed_partial_makes_room_for_the_next() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let partial = setup.board.want_partial(U).unwrap();
    setup.board.failed(partial, Purpose::Partial, error());
    assert!(setup.board.want_partial(U).is_some());
    let shed = setup.board.pause(U).unwrap();
    setup.board.failed(shed, Purpose::Speculation, error());
    assert!(matches!(setup.board.finalize(U, Millis::ZERO), Need::Decode(_)));
}

#[test]
fn a_lost_decode_still_answers_and_the_third_is_told() {
    let mut setup = Setup::new();
    for number in 0..3 {
        let id = UtteranceId::new(number);
        setup.board.begin(id);
        let Need::Decode(piece) = setup.board.finalize(id, Millis::ZERO) else {
            panic!("a decode")
        };
        assert!(setup.board.start(piece, Purpose::Final));
        setup.board.failed(piece, Purpose::Final, error());
    }
    assert_eq!(setup.told(), "final: final: final: failed");
}

#[test]
fn discarded_and_finished_utterances_are_silent() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    assert!(setup.board.start(piece, Purpose::Speculation));
    setup.board.discard(U);
    setup.board.decoded(piece, Purpose::Speculation, Heard::only("lost"));
    assert_eq!(setup.told(), "");
    assert!(!setup.board.start(piece, Purpose::Speculation));
}

#[test]
fn the_last_words_wait_for_their_second_reading() {
    let mut setup = Setup::with(Seconds::Always);
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "yes");
    assert!(!setup.board.is_second_due(piece), "nobody waits yet");
    assert!(setup.board.start(piece, Purpose::Second));
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
    assert_eq!(setup.told(), "stable:yes");
    setup.board.decoded(piece, Purpose::Second, Heard::only("yet"));
    assert_eq!(setup.told(), "stable:yes final:yes/yet");
}

#[test]
fn a_second_reading_that_nobody_is_at_is_asked_for_once() {
    let mut setup = Setup::with(Seconds::Always);
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "yes");
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Second(piece));
    assert!(setup.board.is_second_due(piece));
    assert!(setup.board.start(piece, Purpose::Second));
    assert!(!setup.board.start(piece, Purpose::Second), "the one that waited longer");
    setup.board.decoded(piece, Purpose::Second, Heard::only("Yes."));
    assert_eq!(setup.told(), "stable:yes final:yes");
}

#[test]
fn in_time_a_second_reading_that_nobody_is_at_is_not_waited_for() {
    let mut setup = Setup::with(Seconds::InTime);
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "yes");
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
    assert_eq!(setup.told(), "stable:yes final:yes");
    assert!(!setup.board.start(piece, Purpose::Second), "too late");
}

#[test]
fn in_time_a_second_reading_under_way_is_waited_for() {
    let mut setup = Setup::with(Seconds::InTime);
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "yes");
    assert!(setup.board.start(piece, Purpose::Second));
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
    setup.board.decoded(piece, Purpose::Second, Heard::only("yet"));
    assert_eq!(setup.told(), "stable:yes final:yes/yet");
}

#[test]
fn in_a_hurry_there_is_no_second_reading() {
    let mut setup = Setup::with(Seconds::Always);
    setup.board.begin(U);
    let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
    setup.work(piece, Purpose::Final, "yes");
    assert_eq!(setup.told(), "");
    setup.board.failed(piece, Purpose::Second, error());
    assert_eq!(setup.told(), "final:yes");
}

#[test]
fn a_second_reading_of_less_audio_is_void() {
    let mut setup = Setup::with(Seconds::Always);
    setup.board.begin(U);
    let first = setup.board.pause(U).unwrap();
    assert!(setup.board.start(first, Purpose::Second));
    setup.board.resume(U);
    let cut = setup.board.cut(U).unwrap();
    setup.board.decoded(first, Purpose::Second, Heard::only("half"));
    setup.board.without_second(first);
    setup.work(cut, Purpose::Final, "half and half");
    setup.work(cut, Purpose::Second, "half and have");
    let last = setup.board.pause(U).unwrap();
    setup.work(last, Purpose::Second, "pleas");
    setup.work(last, Purpose::Speculation, "please");
    assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
    let told = "stable:half and half please final:half and half please/half and have pleas";
    assert_eq!(setup.told(), told);
}

#[test]
fn where_the_first_reading_has_no_words_there_are_none() {
    let mut setup = Setup::with(Seconds::Always);
    setup.board.begin(U);
    let piece = setup.board.pause(U).unwrap();
    setup.work(piece, Purpose::Speculation, "");
    setup.work(piece, Purpose::Second, "thank you");
    setup.board.finalize(U, Millis::ZERO);
    assert_eq!(setup.told(), "stable: final:");
}

#[test]
fn too_many_utterances_push_the_oldest_out_with_an_answer() {
    let mut setup = Setup::new();
    setup.board.begin(U);
    assert!(matches!(setup.board.finalize(U, Millis::ZERO), Need::Decode(_)));
    for number in 1..=UTTERANCES_MAX as u32 {
        setup.board.begin(UtteranceId::new(number));
    }
    assert_eq!(setup.told(), "final:");
}
