//! Many businesses: what is not touched is not made again.

use std::sync::Arc;

use directory::{Directory, Source};

use crate::fixture::{business, id, lines, next, source};

const BUSINESSES: u64 = 300;

fn number(at: u64) -> String {
    format!("+1212{:07}", at)
}

fn sources() -> Vec<Source> {
    let text = |at| business(&format!("b{at}"), &[&number(at)]);
    (0..BUSINESSES).map(|at| source(&format!("{at}.toml"), text(at))).collect()
}

#[test]
fn one_edit_among_many_makes_one_business_anew() {
    let mut sources = sources();
    let first = next(&Directory::empty(), &sources);
    assert_eq!((lines(&first), first.changed.len()), (vec![], BUSINESSES as usize));
    sources[7].bytes = business("b7", &[&number(7)]).replace("4.50", "5.00").into();
    let second = next(&first.directory, &sources);
    assert_eq!(second.changed, [id("b7")]);
    let (was, is) = (first.directory.businesses(), second.directory.businesses());
    let same = was.zip(is).filter(|(was, is)| Arc::ptr_eq(was, is)).count();
    assert_eq!(same, BUSINESSES as usize - 1);
}

#[test]
fn a_long_chain_of_refusals_ends() {
    let mut sources = sources();
    let first = next(&Directory::empty(), &sources);
    // Each wants its neighbor's number, and the last neighbor does not let go.
    for at in 0..BUSINESSES - 1 {
        let text = business(&format!("b{at}"), &[&number(at + 1)]);
        sources[at as usize].bytes = text.into();
    }
    let second = next(&first.directory, &sources);
    assert_eq!(second.kept.len(), BUSINESSES as usize - 1);
    assert_eq!(second.changed, []);
}
