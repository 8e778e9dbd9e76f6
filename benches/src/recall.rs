//! How well a gate finds what the detector behind it calls speech.
//!
//! A gate decides per frame of 20 ms, the detector per window of 32 ms. A window is looked at if
//! the gate was open in any frame that reaches into it, as in the engine.

use std::ops::{AddAssign, Range};

use codecs::gate::{Gate, GateState};
use speech::WINDOW;
use types::{Millis, PTIME, SampleRate};

/// Samples of a frame at the telephone's rate.
pub const FRAME: usize = (SampleRate::Hz8000.hz() / 1_000 * PTIME.get()) as usize;

/// The shortest stretch that holds whole frames and whole windows: 160 ms.
pub const COMMON: usize = 1_280;

const _: () = assert!(COMMON.is_multiple_of(FRAME) && COMMON.is_multiple_of(WINDOW));

/// Windows of what was missed that the engine shows the detector when the gate opens
/// (`speech`'s own warm-up).
const WARM_UP: usize = 3;

/// The states of `gate` in the frames of `samples`.
pub fn states(gate: &mut dyn Gate, samples: &[i16]) -> Vec<GateState> {
    samples.chunks_exact(FRAME).map(|frame| gate.frame(frame)).collect()
}

/// `states` with the gate held open for `hangover` after each frame that opened it.
pub fn held(states: &[GateState], hangover: Millis) -> Vec<GateState> {
    let mut left = 0;
    let hold = |&state: &GateState| match state {
        GateState::Open => {
            left = hangover.get().div_ceil(PTIME.get());
            GateState::Open
        }
        GateState::Closed if 0 < left => {
            left -= 1;
            GateState::Open
        }
        GateState::Closed => GateState::Closed,
    };
    states.iter().map(hold).collect()
}

/// What a gate did, counted. Tallies of several recordings add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All frames.
    pub frames: Share,
    /// Frames that reach into a window of speech.
    pub frames_speech: Share,
    /// Frames that do not.
    pub frames_other: Share,
    /// Windows of speech.
    pub windows: Share,
    /// Runs of windows of speech, by their first window.
    pub onsets: Share,
    /// Runs during all of which the gate stayed closed.
    pub runs_missed: usize,
    /// The longest a run had lasted before the gate opened, in windows.
    pub late_max: usize,
    /// Runs of the detector: windows let through, and what was shown it to warm up.
    pub looks: Share,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many the gate was open for.
    pub open: usize,
    /// Of how many.
    pub of: usize,
}

impl Share {
    /// 0.0 to 1.0; `None` of nothing.
    pub fn ratio(self) -> Option<f64> {
        (self.of != 0).then(|| self.open as f64 / self.of as f64)
    }

    fn count(&mut self, state: GateState) {
        self.open += usize::from(state == GateState::Open);
        self.of += 1;
    }
}

impl Tally {
    /// Compares `states`, one a frame, with `speech`, one a window, over the same audio.
    ///
    /// # Panics
    /// If they do not cover the same audio.
    pub fn of(states: &[GateState], speech: &[bool]) -> Self {
        assert_eq!(states.len() * FRAME, speech.len() * WINDOW, "the same audio");
        let windows: Vec<GateState> =
            (0..speech.len()).map(|window| any_open(&states[frames_of(window)])).collect();
        let mut tally = Self::default();
        tally.count_frames(states, speech);
        tally.count_looks(&windows);
        for (window, _) in speech.iter().enumerate().filter(|(_, is_speech)| **is_speech) {
            tally.windows.count(windows[window]);
        }
        for run in runs(speech) {
            tally.onsets.count(windows[run.start]);
            match windows[run.clone()].iter().position(|state| *state == GateState::Open) {
                Some(late) => tally.late_max = tally.late_max.max(late),
                None => tally.runs_missed += 1,
            }
        }
        tally
    }

    fn count_frames(&mut self, states: &[GateState], speech: &[bool]) {
        let mut is_speech = vec![false; states.len()];
        for (window, _) in speech.iter().enumerate().filter(|(_, is_speech)| **is_speech) {
            is_speech[frames_of(window)].fill(true);
        }
        for (&state, is_speech) in states.iter().zip(is_speech) {
            self.frames.count(state);
            if is_speech {
                self.frames_speech.count(state);
            } else {
                self.frames_other.count(state);
            }
        }
    }

