//! What comes of each fault, and when.
#![expect(clippy::print_stdout, reason = "the matrix is printed for who asks for it")]

use fake_vendors::chat::Reply;
use fake_vendors::{Fault, Plan};
use tokio::time::Duration;
use types::Millis;
use vendor::{Phase, Remedy, VendorError};

use crate::world::{KINDS, PATIENCE, Setup, Told, World, brisk};

/// What must come of a fault.
struct Row {
    name: &'static str,
    fault: Fault,
    /// The error's kind, or none if the reply is whole.
    error: Option<&'static str>,
    remedy: Option<Remedy>,
    /// When it must be known at the latest.
    within: Millis,
}

const fn row(
    name: &'static str,
    fault: Fault,
    (error, remedy): (Option<&'static str>, Option<Remedy>),
    within: u32,
) -> Row {
    Row { name, fault, error, remedy, within: Millis::new(within) }
}

fn rows() -> Vec<Row> {
    let ms = Millis::new;
    let (retry, failover) = (Some(Remedy::Retry), Some(Remedy::Failover));
    let limited = Fault::TooMany { retry_after: Some(ms(2_000)) };
    let soon = Fault::TooMany { retry_after: Some(ms(50)) };
    vec![
        row("none", Fault::Slow { by: Millis::ZERO }, (None, None), 500),
        row("refuse", Fault::Refuse, (Some("transport"), retry), 500),
        row("401", Fault::Unauthorized, (Some("auth"), failover), 300),
        row("429, retry after 2 s", limited, (Some("rate limited"), failover), 300),
        row("429, retry after 50 ms", soon, (Some("rate limited"), failover), 600),
        row("500", Fault::Broken { status: 500 }, (Some("overloaded"), retry), 500),
        row("503", Fault::Broken { status: 503 }, (Some("overloaded"), retry), 500),
        row("529", Fault::Broken { status: 529 }, (Some("overloaded"), retry), 500),
        row("hang", Fault::Hang, (Some("timeout FirstByte"), retry), 700),
        row(
            "mute at once",
            Fault::Mute { after: ms(0) },
            (Some("timeout BetweenBytes"), retry),
            700,
        ),
        row(
            "mute after 30 ms",
            Fault::Mute { after: ms(30) },
            (Some("timeout BetweenBytes"), retry),
            700,
        ),
        row("drop at once", Fault::Drop { after: ms(0) }, (Some("transport"), retry), 500),
        row("drop after 30 ms", Fault::Drop { after: ms(30) }, (Some("transport"), retry), 500),
        row("drip, 40 ms apart", Fault::Drip { gap: ms(40) }, (None, None), 3_000),
        row("malformed, every 4th", Fault::Malformed { every: 4 }, (Some("malformed"), retry), 500),
        row("unknown events", Fault::Unknown, (None, None), 500),
        row("slow by 60 ms", Fault::Slow { by: ms(60) }, (None, None), 3_000),
    ]
}

fn kind_of(error: &VendorError) -> String {
    match error {
        VendorError::Auth { .. } => "auth".to_owned(),
        VendorError::Quota { .. } => "quota".to_owned(),
        VendorError::RateLimited { .. } => "rate limited".to_owned(),
        VendorError::Concurrency { .. } => "concurrency".to_owned(),
        VendorError::Overloaded { .. } => "overloaded".to_owned(),
        VendorError::BadRequest { .. } => "bad request".to_owned(),
        VendorError::SessionExpired { .. } => "session expired".to_owned(),
        VendorError::Timeout { phase, .. } => match phase {
            Phase::Connect => "timeout Connect".to_owned(),
            Phase::FirstByte => "timeout FirstByte".to_owned(),
            Phase::BetweenBytes => "timeout BetweenBytes".to_owned(),
        },
        VendorError::Transport { .. } => "transport".to_owned(),
        VendorError::Malformed { .. } => "malformed".to_owned(),
        VendorError::ContentFiltered { .. } => "filtered".to_owned(),
        VendorError::Missing { .. } => "missing".to_owned(),
        VendorError::Internal { .. } => "internal".to_owned(),
    }
}

const WORDS: &str =
    "Yes, we are open. A cleaning is $120. It takes 45 minutes. What day suits you?";

#[tokio::test]
async fn every_fault_is_told_precisely_and_soon() {
    let mut matrix = vec!["| fault | what came | when | remedy |".to_owned()];
    matrix.push("|---|---|---|---|".to_owned());
    for kind in KINDS {
        for row in rows() {
            let plan = Plan::quick().with_delays(brisk());
            let mut world = World::new(kind, Setup { plan, ..Setup::default() }).await;
            // What warms the connection up is over before the faults begin.
            world.script([Reply::words("Hello.")]);
            world.say("Hello?").await;
            let plan = Plan::always(row.fault).with_delays(brisk());
            world.fakes.set_plan(kind.protocol(), plan);
            world.fakes.replies().set_usual(Some(Reply::words(WORDS)));
            let told = world.say("Are you open, and how much is a cleaning?").await;
            check(&row, &told, &format!("{kind:?}, {}", row.name));
            matrix.push(line(&format!("{kind:?}: {}", row.name), &told));
        }
    }
    println!("{}", matrix.join("\n"));
}

fn check(row: &Row, told: &Told, name: &str) {
    let error = told.error.as_ref().map(kind_of);
    assert_eq!(error.as_deref(), row.error, "{name}: {:?}", told.text);
    assert_eq!(told.error.as_ref().map(VendorError::remedy), row.remedy, "{name}");
    assert!(WORDS.starts_with(&told.text), "{name}: nothing but its words: {}", told.text);
    if row.error.is_none() {
        assert_eq!(told.text, WORDS, "{name}: all of them");
    }
    let limit = Duration::from_millis(row.within.get().into());
    // Twice the limit: the machine is shared, and the limit is what a quiet one needs.
    assert!(told.over < limit * 2, "{name}: {:?}", told.over);
    if let Some(error) = &told.error {
        assert!(!error.to_string().contains("test-key"), "{name}: no key in an error");
    }
}

fn line(name: &str, told: &Told) -> String {
    let came = match &told.error {
        None => "the whole reply".to_owned(),
        Some(error) if told.text.is_empty() => kind_of(error),
        Some(error) => format!(
            "{} of {} words, then {}",
            told.text.split(' ').count(),
            WORDS.split(' ').count(),
            kind_of(error)
        ),
    };
    let remedy = told
        .error
        .as_ref()
        .map_or("none needed".to_owned(), |error| format!("{:?}", error.remedy()));
    format!("| {name} | {came} | {} ms | {remedy} |", told.over.as_millis())
}

#[tokio::test]
async fn one_refusal_is_bridged_by_a_second_try() {
    for kind in KINDS {
        for fault in [
            Fault::Refuse,
            Fault::Broken { status: 503 },
            Fault::TooMany { retry_after: Some(Millis::new(50)) },
        ] {
            let mut world = World::new(kind, Setup::default()).await;
            world.script([Reply::words("Hello.")]);
            world.say("Hello?").await;
            let plan = Plan { sessions: vec![vec![fault]], ..Plan::quick() };
            world.fakes.set_plan(kind.protocol(), plan);
            world.script([Reply::words("Yes.")]);
            let told = world.say("Are you open?").await;
            assert_eq!((told.text.as_str(), &told.error), ("Yes.", &None), "{kind:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_once_and_not_tried_again() {
    for kind in KINDS {
        let mut world = World::new(kind, Setup::default()).await;
        world.script([Reply::words("Hello.")]);
        world.say("Hello?").await;
        let before = world.fakes.sessions().len();
        world.fakes.set_plan(kind.protocol(), Plan::always(Fault::Unauthorized));
        let told = world.say("Are you open?").await;
        assert!(matches!(told.error, Some(VendorError::Auth { .. })), "{kind:?}");
        assert_eq!(world.fakes.sessions().len(), before + 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_dead_vendor_is_missed_within_its_patience() {
    let mut world = World::new(crate::world::Kind::OpenAi, Setup::default()).await;
    world.fakes.set_plan(crate::world::Kind::OpenAi.protocol(), Plan::always(Fault::Hang));
    let told = world.say("Hello?").await;
    assert_eq!(
        told.error,
        Some(VendorError::Timeout {
            vendor: "openai".parse().unwrap(),
            phase: Phase::FirstByte,
            limit: PATIENCE.first_byte,
        })
    );
}
