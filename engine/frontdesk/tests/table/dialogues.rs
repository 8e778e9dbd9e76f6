//! Whole conversations with a caller who says his lines and answers what he is asked in between;
//! `held-out-dialogues.md` describes the files. Totals of either half, words only of the tuned one.

use std::collections::BTreeMap;
use std::path::Path;

use frontdesk::Reply;
use toml::{Table, Value};
use types::{Effect, Message};

use crate::half::Half;
use crate::judge::{Verdict, judge};
use crate::row::Row;
use crate::support::{Talk, spoken};

/// Whether the words of dialogues that are not right are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// They are, for the writer of the half.
    Shown,
    /// They are not.
    Hidden,
}

/// A dialogue of more turns goes in circles.
const TURNS_MAX: usize = 24;

/// Prints how many dialogues of each half are right, missed and wrong.
///
/// With `Words::Shown`, what is said in those that are not right besides.
pub(crate) fn totals(halves: &[Half], words: Words) {
    for half in halves {
        let file = format!("tests/table/{}-dialogues.toml", half.name);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let table: Table = text.parse().expect("the file is TOML");
        let mut counts = [0; 3];
        let mut faults: BTreeMap<&'static str, usize> = BTreeMap::new();
        for script in table.get("dialogue").and_then(Value::as_array).into_iter().flatten() {
            let Some(called) = Caller::new(half, script).map(Caller::call) else { continue };
            let Called { fate, faults: why, said } = called;
            if words == Words::Shown && fate != Fate::Right {
                println!("{} {}: {fate:?} {why:?}", half.name, text_of(script, "id"));
                said.iter().for_each(|line| println!("    {line}"));
            }
            counts[fate as usize] += 1;
            why.into_iter().for_each(|why| *faults.entry(why).or_default() += 1);
            if half.name != "held-out" && fate != Fate::Right {
                println!("{}: {fate:?} {}", half.name, text_of(script, "id"));
            }
        }
        for (fault, count) in faults {
            println!("  {fault}: {count}");
        }
        let [right, missed, wrong] = counts;
        let all = right + missed + wrong;
        println!("{} dialogues: {all}, right {right}, missed {missed}, wrong {wrong}", half.name);
    }
}

/// What became of a dialogue, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Right,
    Missed,
    Wrong,
}

/// The caller, and what was said to him.
struct Caller<'a> {
    half: &'a Half,
    script: &'a Value,
    row: Row,
    talk: Talk,
    lines: std::vec::IntoIter<&'a Value>,
    /// How often each thing was asked.
    asked: BTreeMap<&'static str, usize>,
    fate: Fate,
    kept: Option<Message>,
    /// What went wrong, without a word of the dialogue.
    faults: Vec<&'static str>,
    /// What was said by either.
    said: Vec<String>,
}

/// What became of a call.
struct Called {
    fate: Fate,
    faults: Vec<&'static str>,
    said: Vec<String>,
}

impl<'a> Caller<'a> {
    fn new(half: &'a Half, script: &'a Value) -> Option<Self> {
        let row = Row {
            line: 0,
            business: text_of(script, "business"),
            shows_number: false,
            now: text_of(script, "now"),
            turns: Vec::new(),
            intents: crate::row::INTENTS.iter().map(|intent| (*intent).to_owned()).collect(),
            outcomes: Vec::new(),
            facts: Vec::new(),
            also: Vec::new(),
        };
        let mut talk = Talk::new(half.agent(&row.business)?, &row.now);
        if let Some(number) = script.get("shows").and_then(Value::as_str) {
            talk = talk.from(number);
        }
        let lines: Vec<&Value> = list(script.get("lines")).collect();
        let lines = lines.into_iter();
        let (asked, kept, faults, said) = (BTreeMap::new(), None, Vec::new(), Vec::new());
        Some(Self { half, script, row, talk, lines, asked, fate: Fate::Right, kept, faults, said })
    }

    /// Calls, and tells what became of it.
    fn call(mut self) -> Called {
        let mut end = "open";
        let mut question = None;
        for turn in 0.. {
            if turn == TURNS_MAX {
                self.note(Fate::Missed, "too many turns");
                break;
            }
            let Some(reply) = self.speak(question) else { break };
            for effect in &reply.effects {
                match effect {
                    Effect::EndCall => end = "goodbye",
                    Effect::Transfer { .. } => end = "transfer",
                    Effect::TakeMessage(message) => self.kept = Some(message.clone()),
                    // The receptionist presses no keys.
                    Effect::PressKeys { .. } => self.note(Fate::Wrong, "keys"),
                }
            }
            if end != "open" {
                break;
            }
            question = asks(&reply);
        }
        if text_of(self.script, "ends") != end {
            self.note(Fate::Missed, "another end");
        }
        self.judge_kept();
        Called { fate: self.fate, faults: self.faults, said: self.said }
    }

    fn note(&mut self, fate: Fate, fault: &'static str) {
        self.said.push(format!("^ {fault}"));
        self.fate = self.fate.max(fate);
        self.faults.push(fault);
    }

    fn say(&mut self, words: &str) -> Reply {
        let reply = self.half.say(&self.row, &mut self.talk, words);
        self.said.push(format!("{words:?} -> {:?}", spoken(&reply)));
        reply
    }

