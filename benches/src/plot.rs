//! Small plots as SVG text: several panels of curves with points.

use std::fmt::Write;

/// One panel: shares from 0 to 1 across, shares from `y_min` to 1 up.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// What lies across.
    pub x_label: String,
    /// Where the vertical axis begins.
    pub y_min: f64,
    /// The candidates, in the order of [`COLORS`].
    pub curves: Vec<Curve>,
}

/// The settings of one candidate.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What to call it.
    pub name: String,
    /// Its settings.
    pub points: Vec<Point>,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Point {
    /// What to call it; shown when pointed at.
    pub label: String,
    /// Across.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// Whether it is the setting that is used.
    pub weight: Weight,
}

/// The lowest value of an axis that ends at 1 and has five even, round steps, so that all of
/// `shares` lie on it.
pub fn axis_from(shares: impl IntoIterator<Item = f64>) -> f64 {
    let lowest = shares.into_iter().fold(1.0, f64::min);
    let steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
    let step = steps.into_iter().find(|step| 1.0 - 5.0 * step <= lowest);
    1.0 - 5.0 * step.unwrap_or(0.2)
}

/// How a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// One of several settings.
    Tried,
    /// The setting that stands for the candidate.
    Chosen,
}

/// `panels` side by side, two a row, on white, with a legend below.
pub fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2);
    let (width, height) = (2.0 * WIDTH, rows as f64 * HEIGHT + LEGEND);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>"#
    );
    for (place, panel) in panels.iter().enumerate() {
        let (column, row) = ((place % 2) as f64, (place / 2) as f64);
        let _ = write!(out, r#"<g transform="translate({} {})">"#, column * WIDTH, row * HEIGHT);
        draw(&mut out, panel);
        out.push_str("</g>");
    }
    let names = panels.first().map(|panel| panel.curves.as_slice()).unwrap_or_default();
    for (place, (curve, color)) in names.iter().zip(COLORS).enumerate() {
        let (x, y) = (LEFT + place as f64 * 150.0, rows as f64 * HEIGHT + 16.0);
        let _ = write!(out, r#"<circle cx="{x}" cy="{y}" r="5" fill="{color}"/>"#);
        text(&mut out, (x + 10.0, y + 4.0), "start", &curve.name);
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, panel: &Panel) {
    let x = |share: f64| LEFT + share * (WIDTH - LEFT - RIGHT);
    let y = |share: f64| {
        let up = (share - panel.y_min) / (1.0 - panel.y_min);
        HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)
    };
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let level = panel.y_min + share * (1.0 - panel.y_min);
        let (left, right, at) = (x(0.0), x(1.0), y(level));
        let _ = write!(
            out,
            r##"<line x1="{left}" x2="{right}" y1="{at:.1}" y2="{at:.1}" stroke="#ddd"/>"##
        );
        text(out, (left - 5.0, at + 4.0), "end", &format!("{level:.3}"));
        text(out, (x(share), HEIGHT - BOTTOM + 15.0), "middle", &format!("{share:.1}"));
    }
    text(out, (x(0.0), TOP - 10.0), "start", &panel.title);
    text(out, (x(0.5), HEIGHT - BOTTOM + 31.0), "middle", &panel.x_label);
    for (curve, color) in panel.curves.iter().zip(COLORS) {
        let path: Vec<String> =
            curve.points.iter().map(|p| format!("{:.1},{:.1}", x(p.x), y(p.y))).collect();
        let path = path.join(" ");
        let _ = write!(out, r#"<polyline points="{path}" fill="none" stroke="{color}"/>"#);
        for point in &curve.points {
            let (radius, fill) = match point.weight {
                Weight::Chosen => (5.0, color),
                Weight::Tried => (3.0, "white"),
            };
            let (x, y, label) = (x(point.x), y(point.y), escaped(&point.label));
            let _ = write!(
                out,
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{fill}" stroke="{color}"><title>{label}</title></circle>"#
            );
        }
    }
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let words = escaped(words);
    let _ = write!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#);
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;")
}

/// One color a curve; told apart by most color-blind eyes (Okabe and Ito).
pub const COLORS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// Of a panel, in pixels.
const WIDTH: f64 = 430.0;
const HEIGHT: f64 = 270.0;
const LEGEND: f64 = 34.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 44.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_all_its_points_in_round_steps() {
        assert_eq!(axis_from([1.0]), 0.995);
        assert_eq!(axis_from([0.94, 0.7]), 0.5);
        assert_eq!(axis_from([0.951, 0.99]), 0.95);
        assert_eq!(axis_from([0.1]), 0.0);
    }

    #[test]
    fn points_lie_where_their_shares_say() {
        let point = Point { label: "a<b".to_owned(), x: 0.5, y: 0.9, weight: Weight::Chosen };
        let curve = Curve { name: "one".to_owned(), points: vec![point] };
        let panel = Panel {
            title: "t".to_owned(),
            x_label: "x".to_owned(),
            y_min: 0.8,
            curves: vec![curve],
        };
        let svg = svg(&[panel]);
        assert!(svg.contains(r#"points="231.0,129.0""#), "{svg}");
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
    }
}
