//! Entry points for fuzzing: plain functions over bytes, which panic where a promise is broken.

use types::{BargeIn, Intake, Limits, Millis, Turns};

use crate::business::Source;
use crate::directory::Directory;
use crate::last_good::LastGood;
use crate::publish::{Published, publish};
use crate::rules::{Defaults, KnownVendors, Rules};

/// Publishes `bytes`, cut at each NUL into files, in several orders and over several pasts.
///
/// # Panics
/// If a mistake has no place in its file, a publish of the same files changes something, the order
/// of the files matters, or a number is not answered by its business.
pub fn fuzz_directory(bytes: &[u8]) {
    let rules = rules();
    let parts = bytes.split(|byte| *byte == 0).take(FILES_MAX).enumerate();
    let sources: Vec<Source> = parts
        .map(|(index, bytes)| Source { file: format!("{index}.toml"), bytes: bytes.to_vec() })
        .collect();
    let stored: Vec<LastGood> =
        sources.iter().filter_map(|source| LastGood::decode(&source.bytes)).collect();

    let first = publish(&Directory::empty(), &sources, &stored, &rules);
    check(&first, &sources);
    let again = publish(&first.directory, &sources, &stored, &rules);
    check(&again, &sources);
    assert_eq!(again.mistakes, first.mistakes, "the same files have the same mistakes");
    assert!(again.removed.is_empty(), "the same files remove nothing");
    if 0 < first.directory.businesses().len() {
        assert!(again.changed.is_empty(), "the same files change nothing");
        assert_eq!(again.directory.version(), first.directory.version());
    }

    let turned: Vec<Source> = sources.iter().rev().cloned().collect();
    let other = publish(&Directory::empty(), &turned, &stored, &rules);
    assert_eq!(other.mistakes, first.mistakes, "the order of the files does not matter");
    assert_eq!((other.changed, other.removed), (first.changed, first.removed));

    // Each file in turn leaves, then all come back.
    for gone in 0..sources.len() {
        let mut fewer = sources.clone();
        fewer.remove(gone);
        let less = publish(&first.directory, &fewer, &[], &rules);
        check(&less, &fewer);
        check(&publish(&less.directory, &sources, &[], &rules), &sources);
    }
}

fn check(published: &Published, sources: &[Source]) {
    for mistake in &published.mistakes {
        let source = sources.iter().find(|source| source.file == mistake.file);
        let source = source.expect("mistakes name a file of the publish");
        let lines = 1 + source.bytes.iter().filter(|byte| **byte == b'\n').count();
        assert!(1 <= mistake.line && mistake.line as usize <= lines, "{mistake}");
        assert!(1 <= mistake.column, "{mistake}");
        assert!(!mistake.to_string().contains('\n'), "{mistake:?}");
    }
    for (number, agent) in published.directory.numbers() {
        let answering = published.directory.agent_for(number).map(|agent| agent.business);
        assert_eq!(answering, Some(agent.business), "a number is answered by its business");
    }
    for kept in &published.kept {
        assert!(published.mistakes.iter().any(|mistake| mistake.file == kept.file), "{kept:?}");
    }
}

/// Local vendors only, and defaults like the shipped ones.
pub(crate) fn rules() -> Rules {
    let turns = Turns {
        endpoint_delay_min: Millis::new(350),
        endpoint_delay_max: Millis::new(1_200),
        barge_in: BargeIn::Allowed,
        no_input_delay: Millis::new(8_000),
        no_input_prompts_max: 2,
        dtmf_gap_max: Millis::new(3_000),
        greeting_protected: Millis::ZERO,
        keys: types::KeyRules::STANDARD,
    };
    let limits = Limits { call_duration_max: Millis::from_secs(900), calls_max: 20 };
    Rules {
        defaults: Defaults { turns, limits, intake: Intake::STANDARD },
        vendors: KnownVendors::local(),
    }
}

/// Files cut out of one input: enough for every kind of conflict.
const FILES_MAX: usize = 5;
