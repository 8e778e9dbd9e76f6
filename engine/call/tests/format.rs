//! Logs of an older format still replay: what they had no words for is not missed.

#[allow(dead_code, reason = "only its configuration is used here")]
mod script;

use call::{
    Call, Event, LOG_FORMAT, LogHeader, LogReader, LogWriter, Outcome, Remark, ReplayOptions,
    SegmentHeard, replay,
};
use serde_json::Value;
use types::{
    CallId, CallTime, ConfigVersion, GenerationId, Millis, Pii, SegmentId, TurnId, UtteranceId,
    WallTime,
};

const GREETING: GenerationId = GenerationId { turn: TurnId::FIRST, attempt: 0 };

/// A greeting that the caller talks over, and the silence after it.
fn log() -> Vec<u8> {
    let config = script::config();
    let header = LogHeader {
        format: LOG_FORMAT,
        call: CallId::new(1),
        business: "riverside-dental".parse().expect("a slug"),
        agent: "front-desk".parse().expect("a slug"),
        version: ConfigVersion::new(1),
        began: WallTime::from_unix_millis(1_760_000_000_000),
        seed: 3,
        config: config.clone(),
    };
    let (mut call, mut log) = (Call::new(config, 3), LogWriter::new(&header));
    let (generation, segment, utterance) = (GREETING, SegmentId::FIRST, UtteranceId::FIRST);
    let ms = CallTime::from_millis;
    let duration = Millis::new(2_000);
    let text = Pii::new("what are your hours".to_owned());
    let others = vec![Pii::new("what are your powers".to_owned())];
    let heard = SegmentHeard { segment, heard: Millis::new(900), of: duration };
    log.remark(ms(0), &Remark::Restarted);
    for (at, event) in [
        (0, Event::Answered),
        (10, Event::SegmentVoiced { generation, segment }),
        (20, Event::SegmentQueued { generation, segment, duration, words: Vec::new() }),
        (30, Event::PlayoutStarted { generation, at: ms(30) }),
        (900, Event::SpeechStarted { at: ms(800) }),
        (1_000, Event::Partial { utterance, text: text.clone() }),
        (1_010, Event::PlayoutCleared { generation, heard: vec![heard] }),
        (1_700, Event::SpeechPaused { at: ms(1_600) }),
        (1_800, Event::SpeechEnded { at: ms(1_600) }),
        (1_900, Event::Stable { utterance, text, others }),
    ] {
        log.event(ms(at), &event);
        call.handle_event(ms(at), event);
        while let Some(action) = call.poll_action() {
            log.action(ms(at), &action);
        }
    }
    log.pending().to_vec()
}

/// The same log as an engine of format 1 would have written it.
fn of_format_1(log: &[u8]) -> String {
    let mut old = String::new();
    for line in std::str::from_utf8(log).expect("text").lines() {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if line.get("remark").is_some() {
            continue;
        }
        if let Some(format) = line.get_mut("format") {
            *format = 1.into();
        }
        // Format 3's.
        if let Some(event) = line.get_mut("event").and_then(Value::as_object_mut) {
            event.remove("others");
        }
        if let Some(decision) = line.pointer_mut("/action/decision").and_then(Value::as_object_mut)
        {
            decision.remove("seen");
        }
        old.push_str(&format!("{line}\n"));
    }
    old
}

fn outcome(log: &[u8]) -> Outcome {
    let reader = LogReader::new(log).expect("a readable log");
    replay(reader, ReplayOptions::default()).expect("a readable log").outcome
}

#[test]
fn a_log_of_an_older_format_still_replays() {
    let log = log();
    let text = std::str::from_utf8(&log).unwrap();
    for wanted in [
        "\"delay_min\":300",
        "\"manner\":\"telling\"",
        "\"remark\":\"restarted\"",
        "\"others\":[\"what are",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert_eq!(outcome(&log), Outcome::Same);
    let old = of_format_1(&log);
    assert!(["seen", "remark", "others"].iter().all(|word| !old.contains(word)), "{old}");
    assert_eq!(outcome(old.as_bytes()), Outcome::Same);
    // What a log does hold is compared: other inputs are another decision.
    let changed = text.replacen("\"delay_min\":300", "\"delay_min\":299", 1);
    assert!(matches!(outcome(changed.as_bytes()), Outcome::Diverged { .. }));
}
