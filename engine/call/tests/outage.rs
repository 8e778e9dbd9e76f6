//! A leg that loses its media, and a process that dies: the conversation waits and goes on.

mod script;

use script::{check, check_with, config};
use types::Millis;

const GREETED: &str = "
    0 answered
    10 voice 0.0/0 queued 500
    20 playout 0.0 started
    520 playout 0.0 heard 0
    520 playout 0.0 finished
";
const ASKED: &str = "
    1000 caller starts
    1700 caller ended 1500
    1700 stable 0 'How much is a cleaning?'
    1810 final 0 'How much is a cleaning?'
";
const THINKING: &str = "
    0 speak 0.0/0 'Hello.'
    0 end-speech 0.0
    1000 begin 0
    1700 pause 0
    1803 finalize 0
    1810 think 1.0 agent: Hello. | caller: How much is a cleaning?
";

fn greeted(script: &str, expected: &str) {
    let before = "0 speak 0.0/0 'Hello.'\n0 end-speech 0.0\n";
    check(&format!("{GREETED}{script}"), &format!("{before}{expected}"));
}

fn asked(script: &str, expected: &str) {
    check(&format!("{GREETED}{ASKED}{script}"), &format!("{THINKING}{expected}"));
}

const ANSWERING: &str = "
    1820 brain 1.0 says 'A cleaning costs $90 here. It takes about an hour.'
    1820 brain 1.0 done
    1900 voice 1.0/0 queued 1000
    1900 voice 1.0/1 queued 1500
    2000 playout 1.0 started
    3000 playout 1.0 heard 0
";
const SPEAKING: &str = "
    1820 speak 1.0/0 'A cleaning costs $90 here.'
    1820 speak 1.0/1 'It takes about an hour.'
    1820 end-speech 1.0
";

#[test]
fn an_interrupted_reply_goes_on_with_the_sentence_that_was_not_heard() {
    asked(
        &format!(
            "{ANSWERING}
            3500 media lost
            3500 playout 1.0 cleared 0:1000/1000 1:500/1500
            5500 media back 2000
            5600 voice 1.1/0 queued 2000
            5600 voice 1.1/1 queued 1500
            5700 playout 1.1 started
            9200 playout 1.1 heard 0
            9200 playout 1.1 heard 1
            9200 playout 1.1 finished
            10000 caller starts
            10500 caller ended 10500
            10500 stable 1 'Thanks.'
            11200 final 1 'Thanks.'
            "
        ),
        &format!(
            "{SPEAKING}
            3500 clear 1.0
            3500 reattach 1
            3500 cancel-speech 1.0 1500
            5500 speak 1.1/0 'Sorry, we were cut off for a moment.' protected
            5500 speak 1.1/1 'It takes about an hour.'
            5500 end-speech 1.1
            10000 begin 1
            10500 pause 1
            10803 finalize 1
            11200 think 2.0 agent: Hello. | caller: How much is a cleaning? | agent: A cleaning costs $90 here. Sorry, we were cut off for a moment. It takes about an hour. | caller: Thanks.
            "
        ),
    );
}

#[test]
fn a_gap_too_short_to_notice_needs_no_apology() {
    asked(
        &format!(
            "{ANSWERING}
            3500 media back 300          (on a new socket, the old one not yet known as lost)
            3500 playout 1.0 cleared 0:1000/1000 1:500/1500
            3600 end
            "
        ),
        &format!(
            "{SPEAKING}
            3500 clear 1.0
            3500 cancel-speech 1.0 1500
            3500 speak 1.1/0 'It takes about an hour.'
            3500 end-speech 1.1
            "
        ),
    );
}

#[test]
fn a_reply_thought_of_while_the_line_is_down_waits_for_it() {
    asked(
        "
        1815 media lost
        1820 brain 1.0 says 'A cleaning costs $90 here.'
        1820 brain 1.0 done
        4000 media back 2185
        4001 end
        ",
        "
        1815 reattach 1
        4000 speak 1.0/0 'Sorry, we were cut off for a moment.' protected
        4000 speak 1.0/1 'A cleaning costs $90 here.'
        4000 end-speech 1.0
        ",
    );
}

