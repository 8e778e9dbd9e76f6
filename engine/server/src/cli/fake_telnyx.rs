//! `apex fake-telnyx`: a carrier on this machine, to develop and rehearse without an account.

mod show;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use caller::audio;
use caller::carrier::{
    Bridge, CarrierOptions, Codec, FakeCarrier, Faults, Leg, LegReport, MediaFaults, PerMille,
    RestFault, RingPlan, SocketDrop, TransferOutcome, Trust, Way, WebhookFaults, parse_span,
};
use caller::{CallOptions, CallPlan, Ending, Impairments, Question, Script};
use tokio::time::{Instant, sleep_until};
use types::{E164, Encoding, Millis, Secret};
use wire::telnyx::webhook::Envelope;

use super::{ANSWER_IS_NO, COULD_NOT_RUN};

/// How long a caller who has said everything waits for the agent to hang up.
const HANG_UP_WAIT: Millis = Millis::from_secs(8);

/// Calls placed at most in one run.
const CALLS_MAX: u32 = 10_000;

/// What `apex fake-telnyx` takes.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Args {
    /// Numbers to ring, one after the other; none to serve the API only, until ctrl-C.
    #[arg(long, value_name = "+NUMBER,...", value_delimiter = ',')]
    ring: Vec<E164>,
    /// The number to show.
    #[arg(long, value_name = "+NUMBER")]
    from: Option<E164>,
    /// Recordings each caller plays, one per turn, of any format and rate.
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    play: Vec<PathBuf>,
    /// How many calls in all; one per number if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(CALLS_MAX)))]
    calls: Option<u32>,
    /// From one call to the next.
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "2s")]
    every: Millis,
    /// How long a caller lets it ring.
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "30s")]
    patience: Millis,
    /// What the legs have at the carrier: pcmu, pcma, g722, l16 or opus.
    #[arg(long, value_parser = CallOptions::parse_codec, default_value = "pcmu")]
    codec: Encoding,
    /// Where the engine takes webhooks.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8702/webhooks/telnyx")]
    webhook: String,
    /// Where it takes them when the first address fails.
    #[arg(long, value_name = "URL")]
    webhook_failover: Option<String>,
    /// Ask for TeXML documents there instead of telling events.
    #[arg(long, value_name = "URL")]
    texml: Option<String>,
    /// Where the API listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// The key commands must come with.
    #[arg(
        long,
        env = "APEX_TELNYX_API_KEY",
        hide_env_values = true,
        default_value = "KEY-fake-carrier"
    )]
    api_key: String,
    /// Wrap events as this version of the API does: 1 or 2.
    #[arg(long, value_name = "1|2", value_parser = envelope, default_value = "2")]
    envelope: Envelope,
    /// Which certificates of the engine are taken: system, or anything on this machine.
    #[arg(long, value_name = "system|anything", value_parser = trust, default_value = "system")]
    trust: Trust,
    /// Numbers the account's list shows for the application; those of --ring if not given.
    #[arg(long, value_name = "+NUMBER,...", value_delimiter = ',')]
    numbers: Vec<E164>,
    /// Whether somebody takes transfers: answered, no-answer or busy.
    #[arg(long, value_name = "WORD", value_parser = transfer, default_value = "answered")]
    transfer: TransferOutcome,
    /// What becomes of the stream once a transfer is connected: keeps or stops.
    #[arg(long, value_name = "keeps|stops", value_parser = bridge, default_value = "keeps")]
    bridge: Bridge,
    #[command(flatten)]
    switches: Switches,
    /// Print the engine's settings for this carrier, and do nothing else.
    #[arg(long, conflicts_with_all = ["ring", "json"])]
    settings: bool,
    /// Print the reports of all calls as JSON lines instead of a table.
    #[arg(long)]
    json: bool,
}

