//! How much a file may hold. Beyond any real business; there so that no file grows without bound.

use std::ops::RangeInclusive;

/// The largest file, in bytes: forty times a large sample business.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// Businesses in one snapshot: five times what one instance is built for.
pub const BUSINESSES_MAX: usize = 50_000;
/// Numbers of one business.
pub const NUMBERS_MAX: usize = 1_000;
/// Agents of one business.
pub const AGENTS_MAX: usize = 20;
/// Vendors in one list of fallbacks.
pub const VENDORS_MAX: usize = 8;
/// Characters of a vendor's model or voice: the longest names are paths of some hundred.
pub const VENDOR_CHOICE_CHARS_MAX: usize = 200;
/// How long a vendor may be silent before the next is asked as well: below, a reply is no reply yet;
/// above, the call itself gives up.
pub(crate) const LATE_AFTER_MS: RangeInclusive<u32> = 300..=4_500;
/// Services of one business.
pub const SERVICES_MAX: usize = 300;
/// Policies of one business.
pub const POLICIES_MAX: usize = 100;
/// Questions answered beforehand.
pub const FAQS_MAX: usize = 300;
/// Staff of one business.
pub const STAFF_MAX: usize = 200;
/// Days or stretches of days that differ from the week.
pub const EXCEPTIONS_MAX: usize = 200;
/// Open spans of one day.
pub const SPANS_MAX: usize = 6;
/// Tools of one business's own: each is in every prompt.
pub const TOOLS_MAX: usize = 20;
/// A tool's name, in characters: as models allow.
pub const TOOL_NAME_CHARS_MAX: usize = 64;
/// The schema of a tool's arguments, in bytes.
pub const TOOL_PARAMETERS_BYTES_MAX: usize = 8_192;
/// Aliases, topics or questions of one entry.
pub const PHRASES_MAX: usize = 40;

/// A name or an alias, in characters: a breath.
pub const NAME_CHARS_MAX: usize = 80;
/// A question, in characters.
pub const QUESTION_CHARS_MAX: usize = 160;
/// The greeting, in characters: some 20 s of speech before the caller may say anything.
pub const GREETING_CHARS_MAX: usize = 300;
/// The disclosure line, in characters.
pub const DISCLOSURE_CHARS_MAX: usize = 300;
/// An answer, a policy, a note, in characters: some 40 s of speech.
pub const ANSWER_CHARS_MAX: usize = 600;

// The ranges of an agent's [turns] and [limits] are those of the engine's config.toml.

/// Silence after words that sound finished, ms: below, breaths end turns; above, nobody waits.
pub(crate) const ENDPOINT_DELAY_MIN_MS: RangeInclusive<u32> = 100..=5_000;
/// Silence after words that do not, ms.
pub(crate) const ENDPOINT_DELAY_MAX_MS: RangeInclusive<u32> = 100..=10_000;
/// Silence before the agent speaks up, ms.
pub(crate) const NO_INPUT_DELAY_MS: RangeInclusive<u32> = 2_000..=120_000;
/// How often it speaks up.
pub(crate) const NO_INPUT_PROMPTS: RangeInclusive<u32> = 0..=10;
/// Silence between keys of one entry, ms.
pub(crate) const DTMF_GAP_MS: RangeInclusive<u32> = 500..=20_000;
/// How long one entry of keys may take, ms.
pub(crate) const DTMF_ENTRY_MS: RangeInclusive<u32> = 1_000..=60_000;
/// Keys of one entry.
pub(crate) const DTMF_DIGITS: RangeInclusive<u32> = 1..=32;
/// How long a greeting may be protected, ms.
pub(crate) const GREETING_PROTECTED_MS: RangeInclusive<u32> = 0..=10_000;
/// The longest call, s: a day at most.
pub(crate) const CALL_DURATION_S: RangeInclusive<u32> = 30..=86_400;
/// Simultaneous calls of one business.
pub(crate) const CALLS: RangeInclusive<u32> = 1..=100_000;
/// Calls of one business that start in one second.
pub(crate) const STARTS_PER_S: RangeInclusive<u32> = 1..=10_000;
/// How long a tool may take, ms: beyond that the caller has given up.
pub(crate) const TOOL_DEADLINE_MS: RangeInclusive<u32> = 200..=15_000;
/// Minutes a service may take: a week at most.
pub(crate) const DURATION_MIN: RangeInclusive<u32> = 1..=10_080;

const _: () = assert!(*ENDPOINT_DELAY_MIN_MS.start() < *ENDPOINT_DELAY_MAX_MS.end());
// Line and column are 32 bits wide.
const _: () = assert!(FILE_BYTES_MAX < u32::MAX as usize);