    fn count_looks(&mut self, windows: &[GateState]) {
        let mut skipped = 0;
        self.looks.of += windows.len();
        for state in windows {
            match state {
                GateState::Open => self.looks.open += 1 + std::mem::take(&mut skipped),
                GateState::Closed => skipped = WARM_UP.min(skipped + 1),
            }
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (share, more) in [
            (&mut self.frames, other.frames),
            (&mut self.frames_speech, other.frames_speech),
            (&mut self.frames_other, other.frames_other),
            (&mut self.windows, other.windows),
            (&mut self.onsets, other.onsets),
            (&mut self.looks, other.looks),
        ] {
            share.open += more.open;
            share.of += more.of;
        }
        self.runs_missed += other.runs_missed;
        self.late_max = self.late_max.max(other.late_max);
    }
}

/// The frames that reach into `window`.
fn frames_of(window: usize) -> Range<usize> {
    window * WINDOW / FRAME..((window + 1) * WINDOW).div_ceil(FRAME)
}

fn any_open(states: &[GateState]) -> GateState {
    if states.contains(&GateState::Open) { GateState::Open } else { GateState::Closed }
}

/// Where `speech` is true without a break.
fn runs(speech: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (window, _) in speech.iter().enumerate().filter(|(_, is_speech)| **is_speech) {
        match runs.last_mut() {
            Some(run) if run.end == window => run.end += 1,
            Some(_) | None => runs.push(window..window + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States from a picture: `O` open, `.` closed.
    fn pictured(picture: &str) -> Vec<GateState> {
        picture
            .chars()
            .map(|c| if c == 'O' { GateState::Open } else { GateState::Closed })
            .collect()
    }

    fn check(states: &str, speech: &str) -> Tally {
        let speech: Vec<bool> = speech.chars().map(|c| c == 'S').collect();
        Tally::of(&pictured(states), &speech)
    }

    #[test]
    fn a_hangover_counts_from_the_last_open_frame() {
        let states = pictured("..O.O.....O");
        assert_eq!(held(&states, Millis::new(50)), pictured("..OOOOOO..O"));
        assert_eq!(held(&states, Millis::ZERO), states);
    }

    #[test]
    fn a_frame_opens_every_window_it_reaches_into() {
        // Frame 1 lies at samples 160 to 319, window 1 at 256 to 511.
        let tally = check(".O......", "SS...");
        assert_eq!(tally.windows, Share { open: 2, of: 2 });
        let tally = check("O.......", "SS...");
        assert_eq!(tally.windows, Share { open: 1, of: 2 });
        assert_eq!(tally.frames_speech, Share { open: 1, of: 4 });
        assert_eq!(tally.frames_other, Share { open: 0, of: 4 });
    }

    #[test]
    fn onsets_are_the_first_windows_of_runs() {
        // Open from window 2 on: the first run is met late, the second in time.
        let tally = check("....OOOO", "SSS.S");
        assert_eq!(tally.onsets, Share { open: 1, of: 2 });
        assert_eq!((tally.runs_missed, tally.late_max), (0, 2));
        let tally = check("OO......", "S.SS.");
        assert_eq!((tally.onsets, tally.runs_missed), (Share { open: 1, of: 2 }, 1));
    }

    #[test]
    fn opening_costs_the_warm_up() {
        // Windows 3 and 4 are open; three were skipped before.
        assert_eq!(check("......OO", ".....").looks, Share { open: 5, of: 5 });
        assert_eq!(check("O......O", ".....").looks, Share { open: 5, of: 5 });
        assert_eq!(check("........", ".....").looks, Share { open: 0, of: 5 });
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = check("....OOOO", "SSS.S");
        sum += check("OO......", "S.SS.");
        assert_eq!(sum.onsets, Share { open: 2, of: 4 });
        assert_eq!(sum.frames, Share { open: 6, of: 16 });
        assert_eq!((sum.runs_missed, sum.late_max), (1, 2));
        assert_eq!(Share::default().ratio(), None);
    }
}
