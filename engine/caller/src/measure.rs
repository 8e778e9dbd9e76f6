//! What was heard, as figures.

use std::ops::Range;

use types::{CallTime, Millis, SampleRate};

use crate::playout::{samples_at, time_of};
use crate::report::{BargeIn, ClearMeasure, Gap, GreetingMeasure, TurnMeasure};

/// An agent that began to speak during the question and is still heard this long after it counts
/// as replying; one that falls silent before has merely been cut off.
const TALKS_ON: Millis = Millis::new(400);

/// A question as it was asked. Positions are samples on the timeline.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) label: String,
    /// First sample of speech.
    pub(crate) began: usize,
    /// Behind the last.
    pub(crate) ended: usize,
    pub(crate) interrupts: bool,
}

/// What there is to measure.
pub(crate) struct Heard<'a> {
    pub(crate) rate: SampleRate,
    /// When the agent could be heard.
    pub(crate) spans: &'a [Range<usize>],
    pub(crate) gaps: &'a [Gap],
    /// When the agent's queue was dropped, in order.
    pub(crate) clears: &'a [ClearMeasure],
}

/// Where the reply to `asked` begins: what starts behind the question; else what started within it
/// and goes on behind it.
pub(crate) fn reply_onset(
    rate: SampleRate,
    spans: &[Range<usize>],
    asked: &Asked,
) -> Option<usize> {
    let behind = spans.iter().find(|span| asked.ended <= span.start).map(|span| span.start);
    behind.or_else(|| {
        let heard = asked.ended + rate.samples_in(TALKS_ON);
        let talks_on = |span: &&Range<usize>| asked.began < span.start && heard <= span.end;
        spans.iter().find(talks_on).map(|_| asked.ended)
    })
}

