//! The engine's three doors (webhooks, media, control) while one address does its worst: half
//! requests, bodies that never end, more connections than anybody needs. Everybody else is served.

mod support;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use support::raw::{Raw, block_on};
use support::shop::Shop;
use support::stub::{CONNECTION, Stub, deliver, rings, signing_key};
use support::{SOON, Site, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use types::Millis;

/// Unproven connections one address may have.
const SOURCE_MAX: usize = 12;

/// What the same thing takes while nobody floods is a few milliseconds; on a busy machine more.
const PROMPT: Duration = Duration::from_secs(2);

const TOKEN: &str = "control-token-of-a-test";

fn settings(stub: &Stub) -> String {
    let key = signing_key().public_key().to_base64();
    format!(
        r#"
[media]
access = "token"
[front]
listen = "127.0.0.1:0"
media_url = "ws://127.0.0.1:1"
public_keys = ["{key}"]
api_url = "{}"
connections = ["{CONNECTION}"]
body_wait_ms = 1500
[connections]
unproven_per_source_max = {SOURCE_MAX}
opened_per_s_max = 10000
header_wait_ms = 1000
prove_wait_ms = 4000
proxies = []
"#,
        stub.url
    )
}

/// A connection from 127.0.0.`from`.
async fn connect(to: SocketAddr, from: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, from));
    socket.bind(SocketAddr::new(from, 0)).expect("an address of this machine");
    timeout(SOON, socket.connect(to)).await.expect("in time").expect("the engine listens")
}

/// What the engine answers, up to the end of its head; empty if it closes without a word.
async fn answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut piece = [0; 512];
    while !said.windows(4).any(|end| end == b"\r\n\r\n") {
        match timeout(SOON, stream.read(&mut piece)).await.expect("an answer or an end") {
            Ok(0) | Err(_) => break,
            Ok(count) => said.extend_from_slice(&piece[..count]),
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

async fn asks(to: SocketAddr, from: u8, request: &str) -> String {
    let mut stream = connect(to, from).await;
    if stream.write_all(request.as_bytes()).await.is_err() {
        return String::new();
    }
    answer(&mut stream).await
}

/// A door: where it is, what a stranger says there, and how that is answered.
struct Door {
    name: &'static str,
    address: SocketAddr,
    request: &'static str,
    answered: &'static str,
}

fn doors(site: &Site) -> [Door; 3] {
    let front = site.engine.front.expect("an open front door");
    let request = "POST /webhooks/telnyx HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\n{}";
    let webhooks = Door { name: "webhooks", address: front, request, answered: "HTTP/1.1 400" };
    let request = "GET /media/telnyx/bad HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let address = site.engine.media;
    let media = Door { name: "media", address, request, answered: "HTTP/1.1 401" };
    let request = "GET /v1/calls HTTP/1.1\r\nhost: here\r\n\r\n";
    let address = site.engine.control;
    let control = Door { name: "control", address, request, answered: "HTTP/1.1 401" };
    [webhooks, media, control]
}

#[test]
fn one_address_at_its_worst_holds_up_nobody_else() {
    let (stub, shop) = (Stub::start(), Shop::new(0));
    let site = Site::start_guarded("doors", std::slice::from_ref(&shop), &settings(&stub), TOKEN);
    for door in doors(&site) {
        half_requests(&site, &door);
        too_many(&site, &door);
    }
    endless_bodies(&site);
    who_is_proven_is_not_counted(&site, &stub, &shop);
    site.engine.stop(Millis::ZERO);
}

/// Serves another address while `flood` lasts: how quickly.
async fn others_are_served(door: &Door) {
    for from in 11..15 {
        let asked = Instant::now();
        let said = asks(door.address, from, door.request).await;
        assert!(said.starts_with(door.answered), "{}: {said:?}", door.name);
        assert!(asked.elapsed() < PROMPT, "{}: {:?}", door.name, asked.elapsed());
    }
}

/// As many as it may have, each with half a header: shown out after a second, and meanwhile nobody
/// else waits.
fn half_requests(site: &Site, door: &Door) {
    let slow = || site.count("apex_connections_slow_total");
    let before = slow();
    block_on(async {
        let mut half = Vec::new();
        for _ in 0..SOURCE_MAX {
            let mut stream = connect(door.address, 2).await;
            let (head, _) = door.request.split_at(20);
            stream.write_all(head.as_bytes()).await.expect("a connection");
            half.push(stream);
        }
        others_are_served(door).await;
        for stream in &mut half {
            let said = answer(stream).await;
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{}: {said}", door.name);
        }
    });
    wait_for("they are shown out", SOON, || slow() == before + SOURCE_MAX as u64);
}

/// Five times as many as it may have: the rest is refused without a word, nobody else is.
fn too_many(site: &Site, door: &Door) {
    let refused = || site.count("apex_connections_refused_source_total");
    let before = refused();
    block_on(async {
        let mut flood = Vec::new();
        for _ in 0..5 * SOURCE_MAX {
            flood.push(connect(door.address, 3).await);
        }
        others_are_served(door).await;
        drop(flood);
        // And those who only want what everybody wants get it again.
        let served = async {
            while !asks(door.address, 3, door.request).await.starts_with(door.answered) {}
        };
        timeout(SOON, served).await.expect("served again");
    });
    assert!(before + 4 * SOURCE_MAX as u64 <= refused(), "{}: {}", door.name, refused() - before);
}

/// A body that drips is not waited for, whatever length it says it has.
fn endless_bodies(site: &Site) {
    let [door, ..] = doors(site);
    block_on(async {
        let mut drips = Vec::new();
        for length in ["content-length: 60000", "transfer-encoding: chunked"] {
            let mut stream = connect(door.address, 4).await;
            let head = format!("POST /webhooks/telnyx HTTP/1.1\r\nhost: here\r\n{length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("a connection");
            let drip: &[u8] = if length.contains("chunked") { b"1\r\n{\r\n" } else { b"{" };
            stream.write_all(drip).await.expect("a connection");
            drips.push(stream);
        }
        others_are_served(&door).await;
        for mut stream in drips {
            let said = answer(&mut stream).await;
            assert!(said.starts_with("HTTP/1.1 408"), "{said}");
        }
    });
    // And one that says it is larger than may be is refused before it comes.
    block_on(async {
        let large =
            "POST /webhooks/telnyx HTTP/1.1\r\nhost: here\r\ncontent-length: 99999999\r\n\r\n{";
        assert!(asks(door.address, 4, large).await.starts_with("HTTP/1.1 413"));
    });
}

/// A carrier streams many calls and tells much from one address: its signatures and tokens are what
/// counts. An operator with a token likewise.
fn who_is_proven_is_not_counted(site: &Site, stub: &Stub, shop: &Shop) {
    block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..2 * SOURCE_MAX {
            sockets.push(Raw::open(&site.engine).await);
        }
        let front = site.engine.front.expect("an open front door");
        for n in 0..2 * SOURCE_MAX {
            let leg = format!("v3:proven-{n}");
            assert_eq!(deliver(front, &rings(&leg, &leg, &shop.number)).await.0, 200);
        }
        let request = format!(
            "GET /v1/calls HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
        );
        let mut open = Vec::new();
        for _ in 0..2 * SOURCE_MAX {
            let mut stream = connect(site.engine.control, 5).await;
            stream.write_all(request.as_bytes()).await.expect("a connection");
            assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
            open.push(stream);
        }
    });
    let last = format!("v3:proven-{}", 2 * SOURCE_MAX - 1);
    wait_for("the last one is dealt with", SOON, || !stub.verbs_of(&last).is_empty());
}
