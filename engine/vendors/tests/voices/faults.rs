//! Every voice with every fault: what came out, what is said about it, and from where to go on.
//!
//! The outcome is kept in `matrix.md`, which this test compares; `APEX_BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use fake_vendors::{Fault, Plan};
use futures_util::future::join_all;
use types::{AudioFormat, Millis, SampleRate};
use vendor::{Delivered, Precision, VendorError, VoiceEvent};

use super::support::{Call, Kind, far_side, generation, words_heard};

const TEXTS: [&str; 3] =
    ["Good morning, Bright Smile.", "A cleaning takes forty minutes.", "Shall I book it?"];

/// A little shorter than a caller's patience, so that the test has some too.
const SOUND_WAIT: Millis = Millis::new(1_000);

const fn ms(ms: u32) -> Millis {
    Millis::new(ms)
}

/// Name and fault.
const FAULTS: [(&str, Fault); 15] = [
    ("refuse", Fault::Refuse),
    ("401", Fault::Unauthorized),
    ("429, retry after 5 s", Fault::TooMany { retry_after: Some(ms(5_000)) }),
    ("500", Fault::Broken { status: 500 }),
    ("hang", Fault::Hang),
    ("accept, then mute", Fault::Mute { after: Millis::ZERO }),
    ("mute after 1 s of sound", Fault::Mute { after: ms(1_000) }),
    ("drop after 1 s of sound", Fault::Drop { after: ms(1_000) }),
    ("close 1011 after 1 s of sound", Fault::Close { after: ms(1_000), code: 1_011 }),
    ("drip, 20 ms a message", Fault::Drip { gap: ms(20) }),
    ("malformed, every 7th message", Fault::Malformed { every: 7 }),
    ("wrong order", Fault::WrongOrder),
    ("late audio after cancel", Fault::LateAudio { span: ms(2_000) }),
    ("unknown messages", Fault::Unknown),
    ("100 ms slower", Fault::Slow { by: ms(100) }),
];

/// How a reply ended.
struct Outcome {
    heard: Vec<String>,
    /// The first segment that failed.
    failed: Option<(usize, Delivered, VendorError)>,
}

impl Outcome {
    async fn of(call: &mut Call, turn: u32, far: &fake_vendors::FakeVendors) -> Self {
        for (number, text) in (0..).zip(TEXTS) {
            call.speak(turn, number, text);
        }
        call.session.end(generation(turn));
        let mut events = call.until_settled(TEXTS.len()).await;
        events.retain(|event| of_turn(event) == turn);
        let failed = events.iter().find_map(|event| match event {
            VoiceEvent::Failed { segment, delivered, error, .. } => {
                Some((segment.get() as usize, *delivered, error.clone()))
            }
            VoiceEvent::Audio { .. }
            | VoiceEvent::SegmentDone { .. }
            | VoiceEvent::Heard { .. } => None,
        });
        let heard = words_heard(&events, SampleRate::Hz8000, &far.voiced().lexicon());
        Self { heard, failed }
    }

    /// Words that whoever goes on need not say again.
    fn counted(&self) -> usize {
        match &self.failed {
            None => TEXTS.iter().map(|text| text.split(' ').count()).sum(),
            Some((segment, delivered, _)) => {
                let whole = TEXTS[..*segment].iter().map(|text| text.split(' ').count());
                let begun = &TEXTS[*segment][..delivered.text_end];
                whole.sum::<usize>() + begun.split_whitespace().count()
            }
        }
    }

    fn line(&self) -> String {
        let Some((segment, delivered, error)) = &self.failed else {
            return format!("all {} words", self.heard.len());
        };
        let how = match delivered.precision {
            Precision::Exact => "",
            Precision::Estimated => "about ",
        };
        let at = delivered.text_end;
        format!("{}; on from segment {segment}, {how}byte {at}", class(error))
    }
}

