//! `apex calls`: what goes on in a running engine.

use std::process::ExitCode;
use std::time::Duration;

use types::{Count, VendorDuty, VendorShare, VendorUsage};

use super::control::{Answer, Control, Where};
use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted};
use crate::control::{CallLine, CallList, CallView, Party, TurnView};
use crate::paper::{Ink, Paper, columns, cut, printable, tail};

/// Fewer columns than this hold no words worth a column of their own.
const WORDS_COLUMNS_MIN: usize = 40;

/// How often a watched call is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// What `apex calls` can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the calls that are up.
    List(List),
    /// Show everything about one call.
    Inspect(Inspect),
    /// End a call: with a goodbye, or at once.
    HangUp(HangUp),
    /// Press keys of a telephone toward the caller.
    Press(Press),
    /// Follow a call, turn by turn, until it ends.
    Watch(Inspect),
}

/// What `apex calls list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// What `apex calls inspect` and `watch` take.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The call, as `apex calls list` names it.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// What `apex calls hang-up` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct HangUp {
    /// The call, as `apex calls list` names it.
    id: String,
    /// End it without a goodbye.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    place: Where,
}

/// What `apex calls press` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Press {
    /// The call, as `apex calls list` names it.
    id: String,
    /// The keys: 0-9, *, #, A-D.
    keys: String,
    #[command(flatten)]
    place: Where,
}

