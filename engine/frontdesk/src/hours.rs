//! Answers about when the business is open.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use types::{FactId, OpenSpan, TimeOfDay};

use crate::calendar::{Clock, Day, Days, EVENING, Named, PartOfDay, Side, Stretch};
use crate::desk::{Desk, Speech};
use crate::phrase::{date as date_text, list, spans as spans_text, time, we_are, weekday};

/// A question about hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HoursAsk {
    /// What about them.
    pub(crate) aspect: Aspect,
    /// Of which days.
    pub(crate) days: Days,
    /// At which time.
    pub(crate) clock: Option<Clock>,
}

/// What is asked about a day's hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// The hours themselves.
    Hours,
    /// Whether it is open.
    IsOpen,
    /// Whether it is closed.
    IsClosed,
    /// When it opens.
    Opens,
    /// When it closes.
    Closes,
}

impl Aspect {
    const ALL: [Self; 5] = [Self::Hours, Self::IsOpen, Self::IsClosed, Self::Opens, Self::Closes];

    /// Its name in a note.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::IsOpen => "open",
            Self::IsClosed => "closed",
            Self::Opens => "opens",
            Self::Closes => "closes",
        }
    }

    /// The one of this name.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aspect| aspect.code() == code)
    }
}

/// Whether the business is open at this moment.
pub(crate) fn is_open_now(desk: &Desk<'_>) -> Openness {
    let now = minute_of(desk);
    let (spans, _) = desk.facts.hours.on(desk.now.date());
    // A business without any hours is never said to be closed.
    let unknown =
        desk.facts.hours.week.iter().all(Vec::is_empty) && desk.facts.hours.exceptions.is_empty();
    let open = unknown || spans.iter().any(|span| span.open <= now && now < span.close);
    if open { Openness::Open } else { Openness::Closed }
}

/// Says that it is closed now, and when it opens next.
pub(crate) fn say_closed_now(desk: &Desk<'_>, out: &mut Speech) {
    let today = desk.now.date();
    let (_, cite) = desk.facts.hours.on(today);
    out.cite(format!("{} closed right now.", capital(we_are(desk.tone()))), &[cite]);
    if let Some(next) = next_opening(desk, today, minute_of(desk)) {
        let day = Day { date: next.date, named: Named::Weekday };
        let text =
            format!("We open again {} at {}.", when_from(desk, &day, today), time(next.open));
        out.cite(text, &[next.cite]);
    }
}

/// How far ahead a next opening is looked for: a season.
const SEARCH_DAYS: i64 = 120;
/// More days in one answer nobody remembers.
const DAYS_MAX: usize = 3;
/// More special days in one answer nobody remembers.
const EXCEPTIONS_MAX: usize = 3;

/// Answers `ask`; gives the day spoken of, if it was one.
pub(crate) fn answer(desk: &Desk<'_>, ask: &HoursAsk, out: &mut Speech) -> Option<Date> {
    match ask.days.stretch {
        Some(Stretch::Holidays) => {
            holidays(desk, out);
            return None;
        }
        Some(Stretch::Week) if ask.days.days.is_empty() => {
            week(desk, out);
            return None;
        }
        Some(Stretch::Week) | None => (),
    }
    let today = Day { date: desk.now.date(), named: Named::Today(PartOfDay::Whole) };
    let now = Day { date: desk.now.date(), named: Named::Today(PartOfDay::Now) };
    let asked: Vec<&Day> = match ask.aspect {
        _ if ask.days.days.len() > DAYS_MAX => {
            let days: Vec<Weekday> = ask.days.days.iter().map(|day| day.date.weekday()).collect();
            days_of_week(desk, &days, out);
            return None;
        }
        _ if !ask.days.days.is_empty() => ask.days.days.iter().collect(),
        Aspect::Hours => {
            week(desk, out);
            return None;
        }
        Aspect::IsOpen | Aspect::IsClosed if ask.clock.is_none() => vec![&now],
        Aspect::IsOpen | Aspect::IsClosed | Aspect::Opens | Aspect::Closes => vec![&today],
    };
    for day in &asked {
        DayAnswer::new(desk, day, ask).say(out);
    }
    asked.first().map(|day| day.date)
}