impl Heard<'_> {
    pub(crate) fn greeting(&self, asked: &[Asked]) -> Option<GreetingMeasure> {
        let until = asked.first().map_or(usize::MAX, |question| question.began);
        let audio = self.stretch(0, until)?;
        Some(GreetingMeasure {
            began: self.time(audio.start),
            ended: self.time(audio.end),
            gaps: self.gaps_in(&audio),
            audio,
        })
    }

    pub(crate) fn turns(&self, asked: &[Asked]) -> Vec<TurnMeasure> {
        let nexts = asked.iter().skip(1).map(|next| next.began).chain([usize::MAX]);
        asked.iter().zip(nexts).map(|(asked, next)| self.turn(asked, next)).collect()
    }

    fn turn(&self, asked: &Asked, next: usize) -> TurnMeasure {
        let onset = reply_onset(self.rate, self.spans, asked).filter(|&onset| onset < next);
        let reply = onset.and_then(|onset| self.stretch(onset, next));
        let (began, ended) = (self.time(asked.began), self.time(asked.ended));
        let reply_began = reply.as_ref().map(|reply| self.time(reply.start));
        let within = |span: &&Range<usize>| asked.began < span.start && span.start < asked.ended;
        TurnMeasure {
            label: asked.label.clone(),
            question_began: began,
            question_ended: ended,
            reply_began,
            reply_ended: reply.as_ref().map(|reply| self.time(reply.end)),
            response: reply_began.map(|reply_began| reply_began - ended),
            gaps: reply.as_ref().map_or_else(Vec::new, |reply| self.gaps_in(reply)),
            reply_audio: reply,
            talked_over: !asked.interrupts && self.spans.iter().any(|span| within(&span)),
            barge_in: asked.interrupts.then(|| self.barge_in(asked)),
        }
    }

    /// From `onset` to the end of the last span that starts before `next`.
    fn stretch(&self, onset: usize, next: usize) -> Option<Range<usize>> {
        let spans = || self.spans.iter().filter(|span| onset < span.end && span.start < next);
        let (first, last) = (spans().next()?, spans().next_back()?);
        Some(first.start.max(onset)..last.end)
    }

    /// The agent counts as stopped behind the last thing it began before it dropped its queue; or,
    /// if it never did, before the interruption ended.
    fn barge_in(&self, asked: &Asked) -> BargeIn {
        let began = self.time(asked.began);
        let clear = self.clears.iter().map(|clear| clear.at).find(|at| began <= *at);
        let given_up = clear.map_or(asked.ended, |at| samples_at(self.rate, at).min(asked.ended));
        let old = |span: &&Range<usize>| span.start < given_up && asked.began < span.end;
        let silent = self.spans.iter().rfind(old).map_or(asked.began, |span| span.end);
        let (onset, silent_at) = (self.time(asked.began), self.time(silent));
        BargeIn { onset, silent_at, stop: silent_at - onset }
    }

    fn gaps_in(&self, audio: &Range<usize>) -> Vec<Gap> {
        let (from, to) = (self.time(audio.start), self.time(audio.end));
        self.gaps.iter().filter(|gap| from <= gap.at && gap.at < to).copied().collect()
    }

    fn time(&self, position: usize) -> CallTime {
        time_of(self.rate, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 8 kHz, in milliseconds.
    fn asked(began: usize, ended: usize) -> Asked {
        Asked { label: "q".into(), began: began * 8, ended: ended * 8, interrupts: false }
    }

    fn interrupting(began: usize, ended: usize) -> Asked {
        Asked { interrupts: true, ..asked(began, ended) }
    }

    fn measured(spans_ms: &[(usize, usize)], asked: &[Asked]) -> Vec<TurnMeasure> {
        let spans: Vec<Range<usize>> = spans_ms.iter().map(|&(a, b)| a * 8..b * 8).collect();
        let gap = Gap {
            at: CallTime::from_millis(3_100),
            length: Millis::new(60),
            place: crate::GapPlace::InAudio,
        };
        let clears = &[ClearMeasure {
            at: CallTime::from_millis(4_350),
            dropped: Millis::new(500),
            marks: 1,
        }];
        Heard { rate: SampleRate::Hz8000, spans: &spans, gaps: &[gap], clears }.turns(asked)
    }

    #[test]
    fn a_reply_runs_from_its_first_to_its_last_sound_before_the_next_question() {
        let spans = [(100, 900), (3_000, 3_500), (3_800, 4_000), (7_000, 8_000)];
        let turns = measured(&spans, &[asked(1_500, 2_400), asked(5_000, 6_000)]);
        assert_eq!(turns[0].response, Some(Millis::new(600)));
        assert_eq!(turns[0].reply_ended, Some(CallTime::from_millis(4_000)));
        assert_eq!(turns[0].reply_audio, Some(24_000..32_000));
        assert_eq!(turns[0].gaps.len(), 1);
        assert_eq!(turns[1].response, Some(Millis::new(1_000)));
        assert_eq!(turns[1].gaps, []);
        assert!(!turns[0].talked_over && turns[0].barge_in.is_none());
    }

    #[test]
    fn silence_until_the_next_question_is_no_reply() {
        let turns =
            measured(&[(100, 900), (7_000, 8_000)], &[asked(1_500, 2_400), asked(5_000, 6_000)]);
        assert_eq!((turns[0].response, turns[0].reply_began), (None, None));
        assert_eq!(turns[1].response, Some(Millis::new(1_000)));
    }

    #[test]
    fn an_interrupted_agent_stops_before_it_replies() {
        let spans = [(2_500, 4_300), (5_600, 6_000)];
        let turns = measured(&spans, &[asked(1_000, 2_000), interrupting(4_000, 5_000)]);
        let stop = Millis::new(300);
        let (onset, silent_at) = (CallTime::from_millis(4_000), CallTime::from_millis(4_300));
        assert_eq!(turns[1].barge_in, Some(BargeIn { onset, silent_at, stop }));
        assert_eq!(turns[1].response, Some(Millis::new(600)));
        assert!(!turns[1].talked_over);
        assert_eq!(turns[0].reply_ended, Some(silent_at), "the reply that was cut off");
    }

    #[test]
    fn what_the_agent_says_after_it_gave_way_is_no_part_of_its_stopping() {
        let spans = [(2_500, 4_300), (4_700, 4_900), (5_600, 6_000)];
        let turns = measured(&spans, &[asked(1_000, 2_000), interrupting(4_000, 5_000)]);
        assert_eq!(turns[1].barge_in.map(|barge_in| barge_in.stop), Some(Millis::new(300)));
    }

    #[test]
    fn an_agent_that_cuts_in_is_told_from_one_that_answers() {
        let cut_in = measured(&[(1_500, 1_800), (2_500, 3_000)], &[asked(1_000, 2_000)]);
        assert!(cut_in[0].talked_over);
        assert_eq!(cut_in[0].response, Some(Millis::new(500)));
        let talks_on = measured(&[(1_500, 2_900)], &[asked(1_000, 2_000)]);
        assert!(talks_on[0].talked_over);
        assert_eq!(talks_on[0].response, Some(Millis::ZERO));
        let stopped = measured(&[(1_500, 2_300)], &[asked(1_000, 2_000)]);
        assert_eq!(stopped[0].response, None);
    }
}