    /// Says what comes next, given what was asked; `None` when there is nothing more to say.
    fn speak(&mut self, question: Option<&'static str>) -> Option<Reply> {
        // Whether there is anything else is answered when there is nothing else.
        let more = question == Some("more") && self.lines.len() > 0;
        if let Some(key) = question.filter(|_| !more) {
            let answers: Vec<&Value> =
                list(self.script.get("answers").and_then(|answers| answers.get(key))).collect();
            let asked = self.asked.entry(key).or_default();
            *asked += 1;
            if let Some(answer) = answers.get(*asked - 1).or(answers.last()) {
                let words = answer.as_str().unwrap_or_default().to_owned();
                return Some(self.say(&words));
            }
            if key != "more" {
                return Some(match *asked {
                    1 => self.say("I don't know."),
                    _ => self.talk.wait(),
                });
            }
        }
        let line = self.lines.next()?;
        let reply = self.say(&text_of(line, "text"));
        self.judge_line(line, &reply);
        Some(reply)
    }

    fn judge_line(&mut self, line: &Value, reply: &Reply) {
        let words = |key: &str, by: char| -> Vec<String> {
            text_of(line, key)
                .split(by)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let outcomes = words("outcome", '/');
        if outcomes.is_empty() {
            return;
        }
        let row = Row {
            outcomes,
            facts: words("facts", ' '),
            also: words("also", ' '),
            ..self.row.clone()
        };
        let said = plain(&spoken(reply));
        let says = list(line.get("say")).all(|any| {
            list(Some(any)).filter_map(Value::as_str).any(|phrase| holds(&said, phrase))
        });
        match judge(&row, reply).verdict {
            Verdict::Right if says => (),
            Verdict::Right => self.note(Fate::Missed, "line: said otherwise"),
            Verdict::AskedAgain => self.note(Fate::Missed, "line: asked again"),
            Verdict::Missed => self.note(Fate::Missed, "line: missed"),
            Verdict::Wrong => self.note(Fate::Wrong, "line: wrong"),
        }
    }

    fn judge_kept(&mut self) {
        let (wanted, kept) = match (self.script.get("kept"), self.kept.take()) {
            (None, None) => return,
            (None, Some(_)) => return self.note(Fate::Wrong, "kept: not wanted"),
            (Some(_), None) => return self.note(Fate::Missed, "kept: none"),
            (Some(wanted), Some(kept)) => (wanted, kept),
        };
        self.said.push(format!(
            "kept {:?} {:?} {:?}",
            kept.name.reveal(),
            kept.number.reveal(),
            kept.reason.reveal()
        ));
        let text = |key: &str| wanted.get(key).and_then(Value::as_str);
        let (name, number, about) =
            (kept.name.reveal(), kept.number.reveal(), kept.reason.reveal());
        if text("name").is_some_and(|wanted| !wanted.eq_ignore_ascii_case(name)) {
            self.note(Fate::Wrong, "kept: another name");
        }
        let digits = |number: &str| number.trim_start_matches("+1").to_owned();
        if text("phone").is_some_and(|wanted| digits(wanted) != digits(number)) {
            self.note(Fate::Wrong, "kept: another number");
        }
        let whole = format!("{name} {number} {about}").to_lowercase();
        if text("email").is_some_and(|wanted| !whole.contains(&wanted.to_lowercase())) {
            self.note(Fate::Wrong, "kept: another address");
        }
        let said = plain(about);
        let about = list(wanted.get("about")).filter_map(Value::as_str);
        // The beginning of a word stands for all its forms.
        if !about.clone().all(|phrase| said.contains(plain(phrase).trim_end())) {
            self.note(Fate::Missed, "kept: about something else");
        }
    }
}

/// What `reply` asks the caller for, by what the agent notes that it has asked.
fn asks(reply: &Reply) -> Option<&'static str> {
    let note = reply.note.as_ref()?;
    let field = |key: &str| {
        let fields = note.0.reveal().split(';');
        fields.filter_map(|field| field.split_once('=')).find(|(own, _)| *own == key)
    };
    if let Some((_, slot)) = field("slot") {
        return match slot {
            "wish" => Some("when"),
            "name" => Some("name"),
            "line" => Some("this_number"),
            "number" => Some("phone"),
            "digits" | "all" => Some("read_back"),
            "reason" => Some("reason"),
            _ => None,
        };
    }
    matches!(field("question"), Some((_, "else"))).then_some("more")
}

fn text_of(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> + Clone {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Lower-case words with a space around each, numbers as digits.
fn plain(text: &str) -> String {
    let words = text.to_lowercase();
    let words =
        words.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let (mut figured, mut at) = (String::from(" "), 0);
    while at < words.len() {
        match cardinal(&words[at..]) {
            Some((value, taken)) => {
                figured.push_str(&format!("{value} "));
                at += taken;
            }
            None => {
                figured.push_str(&format!("{} ", words[at]));
                at += 1;
            }
        }
    }
    figured
}

fn holds(said: &str, phrase: &str) -> bool {
    said.contains(&plain(phrase))
}

/// The number from 0 to 99 at the start of `words`, and how many words it takes.
fn cardinal(words: &[&str]) -> Option<(usize, usize)> {
    let at =
        |table: &str, word: Option<&&str>| table.split(' ').position(|known| Some(&known) == word);
    match (at(TENS, words.first()), at(UNITS, words.get(1))) {
        (Some(tens), Some(unit @ 1..10)) => Some((20 + 10 * tens + unit, 2)),
        (Some(tens), _) => Some((20 + 10 * tens, 1)),
        (None, _) => at(UNITS, words.first()).map(|unit| (unit, 1)),
    }
}

const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";
const UNITS: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen \
                     fourteen fifteen sixteen seventeen eighteen nineteen";