/// One day's answer in the making.
struct DayAnswer<'a> {
    desk: &'a Desk<'a>,
    day: &'a Day,
    ask: &'a HoursAsk,
    spans: &'a [OpenSpan],
    cite: FactId,
    /// "on Friday".
    when: String,
}

impl<'a> DayAnswer<'a> {
    fn new(desk: &'a Desk<'a>, day: &'a Day, ask: &'a HoursAsk) -> Self {
        let hours = &desk.facts.hours;
        let (spans, cite) = match day.named {
            Named::Habit => {
                (hours.on_weekday(day.date.weekday()), FactId::Hours(day.date.weekday()))
            }
            Named::Today(_)
            | Named::Tomorrow
            | Named::Weekday
            | Named::Date
            | Named::Holiday(_) => hours.on(day.date),
        };
        Self { desk, day, ask, spans, cite, when: when(desk, day) }
    }

    fn say(&self, out: &mut Speech) {
        if matches!(self.day.named, Named::Today(PartOfDay::Now)) {
            self.say_now(out);
        } else if self.spans.is_empty() {
            self.say_closed(out);
        } else if self.is_over() {
            self.say_over(out);
        } else {
            self.say_open(out);
        }
        let unlisted = match &self.day.named {
            Named::Holiday(_) => matches!(self.cite, FactId::Hours(_)),
            Named::Today(_) | Named::Tomorrow | Named::Weekday | Named::Habit | Named::Date => {
                false
            }
        };
        if unlisted {
            out.say(self.desk.pick(
                "I don't have any special hours listed for that day, so those are the usual ones.",
                "No special hours are listed for that day.",
                "No special hours are listed for that day, so those are the usual ones.",
            ));
        }
    }

