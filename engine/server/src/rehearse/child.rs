//! The engine as a process of its own, which may be killed, and a way to the carrier's API that may
//! be cut.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
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
    way: watch::Sender<Way>,
    /// Each connection that is carried holds one.
    carried: Arc<()>,
    task: JoinHandle<()>,
    pub(super) address: SocketAddr,
}

impl Bridge {
    /// A way to `to`.
    pub(super) async fn to(to: SocketAddr) -> Result<Self, RehearseError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (way, seen) = watch::channel(Way::Open);
        let carried = Arc::new(());
        let token = carried.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, to, (seen.clone(), token.clone())));
            }
        });
        Ok(Self { way, carried, task, address })
    }

    /// Cuts it: nothing that is sent from now on arrives.
    pub(super) async fn cut(&self, how: Way) {
        self.way.send_replace(how);
        // Ours, and that of who takes new connections.
        while 2 < Arc::strong_count(&self.carried) {
            tokio::task::yield_now().await;
        }
    }

    /// Mends it.
    pub(super) fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

/// What becomes of what is sent over a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It arrives.
    Open,
    /// Whoever sends it is told at once that nobody is there.
    Closed,
    /// Nobody says anything.
    Silent,
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection until it ends or the way is cut. On one that is silent it then hangs, as
/// long as the way does.
async fn carry(
    mut near: TcpStream,
    to: SocketAddr,
    (mut way, carried): (watch::Receiver<Way>, Arc<()>),
) {
    let carrying = async {
        let mut far = TcpStream::connect(to).await?;
        tokio::io::copy_bidirectional(&mut near, &mut far).await
    };
    tokio::select! {
        // What has not left yet does not leave any more.
        biased;
        // A bridge that is gone carries nobody either.
        _ = way.wait_for(|way| *way != Way::Open) => (),
        ended = carrying => if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        },
    }
    drop(carried);
    if *way.borrow() == Way::Silent && way.wait_for(|way| *way != Way::Silent).await.is_err() {
        tracing::debug!("the bridge is gone");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn nothing_crosses_a_bridge_that_is_cut() {
        let far = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bridge = Bridge::to(far.local_addr().unwrap()).await.unwrap();
        let mut near = TcpStream::connect(bridge.address).await.unwrap();
        near.write_all(b"before").await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        let mut seen = [0; 6];
        end.read_exact(&mut seen).await.unwrap();
        bridge.cut(Way::Closed).await;
        // The near end may not have learned of it yet.
        let _ = near.write_all(b"behind").await;
        let mut rest = Vec::new();
        let _ = end.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
        let mut refused = TcpStream::connect(bridge.address).await.unwrap();
        assert_eq!(refused.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0);
        bridge.cut(Way::Silent).await;
        let mut hangs = TcpStream::connect(bridge.address).await.unwrap();
        hangs.write_all(b"hello?").await.unwrap();
        let mut heard = [0];
        let mut hearing = std::pin::pin!(hangs.read(&mut heard));
        tokio::select! {
            biased;
            _ = &mut hearing => panic!("somebody answers"),
            () = tokio::task::yield_now() => (),
        }
        bridge.mend();
        assert_eq!(hearing.await.unwrap_or(0), 0, "it was lost");
        let mut again = TcpStream::connect(bridge.address).await.unwrap();
        again.write_all(b"again").await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        end.read_exact(&mut seen[..5]).await.unwrap();
        assert_eq!(&seen[..5], b"again");
    }
}
