//! Goodbyes, transfers, limits, and vendors that fail.

mod script;

use script::{check, check_with, config};
use types::Millis;

const ASKED: &str = "
    0 answered
    10 voice 0.0/0 queued 500
    20 playout 0.0 started
    520 playout 0.0 heard 0
    520 playout 0.0 finished
    1000 caller starts
    1700 caller ended 1500
    1700 stable 0 'That is all, thank you.'
    1810 final 0 'That is all, thank you.'
";
const THINKING: &str = "
    0 speak 0.0/0 'Hello.'
    0 end-speech 0.0
    1000 begin 0
    1700 pause 0
    1803 finalize 0
    1810 think 1.0 agent: Hello. | caller: That is all, thank you.
";

fn asked(script: &str, expected: &str) {
    check(&format!("{ASKED}{script}"), &format!("{THINKING}{expected}"));
}

#[test]
fn the_goodbye_is_heard_to_its_end() {
    asked(
        "
        1820 brain 1.0 says 'Goodbye, have a nice day!'
        1820 brain 1.0 ends-call
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        3500 playout 1.0 finished
        3799 end
        3850 leg ended
        ",
        "
        1820 speak 1.0/0 'Goodbye, have a nice day!'
        1820 end-speech 1.0
        3800 hang-up
        3850 finish AgentSaidGoodbye
        ",
    );
}

#[test]
fn a_goodbye_whose_mark_is_lost_still_ends_the_call() {
    asked(
        "
        1820 brain 1.0 says 'Goodbye, have a nice day!'
        1820 brain 1.0 ends-call
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        20000 end
        ",
        "
        1820 speak 1.0/0 'Goodbye, have a nice day!'
        1820 end-speech 1.0
        5300 hang-up      (1500 of audio, 1500 of patience, 300 of post-roll)
        10300 finish AgentSaidGoodbye
        ",
    );
}

#[test]
fn a_caller_who_says_bye_into_the_goodbye_does_not_stop_it() {
    asked(
        "
        1820 brain 1.0 says 'Goodbye, have a nice day!'
        1820 brain 1.0 ends-call
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        3000 caller starts
        3400 caller ended 3300
        3410 stable 1 'Bye bye!'
        3900 playout 1.0 finished
        4300 leg ended
        ",
        "
        1820 speak 1.0/0 'Goodbye, have a nice day!'
        1820 end-speech 1.0
        3000 begin 1
        3000 hold 1.0
        3400 pause 1
        3410 discard 1
        3410 go-on 1.0
        4200 hang-up
        4300 finish AgentSaidGoodbye
        ",
    );
}

#[test]
fn one_more_question_into_the_goodbye_keeps_the_call() {
    let goodbye = "
        1820 brain 1.0 says 'Goodbye, have a nice day!'
        1820 brain 1.0 ends-call
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
    ";
    let spoken = "
        1820 speak 1.0/0 'Goodbye, have a nice day!'
        1820 end-speech 1.0
    ";
    asked(
        &format!(
            "{goodbye}
            2800 caller starts
            3200 partial 1 'one more question'
            3205 playout 1.0 cleared 0:900/1500
            4000 end
            "
        ),
        &format!(
            "{spoken}
            2800 begin 1
            2800 hold 1.0
            3200 clear 1.0
            3205 cancel-speech 1.0 900
            "
        ),
    );
    // In the post-roll.
    asked(
        &format!(
            "{goodbye}
            3500 playout 1.0 finished
            3700 caller starts
            4500 caller ended 4300
            4510 stable 1 'Are you open on Sunday?'
            4610 final 1 'Are you open on Sunday?'
            "
        ),
        &format!(
            "{spoken}
            3700 begin 1
            4500 pause 1
            4603 finalize 1
            4610 think 2.0 agent: Hello. | caller: That is all, thank you. | agent: Goodbye, have a nice day! | caller: Are you open on Sunday?
            "
        ),
    );
    asked(
        &format!(
            "{goodbye}
            3500 playout 1.0 finished
            3700 caller starts
            4500 caller ended 4300
            4510 stable 1 'Bye.'
            4610 final 1 'Bye.'
            4610 end
            "
        ),
        &format!(
            "{spoken}
            3700 begin 1
            4500 pause 1
            4603 finalize 1
            4610 hang-up
            "
        ),
    );
}

