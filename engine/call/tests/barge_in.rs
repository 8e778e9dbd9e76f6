//! The caller speaks while the agent does.

mod script;

use script::{check, check_with, config};

/// The agent answers a question in two sentences of two seconds and one.
const ANSWERING: &str = "
    0 answered
    10 voice 0.0/0 queued 500
    20 playout 0.0 started
    520 playout 0.0 heard 0
    520 playout 0.0 finished
    1000 caller starts
    1700 caller ended 1500
    1700 stable 0 'How much is a cleaning?'
    1810 final 0 'How much is a cleaning?'
    1820 brain 1.0 says 'A cleaning is one hundred dollars. It takes an hour.'
";
const SPEAKING: &str = "
    1900 voice 1.0/0 queued 2000
    1950 voice 1.0/1 queued 1000
    2000 playout 1.0 started
";
const ANSWERED: &str = "
    0 speak 0.0/0 'Hello.'
    0 end-speech 0.0
    1000 begin 0
    1700 pause 0
    1803 finalize 0
    1810 think 1.0 agent: Hello. | caller: How much is a cleaning?
    1820 speak 1.0/0 'A cleaning is one hundred dollars.'
";
const ENDED: &str = "
    1820 speak 1.0/1 'It takes an hour.'
    1820 end-speech 1.0
";

fn answering(effect: &str, script: &str, expected: &str) {
    check(
        &format!("{ANSWERING}{effect}\n1820 brain 1.0 done\n{SPEAKING}{script}"),
        &format!("{ANSWERED}{ENDED}{expected}"),
    );
}

#[test]
fn words_stop_the_agent_and_only_what_was_heard_is_remembered() {
    answering(
        "",
        "
        3000 caller starts
        3200 partial 1 'what'
        3300 partial 1 'what about'
        3310 playout 1.0 cleared 0:1000/2000 1:0/1000
        3311 brain 1.0 says 'And a polish.'
        3900 caller ended 3700
        3910 stable 1 'What about whitening?'
        4010 final 1 'What about whitening?'
        4100 end
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3200 clear 1.0    (a word that means stop)
        3310 cancel-speech 1.0 1000
        3900 pause 1
        4003 finalize 1
        4010 think 2.0 agent: Hello. | caller: How much is a cleaning? | cut: A cleaning is one | caller: What about whitening?
        ",
    );
}

#[test]
fn a_sign_of_listening_does_not_stop_the_agent() {
    answering(
        "",
        "
        3000 caller starts
        3300 partial 1 'uh-huh'
        3400 caller ended 3250
        3420 stable 1 'Uh-huh.'
        5500 playout 1.0 finished
        5600 end
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3400 pause 1
        3420 discard 1
        3420 go-on 1.0
        ",
    );
}

#[test]
fn a_cough_does_not_stop_the_agent() {
    answering(
        "",
        "
        3000 caller starts
        3350 caller ended 3150
        3500 end
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3350 pause 1
        3500 discard 1
        3500 go-on 1.0
        ",
    );
}

#[test]
fn speech_that_goes_on_stops_the_agent_even_without_words() {
    answering(
        "",
        "
        3000 caller starts
        3505 playout 1.0 cleared 0:1000/2000
        3600 end
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3500 clear 1.0
        3505 cancel-speech 1.0 1000
        ",
    );
}

#[test]
fn noise_that_stopped_the_agent_lets_it_say_the_rest() {
    answering(
        "",
        "
        3000 caller starts
        3505 playout 1.0 cleared 0:1000/2000
        4000 caller ended 3800
        4010 stable 1 ''
        4900 final 1 ''
        4950 voice 1.1/0 queued 2000
        4960 voice 1.1/1 queued 1000
        4970 playout 1.1 started
        7810 playout 1.1 finished
        8000 caller starts
        9000 caller ended 8900
        9000 stable 2 'Thank you, goodbye.'
        9205 final 2 'Thank you, goodbye.'
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3500 clear 1.0
        3505 cancel-speech 1.0 1000
        4000 pause 1
        4775 finalize 1
        4900 speak 1.1/0 'A cleaning is one hundred dollars.'
        4900 speak 1.1/1 'It takes an hour.'
        4900 end-speech 1.1
        8000 begin 2
        9000 pause 2
        9203 finalize 2
        9205 think 2.0 agent: Hello. | caller: How much is a cleaning? | agent: A cleaning is one hundred dollars. It takes an hour. | caller: Thank you, goodbye.
        ",
    );
}

#[test]
fn a_reply_of_which_nothing_was_heard_never_was() {
    answering(
        "1820 brain 1.0 takes-message",
        "
        2010 caller starts
        2300 partial 1 'for two'
        2305 playout 1.0 cleared 0:290/2000
        2306 playout 1.0 finished
        3000 caller ended 2900
        3000 stable 1 'for two children'
        3210 final 1 'for two children'
        3300 end
        ",
        "
        2010 begin 1
        2010 hold 1.0
        2300 clear 1.0
        2305 cancel-speech 1.0 290
        3000 pause 1
        3204 finalize 1
        3210 think 1.1 agent: Hello. | caller: How much is a cleaning? for two children
        ",
    );
}

