//! The carrier's command API as the rest of the engine sees it: a handle that is cheap to clone and
//! may be used from any thread. The requests themselves run on the front door's own thread.
//!
//! Every command is idempotent: its [`CommandId`] stays the same over all attempts, and the carrier
//! ignores what it has seen within a minute (telnyx.md §3.2). Attempts are made here
//! (`retry`); what comes back is final.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use types::{AudioFormat, CallId, E164, Millis, Pii, Secret};

use crate::telemetry::Telemetry;

/// Commands on their way to the carrier: every call of a large node ends at once, twice over.
/// Beyond that the caller is told so, and the sweeper ends what is left.
const JOBS_MAX: usize = 2_048;

/// One leg as the carrier calls it: its call control id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegName(Arc<str>);

impl LegName {
    /// The leg the carrier calls `name`.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The carrier's word for it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LegName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<leg>")
    }
}

/// The name of one command of one leg: the same over all attempts, unlike any other's.
///
/// `{leg}:{epoch}:{verb}:{n}`: the epoch tells apart the lives of a leg that outlives a process, `n`
/// the repetitions of a verb that are meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommandId {
    /// Which life of the leg: 0 in the process that answered it.
    pub epoch: u64,
    /// Which command of this verb.
    pub n: u32,
}

/// What can be asked of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Pick up; with a stream at once, if there is one.
    Answer {
        /// What comes back in every later webhook.
        state: ClientState,
        /// Stream inline, if the settings say so.
        stream: Option<Box<StreamOrder>>,
    },
    /// Stream the leg's audio to us.
    StartStream(Box<StreamOrder>),
    /// Stream no more.
    StopStream,
    /// End it.
    HangUp,
    /// Do not pick up.
    Reject(RejectCause),
    /// Say something in the carrier's own voice.
    Speak {
        /// What.
        text: String,
        /// Whose voice, in the carrier's words.
        voice: String,
        /// BCP 47 tag.
        language: String,
    },
    /// Carry something else from now on.
    Mark {
        /// What comes back in every later webhook.
        state: ClientState,
    },
    /// Hand the caller to somebody else.
    Transfer {
        /// Whom to ring.
        to: E164,
        /// For how long.
        ring: Millis,
        /// What marks both legs as handed over.
        state: ClientState,
    },
    /// Press keys.
    SendDtmf {
        /// `0-9`, `*`, `#`, `A-D`.
        digits: String,
    },
}

impl Command {
    /// The word for it in the API's paths.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::StartStream(_) => "streaming_start",
            Self::StopStream => "streaming_stop",
            Self::HangUp => "hangup",
            Self::Reject(_) => "reject",
            Self::Speak { .. } => "speak",
            Self::Mark { .. } => "client_state_update",
            Self::Transfer { .. } => "transfer",
            Self::SendDtmf { .. } => "send_dtmf",
        }
    }
}

/// Why a leg is not picked up, as the caller's network is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectCause {
    /// 603.
    Rejected,
    /// 486.
    Busy,
    /// 404: nobody has this number.
    NotFound,
    /// 480: not now.
    Unavailable,
}

/// How a leg's audio is to reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOrder {
    /// Where to, with the one-shot token as the last part of its path.
    pub url: String,
    /// The same token, for the header of the upgrade.
    pub token: Secret<String>,
    /// What we want to hear, and shall send.
    pub format: AudioFormat,
    /// What comes back in `start` and in later webhooks.
    pub state: ClientState,
    /// What comes back in `start`, by name.
    pub parameters: Vec<(String, String)>,
}

/// What a leg carries for us through the carrier: whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// Which call.
    pub call: CallId,
    /// Which node answered it.
    pub node: String,
    /// What it is doing.
    pub role: LegRole,
}

/// What a leg of ours is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegRole {
    /// The agent talks on it.
    Call,
    /// Two people talk on it; it is no longer ours to end.
    HandedOver,
}

/// Whether a leg still lives, and what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStatus {
    /// Whether it lives.
    pub life: Life,
    /// What we gave it to carry, if it is ours.
    pub state: Option<ClientState>,
}

/// Whether a leg still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    /// It does.
    Alive,
    /// It does not.
    Ended,
}

/// A leg that is up at the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveCall {
    /// Which.
    pub leg: LegName,
    /// What it carries: something of ours, of somebody else, or nothing.
    pub mark: LegMark,
    /// How long it has been up, as the carrier says.
    pub age: Millis,
}

/// Whose a leg is, by what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegMark {
    /// Nothing: nobody has claimed it yet.
    None,
    /// Something of ours.
    Ours(ClientState),
    /// Something of somebody else.
    Foreign,
}

