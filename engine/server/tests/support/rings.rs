//! A caller who behaves: rings, asks what was recorded, listens, hangs up.

use std::thread::JoinHandle;

use caller::{CallPlan, CallReport, Gate, Observation, Question, Script, Step, Token, Wait};
use server::engine::Engine;
use types::{AudioFormat, Millis, Secret};

use super::raw::block_on;

/// Waits as long as a busy machine needs.
pub(crate) const PATIENT: Wait = Wait { begin_max: Millis::from_secs(60), ..Wait::REPLY };

/// For the greeting.
pub(crate) const GREETED: Wait = Wait { begin_max: Millis::from_secs(60), ..Wait::GREETING };

/// A plan to ring `number` and follow `steps`.
pub(crate) fn plan(
    engine: &Engine,
    number: &str,
    carrier_call: &str,
    steps: Vec<Step>,
) -> CallPlan {
    let token = format!("token-of-{carrier_call}");
    engine.node.tokens.mint(token.clone());
    let url = format!("ws://{}/media/telnyx", engine.media);
    let to = number.parse().expect("a number");
    CallPlan {
        token: Some(Token::Header(Secret::new(token))),
        call_control: Some(carrier_call.to_owned()),
        codec: AudioFormat::PCMU_8K,
        ..CallPlan::new(url, to, Script { steps })
    }
}

/// Says `question` and listens to the reply.
pub(crate) fn ask(question: &Question) -> [Step; 2] {
    let Question { label, audio } = question.clone();
    [Step::Say { audio, label }, Step::WaitForReply(PATIENT)]
}

/// Holds the caller back until the gate is open.
pub(crate) fn wait_at(gate: &Gate) -> Step {
    Step::WaitForGate { gate: gate.clone(), max: Millis::from_secs(240) }
}

/// Places a call on a thread of its own.
pub(crate) fn ring(
    plan: CallPlan,
    observer: impl FnMut(Observation) + Send + 'static,
) -> JoinHandle<CallReport> {
    std::thread::spawn(move || {
        block_on(caller::run(plan, observer)).expect("a call that can be placed")
    })
}