#[test]
fn a_clear_without_a_report_does_not_hang() {
    answering(
        "",
        "
        3000 caller starts
        3100 partial 1 'stop it'
        3900 caller ended 3300
        3900 stable 1 'Stop it.'
        3950 final 1 'Stop it.'
        ",
        "
        3000 begin 1
        3000 hold 1.0
        3100 clear 1.0
        3600 cancel-speech 1.0 0
        3900 pause 1
        3900 finalize 1
        3950 think 1.1 agent: Hello. | caller: How much is a cleaning? Stop it.
        ",
    );
}

#[test]
fn an_answer_to_a_question_is_no_mere_sign_of_listening() {
    check(
        &format!(
            "{ANSWERING}1820 brain 1.0 asks\n{SPEAKING}
            4010 playout 1.0 heard 0
            4700 caller starts
            4950 caller ended 4850
            4960 stable 1 'Yes.'
            4965 playout 1.0 cleared 0:2000/2000 1:900/1000
            5200 final 1 'Yes.'
            ",
        ),
        &format!(
            "{ANSWERED}{ENDED}
            4700 begin 1
            4700 hold 1.0
            4950 pause 1
            4960 clear 1.0
            4965 cancel-speech 1.0 2900
            5076 finalize 1     (4850 + 226: a closed question)
            5200 think 2.0 agent: Hello. | caller: How much is a cleaning? | agent: A cleaning is one hundred dollars. It takes an hour. | caller: Yes.
            "
        ),
    );
}

#[test]
fn speech_at_the_very_end_of_a_reply_is_the_next_turn() {
    answering(
        "",
        "
        4950 caller starts
        5000 playout 1.0 finished
        5400 caller ended 5200
        5410 stable 1 'Okay.'
        5510 final 1 'Okay.'
        ",
        "
        4950 begin 1
        4950 hold 1.0
        5000 go-on 1.0
        5400 pause 1
        5503 finalize 1
        5510 think 2.0 agent: Hello. | caller: How much is a cleaning? | agent: A cleaning is one hundred dollars. It takes an hour. | caller: Okay.
        ",
    );
}

#[test]
fn the_disclosure_is_heard_even_by_who_talks_over_the_greeting() {
    let mut config = config();
    config.persona.disclosure = Some("This call is recorded.".to_owned());
    check_with(
        config,
        "
        0 answered
        10 voice 0.0/0 queued 2000
        10 voice 0.0/1 queued 1500
        20 playout 0.0 started
        1000 caller starts
        1300 partial 0 'are you open'
        1305 playout 0.0 cleared 0:980/2000 1:0/1500
        2000 caller ended 1800
        2000 stable 0 'Are you open today?'
        2110 final 0 'Are you open today?'
        2300 brain 1.0 says 'Yes, until five.'
        2300 brain 1.0 done
        2310 voice 1.0/0 queued 1500
        2320 playout 1.0 started
        2400 caller starts
        2900 caller ended 2800
        2910 stable 1 'Hold on, I mean tomorrow, please.'
        3110 final 1 'Hold on, I mean tomorrow, please.'
        3820 playout 1.0 heard 0
        3825 playout 1.0 cleared 0:1500/1500 1:0/0
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 speak 0.0/1 'This call is recorded.' protected
        0 end-speech 0.0
        1000 begin 0
        1000 hold 0.0
        1300 clear 0.0
        1305 cancel-speech 0.0 980
        2000 pause 0
        2103 finalize 0
        2110 think 1.0 cut: Hello. | caller: Are you open today?
        2110 speak 1.0/0 'This call is recorded.' protected
        2300 speak 1.0/1 'Yes, until five.'
        2300 end-speech 1.0
        2400 begin 1
        2900 pause 1
        3103 finalize 1
        3820 clear 1.0
        3825 cancel-speech 1.0 1500
        3825 think 2.0 cut: Hello. | caller: Are you open today? | cut: This call is recorded. | caller: Hold on, I mean tomorrow, please.
        ",
    );
}

#[test]
fn a_protected_greeting_goes_on_and_what_was_said_into_it_is_answered() {
    let mut config = config();
    config.turns.greeting_protected = types::Millis::new(2_000);
    check_with(
        config,
        "
        0 answered
        10 voice 0.0/0 queued 3000
        20 playout 0.0 started
        500 caller starts
        900 partial 0 'are you open'
        1500 caller ended 1300
        1510 stable 0 'Are you open today?'
        1650 final 0 'Are you open today?'
        2110 end
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        500 begin 0
        1500 pause 0
        1603 finalize 0
        2020 clear 0.0      (the protection is over, and something was said into it)
        ",
    );
}