/// What goes wrong. Shares are per cent; the same seed decides alike.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What goes wrong")]
struct Switches {
    /// Decides all of it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Webhooks held back for up to --lateness-max.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_late: PerMille,
    /// How late they may come.
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "3s")]
    lateness_max: Millis,
    /// Webhooks delivered twice.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_doubled: PerMille,
    /// Webhooks overtaken by what happens next.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_reordered: PerMille,
    /// Webhooks that only a retry brings.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_lost: PerMille,
    /// Webhooks followed by a forged copy.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_forged: PerMille,
    /// Webhooks followed by a copy signed an hour ago.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    webhooks_stale: PerMille,
    /// Commands that fail: answer:10%:503, *:5%:429/2, hangup:#2:lose-reply. May be repeated.
    #[arg(long, value_name = "VERB:WHEN:WHAT")]
    rest: Vec<RestFault>,
    /// Media sockets the carrier cannot connect.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    media_unreachable: PerMille,
    /// Media sockets that break: 20%:2s-10s.
    #[arg(long, value_name = "SHARE:FROM-TO")]
    media_drop: Option<SocketDrop>,
    /// Streams of another codec than was asked for: 10%:PCMA.
    #[arg(long, value_name = "SHARE:CODEC")]
    media_codec: Option<Codec>,
    /// Streams whose `start` never comes.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    media_no_start: PerMille,
    /// Streams without media after their `start`.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    media_silent: PerMille,
    /// Streams whose media stops three seconds after their `start`.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    media_stops: PerMille,
    /// Media packets lost.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    packets_lost: PerMille,
    /// Media packets sent twice.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    packets_doubled: PerMille,
    /// Media packets overtaken by the next one.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    packets_reordered: PerMille,
    /// Media packets held back for up to 200 ms.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    packets_late: PerMille,
}

/// How long media flows before it stops, by its switch.
const MEDIA_STOPS_AFTER: Millis = Millis::from_secs(3);

/// How late a packet may be, by its switch.
const PACKET_LATENESS_MAX: Millis = Millis::new(200);

impl Switches {
    fn faults(self) -> Faults {
        let stops =
            (self.media_stops != PerMille::NEVER).then_some((self.media_stops, MEDIA_STOPS_AFTER));
        Faults {
            seed: self.seed,
            webhooks: WebhookFaults {
                late: self.webhooks_late,
                lateness_max: self.lateness_max,
                doubled: self.webhooks_doubled,
                reordered: self.webhooks_reordered,
                lost_once: self.webhooks_lost,
                forged: self.webhooks_forged,
                stale: self.webhooks_stale,
            },
            rest: self.rest,
            media: MediaFaults {
                unreachable: self.media_unreachable,
                dropped: self.media_drop,
                codec: self.media_codec,
                no_start: self.media_no_start,
                no_media: self.media_silent,
                stops,
                line: Impairments {
                    loss: self.packets_lost.0,
                    duplicates: self.packets_doubled.0,
                    reorder: self.packets_reordered.0,
                    late: self.packets_late.0,
                    lateness_max: PACKET_LATENESS_MAX,
                },
            },
        }
    }
}

/// Runs `apex fake-telnyx`.
pub(crate) fn run(args: Args) -> ExitCode {
    super::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    match runtime.block_on(serve(args)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// The calls to be placed.
struct Calls {
    numbers: Vec<E164>,
    plan: RingPlan,
    count: usize,
    every: Millis,
    seed: u64,
}

async fn serve(args: Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (quiet, way) =
        (args.json, if args.texml.is_some() { Way::Texml } else { Way::CallControl });
    let calls = calls(&args, way)?;
    let only_settings = args.settings;
    let carrier = FakeCarrier::start(options(args)).await?;
    if !quiet {
        show::settings(&carrier);
    }
    if only_settings {
        return Ok(ExitCode::SUCCESS);
    }
    let watching = (!quiet).then(|| tokio::spawn(show::watch(carrier.watch())));
    if calls.numbers.is_empty() {
        println!("no --ring: serving the API until ctrl-C");
        tokio::signal::ctrl_c().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let reports = tokio::select! {
        reports = place(&carrier, calls) => reports?,
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            println!("stopped: {} legs were live", carrier.legs_live());
            return Ok(ExitCode::from(ANSWER_IS_NO));
        }
    };
    let live = carrier.legs_live();
    drop(carrier);
    if let Some(watching) = watching {
        // It ends with the carrier.
        let _ = watching.await;
    }
    let is_well = if quiet { show::json(&reports) } else { show::table(&reports) };
    if live != 0 {
        println!("{} left live at the carrier", super::counted(live, "leg", "legs"));
    }
    Ok(if is_well && live == 0 { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) })
}

fn envelope(text: &str) -> Result<Envelope, &'static str> {
    match text {
        "1" => Ok(Envelope::V1),
        "2" => Ok(Envelope::V2),
        _ => Err("there are versions 1 and 2"),
    }
}

