//! From an address to an open socket, on a deadline.

use reqwest::header::{HeaderMap, HeaderValue};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use vendor::{Phase, VendorError};

use crate::clock::duration;
use crate::net::Net;
use crate::refusal::{Refusal, code_in};

use super::exchange::{Pipe, Stream};
use super::{MESSAGE_BYTES_MAX, QUEUE_BYTES_MAX, SocketOrder};

/// Eight times the default's 128 KiB would be spent on a socket that reads single messages; this
/// costs a tenth of the memory and of the time (crates.md §3.8).
const READ_BUFFER_BYTES: usize = 8 << 10;

/// Where vendors explain a refused handshake without a body (providers.md §2.1).
const CODE_HEADERS: [&str; 2] = ["dg-error", "x-error-code"];

pub(super) async fn connect(
    net: &Net,
    order: &SocketOrder,
) -> Result<(Stream, HeaderMap), VendorError> {
    let vendor = order.vendor;
    match timeout(duration(order.connect_max), shake_hands(net, order)).await {
        Ok(Ok((stream, response))) => Ok((stream, response.into_parts().0.headers)),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            Err(VendorError::Timeout { vendor, phase: Phase::Connect, limit: order.connect_max })
        }
    }
}

async fn shake_hands(net: &Net, order: &SocketOrder) -> Result<(Stream, Response), VendorError> {
    let vendor = order.vendor;
    let request = request(order)?;
    let pipe = connect_pipe(net, order).await?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        // Each message leaves at once.
        .write_buffer_size(0)
        .max_write_buffer_size(QUEUE_BYTES_MAX + MESSAGE_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    client_async_with_config(request, pipe, Some(config)).await.map_err(|error| {
        if let Error::Http(response) = &error {
            let (status, headers) = (response.status().as_u16(), response.headers());
            let header = CODE_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
            let body = response.body().as_deref().map(String::from_utf8_lossy);
            let code = header.and_then(code_in).or_else(|| body.as_deref().and_then(code_in));
            return Refusal { vendor, status, headers, code }.error();
        }
        VendorError::Transport { vendor }
    })
}

fn request(order: &SocketOrder) -> Result<Request, VendorError> {
    let bad =
        |what: &str| VendorError::BadRequest { vendor: order.vendor, reason: what.to_owned() };
    let request = order.url.as_str().into_client_request();
    let mut request = request.map_err(|_| bad("the address is no socket's"))?;
    for (name, value) in &order.headers {
        let value = HeaderValue::from_str(value.expose());
        let mut value = value.map_err(|_| bad("a header holds what no header can"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name.clone(), value);
    }
    Ok(request)
}

async fn connect_pipe(net: &Net, order: &SocketOrder) -> Result<Pipe, VendorError> {
    let vendor = order.vendor;
    let url = &order.url;
    let bad = |what: &str| VendorError::BadRequest { vendor, reason: what.to_owned() };
    let host = url.host_str().ok_or_else(|| bad("the address has no host"))?;
    // An address in brackets is one of IPv6.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().ok_or_else(|| bad("the address has no port"))?;
    let broken = |_| VendorError::Transport { vendor };
    let stream = TcpStream::connect((host, port)).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    if url.scheme() == "ws" {
        return Ok(Pipe::Open(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| bad("the host has no name"))?;
    let stream = net.tls().connect(name, stream).await.map_err(|error| {
        tracing::debug!(%vendor, %error, "no encrypted connection");
        VendorError::Transport { vendor }
    })?;
    Ok(Pipe::Encrypted(Box::new(stream)))
}
