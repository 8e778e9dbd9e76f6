//! The pure core: a business's facts, a dialogue and a moment into a reply.

use types::{
    AgentConfig, Because, BrainNote, CitedText, Dialogue, DialogueEntry, E164, Effect, Expect,
    Heard, Pii, WallTime,
};

use crate::arbitration::settle;
use crate::cues::Cue;
use crate::desk::Desk;
use crate::doubt::second_thought;
use crate::matching::Index;
use crate::meaning::Meanings;
use crate::memory::{Memory, Topic};
use crate::pattern::find_cues;
use crate::turn::Turn;
use crate::words::Utterance;

/// All that a reply depends on.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The agent on duty, with the business's facts.
    pub agent: &'a AgentConfig,
    /// The caller's number, if shown.
    pub caller: Option<E164>,
    /// All that was said, the latest last; agent's words only as far as they were heard.
    pub dialogue: &'a Dialogue,
    /// The moment of the reply.
    pub now: WallTime,
}

/// What is to be said and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The sentences, each with the facts behind its figures. Never empty.
    pub sentences: Vec<CitedText>,
    /// What to do once they were heard.
    pub effects: Vec<Effect>,
    /// The kind of answer they ask for.
    pub expect: Expect,
    /// What to find in the dialogue again.
    pub note: Option<BrainNote>,
    /// What the caller was taken to want: for scoring, not for the caller.
    pub intent: Intent,
    /// Which reading of the caller's words it answers, if there were several.
    pub chosen: Option<Chosen>,
}

/// Which of several readings was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// 0 is the first one, 1 the first of the others.
    pub reading: usize,
    /// Why this one.
    pub because: Because,
}

/// What a caller was taken to want. Of several things, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Opening hours.
    Hours,
    /// A price.
    Price,
    /// A duration.
    Duration,
    /// The list of services.
    Services,
    /// Whether something is offered, or all about it.
    Offered,
    /// The address.
    Location,
    /// The way there.
    Directions,
    /// Where to park.
    Parking,
    /// The number.
    Phone,
    /// The mail address.
    Email,
    /// The site.
    Website,
    /// The business's name.
    Name,
    /// A rule of the house.
    Policy,
    /// A question answered beforehand.
    Faq,
    /// Somebody who works there.
    Staff,
    /// A person to talk to.
    Person,
    /// To leave a message, or an answer to one of its questions.
    Message,
    /// An appointment.
    Booking,
    /// An emergency.
    Emergency,
    /// Whether this is a machine, how it is, what it can do.
    SmallTalk,
    /// A greeting.
    Greeting,
    /// Thanks.
    Thanks,
    /// The end of the call.
    Goodbye,
    /// Nothing: the caller was silent.
    NoInput,
    /// One of several things: which one was asked back.
    Clarify,
    /// Something the business has said nothing about.
    Unknown,
    /// It was not understood.
    NotUnderstood,
}

/// More repeats of repeats than this are one.
const REPEATS_MAX: usize = 4;
/// How many unanswered utterances are read as one: what came before was talked over long ago.
const PENDING_MAX: usize = 6;
/// More readings of one speech than this are not looked at.
const OTHERS_MAX: usize = 4;
/// Of a longer speech the end counts.
const WORDS_BYTES_MAX: usize = 2_000;

/// The reply to the latest words of the dialogue.
///
/// Total: any dialogue gets a reply. Its cost grows with the words of the last utterance times the
/// phrases in the facts: about a millisecond for twenty words and a hundred phrases on a current
/// core, half of it for the index of the phrases, which a session makes once.
pub fn reply(context: &Context<'_>) -> Reply {
    reply_with(&Index::new(&context.agent.facts), context, None)
}

/// What the caller's words mean, beside the words themselves.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What the rows of the business mean.
    pub meanings: &'a Meanings,
    /// The direction of the words that [`unanswered`] gives for the same dialogue.
    pub direction: &'a [f32],
}

/// [`reply`], and where the words do not say enough, by what they mean. As deterministic: the same
/// direction gives the same reply.
pub fn reply_by_meaning(context: &Context<'_>, sight: Sight<'_>) -> Reply {
    reply_with(&Index::new(&context.agent.facts), context, Some(sight))
}

/// Whether what the words mean can change the reply to `dialogue`: it is a sentence, and no answer
/// to what the agent asked.
pub(crate) fn is_worth_a_second_thought(dialogue: &Dialogue) -> bool {
    let reading = Reading::of(&dialogue.entries);
    !crate::doubt::is_under_way(&reading)
        && reading.words.split_whitespace().nth(SENTENCE_WORDS_MIN - 1).is_some()
}

/// Fewer words are what they say.
pub(crate) const SENTENCE_WORDS_MIN: usize = 3;

/// The caller's words that no reply has answered.
pub fn unanswered(dialogue: &Dialogue) -> String {
    Reading::of(&dialogue.entries).words
}

