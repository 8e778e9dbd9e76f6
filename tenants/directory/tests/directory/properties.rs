//! What holds for any files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use directory::{Directory, Published, Source, check, fuzz_directory};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::fixture::{BASE, business, lines, next, routes, rules, source};

const NUMBERS: [&str; 5] =
    ["+12125550101", "+12125550102", "+12125550103", "+12125550104", "+12125550105"];

/// One edit of one line of the base each: what to replace, by what.
const EDITS: [(&str, &str); 24] = [
    ("id = \"corner-bakery\"", "id = \"Corner\""),
    ("name = \"Corner Bakery\"", "name = 3"),
    ("\"Europe/London\"", "\"Atlantis\""),
    ("\"GBP\"", "\"£\""),
    ("e164 = \"+442079460101\"", "e164 = \"0101\""),
    ("language = \"en-GB\"", "language = \"e\""),
    ("\"brisk\"", "\"slow\""),
    ("record = false", "record = 0"),
    ("\"cloud-ear\", ", "\"ear\", "),
    ("endpoint_delay_min_ms = 300", "endpoint_delay_min_ms = 99"),
    ("\"protected\"", "\"never\""),
    ("calls_max = 5", "calls_max = -5"),
    ("address = \"1 Mill Lane, Camden\"", "address = \"\""),
    ("email = \"bread@", "email = \"bread"),
    ("\"13:00-18:00\"", "\"18:00-13:00\""),
    ("thursday = [\"07:00-18:00\"]", "thursday = [\"07:00-18:00\", \"08:00-09:00\"]"),
    ("name = \"Christmas Day\"", "name = \"\""),
    ("to = 2026-12-31", "to = 2026-12-01"),
    ("\"4.50\"", "\"4.505\""),
    ("price_to = \"75.00\"", "price_to = \"7.50\""),
    ("duration_min = 2880", "duration = 2880"),
    ("id = \"gluten\"", "id = \"-\""),
    ("role = \"baker\"", "roll = \"baker\""),
    ("transfer_to = \"+442079460102\"", "transfer_to = \"+1\""),
];

/// A file among others: which business it says it is, its numbers, whether it is broken and how.
#[derive(Clone, Debug)]
struct Plan {
    id: &'static str,
    numbers: Vec<&'static str>,
    damage: Damage,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    Value,
    Syntax,
    Empty,
}

fn plan() -> impl Strategy<Value = Plan> {
    let ids = select(vec!["a", "b", "c", "d"]);
    let numbers = prop::sample::subsequence(NUMBERS.to_vec(), 0..=3);
    let damage = prop_oneof![
        8 => Just(Damage::None),
        1 => Just(Damage::Value),
        1 => Just(Damage::Syntax),
        1 => Just(Damage::Empty),
    ];
    (ids, numbers, damage).prop_map(|(id, numbers, damage)| Plan { id, numbers, damage })
}

fn plans() -> impl Strategy<Value = Vec<Source>> {
    prop::collection::btree_map(select(vec!["1", "2", "3", "4", "5"]), plan(), 0..=5).prop_map(
        |plans: BTreeMap<&str, Plan>| {
            plans.into_iter().map(|(file, plan)| source(file, written(&plan))).collect()
        },
    )
}

fn written(plan: &Plan) -> String {
    let text = business(plan.id, &plan.numbers);
    match plan.damage {
        Damage::None => text,
        Damage::Value => text.replace("\"brisk\"", "\"slow\""),
        Damage::Syntax => text.replace("[facts]", "[facts"),
        Damage::Empty => String::new(),
    }
}

/// All that a publish says, but for indices into its sources.
fn told(published: &Published) -> impl PartialEq + std::fmt::Debug + use<> {
    let Published { directory, kept, changed, removed, to_store, .. } = published;
    let files: Vec<(String, String)> = directory
        .businesses()
        .map(|business| (business.id.to_string(), business.file.clone()))
        .collect();
    let to_store: Vec<_> = to_store.iter().map(|copy| copy.business).collect();
    let all = (kept.clone(), changed.clone(), removed.clone(), to_store);
    (directory.version(), routes(directory), lines(published), files, all)
}

