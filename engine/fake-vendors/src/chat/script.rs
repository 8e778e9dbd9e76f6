//! What a model says.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One streamed reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Its words, streamed word by word.
    pub text: String,
    /// The tools it calls afterwards: name and arguments as JSON.
    pub calls: Vec<(String, String)>,
}

impl Reply {
    /// Words only.
    pub fn words(text: &str) -> Self {
        Self { text: text.to_owned(), calls: Vec::new() }
    }

    /// The same, calling one more tool.
    #[must_use]
    pub fn calling(mut self, name: &str, arguments: &str) -> Self {
        self.calls.push((name.to_owned(), arguments.to_owned()));
        self
    }

    /// Its words, each with the space before it.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.text.split_inclusive(' ').map(str::to_owned).collect()
    }
}

/// The replies of all models of a server: one after the other, then each request gets the usual one.
#[derive(Debug, Default)]
pub struct Replies(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Reply>,
    usual: Option<Reply>,
}

impl Replies {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next requests get `replies`, in this order.
    pub fn set(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().next = replies.into_iter().collect();
    }

    /// All further requests get `reply`; without one, the model repeats the caller's words.
    pub fn set_usual(&self, reply: Option<Reply>) {
        self.lock().usual = reply;
    }

    /// The reply to a request whose last words of the caller are `words`.
    pub(super) fn next(&self, words: &str) -> Reply {
        let mut script = self.lock();
        let scripted = script.next.pop_front().or_else(|| script.usual.clone());
        scripted.unwrap_or_else(|| echo(words))
    }
}

/// What a model says that has nothing to say: enough for a conversation to go on.
fn echo(words: &str) -> Reply {
    // Notes in brackets are not the caller's.
    let said = words.lines().filter(|line| !line.trim_start().starts_with('['));
    let said = said.collect::<Vec<_>>().join(" ");
    let text = match said.trim() {
        "" => "I am here. What can I do for you?".to_owned(),
        said => {
            let said = said.trim_end_matches(['.', '?', '!']);
            format!("I heard you say: {said}. Is there anything else I can do?")
        }
    };
    let is_goodbye = said.to_lowercase().contains("goodbye");
    if is_goodbye {
        Reply::words("Goodbye.").calling("end_call", "{}")
    } else {
        Reply::words(&text)
    }
}
