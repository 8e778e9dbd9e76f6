//! Media that does not come: when silence, when the end.
//!
//! A line that sends nothing is no silent caller, but it must not keep a conversation waiting
//! either. So it is told in stages; each once, and all anew after the next message.

use types::{CallTime, Millis};

/// How long without media each stage begins after. Each is longer than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StarvationSettings {
    /// A caller who was speaking counts as silent.
    pub silent: Millis,
    /// What the caller was saying is over.
    pub stopped: Millis,
    /// The stream is dead: whoever can start another one should.
    pub dead: Millis,
    /// So is the call.
    pub ended: Millis,
}

impl StarvationSettings {
    /// The values of conversation.md §7.1.
    pub const STANDARD: Self = Self {
        silent: Millis::new(200),
        stopped: Millis::from_secs(1),
        dead: Millis::from_secs(10),
        ended: Millis::from_secs(30),
    };
}

/// How far a starved leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Starved {
    /// The caller counts as silent, from the last sample that came.
    Silent,
    /// What the caller was saying is over.
    Stopped,
    /// The stream is dead.
    Dead,
    /// The call is over.
    Ended,
}

/// Watches one leg for media that does not come. Clock-free: time comes in.
///
/// Tell it of every message ([`Self::handle_media`]), drain [`Self::poll`] after each wait until
/// [`Self::poll_timeout`].
#[derive(Clone, Copy, Debug)]
pub struct Starvation {
    settings: StarvationSettings,
    /// When media last came, or was not expected any more.
    since: CallTime,
    told: Option<Starved>,
}

impl Starvation {
    /// A leg that media is expected on from `now` on.
    ///
    /// # Panics
    /// If the stages do not follow each other: configuration has been checked by then.
    pub fn new(settings: StarvationSettings, now: CallTime) -> Self {
        let StarvationSettings { silent, stopped, dead, ended } = settings;
        assert!(silent < stopped && stopped < dead && dead < ended, "stages follow each other");
        Self { settings, since: now, told: None }
    }

    /// Media came: after how long, if the stream had been told dead.
    pub fn handle_media(&mut self, now: CallTime) -> Option<Millis> {
        let gap = now.since(self.since);
        let was = self.told.take();
        self.since = self.since.max(now);
        (Some(Starved::Dead) <= was).then_some(gap)
    }

    /// No media is expected now: on hold, in a transfer. Call it as long as that lasts.
    pub fn suspend(&mut self, now: CallTime) {
        self.since = self.since.max(now);
        self.told = None;
    }

    /// The next stage that has been reached, each once.
    pub fn poll(&mut self, now: CallTime) -> Option<Starved> {
        let (due, stage) = self.next()?;
        if now < due {
            return None;
        }
        self.told = Some(stage);
        Some(stage)
    }

    /// When [`Self::poll`] has something to tell if no media comes; `None` after the last stage.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        self.next().map(|(due, _)| due)
    }

    /// How far it has come.
    pub fn stage(&self) -> Option<Starved> {
        self.told
    }

    fn next(&self) -> Option<(CallTime, Starved)> {
        let settings = self.settings;
        let (span, stage) = match self.told {
            None => (settings.silent, Starved::Silent),
            Some(Starved::Silent) => (settings.stopped, Starved::Stopped),
            Some(Starved::Stopped) => (settings.dead, Starved::Dead),
            Some(Starved::Dead) => (settings.ended, Starved::Ended),
            Some(Starved::Ended) => return None,
        };
        Some((self.since + span, stage))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> CallTime {
        CallTime::from_millis(ms)
    }

    #[test]
    fn stages_are_told_once_and_in_order() {
        let mut starvation = Starvation::new(StarvationSettings::STANDARD, ms(0));
        starvation.handle_media(ms(100));
        let mut told = Vec::new();
        for now in 100..60_000 {
            while let Some(stage) = starvation.poll(ms(now)) {
                told.push((now, stage));
            }
        }
        let expected = [
            (300, Starved::Silent),
            (1_100, Starved::Stopped),
            (10_100, Starved::Dead),
            (30_100, Starved::Ended),
        ];
        assert_eq!(told, expected);
        assert_eq!(starvation.poll_timeout(), None);
    }

    #[test]
    fn media_and_suspension_begin_anew() {
        let mut starvation = Starvation::new(StarvationSettings::STANDARD, ms(0));
        assert_eq!(starvation.poll(ms(1_500)), Some(Starved::Silent));
        assert_eq!(starvation.poll(ms(1_500)), Some(Starved::Stopped));
        assert_eq!(starvation.poll(ms(1_500)), None);
        assert_eq!(starvation.handle_media(ms(2_000)), None);
        assert_eq!((starvation.stage(), starvation.poll_timeout()), (None, Some(ms(2_200))));
        assert_eq!(std::iter::from_fn(|| starvation.poll(ms(15_000))).count(), 3);
        assert_eq!(starvation.handle_media(ms(15_500)), Some(Millis::new(13_500)), "it was dead");
        starvation = Starvation::new(StarvationSettings::STANDARD, ms(2_000));
        // A transfer of a minute.
        for now in 2_000..62_000 {
            starvation.suspend(ms(now));
            assert_eq!(starvation.poll(ms(now)), None);
        }
        assert_eq!(starvation.poll_timeout(), Some(ms(62_199)));
        // What came late does not turn back the clock.
        starvation.handle_media(ms(5));
        assert_eq!(starvation.poll_timeout(), Some(ms(62_199)));
    }

    #[test]
    #[should_panic(expected = "stages follow each other")]
    fn stages_out_of_order_are_no_settings() {
        let settings =
            StarvationSettings { stopped: Millis::new(200), ..StarvationSettings::STANDARD };
        Starvation::new(settings, CallTime::ZERO);
    }

    proptest! {
        /// However unevenly it is looked at: what is told is due, and what is due is told.
        #[test]
        fn what_is_due_is_told(steps in prop::collection::vec((0u64..4_000, any::<bool>()), 1..60)) {
            let mut starvation = Starvation::new(StarvationSettings::STANDARD, ms(0));
            let (mut now, mut last) = (0, 0);
            for (step, media) in steps {
                now += step;
                if media {
                    starvation.handle_media(ms(now));
                    last = now;
                }
                while starvation.poll(ms(now)).is_some() {}
                let expected = match now - last {
                    0..200 => None,
                    200..1_000 => Some(Starved::Silent),
                    1_000..10_000 => Some(Starved::Stopped),
                    10_000..30_000 => Some(Starved::Dead),
                    _ => Some(Starved::Ended),
                };
                prop_assert_eq!(starvation.stage(), expected);
                prop_assert!(starvation.poll_timeout().is_none_or(|due| ms(now) < due));
            }
        }
    }
}