#[test]
fn a_caller_cut_off_within_a_sentence_is_asked_to_go_on_and_both_parts_count() {
    greeted(
        "
        1000 caller starts
        1400 partial 0 'I would like'
        1500 media lost
        1600 final 0 'I would like'
        3500 media back 2000
        3600 voice 1.0/0 queued 1500
        3600 voice 1.0/1 queued 600
        3700 playout 1.0 started
        5800 playout 1.0 heard 0
        5800 playout 1.0 heard 1
        5800 playout 1.0 finished
        6000 caller starts
        6600 caller ended 6500
        6600 stable 1 'a cleaning on Monday, please.'
        6850 final 1 'a cleaning on Monday, please.'
        ",
        "
        1000 begin 0
        1500 finalize 0
        1500 reattach 1
        3500 speak 1.0/0 'Sorry, we were cut off for a moment.' protected
        3500 speak 1.0/1 'Please go on.'
        3500 end-speech 1.0
        6000 begin 1
        6600 pause 1
        6804 finalize 1
        6850 think 2.0 agent: Hello. | agent: Sorry, we were cut off for a moment. Please go on. | caller: I would like a cleaning on Monday, please.
        ",
    );
}

#[test]
fn a_caller_who_does_not_go_on_is_answered_with_what_is_there() {
    greeted(
        "
        1000 caller starts
        1400 partial 0 'a cleaning'
        1500 media lost
        1600 final 0 'a cleaning'
        1900 media back 400
        3400 end
        ",
        "
        1000 begin 0
        1500 finalize 0
        1500 reattach 1
        3400 think 1.0 agent: Hello. | caller: a cleaning
        ",
    );
}

#[test]
fn no_turn_ends_for_a_silence_that_is_none() {
    greeted(
        "
        1000 caller starts
        1500 media lost
        1550 caller pauses 1500
        1600 caller ended 1500
        1610 final 0 ''
        1650 key 5
        1700 caller starts
        8000 end
        ",
        "
        1000 begin 0
        1500 finalize 0
        1500 reattach 1
        ",
    );
}

#[test]
fn a_leg_that_does_not_come_back_is_hung_up_on() {
    greeted(
        "
        1000 media lost
        1100 attach refused
        1500 attach refused
        1900 attach unsupported
        20999 end
        21100 leg ended
        ",
        "
        1000 reattach 1
        1419 reattach 2
        1842 reattach 3
        21000 hang-up
        21100 finish LegLost
        ",
    );
}

#[test]
fn an_order_that_was_taken_late_has_its_time_all_the_same() {
    greeted(
        "
        1000 media lost
        8900 attach accepted         (the carrier could not be reached before)
        9900 media back 8900
        9901 end
        ",
        "
        1000 reattach 1
        9900 speak 1.0/0 'Sorry, we were cut off for a moment.' protected
        9900 speak 1.0/1 'Please go on.'
        9900 end-speech 1.0
        ",
    );
}

#[test]
fn an_order_that_was_taken_and_comes_to_nothing_is_given_again_soon() {
    greeted(
        "
        1000 media lost
        1200 attach accepted
        3500 attach accepted
        7000 media back 6000
        7001 attach accepted
        12000 end
        ",
        "
        1000 reattach 1
        3200 reattach 2
        5500 reattach 3
        7000 speak 1.0/0 'Sorry, we were cut off for a moment.' protected
        7000 speak 1.0/1 'Please go on.'
        7000 end-speech 1.0
        ",
    );
}

#[test]
fn after_too_many_refusals_the_call_ends_at_once() {
    let mut config = config();
    config.resume.attempts_max = 2;
    let script = "
        0 answered
        5 media silent
        10 attach refused
        400 attach refused
        410 leg ended
    ";
    let expected = "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        5 clear 0.0
        5 reattach 1
        329 reattach 2
        400 cancel-speech 0.0 0
        400 hang-up
        410 finish MediaDead
    ";
    check_with(config, script, expected);
}

#[test]
fn a_leg_that_hangs_up_while_it_has_no_media_is_over() {
    greeted(
        "
        1000 media lost
        1200 leg ended
        ",
        "
        1000 reattach 1
        1200 finish CallerHungUp
        ",
    );
}

#[test]
fn after_a_crash_the_agent_says_again_what_was_not_heard() {
    asked(
        &format!(
            "{ANSWERING}
            3400 restored 1000
            3900 media back 1500
            3901 end
            "
        ),
        &format!(
            "{SPEAKING}
            3400 cancel-speech 1.0 1000
            3400 reattach 1
            3900 speak 1.1/0 'Sorry, we were cut off for a moment.' protected
            3900 speak 1.1/1 'It takes about an hour.'
            3900 end-speech 1.1
            "
        ),
    );
}

