//! The picture of a made-up call: well-formed, complete, unharmed by odd input.

use caller::timeline::{AgentWords, CallerWords, Flag, FlagKind, Stage, StagedTurn, Timeline};
use caller::{BargeIn, audio};
use proptest::prelude::*;
use types::{CallTime, Millis, SampleRate};

fn at(ms: u64) -> CallTime {
    CallTime::from_millis(ms)
}

/// Syllables of a made-up voice between two moments, in ms.
fn voice(track: &mut [i16], from: u64, until: u64, pitch: f64) {
    for n in from * 8..(until * 8).min(track.len() as u64) {
        let t = n as f64 / 8_000.0;
        let syllable = (t * 4.3).sin().abs() * (0.6 + 0.4 * (t * 1.7).sin());
        let tone =
            (t * pitch).sin() + 0.5 * (t * pitch * 2.1).sin() + 0.3 * (t * pitch * 7.3).sin();
        track[n as usize] = (7_000.0 * syllable * tone) as i16;
    }
}

fn partials(from: u64, text: &str) -> Vec<CallerWords> {
    let words: Vec<&str> = text.split(' ').collect();
    (1..=words.len())
        .map(|n| CallerWords::Partial { at: at(from + n as u64 * 340), text: words[..n].join(" ") })
        .collect()
}

fn turn(question_ended: u64, stages: [u32; 5]) -> StagedTurn {
    StagedTurn {
        question_ended: at(question_ended),
        response: Millis::new(stages.iter().sum()),
        stages: Stage::ALL.into_iter().zip(stages.map(Millis::new)).collect(),
    }
}

fn words(from: u64, until: u64, heard: &str, unheard: &str) -> AgentWords {
    AgentWords { from: at(from), until: at(until), heard: heard.into(), unheard: unheard.into() }
}

fn call() -> Timeline {
    let (mut caller, mut agent) = (vec![0; 8 * 31_000], vec![0; 8 * 31_000]);
    let asked = [
        (4_700, 6_600, "Hi, what time do you close today?"),
        (12_700, 15_100, "And how much is a teeth cleaning please?"),
        (19_400, 21_200, "Sorry, do you take new patients?"),
    ];
    for (from, until, _) in asked {
        voice(&mut caller, from, until, 900.0);
    }
    let said = [
        words(
            300,
            4_000,
            "Thank you for calling Riverside Dental, this is Ava, the automated assistant. How can I help?",
            "",
        ),
        words(
            7_220,
            11_900,
            "Today is Tuesday, so we close at five in the afternoon. Is there anything else I can do for you?",
            "",
        ),
        words(
            15_790,
            19_690,
            "A teeth cleaning is one hundred and twenty dollars and takes about",
            "forty five minutes. Would you like me to take a message for the office?",
        ),
        words(
            21_830,
            29_900,
            "Yes, we welcome new patients. You can bring your insurance card and a photo to your first visit, and we ask you to come ten minutes early.",
            "",
        ),
    ];
    for words in &said {
        voice(&mut agent, words.from.as_millis(), words.until.as_millis(), 1_500.0);
    }
    let mut caller_words = Vec::new();
    for (from, until, text) in asked {
        caller_words.extend(partials(from, text));
        caller_words.push(CallerWords::Final {
            from: at(from),
            until: at(until),
            text: text.into(),
        });
    }
    Timeline {
        title: "Riverside Dental".into(),
        subtitle: "+1 212 555 0142 → +1 555 0100 · PCMU 8 kHz · November 24, 2026".into(),
        rate: SampleRate::Hz8000,
        caller,
        agent,
        speech: asked.iter().map(|&(from, until, _)| at(from)..at(until)).collect(),
        caller_words,
        agent_words: said.to_vec(),
        turns: vec![
            turn(6_600, [400, 38, 4, 118, 60]),
            turn(15_100, [480, 51, 3, 96, 60]),
            turn(21_200, [400, 44, 2, 124, 60]),
        ],
        barge_ins: vec![BargeIn {
            onset: at(19_400),
            silent_at: at(19_690),
            stop: Millis::new(290),
        }],
        flags: flags(),
    }
}

fn flags() -> Vec<Flag> {
    vec![
        Flag {
            at: at(7_000),
            kind: FlagKind::Turn,
            label: "turn over".into(),
            why: "the caller's turn is over: 400 ms of silence, 400 ms were chosen".into(),
        },
        Flag {
            at: at(19_560),
            kind: FlagKind::BargeIn,
            label: "cuts in".into(),
            why: "two words that are more than a sign of listening".into(),
        },
    ]
}

