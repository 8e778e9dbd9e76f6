use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::{ConnectionsConfig, EngineConfig, TlsConfig};
use crate::listen::tls::Certificates;

const SOON: Duration = Duration::from_secs(20);

/// A listener whose pages are "/" and "/proof", which proves who asks.
struct Place {
    address: SocketAddr,
    metrics: PrometheusHandle,
    _run: watch::Sender<Run>,
}

impl Place {
    fn open(
        limits: ConnectionsConfig,
        certificates: impl FnOnce(Telemetry) -> Option<Arc<Certificates>>,
    ) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let telemetry = metrics::with_local_recorder(&recorder, Telemetry::new);
        let (run, running) = watch::channel(Run::On);
        let port = Port {
            tls: certificates(telemetry.clone()).map(|certificates| certificates.acceptor()),
            handshake_wait: Millis::new(300),
            header_wait: limits.header_wait,
            headers_max: limits.headers_max,
            doors: Doors::new(limits),
            telemetry,
        };
        let listener = crate::listen::bind("127.0.0.1:0".parse().unwrap(), 1).unwrap().remove(0);
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "hello" })).route(
            "/proof",
            get(|Extension(pass): Extension<Arc<Pass>>| async move {
                pass.prove();
                "proven"
            }),
        );
        tokio::spawn(serve(listener, router, port, running));
        Self { address, metrics: recorder.handle(), _run: run }
    }

    fn count(&self, counter: &str) -> u64 {
        let page = self.metrics.render();
        let line = page.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse::<f64>().unwrap() as u64)
    }

    /// A connection from 127.0.0.`from`.
    async fn connect(&self, from: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, from));
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        timeout(SOON, socket.connect(self.address)).await.unwrap().unwrap()
    }
}

fn limits() -> ConnectionsConfig {
    ConnectionsConfig {
        total_max: 100,
        unproven_max: 50,
        unproven_per_source_max: 10,
        opened_per_s_max: 1_000,
        header_wait: Millis::new(200),
        prove_wait: Millis::new(600),
        headers_max: 16,
        proxies: Vec::new(),
    }
}

/// Asks for `path` and reads the answer, which is as long as it says; empty if there is none.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n");
    if stream.write_all(request.as_bytes()).await.is_err() {
        return String::new();
    }
    read_answer(stream).await
}

async fn read_answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 1_024];
    loop {
        let read = timeout(SOON, stream.read(&mut buffer)).await.expect("an answer or an end");
        let Ok(count @ 1..) = read else { break };
        answer.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| length.parse() == Ok(body.len())) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until the other side ends the connection: what it said before.
async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut said = Vec::new();
    // A reset is an end, too.
    let _ = timeout(SOON, stream.read_to_end(&mut said)).await.expect("an end");
    String::from_utf8_lossy(&said).into_owned()
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(test);
}

#[test]
fn half_a_header_is_not_waited_for_and_holds_up_nobody() {
    block_on(async {
        let place = Place::open(limits(), |_| None);
        let mut slow = place.connect(1).await;
        slow.write_all(b"GET / HTTP/1.1\r\nhost: he").await.unwrap();
        let mut quick = place.connect(1).await;
        assert!(ask(&mut quick, "/").await.ends_with("hello"));
        drop(quick);
        read_to_end(&mut slow).await;
        assert_eq!(place.count("apex_connections_slow_total"), 1);
    });
}

#[test]
fn who_says_nothing_is_not_kept() {
    block_on(async {
        let place = Place::open(limits(), |_| None);
        // Neither at once nor between two requests.
        let mut mute = place.connect(1).await;
        read_to_end(&mut mute).await;
        let mut idle = place.connect(1).await;
        assert!(ask(&mut idle, "/proof").await.ends_with("proven"));
        read_to_end(&mut idle).await;
        assert_eq!(place.count("apex_connections_slow_total"), 1, "idle is not slow");
    });
}

#[test]
fn who_never_proves_itself_is_shown_out_however_busy() {
    block_on(async {
        let place = Place::open(limits(), |_| None);
        let begun = Instant::now();
        let mut busy = place.connect(1).await;
        let mut proven = place.connect(1).await;
        assert!(ask(&mut proven, "/proof").await.ends_with("proven"));
        while !ask(&mut busy, "/").await.is_empty() {
            assert!(begun.elapsed() < SOON, "still let in");
        }
        assert!(Duration::from_millis(600) <= begun.elapsed());
        assert_eq!(place.count("apex_connections_slow_total"), 1);
    });
}

#[test]
fn a_flood_from_one_source_leaves_room_for_all_others() {
    block_on(async {
        let slow = ConnectionsConfig { header_wait: Millis::from_secs(30), ..limits() };
        let place =
            Place::open(ConnectionsConfig { prove_wait: Millis::from_secs(30), ..slow }, |_| None);
        let mut flood = Vec::new();
        for _ in 0..80 {
            flood.push(place.connect(2).await);
        }
        for from in 3..8 {
            let mut other = place.connect(from).await;
            assert!(ask(&mut other, "/").await.ends_with("hello"), "127.0.0.{from}");
        }
        assert_eq!(place.count("apex_connections_refused_source_total"), 70);
        // Who is let in may stay; who was not is closed without a word.
        assert_eq!(read_to_end(&mut flood[79]).await, "");
        assert!(ask(&mut flood[0], "/").await.ends_with("hello"));
    });
}

