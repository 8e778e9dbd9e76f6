//! What callers say when they want something: patterns of words per want.

mod booking;
mod opening;
mod people;
mod place;
mod services;
mod talk;

/// What some words of a caller are a sign of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cue {
    /// What it costs.
    Price,
    /// How long it takes.
    Duration,
    /// Whether something is sold or done here.
    Offered,
    /// What is sold here.
    ServiceList,
    /// To hear more about something.
    About,
    /// When it is open, in general.
    Hours,
    /// Whether it is open.
    Open,
    /// When it opens.
    Opening,
    /// When it closes.
    Close,
    /// Whether it is closed.
    Closed,
    /// To come at some time.
    Visit,
    /// Where it is.
    Location,
    /// How to get there.
    Directions,
    /// Where to park.
    Parking,
    /// Its number.
    Phone,
    /// Where to write.
    Email,
    /// Its site.
    Website,
    /// What it is called.
    BusinessName,
    /// Who works there.
    StaffList,
    /// When somebody works, who somebody is.
    Works,
    /// To speak with a person.
    Person,
    /// To leave a message.
    Message,
    /// To book.
    Booking,
    /// Whether there is a free time.
    Availability,
    /// To undo or move an appointment.
    Undo,
    /// Words about an appointment that are no wish for one.
    NoBooking,
    /// To hear it again.
    Repeat,
    /// The last answer was to another question.
    Misunderstood,
    /// Whether this is a machine.
    Robot,
    /// What the agent can do.
    Help,
    /// Small talk.
    HowAreYou,
    /// A greeting.
    Greeting,
    /// Thanks.
    Thanks,
    /// The end of the call.
    Bye,
    /// Nothing more is wanted.
    Done,
    /// Take back what was said or begun.
    NeverMind,
    /// What came before does not count.
    Correction,
    /// Somebody is in danger.
    Danger,
    /// Words that only look like a cue.
    Nothing,
}

/// Patterns of words by what they are cues for. `a|b` is either word, `@class` any word of its
/// class, `*` is up to four words and `**` up to seven of the same sentence.
pub(crate) type Patterns = &'static [(Cue, &'static [&'static str])];

/// All patterns. Of two that overlap the longer one counts, and of two equally long ones the
/// earlier.
pub(crate) fn all() -> impl Iterator<Item = (Cue, &'static str)> {
    let tables = [
        services::PATTERNS,
        opening::PATTERNS,
        place::PATTERNS,
        people::PATTERNS,
        booking::PATTERNS,
        talk::PATTERNS,
    ];
    let cues = tables.into_iter().flatten();
    cues.flat_map(|(cue, patterns)| patterns.iter().map(|pattern| (*cue, *pattern)))
}
