//! The listeners, and what happens to a request before its protocol sees it.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use types::Secret;
use wire::wyoming::Decoder;

use crate::Fault;
use crate::chat::{self, Replies};
use crate::plan::{Plan, Protocol, Punctuality};
use crate::session::{Fate, Record, Session, SessionReport, Words};
use crate::voices::{self, Voiced};
use crate::{account, deepgram, wyoming};

/// How the vendors are served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where Wyoming is served; port 0 takes a free one.
    pub listen_wyoming: SocketAddr,
    /// The one key that is accepted; every key, and none, if absent.
    pub key: Option<Secret<String>>,
    /// What happens to whom; what is not named goes well.
    pub plans: BTreeMap<Protocol, Plan>,
    /// How the recognizers know what is said.
    pub words: Words,
    /// What every voice sounds like, whatever it says, at 8 kHz; marks that tell its words if absent.
    pub sound: Option<Arc<[i16]>>,
    /// So many bytes of the audio that each recognizer's session received are kept.
    pub audio_kept: usize,
    /// How exactly delays are kept.
    pub punctuality: Punctuality,
}

impl Default for Options {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            listen_wyoming: loopback,
            key: None,
            plans: BTreeMap::new(),
            words: Words::default(),
            sound: None,
            audio_kept: 0,
            punctuality: Punctuality::default(),
        }
    }
}

/// Why nothing is served.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// All vendors of the world, on this machine. Dropping it ends them, and every session, at once.
#[derive(Debug)]
pub struct FakeVendors {
    shared: Arc<Shared>,
    replies: Arc<Replies>,
    http: SocketAddr,
    wyoming: SocketAddr,
    listeners: [JoinHandle<()>; 2],
}

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    key: Option<Secret<String>>,
    words: Words,
    voiced: Voiced,
    plans: Mutex<BTreeMap<Protocol, (Plan, u64)>>,
    /// The fates of sessions that may still be going on.
    fates: Mutex<Vec<(Protocol, Weak<Fate>)>>,
    record: Arc<Record>,
}

impl FakeVendors {
    /// Starts serving on this runtime.
    ///
    /// # Errors
    /// [`StartError`] if an address cannot be listened at.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let (listener, http) = listen(options.listen).await?;
        let (listener_wyoming, wyoming) = listen(options.listen_wyoming).await?;
        let plans = options.plans.into_iter().map(|(protocol, plan)| (protocol, (plan, 0)));
        let shared = Arc::new(Shared {
            key: options.key,
            words: options.words,
            voiced: Voiced::sounding(options.sound),
            plans: Mutex::new(plans.collect()),
            fates: Mutex::default(),
            record: Arc::new(Record::keeping(options.audio_kept, options.punctuality)),
        });
        let replies = Arc::<Replies>::default();
        let router = routes(replies.clone());
        let listeners = [
            tokio::spawn(serve(listener, router, shared.clone())),
            tokio::spawn(serve_wyoming(listener_wyoming, shared.clone())),
        ];
        Ok(Self { shared, replies, http, wyoming, listeners })
    }

    /// The address of everything but Wyoming: what a vendor's base URL is set to. OpenAI's wants `/v1`
    /// behind it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The address of Wyoming.
    pub fn wyoming_url(&self) -> String {
        format!("tcp://{}", self.wyoming)
    }

    /// From now on this happens to the sessions of `protocol`, which are counted anew.
    pub fn set_plan(&self, protocol: Protocol, plan: Plan) {
        self.shared.plans().insert(protocol, (plan, 0));
    }

    /// The sessions of `protocol` that are going on have these faults from now on, and no others; what
    /// counts from a session's beginning counts from now. What comes of new ones is the plan's.
    pub fn strike(&self, protocol: Protocol, faults: &[Fault]) {
        for (_, fate) in self.shared.fates().iter().filter(|(of, _)| *of == protocol) {
            if let Some(fate) = fate.upgrade() {
                fate.befall(faults);
            }
        }
    }

    /// All sessions so far, refused ones included, oldest first.
    pub fn sessions(&self) -> Vec<SessionReport> {
        self.shared.record.all()
    }

    /// How late each message left: whoever measures others by these vendors' delays must know that they
    /// were kept.
    pub fn late(&self) -> Vec<Duration> {
        self.shared.record.late()
    }

    /// What the voices were told to say.
    pub fn voiced(&self) -> &Voiced {
        &self.shared.voiced
    }

    /// What the models say.
    pub fn replies(&self) -> &Replies {
        &self.replies
    }

    /// How the recognizers know what is said.
    pub fn words(&self) -> &Words {
        &self.shared.words
    }
}

impl Drop for FakeVendors {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    /// The next session of `protocol`.
    pub(crate) fn begin(&self, protocol: Protocol) -> Session {
        let (number, faults, delays) = {
            let mut plans = self.plans();
            let (plan, count) = plans.entry(protocol).or_default();
            let number = *count;
            *count += 1;
            (number, plan.faults(number), plan.delays)
        };
        let words = self.words.clone();
        let session = Session::begin(&self.record, (protocol, number), faults, delays, words);
        let mut fates = self.fates();
        fates.retain(|(_, fate)| 0 < fate.strong_count());
        fates.push((protocol, session.fate()));
        session
    }