#[test]
fn after_a_crash_a_thought_is_thought_again() {
    asked(
        "
        1900 restored 60
        2500 media back 700
        2501 end
        ",
        "
        1900 reattach 1
        2500 think 1.1 agent: Hello. | caller: How much is a cleaning?
        2500 speak 1.1/0 'Sorry, we were cut off for a moment.' protected
        ",
    );
}

#[test]
fn after_a_crash_a_caller_who_was_speaking_is_asked_to_say_it_again() {
    greeted(
        "
        1000 caller starts
        1400 partial 0 'I would like'
        1500 restored 100
        2000 media back 600
        2001 end
        ",
        "
        1000 begin 0
        1500 reattach 1
        2000 speak 1.0/0 'Sorry, we were cut off for a moment.' protected
        2000 speak 1.0/1 'Could you say that again, please?'
        2000 end-speech 1.0
        ",
    );
}

#[test]
fn after_a_crash_a_question_that_nobody_answered_is_asked_again() {
    asked(
        "
        1820 brain 1.0 says 'A cleaning costs $90 here. Which day suits you?'
        1820 brain 1.0 asks
        1900 voice 1.0/0 queued 1000
        1900 voice 1.0/1 queued 1000
        2000 playout 1.0 started
        4000 playout 1.0 heard 0
        4000 playout 1.0 finished
        4500 restored 300
        4700 media back 500
        4701 end
        ",
        "
        1820 speak 1.0/0 'A cleaning costs $90 here.'
        1820 speak 1.0/1 'Which day suits you?'
        1820 end-speech 1.0
        4500 reattach 1
        4700 speak 2.0/0 'Sorry, we were cut off for a moment.' protected
        4700 speak 2.0/1 'Which day suits you?'
        4700 end-speech 2.0
        ",
    );
}

#[test]
fn nobody_is_apologized_to_before_the_greeting() {
    check(
        "
        0 answered
        5 media lost
        5 playout 0.0 cleared
        3000 media back 2995
        3001 end
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        5 clear 0.0
        5 reattach 1
        5 cancel-speech 0.0 0
        3000 speak 0.1/0 'Hello.'
        3000 end-speech 0.1
        ",
    );
}

#[test]
fn a_goodbye_that_was_heard_needs_no_media_and_one_that_was_not_is_said_again() {
    let mut config = config();
    config.limits.call_duration_max = Millis::from_secs(1);
    let script = "
        0 answered
        10 voice 0.0/0 queued 500
        20 playout 0.0 started
        520 playout 0.0 finished
        1100 voice 1.0/0 queued 3000
        1200 playout 1.0 started
        2000 media lost
        2000 playout 1.0 cleared 0:800/3000
        2500 media back 500
        2600 voice 2.0/0 queued 3000
        2700 playout 2.0 started
        5700 playout 2.0 finished
        5800 media lost
        6000 end
        6100 leg ended
    ";
    let goodbye = "'I'm sorry, our time is up. Please call again if you need more. Goodbye.'";
    let expected = format!(
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        1000 speak 1.0/0 {goodbye} protected
        1000 end-speech 1.0
        2000 clear 1.0
        2000 reattach 1
        2000 cancel-speech 1.0 800
        2500 speak 2.0/0 {goodbye} protected
        2500 end-speech 2.0
        6000 hang-up
        6100 finish DurationMax
        "
    );
    check_with(config, script, &expected);
}

#[test]
fn a_transfer_may_take_the_media_away() {
    asked(
        "
        1820 brain 1.0 transfers
        1820 brain 1.0 done
        1900 media lost
        9000 leg handed-over
        ",
        "
        1820 transfer
        9000 finish Transferred
        ",
    );
}

#[test]
fn a_transfer_that_fails_wants_its_media_back() {
    asked(
        "
        1820 brain 1.0 transfers
        1820 brain 1.0 done
        1900 media lost
        2500 leg refuses
        3000 media back 1100
        3001 end
        ",
        "
        1820 transfer
        2500 reattach 1
        3000 speak 2.0/0 'Sorry, we were cut off for a moment.' protected
        3000 speak 2.0/1 'I'm sorry, I can't put you through right now. I can take a message instead: just say, take a message.'
        3000 end-speech 2.0
        ",
    );
}