    /// "Yes, ", "No, " or nothing.
    fn verdict(&self, is_open: Openness) -> &'static str {
        match (self.ask.aspect, is_open) {
            (Aspect::IsOpen, Openness::Open) | (Aspect::IsClosed, Openness::Closed) => "Yes, ",
            (Aspect::IsOpen, Openness::Closed) | (Aspect::IsClosed, Openness::Open) => "No, ",
            (Aspect::Hours | Aspect::Opens | Aspect::Closes, _) => "",
        }
    }

    fn we_are(&self) -> &'static str {
        we_are(self.desk.tone())
    }

    fn say_now(&self, out: &mut Speech) {
        let now = minute_of(self.desk);
        let open = self.spans.iter().find(|span| span.open <= now && now < span.close);
        if let Some(span) = open {
            let (close, cite) = last_close(self.desk, self.day.date, span.close, self.cite);
            let Some(close) = close else {
                let text =
                    format!("{}{} open all day.", self.verdict(Openness::Open), self.we_are());
                return out.cite(capital(&text), &[self.cite]);
            };
            let mut cites = vec![self.cite];
            cites.extend((cite != self.cite).then_some(cite));
            let until = time(close);
            let text =
                format!("{}{} open until {until}.", self.verdict(Openness::Open), self.we_are());
            out.cite(capital(&text), &cites);
            let later = self.spans.iter().find(|later| span.close < later.open);
            if let Some(later) = later {
                let hours = spans_text(&[*later]);
                out.cite(format!("And again from {hours}."), &[self.cite]);
            }
            return;
        }
        let text = format!("{}{} closed right now.", self.verdict(Openness::Closed), self.we_are());
        out.cite(capital(&text), &[self.cite]);
        self.say_next_opening(self.day.date, now, out);
    }

    fn say_closed(&self, out: &mut Speech) {
        let verdict = self.verdict(Openness::Closed);
        let reason = match (&self.day.named, self.cite) {
            (Named::Holiday(_), _) => String::new(),
            (_, FactId::HoursException(_)) => {
                let exception = self.desk.facts.hours.exception_on(self.day.date);
                exception.map_or_else(String::new, |exception| format!(" for {}", exception.name))
            }
            _ => String::new(),
        };
        // "We're closed today" is a mouthful; the day first is not.
        let text = if matches!(self.day.named, Named::Today(_)) {
            format!("{verdict}{} {} closed{reason}.", self.when, self.we_are())
        } else {
            format!("{verdict}{} closed {}{reason}.", self.we_are(), self.when)
        };
        out.cite(capital(&text), &[self.cite]);
        let end = TimeOfDay::new(24, 0).unwrap_or(EVENING);
        self.say_next_opening(self.day.date, end, out);
    }

    /// Whether all of today's hours lie behind.
    fn is_over(&self) -> bool {
        self.day.date == self.desk.now.date()
            && !matches!(self.day.named, Named::Habit)
            && self.spans.iter().all(|span| span.close <= minute_of(self.desk))
    }

    fn say_over(&self, out: &mut Speech) {
        let close = self.spans.last().map(|span| time(span.close)).unwrap_or_default();
        let text = match self.ask.aspect {
            Aspect::Closes | Aspect::IsClosed | Aspect::IsOpen => {
                let verdict = self.verdict(Openness::Closed);
                format!("{verdict}we closed at {close} today.")
            }
            Aspect::Hours | Aspect::Opens => {
                format!("Today we were open from {}.", spans_text(self.spans))
            }
        };
        out.cite(capital(&text), &[self.cite]);
        self.say_next_opening(self.day.date, minute_of(self.desk), out);
    }

    fn say_open(&self, out: &mut Speech) {
        let (Some(first), Some(last)) = (self.spans.first(), self.spans.last()) else { return };
        let when = &self.when;
        if self.ask.aspect == Aspect::Closes && self.says_next_day(last.close, out) {
            return;
        }
        let all_day = first.open.minutes() == 0 && last.close.hour() == 24 && self.spans.len() == 1;
        let text = match self.ask.aspect {
            Aspect::Opens if !all_day => {
                let verb = if self.has_opened() { "opened" } else { "open" };
                format!("We {verb} at {} {when}.", time(first.open))
            }
            Aspect::Closes if !all_day => format!("We close at {} {when}.", time(last.close)),
            Aspect::Hours | Aspect::Opens | Aspect::Closes => {
                format!("{}, {} open {}.", capital(when), self.we_are(), from(self.spans))
            }
            Aspect::IsOpen | Aspect::IsClosed => {
                let verdict = self.verdict(self.openness());
                format!("{verdict}{when} {} open {}.", self.we_are(), from(self.spans))
            }
        };
        out.cite(capital(&text), &[self.cite]);
        if self.ask.aspect == Aspect::Closes && self.spans.len() > 1 {
            let breaks: Vec<String> = self
                .spans
                .windows(2)
                .map(|pair| format!("from {} to {}", time(pair[0].close), time(pair[1].open)))
                .collect();
            let text = format!("There is a break {}.", list(&breaks, "and"));
            out.cite(text, &[self.cite]);
        }
    }

    /// Hours that go on beyond midnight end the day after; whether these do.
    fn says_next_day(&self, close: TimeOfDay, out: &mut Speech) -> bool {
        let (Some(end), cite) = last_close(self.desk, self.day.date, close, self.cite) else {
            return false;
        };
        if cite == self.cite {
            return false;
        }
        let until = time(end);
        let text =
            format!("{}, {} open until {until} the next day.", capital(&self.when), self.we_are());
        out.cite(text, &[self.cite, cite]);
        true
    }

    fn has_opened(&self) -> bool {
        let is_today = self.day.date == self.desk.now.date() && self.day.named != Named::Habit;
        is_today && self.spans.first().is_some_and(|span| span.open <= minute_of(self.desk))
    }

    /// Whether it is open at the time asked about.
    fn openness(&self) -> Openness {
        let evening = matches!(self.day.named, Named::Today(PartOfDay::Evening));
        let clock = match self.ask.clock {
            None if evening => Some(Clock { time: EVENING, side: Side::After }),
            clock => clock,
        };
        let open = clock.is_none_or(|clock| {
            self.spans.iter().any(|span| match clock.side {
                Side::At => span.open <= clock.time && clock.time < span.close,
                Side::After => clock.time < span.close,
                Side::Before => span.open < clock.time,
            })
        });
        if open { Openness::Open } else { Openness::Closed }
    }

    fn say_next_opening(&self, date: Date, after: TimeOfDay, out: &mut Speech) {
        let Some(next) = next_opening(self.desk, date, after) else { return };
        let day = Day { date: next.date, named: Named::Weekday };
        let text =
            format!("We open again {} at {}.", when_from(self.desk, &day, date), time(next.open));
        out.cite(text, &[next.cite]);
    }
}

