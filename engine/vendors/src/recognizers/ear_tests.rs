use std::time::Duration;

use super::*;
use crate::recognizers::dialect::Greets;

const RATE: SampleRate = SampleRate::Hz8000;

/// An ear, a clock and a vendor's answers, all in milliseconds.
struct Bench {
    ear: Ear,
    zero: Instant,
}

const UTTERANCE: UtteranceId = UtteranceId::FIRST;

impl Bench {
    fn new(answers_silence: AnswersSilence) -> Self {
        let zero = Instant::now();
        let manners = Manners {
            chunk: Millis::new(40),
            greets: Greets::No,
            answers_silence,
            asks: match answers_silence {
                AnswersSilence::Yes => Asks::InPauses,
                AnswersSilence::No => Asks::AtTheEnd,
            },
            filling: None,
            session_max: Millis::from_secs(3_600),
        };
        let mut ear = Ear::new(RATE, &manners, zero);
        assert_eq!(ear.connected(zero, 0), 0);
        Self { ear, zero }
    }

    fn at(&mut self, ms: u64) -> Instant {
        self.ear.handle_audio(ms * 8);
        self.zero + Duration::from_millis(ms)
    }

    fn words(&mut self, ms: u64, range: (u64, u64), text: &str, certainty: Certainty) {
        let now = self.at(ms);
        let (from, to) = (range.0 * 8, range.1 * 8);
        let piece = Piece { from, to, text: text.into(), words: Vec::new(), others: Vec::new() };
        self.ear.handle_words(now, piece, certainty, None);
    }

    fn asked(&mut self, ms: u64) {
        assert!(self.ear.wants_finalize().is_some_and(|place| place <= ms * 8), "at {ms}");
        let now = self.at(ms);
        self.ear.was_asked(now, ms * 8);
        assert_eq!(self.ear.wants_finalize(), None, "asked once");
    }

    fn told(&mut self) -> Vec<String> {
        let told = std::iter::from_fn(|| self.ear.poll_event()).map(|event| match event {
            RecognizerEvent::Partial { text, .. } => format!("partial {}", text.reveal()),
            RecognizerEvent::Stable { text, .. } => format!("stable {}", text.reveal()),
            RecognizerEvent::Final { text, .. } => format!("final {}", text.reveal()),
            other @ (RecognizerEvent::Turn { .. }
            | RecognizerEvent::Recovering { .. }
            | RecognizerEvent::Failed { .. }) => format!("{other:?}"),
        });
        told.collect()
    }

    /// Somebody speaks from 1,000 to 2,000 and pauses.
    fn speak(&mut self) {
        let now = self.at(1_100);
        self.ear.begin(now, UTTERANCE, Millis::new(100));
        self.at(2_120);
        self.ear.pause(UTTERANCE);
    }
}

#[test]
fn what_the_vendor_declared_final_is_taken_at_once() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.words(2_150, (900, 2_050), "book a table", Certainty::Final);
    assert_eq!(bench.told(), ["stable book a table"]);
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    assert_eq!(bench.told(), ["final book a table"]);
    assert_eq!(bench.ear.wants_finalize(), None, "nothing is left to ask");
}

#[test]
fn the_order_to_finish_goes_out_in_the_pause_and_its_answer_is_recognized() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.words(2_130, (500, 1_900), "book a", Certainty::Guess);
    assert_eq!(bench.ear.wants_finalize(), None, "the pause is young");
    bench.at(2_200);
    bench.asked(2_200);
    let now = bench.at(2_400);
    bench.ear.finalize(now, UTTERANCE);
    assert_eq!(bench.told(), ["partial book a"]);
    bench.words(2_450, (500, 2_200), "book a table", Certainty::Final);
    assert_eq!(bench.told(), ["final book a table"], "before the empty answer itself");
}

#[test]
fn a_caller_who_goes_on_is_asked_again_and_heard_whole() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.at(2_200);
    bench.asked(2_200);
    let now = bench.at(2_250);
    bench.ear.resume(now, UTTERANCE);
    bench.words(2_300, (500, 2_200), "book a", Certainty::Final);
    let now = bench.at(2_350);
    bench.ear.handle_answer(now, 2_200 * 8);
    bench.at(3_000);
    bench.ear.pause(UTTERANCE);
    let now = bench.at(3_100);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(3_100);
    bench.words(3_200, (2_200, 3_100), "table", Certainty::Final);
    assert_eq!(bench.told(), ["partial book a", "final book a table"]);
}

#[test]
fn an_empty_answer_that_overtakes_its_words_waits_a_moment_for_them() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(2_300);
    bench.words(2_400, (2_060, 2_300), "", Certainty::Final);
    let now = bench.at(2_400);
    bench.ear.handle_answer(now, 2_300 * 8);
    assert_eq!(bench.told(), Vec::<String>::new());
    bench.words(2_450, (500, 2_060), "book a table", Certainty::Final);
    assert_eq!(bench.told(), ["final book a table"]);
}

