//! The picture itself.

use std::fmt::Write;

use super::flags::{self, Placed};
use super::row::{Block, LEFT, PARTIAL_LINE, Partial, RIGHT, Row, WORDS_LINE, rows, seconds};
use super::style::STYLE;
use super::svg::{Anchor, Short, Svg};
use super::text::{width, wrap};
use super::wave::{WAVE, Waves};
use super::{AgentWords, CallerWords, Stage, StagedTurn, Timeline};

const WIDTH: f64 = 1_440.0;
const MARGIN: f64 = 28.0;
const AXIS: f64 = 30.0;
const WAITS: f64 = 66.0;
const ROW_GAP: f64 = 18.0;
/// Units per millisecond in a magnified wait.
const LENS: f64 = 0.3;
/// Size of a response time's figure.
const RESPONSE_SIZE: f64 = 16.0;
/// How much wider bold text is.
const BOLD: f64 = 1.13;
/// Words of usual speech that fit under a second of a track.
const CHARACTERS_A_SECOND: f64 = 16.0;
/// Words that were not heard are drawn this long at most, in seconds.
const UNHEARD_MAX: f64 = 2.5;

pub(super) fn paint(timeline: &Timeline) -> String {
    let duration =
        timeline.caller.len().max(timeline.agent.len()) as f64 / f64::from(timeline.rate.hz());
    let mut body = Svg::default();
    let mut y = header(&mut body, timeline, duration);
    y = legend(&mut body, timeline, y);
    let waves = Waves::of(timeline);
    for row in rows(duration, &busy(timeline, &waves)) {
        let layout = Layout::of(timeline, row, y);
        paint_row(&mut body, timeline, &waves, &layout, duration);
        y = layout.bottom + ROW_GAP;
    }
    let mut page = Svg::default();
    page.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {h}\" width=\"{WIDTH}\" \
         height=\"{h}\" role=\"img\">\n",
        h = Short(y + 10.0)
    ));
    page.title(&format!("{}: timeline of a call", timeline.title));
    page.raw(STYLE);
    page.raw("<rect width=\"100%\" height=\"100%\" class=\"page\"/>\n");
    page.raw(&body.into_text());
    page.raw("</svg>\n");
    page.into_text()
}

/// When something is drawn that a row's end should not cut: speech, and what follows a question.
fn busy(timeline: &Timeline, waves: &Waves<'_>) -> Vec<(f64, f64)> {
    let speech = timeline.speech.iter().map(|span| (seconds(span.start), seconds(span.end)));
    let said = timeline.agent_words.iter().map(|words| {
        // Words need as much room as their text is long.
        let room = words.heard.len().max(words.unheard.len()) as f64 / CHARACTERS_A_SECOND;
        (seconds(words.from), seconds(words.until).max(seconds(words.from) + room.min(2.0)))
    });
    let waits = timeline.turns.iter().map(|turn| {
        let ended = seconds(turn.question_ended);
        (ended, ended + f64::from(turn.response.get()) / 1e3)
    });
    speech.chain(said).chain(waits).chain(waves.agent_spans.iter().copied()).collect()
}

/// Name of the business and what the call came to.
fn header(svg: &mut Svg, timeline: &Timeline, duration: f64) -> f64 {
    svg.text((MARGIN, 50.0), Anchor::Start, "h1", &timeline.title);
    let mut tiles = vec![(format!("{duration:.0} s"), "length of the call".to_owned())];
    let mut responses: Vec<u32> = timeline.turns.iter().map(|turn| turn.response.get()).collect();
    responses.sort_unstable();
    if let (Some(slowest), Some(median)) =
        (responses.last(), responses.get(responses.len().saturating_sub(1) / 2))
    {
        tiles.push((responses.len().to_string(), "questions answered".to_owned()));
        tiles.push((format!("{median} ms"), "median response time".to_owned()));
        tiles.push((format!("{slowest} ms"), "slowest response".to_owned()));
    }
    if let Some(stop) = timeline.barge_ins.iter().map(|barge_in| barge_in.stop).max() {
        tiles.push((format!("{stop}"), "to fall silent when cut in".to_owned()));
    }
    let mut x = WIDTH - MARGIN / 2.0;
    for (figure, caption) in tiles.iter().rev() {
        let room = (width(figure, 22.0) * BOLD).max(width(caption, 11.0)) + 26.0;
        x -= room;
        svg.rect((x, 24.0), (room, 58.0), 10.0, "tile");
        svg.text((x + room / 2.0, 52.0), Anchor::Middle, "figure", figure);
        svg.text((x + room / 2.0, 71.0), Anchor::Middle, "caption", caption);
        x -= 10.0;
    }
    // The figures keep their room; who called whom takes as many lines as it needs beside them.
    let lines = wrap(&timeline.subtitle, 14.0, x - MARGIN, 3);
    for (line, text) in lines.iter().enumerate() {
        svg.text((MARGIN, 76.0 + 18.0 * line as f64), Anchor::Start, "sub", text);
    }
    104.0 + 18.0 * lines.len().saturating_sub(1) as f64
}

