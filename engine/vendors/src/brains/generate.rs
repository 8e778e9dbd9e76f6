//! One reply: streams, judged clause by clause, and the tools called between them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use types::{
    CitedText, Dialogue, Effect, Expect, GenerationId, Millis, Tone, ToolOnCancel, ToolRepeat,
    ToolSpec,
};
use vendor::{BrainEvent, Thought, VendorError};
use wire::chat::{Delta, Finish, ToolCall};

use super::brain::Shared;
use super::clauses::{Clause, Clauses, Ends};
use super::family::{MayCall, Message, Outcome, Prompt, ToolResult};
use super::gate::Closed;
use super::history::{Past, Rounds, grounds, last_words, messages, tokens_of_dialogue};
use super::prompt::moment;
use super::repair::{deflection, fact_instead, reminder};
use super::summary::summarize;
use super::tools::{Builtin, CallOf, Done, run_builtin, run_http};
use crate::clock::after;
use crate::figures::{Grounds, Source};

/// Streams of one reply: a model that has not come to an end by then will not.
const ROUNDS_MAX: usize = 5;

/// Tools called at once.
const CALLS_MAX: usize = 8;

/// How often the listener is told that a tool still works: well within its patience of 5 s.
const PAUSE_EVERY: Millis = Millis::new(2_000);

/// Words said while a tool works, at most.
const FILLERS_MAX: u32 = 3;

/// How long something that must not be done too early waits for the caller to hear the reply.
const COMMIT_WAIT: Millis = Millis::new(4_000);

/// Why a reply ends before its end.
enum Stop {
    /// Nobody listens any more.
    Closed,
    /// The vendor failed.
    Vendor(VendorError),
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// Thinks of the reply to `thought` and offers it.
pub(crate) async fn generate(shared: Arc<Shared>, thought: Thought) {
    let generation = thought.generation;
    let dialogue = thought.dialogue.clone();
    let mut reply = Reply::new(shared.clone(), thought);
    let event = match reply.run().await {
        Ok(()) => {
            let expect = expect_after(&reply.said);
            BrainEvent::Done { generation, expect, note: reply.rounds.note() }
        }
        Err(Stop::Closed) => return,
        Err(Stop::Vendor(error)) => BrainEvent::Failed { generation, error },
    };
    if shared.gate.offer(generation, event).is_ok() {
        sum_up(shared, dialogue);
    }
}

/// Sums up a call that grows long, now that nobody waits: in a task of its own, which the next turn
/// does not stop, and one at a time.
fn sum_up(shared: Arc<Shared>, dialogue: Arc<Dialogue>) {
    let tokens = tokens_of_dialogue(&dialogue);
    // Before the window is outgrown, not when it is.
    if tokens * 3 < shared.settings.history_tokens_max * 2
        || shared.is_summing.swap(true, Ordering::AcqRel)
    {
        return;
    }
    let handle = shared.line.net.handle().clone();
    handle.spawn(async move {
        if let Some(summary) = summarize(&shared.line, &dialogue, shared.summary()).await {
            shared.set_summary(summary);
        }
        shared.is_summing.store(false, Ordering::Release);
    });
}

struct Reply {
    shared: Arc<Shared>,
    generation: GenerationId,
    dialogue: Arc<Dialogue>,
    prompt: Prompt,
    /// All figures that may be said; results of tools are added.
    grounds: Grounds,
    rounds: Rounds,
    effects: Vec<Effect>,
    /// What has been said, across rounds.
    said: String,
    /// The words of the sentence that is being said.
    sentence: String,
    asked_again: Again,
}

/// Whether the model was told of a figure it had invented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    NotYet,
    Done,
}

/// How a stream ended.
enum Ended {
    /// As the model wanted, with calls to make.
    Whole { calls: Vec<ToolCall>, opaque: Vec<String>, text: String },
    /// It held an invented figure: the model is to be asked again.
    Invented { words: String, text: String },
    /// Nothing more is to be said.
    Enough,
}