#[test]
fn a_vendor_that_does_not_answer_is_connected_anew_and_then_given_up() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(2_300);
    let due = bench.ear.poll_timeout().unwrap();
    assert_eq!(due, bench.zero + Duration::from_millis(3_000));
    assert_eq!(bench.ear.handle_timeout(due, LinkState::Up), Some(Silence::Reconnect));
    bench.ear.lost();
    assert_eq!(bench.ear.connected(due, 0), 500 * 8, "from the lead on, again");
    bench.asked(3_000);
    let later = due + Duration::from_millis(700);
    assert_eq!(bench.ear.handle_timeout(later, LinkState::Up), Some(Silence::Hopeless));
    assert_eq!(bench.told(), ["final "]);
}

#[test]
fn a_guess_of_everything_is_better_than_waiting_on() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.words(2_130, (500, 2_000), "book a table", Certainty::Guess);
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(2_300);
    let due = bench.ear.poll_timeout().unwrap();
    assert_eq!(bench.ear.handle_timeout(due, LinkState::Up), None);
    assert_eq!(bench.told(), ["partial book a table", "final book a table"]);
}

#[test]
fn without_a_connection_the_best_that_is_known_is_the_answer_in_the_end() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.words(2_000, (500, 1_500), "book", Certainty::Final);
    bench.ear.lost();
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    let due = bench.ear.poll_timeout().unwrap();
    assert_eq!(due, now + Duration::from_millis(2_500));
    assert_eq!(bench.ear.handle_timeout(due, LinkState::Down), None);
    assert_eq!(bench.told(), ["partial book", "final book"]);
}

#[test]
fn a_mute_vendor_is_suspect_while_somebody_speaks_but_not_while_no_audio_comes() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    let now = bench.at(1_100);
    bench.ear.begin(now, UTTERANCE, Millis::new(100));
    let starved = now + Duration::from_millis(1_500);
    assert_eq!(bench.ear.handle_timeout(starved, LinkState::Up), None);
    bench.at(4_000);
    let mute = starved + Duration::from_millis(1_500);
    assert_eq!(bench.ear.handle_timeout(mute, LinkState::Up), Some(Silence::Reconnect));
}

#[test]
fn a_sound_without_a_word_is_answered_although_the_vendor_is_silent_about_it() {
    let mut bench = Bench::new(AnswersSilence::No);
    let now = bench.at(1_300);
    bench.ear.begin(now, UTTERANCE, Millis::new(100));
    bench.at(1_500);
    bench.ear.pause(UTTERANCE);
    let now = bench.at(1_700);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(1_700);
    let due = bench.ear.poll_timeout().unwrap();
    assert_eq!(bench.ear.handle_timeout(due, LinkState::Up), None);
    assert_eq!(bench.told(), ["final "]);
    assert!(bench.ear.is_idle());
}

#[test]
fn an_utterance_does_not_repeat_the_words_of_the_one_before() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    bench.words(2_150, (900, 2_050), "book a table", Certainty::Final);
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    let now = bench.at(2_600);
    let second = UTTERANCE.next();
    bench.ear.begin(now, second, Millis::new(100));
    bench.words(3_000, (2_300, 2_900), "for two", Certainty::Final);
    let now = bench.at(3_200);
    bench.ear.pause(second);
    bench.ear.finalize(now, second);
    assert_eq!(
        bench.told(),
        ["stable book a table", "final book a table", "partial for two"],
        "the newest audio is not final yet"
    );
    bench.words(3_300, (2_900, 3_250), "", Certainty::Final);
    assert_eq!(bench.told(), ["final for two"]);
    let now = bench.at(3_400);
    bench.ear.finalize(now, UtteranceId::new(9));
    assert_eq!(bench.told(), ["final "], "every order is answered, once");
}

#[test]
fn a_guess_that_only_going_on_would_change_is_taken_at_once_and_the_turn_is_ended() {
    let mut bench = Bench::new(AnswersSilence::No);
    bench.speak();
    bench.at(2_300);
    assert_eq!(bench.ear.wants_finalize(), None, "a turn is not ended in a pause");
    bench.words(2_320, (500, 2_300), "book a table", Certainty::Stable);
    let now = bench.at(2_400);
    bench.ear.finalize(now, UTTERANCE);
    assert_eq!(bench.told(), ["stable book a table", "final book a table"]);
    bench.asked(2_400);
    bench.words(2_500, (500, 2_400), "book a table", Certainty::Final);
    assert_eq!(bench.told(), Vec::<String>::new());
    assert!(bench.ear.is_idle());
}

#[test]
fn words_that_could_not_be_read_are_had_once_more() {
    let mut bench = Bench::new(AnswersSilence::Yes);
    bench.speak();
    let now = bench.at(2_300);
    bench.ear.finalize(now, UTTERANCE);
    bench.asked(2_300);
    bench.ear.handle_damage();
    bench.words(2_400, (2_060, 2_300), "", Certainty::Final);
    let now = bench.at(2_400);
    bench.ear.handle_answer(now, 2_300 * 8);
    let due = bench.ear.poll_timeout().unwrap();
    assert_eq!(due, now + Duration::from_millis(120));
    assert_eq!(bench.ear.handle_timeout(due, LinkState::Up), Some(Silence::Reconnect));
    assert_eq!(bench.told(), Vec::<String>::new());
}