/// What the colors mean: who and what on the first line, the stages of a wait on the second.
fn legend(svg: &mut Svg, timeline: &Timeline, y: f64) -> f64 {
    let mut voices = vec![
        ("wave-caller-swatch", "caller".to_owned()),
        ("wave-agent-swatch", "agent, as the caller hears it".to_owned()),
        ("speech-caller-swatch", "speech, as it was detected".to_owned()),
    ];
    if timeline.caller_words.iter().any(|words| matches!(words, CallerWords::Partial { .. })) {
        voices.push(("partial-swatch", "words as they are recognized".to_owned()));
    }
    if timeline.agent_words.iter().any(|words| !words.unheard.is_empty()) {
        voices.push(("hatched", "not heard any more".to_owned()));
    }
    if !timeline.barge_ins.is_empty() {
        voices.push(("barge-swatch", "caller cuts in".to_owned()));
    }
    let y = entries(svg, "", &voices, y + 8.0);
    let y = flags::legend(&timeline.flags)
        .map_or(y, |(heading, kinds)| entries(svg, heading, &kinds, y));
    let shown: Vec<Stage> = timeline.turns.iter().flat_map(bars).map(|(stage, _)| stage).collect();
    let is_split = shown.iter().any(|stage| *stage != Stage::Rest);
    let heading = "response time in ms, from the caller's last sound to the agent's first";
    match (shown.is_empty(), is_split) {
        (true, _) => y,
        (false, false) => entries(svg, "", &[(stage_class(Stage::Rest), heading.to_owned())], y),
        (false, true) => {
            let stages: Vec<(&str, String)> = Stage::ALL
                .into_iter()
                .filter(|stage| shown.contains(stage))
                .map(|stage| (stage_class(stage), format!("{}: {}", stage.name(), stage.meaning())))
                .collect();
            entries(svg, &format!("The {heading}:"), &stages, y)
        }
    }
}

/// One line of the legend, or more if it does not fit. Returns where the next one goes.
fn entries(svg: &mut Svg, heading: &str, entries: &[(&str, String)], mut y: f64) -> f64 {
    let mut x = MARGIN;
    if !heading.is_empty() {
        svg.text((x, y + 1.0), Anchor::Start, "legend-heading", heading);
        y += 22.0;
    }
    for (class, text) in entries {
        let room = 19.0 + width(text, 12.0) + 12.0;
        if RIGHT < x + room {
            (x, y) = (MARGIN, y + 22.0);
        }
        svg.rect((x, y - 10.0), (13.0, 13.0), 3.0, class);
        svg.text((x + 19.0, y + 1.0), Anchor::Start, "legend", text);
        x += room;
    }
    y + 22.0
}

/// Where a row's lanes lie.
struct Layout {
    row: Row,
    top: f64,
    caller_words: Vec<Block>,
    partials: Vec<Partial>,
    agent_words: Vec<Block>,
    partials_top: f64,
    caller_top: f64,
    flags: Vec<Placed>,
    flags_top: f64,
    waits_top: f64,
    agent_top: f64,
    bottom: f64,
}

impl Layout {
    fn of(timeline: &Timeline, row: Row, top: f64) -> Self {
        let caller_words = row.caller_blocks(timeline);
        let partials = row.partials(timeline);
        let agent_words = row.agent_blocks(timeline);
        let deepest =
            |blocks: &[Block]| blocks.iter().map(|b| b.lines.len()).max().unwrap_or(0) as f64;
        let partial_lines = partials.iter().map(|partial| partial.line + 1).max().unwrap_or(0);
        let partials_top = top + AXIS + deepest(&caller_words) * WORDS_LINE;
        let caller_top = partials_top + partial_lines as f64 * PARTIAL_LINE + 8.0;
        let flags = flags::place(&timeline.flags, row);
        let flags_top = caller_top + WAVE;
        let waits_top = flags_top + flags::height(&flags);
        let agent_top = waits_top + WAITS;
        let bottom = agent_top + WAVE + 10.0 + deepest(&agent_words) * WORDS_LINE + 10.0;
        Self {
            row,
            top,
            caller_words,
            partials,
            agent_words,
            partials_top,
            caller_top,
            flags,
            flags_top,
            waits_top,
            agent_top,
            bottom,
        }
    }
}

