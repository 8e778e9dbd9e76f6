//! The most telling rows of the matrix of faults: whole calls whose vendors fail in the middle.

mod support;

use server::matrix::{self, Order};
use support::{models, repository, scratch};

/// How many calls are up at the same time: one lane each, and an engine.
const TOGETHER: usize = 8;

#[test]
fn vendors_that_fail_cost_callers_little_silence_and_no_word() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let order = Order {
        cases: matrix::few(),
        together: TOGETHER,
        out: scratch("matrix"),
        voice: repository().join("fixtures/demo/first-3-cleaning.flac"),
        models: models(),
    };
    let made = runtime.expect("a runtime").block_on(matrix::run(&order, |_| ()));
    let matrix = made.expect("calls that can be placed");
    let failed = order.cases.iter().filter(|case| case.trouble.is_some()).count();
    assert_eq!(matrix.cells().len(), failed);
    assert_eq!(matrix.complaints(), Vec::<String>::new());
}