impl Reply {
    fn new(shared: Arc<Shared>, thought: Thought) -> Self {
        let Thought { generation, dialogue, now } = thought;
        let moment = moment(&shared.agent.facts, now);
        let mut grounds = shared.grounds.with(&moment.grounds).with(&grounds(&dialogue));
        let mut prompt = shared.prompt();
        let mut text = moment.text;
        if let Some(caller) = &shared.caller {
            text.push_str(&format!("\n[The caller's number is {}.]", caller.reveal()));
        }
        let (done, summary) = (shared.ledger.all(), shared.summary());
        done.iter().for_each(|done| grounds.add_text(&done.result, Source::Tool));
        let past = Past {
            dialogue: &dialogue,
            done: &done,
            summary: summary.as_ref(),
            tokens_max: shared.settings.history_tokens_max,
        };
        prompt.messages = messages(&past, &text);
        Self {
            shared,
            generation,
            dialogue,
            prompt,
            grounds,
            rounds: Rounds::default(),
            effects: Vec::new(),
            said: String::new(),
            sentence: String::new(),
            asked_again: Again::NotYet,
        }
    }

    fn offer(&self, event: BrainEvent) -> Result<(), Stop> {
        Ok(self.shared.gate.offer(self.generation, event)?)
    }

    async fn run(&mut self) -> Result<(), Stop> {
        for round in 0..ROUNDS_MAX {
            // The last stream is words only: whatever else the model wants is too late.
            if round + 1 == ROUNDS_MAX {
                self.prompt.may_call = MayCall::No;
            }
            match self.stream().await? {
                Ended::Whole { calls, .. } if calls.is_empty() => break,
                Ended::Whole { calls, opaque, text } => {
                    if self.call(calls, opaque, text).await? == Then::Stop {
                        break;
                    }
                }
                Ended::Invented { words, text } => {
                    self.ask_again(&words, text);
                }
                Ended::Enough => break,
            }
        }
        self.finish()
    }

    /// Effects last, and a word with those that end the talk: nobody is hung up on in silence.
    fn finish(&mut self) -> Result<(), Stop> {
        let is_silent = self.said.trim().is_empty();
        if is_silent && let Some(line) = line_for(&self.effects, self.shared.agent.persona.tone) {
            self.say(CitedText { text: line.to_owned(), cites: Vec::new() })?;
        }
        for effect in std::mem::take(&mut self.effects) {
            self.offer(BrainEvent::Effect { generation: self.generation, effect })?;
        }
        Ok(())
    }

    fn say(&mut self, mut cited: CitedText) -> Result<(), Stop> {
        self.said.push_str(&cited.text);
        self.said.push(' ');
        self.sentence.push_str(&cited.text);
        self.sentence.push(' ');
        // The line feed says that the clause is whole, whatever follows.
        cited.text.push('\n');
        self.offer(BrainEvent::Text { generation: self.generation, text: cited })
    }

    /// Reads one stream to its end.
    async fn stream(&mut self) -> Result<Ended, Stop> {
        let mut stream = match self.shared.line.ask(&self.prompt).await {
            Ok(stream) => stream,
            Err(no) if no.fault == Some(wire::chat::Fault::TooLong) && self.shorten() => {
                let again = self.shared.line.ask(&self.prompt).await;
                again.map_err(|no| Stop::Vendor(no.error))?
            }
            Err(no) => return Err(Stop::Vendor(no.error)),
        };
        let mut clauses = Clauses::default();
        let (mut calls, mut opaque) = (Vec::new(), Vec::new());
        let from = self.said.len();
        let mut skips = Skips::Nothing;
        while let Some(delta) = stream.next().await.map_err(Stop::Vendor)? {
            match delta {
                Delta::Text(text) => {
                    clauses.push(&text);
                    while let Some(clause) = clauses.poll() {
                        if let Some(ended) = self.clause(clause, &mut skips, from)? {
                            return Ok(ended);
                        }
                    }
                }
                Delta::Call(mut call) => {
                    call.id = self.shared.ledger.unique(call.id);
                    calls.push(call);
                }
                Delta::Opaque(json) => opaque.push(json),
                Delta::Finish(Finish::Filtered) => {
                    let vendor = self.shared.settings.vendor;
                    return Err(Stop::Vendor(VendorError::ContentFiltered { vendor }));
                }
                Delta::Finish(Finish::Stop | Finish::Length | Finish::Tools | Finish::Other)
                | Delta::Usage(_)
                | Delta::Fault(_)
                | Delta::End => (),
            }
        }
        if let Some(clause) = clauses.finish()
            && let Some(ended) = self.clause(clause, &mut skips, from)?
        {
            return Ok(ended);
        }
        let text = self.said[from..].trim().to_owned();
        calls.truncate(CALLS_MAX);
        if calls.is_empty() && self.said.trim().is_empty() && self.effects.is_empty() {
            // Not a word: as good as a stream that broke.
            let vendor = self.shared.settings.vendor;
            let reason = "an empty reply".to_owned();
            return Err(Stop::Vendor(VendorError::Malformed { vendor, reason }));
        }
        Ok(Ended::Whole { calls, opaque, text })
    }