fn paint_row(svg: &mut Svg, timeline: &Timeline, waves: &Waves<'_>, at: &Layout, duration: f64) {
    let card = (WIDTH - MARGIN, at.bottom - at.top);
    svg.rect((MARGIN / 2.0, at.top), card, 12.0, "card");
    axis(svg, at, duration);
    shade(svg, timeline, waves, at);
    for barge_in in &timeline.barge_ins {
        let (onset, silent) = (seconds(barge_in.onset), seconds(barge_in.silent_at));
        if at.row.meets(onset, silent.max(onset + 0.01)) {
            let (x, until) = (at.row.x(onset), at.row.x(silent));
            let height = at.agent_top + WAVE - at.caller_top;
            svg.rect((x, at.caller_top), (until - x, height), 0.0, "barge-band");
        }
    }
    for (top, name, class, wave) in [
        (at.caller_top, "caller", "caller", &waves.caller),
        (at.agent_top, "agent", "agent", &waves.agent),
    ] {
        let middle = top + WAVE / 2.0;
        svg.text((MARGIN, middle + 5.0), Anchor::Start, &format!("lane {class}-text"), name);
        svg.line((LEFT, middle), (at.row.x(duration), middle), "zero");
        svg.path(&wave.columns(at.row, middle), &format!("wave-{class}"));
    }
    words(svg, at);
    flags::draw(svg, &at.flags, (at.caller_top, at.flags_top));
    let mut taken = LEFT;
    for turn in timeline.turns.iter().filter(|turn| at.row.holds(seconds(turn.question_ended))) {
        taken = wait(svg, turn, at, taken);
    }
    for barge_in in timeline.barge_ins.iter().filter(|b| at.row.holds(seconds(b.onset))) {
        let x = at.row.x(seconds(barge_in.onset));
        svg.line((x, at.caller_top - 4.0), (x, at.agent_top + WAVE), "barge-line");
        let text = format!("caller cuts in · agent silent after {}", barge_in.stop);
        let room = width(&text, 11.5) * BOLD + 16.0;
        let left = (x + 6.0).min(RIGHT - room);
        svg.rect((left, at.waits_top + 44.0), (room, 18.0), 9.0, "barge-tag");
        svg.text((left + 8.0, at.waits_top + 57.0), Anchor::Start, "barge-text", &text);
    }
}

fn axis(svg: &mut Svg, at: &Layout, duration: f64) {
    let y = at.top + 20.0;
    for second in at.row.from.ceil() as u32..=at.row.to.floor() as u32 {
        let moment = f64::from(second);
        let x = at.row.x(moment);
        if duration < moment {
            break;
        }
        svg.line((x, at.top + AXIS - 4.0), (x, at.agent_top + WAVE + 4.0), "grid");
        svg.text((x, y), Anchor::Middle, "tick", &format!("{moment:.0} s"));
    }
}

/// Who speaks, behind the waves; and what was never heard.
fn shade(svg: &mut Svg, timeline: &Timeline, waves: &Waves<'_>, at: &Layout) {
    let caller = timeline.speech.iter().map(|span| (seconds(span.start), seconds(span.end)));
    let agent = waves.agent_spans.iter().copied();
    let lanes = caller
        .map(|span| (span, at.caller_top, "speech-caller"))
        .chain(agent.map(|span| (span, at.agent_top, "speech-agent")));
    for ((from, until), top, class) in lanes {
        if at.row.meets(from, until) {
            let (x, end) = (at.row.x(from), at.row.x(until));
            svg.rect((x, top + 2.0), (end - x, WAVE - 4.0), 6.0, class);
        }
    }
    for (number, words) in timeline.agent_words.iter().enumerate() {
        let next = timeline.agent_words.get(number + 1).map(|next| seconds(next.from));
        let (from, until) = unheard(words, next);
        if from < until && at.row.meets(from, until) {
            let (x, end) = (at.row.x(from), at.row.x(until));
            svg.rect((x, at.agent_top + 2.0), (end - x, WAVE - 4.0), 6.0, "hatched");
        }
    }
}

