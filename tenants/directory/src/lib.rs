//! Businesses, agents and numbers: TOML bytes to a checked, immutable, versioned snapshot.
//!
//! One file per business. [`check`] says everything that is wrong with a set of files; [`publish`]
//! makes the next [`Directory`] from the previous one and the files as they are now, such that a
//! bad file never replaces a good one:
//!
//! - A file with mistakes changes nothing: what its business last said that was good stays. At a
//!   cold start that comes from the [`LastGood`] copies of an earlier process.
//! - A number is never taken from its live owner by another file: who claims it is refused as a
//!   whole. Of several new claimants nobody gets it. Who gives a number up in the same publish, by
//!   a good file or by leaving, does not own it any more.
//! - A business id is held by one file: of several, the one it is live from; else none.
//! - A file that is gone takes its business along. A renamed file is the same business.
//! - What a file says decides, not its comments: a business that says the same keeps the very same
//!   [`AgentConfig`](types::AgentConfig)s, so that nothing is made anew for it.
//!
//! The order of the files never matters. Nothing here reads a file or watches one.

mod agent;
mod business;
mod claim;
mod directory;
mod facts;
mod fuzz;
mod hours;
mod last_good;
mod limits;
mod live;
mod mistake;
mod price;
mod publish;
mod rules;
mod stamp;
mod table;
mod tools;

pub use business::{Business, Number, Source};
pub use directory::Directory;
pub use fuzz::fuzz_directory;
pub use last_good::LastGood;
pub use limits::{
    AGENTS_MAX, ANSWER_CHARS_MAX, BUSINESSES_MAX, DISCLOSURE_CHARS_MAX, EXCEPTIONS_MAX, FAQS_MAX,
    FILE_BYTES_MAX, GREETING_CHARS_MAX, NAME_CHARS_MAX, NUMBERS_MAX, PHRASES_MAX, POLICIES_MAX,
    QUESTION_CHARS_MAX, SERVICES_MAX, SPANS_MAX, STAFF_MAX, TOOL_NAME_CHARS_MAX,
    TOOL_PARAMETERS_BYTES_MAX, TOOLS_MAX, VENDOR_CHOICE_CHARS_MAX, VENDORS_MAX,
};
pub use mistake::Mistake;
pub use publish::{BusinessKept, Published, ToStore, check, publish};
pub use rules::{
    Defaults, KnownVendor, KnownVendors, LOCAL_BRAIN, LOCAL_RECOGNIZER, LOCAL_VOICE, Rules,
    VendorKey,
};
pub use table::MISTAKES_MAX;
