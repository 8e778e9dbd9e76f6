//! Vendors that fail in the middle of whole calls: what does the caller hear?
//!
//! Every adapter × every fault of the fake vendors is one call through the real engine over real
//! sockets, with that vendor first in the agent's file. Calls run in lanes: each has an engine, a world
//! of vendors and a business per call of its own, so that no call knows of another's faults. What the
//! caller waits is measured against calls without a fault in the same run.

mod cases;
mod lane;
mod page;
mod question;
mod seen;
mod verdict;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use fake_vendors::StartError as VendorsError;
use thiserror::Error;
use tokio::task::JoinSet;
use types::SampleRate;

pub use cases::{Adapter, Case, Duty, When, all, few};
use lane::Lane;
pub use page::{PageError, put_into};
pub use seen::{Outcome, Seen};
pub use verdict::{Cell, Matrix};

use crate::engine::StartError;

/// How often a call is placed anew whose caller was late itself.
const REPEATS_MAX: usize = 2;

/// A matrix that cannot be made.
#[derive(Debug, Error)]
pub enum MatrixError {
    /// The system refuses something.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The recording the caller's voice is made of cannot be read.
    #[error(transparent)]
    Audio(#[from] caller::AudioError),
    /// The vendors cannot be served.
    #[error(transparent)]
    Vendors(#[from] VendorsError),
    /// An engine does not start.
    #[error(transparent)]
    Engine(#[from] StartError),
    /// A call cannot be placed.
    #[error(transparent)]
    Call(#[from] caller::CallerError),
    /// There are more cases than numbers.
    #[error("there are too many cases for the numbers of one town")]
    Number,
    /// A call leaves no record.
    #[error("the call {call} has left no record")]
    NoRecord {
        /// Which.
        call: String,
    },
    /// A lane died.
    #[error("a lane was lost")]
    Lane(#[from] tokio::task::JoinError),
}

/// A matrix to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// The calls.
    pub cases: Vec<Case>,
    /// How many are up at the same time.
    pub together: usize,
    /// Where settings and state go; emptied.
    pub out: PathBuf,
    /// Real speech, from which the caller's is made.
    pub voice: PathBuf,
    /// The directory of local models.
    pub models: PathBuf,
}

/// Places all calls; `show` is told of each.
///
/// # Errors
/// [`MatrixError`]: they could not be placed. What vendors did to callers is no error.
pub async fn run(order: &Order, mut show: impl FnMut(&Seen)) -> Result<Matrix, MatrixError> {
    if order.out.exists() {
        fs::remove_dir_all(&order.out)?;
    }
    let voice: Arc<[i16]> = caller::audio::load(&order.voice, SampleRate::Hz8000)?.into();
    let together = order.together.clamp(1, order.cases.len().max(1));
    let (tell, mut told) = tokio::sync::mpsc::channel(together);
    let mut lanes = JoinSet::new();
    for number in 0..together {
        let cases = order.cases.iter().copied().enumerate();
        let cases: Vec<(usize, Case)> = cases.skip(number).step_by(together).collect();
        let (dir, models) = (order.out.join(format!("lane-{number}")), order.models.clone());
        let (voice, tell) = (voice.clone(), tell.clone());
        lanes.spawn(async move {
            let lane = Lane::open(dir, &models, &voice, &cases).await?;
            for (index, case) in cases {
                let mut seen = lane.call(index, case).await?;
                for _ in 0..REPEATS_MAX {
                    if !seen.is_sound {
                        seen = lane.call(index, case).await?;
                    }
                }
                if tell.send(seen).await.is_err() {
                    break;
                }
            }
            lane.close().await
        });
    }
    drop(tell);
    let mut all = Vec::new();
    while let Some(seen) = told.recv().await {
        show(&seen);
        all.push(seen);
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(Matrix::of(all))
}
