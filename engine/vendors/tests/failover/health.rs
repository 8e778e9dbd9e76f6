//! Breakers and paces.

use std::time::Duration;

use types::Millis;
use vendor::VendorError;
use vendors::failover::{Admission, BreakerLimits, Clinic, Duty, Pace, PaceLimits};

use crate::support::{Record, broken, clinic, health, holder, name, pass};

#[tokio::test(start_paused = true)]
async fn three_failures_open_ten_seconds_later_one_may_try() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    for _ in 0..2 {
        health.failed(&broken("a"));
        assert_eq!(health.admit(), Admission::Granted);
    }
    health.failed(&broken("a"));
    assert_eq!(health.admit(), Admission::Refused);
    assert_eq!(clinic.resting(), [(holder("one"), Duty::Think, name("a"))]);
    pass(9_999).await;
    assert_eq!(health.admit(), Admission::Refused);
    pass(1).await;
    assert_eq!(health.admit(), Admission::Trial);
    assert_eq!(
        health.admit(),
        Admission::Refused,
        "one tries, the others wait for what comes of it"
    );
    health.answered(Duration::from_millis(300));
    assert_eq!(health.admit(), Admission::Granted);
    assert_eq!(clinic.resting(), []);
}

#[tokio::test(start_paused = true)]
async fn a_failed_trial_costs_another_rest_and_one_that_never_ends_is_not_waited_for() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    (0..3).for_each(|_| health.failed(&broken("a")));
    pass(10_000).await;
    assert_eq!(health.admit(), Admission::Trial);
    health.failed(&broken("a"));
    assert_eq!(health.admit(), Admission::Refused);
    pass(10_000).await;
    assert_eq!(health.admit(), Admission::Trial);
    pass(9_999).await;
    assert_eq!(health.admit(), Admission::Refused);
    pass(1).await;
    assert_eq!(health.admit(), Admission::Trial);
}

