use proptest::prelude::*;

use super::*;

const WORDS: [&str; 10] =
    ["riverside", "dental", "cedar", "comb", "north", "gate", "auto", "hello", "info", "front"];

fn check(rows: &[(&str, &str)]) {
    for (written, said) in rows {
        let words = words(written, &|word| WORDS.contains(&word));
        assert_eq!(words, *said, "{written}");
    }
}

#[test]
fn prices() {
    check(&[
        ("$120", "one hundred twenty dollars"),
        ("$40.", "forty dollars."),
        ("$1,100.50", "one thousand one hundred dollars and fifty cents"),
        ("$0.50", "fifty cents"),
        ("$1", "one dollar"),
        ("$1.01", "one dollar and one cent"),
        ("$40-$60", "forty to sixty dollars"),
        ("$40–60", "forty to sixty dollars"),
        ("$1.5 million", "one point five million dollars"),
        ("$2k", "two thousand dollars"),
        ("£3.20", "three pounds and twenty pence"),
        ("€5", "five euros"),
        ("It's $90.00, really.", "It's ninety dollars, really."),
    ]);
}

#[test]
fn times() {
    check(&[
        ("9 AM", "nine AM"),
        ("2:30 PM", "two thirty PM"),
        ("9am", "nine AM"),
        ("9:05 a.m. tomorrow", "nine oh five AM tomorrow"),
        ("We close at 5 p.m.", "We close at five PM."),
        ("9:00-17:00", "nine AM to five PM"),
        ("9:00 - 17:00", "nine AM to five PM"),
        ("9am-5pm", "nine AM to five PM"),
        ("17:30", "five thirty PM"),
        ("at 9:00", "at nine o'clock"),
        ("9-5", "nine to five"),
        ("12:00", "twelve o'clock"),
        ("00:15", "twelve fifteen AM"),
        ("10-11 AM", "ten to eleven AM"),
        ("I am here", "I am here"),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("December 25", "December twenty-fifth"),
        ("December 25, 2026", "December twenty-fifth, twenty twenty-six"),
        ("2026-12-25", "December twenty-fifth, twenty twenty-six"),
        ("March 4th", "March fourth"),
        ("Dec. 24", "December twenty-fourth"),
        ("Tue, Mar 3", "Tuesday, March third"),
        ("12/25", "December twenty-fifth"),
        ("1/2/2027", "January second, twenty twenty-seven"),
        ("25 December", "the twenty-fifth of December"),
        ("on the 4th of July", "on the fourth of July"),
        ("since 1998", "since nineteen ninety-eight"),
        ("the 1990s", "the nineteen nineties"),
        ("1/2", "one half"),
        ("24/7", "twenty-four seven"),
    ]);
}

#[test]
fn telephone_numbers() {
    check(&[
        ("+12125550142", "plus one; two, one, two; five, five, five; zero, one, four, two"),
        ("555-0142", "five, five, five; zero, one, four, two"),
        ("212-555-0142", "two, one, two; five, five, five; zero, one, four, two"),
        ("(212) 555-0142.", "two, one, two; five, five, five; zero, one, four, two."),
        ("+1 212 555 0142", "plus one; two, one, two; five, five, five; zero, one, four, two"),
        ("212.555.0142", "two, one, two; five, five, five; zero, one, four, two"),
        ("2125550142", "two, one, two; five, five, five; zero, one, four, two"),
        ("1-800-555-0199", "one; eight, zero, zero; five, five, five; zero, one, nine, nine"),
        (
            "+442079460018",
            "plus four, four, two; zero, seven, nine; four, six, zero; zero, one, eight",
        ),
        ("555-0142 ext. 7", "five, five, five; zero, one, four, two extension seven"),
    ]);
}

#[test]
fn rows_of_figures_and_letters_have_pauses() {
    check(&[
        ("9 7 0, 5 5 5, 0 1", "nine, seven, zero; five, five, five; zero, one"),
        ("It is 9 1 1.", "It is nine, one, one."),
        ("S I O B, right?", "S, I, O, B, right?"),
        ("S, I, O, B", "S, I, O, B"),
        ("That's S-I-O-B.", "That's S, I, O, B."),
        ("rooms 1, 2, 3", "rooms one, two, three"),
        ("1 2", "one two"),
        ("a-b testing", "a-b testing"),
        ("5 A B", "five A B"),
    ]);
}