fn owner(directory: &Directory, number: &str) -> Option<String> {
    directory.agent_for(number.parse().unwrap()).map(|agent| agent.business.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_of_the_files_never_matters(
        before in plans(),
        (files, turned) in plans()
            .prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
    ) {
        let previous = next(&Directory::empty(), &before).directory;
        prop_assert_eq!(told(&next(&previous, &files)), told(&next(&previous, &turned)));
    }

    #[test]
    fn the_same_files_again_change_nothing(before in plans(), files in plans()) {
        let previous = next(&Directory::empty(), &before).directory;
        let first = next(&previous, &files);
        let second = next(&first.directory, &files);
        prop_assert_eq!(lines(&first), lines(&second));
        prop_assert_eq!(routes(&first.directory), routes(&second.directory));
        prop_assert_eq!(first.kept, second.kept);
        prop_assert_eq!(first.directory.version(), second.directory.version());
        prop_assert!(second.changed.is_empty());
        prop_assert!(second.removed.is_empty());
    }

    #[test]
    fn a_number_changes_hands_only_when_its_owner_lets_go(before in plans(), files in plans()) {
        let previous = next(&Directory::empty(), &before).directory;
        let published = next(&previous, &files);
        for number in NUMBERS {
            let Some(was) = owner(&previous, number) else {
                continue;
            };
            if owner(&published.directory, number).as_deref() != Some(&was) {
                // Its owner is gone, or is there by a good file that does not list it.
                let kept = published.kept.iter().any(|kept| kept.business.as_str() == was);
                prop_assert!(!kept, "{number} was taken from {was}");
                if let Some(now) = published.directory.business(was.parse().unwrap()) {
                    let file = files.iter().find(|source| source.file == now.file).unwrap();
                    let text = String::from_utf8(file.bytes.clone()).unwrap();
                    let claim = format!("e164 = \"{number}\"");
                    prop_assert!(!text.contains(&claim));
                }
            }
        }
        // Every bad file is told so; every other is in force.
        let bad: BTreeSet<&str> =
            published.mistakes.iter().map(|mistake| mistake.file.as_str()).collect();
        for source in files.iter().filter(|source| !bad.contains(source.file.as_str())) {
            let mut all = published.directory.businesses();
            prop_assert!(all.any(|business| business.file == source.file));
        }
    }

    #[test]
    fn a_bad_file_changes_no_other_business(
        broken in any::<Index>(),
        edit in select(EDITS.to_vec()),
        cut in any::<Index>(),
        cold in any::<bool>(),
    ) {
        let ids = ["a", "b", "c", "d", "e"];
        let mut files: Vec<Source> = ids
            .iter()
            .zip(NUMBERS)
            .map(|(id, number)| source(&format!("{id}.toml"), business(id, &[number])))
            .collect();
        let first = next(&Directory::empty(), &files);
        let at = broken.index(ids.len());
        let text = business(ids[at], &[NUMBERS[at]]);
        let edited = text.replace(edit.0, edit.1);
        let cut = text[..cut.index(text.len())].to_owned();
        files[at].bytes = if edited == text { cut.into() } else { edited.into() };
        let previous = if cold { Directory::empty() } else { first.directory.clone() };
        let second = next(&previous, &files);
        // Cut between two entries, it may be a good file that says less.
        prop_assume!(!second.mistakes.is_empty());
        for (other, number) in NUMBERS.iter().enumerate().filter(|(other, _)| *other != at) {
            let number = number.parse().unwrap();
            let was = first.directory.agent_for(number).unwrap();
            let is = second.directory.agent_for(number).unwrap();
            prop_assert_eq!(is.business.as_str(), ids[other]);
            prop_assert!(cold || Arc::ptr_eq(&was, &is));
        }
        prop_assert!(second.mistakes.iter().all(|mistake| mistake.file == files[at].file));
        if !cold {
            prop_assert_eq!(routes(&first.directory), routes(&second.directory));
        }
    }

    #[test]
    fn every_mistake_is_said_in_its_line(
        edits in prop::sample::subsequence(EDITS.to_vec(), 1..=EDITS.len()),
        pads in prop::collection::vec(0..3_usize, EDITS.len()),
    ) {
        let mut text = BASE.to_owned();
        for ((from, to), pad) in edits.iter().zip(pads) {
            prop_assert_eq!(text.matches(from).count(), 1, "{}", from);
            // Comments before some line move all that follow.
            let comments = format!("\n{}\n", "# é\n".repeat(pad));
            text = text.replace(from, to).replacen("\n\n", &comments, 1);
        }
        let expected: BTreeSet<u32> = edits
            .iter()
            .map(|(_, to)| 1 + text.lines().position(|line| line.contains(to)).unwrap() as u32)
            .collect();
        let mistakes = check(&[source("t", text.clone())], &rules()).map(|_| ()).unwrap_err();
        let said: BTreeSet<u32> = mistakes.iter().map(|mistake| mistake.line).collect();
        prop_assert_eq!(said, expected);
        prop_assert_eq!(mistakes.len(), edits.len(), "{:#?}", mistakes);
        // The place is the place of what is wrong: its text begins there.
        for mistake in &mistakes {
            let line = text.lines().nth(mistake.line as usize - 1).unwrap();
            let rest: String = line.chars().skip(mistake.column as usize - 1).collect();
            let before = line.chars().nth((mistake.column as usize).wrapping_sub(2));
            prop_assert!(!rest.is_empty() && before.is_none_or(|c| " [".contains(c)), "{mistake}");
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_directory(&bytes);
    }

    #[test]
    fn any_damage_is_survived(
        files in prop::collection::vec(plan(), 1..=4),
        damage in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = files.iter().map(written).collect::<Vec<_>>().join("\0").into_bytes();
        for (at, len, byte) in damage {
            let at = at.index(bytes.len().max(1));
            match byte {
                0..=80 => bytes.truncate(at),
                81..=160 => drop(bytes.drain(at..bytes.len().min(at + len.index(40)))),
                161.. => bytes.iter_mut().skip(at).take(1).for_each(|found| *found = byte % 128),
            }
        }
        fuzz_directory(&bytes);
    }
}