    /// Drops the older half of the conversation; says whether there was any.
    fn shorten(&mut self) -> bool {
        let half = self.prompt.messages.len() / 2;
        let callers = self.prompt.messages.iter().enumerate().skip(half.max(1));
        let mut callers = callers.filter(|(_, message)| matches!(message, Message::Caller { .. }));
        match callers.next().map(|(at, _)| at) {
            Some(from) => {
                self.prompt.messages.drain(..from);
                true
            }
            None => false,
        }
    }

    /// Judges a clause, and says it or what is said instead.
    fn clause(
        &mut self,
        clause: Clause,
        skips: &mut Skips,
        from: usize,
    ) -> Result<Option<Ended>, Stop> {
        let ends = clause.ends;
        if *skips == Skips::Sentence {
            if ends == Ends::Sentence {
                *skips = Skips::Nothing;
                self.sentence.clear();
            }
            return Ok(None);
        }
        if self.goes_round(&clause.text) {
            return Ok(Some(Ended::Enough));
        }
        let judgement = self.grounds.judge(&clause.text);
        let Some((figure, span)) = judgement.invented.first() else {
            self.say(CitedText { text: clause.text, cites: judgement.cites })?;
            if ends == Ends::Sentence {
                self.sentence.clear();
            }
            return Ok(None);
        };
        tracing::info!(
            generation = %self.generation,
            figures = judgement.invented.len(),
            "an invented figure was not spoken"
        );
        let words = last_words(&self.dialogue);
        let contexts = [clause.text.as_str(), &self.sentence, &words];
        if let Some(fact) = fact_instead(&self.shared.agent.facts, figure, &contexts) {
            self.count_invented("fact_said");
            self.say(fact)?;
            if ends == Ends::Nothing {
                *skips = Skips::Sentence;
            }
            self.sentence.clear();
            return Ok(None);
        }
        if self.asked_again == Again::NotYet {
            let words = clause.text[span.clone()].to_owned();
            let text = self.said[from..].trim().to_owned();
            self.count_invented("asked_again");
            return Ok(Some(Ended::Invented { words, text }));
        }
        self.count_invented("message_offered");
        let text = deflection(self.shared.agent.persona.tone).to_owned();
        self.say(CitedText { text, cites: Vec::new() })?;
        Ok(Some(Ended::Enough))
    }

    /// Whether a model says the same over and over, as small ones do: a caller hears nothing a third
    /// time within a reply, and not the rest of it either.
    fn goes_round(&self, clause: &str) -> bool {
        let clause = clause.trim();
        CLAUSE_CHARS_MIN <= clause.len() && REPEATS_MAX <= self.said.matches(clause).count()
    }

    /// Counts a clause that was not spoken, by what is done about it.
    fn count_invented(&self, remedy: &'static str) {
        let labels =
            [("vendor", self.shared.settings.vendor.to_string()), ("remedy", remedy.to_owned())];
        metrics::counter!("apex_figures_invented_total", &labels).increment(1);
    }

    fn ask_again(&mut self, words: &str, text: String) {
        self.asked_again = Again::Done;
        if !text.is_empty() {
            let (opaque, calls) = (Vec::new(), Vec::new());
            self.prompt.messages.push(Message::Agent { text, opaque, calls });
        }
        self.prompt.messages.push(Message::Caller { text: reminder(words), moment: None });
    }

