//! Curves as SVG text.

use std::fmt::Write;

/// One panel: delays across, cut-offs up.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// What lies across, in milliseconds.
    pub across: String,
    /// The strategies, in the order of the colors.
    pub curves: Vec<Curve>,
}

/// What a strategy gives.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What to call it.
    pub name: String,
    /// (delay, share of cut-offs, lower bound, upper bound).
    pub points: Vec<[f64; 4]>,
    /// (delay, share) as shipped.
    pub shipped: (f64, f64),
}

/// `panels`, two a row, with a legend below.
pub fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2);
    let (width, height) = (2.0 * WIDTH, rows as f64 * HEIGHT + 40.0);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>"#
    );
    for (place, panel) in panels.iter().enumerate() {
        let (column, row) = ((place % 2) as f64, (place / 2) as f64);
        let _ = write!(out, r#"<g transform="translate({} {})">"#, column * WIDTH, row * HEIGHT);
        draw(&mut out, panel);
        out.push_str("</g>");
    }
    let curves = panels.first().map(|panel| panel.curves.as_slice()).unwrap_or_default();
    for (place, (curve, color)) in curves.iter().zip(COLORS).enumerate() {
        let (x, y) = (LEFT + place as f64 * 210.0, rows as f64 * HEIGHT + 18.0);
        let _ = write!(out, r#"<circle cx="{x}" cy="{y}" r="5" fill="{color}"/>"#);
        text(&mut out, (x + 10.0, y + 4.0), "start", &curve.name);
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, panel: &Panel) {
    let across = |ms: f64| LEFT + ms.min(DELAY_MAX) / DELAY_MAX * (WIDTH - LEFT - 20.0);
    let up = |share: f64| HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    text(out, (WIDTH / 2.0, 20.0), "middle", &panel.title);
    text(out, (WIDTH / 2.0, HEIGHT - 8.0), "middle", &panel.across);
    for step in 0..=5 {
        let (share, ms) = (f64::from(step) / 5.0, f64::from(step) / 5.0 * DELAY_MAX);
        let (x, y, right, bottom) = (across(ms), up(share), WIDTH - 20.0, up(0.0));
        let _ = write!(
            out,
            r##"<path d="M{LEFT} {y}H{right}M{x} {TOP}V{bottom}" stroke="#ddd" fill="none"/>"##
        );
        text(out, (LEFT - 6.0, y + 4.0), "end", &format!("{:.0} %", share * 100.0));
        text(out, (x, bottom + 15.0), "middle", &format!("{ms:.0}"));
    }
    for (curve, color) in panel.curves.iter().zip(COLORS) {
        let shown: Vec<&[f64; 4]> =
            curve.points.iter().filter(|point| point[0] <= DELAY_MAX).collect();
        let there =
            shown.iter().map(|point| format!("{:.1},{:.1}", across(point[0]), up(point[3])));
        let back =
            shown.iter().rev().map(|point| format!("{:.1},{:.1}", across(point[0]), up(point[2])));
        let band: Vec<String> = there.chain(back).collect();
        let line: Vec<String> = shown
            .iter()
            .map(|point| format!("{:.1},{:.1}", across(point[0]), up(point[1])))
            .collect();
        let _ = write!(
            out,
            r#"<polygon points="{}" fill="{color}" opacity="0.12"/><polyline points="{}" stroke="{color}" stroke-width="2" fill="none"/>"#,
            band.join(" "),
            line.join(" ")
        );
        let (x, y) = (across(curve.shipped.0), up(curve.shipped.1));
        let _ =
            write!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="5" fill="{color}" stroke="black"/>"#);
    }
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = write!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 50.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 44.0;

/// Beyond it nobody wants to wait.
const DELAY_MAX: f64 = 2_000.0;

const COLORS: [&str; 4] = ["#888888", "#d9822b", "#8f5bb5", "#1f77b4"];
