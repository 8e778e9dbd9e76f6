//! What an utterance is about: services, rules, answers and people, each by the words that name it.

use crate::calendar::find_clock;
use crate::cues::Cue;
use crate::intent::{Certainty, FILLERS, Sense, ServiceHit, Thread};
use crate::lexicon;
use crate::matching::{Candidate, Hearing, Index, Place, Row, Wording};
use crate::words::{Mask, Token};

/// A service is taken for sure from here.
const SURE: f32 = 0.82;
/// Two scores nearer than this are the same.
const MARGIN: f32 = 0.12;
/// From here a service is worth asking back.
const PARTIAL: f32 = 0.3;
/// A row of rules or answers is taken from here, if it leaves little of the utterance unexplained.
const ROW_PARTIAL: f32 = 0.5;
/// More words than these ask something of their own.
const ELLIPTIC_WORDS_MAX: usize = 6;
/// More options in one question nobody remembers.
pub(crate) const OPTIONS_MAX: usize = 3;

impl Sense {
    /// The rules, answers and people that the utterance is about.
    pub(crate) fn take_rows(&mut self, candidates: &[Candidate]) -> Vec<Candidate> {
        let mut taken: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            let wanted = match candidate.row {
                Row::Service(_) | Row::Emergency => false,
                Row::Policy(_) | Row::Faq(_) | Row::Staff(_) => {
                    self.is_about(candidate, candidates)
                }
            };
            if wanted && !taken.iter().any(|other| Self::explains(other, candidate)) {
                taken.push(*candidate);
            }
        }
        taken
    }

    /// Whether `candidate` adds nothing to `other`.
    pub(crate) fn explains(other: &Candidate, candidate: &Candidate) -> bool {
        other.mask.meets(candidate.mask)
            && (other.rank() > candidate.rank() + 0.08
                || other.mask.covers(candidate.mask) && other.mask != candidate.mask)
    }

    pub(crate) fn is_about(&self, candidate: &Candidate, candidates: &[Candidate]) -> bool {
        let mut cues = self.strong_cues();
        if candidate.place == Place::Question {
            // "I need to cancel my appointment" is not "do I need an appointment".
            cues = cues.union(self.mask_of(Cue::Undo));
        }
        let own = candidate.mask.without(cues);
        let others = candidates
            .iter()
            .filter(|other| matches!(other.row, Row::Service(_)) && other.score >= SURE);
        let served = others.fold(Mask::default(), |mask, other| mask.union(other.mask));
        let free = self.utterance.weight(own.without(served));
        match (candidate.row, candidate.place) {
            (_, Place::Question) if candidate.wording == Wording::Verbatim => true,
            (Row::Staff(_), _) => candidate.score >= 0.85,
            (_, Place::Name) if candidate.score >= 0.85 => {
                free >= 0.5 || free > 0.0 && cues == Mask::default()
            }
            (_, Place::Question) if candidate.score >= 0.85 && free >= 0.75 => true,
            (_, Place::Question) => {
                let share = self.share(candidate.mask, cues);
                let near = if candidate.score >= 0.75 { 0.42 } else { 0.6 };
                candidate.score >= ROW_PARTIAL
                    && candidate.weight >= 0.5
                    && free >= 0.75
                    && share >= near
            }
            (_, Place::Name) => false,
            (_, Place::Text) => {
                self.is_question() && free >= 0.75 && self.share(candidate.mask, cues) >= 0.75
            }
        }
    }

    /// Cues that explain their words better than any row could.
    pub(crate) fn strong_cues(&self) -> Mask {
        let strong = self.cues.iter().filter(|hit| match hit.cue {
            Cue::Close
            | Cue::Hours
            | Cue::Opening
            | Cue::Booking
            | Cue::Duration
            | Cue::Availability
            | Cue::Danger
            | Cue::Message
            | Cue::Person
            | Cue::Done
            | Cue::Nothing => true,
            Cue::Parking | Cue::Email | Cue::Website | Cue::Phone | Cue::Location => true,
            Cue::Price
            | Cue::Offered
            | Cue::ServiceList
            | Cue::About
            | Cue::Open
            | Cue::Closed
            | Cue::Visit
            | Cue::Directions
            | Cue::BusinessName
            | Cue::StaffList
            | Cue::Works
            | Cue::Undo
            | Cue::NoBooking
            | Cue::Repeat
            | Cue::Misunderstood
            | Cue::Robot
            | Cue::Help
            | Cue::HowAreYou
            | Cue::Greeting
            | Cue::Thanks
            | Cue::Bye
            | Cue::NeverMind
            | Cue::Correction => false,
        });
        strong.fold(Mask::default(), |mask, hit| mask.union(hit.mask)).union(self.days.mask)
    }

    /// How much of what its sentences say `mask` explains.
    pub(crate) fn share(&self, mask: Mask, cues: Mask) -> f32 {
        let tokens = self.utterance.tokens.iter().enumerate();
        let sentences: Vec<usize> = tokens
            .clone()
            .filter(|(at, _)| mask.holds(*at))
            .map(|(_, token)| token.sentence)
            .collect();
        let mut within = Mask::default();
        for (at, token) in tokens {
            if sentences.contains(&token.sentence) && !cues.holds(at) {
                within.add(at);
            }
        }
        let all = self.utterance.weight(within);
        if all > 0.0 { self.utterance.weight(mask.without(cues)) / all } else { 0.0 }
    }

    /// The services that the utterance names.
    pub(crate) fn find_services(
        &self,
        candidates: &[Candidate],
        rows: &[Candidate],
    ) -> Vec<ServiceHit> {
        let mut hits: Vec<ServiceHit> = Vec::new();
        let mut claimed = Mask::default();
        let services: Vec<(usize, &Candidate)> = candidates
            .iter()
            .filter_map(|candidate| match candidate.row {
                Row::Service(at) => Some((at, candidate)),
                Row::Policy(_) | Row::Faq(_) | Row::Staff(_) | Row::Emergency => None,
            })
            .collect();
        for (at, candidate) in &services {
            if candidate.mask.meets(claimed) || candidate.score < PARTIAL {
                continue;
            }
            let overruled = rows.iter().any(|row| {
                row.mask.meets(candidate.mask)
                    && row.score > 0.8
                    && row.rank() > candidate.rank() + 0.05
            });
            if overruled {
                continue;
            }
            let rivals = services.iter().filter(|(other, rival)| {
                other != at && rival.mask.meets(candidate.mask) && rivals(candidate, rival)
            });
            let mut options = vec![*at];
            options.extend(rivals.map(|(other, _)| *other).take(OPTIONS_MAX - 1));
            let sure = candidate.score >= SURE && options.len() == 1;
            let certainty = if sure { Certainty::Sure } else { Certainty::Unsure };
            claimed = claimed.union(candidate.mask);
            hits.push(ServiceHit { options, certainty, mask: candidate.mask });
        }
        hits.sort_by_key(|hit| hit.mask.first());
        hits
    }

    /// "A twin room" is hardly "a queen room" where there is a king room, too: of services that share
    /// a word, one is not taken for sure by a word that only sounds like its own.
    pub(crate) fn doubt_misheard(&mut self, index: &Index) {
        let tokens = &self.utterance.tokens;
        let services = index.services();
        for hit in self.services.iter_mut().filter(|hit| hit.certainty == Certainty::Sure) {
            let own = hit.options[0];
            // One of its words is no word of the service, so it only sounded like one.
            let alike = (0..tokens.len()).any(|at| {
                hit.mask.holds(at)
                    && tokens[at].weight > 0.0
                    && !index.words_of_service(own).any(|word| word == tokens[at].lemma)
            });
            let shared = |token: &Token| {
                token.weight > 0.0
                    && (0..services).any(|at| {
                        at != own && index.words_of_service(at).any(|word| word == token.lemma)
                    })
                    && index.words_of_service(own).any(|word| word == token.lemma)
            };
            let shares = (0..tokens.len()).any(|at| hit.mask.holds(at) && shared(&tokens[at]));
            if alike && shares {
                hit.certainty = Certainty::Unsure;
            }
        }
    }

    /// "A business return" where there is one business tax return: all words that no other service has,
    /// and the last one, name it. So does a part of a name behind one of which it has the rest: "how
    /// much is a flu shot?", "and the shingles one?".
    pub(crate) fn trust_parts(&mut self, candidates: &[Candidate], index: &Index, thread: &Thread) {
        let tokens = &self.utterance.tokens;
        let services = index.services();
        let asked = self.has_any(&[Cue::Price, Cue::Duration, Cue::Offered]);
        let goes_on = tokens.len() <= ELLIPTIC_WORDS_MAX;
        let days = self.days.mask;
        if self.services.iter().any(|hit| hit.certainty == Certainty::Sure) {
            return;
        }
        // "A garden scrub" is no coconut scrub, though there is only one scrub.
        let explained = self.cue_mask().union(days);
        let strange = telling(tokens).without(explained);
        let spoken_of: Vec<&str> =
            thread.services.iter().flat_map(|at| index.words_of_service(*at)).collect();
        for hit in self.services.iter_mut().filter(|hit| hit.certainty == Certainty::Unsure) {
            let &[own] = &hit.options[..] else { continue };
            if hit.mask.meets(days) || !strange.without(hit.mask).is_empty() {
                continue;
            }
            let plain = candidates.iter().any(|candidate| {
                candidate.row == Row::Service(own)
                    && candidate.mask == hit.mask
                    && candidate.hearing == Hearing::Plain
            });
            let said = |word: &str| {
                (0..tokens.len()).any(|at| hit.mask.holds(at) && tokens[at].lemma == word)
            };
            let is_shared = |word: &str| {
                (0..services)
                    .any(|at| at != own && index.words_of_service(at).any(|other| other == word))
            };
            let named = index.names_of_service(own).any(|words| {
                let mut telling = words.iter().filter(|word| !is_shared(word)).peekable();
                let told = telling.peek().is_some() && telling.all(|word| said(word));
                let head = words.last().is_some_and(|word| said(word));
                let rest = words.iter().all(|word| said(word) || spoken_of.contains(word));
                let some = words.iter().any(|word| said(word));
                // One word alone may be another one that was misheard.
                asked && told && head && hit.mask.count() > 1
                    || goes_on && !asked && some && rest && !spoken_of.is_empty()
            });
            if plain && named {
                hit.certainty = Certainty::Sure;
            }
        }
    }

    /// The rows that no service explains better.
    pub(crate) fn drop_overruled(&mut self, rows: Vec<Candidate>) -> Vec<Candidate> {
        let sure: Vec<Mask> = self
            .services
            .iter()
            .filter(|hit| hit.certainty == Certainty::Sure)
            .map(|hit| hit.mask)
            .collect();
        let price = self.mask_of(Cue::Price);
        let priced = self.has_any(&[Cue::Price, Cue::Duration]);
        let kept: Vec<Candidate> = rows
            .into_iter()
            .filter(|row| {
                let served = sure.iter().fold(Mask::default(), |mask, hit| mask.union(*hit));
                let own = self.utterance.weight(row.mask.without(served));
                let staff = matches!(row.row, Row::Staff(_));
                // "What would I pay for a crown?" is not about ways to pay.
                if !sure.is_empty() && price.covers(row.mask) {
                    return false;
                }
                !row.mask.meets(served) || own >= 0.75 && !priced && !staff
            })
            .collect();
        // What a rule or an answer explains is no uncertain service.
        self.services.retain(|hit| {
            hit.certainty == Certainty::Sure
                || priced && !kept.iter().any(|row| row.mask.meets(hit.mask))
                || kept.is_empty()
        });
        // Nor is what is left of a service's words a sure one where a whole question was asked.
        self.services.retain(|hit| {
            !kept.iter().any(|row| {
                row.score >= 0.9
                    && row.place == Place::Question
                    && row.mask.covers(hit.mask)
                    && row.mask != hit.mask
            })
        });
        kept
    }

    pub(crate) fn find_leftover(&self, rows: &[Candidate]) -> Mask {
        let mut explained = self.cue_mask().union(self.days.mask);
        for row in rows {
            explained = explained.union(row.mask);
        }
        for hit in &self.services {
            explained = explained.union(hit.mask);
        }
        if let Some((_, mask)) = find_clock(&self.utterance) {
            explained = explained.union(mask);
        }
        let mut leftover = Mask::default();
        for (at, token) in self.utterance.tokens.iter().enumerate() {
            if token.weight >= 1.0
                && !explained.holds(at)
                && !crate::numbers::is_number(&token.text)
                && !self.is_interjection(at)
            {
                leftover.add(at);
            }
        }
        leftover
    }

    /// "Wait, how much is it?"
    pub(crate) fn is_interjection(&self, at: usize) -> bool {
        let tokens = &self.utterance.tokens;
        let starts = at.checked_sub(1).is_none_or(|before| {
            tokens[before].sentence != tokens[at].sentence
                || FILLERS.contains(&tokens[before].text.as_str())
        });
        tokens[at].text == "wait" && starts
    }

    /// "root canal" is not "root": a telling word right behind a short name makes another thing of
    /// it, and beside half a name it is the other half of something else.
    pub(crate) fn doubt_compounds(&mut self) {
        let tokens = &self.utterance.tokens;
        let leftover = self.leftover;
        let named = self.services.iter().map(|hit| hit.mask).fold(Mask::default(), Mask::union);
        let foreign = telling(tokens).without(self.cue_mask().union(self.days.mask).union(named));
        let mut modified = Mask::default();
        for hit in &mut self.services {
            let behind = hit.mask.last() + 1;
            let same = |at: usize| {
                tokens.get(at).is_some_and(|token| token.part == tokens[hit.mask.last()].part)
            };
            let neutral = tokens.get(behind).is_some_and(|token| lexicon::is_neutral(&token.text));
            let continued = hit.mask.count() == 1 && leftover.holds(behind) && same(behind);
            let is_modified = is_modified(tokens, foreign, hit.mask);
            if continued && !neutral || is_modified {
                hit.certainty = Certainty::Unsure;
            }
            if is_modified {
                modified = modified.union(hit.mask);
            }
        }
        let sure = self.sure_services();
        let beside = |hit: &ServiceHit| {
            hit.certainty == Certainty::Unsure
                && sure.iter().any(|(mask, _)| self.share_clause(*mask, hit.mask))
        };
        let services = self.services.iter().filter(|hit| !beside(hit)).cloned().collect();
        self.services = services;
        let utterance = &self.utterance;
        self.services.retain(|hit| {
            hit.certainty == Certainty::Sure
                || modified.covers(hit.mask)
                || hit.options.len() == 1 && utterance.weight(leftover) < 0.5
                || utterance.weight(leftover) < 0.5
                || hit.mask.count() > 1
        });
    }
}