#[tokio::test(start_paused = true)]
async fn failures_that_lie_apart_or_among_many_successes_open_nothing() {
    let clinic = clinic();
    let rare = health(&clinic, Duty::Speak, "rare");
    for _ in 0..9 {
        rare.failed(&broken("rare"));
        assert_eq!(rare.admit(), Admission::Granted);
        // Two within any half minute.
        pass(16_000).await;
    }
    let busy = health(&clinic, Duty::Speak, "busy");
    for _ in 0..40 {
        (0..4).for_each(|_| busy.answered(Duration::from_millis(100)));
        busy.failed(&broken("busy"));
        assert_eq!(busy.admit(), Admission::Granted, "a fifth is not more than a fifth");
    }
    busy.failed(&broken("busy"));
    assert_eq!(busy.admit(), Admission::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_at_once_and_rests_longer() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    health.failed(&VendorError::Auth { vendor: name("a") });
    assert_eq!(health.admit(), Admission::Refused);
    pass(59_999).await;
    assert_eq!(health.admit(), Admission::Refused);
    pass(1).await;
    assert_eq!(health.admit(), Admission::Trial);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_names_a_time_is_left_alone_that_long_but_not_for_ever() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    let limited = |wait| VendorError::RateLimited { vendor: name("a"), retry_after: wait };
    health.failed(&limited(Some(Millis::new(4_000))));
    pass(3_999).await;
    assert_eq!(health.admit(), Admission::Refused);
    pass(1).await;
    assert_eq!(health.admit(), Admission::Trial);
    health.failed(&limited(Some(Millis::from_secs(86_400))));
    pass(120_000).await;
    assert_eq!(health.admit(), Admission::Trial);
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_about_the_vendor_counts_for_nothing() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    for _ in 0..10 {
        health.failed(&VendorError::ContentFiltered { vendor: name("a") });
        health.failed(&VendorError::SessionExpired { vendor: name("a") });
    }
    assert_eq!(health.admit(), Admission::Granted);
}

#[tokio::test(start_paused = true)]
async fn one_holders_failures_and_one_dutys_are_nobody_elses() {
    let clinic = Clinic::new(BreakerLimits::STANDARD);
    let mine = clinic.health(holder("one"), Duty::Speak, name("a"));
    (0..3).for_each(|_| mine.failed(&broken("a")));
    assert_eq!(clinic.health(holder("one"), Duty::Speak, name("a")).admit(), Admission::Refused);
    assert_eq!(clinic.health(holder("two"), Duty::Speak, name("a")).admit(), Admission::Granted);
    assert_eq!(
        clinic.health(holder("one"), Duty::Recognize, name("a")).admit(),
        Admission::Granted
    );
    clinic.forget(holder("one"));
    assert_eq!(clinic.health(holder("one"), Duty::Speak, name("a")).admit(), Admission::Granted);
}

#[test]
fn a_pace_is_learned_from_twenty_answers_on_and_stays_within_its_limits() {
    let ms = Duration::from_millis;
    let mut pace = Pace::new(PaceLimits::BRAIN);
    (0..19).for_each(|_| pace.learn(ms(1_500)));
    assert_eq!(pace.late_after(), ms(1_000));
    pace.learn(ms(1_500));
    assert_eq!(pace.late_after(), ms(1_800));
    // One of 21 is the slowest twentieth: it does not count; two of 22 do.
    pace.learn(ms(30_000));
    assert_eq!(pace.late_after(), ms(1_800));
    pace.learn(ms(30_000));
    assert_eq!(pace.late_after(), ms(2_000));
    // What is long ago is forgotten.
    (0..64).for_each(|_| pace.learn(ms(900)));
    assert_eq!(pace.late_after(), ms(1_080));
    (0..64).for_each(|_| pace.learn(ms(10)));
    assert_eq!(pace.late_after(), ms(1_000));
}

/// Counts what is warned of, with all its fields as text.
#[derive(Clone, Default)]
struct Warnings(Record<String>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.put(fields.0);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_warned_of_once_per_business_and_vendor_until_it_works() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let clinic = clinic();
    let refused = VendorError::Auth { vendor: name("deepgram") };
    let of = |business: &str, duty| clinic.health(holder(business), duty, name("deepgram"));
    let (ear, mouth) = (of("one", Duty::Recognize), of("one", Duty::Speak));
    // Turn after turn, and again whenever it has rested: both duties have the same key.
    for _ in 0..5 {
        ear.failed(&refused);
        mouth.failed(&refused);
        pass(60_000).await;
        assert_eq!(ear.admit(), Admission::Trial);
    }
    let told = warnings.0.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("business=one") && told[0].contains("vendor=deepgram"), "{told:?}");
    of("two", Duty::Speak).failed(&refused);
    assert_eq!(warnings.0.take().len(), 1, "another business is warned for itself");
    // Once it works in one duty and not in the other, there is nothing new to say.
    ear.answered(Duration::from_millis(100));
    ear.failed(&refused);
    assert_eq!(warnings.0.take(), Vec::<String>::new());
    ear.answered(Duration::from_millis(100));
    mouth.answered(Duration::from_millis(100));
    ear.failed(&refused);
    assert_eq!(warnings.0.take().len(), 1, "it worked, and does not again");
}

#[test]
fn failures_and_failovers_are_counted_by_vendor_and_reason() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let clinic = clinic();
        let health = health(&clinic, Duty::Think, "a");
        health.failed(&VendorError::Auth { vendor: name("a") });
        health.left("auth");
        health.failed(&broken("a"));
        health.failed(&broken("a"));
    });
    let text = handle.render();
    for line in [
        "apex_vendor_failures_total{vendor=\"a\",reason=\"auth\"} 1",
        "apex_vendor_failures_total{vendor=\"a\",reason=\"transport\"} 2",
        "apex_vendor_failovers_total{vendor=\"a\",reason=\"auth\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn who_is_given_time_has_it_whatever_was_learned() {
    let clinic = clinic();
    let health = health(&clinic, Duty::Think, "a");
    let patient = health.clone().with_patience(Some(Millis::new(4_000)));
    (0..30).for_each(|_| patient.answered(Duration::from_millis(50)));
    assert_eq!(patient.late_after(), Duration::from_secs(4));
    assert_eq!(health.late_after(), Duration::from_secs(1), "others learn from it all the same");
    assert_eq!(health.with_patience(None).late_after(), Duration::from_secs(1));
}