fn of_turn(event: &VoiceEvent) -> u32 {
    match event {
        VoiceEvent::Audio { generation, .. }
        | VoiceEvent::SegmentDone { generation, .. }
        | VoiceEvent::Heard { generation, .. }
        | VoiceEvent::Failed { generation, .. } => generation.turn.get(),
    }
}

fn class(error: &VendorError) -> String {
    match error {
        VendorError::Auth { .. } => "Auth".into(),
        VendorError::Quota { .. } => "Quota".into(),
        VendorError::RateLimited { retry_after, .. } => {
            format!("RateLimited ({})", retry_after.map_or("-".into(), |span| span.to_string()))
        }
        VendorError::Concurrency { .. } => "Concurrency".into(),
        VendorError::Overloaded { .. } => "Overloaded".into(),
        VendorError::BadRequest { .. } => "BadRequest".into(),
        VendorError::SessionExpired { .. } => "SessionExpired".into(),
        VendorError::Timeout { phase, .. } => format!("Timeout ({phase:?})"),
        VendorError::Transport { .. } => "Transport".into(),
        VendorError::Malformed { .. } => "Malformed".into(),
        VendorError::ContentFiltered { .. } => "ContentFiltered".into(),
        VendorError::Missing { .. } => "Missing".into(),
        VendorError::Internal { .. } => "Internal".into(),
    }
}

/// Whether nothing will change within a call, so that the voice answers without asking anew.
fn is_barred(error: &VendorError) -> bool {
    let waits = error.retry_after().is_some();
    waits || matches!(error, VendorError::Auth { .. } | VendorError::BadRequest { .. })
}

async fn cell(kind: Kind, fault: Fault) -> String {
    let far = far_side(kind, Plan { rest: vec![fault], ..Plan::quick() }).await;
    let mut call = Call::open(&*kind.voice(&far, SOUND_WAIT), AudioFormat::PCMU_8K);
    let outcome = Outcome::of(&mut call, 1, &far).await;
    let all: Vec<&str> = TEXTS.iter().flat_map(|text| text.split(' ')).collect();
    let heard: Vec<&str> = outcome.heard.iter().map(String::as_str).collect();
    assert!(all.starts_with(&heard), "{kind:?} {fault:?}: {heard:?}");
    // Who goes on from there repeats nothing that is whole, and leaves nothing out.
    if let Some((_, delivered, _)) = &outcome.failed
        && delivered.precision == Precision::Exact
    {
        let spare = heard.len() as i64 - outcome.counted() as i64;
        assert!((0..=1).contains(&spare), "{kind:?} {fault:?}: {heard:?} {delivered:?}");
    }
    // The trouble is over: the next reply is whole, unless asking again was ruled out.
    far.set_plan(kind.protocol(), Plan::quick());
    let before = far.sessions().len();
    let again = Outcome::of(&mut call, 2, &far).await;
    match &outcome.failed {
        Some((_, _, error)) if is_barred(error) && kind.is_socket() => {
            let (_, _, second) = again.failed.expect("refused again");
            assert_eq!(class(&second), class(error));
            assert_eq!(far.sessions().len(), before, "nobody was asked");
        }
        Some(_) | None => {
            assert_eq!(again.line(), format!("all {} words", all.len()), "{kind:?} {fault:?}")
        }
    }
    outcome.line()
}

#[tokio::test]
async fn faults_come_out_as_the_matrix_says() {
    let mut matrix = String::from("| fault |");
    for kind in Kind::ALL {
        let _ = write!(matrix, " {} |", kind.name());
    }
    matrix.push_str("\n|---|");
    matrix.push_str(&"---|".repeat(Kind::ALL.len()));
    for (name, fault) in FAULTS {
        let _ = write!(matrix, "\n| {name} |");
        let row = join_all(Kind::ALL.map(|kind| cell(kind, fault))).await;
        row.iter().for_each(|cell| {
            let _ = write!(matrix, " {cell} |");
        });
    }
    matrix.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/voices/matrix.md");
    if std::env::var_os("APEX_BLESS").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    assert_eq!(matrix, std::fs::read_to_string(&path).unwrap());
}