    /// Makes the calls of a stream; their results go into the next one.
    async fn call(
        &mut self,
        calls: Vec<ToolCall>,
        opaque: Vec<String>,
        text: String,
    ) -> Result<Then, Stop> {
        let mut results: Vec<Option<ToolResult>> = Vec::new();
        let mut ends = false;
        let mut outside = Vec::new();
        for (place, call) in calls.iter().enumerate() {
            match Builtin::named(&call.name) {
                Some(tool) => {
                    let desk = super::tools::Desk {
                        facts: &self.shared.agent.facts,
                        abilities: self.shared.abilities,
                        grounds: &self.grounds,
                    };
                    let want = run_builtin(tool, call, &desk);
                    ends |= tool.is_terminal() && want.effect.is_some();
                    self.effects.extend(want.effect);
                    results.push(Some(want.result));
                }
                None => {
                    results.push(None);
                    outside.push(place);
                }
            }
        }
        let waiting = outside.iter().map(|place| calls[*place].clone()).collect();
        for (place, result) in outside.into_iter().zip(self.run_outside(waiting).await?) {
            results[place] = Some(result);
        }
        let results: Vec<ToolResult> = results.into_iter().flatten().collect();
        for result in &results {
            self.grounds.add_text(&result.content, Source::Tool);
        }
        self.rounds.add(&calls, &results);
        self.prompt.messages.push(Message::Agent { text, opaque, calls });
        self.prompt.messages.push(Message::Results(results));
        // After "goodbye" there is nothing to add.
        Ok(if ends { Then::Stop } else { Then::GoOn })
    }

    /// Runs tools of the business's own side by side; meanwhile the caller hears a word.
    async fn run_outside(&mut self, calls: Vec<ToolCall>) -> Result<Vec<ToolResult>, Stop> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let tools = self.shared.agent.tools.clone();
        let spec = |call: &ToolCall| tools.iter().find(|tool| tool.name == call.name).cloned();
        let specs: Vec<Option<ToolSpec>> = calls.iter().map(spec).collect();
        let changes = specs.iter().flatten().any(|tool| tool.repeat == ToolRepeat::Once);
        let filler = specs.iter().flatten().find_map(|tool| tool.filler.clone());
        let running = join_all(
            calls
                .into_iter()
                .zip(specs)
                .map(|(call, tool)| run_one(self.shared.clone(), self.generation, call, tool)),
        );
        tokio::pin!(running);
        // What was said before the calls is the first filler.
        self.offer(BrainEvent::Pause { generation: self.generation })?;
        let began = Instant::now();
        let settings = &self.shared.settings;
        let (filler_after, filler_every) = (settings.filler_after, settings.filler_every);
        let mut fillers = 0;
        let mut next_filler = match (self.said.trim().is_empty(), changes) {
            // Nothing is done before the caller hears something.
            (true, true) => began,
            (true, false) => after(began, filler_after),
            (false, _) => after(began, filler_every),
        };
        let mut next_pause = after(began, PAUSE_EVERY);
        loop {
            let until =
                if fillers < FILLERS_MAX { next_filler.min(next_pause) } else { next_pause };
            match timeout_at(until, &mut running).await {
                Ok(results) => return Ok(results),
                Err(_) if until == next_filler && fillers < FILLERS_MAX => {
                    let text = match (&filler, fillers) {
                        (Some(filler), 0) => filler.clone(),
                        _ => standard_filler(self.shared.agent.persona.tone, fillers).to_owned(),
                    };
                    self.say(CitedText { text, cites: Vec::new() })?;
                    self.offer(BrainEvent::Pause { generation: self.generation })?;
                    self.sentence.clear();
                    fillers += 1;
                    next_filler = after(until, filler_every);
                }
                Err(_) => {
                    self.offer(BrainEvent::Pause { generation: self.generation })?;
                    next_pause = after(until, PAUSE_EVERY);
                }
            }
        }
    }
}

/// "Yes, of course." may be said more often than that.
const CLAUSE_CHARS_MIN: usize = 16;

/// How often a clause may stand in a reply.
const REPEATS_MAX: usize = 2;

/// What follows a round of calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Stop,
}

/// What is left out of a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skips {
    Nothing,
    /// The rest of a sentence whose clause was replaced.
    Sentence,
}