/// Whether it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// It is.
    Open,
    /// It is not.
    Closed,
}

/// The first moment of being open after another.
struct Opening {
    date: Date,
    open: TimeOfDay,
    cite: FactId,
}

fn next_opening(desk: &Desk<'_>, date: Date, after: TimeOfDay) -> Option<Opening> {
    (0..=SEARCH_DAYS).find_map(|ahead| {
        let day = date.checked_add(ahead.days()).ok()?;
        let (spans, cite) = desk.facts.hours.on(day);
        let span = spans.iter().find(|span| ahead > 0 || after <= span.open)?;
        Some(Opening { date: day, open: span.open, cite })
    })
}

/// When a stretch that lasts to midnight really ends; none if it never does within a week.
fn last_close(
    desk: &Desk<'_>,
    date: Date,
    close: TimeOfDay,
    cite: FactId,
) -> (Option<TimeOfDay>, FactId) {
    let (mut date, mut close, mut cite) = (date, close, cite);
    for _ in 0..7 {
        if close.hour() < 24 {
            return (Some(close), cite);
        }
        let Ok(next) = date.tomorrow() else { return (Some(close), cite) };
        let (spans, next_cite) = desk.facts.hours.on(next);
        match spans.first().filter(|span| span.open.minutes() == 0) {
            Some(span) => (date, close, cite) = (next, span.close, next_cite),
            None => return (Some(close), cite),
        }
    }
    (None, cite)
}

/// The minute it is now.
fn minute_of(desk: &Desk<'_>) -> TimeOfDay {
    let (hour, minute) = (desk.now.hour().unsigned_abs(), desk.now.minute().unsigned_abs());
    TimeOfDay::new(hour.into(), minute.into()).unwrap_or(EVENING)
}

/// "on Friday", "today", "on Christmas Eve".
fn when(desk: &Desk<'_>, day: &Day) -> String {
    match &day.named {
        Named::Habit => format!("on {}s", weekday(day.date.weekday())),
        Named::Holiday(label) if label.starts_with("the ") => format!("for {label}"),
        Named::Holiday(label) => format!("on {label}"),
        Named::Today(PartOfDay::Evening) => "tonight".into(),
        Named::Today(_) => "today".into(),
        Named::Tomorrow | Named::Weekday | Named::Date => when_from(desk, day, desk.now.date()),
    }
}

/// The same, with the weekday alone for days within a week of `from`.
fn when_from(desk: &Desk<'_>, day: &Day, from: Date) -> String {
    let today = desk.now.date();
    if day.date == today {
        return "today".into();
    }
    if today.tomorrow().is_ok_and(|tomorrow| tomorrow == day.date) {
        return "tomorrow".into();
    }
    let ahead = (day.date - from).get_days();
    // Within a week the weekday alone is clear, unless the caller named a date.
    let near = from == today && day.named != Named::Date || is_week_off(desk, from, day.date);
    if (0..7).contains(&ahead) && near {
        format!("on {}", weekday(day.date.weekday()))
    } else {
        format!("on {}", date_text(day.date))
    }
}

/// Whether `from` itself lies within a week, so that the weekday after it is clear without a date.
fn is_week_off(desk: &Desk<'_>, from: Date, date: Date) -> bool {
    let ahead = (from - desk.now.date()).get_days();
    (0..7).contains(&ahead) && from < date
}

