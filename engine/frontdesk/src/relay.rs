//! "Tell Dana that I hurt my wrist", "could Kelly email me": who is to be told something, or to get
//! in touch, is to be left a message.

use crate::cues::Cue;
use crate::intent::Sense;
use crate::matching::Row;
use crate::pattern::CueHit;
use crate::words::Mask;

/// How far before a name the verb may stand: "let the old innkeeper know".
const REACH: usize = 3;

impl Sense {
    /// Takes words that pass something on to a person for the wish to leave a message.
    pub(crate) fn find_relay(&mut self) {
        if self.has(Cue::Message) {
            return;
        }
        let people = self.rows.iter().filter(|row| matches!(row.row, Row::Staff(_)));
        let relay = people.map(|row| row.mask).find_map(|mask| {
            let told = self.tells(mask).map(|verb| Mask::span(verb, verb + 1));
            told.or_else(|| self.gets_in_touch(mask))
        });
        self.cues.extend(relay.map(|mask| CueHit { cue: Cue::Message, mask }));
    }

    /// The verb before the name at `mask` that passes something on.
    fn tells(&self, mask: Mask) -> Option<usize> {
        let tokens = &self.utterance.tokens;
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        let first = mask.first();
        let between = |verb: usize| {
            (verb + 1..first).all(|at| {
                !["me", "us", "you", "i", "when", "if", "what", "about"].contains(&text(at))
                    && tokens[at].part == tokens[first].part
            })
        };
        let behind = mask.last() + 1;
        let goes_on = tokens.get(behind).is_some_and(|token| token.part == tokens[first].part);
        let has_behind = |words: &[&str]| {
            (behind..tokens.len().min(behind + REACH)).any(|at| words.contains(&text(at)))
        };
        let before = |at: usize| at.checked_sub(1).map_or("", text);
        (first.saturating_sub(REACH)..first).find(|verb| {
            between(*verb)
                && match text(*verb) {
                    "tell" | "inform" | "notify" | "remind" => goes_on,
                    "ask" => goes_on && ["you", "please", ""].contains(&before(*verb)),
                    "let" => has_behind(&["know"]),
                    "have" | "get" => {
                        before(*verb) != "do"
                            && has_behind(&["call", "ring", "email", "text", "phone"])
                    }
                    _ => false,
                }
        })
    }

    /// The words behind the name at `mask` that ask for a call or a line from that person.
    fn gets_in_touch(&self, mask: Mask) -> Option<Mask> {
        const WAYS: [&str; 8] =
            ["call", "ring", "phone", "text", "email", "mail", "write", "contact"];
        let tokens = &self.utterance.tokens;
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        let way = mask.last() + 1;
        let asked = mask
            .first()
            .checked_sub(1)
            .is_some_and(|at| ["can", "could", "would", "will", "have", "may"].contains(&text(at)));
        let reached = ["me", "us", "back"].contains(&text(way + 1));
        (asked && WAYS.contains(&text(way)) && reached).then(|| Mask::span(way, way + 2))
    }
}
