//! One row per kind of mistake: what is edited, and what must be said about it, where.

use directory::{
    AGENTS_MAX, Directory, FILE_BYTES_MAX, GREETING_CHARS_MAX, MISTAKES_MAX, Published,
    SERVICES_MAX, check, publish,
};
use types::Price;

use crate::fixture::{BASE, rules, source};

#[track_caller]
fn says(text: impl Into<Vec<u8>>, expected: &[&str]) {
    assert_eq!(said(text), expected);
}

fn said(text: impl Into<Vec<u8>>) -> Vec<String> {
    let mistakes = check(&[source("t", text)], &rules()).err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

/// `mistakes.txt`: rows apart by blank lines, `#` comments.
#[test]
fn each_mistake_is_said_where_it_is() {
    let (mut rows, mut wrong) = (0, String::new());
    for row in include_str!("mistakes.txt").split("\n\n") {
        let lines = |mark: &str| -> Vec<&str> {
            row.lines().filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let (from, to, expected) = (lines("- "), lines("+ "), lines("! "));
        if from.is_empty() {
            continue;
        }
        let whole = |lines: Vec<&str>| lines.iter().map(|line| format!("{line}\n")).collect();
        let (from, to): (String, String) = (whole(from), whole(to));
        let base = format!("\n{BASE}");
        let from = format!("\n{from}");
        assert_eq!(base.matches(&from).count(), 1, "occurs once: {from}");
        let text = base.replace(&from, &format!("\n{to}"));
        let said = said(text.strip_prefix('\n').unwrap());
        if said != expected {
            wrong += &format!("{row}\nsaid: {said:#?}\n\n");
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(100 <= rows, "the table has not been lost: {rows} rows");
}

#[test]
fn the_base_is_good_and_means_what_it_says() {
    let businesses = check(&[source("t", BASE)], &rules()).unwrap();
    let business = &businesses[0];
    let prices: Vec<String> =
        business.facts.services.iter().map(|service| format!("{:?}", service.price)).collect();
    assert_eq!(
        prices,
        ["Exact(4.50 GBP)", "Range(30.00 GBP, 75.00 GBP)", "From(200.00 GBP)", "Depends",]
    );
    let agent = &business.agents[0];
    assert_eq!(agent.turns.endpoint_delay_max.get(), 900);
    assert_eq!(agent.turns.no_input_prompts_max, rules().defaults.turns.no_input_prompts_max);
    assert_eq!(agent.limits.call_duration_max.get(), 600_000);
    assert_eq!(agent.tools.len(), 1);
    assert_eq!(agent.tools[0].repeat, types::ToolRepeat::Idempotent);
    assert_eq!(agent.tools[0].deadline, types::Millis::new(3_000));
    assert_eq!(agent.vendors.recognizer[0].name.as_str(), "cloud-ear");
    assert_eq!(agent.vendors.recognizer[0].model, None);
    assert_eq!(agent.facts.hours.week[4][0].close.to_string(), "24:00");
    assert_eq!(agent.facts.hours.exceptions[1].to.to_string(), "2026-12-31");
    assert_eq!(agent.facts.timezone.iana_name(), Some("Europe/London"));
}

#[test]
fn an_agent_chooses_models_and_voices_and_nothing_else() {
    let chosen = "voice = [{ vendor = \"cloud-voice\", model = \"quick-3\", voice = \" 21m \", late_after_ms = 2000 }, \
                  { vendor = \"cloud-aura\", voice = \"thalia\" }, { vendor = \"local\" }]";
    let text = BASE.replace("voice = [\"local\"]", chosen);
    let businesses = check(&[source("t", text.clone())], &rules()).unwrap();
    let voices = &businesses[0].agents[0].vendors.voice;
    let voices: Vec<String> = voices.iter().map(ToString::to_string).collect();
    assert_eq!(
        voices,
        [
            "cloud-voice (model quick-3, voice 21m, late after 2000 ms)",
            "cloud-aura (voice thalia)",
            "local"
        ]
    );
    says(
        text.replace("voice = \" 21m \"", "speed = 2")
            .replace("voice = \"thalia\"", "model = \"x\""),
        &[
            "t:22:55: agents[0].vendors.voice[0].speed: is no key we know (known here: vendor, \
             model, voice or late_after_ms)",
            "t:22:123: agents[0].vendors.voice[1].model: \"cloud-aura\" takes no model (what is \
             chosen there: voice)",
        ],
    );
}

#[test]
fn another_model_is_another_agent() {
    let first = publish(&Directory::empty(), &[source("t", BASE)], &[], &rules());
    let agent = |published: &Published| {
        let mut businesses = published.directory.businesses();
        businesses.next().unwrap().agents[0].clone()
    };
    let chosen = "recognizer = [{ vendor = \"cloud-ear\", model = \"nova-3\" }, \"local\"]";
    let text = BASE.replace("recognizer = [\"cloud-ear\", \"local\"]", chosen);
    let second = publish(&first.directory, &[source("t", text)], &[], &rules());
    assert_eq!(second.changed.len(), 1);
    assert_ne!(agent(&first).version, agent(&second).version);
    assert_eq!(agent(&second).vendors.recognizer[0].model.as_deref(), Some("nova-3"));
    assert_eq!(agent(&first).vendors.recognizer[0].model, None, "who has it keeps it");
}

#[test]
fn the_sample_businesses_are_good() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/businesses");
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        sources.push(source(&file, std::fs::read(&path).unwrap()));
    }
    let businesses = check(&sources, &rules()).unwrap();
    assert!(3 <= businesses.len());
}

#[test]
fn one_price_twice_is_an_exact_price() {
    let text = BASE.replace("price_to = \"75.00\"", "price_to = \"30.00\"");
    let price = check(&[source("t", text)], &rules()).unwrap()[0].facts.services[1].price;
    assert!(matches!(price, Price::Exact(money) if money.minor == 3_000), "{price:?}");
}

#[test]
fn words_are_spoken_without_the_line_breaks_they_are_written_with() {
    let text = BASE.replace("\"Not yet.\"", "\"\"\"\nNot\n   yet.\n\"\"\"");
    let businesses = check(&[source("t", text)], &rules()).unwrap();
    assert_eq!(businesses[0].facts.faqs[0].answer, "Not yet.");
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused_before_it_is_read() {
    says(
        b"[business]\n# caf\xc3\xa9 caf\xe9\n",
        &["t:2:11: is not UTF-8 (save it with the encoding UTF-8)"],
    );
    let large = "#".repeat(FILE_BYTES_MAX + 1);
    says(large, &["t:1:1: has 262145 bytes: at most 262144 fit"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_move_no_column() {
    let text = format!("\u{feff}{}", BASE.replace('\n', "\r\n"));
    assert_eq!(said(text.clone()), [""; 0]);
    says(
        text.replace("[business]", "[business] x"),
        &["t:1:12: is no TOML: unexpected key or value, expected newline, `#`"],
    );
    says(
        text.replace("\"Europe/London\"", "\"é\" # é").replace("GBP", "XXX"),
        &[
            "t:4:12: business.timezone: \"é\" is no IANA time zone (write it like \
             \"America/New_York\")",
            "t:5:12: business.currency: is \"XXX\": must be USD, CAD, EUR, GBP or AUD",
        ],
    );
}

#[test]
fn an_empty_file_lacks_everything() {
    says(
        "",
        &[
            "t:1:1: agents: is missing (add [[agents]]: somebody has to answer)",
            "t:1:1: business: is missing (begin with [business])",
            "t:1:1: facts: is missing (add [facts]: the receptionist says nothing else)",
        ],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = BASE
        .replace("\"GBP\"", "\"DM\"")
        .replace("\"4.50\"", "\"four\"")
        .replace("[\"07:00-24:00\"]", "[\"07:00-25:00\"]")
        .replace("tone = ", "tune = ")
        .replace("role = ", "rule = ");
    let said = said(text);
    let lines: Vec<&str> = said.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["t:5:12", "t:16:1", "t:44:11", "t:62:9", "t:91:1"], "{said:#?}");
}

#[test]
fn above_a_syntax_error_everything_is_checked_below_it_and_for_absence_nothing() {
    let text = BASE
        .replace("\"GBP\"", "\"DM\"")
        .replace("name = \"Corner Bakery\"\n", "")
        .replace("[agents.limits]", "[agents.limits")
        .replace("\"4.50\"", "\"four\"");
    says(
        text,
        &[
            "t:4:12: business.currency: is \"DM\": must be USD, CAD, EUR, GBP or AUD",
            "t:28:15: is no TOML: unclosed table, expected `]`",
        ],
    );
}

#[test]
fn many_mistakes_are_counted_not_listed() {
    let keys: String = (0..MISTAKES_MAX + 50).map(|at| format!("key{at} = 1\n")).collect();
    let said = said(format!("{keys}{BASE}"));
    assert_eq!(said.len(), MISTAKES_MAX + 1);
    assert!(said.last().unwrap().ends_with(": has 50 more mistakes"), "{:?}", said.last());
}

#[test]
fn lists_and_texts_have_an_end() {
    let agents = "[[agents]]\n".repeat(AGENTS_MAX + 1);
    let (head, _) = BASE.split_once("[[agents]]").unwrap();
    let (_, facts) = BASE.split_once("[facts]").unwrap();
    says(
        format!("{head}{agents}[facts]{facts}"),
        &["t:11:1: agents: has 21 entries: at most 20 fit"],
    );
    let services: String = (0..=SERVICES_MAX)
        .map(|at| format!("[[facts.services]]\nid = \"s{at}\"\nname = \"service {at}\"\n"))
        .collect();
    let (head, rest) = BASE.split_once("[[facts.services]]").unwrap();
    let (_, tail) = rest.split_once("[[facts.policies]]").unwrap();
    says(
        format!("{head}{services}[[facts.policies]]{tail}"),
        &["t:58:1: facts.services: has 301 entries: at most 300 fit"],
    );
    says(
        BASE.replace("Corner Bakery, good day.", &"a".repeat(GREETING_CHARS_MAX + 1)),
        &["t:14:12: agents[0].greeting: has 301 characters: at most 300 fit"],
    );
}

#[test]
fn a_deep_or_broad_file_is_no_danger() {
    for text in ["[".repeat(100_000), "a.".repeat(100_000), "a=[{".repeat(50_000)] {
        assert!(!said(text).is_empty());
    }
}