#[test]
fn the_pace_of_one_source_is_bounded() {
    block_on(async {
        let place = Place::open(ConnectionsConfig { opened_per_s_max: 1, ..limits() }, |_| None);
        for n in 0..5 {
            let mut stream = place.connect(2).await;
            assert_eq!(ask(&mut stream, "/").await.ends_with("hello"), n < 2, "connection {n}");
        }
    });
}

#[test]
fn headers_are_bounded_in_number_and_size() {
    block_on(async {
        let place = Place::open(limits(), |_| None);
        let many: String = (0..40).map(|n| format!("x-{n}: 1\r\n")).collect();
        let long = format!("x: {}\r\n", "y".repeat(20_000));
        for headers in [many, long] {
            let mut stream = place.connect(1).await;
            let request = format!("GET / HTTP/1.1\r\nhost: here\r\n{headers}\r\n");
            // It may be refused before all of it is written.
            let _ = stream.write_all(request.as_bytes()).await;
            let answer = read_to_end(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
        }
        let mut stream = place.connect(1).await;
        stream.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await.unwrap();
        assert!(!read_to_end(&mut stream).await.starts_with("HTTP/1.1 2"));
        assert_eq!(place.count("apex_connections_bad_total"), 3);
    });
}

/// A pair of files, and how to trust them.
struct Pair {
    config: TlsConfig,
}

impl Pair {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("apex-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let shipped = EngineConfig::shipped().tls;
        let config =
            TlsConfig { certificate: dir.join("cert.pem"), key: dir.join("key.pem"), ..shipped };
        Self { config }
    }

    /// Writes a new pair; the certificate, to be trusted.
    fn write(&self) -> CertificateDer<'static> {
        let pair = rcgen::generate_simple_self_signed(vec!["here.example".to_owned()]).unwrap();
        std::fs::write(&self.config.certificate, pair.cert.pem()).unwrap();
        std::fs::write(&self.config.key, pair.signing_key.serialize_pem()).unwrap();
        pair.cert.der().clone()
    }

    fn dir(&self) -> PathBuf {
        self.config.key.parent().unwrap().to_owned()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // A directory left behind is the system's to clear away.
        let _ = std::fs::remove_dir_all(self.dir());
    }
}

/// Shakes hands, trusting `trusted` alone.
async fn secure(
    place: &Place,
    trusted: &CertificateDer<'static>,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("here.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, place.connect(1).await).await
}

#[test]
fn a_certificate_is_exchanged_without_dropping_a_connection() {
    block_on(async {
        let pair = Pair::new("exchange");
        let old = pair.write();
        let mut kept = None;
        let relaxed = ConnectionsConfig { header_wait: Millis::from_secs(30), ..limits() };
        let place = Place::open(relaxed, |telemetry| {
            let certificates = Certificates::load(pair.config.clone(), telemetry).unwrap();
            kept = Some(certificates.clone());
            Some(certificates)
        });
        let certificates = kept.unwrap();
        let mut before = secure(&place, &old).await.unwrap();
        assert!(ask(&mut before, "/proof").await.ends_with("proven"));

        let new = pair.write();
        assert!(certificates.reload());
        assert!(ask(&mut before, "/").await.ends_with("hello"), "the old connection goes on");
        assert!(secure(&place, &old).await.is_err());
        assert!(ask(&mut secure(&place, &new).await.unwrap(), "/").await.ends_with("hello"));

        // A key of another certificate, half a file, no file: the pair in force stays.
        let key = std::fs::read(&pair.config.key).unwrap();
        pair.write();
        std::fs::write(&pair.config.key, &key).unwrap();
        assert!(!certificates.reload());
        std::fs::write(&pair.config.key, &key[..key.len() / 2]).unwrap();
        assert!(!certificates.reload());
        std::fs::remove_file(&pair.config.certificate).unwrap();
        assert!(!certificates.reload());
        assert!(ask(&mut secure(&place, &new).await.unwrap(), "/").await.ends_with("hello"));
        assert_eq!(place.count("apex_tls_reloads_total"), 1);
        assert_eq!(place.count("apex_tls_reloads_refused_total"), 3);
    });
}

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    block_on(async {
        let pair = Pair::new("slow");
        let trusted = pair.write();
        let place = Place::open(limits(), |telemetry| {
            Some(Certificates::load(pair.config.clone(), telemetry).unwrap())
        });
        let mut mute = place.connect(1).await;
        let mut plain = place.connect(1).await;
        assert!(!ask(&mut plain, "/").await.contains("hello"), "only with TLS");
        assert!(ask(&mut secure(&place, &trusted).await.unwrap(), "/").await.ends_with("hello"));
        read_to_end(&mut mute).await;
        assert_eq!(place.count("apex_connections_slow_total"), 1);
        assert_eq!(place.count("apex_tls_handshakes_failed_total"), 1);
    });
}

#[test]
fn a_pair_that_cannot_be_used_stops_the_start_and_names_the_file() {
    let pair = Pair::new("start");
    let load =
        || Certificates::load(pair.config.clone(), Telemetry::new()).unwrap_err().to_string();
    assert!(load().starts_with("tls.certificate: "));
    pair.write();
    std::fs::write(&pair.config.key, "no key").unwrap();
    assert!(load().starts_with("tls.key: "), "{}", load());
}
