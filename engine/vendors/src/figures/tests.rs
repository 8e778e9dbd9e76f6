use proptest::prelude::*;

use super::*;

/// The figures of a text, in short.
fn told(text: &str) -> String {
    let tell = |figure: &Figure| match figure {
        Figure::Money(minor) => format!("${}.{:02}", minor / 100, minor % 100),
        Figure::Time { minutes, half } => {
            let mark = if *half == Half::Open { "?" } else { "" };
            format!("{:02}:{:02}{mark}", minutes / 60, minutes % 60)
        }
        Figure::Duration(minutes) => format!("{minutes}min"),
        Figure::Date { month, day, weekday } => {
            format!("{}/{day}/{}", month.unwrap_or(0), weekday.map_or(9, |day| day))
        }
        Figure::Digits(digits) => format!("#{digits}"),
        Figure::Percent(share) => format!("{}%", *share as f64 / 1_000.0),
        Figure::Number(number) => format!("{}", *number as f64 / 1_000.0),
    };
    figures_in(text).iter().map(|(figure, _)| tell(figure)).collect::<Vec<_>>().join(" ")
}

fn check(text: &str, expected: &str) {
    assert_eq!(told(text), expected, "{text}");
}

#[test]
fn amounts_are_read_however_they_are_said() {
    check("It's $1,100, or $72.50 for one.", "$1100.00 $72.50 1");
    check("a hundred and twenty dollars", "$120.00");
    check("Twelve dollars and fifty cents", "$12.50");
    check("thirty bucks a night", "$30.00");
    check("90 to 120 dollars", "$90.00 $120.00");
    check("between forty and fifty euros", "$40.00 $50.00");
    check("two thousand five hundred dollars", "$2500.00");
    check("eleven hundred dollars", "$1100.00");
    check("10 percent off, or 7.5%", "10% 7.5%");
}

#[test]
fn times_are_read_however_they_are_said() {
    check("from 8 AM to 5:30 p.m. on Monday", "08:00 17:30");
    check("We open at nine and close at half past five.", "09:00? 05:30?");
    check("8 to 5 PM, noon, midnight", "08:00? 17:00 12:00 00:00");
    check("eight thirty in the morning, at quarter to nine", "08:30 08:45?");
    check("until eleven. Breakfast is from seven to ten.", "11:00? 07:00? 10:00?");
    check("three in the afternoon, nine at night, 12 AM, ten o'clock", "15:00 21:00 00:00 10:00?");
    check("at 4.", "04:00?");
    check("15:30, 9-5 PM, 9-5", "15:30 09:00? 17:00 9 5");
}

#[test]
fn spans_and_days_are_read() {
    check("2 and a half hours, an hour and a half, 1 hour and 40 minutes", "150min 90min 100min");
    check("half an hour, ninety minutes, a 45-minute visit", "30min 90min 45min");
    check("30 to 45 minutes, two days, 24 hours", "30min 45min 2880min 1440min");
    check("forty dollars an hour", "$40.00");
    check("Thursday, December 24, the 4th of May, Friday the 27th", "12/24/3 5/4/9 0/27/4");
    check("December twenty-ninth; on the 24th.", "12/29/9 0/24/9");
    check("2026-11-27T15:30:00", "11/27/9 15:30");
}

#[test]
fn numbers_of_telephones_are_read() {
    check("2 1 2, 5 5 5, 0 1 4 2", "#2125550142");
    check("(212) 555-0142 or +1 212 555 0142", "#2125550142 #12125550142");
    check("five five five oh one four two", "#5550142");
    check("double five five, oh one", "#55501");
    check("dial nine one one", "#911");
}

#[test]
fn what_counts_nothing_is_a_plain_number_or_none() {
    check("Which one do you mean? The second, or the first one?", "1 1");
    check("I'll connect you to one of two people.", "1 2");
    check("214 Cedar Street, on the 2nd floor", "214");
    check("May I ask your name? You may.", "");
}

fn grounds() -> Grounds {
    let mut grounds = Grounds::default();
    let price = Source::Fact("service.cleaning.price".parse().unwrap());
    grounds.add_text("$120", price);
    grounds.add_text("45 minutes", Source::Fact("service.cleaning.duration".parse().unwrap()));
    grounds.add_text("8 AM, 5:30 PM", Source::Fact("hours.monday".parse().unwrap()));
    grounds.add_digits("12125550142", Source::Fact("phone".parse().unwrap()));
    grounds.add_text("maybe at three, for 4 people, 555", Source::Call);
    grounds.add_text("0199", Source::Call);
    grounds.add_text("{\"price\":80,\"slots\":[\"2026-12-01T10:15:00\"]}", Source::Tool);
    grounds.set_today("2026-11-24".parse().unwrap());
    grounds
}

#[test]
fn only_what_stands_somewhere_may_be_said() {
    let grounds = grounds();
    for said in [
        "A cleaning is $120 and takes 45 minutes.",
        "It's a hundred and twenty dollars, so 120.",
        "We open at eight and close at half past five.",
        "Our number is 2 1 2, 5 5 5, 0 1 4 2, or 5 5 5, 0 1 4 2.",
        "You asked for three o'clock, and your number ends in 5 5 5, 0 1 9 9.",
        "It costs 80 dollars, and the first of December at 10:15 AM is free.",
        "That is Friday, November 27, or Tuesday, December 1, 2026.",
        "I have two questions, and one is short.",
    ] {
        assert_eq!(grounds.judge(said).invented, [], "{said}");
    }
    for (said, invented) in [
        ("A cleaning is $45.", "$45"),
        ("It takes 120 minutes.", "120 minutes"),
        ("We close at 6 PM.", "6 PM"),
        ("We are open until nine.", "nine"),
        ("Call 2 1 2, 5 5 5, 0 1 4 3.", "2 1 2, 5 5 5, 0 1 4 3"),
        ("That is Thursday, November 27.", "November 27"),
        ("Take the 10:45 one.", "10:45"),
        ("You get 20 percent off.", "20 percent"),
        ("We have seen 3000 patients.", "3000"),
    ] {
        let judgement = grounds.judge(said);
        let words: Vec<&str> =
            judgement.invented.iter().map(|(_, span)| &said[span.clone()]).collect();
        assert_eq!(words, [invented], "{said}");
    }
    let cites: Vec<String> = grounds
        .judge("A cleaning is $120 and takes 45 minutes.")
        .cites
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(cites, ["service.cleaning.price", "service.cleaning.duration"]);
}

proptest! {
    #[test]
    fn any_words_are_read(
        text in "((one|two|twenty|hundred|oh|double|half|past|an|hour|to|5|12|:30|\\$|%|-|,|th| of|may|pm|é|\\.)[ ]?){0,20}"
    ) {
        fuzz_figures(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        fuzz_figures(&bytes);
    }
}