#[test]
fn addresses() {
    check(&[
        ("hello@riversidedental.example", "hello, at riverside dental, dot example"),
        ("Write to info@cedarandcomb.com.", "Write to info, at cedar and comb, dot com."),
        ("j.smith42@northgateauto.net", "J, dot smith four two, at north gate auto, dot net"),
        ("front-desk@x.co.uk", "front dash desk, at X, dot co, dot U K"),
        ("www.riversidedental.example", "w w w, dot riverside dental, dot example"),
        ("https://riversidedental.example/book?x=1", "riverside dental, dot example slash book"),
        ("riversidedental.com", "riverside dental, dot com"),
        ("1420 Main Street", "fourteen twenty Main Street"),
        (
            "412 Oak St., Portland, OR 97201",
            "four twelve Oak Street, Portland, Oregon nine seven two zero one",
        ),
        ("88 N. 4th Ave.", "eighty-eight North fourth Avenue."),
        ("J. Smith", "J Smith"),
        ("plan B.", "plan B."),
        ("Suite 200", "Suite two hundred"),
    ]);
}

#[test]
fn short_forms() {
    check(&[
        ("Dr. Nguyen", "Doctor Nguyen"),
        ("12 Oak Dr.", "twelve Oak Drive."),
        ("St. Mary's", "Saint Mary's"),
        ("Main St. is closed", "Main Street is closed"),
        ("Mr. and Mrs. Lee", "Mister and Missus Lee"),
        ("Mon-Fri", "Monday to Friday"),
        ("Mon–Fri 9:00-17:00", "Monday to Friday nine AM to five PM"),
        ("Sat and Sun", "Sat and Sun"),
        ("Sat. 9-1", "Saturday nine to one"),
        ("the sun", "the sun"),
        ("No. 4", "number four"),
        ("No. We are closed.", "No. We are closed."),
        ("e.g. cleanings", "for example cleanings"),
        ("cuts, color, etc.", "cuts, color, et cetera."),
        ("FAQ", "F A Q"),
        ("your ID", "your I D"),
        ("U.S. citizens", "U S citizens"),
        ("PDFs", "P D F's"),
        ("ASAP", "A S A P"),
        ("OK", "okay"),
        ("LASIK", "lasik"),
        ("We are OPEN", "We are open"),
        ("A crown", "A crown"),
        ("vs. the rest", "versus the rest"),
    ]);
}

#[test]
fn figures() {
    check(&[
        ("0", "zero"),
        ("1,100", "one thousand one hundred"),
        ("3.5 hours", "three point five hours"),
        ("-4", "minus four"),
        ("007", "zero zero seven"),
        ("20%", "twenty percent"),
        ("10-12%", "ten to twelve percent"),
        ("4th", "fourth"),
        ("22nd", "twenty-second"),
        ("30 min", "thirty minutes"),
        ("30 min.", "thirty minutes."),
        ("1 hr", "one hour"),
        ("45-minute", "forty-five minute"),
        ("30min", "thirty minutes"),
        ("5 in stock", "five in stock"),
        ("68°F", "sixty-eight degrees Fahrenheit"),
        ("2-3 days", "two to three days"),
        ("#4", "number four"),
        ("B-12", "B twelve"),
        ("3D", "three D"),
        ("90s", "nineties"),
        ("65+", "sixty-five plus"),
        ("cash & card", "cash and card"),
        ("and/or", "and or"),
        (
            "123456789012345678",
            "one two three four five six seven eight nine zero one two three four five six seven eight",
        ),
    ]);
}

#[test]
fn punctuation_and_words_stay() {
    check(&[
        ("Hello there, how are you?", "Hello there, how are you?"),
        ("\"Quoted\" (and bracketed).", "Quoted and bracketed."),
        ("wait—what", "wait, what"),
        ("well… yes", "well, yes"),
        ("don't", "don't"),
        ("we’re", "we're"),
        ("walk-in", "walk-in"),
        ("café", "café"),
        ("", ""),
        ("   ", ""),
        ("—", ""),
        ("👍 great", "great"),
        ("[a](/b/)", "a b"),
    ]);
}

#[test]
fn pieces_remember_their_text() {
    let text = "It is $120, on March 4th.";
    let pieces = verbalize(text, &|_| false);
    let spans: Vec<(&str, &str)> =
        pieces.iter().map(|piece| (&text[..piece.source_end], piece.text.as_str())).collect();
    assert_eq!(
        spans,
        [
            ("It", "It"),
            ("It is", "is"),
            ("It is $120,", "one hundred twenty dollars,"),
            ("It is $120, on", "on"),
            ("It is $120, on March 4th.", "March fourth."),
        ]
    );
}

proptest! {
    #[test]
    fn any_text_becomes_words(text in "\\PC{0,60}") {
        fuzz_verbalize(text.as_bytes());
    }

    #[test]
    fn anything_with_figures_becomes_words(text in "[0-9a-zA-Z $£€%.,:;/@#+°–()'’\\-]{0,40}") {
        fuzz_verbalize(text.as_bytes());
    }

    #[test]
    fn any_bytes_become_words(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        fuzz_verbalize(&bytes);
    }
}
