//! A picture of response times: one bar a turn, its stages stacked, shortest first.

use std::fmt::Write;

use crate::split::{Turn, percentile};

const BAR: f64 = 11.0;
const LEFT: f64 = 60.0;
/// What title and legend need.
const WIDTH_MIN: f64 = 900.0;
const TOP: f64 = 70.0;
const SCALE: f64 = 0.5;
const COLORS: [&str; 7] =
    ["#c3c9d5", "#f4c04f", "#7aa7f0", "#9b7ede", "#5cc8b0", "#f0968a", "#d7263d"];

/// The picture.
pub fn svg(turns: &[Turn]) -> String {
    let mut sorted: Vec<&Turn> = turns.iter().collect();
    sorted.sort_by(|a, b| a.response.total_cmp(&b.response));
    let longest = sorted.last().map_or(0.0, |turn| turn.response).max(700.0);
    let width = (LEFT + 20.0 + BAR * sorted.len() as f64).max(WIDTH_MIN);
    let height = TOP + longest * SCALE + 30.0;
    let base = height - 20.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" \
         fill=\"#fff\"/><text x=\"{LEFT}\" y=\"22\" font-size=\"16\" font-weight=\"bold\">Response \
         time, {} turns, ms from the caller's last sound to the agent's first</text>",
        sorted.len()
    );
    legend(&mut out, turns);
    let p = |percent| percentile(turns.iter().map(|turn| turn.response), percent);
    for (name, ms) in [("p50", p(50)), ("p95", p(95))] {
        let y = base - ms * SCALE;
        draw(
            &mut out,
            format_args!(
                "<line x1=\"{LEFT}\" x2=\"{width:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#333\" \
             stroke-dasharray=\"4 3\"/><text x=\"4\" y=\"{:.1}\">{name} {ms:.0}</text>",
                y + 4.0
            ),
        );
    }
    for (index, turn) in sorted.iter().enumerate() {
        let x = LEFT + BAR * index as f64;
        let mut y = base;
        for ((_, ms), color) in turn.stages().iter().zip(COLORS) {
            let tall = ms.max(0.0) * SCALE;
            y -= tall;
            draw(
                &mut out,
                format_args!(
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" \
                 fill=\"{color}\"/>",
                    BAR - 2.0
                ),
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String, turns: &[Turn]) {
    let Some(first) = turns.first() else { return };
    for (index, ((name, _), color)) in first.stages().iter().zip(COLORS).enumerate() {
        let x = LEFT + 115.0 * index as f64;
        draw(
            out,
            format_args!(
                "<rect x=\"{x:.0}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{color}\"/>\
             <text x=\"{:.0}\" y=\"47\">{name}</text>",
                x + 17.0
            ),
        );
    }
}

fn draw(out: &mut String, shape: std::fmt::Arguments<'_>) {
    out.write_fmt(shape).expect("a string takes everything");
}
