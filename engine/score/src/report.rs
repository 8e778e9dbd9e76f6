//! What a run tells: tables as text, curves as a picture.

use std::fmt::Write;

use call::Words;
use types::Millis;

use crate::corpus::{Half, Pauses, Turn};
use crate::curve::{Delay, Family, Point, at_most, within};
use crate::figure::{Curve, Panel};
use crate::strategy::Strategy;
use crate::tally::{Heard, KINDS, Tally, tally};

/// A distribution of pauses, and what was heard with it.
#[derive(Clone, Debug)]
pub struct Run {
    /// How long callers pause.
    pub pauses: Pauses,
    /// The turns.
    pub heard: Vec<Heard>,
}

/// The tables of `half`, with the engine set to `ours`.
pub fn tables(runs: &[Run], half: Half, ours: (Millis, Millis), words: &Words) -> String {
    let mut out = String::new();
    for run in runs {
        let wanted = |turn: &Turn| turn.plan.half == half;
        let (name, median, sigma) = (run.pauses.name, run.pauses.median, run.pauses.sigma);
        let _ = writeln!(out, "\n## {half:?}, {name} pauses (median {median}, sigma {sigma})\n");
        let _ = writeln!(
            out,
            "as shipped           cut-offs of pauses        of turns      p50    mean    p95  no end"
        );
        for family in [Family::Silence, Family::OneShot, Family::Ours] {
            let t = tally(family.shipped(ours), &run.heard, words, wanted);
            let _ = writeln!(out, "{:<20} {}", family.name(), row(&t));
        }
        let _ = writeln!(
            out,
            "\nwhole curves, by median: cut-offs within 300 ms, 600 ms; delay at 5 % cut-offs"
        );
        let curves = Family::ALL
            .map(|family| (family, family.curve(ours, (&run.heard, words), Delay::Median, wanted)));
        for (family, curve) in &curves {
            let rate =
                |point: Option<&Point>| point.map_or("-".to_owned(), |point| rate(&point.tally));
            let delay = at_most(curve, 0.05).map_or("-".to_owned(), |point| {
                format!("{} ms (mean {:.0})", point.tally.delay(500), point.tally.mean())
            });
            let _ = writeln!(
                out,
                "{:<32} {:>22} {:>22}   {delay}",
                family.name(),
                rate(within(curve, Delay::Median, 300.0)),
                rate(within(curve, Delay::Median, 600.0)),
            );
        }
        out.push_str(&equal(&curves, &run.heard, (ours, words), wanted));
        out.push_str(&kinds(run, half, ours, words));
    }
    out
}

/// The others at no more than the median delay of the engine as it is shipped.
fn equal(
    curves: &[(Family, Vec<Point>)],
    heard: &[Heard],
    (ours, words): ((Millis, Millis), &Words),
    wanted: impl Fn(&Turn) -> bool + Copy,
) -> String {
    let own = tally(Family::Ours.shipped(ours), heard, words, wanted);
    let mut out = format!(
        "\nat the median delay of apex as shipped, {} ms: {}\n",
        own.delay(500),
        rate(&own)
    );
    for (family, curve) in curves {
        if let Some(point) = within(curve, Delay::Median, f64::from(own.delay(500))) {
            let times = point.tally.rate() / own.rate().max(1e-9);
            let t = &point.tally;
            let _ = writeln!(
                out,
                "{:<32} {} = {times:.1} times (its mean {:.0} ms, ours {:.0})",
                family.name(),
                rate(t),
                t.mean(),
                own.mean()
            );
        }
    }
    out
}

fn kinds(run: &Run, half: Half, ours: (Millis, Millis), words: &Words) -> String {
    let mut out =
        "\nby kind: turns, pauses; cut-offs and p50 of silence, Smart Turn once, apex\n".to_owned();
    for kind in KINDS {
        let wanted = |turn: &Turn| turn.plan.half == half && turn.plan.kind == kind;
        let of = |family: Family| tally(family.shipped(ours), &run.heard, words, wanted);
        let tallies = [Family::Silence, Family::OneShot, Family::Ours].map(of);
        let _ = write!(
            out,
            "{:<12}{:>4}{:>5}",
            format!("{kind:?}"),
            tallies[0].turns,
            tallies[0].pauses
        );
        for t in &tallies {
            let _ = write!(out, "   {:>3} {:>5} ms", t.cut_offs, t.delay(500));
        }
        out.push('\n');
    }
    out
}

fn row(t: &Tally) -> String {
    format!(
        "{:>24} {:>8}/{:<4} {:>6} {:>7.0} {:>6} {:>5}",
        rate(t),
        t.turns_cut,
        t.turns,
        t.delay(500),
        t.mean(),
        t.delay(950),
        t.endless
    )
}

fn rate(t: &Tally) -> String {
    let (low, high) = t.bounds();
    format!("{:.1} % ({:.1}-{:.1})", 100.0 * t.rate(), 100.0 * low, 100.0 * high)
}

/// The curves of `half`, by median and by mean.
pub fn panels(runs: &[Run], half: Half, ours: (Millis, Millis), words: &Words) -> Vec<Panel> {
    let mut panels = Vec::new();
    for run in runs {
        for delay in [Delay::Median, Delay::Mean] {
            let wanted = |turn: &Turn| turn.plan.half == half;
            let curve = |family: Family| {
                let points = family.curve(ours, (&run.heard, words), delay, wanted);
                let shipped: Strategy = family.shipped(ours);
                let shipped = tally(shipped, &run.heard, words, wanted);
                Curve {
                    name: family.name().to_owned(),
                    points: points.iter().map(|point| numbers(&point.tally, delay)).collect(),
                    shipped: (delay.of(&shipped), shipped.rate()),
                }
            };
            panels.push(Panel {
                title: format!("{} pauses, {half:?}: callers cut off in a pause", run.pauses.name),
                across: format!("{delay:?} delay from the end of the turn, ms").to_lowercase(),
                curves: Family::ALL.map(curve).into(),
            });
        }
    }
    panels
}

fn numbers(tally: &Tally, delay: Delay) -> [f64; 4] {
    let (low, high) = tally.bounds();
    [delay.of(tally), tally.rate(), low, high]
}