/// [`reply`] with the `index` of the agent's facts, made beforehand.
pub(crate) fn reply_with(index: &Index, context: &Context<'_>, sight: Option<Sight<'_>>) -> Reply {
    let desk = Desk::new(context.agent, context.caller, context.now);
    let entries = &context.dialogue.entries[..];
    let reading = Reading::of(entries);
    let asks_again = |reading: &Reading| {
        reading.keys.is_empty() && reading.no_input == 0 && wants_repeat(&reading.words)
    };
    if !asks_again(&reading) {
        let reply = settle(&desk, index, &reading);
        // The direction is that of the first reading: it says nothing about a reply to another one,
        // and which of several was meant has been asked more exactly than it could.
        let is_first = reply
            .chosen
            .as_ref()
            .is_none_or(|chosen| chosen.reading == 0 && chosen.because != Because::Asked);
        let meant = sight
            .filter(|_| is_first)
            .and_then(|sight| second_thought(&desk, &reading, &reply, sight));
        let Some(meant) = meant else { return reply };
        let instead = Turn::new(&desk, index, &reading).respond_instead(&meant);
        return Reply { chosen: reply.chosen, ..instead };
    }
    // What was said last is said again by thinking it again.
    let mut end = reading.answered;
    for _ in 0..REPEATS_MAX {
        let earlier = Reading::of(&entries[..end.saturating_sub(1)]);
        let again = asks_again(&earlier) || earlier.no_input > 0;
        if !again || end == 0 {
            break;
        }
        end = earlier.answered;
    }
    let earlier = Reading::of(&entries[..end.saturating_sub(1)]);
    if earlier.words.is_empty() && earlier.keys.is_empty() {
        return Turn::new(&desk, index, &reading).repeat_greeting();
    }
    let mut reply = settle(&desk, index, &earlier);
    let heard_whole = matches!(
        entries.get(reading.answered.saturating_sub(1)),
        Some(DialogueEntry::Agent { heard: Heard::Whole, .. })
    );
    if heard_whole {
        reply.effects.retain(|effect| !matches!(effect, Effect::TakeMessage(_)));
    }
    reply
}

/// Whether the caller wants to hear the last words again and nothing else.
fn wants_repeat(words: &str) -> bool {
    let utterance = Utterance::new(words);
    let cues = find_cues(&utterance);
    let only = cues.iter().all(|hit| {
        matches!(
            hit.cue,
            Cue::Repeat | Cue::Greeting | Cue::Help | Cue::Nothing | Cue::Thanks | Cue::Correction
        )
    });
    let asked = cues.iter().any(|hit| hit.cue == Cue::Repeat);
    let told = cues.iter().fold(crate::words::Mask::default(), |mask, hit| mask.union(hit.mask));
    asked && only && utterance.weight(utterance.all().without(told)) < 0.5
}

/// A dialogue as far as it matters for the next reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// What the brain noted last.
    pub(crate) memory: Memory,
    /// The caller's words that no reply has answered.
    pub(crate) words: String,
    /// What else they may have been, likeliest first.
    pub(crate) others: Vec<String>,
    /// The keys pressed since the last reply.
    pub(crate) keys: String,
    /// How often in a row the caller was silent.
    pub(crate) no_input: u32,
    /// How many entries the last heard reply ends; 0 if there is none.
    pub(crate) answered: usize,
    /// Whether a transfer was promised and heard, and the caller is still here.
    pub(crate) transfer: TransferState,
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TransferState {
    /// None was promised.
    #[default]
    Untried,
    /// It was promised, and the caller is still here.
    Failed,
}

impl Reading {
    /// Reads `entries`, oldest first.
    pub(crate) fn of(entries: &[DialogueEntry]) -> Self {
        let mut reading = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            match entry {
                DialogueEntry::Agent { text, heard, note, .. } => {
                    let memory = note.as_ref().and_then(Memory::from_note);
                    if let Some(memory) = memory {
                        let promised = memory.topic == Some(Topic::Transfer);
                        if promised && *heard == Heard::Whole {
                            reading.transfer = TransferState::Failed;
                        }
                        reading.memory = memory;
                    }
                    // A reply of which nothing was heard has answered nothing.
                    if note.is_some() || !text.reveal().trim().is_empty() {
                        reading.answered = at + 1;
                    }
                }
                DialogueEntry::Caller { .. } | DialogueEntry::Keys { .. } => reading.no_input = 0,
                DialogueEntry::NoInput { .. } => reading.no_input += 1,
            }
        }
        let pending = &entries[reading.answered..];
        let pending = &pending[pending.len().saturating_sub(PENDING_MAX)..];
        for entry in pending {
            match entry {
                DialogueEntry::Caller { text, others, .. } => reading.add(text, others),
                DialogueEntry::Keys { digits, .. } => reading.keys.push_str(digits.reveal()),
                DialogueEntry::Agent { .. } | DialogueEntry::NoInput { .. } => (),
            }
        }
        reading.words = ended(&reading.words);
        reading.others = reading.others.iter().map(|words| ended(words)).collect();
        reading.others.retain(|words| !words.trim().is_empty());
        if !reading.words.is_empty() || !reading.keys.is_empty() {
            reading.no_input = 0;
        }
        reading
    }

    /// Adds words of the caller's: the first reading to the first, the second to the second.
    fn add(&mut self, text: &Pii<String>, others: &[Pii<String>]) {
        let count = self.others.len().max(others.len()).min(OTHERS_MAX);
        let joined = |before: &str, words: &str| format!("{before} {}", words.trim());
        let others = (0..count).map(|at| {
            let before = self.others.get(at).unwrap_or(&self.words);
            joined(before, others.get(at).unwrap_or(text).reveal()).trim().to_owned()
        });
        self.others = others.collect();
        self.words = joined(&self.words, text.reveal()).trim().to_owned();
    }
}

/// The end of a longer speech.
fn ended(words: &str) -> String {
    let start = words.len().saturating_sub(WORDS_BYTES_MAX);
    let start = (start..=words.len()).find(|at| words.is_char_boundary(*at));
    words[start.unwrap_or_default()..].to_owned()
}
