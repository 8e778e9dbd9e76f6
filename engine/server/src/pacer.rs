//! One pacer per media thread: every 20 ms, on an absolute schedule, it wakes the calls that play.
//!
//! A call that only listens is not woken: its carrier's frames are its clock. The list of waiting
//! calls is the thread's own, so that a tick takes no lock and, once warm, no memory.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use types::PTIME;

use crate::telemetry::Telemetry;

#[derive(Default)]
struct Waiting {
    tick: u64,
    wakers: Vec<Waker>,
}

thread_local! {
    static WAITING: RefCell<Waiting> = RefCell::default();
}

/// A call's place at its thread's pacer: remembers which tick it has seen.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    seen: u64,
}

impl Ticker {
    /// Ready once per tick of this thread's pacer; otherwise `context` is woken at the next one.
    pub(crate) fn poll_tick(&mut self, context: &Context<'_>) -> Poll<()> {
        WAITING.with_borrow_mut(|waiting| {
            if self.seen != waiting.tick {
                self.seen = waiting.tick;
                return Poll::Ready(());
            }
            let waker = context.waker();
            // Polled again before the tick, for another reason: it waits already.
            if !waiting.wakers.last().is_some_and(|last| last.will_wake(waker)) {
                waiting.wakers.push(waker.clone());
            }
            Poll::Pending
        })
    }
}

/// Runs this thread's pacer for as long as the thread's runtime lives.
///
/// A late tick is not made up for by shifting the schedule: the calls send all that is due.
pub(crate) async fn run(telemetry: &Telemetry) {
    let begun = Instant::now();
    let mut wakers = Vec::new();
    for tick in 1_u32.. {
        let due = begun + Duration::from_millis(u64::from(PTIME.get())) * tick;
        sleep_until(due).await;
        telemetry.tick_lateness.record(due.elapsed().as_secs_f64() * 1_000.0);
        WAITING.with_borrow_mut(|waiting| {
            waiting.tick += 1;
            std::mem::swap(&mut waiting.wakers, &mut wakers);
        });
        for waker in wakers.drain(..) {
            waker.wake();
        }
        // A tick that lies in the past must still let the calls run first.
        poll_fn(once_yielded()).await;
    }
}

fn once_yielded() -> impl FnMut(&mut Context<'_>) -> Poll<()> {
    let mut yielded = false;
    move |context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