    fn fates(&self) -> MutexGuard<'_, Vec<(Protocol, Weak<Fate>)>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<Protocol, (Plan, u64)>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request carries the right key, in any of the ways the vendors have.
    fn admits(&self, request: &Request<Incoming>) -> bool {
        let Some(key) = &self.key else { return true };
        let names = ["authorization", "x-api-key", "xi-api-key"];
        let mut sent = names.iter().filter_map(|name| request.headers().get(*name)?.to_str().ok());
        sent.any(|sent| sent.rsplit(' ').next() == Some(key.expose()))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

/// All protocols over HTTP.
fn routes(replies: Arc<Replies>) -> Router {
    Router::new().merge(deepgram::routes()).merge(voices::routes()).merge(chat::routes(replies))
}

/// The accept loop. Connections end with it.
async fn serve(listener: TcpListener, router: Router, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(stream, router.clone(), shared.clone()));
    }
}

async fn carry(stream: TcpStream, router: Router, shared: Arc<Shared>) {
    // A connection that keeps its delay is merely slower.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        let (router, shared) = (router.clone(), shared.clone());
        async move { answer(request, router, &shared).await }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Whoever hung up does not wait for an answer.
    let _ = connection.with_upgrades().await;
}

/// What a request comes to: refused as planned, or its protocol's answer. An error breaks the connection.
async fn answer(
    mut request: Request<Incoming>,
    router: TowerToHyperService<Router>,
    shared: &Shared,
) -> Result<Response<Body>, io::Error> {
    if account::is_asked(request.uri().path()) {
        let is_known = shared.admits(&request);
        let refused = || refusal(StatusCode::UNAUTHORIZED, None);
        return Ok(if is_known { account::answer(request.uri().path()) } else { refused() });
    }
    let Some(protocol) = Protocol::at(request.uri().path()) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let session = shared.begin(protocol);
    session.note_query(request.uri().query().unwrap_or_default());
    tokio::time::sleep(session.slowed(session.delays.connect)).await;
    if !shared.admits(&request) {
        return Ok(refusal(StatusCode::UNAUTHORIZED, None));
    }
    if let Some(fault) = session.fault(|fault| fault.is_refusal().then_some(fault)) {
        return refuse(fault).await;
    }
    request.extensions_mut().insert(session);
    request.extensions_mut().insert(shared.voiced.clone());
    match router.call(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn refuse(fault: Fault) -> Result<Response<Body>, io::Error> {
    match fault {
        Fault::Refuse => Err(io::ErrorKind::ConnectionReset.into()),
        Fault::Hang => std::future::pending().await,
        Fault::Unauthorized => Ok(refusal(StatusCode::UNAUTHORIZED, None)),
        Fault::TooMany { retry_after } => {
            Ok(refusal(StatusCode::TOO_MANY_REQUESTS, retry_after.map(|span| span.get())))
        }
        Fault::Broken { status } => {
            let status = StatusCode::from_u16(status);
            Ok(refusal(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), None))
        }
        Fault::Mute { .. }
        | Fault::Drop { .. }
        | Fault::Close { .. }
        | Fault::Drip { .. }
        | Fault::Malformed { .. }
        | Fault::WrongOrder
        | Fault::LateAudio { .. }
        | Fault::Unknown
        | Fault::Slow { .. } => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

/// A refusal whose text repeats nothing that was sent.
fn refusal(status: StatusCode, retry_after_ms: Option<u32>) -> Response<Body> {
    let body = serde_json::json!({ "error": { "message": status.to_string() } }).to_string();
    let mut response = (status, body).into_response();
    if let Some(ms) = retry_after_ms {
        let headers = response.headers_mut();
        headers.insert("retry-after-ms", ms.into());
        headers.insert("retry-after", ms.div_ceil(1_000).into());
    }
    response
}

/// The accept loop of Wyoming.
async fn serve_wyoming(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections: JoinSet<()> = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry_wyoming(stream, shared.clone()));
    }
}

/// A connection to Wyoming, whose first request says what it is for.
async fn carry_wyoming(mut stream: TcpStream, shared: Arc<Shared>) {
    // A connection that keeps its delay is merely slower.
    let _ = stream.set_nodelay(true);
    let mut bytes = [0; 4_096];
    let mut first = Vec::new();
    while !first.contains(&b'\n') && first.len() < bytes.len() {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(read) => first.extend_from_slice(&bytes[..read]),
        }
    }
    let end = first.iter().position(|&byte| byte == b'\n').unwrap_or(first.len());
    if String::from_utf8_lossy(&first[..end]).contains("describe") {
        // Whoever hung up does not wait for an answer.
        let _ = stream.write_all(b"{\"type\":\"info\",\"data\":{\"asr\":[],\"tts\":[]}}\n").await;
        return;
    }
    let is_text = String::from_utf8_lossy(&first[..end]).contains("synthesize");
    let protocol = if is_text { Protocol::WyomingVoice } else { Protocol::WyomingRecognizer };
    let session = shared.begin(protocol);
    tokio::time::sleep(session.slowed(session.delays.connect)).await;
    match session.fault(|fault| fault.is_refusal().then_some(fault)) {
        Some(Fault::Hang) => return std::future::pending().await,
        Some(_) => return,
        None => (),
    }
    let mut decoder = Decoder::default();
    decoder.push(&first);
    if protocol == Protocol::WyomingRecognizer {
        wyoming::recognize(stream, session, decoder).await;
    } else {
        voices::wyoming::serve(stream, shared.voiced.clone(), session, decoder).await;
    }
}