/// Runs `apex calls`.
pub(crate) fn run(command: &Command) -> ExitCode {
    let done = match command {
        Command::List(args) => list(args),
        Command::Inspect(args) => inspect(args),
        Command::HangUp(args) => hang_up(args),
        Command::Press(args) => press(args),
        Command::Watch(args) => watch(args),
    };
    done.unwrap_or_else(|what| {
        eprintln!("{what}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

fn no_such_call(id: &str) -> ExitCode {
    eprintln!("{}: no such call is up", printable(id));
    ExitCode::from(ANSWER_IS_NO)
}

fn list(args: &List) -> Result<ExitCode, String> {
    let control = Control::new(&args.place)?;
    let Answer::Here(list) = control.get::<CallList>(&["v1", "calls"])? else {
        return Err("this engine is too old to list its calls".to_owned());
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&list).expect("plain data turns into JSON"));
    } else {
        print!("{}", table(&list, Paper::of_stdout()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The calls as a table, as wide as the page. On a narrow one each call's name stands beneath it.
fn table(list: &CallList, paper: Paper) -> String {
    if list.calls.is_empty() {
        return "no call is up\n".to_owned();
    }
    let Ink { bold, dim, off, .. } = *paper.ink;
    let business = list.calls.iter().map(|line| line.business.as_str().len()).max().unwrap_or(0);
    let business = business.max(8);
    let rest = format!("{:<business$} {:<14} {:>6}  {:<15}", "BUSINESS", "FROM", "FOR", "STATE");
    let head = format!("{:<37} {rest}", "CALL");
    let is_narrow = paper.width < columns(&head);
    // Beside the rest if there is room for a few words, else beneath.
    let beside = paper.width.saturating_sub(columns(&head) + 1);
    let (room, head) = match (is_narrow, WORDS_COLUMNS_MIN <= beside) {
        (true, _) => (paper.width.saturating_sub(2), rest),
        (false, true) => (beside, format!("{head} LAST WORDS")),
        (false, false) => (paper.width.saturating_sub(2), head),
    };
    let mut text = format!("{bold}{}{off}\n", cut(head.trim_end(), paper.width));
    for line in &list.calls {
        let from = line.from.as_deref().unwrap_or("withheld");
        let call = line.call.to_string();
        let rest = format!(
            "{:<business$} {:<14} {:>6}  {:<15}",
            line.business.as_str(),
            printable(from),
            length(line),
            printable(&line.state),
        );
        let row = if is_narrow { rest } else { format!("{call:<37} {rest}") };
        text.push_str(cut(row.trim_end(), paper.width).as_ref());
        if is_narrow {
            text.push_str(&format!("\n  {call}"));
        }
        if let Some(words) = &line.last {
            let who = match words.who {
                Party::Caller => "caller",
                Party::Agent => "agent",
            };
            let said = printable(words.text.reveal());
            let said = tail(&said, room.saturating_sub(who.len() + 2).max(8));
            let gap = if beside == room { columns(&head) - "LAST WORDS".len() } else { 0 };
            let gap = gap.saturating_sub(columns(row.trim_end()));
            let gap = if beside == room { " ".repeat(gap) } else { "\n  ".to_owned() };
            text.push_str(&format!("{gap}{dim}{who}:{off} {said}"));
        }
        text.push('\n');
    }
    let live = counted(list.live, "call", "calls");
    if list.calls.len() < list.live {
        text.push_str(&format!("{live} up, the first {} are listed\n", list.calls.len()));
    } else {
        text.push_str(&format!("{live} up\n"));
    }
    text
}

fn length(line: &CallLine) -> String {
    line.duration.map_or("-".to_owned(), |span| {
        let seconds = span.get() / 1_000;
        format!("{}:{:02}", seconds / 60, seconds % 60)
    })
}

fn inspect(args: &Inspect) -> Result<ExitCode, String> {
    let control = Control::new(&args.place)?;
    let Answer::Here(view) = control.get::<CallView>(&["v1", "calls", &args.id])? else {
        return Ok(no_such_call(&args.id));
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&view).expect("plain data turns into JSON"));
    } else {
        let paper = Paper::of_stdout();
        print!("{}", heading(&view, paper));
        for turn in &view.turns {
            print!("{}", turn_text(turn, paper));
        }
        if let Some(hearing) = &view.hearing {
            print!("{}", row("caller", paper.ink.dim, &format!("{} …", hearing.reveal()), paper));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is to say about a call besides its turns.
fn heading(view: &CallView, paper: Paper) -> String {
    let Ink { bold, dim, off, .. } = *paper.ink;
    let line = &view.line;
    let mut text = format!("{bold}{}{off}  {dim}{}{off}\n", line.business, line.call);
    let counts = &view.counts;
    let from = line.from.as_deref().unwrap_or("withheld");
    let opening = &view.opening;
    for (name, value) in [
        ("state", format!("{}, for {}", line.state, length(line))),
        ("agent", format!("{} {}", view.agent, view.version)),
        ("parties", format!("{from} → {}", opening.to)),
        ("leg", format!("{}, {}", opening.carrier_call, opening.format)),
        (
            "counts",
            format!(
                "{}, {} of them rejected; {} without words; {}; {} characters spoken",
                counted(
                    (counts.barge_ins + counts.barge_ins_rejected) as usize,
                    "barge-in",
                    "barge-ins"
                ),
                counts.barge_ins_rejected,
                counted(counts.empty_turns as usize, "turn", "turns"),
                counted(counts.vendor_failures as usize, "vendor failure", "vendor failures"),
                counts.voiced_characters
            ),
        ),
        (
            "audio",
            format!(
                "{} messages, {} filled in, {} undecodable",
                counts.media_received, counts.media_filled, counts.media_undecodable
            ),
        ),
    ] {
        text.push_str(&row(name, dim, &value, paper));
    }
    for share in &view.vendors {
        text.push_str(&row("used", dim, &used(share), paper));
    }
    text
}

/// What one vendor was used for: `voice cartesia: 2 requests, 61 characters, 12.4 s connected`.
fn used(share: &VendorShare) -> String {
    let VendorUsage {
        requests,
        audio_ms,
        connected_ms,
        characters,
        tokens_in,
        tokens_cached,
        tokens_out,
    } = share.usage;
    let duty = match share.duty {
        VendorDuty::Recognizer => "recognizer",
        VendorDuty::Brain => "brain",
        VendorDuty::Voice => "voice",
    };
    // What is only estimated is said to be.
    let about = |count: Count| if count.estimated == 0 { "" } else { "about " };
    let number = |count: Count, unit: &str| format!("{}{} {unit}", about(count), count.total());
    let seconds = |count: Count, unit: &str| {
        format!("{}{:.1} s {unit}", about(count), count.total() as f64 / 1_000.0)
    };
    let told = [
        (requests, number(requests, "requests")),
        (audio_ms, seconds(audio_ms, "of audio")),
        (characters, number(characters, "characters")),
        (tokens_in, number(tokens_in, "tokens read")),
        (tokens_cached, number(tokens_cached, "from the cache")),
        (tokens_out, number(tokens_out, "tokens written")),
        (connected_ms, seconds(connected_ms, "connected")),
    ];
    let told = told.into_iter().filter(|(count, _)| !count.is_zero()).map(|(_, text)| text);
    format!("{duty} {}: {}", share.vendor, told.collect::<Vec<_>>().join(", "))
}

fn turn_text(turn: &TurnView, paper: Paper) -> String {
    let Ink { caller, agent, good, strike, .. } = *paper.ink;
    let mut text = String::new();
    if !turn.caller.reveal().is_empty() {
        text.push_str(&row("caller", caller, turn.caller.reveal(), paper));
    }
    let heard = turn.heard.reveal();
    if !heard.is_empty() {
        text.push_str(&row("agent", agent, heard, paper));
    }
    // Before anything was heard the reply is on its way.
    let rest = turn.reply.reveal().strip_prefix(heard.as_str()).unwrap_or_default().trim();
    if !rest.is_empty() {
        let (name, color) = if turn.cut.is_some() { ("unheard", strike) } else { ("agent", agent) };
        text.push_str(&row(name, color, rest, paper));
    }
    if let Some(response) = turn.response {
        text.push_str(&row("", good, &format!("heard after {response}"), paper));
    }
    text
}

/// One row: a name, and a text that hangs behind it.
fn row(name: &str, color: &str, text: &str, paper: Paper) -> String {
    const COLUMN: usize = 10;
    let off = paper.ink.off;
    let room = paper.width.saturating_sub(COLUMN).max(20);
    let lines = Paper::wrap(&printable(text), room);
    let rows = lines.iter().enumerate().map(|(number, line)| {
        let name = if number == 0 { name } else { "" };
        format!("  {name:<8}{color}{line}{off}\n")
    });
    rows.collect()
}

fn hang_up(args: &HangUp) -> Result<ExitCode, String> {
    let control = Control::new(&args.place)?;
    let manner = if args.now { "at-once" } else { "polite" };
    let path = ["v1", "calls", &args.id, "hang-up"];
    match control.post(&path, &[("manner", manner)])? {
        Answer::Here(()) => {
            println!("{}", if args.now { "ended" } else { "says goodbye, then hangs up" });
            Ok(ExitCode::SUCCESS)
        }
        Answer::Absent => Ok(no_such_call(&args.id)),
    }
}

fn press(args: &Press) -> Result<ExitCode, String> {
    let control = Control::new(&args.place)?;
    match control.post(&["v1", "calls", &args.id, "press"], &[("keys", &args.keys)])? {
        Answer::Here(()) => {
            println!("pressed");
            Ok(ExitCode::SUCCESS)
        }
        Answer::Absent => Ok(no_such_call(&args.id)),
    }
}

/// Follows a call: what is new of it, line by line.
fn watch(args: &Inspect) -> Result<ExitCode, String> {
    let control = Control::new(&args.place)?;
    let paper = Paper::of_stdout();
    let mut told: Option<Told> = None;
    loop {
        let Answer::Here(view) = control.get::<CallView>(&["v1", "calls", &args.id])? else {
            return Ok(match told {
                Some(_) => {
                    if !args.json {
                        println!("the call is over");
                    }
                    ExitCode::SUCCESS
                }
                None => no_such_call(&args.id),
            });
        };
        if told.is_none() && !args.json {
            print!("{}", heading(&view, paper));
        }
        let told = told.get_or_insert_default();
        if args.json {
            if told.is_new(&view) {
                println!("{}", serde_json::to_string(&view).expect("plain data turns into JSON"));
            }
        } else {
            print!("{}", told.news(&view, paper));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What was told of a watched call.
#[derive(Debug, Default)]
struct Told {
    /// Turns told in full.
    turns: usize,
    /// Whether the caller's words of the turn behind them were told.
    caller: usize,
    last: String,
}

impl Told {
    /// What is new in `view`, as text. A turn is told once it was heard or another began.
    fn news(&mut self, view: &CallView, paper: Paper) -> String {
        let mut text = String::new();
        for (number, turn) in view.turns.iter().enumerate().skip(self.turns) {
            let done = turn.cut.is_some() || number + 1 < view.turns.len();
            if self.caller <= number && !turn.caller.reveal().is_empty() {
                self.caller = number + 1;
                text.push_str(&row("caller", paper.ink.caller, turn.caller.reveal(), paper));
            }
            if !done {
                break;
            }
            self.turns = number + 1;
            let rest = TurnView { caller: types::Pii::default(), ..turn.clone() };
            text.push_str(&turn_text(&rest, paper));
        }
        text
    }

    /// Whether `view` shows anything but a later time.
    fn is_new(&mut self, view: &CallView) -> bool {
        let mut still = view.clone();
        still.line.duration = None;
        still.counts = crate::control::CountsView::default();
        still.vendors.clear();
        let now = serde_json::to_string(&still).expect("plain data turns into JSON");
        let is_new = now != self.last;
        self.last = now;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use types::{CallId, Heard, Millis, Pii};

    use super::*;
    use crate::control::{CONTROL_FORMAT, CountsView, OpeningView, Words};
    use crate::paper::PLAIN;

    const PAPER: Paper = Paper { width: 110, ink: &PLAIN };

    fn line() -> CallLine {
        CallLine {
            call: CallId::new(1),
            business: "riverside-dental".parse().unwrap(),
            from: Some("+121••••••99".into()),
            duration: Some(Millis::from_secs(75)),
            state: "hearing".into(),
            last: Some(Words {
                who: Party::Agent,
                text: Pii::new(
                    "We are open from eight to five, and \x1b[2J on Friday to two.".into(),
                ),
            }),
        }
    }

    fn turn(caller: &str, reply: &str, heard: &str, cut: Option<Heard>) -> TurnView {
        let text = |text: &str| Pii::new(text.to_owned());
        TurnView {
            turn: types::TurnId::new(1),
            caller: text(caller),
            reply: text(reply),
            heard: text(heard),
            cut,
            response: Some(Millis::new(512)),
            stages: types::Stages::default(),
        }
    }

    fn view(turns: Vec<TurnView>) -> CallView {
        CallView {
            format: CONTROL_FORMAT,
            line: line(),
            agent: "front-desk".parse().unwrap(),
            version: types::ConfigVersion::new(2),
            began: types::WallTime::from_unix_millis(0),
            opening: OpeningView {
                to: "+12125550142".into(),
                carrier_call: "v3:leg".into(),
                format: "PCMU 8000 Hz".into(),
            },
            hearing: None,
            turns,
            counts: CountsView::default(),
            vendors: Vec::new(),
        }
    }

    #[test]
    fn the_table_fits_the_page_and_obeys_nobody() {
        let list = CallList { format: CONTROL_FORMAT, live: 3, calls: vec![line()] };
        let text = table(&list, PAPER);
        assert!(text.contains("1:15  hearing\n  agent: We are open"), "{text}");
        assert!(text.contains("Friday to two."), "{text}");
        let wide = table(&list, Paper { width: 150, ink: &PLAIN });
        assert!(wide.contains("hearing         agent: …"), "{wide}");
        assert!(wide.contains("STATE           LAST WORDS"), "{wide}");
        assert!(wide.lines().all(|line| columns(line) <= 150), "{wide}");
        // Eighty columns: nothing is cut that somebody would have to type.
        let narrow = table(&list, Paper { width: 80, ink: &PLAIN });
        assert!(narrow.contains(&format!("hearing\n  {}\n  agent: ", CallId::new(1))), "{narrow}");
        assert!(narrow.lines().all(|line| columns(line) <= 80), "{narrow}");
        assert!(text.contains("3 calls up, the first 1 are listed"), "{text}");
        assert!(!text.contains('\x1b'));
        assert!(text.lines().all(|line| columns(line) <= PAPER.width), "{text}");
        let none = CallList { format: CONTROL_FORMAT, live: 0, calls: Vec::new() };
        assert_eq!(table(&none, PAPER), "no call is up\n");
    }

    #[test]
    fn a_watched_call_tells_each_turn_once() {
        let mut told = Told::default();
        let open = turn("What are your hours?", "We open at eight.", "", None);
        let first = told.news(&view(vec![open.clone()]), PAPER);
        assert!(first.contains("What are your hours?") && !first.contains("eight"), "{first}");
        assert_eq!(told.news(&view(vec![open]), PAPER), "");
        let cut = turn("What are your hours?", "We open at eight.", "We open", Some(Heard::Cut));
        let second = told.news(&view(vec![cut.clone()]), PAPER);
        assert!(second.contains("agent   We open\n"), "{second}");
        assert!(second.contains("unheard at eight."), "{second}");
        assert!(!second.contains("hours"), "{second}");
        assert_eq!(told.news(&view(vec![cut]), PAPER), "");
    }

    #[test]
    fn what_vendors_were_used_for_is_told_by_vendor() {
        let exact = |exact| Count { exact, estimated: 0 };
        let usage = VendorUsage {
            requests: exact(2),
            tokens_in: exact(410),
            tokens_out: Count { exact: 20, estimated: 7 },
            connected_ms: exact(12_440),
            ..VendorUsage::default()
        };
        let share =
            VendorShare { duty: VendorDuty::Brain, vendor: "openai".parse().unwrap(), usage };
        let told = "brain openai: 2 requests, 410 tokens read, about 27 tokens written, 12.4 s \
                    connected";
        assert_eq!(used(&share), told);
    }

    #[test]
    fn only_news_is_repeated_as_json() {
        let mut told = Told::default();
        let mut now = view(Vec::new());
        assert!(told.is_new(&now));
        now.line.duration = Some(Millis::from_secs(80));
        assert!(!told.is_new(&now));
        now.line.state = "speaking".into();
        assert!(told.is_new(&now));
    }
}