/// Element names open and closed in pairs, attributes quoted: what a browser insists on.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("every tag is closed");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn a_stranger_finds_everything_in_the_picture() {
    let svg = call().to_svg();
    assert_well_formed(&svg);
    for wanted in [
        "Riverside Dental",
        "620 ms",
        "630 ms",
        "median response time",
        "agent silent after 290 ms",
        "endpoint delay: making sure the caller has finished",
        "url(#hatch)",
        "16 s</text>",
        "close at five",
        "<title>turn over: the caller's turn",
        "prefers-color-scheme:dark",
        ">cuts in</text>",
    ] {
        assert!(svg.contains(wanted), "{wanted}");
    }
    let figures = [">400<", ">480<", ">118<"];
    assert!(figures.iter().all(|figure| svg.contains(figure)), "stages carry their figures");
    assert!(svg.len() < 200_000, "{} bytes", svg.len());
    if let Some(path) = std::env::var_os("TIMELINE_SVG") {
        std::fs::write(path, svg).unwrap();
    }
}

#[test]
fn words_that_cross_a_row_are_in_both_rows_and_none_is_lost() {
    let mut timeline = call();
    let long = "one two three four five six seven eight nine ten eleven twelve";
    timeline.agent_words = vec![words(10_000, 22_000, long, "")];
    timeline.caller_words.clear();
    let svg = timeline.to_svg();
    let shown: Vec<&str> = svg
        .split("class=\"words agent-text\">")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert!(2 <= shown.len());
    assert_eq!(shown.join(" "), long);
}

#[test]
fn waits_that_follow_closely_do_not_cover_each_other() {
    let mut timeline = call();
    timeline.turns = [2_000, 2_900, 3_800].map(|ended| turn(ended, [600, 0, 0, 0, 0])).to_vec();
    let svg = timeline.to_svg();
    let frames: Vec<(f64, f64)> = svg
        .split("<rect x=\"")
        .filter(|rect| rect.contains("class=\"frame\""))
        .map(|rect| {
            let number = |text: &str| text.split('"').next().unwrap().parse::<f64>().unwrap();
            (number(rect), number(rect.split("width=\"").nth(1).unwrap()))
        })
        .collect();
    assert_eq!(frames.len(), 3);
    assert!(frames.windows(2).all(|pair| pair[0].0 + pair[0].1 + 60.0 < pair[1].0), "{frames:?}");
}

#[test]
fn an_empty_call_is_still_a_picture() {
    let mut timeline = call();
    (timeline.caller, timeline.agent) = (Vec::new(), Vec::new());
    assert_well_formed(&timeline.to_svg());
    timeline.turns.clear();
    timeline.barge_ins.clear();
    timeline.agent_words.clear();
    timeline.caller_words.clear();
    timeline.speech.clear();
    assert_well_formed(&timeline.to_svg());
}

#[test]
fn speech_of_the_made_up_voice_is_found() {
    let span = audio::speech_span(SampleRate::Hz8000, &call().caller[..8 * 10_000]).unwrap();
    assert!(span.start.abs_diff(4_700 * 8) < 800, "{span:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_times_and_texts_do_no_harm(
        texts in proptest::collection::vec(("\\PC*", 0u64..70_000, 0u64..70_000), 0..12),
        stages in proptest::collection::vec((0u64..70_000, 0u32..9_000), 0..12),
        seconds in 0usize..40,
    ) {
        let mut timeline = call();
        timeline.caller.truncate(seconds * 8_000);
        timeline.agent.truncate(seconds * 8_000);
        for (text, from, until) in &texts {
            let (from, until) = (at(*from), at(*until));
            timeline.agent_words.push(AgentWords {
                from, until, heard: text.clone(), unheard: text.clone(),
            });
            timeline.caller_words.push(CallerWords::Partial { at: from, text: text.clone() });
            timeline.caller_words.push(CallerWords::Final { from, until, text: text.clone() });
            timeline.title = text.clone();
        }
        for (ended, ms) in stages {
            timeline.turns.push(turn(ended, [ms, 0, ms, 1, 0]));
        }
        assert_well_formed(&timeline.to_svg());
    }
}