/// When the unheard rest of a reply would have been heard, as far as it is drawn.
fn unheard(words: &AgentWords, next: Option<f64>) -> (f64, f64) {
    let (from, until) = (seconds(words.from), seconds(words.until));
    let pace = (until - from).max(0.3) / words.heard.len().max(4) as f64;
    let end = until + (words.unheard.len() as f64 * pace).min(UNHEARD_MAX);
    (until, next.map_or(end, |next| end.min(next)))
}

fn words(svg: &mut Svg, at: &Layout) {
    let lanes = [
        (&at.caller_words, at.top + AXIS, "words caller-text"),
        (&at.agent_words, at.agent_top + WAVE + 8.0, "words agent-text"),
    ];
    for (blocks, top, class) in lanes {
        for block in blocks {
            for (number, line) in block.lines.iter().enumerate() {
                let y = top + (number as f64 + 0.8) * WORDS_LINE;
                let class = if line.is_heard { class } else { "words unheard" };
                svg.text((block.x, y), Anchor::Start, class, &line.text);
            }
        }
    }
    for partial in &at.partials {
        let y = at.partials_top + (partial.line as f64 + 0.9) * PARTIAL_LINE;
        svg.line((partial.x, y - 8.0), (partial.x, y + 2.0), "partial-tick");
        svg.text((partial.x + 3.0, y), Anchor::Start, "partial", &partial.text);
    }
}

/// A wait: its stages to scale, and below it the same magnified with figures, right of what is
/// `taken`. Returns where that ends.
fn wait(svg: &mut Svg, turn: &StagedTurn, at: &Layout, taken: f64) -> f64 {
    let from = seconds(turn.question_ended);
    let total = f64::from(turn.response.get());
    let (x, end) = (at.row.x(from), at.row.x(from + total / 1e3));
    let label = format!("{}", turn.response);
    let lens = (total * LENS).clamp(60.0, 420.0);
    let room = lens + 10.0 + width(&label, RESPONSE_SIZE) * BOLD;
    let left = ((x + end - room) / 2.0).min(RIGHT - room).max(taken);
    let (strip, bar) = (at.waits_top + 2.0, at.waits_top + 18.0);
    svg.raw("<g>");
    let stages: Vec<String> =
        bars(turn).iter().map(|(stage, ms)| format!("{} {ms} ms", stage.name())).collect();
    svg.title(&format!("{label}: {}", stages.join(", ")));
    let mut beam = String::new();
    let corners = [(x, strip + 6.0), (end, strip + 6.0), (left + lens, bar), (left, bar)];
    for (number, (x, y)) in corners.into_iter().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        write!(beam, "{command}{} {}", Short(x), Short(y)).expect("a String takes it");
    }
    svg.path(&format!("{beam}Z"), "beam");
    let (mut small, mut large) = (x, left);
    for (stage, ms) in bars(turn) {
        let share = if total == 0.0 { 0.0 } else { f64::from(ms) / total };
        let class = stage_class(stage);
        svg.rect((small, strip), ((end - x) * share, 6.0), 0.0, class);
        svg.rect((large, bar), (lens * share, 20.0), 0.0, class);
        let figure = ms.to_string();
        if width(&figure, 11.0) + 4.0 <= lens * share {
            let middle = large + lens * share / 2.0;
            svg.text((middle, bar + 14.0), Anchor::Middle, "stage-text", &figure);
        }
        small += (end - x) * share;
        large += lens * share;
    }
    svg.rect((left, bar), (lens, 20.0), 0.0, "frame");
    svg.text((left + lens + 8.0, bar + 16.0), Anchor::Start, "response", &label);
    svg.raw("</g>\n");
    left + room + 14.0
}

/// The stages of a turn and what they leave, never more than the whole.
fn bars(turn: &StagedTurn) -> Vec<(Stage, u32)> {
    let mut left = turn.response.get();
    let mut bars = Vec::new();
    for (stage, span) in &turn.stages {
        let ms = span.get().min(left);
        left -= ms;
        bars.push((*stage, ms));
    }
    bars.push((Stage::Rest, left));
    bars.retain(|(_, ms)| 0 < *ms);
    bars
}

fn stage_class(stage: Stage) -> &'static str {
    match stage {
        Stage::EndpointDelay => "s-delay",
        Stage::Recognizer => "s-recognizer",
        Stage::Brain => "s-brain",
        Stage::Voice => "s-voice",
        Stage::Lead => "s-lead",
        Stage::Rest => "s-rest",
    }
}
