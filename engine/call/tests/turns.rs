//! Who speaks when: turns, silence, keys.

mod script;

use script::{check, check_with, config};
use types::BargeIn;

/// The agent has greeted; the caller may speak.
const GREETED: &str = "
    0 answered
    10 voice 0.0/0 queued 500
    20 playout 0.0 started
    520 playout 0.0 heard 0
    520 playout 0.0 finished
";
const GREETING: &str = "
    0 speak 0.0/0 'Hello.'
    0 end-speech 0.0
";

fn greeted(script: &str, expected: &str) {
    check(&format!("{GREETED}{script}"), &format!("{GREETING}{expected}"));
}

#[test]
fn a_question_is_answered() {
    greeted(
        "
        1000 caller starts
        2120 caller pauses 2000
        2180 stable 0 'How much is a cleaning?'
        2200 caller ended 2000
        2310 final 0 'How much is a cleaning?'
        2320 brain 1.0 says 'A cleaning is one hundred dollars. It takes an hour.'
        2320 brain 1.0 done
        2400 voice 1.0/0 voiced
        2500 voice 1.0/0 queued 2000
        2600 voice 1.0/1 queued 1000
        2620 playout 1.0 sent
        2680 playout 1.0 started
        4680 playout 1.0 heard 0
        5680 playout 1.0 heard 1
        5680 playout 1.0 finished
        13679 end
        13680 end
        ",
        "
        1000 begin 0
        2120 pause 0
        2303 finalize 0   (2000 + endpoint delay 303)
        2310 think 1.0 agent: Hello. | caller: How much is a cleaning?
        2320 speak 1.0/0 'A cleaning is one hundred dollars.'
        2320 speak 1.0/1 'It takes an hour.'
        2320 end-speech 1.0
        13680 think 2.0 agent: Hello. | caller: How much is a cleaning? | agent: A cleaning is one hundred dollars. It takes an hour. | silence
        ",
    );
}

#[test]
fn the_endpoint_counts_from_the_last_sample_of_speech_not_from_when_we_learn_of_it() {
    greeted(
        "
        1000 caller starts
        2290 caller ended 2000
        2295 stable 0 'Are you open on Sunday?'
        2400 end
        ",
        "
        1000 begin 0
        2290 pause 0
        2303 finalize 0
        ",
    );
    greeted(
        "
        1000 caller starts
        2900 caller ended 2000
        2900 stable 0 'Are you open on Sunday?'
        2900 end
        ",
        "
        1000 begin 0
        2900 pause 0
        2900 finalize 0   (due long ago)
        ",
    );
}

#[test]
fn a_caller_who_goes_on_is_waited_for() {
    greeted(
        "
        1000 caller starts
        1620 caller pauses 1500
        1680 stable 0 'I need a cleaning and'
        1700 caller ended 1500
        2300 caller starts
        2920 caller pauses 2800
        2980 stable 0 'I need a cleaning and a whitening, please'
        3000 caller ended 2800
        3110 final 0 'I need a cleaning and a whitening, please.'
        3110 end
        ",
        "
        1000 begin 0
        1620 pause 0
        2300 resume 0
        2920 pause 0
        3103 finalize 0
        3110 think 1.0 agent: Hello. | caller: I need a cleaning and a whitening, please.
        ",
    );
}

#[test]
fn speech_before_the_final_is_used_joins_the_same_turn() {
    greeted(
        "
        1000 caller starts
        1700 caller ended 1500
        1700 stable 0 'Do you have time?'
        1900 caller starts
        2700 caller ended 2500
        2700 stable 1 'on Sunday morning?'
        2790 final 0 'Do you have time?'
        2910 final 1 'on Sunday morning?'
        3000 end
        ",
        "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        1900 begin 1
        2700 pause 1
        2904 finalize 1
        2910 think 1.0 agent: Hello. | caller: Do you have time? on Sunday morning?
        ",
    );
}

#[test]
fn a_final_that_does_not_come_is_not_waited_for() {
    greeted(
        "
        1000 caller starts
        1700 caller ended 1500
        1700 stable 0 'Are you open on Sunday?'
        2900 final 0 'Are you open on Monday?'
        3000 end
        ",
        "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        2803 discard 0
        2803 think 1.0 agent: Hello. | caller: Are you open on Sunday?
        ",
    );
}

