//! Twenty callers of twenty businesses at once: each hears its own business, and no other.

mod support;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use caller::{Gate, Observation, Question, Step, Verdict};
use server::score::{contains, normalized};
use support::rings::{GREETED, PATIENT, plan, ring, wait_at};
use support::shop::Shop;
use support::{Site, recording};
use types::{FactId, Millis, SampleRate, TurnRecord};

const CALLS: u32 = 20;

/// The first question of each call comes this much after that of the call before: a busy hour.
/// The second is asked by all at the same moment: the worst there is.
const APART: Millis = Millis::new(250);

#[test]
fn twenty_callers_hear_their_own_business_only() {
    let shops: Vec<Shop> = (0..CALLS).map(Shop::new).collect();
    let site = Site::start("isolation", &shops, "");
    let together = Gate::new();
    let answered = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = shops
        .iter()
        .zip(0..)
        .map(|(shop, index)| {
            let steps = steps(Millis::new(APART.get() * index), &together);
            let mut plan = plan(&site.engine, &shop.number, &shop.id, steps);
            plan.seed = u64::from(index);
            let (gate, answered) = (together.clone(), answered.clone());
            ring(plan, move |observation| {
                let first = matches!(
                    observation,
                    Observation::ReplyEnded { turn: Some(0), .. }
                        | Observation::Unanswered { turn: Some(0), .. }
                );
                if first && answered.fetch_add(1, Ordering::SeqCst) + 1 == CALLS as usize {
                    gate.open();
                }
            })
        })
        .collect();
    let reports: Vec<_> =
        calls.into_iter().map(|call| call.join().expect("a call that ends")).collect();

    for shop in &shops {
        let (record, _) = site.record(&shop.id, &shop.id);
        assert_eq!(record.business.as_str(), shop.id);
        let price = FactId::ServicePrice("cleaning".parse().expect("a slug"));
        let hours: FactId = "hours.sunday".parse().expect("a fact");
        hears(shop, &record.turns, price, &shop.price_words());
        hears(shop, &record.turns, hours, &shop.closing_words());
        for other in shops.iter().filter(|other| other.id != shop.id) {
            hears_nothing_of(other, shop, &record.turns);
        }
    }
    let pool = site.engine.node.vendors.pool().counters();
    assert_eq!(pool.finals_refused, 0, "no caller's words were dropped");
    let sound = reports.iter().filter(|report| report.verdict == Verdict::Sound).count();
    for (number, when) in ["250 ms apart", "all at once"].into_iter().enumerate() {
        let responses = reports.iter().filter_map(|report| report.turns.get(number)?.response);
        tell(when, &mut responses.map(Millis::get).collect::<Vec<_>>());
    }
    let line = format!(
        "20 calls: partials dropped {} of {} jobs, speculations dropped {}, callers on time {sound}",
        pool.partials_dropped, pool.jobs, pool.speculations_dropped,
    );
    say(&line);
    site.engine.stop(Millis::ZERO);
}

fn steps(pause: Millis, together: &Gate) -> Vec<Step> {
    let question = |file: &str| Question {
        label: file.to_owned(),
        audio: recording(file, SampleRate::Hz8000),
    };
    let say = |Question { label, audio }| Step::Say { audio, label };
    vec![
        Step::WaitForReply(GREETED),
        Step::Pause { span: pause },
        say(question("first-3-cleaning.flac")),
        Step::WaitForReply(PATIENT),
        wait_at(together),
        say(question("first-4-sunday.flac")),
        Step::WaitForReply(PATIENT),
        Step::HangUp,
    ]
}

/// Fails unless a turn cites `fact` and says it in `words`.
fn hears(shop: &Shop, turns: &[TurnRecord], fact: FactId, words: &str) {
    let told = turns.iter().any(|turn| {
        turn.cites.contains(&fact) && contains(&normalized(turn.heard.reveal()), &normalized(words))
    });
    assert!(told, "{} does not tell {fact} as {words}: {turns:#?}", shop.id);
}

fn hears_nothing_of(other: &Shop, shop: &Shop, turns: &[TurnRecord]) {
    for turn in turns {
        let heard = normalized(turn.heard.reveal());
        for figure in [other.price_words(), other.closing_words()] {
            let leaked = contains(&heard, &normalized(&figure));
            assert!(!leaked, "{} tells {figure} of {}: {turn:#?}", shop.id, other.id);
        }
    }
}

fn tell(when: &str, responses: &mut [u32]) {
    responses.sort_unstable();
    // By the nearest rank.
    let rank = |share: usize| (responses.len() * share).div_ceil(100).saturating_sub(1);
    let figure = |share| responses.get(rank(share)).copied().unwrap_or_default();
    say(&format!(
        "20 calls, {when}: response p50 {} ms, p95 {} ms, max {} ms (n = {})",
        figure(50),
        figure(95),
        responses.last().copied().unwrap_or_default(),
        responses.len()
    ));
}

/// Shown whether or not the test passes: it is a report.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somewhere to write");
}
