use proptest::prelude::*;
use types::Pii;

use super::*;
use crate::paper::{COLORS, PLAIN};

fn note(call: u128, what: Seen) -> Note {
    Note { call: CallId::new(call), business: "riverside-dental".parse().unwrap(), what }
}

fn words(text: &str) -> Pii<String> {
    Pii::new(text.to_owned())
}

fn began(call: u128) -> Note {
    let from = Some(Pii::new("+12125550199".parse().unwrap()));
    note(call, Seen::Began { carrier_call: words(&format!("leg-{call}")), from })
}

fn board() -> Board {
    let mut board = Board::new("on ws://127.0.0.1:8700", Measured::ByEngine);
    let now = Duration::from_secs(3);
    board.note(&began(1), now);
    for what in [
        Seen::AgentSays { text: words("Thanks for calling.") },
        Seen::AgentSays { text: words("How can I help you?") },
        Seen::CallerSays { text: words("what are") },
        Seen::CallerSays { text: words("what are your hours") },
        Seen::CallerSaid { text: words("What are your hours?"), other: words("") },
        Seen::AgentSays { text: words("We open at eight.") },
        Seen::Replied { response: Millis::new(503) },
        Seen::CallerSays { text: words("And on Sun") },
        Seen::Doing { what: "hearing" },
        Seen::Level { caller: 50 },
    ] {
        board.note(&note(1, what), now);
    }
    board
}

fn size(columns: usize, rows: usize) -> Size {
    Size { columns, rows }
}

#[test]
fn a_call_is_a_block_with_its_words_and_times() {
    let screen = board().render(size(90, 14), Duration::from_secs(34), &PLAIN);
    let text = screen.join("\n");
    assert_eq!(screen.len(), 14);
    for wanted in [
        "1 live · 0 finished · median response 503 ms · 0:34",
        "riverside-dental  +121••••••99  0:31  ▮▮▮▮▯▯▯▯ hearing",
        "agent   Thanks for calling. How can I help you?",
        "caller  What are your hours?",
        "We open at eight.",
        "503 ms last, 503 ms median",
        "And on Sun▌",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(!text.contains("what are your hours"), "partials are gone once there is a final");
    assert!(!text.contains("5550199"), "{text}");
}

#[test]
fn figures_that_do_not_fit_are_left_out_whole() {
    let text =
        |columns| board().render(size(columns, 14), Duration::from_secs(34), &PLAIN).join("\n");
    let narrow = text(75);
    assert!(narrow.contains("1 live · 0 finished · median 503 ms · 0:34"), "{narrow}");
    assert!(narrow.contains("median 503 ms\n") && !narrow.contains("last,"), "{narrow}");
    assert!(!text(50).lines().any(|line| line.ends_with("ms …")), "{}", text(50));
}

#[test]
fn the_layout_stays_while_words_come_and_go() {
    let mut board = board();
    let now = Duration::from_secs(9);
    let head = |board: &Board| {
        let screen = board.render(size(80, 20), now, &PLAIN);
        screen.iter().position(|line| line.starts_with("riverside-dental"))
    };
    let before = head(&board);
    for _ in 0..30 {
        board.note(
            &note(1, Seen::CallerSaid { text: words(&"many words ".repeat(40)), other: words("") }),
            now,
        );
        assert_eq!(head(&board), before);
    }
}

#[test]
fn words_that_were_answered_do_not_look_as_if_they_were_still_coming() {
    let mut board = board();
    let now = Duration::from_secs(9);
    board.note(&note(1, Seen::AgentStopped), now);
    board.note(&note(1, Seen::CallerSays { text: words("And on Sunday") }), now);
    board.note(&note(1, Seen::AgentSays { text: words("We are closed.") }), now);
    let text = board.render(size(90, 20), now, &PLAIN).join("\n");
    assert!(text.contains("caller  And on Sunday") && !text.contains('▌'), "{text}");
    assert!(!text.contains("And on Sun\n"), "{text}");
}

#[test]
fn calls_end_and_are_still_listed() {
    let mut board = board();
    board.note(&note(1, Seen::Ended), Duration::from_secs(60));
    let text = board.render(size(80, 12), Duration::from_secs(61), &PLAIN).join("\n");
    assert!(text.contains("0 live · 1 finished"), "{text}");
    assert!(text.contains("ended  riverside-dental  0:57  1 replies, median 503 ms"), "{text}");
}

#[test]
fn what_callers_measure_counts_where_they_do() {
    let mut board = Board::new("demo", Measured::ByCallers);
    board.note(&began(1), Duration::ZERO);
    board.note(&note(1, Seen::AgentSays { text: words("Hi.") }), Duration::ZERO);
    board.note(&note(1, Seen::Replied { response: Millis::new(400) }), Duration::ZERO);
    board.measured("leg-1", Millis::new(501));
    let text = board.render(size(80, 12), Duration::ZERO, &PLAIN).join("\n");
    assert!(text.contains("501 ms") && !text.contains("400 ms"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_size_and_no_words_break_the_screen(
        columns in 0usize..140,
        rows in 0usize..50,
        calls in 0u128..20,
        said in proptest::collection::vec(("\\PC*|[\\x00-\\x1f]*", 0u128..20, 0u8..6), 0..40),
    ) {
        let mut board = Board::new("x", Measured::ByEngine);
        (0..calls).for_each(|call| board.note(&began(call), Duration::ZERO));
        for (text, call, kind) in said {
            let text = Pii::new(text);
            let what = match kind {
                0 => Seen::CallerSays { text },
                1 => Seen::CallerSaid { text, other: words("") },
                2 => Seen::AgentSays { text },
                3 => Seen::Replied { response: Millis::new(5) },
                4 => Seen::AgentStopped,
                _ => Seen::Ended,
            };
            board.note(&note(call, what), Duration::from_secs(1));
        }
        let screen = board.render(size(columns, rows), Duration::from_secs(2), &COLORS);
        prop_assert!(screen.len() <= rows);
        for line in screen {
            prop_assert!(super::columns(&line) <= columns.max(1), "{line:?}");
            prop_assert!(!line.contains(['\n', '\r']));
        }
    }
}