#[test]
fn a_message_is_kept_once_its_words_were_heard() {
    asked(
        "
        1820 brain 1.0 says 'I have taken that down.'
        1820 brain 1.0 takes-message
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        3500 playout 1.0 finished
        3600 leg ended
        ",
        "
        1820 speak 1.0/0 'I have taken that down.'
        1820 end-speech 1.0
        3500 keep-message
        3600 finish CallerHungUp
        ",
    );
    asked(
        "
        1820 brain 1.0 says 'I have taken that down.'
        1820 brain 1.0 takes-message
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        2500 leg ended
        ",
        "
        1820 speak 1.0/0 'I have taken that down.'
        1820 end-speech 1.0
        2500 finish CallerHungUp
        ",
    );
}

#[test]
fn a_transfer_that_is_refused_becomes_an_offer() {
    let script = "
        1820 brain 1.0 says 'I will put you through.'
        1820 brain 1.0 transfers
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        3500 playout 1.0 finished
    ";
    let expected = "
        1820 speak 1.0/0 'I will put you through.'
        1820 end-speech 1.0
        3500 transfer
    ";
    let offer = "I'm sorry, I can't put you through right now. I can take a message instead: just say, take a message.";
    asked(
        &format!("{script} 3600 leg refuses"),
        &format!(
            "{expected}
            3600 speak 2.0/0 '{offer}'
            3600 end-speech 2.0"
        ),
    );
    asked(
        &format!("{script} 43500 end"),
        &format!(
            "{expected}
            43500 speak 2.0/0 '{offer}'
            43500 end-speech 2.0"
        ),
    );
    let handed_over = format!("{script} 9000 leg handed-over");
    asked(&handed_over, &format!("{expected} 9000 finish Transferred"));
    // Whoever waited for it gave up.
    asked(&format!("{script} 9000 leg ended"), &format!("{expected} 9000 finish CallerHungUp"));
}

#[test]
fn a_long_call_is_warned_and_ended_politely() {
    let mut config = config();
    config.limits.call_duration_max = Millis::from_secs(121);
    config.turns.no_input_delay = Millis::from_secs(300);
    check_with(
        config,
        "
        0 answered
        10 voice 0.0/0 queued 500
        20 playout 0.0 started
        520 playout 0.0 finished
        60999 caller starts
        61700 caller ended 61500
        61700 stable 0 'Hello there, are you open?'
        61810 final 0 'Hello there, are you open?'
        61820 brain 1.0 says 'Yes we are.'
        61820 brain 1.0 done
        61900 voice 1.0/0 queued 1000
        61910 playout 1.0 started
        62910 playout 1.0 finished
        63000 voice 2.0/0 queued 1000
        63010 playout 2.0 started
        64010 playout 2.0 finished
        120900 caller starts
        121100 voice 3.0/0 queued 3000
        121110 playout 3.0 started
        121500 caller ended 121300
        124110 playout 3.0 finished
        124500 leg ended
        ",
        "
        0 speak 0.0/0 'Hello.'
        0 end-speech 0.0
        60999 begin 0
        61700 pause 0
        61803 finalize 0
        61810 think 1.0 agent: Hello. | caller: Hello there, are you open?
        61820 speak 1.0/0 'Yes we are.'
        61820 end-speech 1.0
        62910 speak 2.0/0 'Just so you know, we have about one minute left.'
        62910 end-speech 2.0
        120900 begin 1
        121000 discard 1
        121000 speak 3.0/0 'I'm sorry, our time is up. Please call again if you need more. Goodbye.' protected
        121000 end-speech 3.0
        124410 hang-up
        124500 finish DurationMax
        ",
    );
}

#[test]
fn the_house_can_end_a_call_politely_or_at_once() {
    asked(
        "
        1820 brain 1.0 says 'You are welcome.'
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1000
        2000 playout 1.0 started
        2100 house polite
        3000 playout 1.0 finished
        3100 voice 2.0/0 queued 2000
        3110 playout 2.0 started
        5110 playout 2.0 finished
        5500 leg ended
        ",
        "
        1820 speak 1.0/0 'You are welcome.'
        1820 end-speech 1.0
        3000 speak 2.0/0 'I'm sorry, I have to end this call now. Please call again. Goodbye.' protected
        3000 end-speech 2.0
        5410 hang-up
        5500 finish Shutdown
        ",
    );
    asked(
        "
        1820 brain 1.0 says 'You are welcome.'
        1820 brain 1.0 done
        1900 voice 1.0/0 queued 1000
        2000 playout 1.0 started
        2100 house at-once
        2200 leg ended
        ",
        "
        1820 speak 1.0/0 'You are welcome.'
        1820 end-speech 1.0
        2100 clear 1.0
        2100 cancel-speech 1.0 0
        2100 hang-up
        2200 finish Shutdown
        ",
    );
}

