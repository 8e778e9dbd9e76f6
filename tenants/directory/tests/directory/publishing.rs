//! What a publish keeps, takes, gives and refuses.

use std::sync::Arc;

use directory::{BusinessKept, Directory, Published, Source, ToStore, publish};

use crate::fixture::{BASE, business, id, lines, next, number, routes, rules, source, stored};

const ONE: &str = "+12125550101";
const TWO: &str = "+12125550102";
const SIX: &str = "+12125550106";

/// Two businesses, live: `a` answers ONE, `b` answers TWO.
fn live() -> (Published, Vec<Source>) {
    let sources =
        vec![source("a.toml", business("a", &[ONE])), source("b.toml", business("b", &[TWO]))];
    let published = next(&Directory::empty(), &sources);
    assert_eq!(lines(&published), [""; 0]);
    (published, sources)
}

#[track_caller]
fn answers(directory: &Directory, expected: &[&str]) {
    assert_eq!(routes(directory), expected);
}

/// A file that is a business no more, though one can see which it was.
fn broken(text: &str) -> String {
    text.replace("\"GBP\"", "\"DM\"")
}

#[test]
fn the_first_publish_is_version_one_and_everything_in_it_is_new() {
    let (first, _) = live();
    assert_eq!(first.directory.version().get(), 1);
    assert_eq!(first.changed, [id("a"), id("b")]);
    let to_store =
        [ToStore { business: id("a"), source: 0 }, ToStore { business: id("b"), source: 1 }];
    assert_eq!(first.to_store, to_store);
    answers(&first.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    assert_eq!(first.directory.agent_for(number(TWO)).unwrap().business, id("b"));
    assert!(first.directory.agent_for(number(SIX)).is_none());
    assert_eq!(first.directory.numbers_len(), 2);
}

#[test]
fn an_edit_changes_its_business_only() {
    let (first, mut sources) = live();
    sources[0] = source("a.toml", business("a", &[ONE]).replace("4.50", "5.00"));
    let second = next(&first.directory, &sources);
    assert_eq!(second.changed, [id("a")]);
    assert_eq!(second.to_store, [ToStore { business: id("a"), source: 0 }]);
    answers(&second.directory, &["+12125550101 a/counter v2", "+12125550102 b/counter v1"]);
    let agent = |published: &Published| published.directory.agent_for(number(TWO)).unwrap();
    assert!(Arc::ptr_eq(&agent(&first), &agent(&second)));
}

#[test]
fn an_edit_that_says_the_same_changes_nothing() {
    let (first, mut sources) = live();
    let text = business("a", &[ONE]);
    let (head, business_table) = text.split_once("[business]").unwrap();
    let (own, rest) = business_table.split_once("[[numbers]]").unwrap();
    let text = format!("# said before\n{head}[[numbers]]{rest}\n[business] # moved{own}");
    sources[0] = source("a.toml", text);
    let second = next(&first.directory, &sources);
    assert_eq!(lines(&second), [""; 0]);
    assert_eq!((second.changed, second.directory.version().get()), (vec![], 1));
    let agents = |directory: &Directory| directory.agent_for(number(ONE)).unwrap();
    assert!(Arc::ptr_eq(&agents(&first.directory), &agents(&second.directory)));
    // Its bytes are others, so the stored copy is renewed.
    assert_eq!(second.to_store, [ToStore { business: id("a"), source: 0 }]);
}

#[test]
fn other_defaults_change_every_business() {
    let (first, sources) = live();
    let mut rules = rules();
    rules.defaults.turns.no_input_prompts_max = 3;
    let second = publish(&first.directory, &sources, &[], &rules);
    assert_eq!(second.changed, [id("a"), id("b")]);
    let agent = second.directory.agent_for(number(ONE)).unwrap();
    assert_eq!(agent.turns.no_input_prompts_max, 3);
}

#[test]
fn a_bad_file_keeps_what_its_business_was() {
    let (first, mut sources) = live();
    let good = sources[0].clone();
    let damaged: [Vec<u8>; 5] = [
        broken(&business("a", &[ONE])).into(),
        business("a", &[ONE])[..300].into(),
        vec![],
        b"\xff\xfe".to_vec(),
        "[[[".into(),
    ];
    for bytes in damaged {
        sources[0] = Source { file: "a.toml".into(), bytes };
        let second = next(&first.directory, &sources);
        assert!(second.mistakes.iter().all(|mistake| mistake.file == "a.toml"));
        assert!(!second.mistakes.is_empty());
        assert_eq!(second.kept, [BusinessKept { business: id("a"), file: "a.toml".into() }]);
        assert_eq!((&second.changed[..], &second.removed[..]), (&[][..], &[][..]));
        assert_eq!((second.to_store.len(), second.directory.version().get()), (0, 1));
        answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
        // And again, and then it is mended.
        let third = next(&second.directory, &sources);
        assert_eq!(third.kept, second.kept);
        sources[0] = good.clone();
        let fourth = next(&third.directory, &sources);
        assert_eq!((fourth.kept, fourth.changed), (vec![], vec![]));
    }
}

#[test]
fn a_file_that_is_gone_takes_its_business_along() {
    let (first, mut sources) = live();
    sources.remove(0);
    let second = next(&first.directory, &sources);
    assert_eq!((&second.removed[..], &second.changed[..]), (&[id("a")][..], &[][..]));
    answers(&second.directory, &["+12125550102 b/counter v1"]);
    assert_eq!(second.directory.version().get(), 2);
    let third = next(&second.directory, &[]);
    assert_eq!(third.removed, [id("b")]);
    answers(&third.directory, &[]);
}

#[test]
fn a_renamed_file_is_the_same_business() {
    let (first, mut sources) = live();
    sources[0].file = "z.toml".into();
    let second = next(&first.directory, &sources);
    assert_eq!((&second.changed[..], &second.removed[..]), (&[][..], &[][..]));
    assert_eq!(second.directory.version().get(), 1);
    assert_eq!(second.directory.business(id("a")).unwrap().file, "z.toml");
    // Renamed and broken at once: its id still says whose it is, and from then on its name does.
    sources[0] = source("y.toml", broken(&business("a", &[ONE])));
    let third = next(&second.directory, &sources);
    assert_eq!(third.kept, [BusinessKept { business: id("a"), file: "y.toml".into() }]);
    sources[0] = source("y.toml", "");
    let fourth = next(&third.directory, &sources);
    assert_eq!(fourth.kept, third.kept);
    answers(&fourth.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
}

#[test]
fn another_id_in_the_same_file_is_another_business() {
    let (first, mut sources) = live();
    sources[0] = source("a.toml", business("c", &[ONE]));
    let second = next(&first.directory, &sources);
    assert_eq!((&second.changed[..], &second.removed[..]), (&[id("c")][..], &[id("a")][..]));
    answers(&second.directory, &["+12125550102 b/counter v1", "+12125550101 c/counter v2"]);
    // But not if the file is bad: then its last good version stays.
    sources[0] = source("a.toml", broken(&business("c", &[ONE])));
    let second = next(&first.directory, &sources);
    assert_eq!(second.kept, [BusinessKept { business: id("a"), file: "a.toml".into() }]);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
}

#[test]
fn a_number_is_not_taken_from_its_live_owner() {
    let (first, mut sources) = live();
    sources.push(source("0.toml", business("c", &[SIX, ONE])));
    let second = next(&first.directory, &sources);
    let hint = "a number has one owner: remove it there first";
    assert_eq!(
        lines(&second),
        [format!("0.toml:12:8: numbers[1].e164: +12125550101 rings a (a.toml) ({hint})")]
    );
    // The file is refused as a whole.
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    assert_eq!(second.directory.version().get(), 1);
    // A live business that reaches for it keeps what it has.
    sources.pop();
    sources[1] = source("b.toml", business("b", &[TWO, ONE, SIX]));
    let second = next(&first.directory, &sources);
    assert_eq!(second.kept, [BusinessKept { business: id("b"), file: "b.toml".into() }]);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
}

#[test]
fn a_bad_file_still_protects_its_numbers() {
    let (first, mut sources) = live();
    // `a` would give ONE up, but its file is bad: `b` cannot have it yet.
    sources[0] = source("a.toml", broken(&business("a", &[SIX])));
    sources[1] = source("b.toml", business("b", &[ONE]));
    let second = next(&first.directory, &sources);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    let (of_a, of_b): (Vec<_>, Vec<_>) =
        second.mistakes.iter().partition(|mistake| mistake.file == "a.toml");
    assert_eq!((of_a.len(), of_b.len()), (1, 1));
    assert!(of_b[0].what.contains("rings a (a.toml)"), "{}", of_b[0]);
}

#[test]
fn numbers_move_swap_and_are_freed_within_one_publish() {
    let (first, _) = live();
    let published = |a: &[&str], b: &[&str]| {
        let sources = [source("a.toml", business("a", a)), source("b.toml", business("b", b))];
        next(&first.directory, &sources)
    };
    let moved = published(&[], &[TWO, ONE]);
    answers(&moved.directory, &["+12125550102 b/counter v2", "+12125550101 b/counter v2"]);
    let swapped = published(&[TWO], &[ONE]);
    answers(&swapped.directory, &["+12125550102 a/counter v2", "+12125550101 b/counter v2"]);
    let freed = next(&first.directory, &[source("b.toml", business("b", &[ONE]))]);
    answers(&freed.directory, &["+12125550101 b/counter v2"]);
}

#[test]
fn of_two_new_claimants_neither_gets_the_number() {
    let (first, mut sources) = live();
    sources.push(source("c.toml", business("c", &[SIX])));
    sources.push(source("d.toml", business("d", &[SIX, "+12125550107"])));
    let hint = "a number has one owner: neither gets it until one gives way";
    let expected = [
        format!("c.toml:8:8: numbers[0].e164: +12125550106 is claimed by d.toml, too ({hint})"),
        format!("d.toml:8:8: numbers[0].e164: +12125550106 is claimed by c.toml, too ({hint})"),
    ];
    for _ in 0..2 {
        let second = next(&first.directory, &sources);
        assert_eq!(lines(&second), expected);
        assert_eq!(second.directory.numbers_len(), 2);
        sources.reverse();
    }
    // Once one gives way, the other has it.
    sources.pop();
    let third = next(&first.directory, &sources);
    assert_eq!((lines(&third), third.changed), (vec![], vec![id("c")]));
}

#[test]
fn a_refusal_can_put_an_old_version_in_the_way_of_others() {
    let (first, mut sources) = live();
    // `a` would trade ONE for TWO, which `b` keeps; so `a` keeps ONE, and `c` cannot have it.
    sources[0] = source("a.toml", business("a", &[TWO]));
    sources.push(source("c.toml", business("c", &[ONE])));
    let second = next(&first.directory, &sources);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    let said = lines(&second);
    assert!(said[0].contains("a.toml:8:8") && said[0].contains("rings b (b.toml)"), "{said:?}");
    assert!(said[1].contains("c.toml:8:8") && said[1].contains("rings a (a.toml)"), "{said:?}");
}

#[test]
fn who_loses_to_a_live_owner_does_not_block_a_newcomer() {
    let (first, mut sources) = live();
    sources.push(source("c.toml", business("c", &[ONE, SIX])));
    sources.push(source("d.toml", business("d", &[SIX])));
    let second = next(&first.directory, &sources);
    assert_eq!(second.changed, [id("d")]);
    assert!(second.mistakes.iter().all(|mistake| mistake.file == "c.toml"));
    assert_eq!(second.mistakes.len(), 2);
}

#[test]
fn an_id_belongs_to_the_file_it_is_live_from() {
    let (first, mut sources) = live();
    sources.push(source("0.toml", business("a", &[SIX])));
    let hint = "a business has one file: remove one, or give one another id";
    let expected = [format!("0.toml:2:6: business.id: \"a\" is the business of a.toml ({hint})")];
    let second = next(&first.directory, &sources);
    assert_eq!(lines(&second), expected);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    // Also while that file is bad.
    sources[0] = source("a.toml", "");
    let third = next(&first.directory, &sources);
    assert!(lines(&third).contains(&expected[0]), "{:?}", lines(&third));
    answers(&third.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
}

#[test]
fn an_id_in_two_new_files_is_in_none() {
    let sources =
        [source("x.toml", business("c", &[ONE])), source("y.toml", business("c", &[TWO]))];
    let first = next(&Directory::empty(), &sources);
    assert_eq!(first.directory.businesses().len(), 0);
    let said = lines(&first);
    assert!(said[0].contains("x.toml:2:6: business.id: \"c\" is the business of y.toml"));
    assert!(said[1].contains("y.toml:2:6: business.id: \"c\" is the business of x.toml"));
    // Live from a file that is gone, in two new ones: it stays as it was, again and again.
    let (live, mut files) = live();
    files.remove(0);
    files.push(source("x.toml", business("a", &[ONE])));
    files.push(source("y.toml", business("a", &[SIX])));
    let second = next(&live.directory, &files);
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    let third = next(&second.directory, &files);
    assert_eq!((lines(&third), third.kept), (lines(&second), second.kept));
}

#[test]
fn a_broken_file_is_told_of_its_conflicts_too() {
    let (first, mut sources) = live();
    sources.push(source("c.toml", broken(&business("b", &[ONE]))));
    let second = next(&first.directory, &sources);
    let places: Vec<(u32, &str)> =
        second.mistakes.iter().map(|mistake| (mistake.line, mistake.field.as_str())).collect();
    assert_eq!(places, [(2, "business.id"), (5, "business.currency"), (8, "numbers[0].e164")]);
    assert_eq!(second.kept, []);
}

#[test]
fn a_cold_start_falls_back_on_the_stored_copies() {
    let (first, mut sources) = live();
    let copies = stored(&first, &sources);
    let cold = |sources: &[Source]| publish(&Directory::empty(), sources, &copies, &rules());
    // All is well: nothing to store anew.
    let second = cold(&sources);
    assert_eq!((second.to_store.len(), second.changed.len(), second.kept.len()), (0, 2, 0));
    // Broken, id legible or not.
    for text in [broken(&business("a", &[SIX])), String::new()] {
        sources[0] = source("a.toml", text);
        let second = cold(&sources);
        assert_eq!(second.kept, [BusinessKept { business: id("a"), file: "a.toml".into() }]);
        assert_eq!(second.changed, [id("a"), id("b")]);
        assert_eq!((&second.removed[..], second.to_store.len()), (&[][..], 0));
        answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    }
    // Gone while the engine was down.
    let second = cold(&sources[1..]);
    assert_eq!((&second.removed[..], second.kept.len()), (&[id("a")][..], 0));
}

#[test]
fn at_a_cold_start_numbers_belong_to_who_had_them() {
    let (first, mut sources) = live();
    let copies = stored(&first, &sources);
    sources.insert(0, source("0.toml", business("c", &[ONE])));
    let second = publish(&Directory::empty(), &sources, &copies, &rules());
    answers(&second.directory, &["+12125550101 a/counter v1", "+12125550102 b/counter v1"]);
    assert_eq!(second.mistakes.len(), 1);
    assert_eq!(second.mistakes[0].file, "0.toml");
    // Without copies nobody can tell.
    let third = next(&Directory::empty(), &sources);
    answers(&third.directory, &["+12125550102 b/counter v1"]);
}

#[test]
fn stored_copies_that_contradict_each_other_or_are_bad_do_no_harm() {
    let (first, sources) = live();
    let mut copies = stored(&first, &sources);
    // From before and after a move: both say that ONE is theirs.
    copies[1].source.bytes = business("b", &[ONE]).into();
    let both_broken = [source("a.toml", ""), source("b.toml", "")];
    let second = publish(&Directory::empty(), &both_broken, &copies, &rules());
    answers(&second.directory, &["+12125550101 a/counter v1"]);
    // A copy that is somebody else's, or no longer good, is no copy; but it is not thrown away.
    copies[0].source.bytes = business("x", &[ONE]).into();
    copies[1].source.bytes = broken(&business("b", &[ONE])).into();
    let third = publish(&Directory::empty(), &both_broken, &copies, &rules());
    answers(&third.directory, &[]);
    assert_eq!((third.removed, third.kept), (vec![], vec![]));
}

#[test]
fn a_running_engine_does_not_look_at_stored_copies() {
    let (first, sources) = live();
    let copies = stored(&first, &sources);
    let second = next(&first.directory, &sources[1..]);
    let back = [source("a.toml", broken(&business("a", &[ONE]))), sources[1].clone()];
    let third = publish(&second.directory, &back, &copies, &rules());
    answers(&third.directory, &["+12125550102 b/counter v1"]);
}

#[test]
fn two_agents_of_a_business_answer_their_own_numbers() {
    let (_, agent) = BASE.split_once("[[agents]]").unwrap();
    let (agent, _) = agent.split_once("[facts]").unwrap();
    let second = format!("[[agents]]{agent}").replace("\"counter\"", "\"orders\"");
    let numbers = format!("[[numbers]]\ne164 = \"{SIX}\"\nagent = \"orders\"\n{second}\n[facts]\n");
    let text = BASE.replace("[facts]\n", &numbers);
    let published = next(&Directory::empty(), &[source("t", text)]);
    answers(
        &published.directory,
        &["+442079460101 corner-bakery/counter v1", "+12125550106 corner-bakery/orders v1"],
    );
    let orders = published.directory.agent_for(number(SIX)).unwrap();
    let counter = published.directory.agent_for(number("+442079460101")).unwrap();
    assert!(Arc::ptr_eq(&orders.facts, &counter.facts));
}