#[test]
fn a_recognizer_that_recovers_is_waited_for_longer_but_not_for_ever() {
    let recovering = "
        1000 caller starts
        1600 recognizer recovers
        1700 caller ended 1500
        1700 stable 0 'Are you open?'
        ";
    let asked = "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        ";
    greeted(
        &format!("{recovering} 4200 final 0 'Are you open on Monday?'\n 4300 end"),
        &format!("{asked} 4200 think 1.0 agent: Hello. | caller: Are you open on Monday?"),
    );
    greeted(
        &format!("{recovering} 6000 end"),
        &format!("{asked} 4403 discard 0\n 4403 think 1.0 agent: Hello. | caller: Are you open?"),
    );
    // It broke while its last words were awaited.
    greeted(
        "
        1000 caller starts
        1700 caller ended 1500
        1700 stable 0 'Are you open on Sunday?'
        1900 recognizer recovers
        3000 final 0 'Are you open on Monday?'
        3100 end
        ",
        "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        3000 think 1.0 agent: Hello. | caller: Are you open on Monday?
        ",
    );
}

#[test]
fn a_caller_who_goes_on_while_we_think_takes_the_turn_back() {
    greeted(
        "
        1000 caller starts
        1700 caller ended 1500
        1700 stable 0 'How much is a cleaning?'
        1810 final 0 'How much is a cleaning?'
        2000 caller starts
        2300 partial 1 'for'
        2400 partial 1 'for a child'
        2410 brain 1.0 says 'A cleaning is one hundred dollars. Anything else?'
        3100 caller ended 2900
        3100 stable 1 'for a child of six'
        3210 final 1 'for a child of six.'
        3300 end
        ",
        "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        1810 think 1.0 agent: Hello. | caller: How much is a cleaning?
        2000 begin 1
        2400 cancel-thought 1.0
        3100 pause 1
        3204 finalize 1
        3210 think 1.1 agent: Hello. | caller: How much is a cleaning? for a child of six.
        ",
    );
}

#[test]
fn a_cough_while_we_think_costs_nothing() {
    greeted(
        "
        1000 caller starts
        1700 caller ended 1500
        1700 stable 0 'How much is a cleaning?'
        1810 final 0 'How much is a cleaning?'
        2000 caller starts
        2050 brain 1.0 says 'A cleaning is one hundred dollars.'
        2050 brain 1.0 done
        2300 caller ended 2100
        2310 stable 1 ''
        2400 end
        ",
        "
        1000 begin 0
        1700 pause 0
        1803 finalize 0
        1810 think 1.0 agent: Hello. | caller: How much is a cleaning?
        2000 begin 1
        2300 pause 1
        2310 discard 1
        2310 speak 1.0/0 'A cleaning is one hundred dollars.'
        2310 end-speech 1.0
        ",
    );
}

#[test]
fn speech_without_words_is_asked_about_twice_and_no_more() {
    let noise = |at: u32, n: u32| {
        format!(
            "{} caller starts\n{} caller ended {}\n{} stable {n} ''\n{} final {n} ''\n",
            at,
            at + 700,
            at + 500,
            at + 710,
            at + 1_600
        )
    };
    let said = |at: u32, g: &str| {
        format!(
            "{} voice {g}/0 queued 1000\n{} playout {g} started\n{} playout {g} finished\n",
            at,
            at + 10,
            at + 1_010
        )
    };
    let script = [
        noise(1_000, 0),
        said(2_610, "1.0"),
        noise(4_000, 1),
        said(5_610, "2.0"),
        noise(7_000, 2),
        "9000 end".to_owned(),
    ];
    greeted(
        &script.concat(),
        "
        1000 begin 0
        1700 pause 0
        2475 finalize 0
        2600 speak 1.0/0 'Sorry, I didn't catch that.'
        2600 end-speech 1.0
        4000 begin 1
        4700 pause 1
        5475 finalize 1
        5600 speak 2.0/0 'I'm sorry, could you say that again?'
        5600 end-speech 2.0
        7000 begin 2
        7700 pause 2
        8475 finalize 2
        ",
    );
}