/// "from 8 AM to 5 PM", "all day".
fn from(spans: &[OpenSpan]) -> String {
    let text = spans_text(spans);
    if text.starts_with("all day") { text } else { format!("from {text}") }
}

fn capital(text: &str) -> String {
    crate::phrase::capitalized(text)
}

/// The week's hours, days with the same hours together.
fn week(desk: &Desk<'_>, out: &mut Speech) {
    let days: Vec<Weekday> = Weekday::Monday.cycle_forward().take(7).collect();
    days_of_week(desk, &days, out);
}

/// The hours of `days`, those with the same hours together, and what is special within a week.
fn days_of_week(desk: &Desk<'_>, days: &[Weekday], out: &mut Speech) {
    let hours = &desk.facts.hours;
    let mut groups: Vec<(&[OpenSpan], Vec<Weekday>)> = Vec::new();
    for &day in days {
        let spans = hours.on_weekday(day);
        match groups.iter_mut().find(|(known, _)| *known == spans) {
            Some((_, members)) => members.push(day),
            None => groups.push((spans, vec![day])),
        }
    }
    groups.sort_by_key(|(spans, _)| spans.is_empty());
    let ours = we_are(desk.tone());
    let mut first = true;
    for (spans, members) in groups {
        let cites: Vec<FactId> = members.iter().map(|day| FactId::Hours(*day)).collect();
        let names = day_names(&members);
        let text = match (spans.is_empty(), first) {
            (true, _) => format!("{} closed {names}.", capital(ours)),
            (false, true) => format!("{}, {ours} open {}.", capital(&names), from(spans)),
            (false, false) => format!("{}, {}.", capital(&names), from(spans)),
        };
        out.cite(text, &cites);
        first = false;
    }
    let today = desk.now.date();
    let soon = (0..7_i64).filter_map(|ahead| today.checked_add(ahead.days()).ok());
    let mut told = Vec::new();
    for date in soon.filter(|date| days.contains(&date.weekday())) {
        // One that lasts for days is told as a whole, once.
        if let Some(exception) = hours.exception_on(date)
            && !told.contains(&exception.from)
            && told.len() < 2
        {
            told.push(exception.from);
            say_exception(desk, date, out);
        }
    }
}

/// "every day", "Monday to Friday", "Monday, Tuesday and Thursday".
fn day_names(days: &[Weekday]) -> String {
    let consecutive = days.windows(2).all(|pair| pair[0].next() == pair[1]);
    match days {
        [_, _, _, _, _, _, _] => "every day".into(),
        [first, .., last] if consecutive && days.len() > 2 => {
            format!("{} to {}", weekday(*first), weekday(*last))
        }
        _ => {
            let names: Vec<String> = days.iter().map(|day| weekday(*day).to_owned()).collect();
            list(&names, "and")
        }
    }
}

/// The next special days.
fn holidays(desk: &Desk<'_>, out: &mut Speech) {
    let today = desk.now.date();
    let mut ahead: Vec<_> =
        desk.facts.hours.exceptions.iter().filter(|exception| exception.to >= today).collect();
    ahead.sort_by_key(|exception| exception.from);
    if ahead.is_empty() {
        out.say(desk.pick(
            "I don't have any special holiday hours listed.",
            "No holiday hours are listed.",
            "I do not have any special holiday hours listed.",
        ));
        return;
    }
    for exception in ahead.into_iter().take(EXCEPTIONS_MAX) {
        say_exception(desk, exception.from.max(today), out);
    }
}

/// What the exception on `date` says.
fn say_exception(desk: &Desk<'_>, date: Date, out: &mut Speech) {
    let Some(exception) = desk.facts.hours.exception_on(date) else { return };
    let cite = [FactId::HoursException(exception.from)];
    let days = if date < exception.to {
        format!("From {} to {}", date_text(date), date_text(exception.to))
    } else {
        format!("On {}", date_text(date))
    };
    let ours = we_are(desk.tone());
    let text = if exception.open.is_empty() {
        format!("{days}, {ours} closed for {}.", exception.name)
    } else {
        format!("{days}, {ours} open {}.", from(&exception.open))
    };
    out.cite(text, &cite);
}
