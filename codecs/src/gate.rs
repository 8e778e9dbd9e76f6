//! Which frames are worth a neural look: the first, cheap stage of speech detection.
//!
//! A gate may open for noise, which costs a little time; it may not stay closed for speech, which
//! would cost words. Every doubt opens it: before it knows the line, at any loud frame, and for a
//! whole second after the last one.

use types::{Millis, PTIME};

use crate::level::Dbfs;

/// Whether a frame goes on to the neural detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GateState {
    /// Perhaps speech: look closer.
    Open,
    /// Background: nothing to look at.
    Closed,
}

/// A first-stage detector, fed every frame of one leg in order.
pub trait Gate {
    /// Takes in one frame of 20 ms, mono, at the gate's rate.
    fn frame(&mut self, frame: &[i16]) -> GateState;
}

/// When an [`EnergyGate`] opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateConfig {
    /// How many decibels above the floor a frame opens the gate.
    pub margin_db: f32,
    /// Frames quieter than this never open the gate, however quiet the line is.
    pub level_min: Dbfs,
    /// Frames louder than this always open the gate, however noisy the line is.
    pub level_always: Dbfs,
    /// How long the gate stays open after the last frame that opened it. Rounded up to frames.
    pub hangover: Millis,
}

impl GateConfig {
    /// What fits in front of a neural detector on a telephone line.
    ///
    /// Margin: conversation.md §7.2. Hangover: 1 s, ibid.: the detector keeps looking that long
    /// after speech. `level_min`: 12 dB above µ-law's own noise of ±4 (-72 dBFS), below the
    /// quietest talker. `level_always`: no telephone line has steady noise that loud, while a
    /// talker who never pauses would lift the floor there.
    pub const STANDARD: Self = Self {
        margin_db: 6.0,
        level_min: Dbfs(-60.0),
        level_always: Dbfs(-30.0),
        hangover: Millis::from_secs(1),
    };
}

/// Opens on frames that stand out from the line's own noise.
///
/// Input:  frames of 20 ms at any rate; direct current is ignored.
/// Floor:  the 10th percentile of the levels of the last 3 s (conversation.md §7.2), to 0.5 dB.
///         A new gate assumes [`FLOOR_ASSUMED`] and so opens too often until it knows the line.
/// Cost:   one pass over the frame and a constant handful of steps; no allocation, ever.
#[derive(Clone, Debug)]
pub struct EnergyGate {
    config: GateConfig,
    floor: FloorTracker,
    level: Dbfs,
    /// Frames for which the gate still stays open.
    hangover_frames: u32,
}

impl EnergyGate {
    /// A closed gate that knows nothing of its line yet.
    pub fn new(config: GateConfig) -> Self {
        Self {
            config,
            floor: FloorTracker::new(FLOOR_ASSUMED),
            level: Dbfs::SILENCE,
            hangover_frames: 0,
        }
    }

    /// The level of the last frame; [`Dbfs::SILENCE`] before the first.
    pub fn level(&self) -> Dbfs {
        self.level
    }

    /// The line's noise as known now.
    pub fn floor(&self) -> Dbfs {
        self.floor.level()
    }

    /// The level from which a frame opens the gate now.
    pub fn threshold(&self) -> Dbfs {
        let GateConfig { margin_db, level_min, level_always, .. } = self.config;
        let above_floor = self.floor().raised_by(margin_db).0;
        Dbfs(above_floor.max(level_min.0).min(level_always.0))
    }

    /// Forgets the line, for a new one.
    pub fn reset(&mut self) {
        *self = Self::new(self.config);
    }
}

impl Gate for EnergyGate {
    fn frame(&mut self, frame: &[i16]) -> GateState {
        self.level = Dbfs::of_alternating(frame);
        self.floor.push(self.level);
        if self.threshold() <= self.level {
            self.hangover_frames = self.config.hangover.get().div_ceil(PTIME.get());
            return GateState::Open;
        }
        if 0 < self.hangover_frames {
            self.hangover_frames -= 1;
            return GateState::Open;
        }
        GateState::Closed
    }
}

/// What a new gate takes for the noise of its line: a quiet telephone line. A louder one keeps the
/// gate open for the first 2.7 s, a quieter one is known after 0.3 s.
pub const FLOOR_ASSUMED: Dbfs = Dbfs(-60.0);

/// The 10th percentile of the last 3 s of levels, kept up to date in a histogram.
#[derive(Clone, Debug)]
pub(crate) struct FloorTracker {
    /// How many levels of the window lie in each bin.
    counts: [u8; BINS],
    /// The bins of the window's levels; `oldest` is replaced next.
    window: [u8; WINDOW_FRAMES],
    oldest: usize,
    /// The bin that holds the percentile, and how many levels lie below it.
    bin: usize,
    below: usize,
}

impl FloorTracker {
    pub(crate) fn new(assumed: Dbfs) -> Self {
        let bin = bin_of(assumed);
        let mut counts = [0; BINS];
        counts[bin] = WINDOW_FRAMES as u8;
        Self { counts, window: [bin as u8; WINDOW_FRAMES], oldest: 0, bin, below: 0 }
    }

    pub(crate) fn push(&mut self, level: Dbfs) {
        let added = bin_of(level);
        let removed = usize::from(std::mem::replace(&mut self.window[self.oldest], added as u8));
        self.oldest = (self.oldest + 1) % WINDOW_FRAMES;
        self.counts[removed] -= 1;
        self.counts[added] += 1;
        self.below -= usize::from(removed < self.bin);
        self.below += usize::from(added < self.bin);
        // One level came and one went, so the percentile moves past at most one level.
        while RANK <= self.below {
            self.bin -= 1;
            self.below -= usize::from(self.counts[self.bin]);
        }
        while self.below + usize::from(self.counts[self.bin]) < RANK {
            self.below += usize::from(self.counts[self.bin]);
            self.bin += 1;
        }
    }

