//! The engine as a process of its own, which may be killed, and a way to the carrier's API that may
//! be cut.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::RehearseError;

/// How long an engine may take to load its models and be up.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What an engine of the rehearsal is started with.
#[derive(Clone, Debug)]
pub(super) struct Supervised {
    pub(super) program: PathBuf,
    pub(super) config: PathBuf,
    pub(super) businesses: PathBuf,
    pub(super) state: PathBuf,
    pub(super) models: PathBuf,
    pub(super) log: PathBuf,
}

/// A running engine; killed when dropped.
#[derive(Debug)]
pub(super) struct Engine(Child);

impl Supervised {
    /// Starts an engine and waits until it is up. Blocks.
    pub(super) fn start(&self) -> Result<Engine, RehearseError> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let mut process = Command::new(&self.program)
            .arg("serve")
            .arg("--config")
            .arg(&self.config)
            .arg("--businesses")
            .arg(&self.businesses)
            .arg("--state")
            .arg(&self.state)
            .arg("--models")
            .arg(&self.models)
            .env("APEX_TELNYX_API_KEY", super::API_KEY)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let said = process.stdout.take().map(BufReader::new).ok_or(RehearseError::NotUp)?;
        let engine = Engine(process);
        let (ups, up) = sync_channel(1);
        // Reads on to the end: an engine whose words nobody takes would stand still.
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                if line.starts_with("apex answers") && ups.try_send(()).is_err() {
                    return;
                }
            }
        });
        up.recv_timeout(START_LIMIT).map_err(|_| RehearseError::NotUp)?;
        Ok(engine)
    }
}

impl Engine {
    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Kills it at once, as a crash would.
    pub(super) fn kill(&mut self) -> Result<(), RehearseError> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.kill().is_err() {
            tracing::debug!("the engine was gone already");
        }
    }
}

/// A way to an address that can be cut.
#[derive(Debug)]
pub(super) struct Bridge {
    is_cut: Arc<AtomicBool>,
    task: JoinHandle<()>,
    pub(super) address: SocketAddr,
}

impl Bridge {
    /// A way to `to`.
    pub(super) async fn to(to: SocketAddr) -> Result<Self, RehearseError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = is_cut.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if !cut.load(Ordering::Relaxed) {
                    tokio::spawn(carry(near, to, cut.clone()));
                }
            }
        });
        Ok(Self { is_cut, task, address })
    }

    /// Cuts it, or mends it.
    pub(super) fn set_cut(&self, is_cut: Cut) {
        self.is_cut.store(is_cut == Cut::Yes, Ordering::Relaxed);
    }
}

/// Whether a way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Yes,
    No,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection until it ends or the way is cut.
async fn carry(mut near: TcpStream, to: SocketAddr, is_cut: Arc<AtomicBool>) {
    let Ok(mut far) = TcpStream::connect(to).await else { return };
    let cut = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !is_cut.load(Ordering::Relaxed) {
            looks.tick().await;
        }
    };
    tokio::select! {
        carried = tokio::io::copy_bidirectional(&mut near, &mut far) => {
            if let Err(error) = carried {
                tracing::debug!(%error, "a connection broke");
            }
        }
        () = cut => (),
    }
}
