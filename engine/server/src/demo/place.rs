//! One caller of a demo, on a thread of its own as a carrier would be on another machine.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caller::{CallPlan, CallReport, CallerError, Observation, Token};
use tokio::runtime::Builder;
use types::{AudioFormat, Encoding, Millis, SampleRate, Secret};

use super::script::{DemoCall, DemoScript};
use super::view::Shown;
use super::{DemoError, tell};
use crate::engine::Engine;

/// Replies whose end may wait to be noticed: more lines than any script has.
const ENDED_MAX: usize = 256;

/// The longest a line may take to be reached.
const LINE_LIMIT: Duration = Duration::from_secs(180);

/// A call that is being made.
pub(super) struct Running {
    call: DemoCall,
    ended: Receiver<usize>,
    thread: JoinHandle<Result<CallReport, CallerError>>,
    placed: Instant,
    first: Receiver<Instant>,
}

/// A call that was made.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) call: DemoCall,
    pub(super) report: CallReport,
    pub(super) first_word: Millis,
}

/// Places the call `id` of the script.
pub(super) fn start(
    script: &DemoScript,
    id: &str,
    codec: Encoding,
    engine: &Engine,
    shown: &SyncSender<Shown>,
) -> Result<Running, DemoError> {
    let call = script.calls.iter().find(|call| call.id == id).expect("an id of the script").clone();
    let plan = plan(script, &call, codec, engine)?;
    let (ends, ended) = sync_channel(ENDED_MAX);
    let (firsts, first) = sync_channel(1);
    let (shown, business) = (shown.clone(), call.business);
    let name = carrier_call(id);
    let observe = move |observation: Observation| {
        if let Observation::ReplyEnded { turn: Some(turn), .. } = &observation
            && ends.try_send(*turn).is_err()
        {
            tracing::debug!("nobody waits for this line");
        }
        if let Observation::ReplyBegan { turn: None, .. } = &observation
            && firsts.try_send(Instant::now()).is_err()
        {
            tracing::debug!("the first word was noted before");
        }
        tell(&shown, Shown::Observed { call: name.clone(), business, observation });
    };
    let placed = Instant::now();
    let thread = std::thread::Builder::new()
        .name(format!("caller-{id}"))
        .spawn(move || {
            let address = plan.url.clone();
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|source| CallerError::Connect { address, source })?;
            runtime.block_on(caller::run(plan, observe))
        })
        .map_err(DemoError::file(std::path::Path::new("a caller's thread")))?;
    Ok(Running { call, ended, thread, placed, first })
}

fn plan(
    script: &DemoScript,
    call: &DemoCall,
    codec: Encoding,
    engine: &Engine,
) -> Result<CallPlan, DemoError> {
    let format = leg_format(codec);
    let published = engine.node.routes.load();
    let business = published.directory.business(call.business);
    let number = business.and_then(|business| business.numbers.first());
    let to = number.map(|number| number.e164).ok_or_else(|| DemoError::NoRecord {
        id: call.id.clone(),
        dir: engine.publisher.path().to_owned(),
    })?;
    let token = format!("demo-{}-{:x}", call.id, std::process::id());
    engine.node.tokens.mint(token.clone());
    let url = format!("ws://{}/media/telnyx", engine.media);
    Ok(CallPlan {
        token: Some(Token::Header(Secret::new(token))),
        from: "+12125550199".parse().ok(),
        call_control: Some(carrier_call(&call.id)),
        codec: format,
        ..CallPlan::new(url, to, script.caller_script(call, format.rate)?)
    })
}

/// What the carrier calls the call `id` of the script.
fn carrier_call(id: &str) -> String {
    format!("demo-{id}")
}

/// What a leg of this encoding carries (telnyx.md §1.8).
fn leg_format(encoding: Encoding) -> AudioFormat {
    let rate = match encoding {
        Encoding::Pcmu | Encoding::Pcma => SampleRate::Hz8000,
        Encoding::G722 | Encoding::L16 | Encoding::Opus => SampleRate::Hz16000,
    };
    AudioFormat { encoding, rate }
}

impl Running {
    /// Waits until the reply to the line that `follower` names was heard.
    pub(super) fn wait_for_line(&self, follower: &DemoCall) {
        let line = follower.after_line.as_ref().map(|(_, line)| line.as_str());
        let number = self.call.lines.iter().position(|other| Some(other.id.as_str()) == line);
        // A line that never comes: the follower is placed all the same, and judged.
        while let Ok(ended) = self.ended.recv_timeout(LINE_LIMIT) {
            if Some(ended) >= number {
                return;
            }
        }
    }

    /// Waits for the end of the call.
    pub(super) fn finish(self) -> Result<Placed, DemoError> {
        let report = self.thread.join().map_err(|_| DemoError::Died)??;
        let first = self.first.try_recv().unwrap_or(self.placed);
        let first_word = Millis::new(first.duration_since(self.placed).as_millis() as u32);
        Ok(Placed { call: self.call, report, first_word })
    }
}