    pub(crate) fn level(&self) -> Dbfs {
        Dbfs::SILENCE.raised_by(self.bin as f32 / BINS_PER_DB)
    }
}

fn bin_of(level: Dbfs) -> usize {
    // The cast saturates: anything below silence is bin 0.
    (((level.0 - Dbfs::SILENCE.0) * BINS_PER_DB) as usize).min(BINS - 1)
}

/// 3 s of frames (conversation.md §7.2).
const WINDOW_FRAMES: usize = 3_000 / PTIME.get() as usize;

/// The 10th percentile: the smallest level that a tenth of the window does not exceed.
const RANK: usize = WINDOW_FRAMES.div_ceil(10);

/// Finer than any margin anybody would set.
const BINS_PER_DB: f32 = 2.0;

/// From silence up to full scale, both included.
const BINS: usize = (-Dbfs::SILENCE.0 * BINS_PER_DB) as usize + 1;

const _: () = assert!(WINDOW_FRAMES <= u8::MAX as usize, "counts are bytes");
const _: () = assert!(BINS <= u8::MAX as usize, "bins are bytes");
const _: () = assert!(0 < RANK);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame of 20 ms at 8 kHz whose level is `level`.
    fn frame(level: f32) -> [i16; 160] {
        let amplitude = 32_768.0 * 10.0f32.powf(level / 20.0);
        std::array::from_fn(|n| if n % 2 == 0 { amplitude as i16 } else { -amplitude as i16 })
    }

    /// Runs rows of (milliseconds, dBFS) and returns the state in each frame, run-length coded:
    /// `O` open and `.` closed, in frames.
    fn check(rows: &[(u32, f32)], expected: &str) {
        let mut gate = EnergyGate::new(GateConfig::STANDARD);
        let mut runs: Vec<(char, u32)> = Vec::new();
        for &(ms, level) in rows {
            for _ in 0..ms / 20 {
                let state = match gate.frame(&frame(level)) {
                    GateState::Open => 'O',
                    GateState::Closed => '.',
                };
                match runs.last_mut() {
                    Some((last, count)) if *last == state => *count += 1,
                    Some(_) | None => runs.push((state, 1)),
                }
            }
        }
        let runs: Vec<String> =
            runs.iter().map(|(state, count)| format!("{state}{count}")).collect();
        assert_eq!(runs.join(" "), expected);
    }

    #[test]
    fn speech_over_a_quiet_line_opens_at_once_and_closes_a_second_later() {
        // 0.5 s of line, 1 s of speech, 3 s of line.
        check(&[(500, -65.0), (1_000, -30.0), (3_000, -65.0)], ".25 O100 .100");
    }

    #[test]
    fn the_first_frame_of_a_call_may_be_speech() {
        check(&[(400, -35.0), (2_000, -70.0)], "O70 .50");
    }

    #[test]
    fn steady_noise_closes_the_gate_once_it_is_known() {
        // 135 frames until nine tenths of the assumed levels have left, then a second of hangover.
        check(&[(10_000, -45.0)], "O185 .315");
    }

    #[test]
    fn speech_six_decibels_above_noise_opens_and_less_does_not() {
        check(&[(6_000, -45.0), (20, -38.5), (2_000, -45.0)], "O185 .115 O51 .50");
        check(&[(6_000, -45.0), (20, -41.0), (2_000, -45.0)], "O185 .216");
    }

    #[test]
    fn nothing_below_the_minimum_opens_even_a_silent_line() {
        check(&[(3_000, -96.0), (1_000, -62.0)], ".200");
        check(&[(3_000, -96.0), (20, -59.0)], ".150 O1");
    }

    #[test]
    fn loud_speech_without_a_pause_never_closes_the_gate() {
        check(&[(20_000, -25.0)], "O1000");
    }

    #[test]
    fn a_reset_gate_is_a_new_gate() {
        let mut gate =
            EnergyGate::new(GateConfig { hangover: Millis::ZERO, ..GateConfig::STANDARD });
        for _ in 0..300 {
            gate.frame(&frame(-40.0));
        }
        assert!((gate.floor().0 + 40.0).abs() <= 0.5, "{}", gate.floor());
        assert!((gate.level().0 + 40.0).abs() <= 0.1, "{}", gate.level());
        assert_eq!(gate.frame(&frame(-40.0)), GateState::Closed);
        gate.reset();
        assert_eq!((gate.floor(), gate.level()), (FLOOR_ASSUMED, Dbfs::SILENCE));
        assert_eq!(gate.frame(&frame(-40.0)), GateState::Open);
        assert_eq!(gate.frame(&[]), GateState::Closed);
    }

    proptest! {
        /// The running percentile is the percentile of the sorted window, through noise that moves
        /// up and down past it.
        #[test]
        fn the_floor_is_the_tenth_percentile(
            stretches in proptest::collection::vec(
                (-110.0f32..3.0).prop_flat_map(|low| {
                    proptest::collection::vec(low..low + 12.0, 1..200)
                }),
                0..8,
            ),
        ) {
            let mut tracker = FloorTracker::new(FLOOR_ASSUMED);
            let mut all = vec![bin_of(FLOOR_ASSUMED); WINDOW_FRAMES];
            for level in stretches.into_iter().flatten() {
                tracker.push(Dbfs(level));
                all.push(bin_of(Dbfs(level)));
                let mut window = all[all.len() - WINDOW_FRAMES..].to_vec();
                window.sort_unstable();
                prop_assert_eq!(tracker.bin, window[RANK - 1]);
            }
        }
    }
}
