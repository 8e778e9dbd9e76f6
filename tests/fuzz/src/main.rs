//! Drives one `fuzz_*` entry point, the one that `APEX_FUZZ` names, with the inputs that coverage asks for.

#![no_main]

use std::sync::LazyLock;

/// An entry point: any bytes, no panic.
type Target = fn(&[u8]);

/// Every entry point of the workspace. A house test compares this list with the code.
const TARGETS: &[(&str, Target)] = &[
    ("fuzz_cartesia_message", wire::cartesia::fuzz_cartesia_message),
    ("fuzz_cartesia_order", wire::cartesia::fuzz_cartesia_order),
    ("fuzz_client_state", server::front::fuzz_client_state),
    ("fuzz_concealer", codecs::fuzz::fuzz_concealer),
    ("fuzz_deepgram_flux", wire::deepgram::fuzz_deepgram_flux),
    ("fuzz_deepgram_nova", wire::deepgram::fuzz_deepgram_nova),
    ("fuzz_deepgram_speak_message", wire::deepgram::speak::fuzz_deepgram_speak_message),
    ("fuzz_deepgram_speak_order", wire::deepgram::speak::fuzz_deepgram_speak_order),
    ("fuzz_directory", directory::fuzz_directory),
    ("fuzz_dtmf", codecs::fuzz::fuzz_dtmf),
    ("fuzz_elevenlabs_message", wire::elevenlabs::fuzz_elevenlabs_message),
    ("fuzz_elevenlabs_order", wire::elevenlabs::fuzz_elevenlabs_order),
    ("fuzz_events", call::fuzz_events),
    ("fuzz_g711", codecs::fuzz::fuzz_g711),
    ("fuzz_g722", codecs::fuzz::fuzz_g722),
    ("fuzz_inbound", media::fuzz_inbound),
    ("fuzz_journal", server::journal::fuzz_journal),
    ("fuzz_l16", codecs::fuzz::fuzz_l16),
    ("fuzz_leg_decoder", codecs::fuzz::fuzz_leg_decoder),
    ("fuzz_log", call::fuzz_log),
    ("fuzz_openai_speech_request", wire::openai_speech::fuzz_openai_speech_request),
    ("fuzz_opus", codecs::fuzz::fuzz_opus),
    ("fuzz_playout", media::fuzz_playout),
    ("fuzz_recording", caller::fuzz::fuzz_recording),
    ("fuzz_reply", frontdesk::fuzz_reply),
    ("fuzz_server_message", caller::fuzz::fuzz_server_message),
    ("fuzz_telnyx_command", wire::telnyx::fuzz_telnyx_command),
    ("fuzz_telnyx_message", wire::telnyx::fuzz_telnyx_message),
    ("fuzz_telnyx_reply", wire::telnyx::fuzz_telnyx_reply),
    ("fuzz_telnyx_rest_command", wire::telnyx::fuzz_telnyx_rest_command),
    ("fuzz_telnyx_signature", wire::telnyx::fuzz_telnyx_signature),
    ("fuzz_telnyx_texml", wire::telnyx::fuzz_telnyx_texml),
    ("fuzz_telnyx_webhook", wire::telnyx::fuzz_telnyx_webhook),
    ("fuzz_verbalize", speech::verbalize::fuzz_verbalize),
    ("fuzz_wyoming", wire::wyoming::fuzz_wyoming),
];

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("APEX_FUZZ").unwrap_or_default();
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => {
            let known: Vec<&str> = TARGETS.iter().map(|(known, _)| *known).collect();
            eprintln!("APEX_FUZZ={name} is no entry point; one of: {}", known.join(" "));
            std::process::exit(2);
        }
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (*TARGET)(bytes));