#[test]
fn silence_is_counted_from_the_heard_end_and_ends_the_call() {
    greeted(
        "
        8519 end
        8600 brain 1.0 says 'Are you still there?'
        8600 brain 1.0 done
        8700 voice 1.0/0 queued 1000
        8710 playout 1.0 started
        9800 playout 1.0 finished
        17800 end
        17900 voice 2.0/0 queued 3000
        17910 playout 2.0 started
        20910 playout 2.0 finished
        21300 leg ended
        ",
        "
        8520 think 1.0 agent: Hello. | silence
        8600 speak 1.0/0 'Are you still there?'
        8600 end-speech 1.0
        17800 speak 2.0/0 'I can't hear you, so I'll hang up now. Please call again. Goodbye.'
        17800 end-speech 2.0
        21210 hang-up
        21300 finish NoInput
        ",
    );
}

#[test]
fn keys_become_one_entry() {
    greeted(
        "
        1000 key 4
        2000 key 2
        5000 end
        ",
        "
        5000 think 1.0 agent: Hello. | keys: 42
        ",
    );
    greeted(
        "
        1000 key 4
        2000 key 2
        2500 key #
        ",
        "
        2500 think 1.0 agent: Hello. | keys: 42
        ",
    );
}

#[test]
fn a_key_stops_the_agent_at_once() {
    check(
        "
        0 answered
        10 voice 0.0/0 queued 500
        20 playout 0.0 started
        300 key 1
        305 playout 0.0 cleared 0:285/500
        600 key #
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        300 clear 0.0
        305 cancel-speech 0.0 285
        600 think 1.0 agent: Hello. | keys: 1
        ",
    );
}

#[test]
fn what_is_said_into_protected_words_is_answered_after_them() {
    let mut config = config();
    config.turns.barge_in = BargeIn::Protected;
    check_with(
        config,
        "
        0 answered
        10 voice 0.0/0 queued 3000
        20 playout 0.0 started
        500 caller starts
        1500 caller ended 1300
        1510 stable 0 'Are you open on Sunday?'
        1700 final 0 'Are you open on Sunday?'
        3020 playout 0.0 finished
        ",
        "
        0 speak 0.0/0 'Hello.' protected
        0 end-speech 0.0
        500 begin 0
        1500 pause 0
        1603 finalize 0
        3020 think 1.0 agent: Hello. | caller: Are you open on Sunday?
        ",
    );
}

#[test]
fn a_hello_into_the_greeting_is_no_question() {
    check(
        "
        0 answered
        10 caller starts
        20 voice 0.0/0 queued 2000
        80 playout 0.0 started
        600 caller ended 400
        610 stable 0 'Hello?'
        1000 final 0 'Hello?'
        2080 playout 0.0 finished
        9000 end
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        10 begin 0
        600 pause 0
        808 finalize 0
        ",
    );
}

#[test]
fn the_reading_that_is_answered_is_remembered() {
    check(
        "
        0 answered
        20 voice 0.0/0 queued 300
        80 playout 0.0 started
        380 playout 0.0 finished
        1000 caller starts
        2120 caller pauses 2000
        2180 stable 0 'How much is a frown?' or 'How much is a clown?'
        2200 caller ended 2000
        2310 final 0 'How much is a frown?' or 'How much is a crown?'
        2315 brain 1.0 answers 1
        2320 brain 1.0 says 'Eleven hundred dollars.'
        2320 brain 1.0 done
        2500 voice 1.0/0 queued 1000
        2680 playout 1.0 started
        3680 playout 1.0 heard 0
        3680 playout 1.0 finished
        3700 brain 1.0 answers 1
        11680 end
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        1000 begin 0
        2120 pause 0
        2303 finalize 0
        2310 think 1.0 agent: Hello. | caller: How much is a frown? or How much is a crown?
        2320 speak 1.0/0 'Eleven hundred dollars.'
        2320 end-speech 1.0
        11680 think 2.0 agent: Hello. | caller: How much is a crown? or How much is a frown? | agent: Eleven hundred dollars. | silence
        ",
    );
}
