//! The same question at other moments: midnight, summer time, the ends of exceptions.

use jiff::civil::Weekday;
use jiff::{Timestamp, ToSpan as _};
use types::{OpenSpan, TimeOfDay, Tone};

use crate::support::{Talk, agent, business, spans, spoken};

/// Rows of `moment | question | reply`.
fn check(name: &str, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let reply = Talk::with(name, columns[0]).say(columns[1]);
        assert_eq!(spoken(&reply), columns[2], "{row}");
    }
}

#[test]
fn a_day_has_a_before_a_middle_and_an_after() {
    check("riverside-dental", "
        2026-11-24T07:59:00-05:00 | are you open now         | No, we're closed right now. We open again today at 8 AM.
        2026-11-24T08:00:00-05:00 | are you open now         | Yes, we're open until 5 PM.
        2026-11-24T16:59:00-05:00 | are you open right now   | Yes, we're open until 5 PM.
        2026-11-24T17:00:00-05:00 | are you open now         | No, we're closed right now. We open again tomorrow at 8 AM.
        2026-11-24T18:00:00-05:00 | what time do you close today | We closed at 5 PM today. We open again tomorrow at 8 AM.
        2026-11-24T18:00:00-05:00 | are you open today       | No, we closed at 5 PM today. We open again tomorrow at 8 AM.
        2026-11-25T12:30:00-05:00 | are you open now         | No, we're closed right now. We open again today at 1 PM.
        2026-11-25T09:00:00-05:00 | are you open now         | Yes, we're open until 12 PM. And again from 1 PM to 7 PM.
        2026-11-25T09:00:00-05:00 | when do you close        | We close at 7 PM today. There is a break from 12 PM to 1 PM.
        2026-11-27T15:00:00-05:00 | are you open             | No, we're closed right now. We open again on Monday at 8 AM.
        2026-11-24T10:00:00-05:00 | are you open tonight     | No, tonight we're open from 8 AM to 5 PM.
        2026-11-25T10:00:00-05:00 | are you open tonight     | Yes, tonight we're open from 8 AM to 12 PM and 1 PM to 7 PM.
        2026-11-24T10:00:00-05:00 | what time did you open   | We opened at 8 AM today.
    ");
}

#[test]
fn the_businesss_clock_counts_not_ours() {
    // Half past midnight UTC is still the evening before in New York, and in Los Angeles the
    // afternoon.
    check("riverside-dental", "
        2026-11-25T00:30:00+00:00 | what time do you close today | We closed at 5 PM today. We open again tomorrow at 8 AM.
        2026-11-24T23:59:59-05:00 | are you open tomorrow | Yes, tomorrow we're open from 8 AM to 12 PM and 1 PM to 7 PM.
        2026-11-25T00:00:00-05:00 | are you open tomorrow | Yes, tomorrow we're open from 8 AM to 5 PM.
    ");
    check(
        "northgate-auto",
        "
        2026-10-15T00:30:00+00:00 | are you open now | Yes, we are open until 6 PM.
    ",
    );
}

#[test]
fn an_exception_of_several_days_is_told_once() {
    let mut talk = Talk::with("northgate-auto", "2026-11-22T10:00:00-08:00");
    let reply = spoken(&talk.say("What are your opening hours?"));
    assert_eq!(reply.matches("closed for Thanksgiving").count(), 1, "{reply}");
}

#[test]
fn the_clock_change_moves_nothing() {
    // 2026-03-08 and 2026-11-01: New York jumps at 2 AM.
    check("riverside-dental", "
        2026-03-09T11:59:00+00:00 | are you open now | No, we're closed right now. We open again today at 8 AM.
        2026-03-09T12:00:00+00:00 | are you open now | Yes, we're open until 5 PM.
        2026-11-02T12:59:00+00:00 | are you open now | No, we're closed right now. We open again today at 8 AM.
        2026-11-02T13:00:00+00:00 | are you open now | Yes, we're open until 5 PM.
        2026-11-01T05:30:00+00:00 | are you open tomorrow | Yes, tomorrow we're open from 8 AM to 5 PM.
    ");
}

#[test]
fn exceptions_hold_from_their_first_to_their_last_day() {
    check("riverside-dental", "
        2026-12-24T10:00:00-05:00 | are you open tomorrow | No, we're closed tomorrow for Christmas Day. We open again on Monday at 9 AM.
        2026-12-27T10:00:00-05:00 | are you open tomorrow | Yes, tomorrow we're open from 9 AM to 12 PM.
        2026-12-30T10:00:00-05:00 | are you open tomorrow | Yes, tomorrow we're open from 9 AM to 12 PM.
        2026-12-31T10:00:00-05:00 | are you open tomorrow | Yes, tomorrow we're open from 8 AM to 2 PM.
        2026-12-28T13:00:00-05:00 | are you open now | No, we're closed right now. We open again tomorrow at 9 AM.
    ");
    check("northgate-auto", "
        2026-12-24T13:00:00-08:00 | are you open now | No, we are closed right now. We open again on Saturday, January 2 at 9 AM.
        2027-01-01T10:00:00-08:00 | are you open today | No, today we are closed for the winter break. We open again tomorrow at 9 AM.
    ");
}

#[test]
fn midnight_is_the_end_of_a_day_and_the_start_of_the_next() {
    let mut facts = (*business("riverside-dental").facts).clone();
    facts.hours.exceptions.clear();
    facts.hours.week[1] = spans(&["18:00-24:00".into()]);
    facts.hours.week[2] = spans(&["00:00-02:00".into(), "18:00-24:00".into()]);
    let ask = |now: &str, said: &str| {
        spoken(&Talk::new(agent(facts.clone(), Tone::Brisk, "Hi."), now).say(said))
    };
    // Tuesday night.
    assert_eq!(ask("2026-11-24T23:00:00-05:00", "are you open now"), "Yes, we're open until 2 AM.");
    assert_eq!(
        ask("2026-11-25T01:00:00-05:00", "are you open now"),
        "Yes, we're open until 2 AM. And again from 6 PM to midnight."
    );
    assert_eq!(
        ask("2026-11-24T12:00:00-05:00", "when do you close today"),
        "Today, we're open until 2 AM the next day."
    );
    assert_eq!(
        ask("2026-11-25T12:00:00-05:00", "when do you close today"),
        "We close at midnight today. There is a break from 2 AM to 6 PM."
    );
}

#[test]
fn a_business_that_never_closes_says_so() {
    let mut facts = (*business("riverside-dental").facts).clone();
    facts.hours.exceptions.clear();
    let all_day =
        OpenSpan { open: TimeOfDay::new(0, 0).unwrap(), close: TimeOfDay::new(24, 0).unwrap() };
    facts.hours.week = std::array::from_fn(|_| vec![all_day]);
    let ask = |said: &str| {
        spoken(
            &Talk::new(agent(facts.clone(), Tone::Brisk, "Hi."), "2026-11-24T12:00:00-05:00")
                .say(said),
        )
    };
    assert_eq!(ask("are you open now"), "Yes, we're open all day.");
    assert_eq!(ask("what are your hours"), "Every day, we're open all day.");
    assert_eq!(ask("when do you close today"), "Today, we're open all day.");
}

#[test]
fn a_moment_beyond_all_calendars_gets_a_reply() {
    let mut talk = Talk::with("riverside-dental", "2026-11-24T12:00:00-05:00");
    for millis in [i64::MIN, i64::MAX, 0] {
        talk.now = types::WallTime::from_unix_millis(millis);
        assert!(!talk.say("are you open tomorrow").sentences.is_empty());
    }
}

/// Eight days with a holiday in them, whatever the hour.
#[test]
fn whether_it_is_open_is_right_at_any_hour() {
    for name in ["riverside-dental", "cedar-and-comb", "northgate-auto"] {
        let facts = &business(name).facts;
        let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        for step in 0..8 * 24 * 60 / STEP_MINUTES {
            let at = start + jiff::SignedDuration::from_mins(STEP_MINUTES * step);
            let now = at.to_zoned(facts.timezone.clone());
            let minute = TimeOfDay::new(now.hour() as u16, now.minute() as u16).unwrap();
            let says = |question: &str| spoken(&Talk::with(name, &at.to_string()).say(question));
            let (today, _) = facts.hours.on(now.date());
            let is_open = today.iter().any(|span| span.open <= minute && minute < span.close);
            let said = says("are you open now");
            assert_eq!(said.starts_with("Yes"), is_open, "{name} {now}: {said}");
            // On a Sunday it is asked of that day: open while some of its hours lie ahead.
            for day in [Weekday::Sunday, Weekday::Thursday] {
                let ahead = now.date().weekday().until(day);
                let date = now.date().checked_add(i64::from(ahead).days()).unwrap();
                let (spans, _) = facts.hours.on(date);
                let opens = spans.iter().any(|span| date != now.date() || minute < span.close);
                let said = says(&format!("are you open on {day:?}?"));
                assert_eq!(said.starts_with("Yes"), opens, "{name} {now} {day:?}: {said}");
            }
        }
    }
}

/// No divisor of a day: each day is seen at other moments.
const STEP_MINUTES: i64 = 155;
