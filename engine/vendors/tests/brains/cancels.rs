//! After a cancel returns, nothing of that reply is offered.

use fake_vendors::chat::Reply;
use fake_vendors::{Delays, Plan};
use types::Millis;
use vendor::BrainEvent;

use crate::world::{KINDS, Setup, World, generation_of};

/// Replies cancelled per family.
const CANCELS: u32 = 10_000;

/// SplitMix64's step: the same seed, the same moments.
fn mix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Cancels each of `CANCELS` replies at a moment drawn by seed: at once, after some turns of the
/// runtime, or after some of its words. The model goes on talking whatever we do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancelled_replies_say_nothing_afterwards() {
    for kind in KINDS {
        let plan = Plan::quick().with_delays(Delays { token: Millis::ZERO, ..Delays::NONE });
        let mut world = World::new(kind, Setup { plan, ..Setup::default() }).await;
        let words = "Well. We do. Indeed. Each day. All day. And then. So what. Oh well. Yes.";
        world.fakes.replies().set_usual(Some(Reply::words(words)));
        let (mut seed, mut late, mut heard, mut whole) = (7, 0, 0, 0);
        let mut last = world.ask("Hello");
        for _ in 0..CANCELS {
            match mix(&mut seed) % 4 {
                0 => (),
                1 => {
                    for _ in 0..mix(&mut seed) % 40 {
                        tokio::task::yield_now().await;
                    }
                }
                2.. => {
                    let wanted = mix(&mut seed) % 10;
                    for _ in 0..=wanted {
                        let event = world.events.recv().await.unwrap();
                        heard += 1;
                        if matches!(event, BrainEvent::Done { .. } | BrainEvent::Failed { .. }) {
                            whole += 1;
                            break;
                        }
                    }
                }
            }
            world.session.cancel(last);
            // What was offered before the cancel lies in the queue.
            while world.events.try_recv().is_ok() {
                heard += 1;
            }
            let next = world.think();
            // From here on whatever comes is of the next reply, or late.
            for _ in 0..mix(&mut seed) % 3 {
                tokio::task::yield_now().await;
                if let Ok(event) = world.events.try_recv() {
                    late += u32::from(generation_of(&event) != next);
                }
            }
            last = next;
        }
        world.session.cancel(last);
        assert_eq!(late, 0, "{kind:?}");
        assert!(CANCELS / 2 < heard, "{kind:?}: most replies had begun: {heard}, {whole} whole");
        let usage = world.session.usage();
        assert!(0 < usage.tokens_in.estimated, "a cancelled stream tells no figure: {usage:?}");
    }
}
