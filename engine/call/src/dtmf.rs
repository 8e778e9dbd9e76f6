//! Keys the caller presses, collected into entries.

use types::{CallTime, DtmfDigit, KeyRules, Millis, Pii};

use crate::Timer;
use crate::arbitration::Confirmed;
use crate::call::Call;

/// One entry on its way.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    digits: String,
    entry: Entry,
    /// When the first was pressed.
    began: Option<CallTime>,
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

    fn press(&mut self, now: CallTime, digit: DtmfDigit, rules: &KeyRules) {
        let (began, is_end) = (*self.began.get_or_insert(now), digit == rules.terminator);
        // What ends an entry is one, alone.
        if !is_end || self.digits.is_empty() {
            self.digits.push(digit.symbol());
        }
        let is_full = usize::try_from(rules.digits_max).is_ok_and(|max| max <= self.digits.len())
            || DIGITS_MAX <= self.digits.len();
        let is_late = began + rules.entry_max <= now;
        self.entry = if is_end || is_full || is_late { Entry::Complete } else { Entry::Open };
    }

    /// When an entry that is open is taken as it is: `gap` after its last key, or when it has taken
    /// long enough.
    pub(crate) fn due(&self, now: CallTime, gap: Millis, rules: &KeyRules) -> CallTime {
        let last = self.began.map_or(now, |began| began + rules.entry_max);
        (now + gap).min(last)
    }
}

impl Call {
    pub(crate) fn on_dtmf(&mut self, digit: DtmfDigit) {
        if !self.phase.listens() || DIGITS_MAX <= self.ear.keys.digits.len() {
            return;
        }
        let (now, turns) = (self.now, &self.config.turns);
        self.ear.keys.press(now, digit, &turns.keys);
        let due = self.ear.keys.due(now, turns.dtmf_gap_max, &turns.keys);
        self.ear.cut_off = None;
        self.timers.stop(Timer::GoOnWait);
        self.timers.stop(Timer::NoInput);
        self.timers.stop(Timer::GoodbyeWait);
        match self.ear.keys.entry {
            Entry::Open => {
                self.timers.start(Timer::DtmfGap, due);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses `keys`, one every `gap` ms; what is taken as the entry, and whether it is complete.
    fn check(rules: KeyRules, gap: u64, keys: &str, expected: (&str, bool)) {
        let mut entry = Keys::default();
        for (number, key) in (0..).zip(keys.chars()) {
            let now = CallTime::from_millis(number * gap);
            entry.press(now, DtmfDigit::new(key).unwrap(), &rules);
        }
        let got = (entry.digits.as_str(), entry.is_complete());
        assert_eq!(got, expected, "{keys} every {gap} ms");
    }

    #[test]
    fn an_entry_ends_by_its_key_its_length_or_its_time() {
        let rules = KeyRules { digits_max: 4, ..KeyRules::STANDARD };
        check(rules, 500, "12", ("12", false));
        check(rules, 500, "12#", ("12", true));
        check(rules, 500, "#", ("#", true));
        check(rules, 500, "1234", ("1234", true));
        check(rules, 7_500, "123", ("123", true));
        let star = KeyRules { terminator: DtmfDigit::new('*').unwrap(), ..rules };
        check(star, 500, "1#*", ("1#", true));
    }

    #[test]
    fn an_entry_is_waited_for_no_longer_than_it_may_take() {
        let (rules, ms) = (KeyRules::STANDARD, CallTime::from_millis);
        let mut entry = Keys::default();
        entry.press(ms(1_000), DtmfDigit::new('5').unwrap(), &rules);
        assert_eq!(entry.due(ms(1_000), Millis::from_secs(3), &rules), ms(4_000));
        assert_eq!(entry.due(ms(15_000), Millis::from_secs(3), &rules), ms(16_000));
    }
}
