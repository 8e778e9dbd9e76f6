//! Keys the caller presses, collected into entries.

use types::{DtmfDigit, Pii};

use crate::Timer;
use crate::arbitration::Confirmed;
use crate::call::Call;

/// One entry on its way.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    digits: String,
    entry: Entry,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Entry {
    #[default]
    Open,
    Complete,
}

impl Keys {
    pub(crate) fn is_empty(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether no further key is waited for.
    pub(crate) fn is_complete(&self) -> bool {
        self.digits.is_empty() || self.entry == Entry::Complete
    }

    /// The entry as a whole; none is left.
    pub(crate) fn take(&mut self) -> Option<Pii<String>> {
        let keys = std::mem::take(self);
        (!keys.digits.is_empty()).then(|| Pii::new(keys.digits))
    }

    fn press(&mut self, symbol: char) {
        // `#` ends an entry; alone it is one.
        if symbol != '#' || self.digits.is_empty() {
            self.digits.push(symbol);
        }
        let is_full = self.digits.len() == DIGITS_MAX;
        self.entry = if symbol == '#' || is_full { Entry::Complete } else { Entry::Open };
    }
}

impl Call {
    pub(crate) fn on_dtmf(&mut self, digit: DtmfDigit) {
        if !self.phase.listens() || DIGITS_MAX <= self.ear.keys.digits.len() {
            return;
        }
        self.ear.keys.press(digit.symbol());
        self.ear.cut_off = None;
        self.timers.stop(Timer::GoOnWait);
        self.timers.stop(Timer::NoInput);
        self.timers.stop(Timer::GoodbyeWait);
        match self.ear.keys.entry {
            Entry::Open => {
                self.timers.start(Timer::DtmfGap, self.now + self.config.turns.dtmf_gap_max);
            }
            Entry::Complete => self.timers.stop(Timer::DtmfGap),
        }
        self.interrupt(Confirmed::Key);
    }

    pub(crate) fn on_dtmf_gap(&mut self) {
        self.ear.keys.entry = Entry::Complete;
    }
}

/// More than any number, account or card has.
const DIGITS_MAX: usize = 32;
