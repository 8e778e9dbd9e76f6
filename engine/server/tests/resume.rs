//! Calls that outlive their socket, and the process that carried them.

mod support;

use server::rehearse::{Fault, Rehearsal, rehearse};
use support::raw::{Raw, block_on};
use support::shop::Shop;
use support::{Site, models, repository, scratch};
use types::{EndReason, Millis};

#[test]
fn a_bare_socket_that_comes_back_goes_on_with_its_call() {
    let shop = Shop::new(1);
    let site = Site::start("comes-back", std::slice::from_ref(&shop), "");
    block_on(async {
        let mut raw = Raw::open(&site.engine).await;
        raw.start(&shop.number, "comes-back").await;
        raw.frames(40).await;
        raw.vanish();
        let mut again = Raw::open(&site.engine).await;
        again.start(&shop.number, "comes-back").await;
        again.frames(200).await;
        assert_eq!(again.heard().await, "media", "the greeting is said again");
        again.hang_up().await;
    });
    let (record, dir) = site.record(&shop.id, "comes-back");
    assert_eq!(record.ended, EndReason::CallerHungUp, "the call had not ended");
    let log = std::fs::read_to_string(dir.join("events.jsonl")).expect("its log");
    assert!(log.contains(r#""event":"detached""#) && log.contains(r#""event":"reattached""#));
    assert_eq!(record.turns[0].heard.reveal(), &shop.greeting, "and was heard to its end");
    assert_eq!(site.count("apex_legs_reattached_total"), 1);
    site.engine.stop(Millis::ZERO);
}

#[test]
fn legs_of_a_process_that_is_killed_are_spoken_to_again() {
    let plan = Rehearsal {
        program: env!("CARGO_BIN_EXE_apex").into(),
        calls: 6,
        together: 6,
        seed: 1,
        only: Some(Fault::Killed),
        out: scratch("rehearsal"),
        businesses: repository().join("fixtures/businesses"),
        models: models(),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let tally = runtime.block_on(rehearse(&plan, |_| ())).expect("a rehearsal");
    assert_eq!(tally.calls(), 6);
    assert_eq!(tally.complaints(), Vec::<String>::new(), "\n{tally}");
}
