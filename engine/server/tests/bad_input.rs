//! Whatever a carrier sends, other calls notice nothing, and what came of it is counted.

mod support;

use std::io::Write;
use std::thread::JoinHandle;
use std::time::Duration;

use caller::{CallReport, Gate, Question, Step, Verdict};
use support::raw::{Closed, Raw, block_on, media, start};
use support::rings::{GREETED, ask, plan, ring, wait_at};
use support::shop::Shop;
use support::{SOON, Site, holds_within, recording, scratch, wait_for};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use types::{CallRecord, EndReason, SampleRate};

/// Whom the good call rings.
const GOOD: u32 = 0;
/// Whom the bad ones ring.
const BAD: u32 = 1;
/// Who has much to say.
const TALKER: u32 = 2;

/// How often the good caller asks while the others misbehave.
const QUESTIONS: usize = 6;

/// Ticks later than 200 ms are no machine's doing: so many are.
const BLOCKED_MAX: u64 = 3;

/// A way to misbehave.
type Case = (&'static str, fn(&Site));

const CASES: &[Case] = &[
    ("no token, a wrong one, a used one", tokens),
    ("nothing is said", nothing_said),
    ("nonsense instead of start", nonsense_before_start),
    ("too much before start", too_much_before_start),
    ("start without a number", no_number),
    ("a number nobody owns", foreign_number),
    ("unknown codecs", unknown_codecs),
    ("media before start", media_before_start),
    ("malformed messages", malformed),
    ("binary messages", binary),
    ("thousands of unknown events", unknown_events),
    ("rubbish base64", rubbish_payloads),
    ("chunks out of order, doubled, missing", disordered_chunks),
    ("a message too long", too_long),
    ("a second start", second_start),
    ("a second start in another format", second_start_elsewise),
    ("a second socket", second_socket),
    ("a stop at once", stop_at_once),
    ("two stops", two_stops),
    ("a carrier that vanishes", vanishing),
    ("a carrier that stops reading", stalling),
];

#[test]
#[expect(clippy::print_stderr, reason = "shown if it fails: the last name says which")]
fn other_calls_notice_nothing() {
    let mut shops = [GOOD, BAD, TALKER].map(Shop::new);
    let sentence = "We clean teeth in the morning, at noon and late in the afternoon. ";
    shops[TALKER as usize].greeting = sentence.repeat(4).trim().to_owned();
    shops[TALKER as usize].disclosure = Some(sentence.repeat(4).trim().to_owned());
    let site = Site::start("bad-input", &shops, "[media]\nstart_wait_ms = 1000\n");

    let good = Good::begin(&site, &shops);
    for (name, case) in CASES {
        eprintln!("{name}");
        case(&site);
    }
    good.end(&site, &shops[GOOD as usize]);
    wait_for("every place is given back", SOON, || site.engine.node.places.taken() == 0);
    assert_eq!(site.engine.node.calls_live(), 0);
    assert_eq!(site.count("apex_calls_panicked_total"), 0);
    let ticks = site.count("apex_tick_lateness_ms_count");
    let blocked = ticks - site.count("apex_tick_lateness_ms_bucket{le=\"200\"}");
    assert!(blocked < BLOCKED_MAX, "a media thread was blocked {blocked} times in {ticks} ticks");
    site.engine.stop(types::Millis::ZERO);
    scratch("bad-input");
}

/// Calls that go on while others misbehave.
struct Good {
    /// Asks again and again, and once more when all is over.
    asks: JoinHandle<CallReport>,
    /// Hears somebody talk all the time.
    listens: JoinHandle<CallReport>,
    over: Gate,
}

impl Good {
    fn begin(site: &Site, shops: &[Shop]) -> Self {
        let over = Gate::new();
        let question = Question {
            label: "cleaning".to_owned(),
            audio: recording("first-3-cleaning.flac", SampleRate::Hz8000),
        };
        let mut steps = vec![Step::WaitForReply(GREETED)];
        steps.extend((0..QUESTIONS).flat_map(|_| ask(&question)));
        steps.push(wait_at(&over));
        steps.extend(ask(&question));
        steps.push(Step::HangUp);
        let plan_of =
            |shop: u32, name, steps| plan(&site.engine, &shops[shop as usize].number, name, steps);
        let asks = ring(plan_of(GOOD, "good", steps), |_| ());
        let steps = vec![Step::WaitForReply(GREETED), Step::HangUp];
        let listens = ring(plan_of(TALKER, "listens", steps), |_| ());
        wait_for("the good calls are up", SOON, || site.engine.node.calls_live() == 2);
        Self { asks, listens, over }
    }

    /// Fails unless the good calls went as if they had been alone.
    fn end(self, site: &Site, shop: &Shop) {
        self.over.open();
        let reports = [self.asks, self.listens].map(|call| call.join().expect("a call that ends"));
        let (record, _) = site.record(&shop.id, "good");
        let price = shop.price_words();
        let answers = record.turns.iter().filter(|turn| turn.heard.reveal().contains(&price));
        assert_eq!(answers.count(), QUESTIONS + 1, "{:#?}", record.turns);
        assert_eq!(record.ended, EndReason::CallerHungUp);
        for report in reports {
            let heard = report.counters.media_received;
            let CallReport { to, verdict, lateness, gaps, .. } = report;
            let line = format!(
                "beside bad input: {to} heard {heard} frames, {} gaps; caller late p99 {} ms: {verdict:?}",
                gaps.len(),
                lateness.p99_ms,
            );
            writeln!(std::io::stdout(), "{line}").expect("somewhere to write");
            // A caller who was late itself proves nothing.
            if verdict == Verdict::Sound {
                assert_eq!(gaps, [], "{line}");
            }
        }
    }
}

/// Fails unless, by `misdeed`, exactly these counters go up by this much.
fn check(site: &Site, counters: &[(&str, u64)], misdeed: impl Future<Output = ()>) {
    let before: Vec<u64> = counters.iter().map(|(counter, _)| site.count(counter)).collect();
    block_on(misdeed);
    for ((counter, more), before) in counters.iter().zip(before) {
        holds_within(SOON, || before + more <= site.count(counter));
        assert_eq!(site.count(counter) - before, *more, "{counter}");
    }
}

/// Hangs up a call that goes on in spite of everything, and gives its record.
async fn hang_up(site: &Site, mut raw: Raw, name: &str) -> CallRecord {
    raw.stop().await;
    assert_eq!(raw.closed().await, Closed::Code(1000));
    let record = site.record("dentist-1", name).0;
    assert_eq!(record.ended, EndReason::CallerHungUp);
    record
}

/// A call that has begun.
async fn begin(site: &Site, name: &str) -> Raw {
    let mut raw = Raw::open(&site.engine).await;
    raw.start(&Shop::new(BAD).number, name).await;
    assert_eq!(raw.heard().await, "media", "the greeting");
    raw
}

fn tokens(site: &Site) {
    let engine = &site.engine;
    check(site, &[("apex_refused_token_total", 3)], async {
        assert_eq!(Raw::connect(engine.media, None, None).await.err(), Some(401));
        assert_eq!(Raw::connect(engine.media, Some("guessed"), None).await.err(), Some(401));
        engine.node.tokens.mint("once".to_owned());
        assert!(Raw::connect(engine.media, Some("once"), None).await.is_ok());
        assert_eq!(Raw::connect(engine.media, Some("once"), None).await.err(), Some(401));
    });
}

fn nothing_said(site: &Site) {
    check(site, &[("apex_start_missing_total", 1)], async {
        let mut raw = Raw::open(&site.engine).await;
        assert_eq!(raw.closed().await, Closed::Code(1008));
    });
}

fn nonsense_before_start(site: &Site) {
    let counters = [
        ("apex_messages_bad_total", 3),
        ("apex_messages_binary_total", 1),
        ("apex_start_missing_total", 1),
    ];
    check(site, &counters, async {
        let mut raw = Raw::open(&site.engine).await;
        for text in ["", "hello?", r#"{"event":"start","#] {
            raw.say(text).await;
        }
        raw.send(Message::binary(vec![0; 100])).await;
        assert_eq!(raw.closed().await, Closed::Code(1008));
    });
}

fn too_much_before_start(site: &Site) {
    check(site, &[("apex_start_missing_total", 1)], async {
        let mut raw = Raw::open(&site.engine).await;
        for _ in 0..100 {
            raw.say(r#"{"event":"hello"}"#).await;
        }
        assert!(matches!(raw.closed().await, Closed::Code(1008) | Closed::Dropped));
    });
}

fn no_number(site: &Site) {
    check(site, &[("apex_refused_number_total", 3)], async {
        for to in [None, Some(""), Some("sip:front@desk")] {
            let mut raw = Raw::open(&site.engine).await;
            raw.say(start(to, "no-number", "PCMU")).await;
            assert_eq!(raw.closed().await, Closed::Code(1008));
        }
    });
}

fn foreign_number(site: &Site) {
    check(site, &[("apex_refused_number_total", 1), ("apex_calls_admitted_total", 0)], async {
        let mut raw = Raw::open(&site.engine).await;
        raw.start("+12125559999", "foreign").await;
        assert_eq!(raw.closed().await, Closed::Code(1008));
    });
}

fn unknown_codecs(site: &Site) {
    check(site, &[("apex_refused_format_total", 3)], async {
        for encoding in ["GSM", "AMR-WB", "MP3"] {
            let mut raw = Raw::open(&site.engine).await;
            raw.say(start(Some(&Shop::new(BAD).number), "codec", encoding)).await;
            assert_eq!(raw.closed().await, Closed::Code(1003), "{encoding}");
        }
    });
}

fn media_before_start(site: &Site) {
    check(site, &[("apex_messages_bad_total", 10)], async {
        let mut raw = Raw::open(&site.engine).await;
        for _ in 0..10 {
            raw.frame().await;
        }
        raw.start(&Shop::new(BAD).number, "media-first").await;
        assert_eq!(raw.heard().await, "media");
        hang_up(site, raw, "media-first").await;
    });
}

fn malformed(site: &Site) {
    let bad = ["", "{", "null", "[]", "{\"event\":{}}", "{\"event\":\"media\"}", "\u{0}\u{fffd}"];
    check(site, &[("apex_messages_bad_total", bad.len() as u64)], async {
        let mut raw = begin(site, "malformed").await;
        for text in bad {
            raw.say(text).await;
        }
        hang_up(site, raw, "malformed").await;
    });
}

fn binary(site: &Site) {
    check(site, &[("apex_messages_binary_total", 1_000)], async {
        let mut raw = begin(site, "binary").await;
        for _ in 0..1_000 {
            raw.send(Message::Binary(Bytes::from_static(&[0xFF; 160]))).await;
        }
        hang_up(site, raw, "binary").await;
    });
}

fn unknown_events(site: &Site) {
    check(site, &[("apex_messages_unknown_total", 5_000)], async {
        let mut raw = begin(site, "unknown").await;
        for number in 0..5_000 {
            raw.say(format!(r#"{{"event":"news-{number}","news":{{"a":[1,2,3]}}}}"#)).await;
        }
        hang_up(site, raw, "unknown").await;
    });
}

fn rubbish_payloads(site: &Site) {
    let payloads = ["%%%%", "A", "====", "AAAA=AAA", "Zm9v\\u0000"];
    check(site, &[("apex_media_bad_total", payloads.len() as u64)], async {
        let mut raw = begin(site, "rubbish").await;
        for (chunk, payload) in payloads.into_iter().enumerate() {
            raw.say(format!(
                r#"{{"event":"media","media":{{"track":"inbound","chunk":"{}","payload":"{payload}"}}}}"#,
                chunk + 1
            ))
            .await;
        }
        hang_up(site, raw, "rubbish").await;
    });
}

fn disordered_chunks(site: &Site) {
    // Neighbours change places, every tenth comes twice, and one is missing.
    check(site, &[("apex_media_filled_total", 1), ("apex_media_bad_total", 0)], async {
        let mut raw = begin(site, "disorder").await;
        for pair in 0..25 {
            let (first, second) = (2 * pair + 1, 2 * pair + 2);
            for chunk in [second, first, if pair % 5 == 0 { second } else { first }] {
                if chunk != 26 {
                    raw.say(media(chunk)).await;
                }
            }
        }
        // From the far past, and from a future that no line brings.
        raw.say(media(1)).await;
        hang_up(site, raw, "disorder").await;
    });
}

fn too_long(site: &Site) {
    check(site, &[("apex_sockets_broken_total", 2)], async {
        let bytes_max = site.engine.node.config.media.message_bytes_max;
        let long = format!(r#"{{"event":"{}"}}"#, "x".repeat(bytes_max));
        let mut raw = Raw::open(&site.engine).await;
        raw.say(long.clone()).await;
        raw.closed().await;
        let mut raw = begin(site, "too-long").await;
        raw.say(long).await;
        raw.closed().await;
        assert_eq!(site.record("dentist-1", "too-long").0.ended, EndReason::LegLost);
    });
}

fn second_start(site: &Site) {
    check(site, &[("apex_calls_admitted_total", 1)], async {
        let mut raw = begin(site, "again").await;
        raw.start(&Shop::new(BAD).number, "again").await;
        for _ in 0..10 {
            raw.frame().await;
        }
        hang_up(site, raw, "again").await;
    });
}

fn second_start_elsewise(site: &Site) {
    let counters = [("apex_calls_admitted_total", 1), ("apex_refused_format_total", 1)];
    check(site, &counters, async {
        let mut raw = begin(site, "elsewise").await;
        raw.say(start(Some(&Shop::new(BAD).number), "elsewise", "L16")).await;
        assert_eq!(raw.closed().await, Closed::Code(1000));
        assert_eq!(site.record("dentist-1", "elsewise").0.ended, EndReason::LegLost);
    });
}

fn second_socket(site: &Site) {
    check(site, &[("apex_calls_admitted_total", 1)], async {
        let mut first = begin(site, "attached").await;
        let mut second = Raw::open(&site.engine).await;
        second.start(&Shop::new(BAD).number, "attached").await;
        // The first is let go of; what it still says reaches nobody.
        first.closed().await;
        first.stop().await;
        assert_eq!(second.heard().await, "media", "the greeting goes on over there");
        hang_up(site, second, "attached").await;
    });
}

fn stop_at_once(site: &Site) {
    check(site, &[("apex_calls_admitted_total", 1)], async {
        let mut raw = Raw::open(&site.engine).await;
        raw.start(&Shop::new(BAD).number, "at-once").await;
        hang_up(site, raw, "at-once").await;
    });
}

fn two_stops(site: &Site) {
    check(site, &[("apex_calls_admitted_total", 1)], async {
        let mut raw = begin(site, "twice").await;
        raw.stop().await;
        hang_up(site, raw, "twice").await;
    });
}

fn vanishing(site: &Site) {
    let counters = [("apex_calls_admitted_total", 1), ("apex_sockets_broken_total", 1)];
    check(site, &counters, async {
        begin(site, "vanished").await.vanish();
        assert_eq!(site.record("dentist-1", "vanished").0.ended, EndReason::LegLost);
    });
}

/// It goes on sending, or it would be a dead stream; but it reads nothing, and the way to it is
/// soon full.
fn stalling(site: &Site) {
    const WINDOW_BYTES: usize = 4_096;
    check(site, &[("apex_legs_stalled_total", 1)], async {
        site.engine.node.tokens.mint("stalls".to_owned());
        let raw = Raw::connect(site.engine.media, Some("stalls"), Some(WINDOW_BYTES)).await;
        let mut raw = raw.expect("a good token");
        raw.say(start(Some(&Shop::new(TALKER).number), "stalled", "L16")).await;
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        // Half a minute: the greeting fills what lies between long before.
        for _ in 0..1_500 {
            pace.tick().await;
            if site.count("apex_legs_stalled_total") == 1 {
                break;
            }
            raw.frame().await;
        }
        let record = site.record("dentist-2", "stalled").0;
        assert_eq!(record.ended, EndReason::LegLost);
    });
}