/// "A gold crown", "aerial yoga": a telling word of no row right before a name makes another thing
/// of it, unless it tells whose: "my dog's nail trim".
fn is_modified(tokens: &[Token], foreign: Mask, mask: Mask) -> bool {
    let first = mask.first();
    let same = |at: usize| tokens[at].part == tokens[first].part;
    let run = (0..first).rev().take_while(|at| foreign.holds(*at) && same(*at)).last();
    let Some(start) = run else { return false };
    let owned = start.checked_sub(1).is_some_and(|before| {
        ["my", "our", "his", "her", "their", "to"].contains(&tokens[before].text.as_str())
    });
    let last = &tokens[first - 1].text;
    let whose = last.ends_with('s') && lexicon::synonym(last).is_some();
    !owned && !whose
}

/// The words that say as much as a name.
fn telling(tokens: &[Token]) -> Mask {
    let mut mask = Mask::default();
    for (at, token) in tokens.iter().enumerate() {
        if token.weight >= 1.0 && !crate::numbers::is_number(&token.text) {
            mask.add(at);
        }
    }
    mask
}

/// Whether `rival` is so near to `candidate` that one must ask.
fn rivals(candidate: &Candidate, rival: &Candidate) -> bool {
    let margin = if candidate.score >= SURE { MARGIN } else { MARGIN + 0.06 };
    rival.score >= candidate.score - margin
        && (!candidate.exact || rival.exact)
        && !(candidate.mask.covers(rival.mask)
            && candidate.mask != rival.mask
            && candidate.score >= SURE)
}