#[test]
fn a_brain_that_fails_is_asked_again_once() {
    asked(
        "
        1900 brain 1.0 fails
        1950 brain 1.0 says 'Too late, and too long to be held back. '
        1960 brain 1.0 ends-call
        2000 brain 1.1 says 'You are welcome.'
        2000 brain 1.1 done
        2050 brain 1.0 says 'Too late.'
        ",
        "
        1900 think 1.1 agent: Hello. | caller: That is all, thank you.
        2000 speak 1.1/0 'You are welcome.'
        2000 end-speech 1.1
        ",
    );
}

#[test]
fn a_brain_that_says_nothing_is_apologized_for_and_then_given_up() {
    asked(
        "
        6810 end
        11810 end
        11900 voice 1.2/0 queued 2000
        11910 playout 1.2 started
        13910 playout 1.2 finished
        15000 caller starts
        16000 caller ended 15900
        16000 stable 1 'Are you open on Sunday?'
        16210 final 1 'Are you open on Sunday?'
        16300 brain 2.0 fails
        16400 voice 3.0/0 queued 3000
        16410 playout 3.0 started
        19410 playout 3.0 finished
        20000 leg ended
        ",
        "
        6810 cancel-thought 1.0
        6810 think 1.1 agent: Hello. | caller: That is all, thank you.
        11810 cancel-thought 1.1
        11810 speak 1.2/0 'I'm sorry, something went wrong on my side. Could you say that again?'
        11810 end-speech 1.2
        15000 begin 1
        16000 pause 1
        16203 finalize 1
        16210 think 2.0 agent: Hello. | caller: That is all, thank you. | agent: I'm sorry, something went wrong on my side. Could you say that again? | caller: Are you open on Sunday?
        16300 speak 3.0/0 'I'm sorry, I'm having technical trouble. Please call again later. Goodbye.' protected
        16300 end-speech 3.0
        19710 hang-up
        20000 finish VendorsFailed
        ",
    );
}

#[test]
fn a_voice_that_fails_says_the_same_again_and_then_the_call_ends() {
    asked(
        "
        1820 brain 1.0 says 'You are welcome.'
        1820 brain 1.0 done
        1900 voice 1.0/0 fails
        1905 playout 1.0 cleared
        2000 voice 1.1/0 fails
        2005 playout 1.1 cleared
        2100 voice 1.2/0 fails
        2105 playout 1.2 cleared
        2200 voice 2.0/0 fails
        2300 leg ended
        ",
        "
        1820 speak 1.0/0 'You are welcome.'
        1820 end-speech 1.0
        1900 clear 1.0
        1905 cancel-speech 1.0 0
        1905 speak 1.1/0 'You are welcome.'
        1905 end-speech 1.1
        2000 clear 1.1
        2005 cancel-speech 1.1 0
        2005 speak 1.2/0 'I'm sorry, something went wrong on my side. Could you say that again?'
        2005 end-speech 1.2
        2100 clear 1.2
        2105 cancel-speech 1.2 0
        2105 speak 2.0/0 'I'm sorry, I'm having technical trouble. Please call again later. Goodbye.' protected
        2105 end-speech 2.0
        2200 clear 2.0
        2200 cancel-speech 2.0 0
        2200 hang-up
        2300 finish VendorsFailed
        ",
    );
}

#[test]
fn a_brain_that_breaks_off_is_apologized_for_and_its_promises_are_void() {
    asked(
        "
        1820 brain 1.0 says 'Let me see what I can do for you. And then '
        1820 brain 1.0 takes-message
        1900 voice 1.0/0 queued 1500
        2000 playout 1.0 started
        2100 brain 1.0 fails
        2200 voice 1.0/1 queued 1500
        5000 playout 1.0 finished
        ",
        "
        1820 speak 1.0/0 'Let me see what I can do for you.'
        2100 speak 1.0/1 'I'm sorry, something went wrong on my side. Could you say that again?'
        2100 end-speech 1.0
        ",
    );
}

#[test]
fn without_a_recognizer_the_call_ends_with_an_apology() {
    asked(
        "
        1820 recognizer fails
        1900 voice 2.0/0 queued 1000
        1910 playout 2.0 started
        2910 playout 2.0 finished
        3300 leg ended
        ",
        "
        1820 cancel-thought 1.0
        1820 speak 2.0/0 'I'm sorry, I'm having technical trouble. Please call again later. Goodbye.' protected
        1820 end-speech 2.0
        3210 hang-up
        3300 finish VendorsFailed
        ",
    );
}

#[test]
fn a_leg_that_is_lost_ends_the_call_in_every_phase() {
    check("0 leg lost", "0 finish LegLost");
    asked("1900 leg lost\n1910 brain 1.0 says 'Hello?'", "1900 finish LegLost");
}