fn trust(text: &str) -> Result<Trust, &'static str> {
    match text {
        "system" => Ok(Trust::System),
        "anything" => Ok(Trust::Anything),
        _ => Err("write system or anything"),
    }
}

fn transfer(text: &str) -> Result<TransferOutcome, &'static str> {
    let (ring, talk) = (Millis::from_secs(2), Millis::from_secs(5));
    match text {
        "answered" => Ok(TransferOutcome::Answered { ring, talk }),
        "no-answer" => Ok(TransferOutcome::NoAnswer { ring: Millis::from_secs(10) }),
        "busy" => Ok(TransferOutcome::Busy { ring }),
        _ => Err("write answered, no-answer or busy"),
    }
}

fn bridge(text: &str) -> Result<Bridge, &'static str> {
    match text {
        "keeps" => Ok(Bridge::KeepsStream),
        "stops" => Ok(Bridge::StopsStream),
        _ => Err("write keeps or stops"),
    }
}

fn options(args: Args) -> CarrierOptions {
    let mut options = CarrierOptions::new(args.webhook);
    options.listen = args.listen;
    options.api_key = Some(Secret::new(args.api_key));
    options.webhook_failover_url = args.webhook_failover;
    options.texml_status_url.clone_from(&args.texml);
    options.texml_url = args.texml;
    options.envelope = args.envelope;
    options.trust = args.trust;
    options.transfer = args.transfer;
    options.bridge = args.bridge;
    options.numbers = if args.numbers.is_empty() { args.ring } else { args.numbers };
    options.faults = args.switches.faults();
    options
}

fn calls(args: &Args, way: Way) -> Result<Calls, Box<dyn std::error::Error>> {
    let codec = CallOptions::leg_format(args.codec);
    let mut questions = Vec::new();
    for path in &args.play {
        let label = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
        questions.push(Question { label, audio: audio::load(path, codec.rate)?.into() });
    }
    let script = Script::conversation(questions, Ending::WaitForAgent(HANG_UP_WAIT));
    // Whichever number it is: each call names its own.
    let anybody = args.ring.first().copied().map_or_else(|| "+15550100".parse(), Ok)?;
    let mut call = CallPlan::new("", anybody, script);
    call.from = args.from;
    call.codec = codec;
    let mut plan = RingPlan::new(call);
    plan.way = way;
    plan.patience = args.patience;
    Ok(Calls {
        numbers: args.ring.clone(),
        plan,
        count: args.calls.map_or(args.ring.len(), |count| count as usize),
        every: args.every,
        seed: args.switches.seed,
    })
}

async fn place(
    carrier: &FakeCarrier,
    calls: Calls,
) -> Result<Vec<LegReport>, Box<dyn std::error::Error>> {
    let mut legs: Vec<Leg> = Vec::new();
    let mut next = Instant::now();
    for (number, n) in calls.numbers.iter().cycle().zip(0..calls.count as u64) {
        sleep_until(next).await;
        next += Duration::from_millis(u64::from(calls.every.get()));
        let mut plan = calls.plan.clone();
        plan.call.to = *number;
        plan.call.seed = calls.seed.wrapping_add(n);
        legs.push(carrier.ring(plan)?);
    }
    let mut reports = Vec::new();
    for leg in legs {
        reports.push(leg.ended().await?);
    }
    Ok(reports)
}