/// Why the carrier did not do what it was asked. Attempts have been made; this is final.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CarrierError {
    /// The leg is gone (90018): for a hang-up as good as done.
    #[error("the call has ended already")]
    Ended,
    /// The leg has not been answered yet (90034).
    #[error("the call is not answered yet")]
    NotAnswered,
    /// The leg is streamed already, as the carrier believes (90045).
    #[error("the call is streamed already")]
    Streaming,
    /// The key is wrong, or may not do this.
    #[error("the carrier refuses our key (check APEX_TELNYX_API_KEY)")]
    Unauthorized,
    /// The carrier does not do this.
    #[error("the carrier refused with {status}, code {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The carrier's code, or 0.
        code: u32,
    },
    /// Too many requests, for longer than we can wait.
    #[error("the carrier has no time for us")]
    Throttled,
    /// The carrier does not work.
    #[error("the carrier failed with {status}")]
    Faulty {
        /// HTTP status.
        status: u16,
    },
    /// No reply in time, or no way there.
    #[error("the carrier does not reply")]
    NoReply,
    /// What came back is no reply of this API.
    #[error("the carrier's reply cannot be read")]
    Unreadable,
    /// More commands wait than may; or the front door is closed.
    #[error("too many commands wait for the carrier")]
    Shed,
}

/// Something to do at the carrier, and where the answer goes.
#[derive(Debug)]
pub(crate) enum Job {
    /// A command to one leg.
    Command {
        leg: LegName,
        id: CommandId,
        command: Command,
        reply: oneshot::Sender<Result<(), CarrierError>>,
    },
    /// How one leg is.
    Status { leg: LegName, reply: oneshot::Sender<Result<CallStatus, CarrierError>> },
    /// Which legs are up.
    Active { reply: oneshot::Sender<Result<Vec<ActiveCall>, CarrierError>> },
}

/// The way to the carrier's API.
#[derive(Clone, Debug)]
pub struct Carrier {
    jobs: mpsc::Sender<Job>,
    telemetry: Telemetry,
}

impl Carrier {
    pub(crate) fn new(telemetry: Telemetry) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, inbox) = mpsc::channel(JOBS_MAX);
        (Self { jobs, telemetry }, inbox)
    }

    /// Has `leg` do something. Attempts are made until it is done, refused, or hopeless.
    ///
    /// # Errors
    /// [`CarrierError`]; [`CarrierError::Ended`] counts as done for a hang-up, and is not returned.
    pub async fn command(
        &self,
        leg: &LegName,
        id: CommandId,
        command: Command,
    ) -> Result<(), CarrierError> {
        let hanging_up = command == Command::HangUp;
        let (reply, answer) = oneshot::channel();
        let done = self.ask(Job::Command { leg: leg.clone(), id, command, reply }, answer).await;
        match done {
            Err(CarrierError::Ended) if hanging_up => Ok(()),
            done => done,
        }
    }

    /// Streams the audio of `leg` to us, possibly not for the first time.
    ///
    /// # Errors
    /// [`CarrierError`]; [`CarrierError::Streaming`] also if it has not noticed yet that the stream
    /// before has broken.
    pub async fn streaming_start(
        &self,
        leg: &LegName,
        id: CommandId,
        order: StreamOrder,
    ) -> Result<(), CarrierError> {
        self.command(leg, id, Command::StartStream(Box::new(order))).await
    }

    /// Ends `leg`. A leg that has ended already is fine.
    ///
    /// # Errors
    /// [`CarrierError`], never [`CarrierError::Ended`].
    pub async fn hang_up(&self, leg: &LegName, id: CommandId) -> Result<(), CarrierError> {
        self.command(leg, id, Command::HangUp).await
    }

    /// Whether `leg` still lives.
    ///
    /// # Errors
    /// [`CarrierError`]. A leg the carrier has forgotten is [`Life::Ended`], no error.
    pub async fn call_status(&self, leg: &LegName) -> Result<CallStatus, CarrierError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Status { leg: leg.clone(), reply }, answer).await
    }

    /// The legs that are up on our connections.
    ///
    /// # Errors
    /// [`CarrierError`].
    pub async fn active_calls(&self) -> Result<Vec<ActiveCall>, CarrierError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Active { reply }, answer).await
    }

    async fn ask<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, CarrierError>>,
    ) -> Result<T, CarrierError> {
        if self.jobs.try_send(job).is_err() {
            self.telemetry.carrier_shed.increment(1);
            return Err(CarrierError::Shed);
        }
        // A front door that closes answers nobody any more.
        answer.await.unwrap_or(Err(CarrierError::Shed))
    }
}

/// What of a leg's parties is known to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegParties {
    /// Who calls, if shown.
    pub from: Option<Pii<E164>>,
    /// Which number was dialed.
    pub to: E164,
}
