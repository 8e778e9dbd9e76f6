//! Entry points for fuzzing: none may panic, whatever the bytes.

use types::{AudioFormat, CallTime, E164, Encoding, Millis, SampleRate, WallTime};

use crate::audio;
use crate::{CallPlan, CarrierLeg, Script};

/// A server that sends anything: each line of `bytes` is a message, its first byte the time since
/// the one before in steps of 5 ms and, in its highest bit, whether it is binary.
pub fn fuzz_server_message(bytes: &[u8]) {
    let format = match bytes.first().map(|first| first % 3) {
        Some(0) => AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 },
        Some(1) => AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 },
        Some(_) | None => AudioFormat::PCMU_8K,
    };
    let to: E164 = "+15550100".parse().expect("a number by E.164");
    let mut plan = CallPlan::new("ws://localhost", to, Script::default());
    plan.codec = format;
    plan.script.steps = vec![crate::Step::Pause { span: Millis::from_secs(30) }];
    let mut leg = CarrierLeg::new(plan).expect("a format we speak");
    leg.handle_opened(WallTime::default());
    let mut now = CallTime::ZERO;
    for message in bytes.split(|&byte| byte == b'\n').take(1_000) {
        let Some((&first, text)) = message.split_first() else { continue };
        now += Millis::new(u32::from(first & 0x7f) * 5);
        if first < 0x80 {
            leg.handle_message(now, &String::from_utf8_lossy(text));
        } else {
            leg.handle_binary(now);
        }
        while leg.poll_message().is_some() {}
        while leg.poll_observation().is_some() {}
    }
    let report = leg.into_report();
    assert_eq!(report.caller_track.len(), report.agent_track.len(), "both tracks end together");
}

/// A recording of anything.
pub fn fuzz_recording(bytes: &[u8]) {
    let extension = match bytes.first().map(|first| first % 5) {
        Some(0) => Some("wav"),
        Some(1) => Some("mp3"),
        Some(2) => Some("flac"),
        Some(3) => Some("ogg"),
        Some(_) | None => None,
    };
    if let Ok(samples) = audio::decode(bytes.to_vec(), extension, SampleRate::Hz8000) {
        assert!(!samples.is_empty(), "a recording without samples is an error");
    }
}