/// Runs one tool of the business's own.
async fn run_one(
    shared: Arc<Shared>,
    generation: GenerationId,
    call: ToolCall,
    tool: Option<ToolSpec>,
) -> ToolResult {
    let failed = |text: &str| {
        let content = serde_json::json!({ "error": text }).to_string();
        ToolResult { call: call.id.clone(), content, outcome: Outcome::Failed }
    };
    let Some(tool) = tool else { return failed("there is no such tool") };
    let of = CallOf { business: shared.agent.business, call: shared.call, turn: generation.turn };
    if tool.repeat == ToolRepeat::Idempotent {
        return run_http(&shared.net, &tool, &call, of).await;
    }
    if let Some(known) = shared.ledger.again(generation.turn, &call.name, &call.arguments) {
        return ToolResult { call: call.id, ..known };
    }
    if !committed(&shared, generation).await {
        // It may be asked for again.
        return failed("not done: the caller did not hear you; ask whether to go on");
    }
    let done = Done {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        result: "no result yet".to_owned(),
    };
    shared.ledger.begin(generation.turn, done);
    match tool.on_cancel {
        ToolOnCancel::Abort => {
            let result = run_http(&shared.net, &tool, &call, of).await;
            shared.ledger.end(&result);
            result
        }
        // In a task of its own: it ends, and is remembered, even if this reply does not.
        ToolOnCancel::Finish => {
            let id = call.id.clone();
            let kept = shared.clone();
            let task = shared.line.net.handle().spawn(async move {
                let result = run_http(&kept.net, &tool, &call, of).await;
                kept.ledger.end(&result);
                result
            });
            let broken = |_| {
                let content = serde_json::json!({ "error": "not available" }).to_string();
                ToolResult { call: id, content, outcome: Outcome::Failed }
            };
            task.await.unwrap_or_else(broken)
        }
    }
}

/// Waits until the caller hears the reply; whether that came about.
async fn committed(shared: &Shared, generation: GenerationId) -> bool {
    let mut commits = shared.commits.clone();
    let deadline = after(Instant::now(), COMMIT_WAIT);
    let heard = commits.wait_for(|heard| *heard == Some(generation));
    timeout_at(deadline, heard).await.is_ok_and(|heard| heard.is_ok())
}

fn standard_filler(tone: Tone, number: u32) -> &'static str {
    match (number, tone) {
        (0, Tone::Warm) => "One moment, let me have a look.",
        (0, Tone::Brisk) => "One moment.",
        (0, Tone::Formal) => "One moment, please.",
        (1, _) => "I'm still looking.",
        (2.., _) => "It's taking a little longer, thank you for waiting.",
    }
}

/// What is said with effects if the model says nothing.
fn line_for(effects: &[Effect], tone: Tone) -> Option<&'static str> {
    let effect = effects.last()?;
    Some(match (effect, tone) {
        (Effect::EndCall, Tone::Brisk) => "Thanks, bye.",
        (Effect::EndCall, Tone::Warm | Tone::Formal) => "Thank you for calling. Goodbye.",
        (Effect::Transfer { .. }, Tone::Brisk) => "I'll connect you.",
        (Effect::Transfer { .. }, Tone::Warm | Tone::Formal) => "One moment, I will connect you.",
        (Effect::TakeMessage(_), _) => "I will pass your message on. Anything else?",
        (Effect::PressKeys { .. }, _) => return None,
    })
}

/// The kind of answer that the last sentence of `said` asks for.
fn expect_after(said: &str) -> Expect {
    let said = said.trim();
    if !said.ends_with('?') {
        return Expect::Open;
    }
    let last = said[..said.len() - 1].rsplit(['.', '!', '?']).next().unwrap_or_default();
    let last = last.trim().to_lowercase();
    let asks_for = |words: &[&str]| words.iter().any(|word| last.contains(word));
    if asks_for(&["number", "digits", "zip code", "date of birth"])
        && asks_for(&["what", "which", "your", "give"])
    {
        return Expect::Digits;
    }
    if asks_for(&["your name", "spell", "your address", "email", "full name", "last name"]) {
        return Expect::Dictation;
    }
    let begins = [
        "would", "shall", "should", "do ", "does", "did", "is ", "are ", "can ", "could", "may ",
        "have", "was", "will",
    ];
    let is_choice = begins.iter().any(|word| last.starts_with(word)) || last.contains(" or ");
    if is_choice { Expect::Choice } else { Expect::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_follows_from_the_last_question() {
        for (said, expect) in [
            ("We open at 8.", Expect::Open),
            ("Sure! What is your number?", Expect::Digits),
            ("And your name, please. How do you spell it?", Expect::Dictation),
            ("Shall I take a message?", Expect::Choice),
            ("A cut or a color?", Expect::Choice),
            ("What can I do for you?", Expect::Open),
            ("Is it? I see.", Expect::Open),
        ] {
            assert_eq!(expect_after(said), expect, "{said}");
        }
    }
}
