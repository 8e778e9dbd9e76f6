//! Both ways of an open socket at once.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::{Error, Message};
use vendor::VendorError;

use crate::refusal;

use super::{Goodbye, Incoming, Socket};

/// The connection below the protocol.
pub(super) type Stream = WebSocketStream<Pipe>;

/// A connection, encrypted or not.
pub(super) enum Pipe {
    Open(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Socket {
    /// One exchange: writes as much as the peer takes, and returns what it says.
    pub(super) async fn exchange(&mut self) -> Result<Incoming, VendorError> {
        std::future::poll_fn(|cx| self.poll_exchange(cx)).await
    }

    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, VendorError>> {
        // A peer that hangs up in the middle of our writing may have said why.
        let written = self.poll_write(cx);
        loop {
            match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    self.received = Instant::now();
                    self.pinged = None;
                    if let Some(incoming) = self.incoming(message) {
                        return Poll::Ready(incoming);
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.broken(&error)),
                Poll::Ready(None) => return Poll::Ready(self.gone()),
                Poll::Pending => break,
            }
        }
        match written {
            Poll::Ready(Err(error)) => Poll::Ready(self.broken(&error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.queue.is_empty() {
            std::task::ready!(stream.as_mut().poll_ready(cx))?;
            let Some(message) = self.queue.pop_front() else { break };
            if matches!(message, Message::Text(_) | Message::Binary(_)) {
                self.queued_bytes -= message.len();
                self.sent = Instant::now();
            }
            stream.as_mut().start_send(message)?;
        }
        stream.poll_flush(cx)
    }

    fn incoming(&self, message: Message) -> Option<Result<Incoming, VendorError>> {
        match message {
            Message::Text(text) => Some(Ok(Incoming::Text(text))),
            Message::Binary(bytes) => Some(Ok(Incoming::Binary(bytes))),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
            Message::Close(frame) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                if self.goodbye == Goodbye::Said || code == Some(1_000) {
                    return Some(Ok(Incoming::Closed));
                }
                let reason = frame.as_ref().map_or("", |frame| frame.reason.as_str());
                Some(Err(refusal::closed(self.vendor, code, reason)))
            }
        }
    }

    /// The connection ended without a close frame.
    fn gone(&self) -> Result<Incoming, VendorError> {
        match self.goodbye {
            Goodbye::Said => Ok(Incoming::Closed),
            Goodbye::Unsaid => Err(VendorError::Transport { vendor: self.vendor }),
        }
    }

    fn broken(&self, error: &Error) -> Result<Incoming, VendorError> {
        let vendor = self.vendor;
        let malformed = |reason: &str| VendorError::Malformed { vendor, reason: reason.to_owned() };
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Err(malformed("a message is too long"))
            }
            Error::Utf8(_) => Err(malformed("a text is no UTF-8")),
            Error::Capacity(_)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_) => self.gone(),
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(stream).poll_flush(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
