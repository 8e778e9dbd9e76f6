//! A story made from a log: every entry finds its turn.

use std::collections::BTreeMap;

use call::{
    Action, Certainty, Decision, Event, LogEntry, LogError, LogHeader, LogLine, LogReader, Remark,
    Rule,
};
use types::{BargeIn, CallTime, FactId, GenerationId, Millis, Pii, Stages, TurnId, UtteranceId};

use super::reply::unheard;
use super::{Ending, Leg, Moment, Partial, Reply, STORY_FORMAT, Span, Story, Turn, TurnEnd, What};

impl Story {
    /// The story that the log in `bytes` tells, as far as it goes.
    ///
    /// # Errors
    /// [`LogError`] if a line cannot be read. A torn last line is no error.
    pub fn read(bytes: &[u8]) -> Result<Self, LogError> {
        let mut reader = LogReader::new(bytes)?;
        let mut builder = Builder::new(reader.header());
        while let Some(line) = reader.next_line()? {
            builder.take(line);
        }
        Ok(builder.finish())
    }
}

/// Whose moment it is.
#[derive(Clone, Copy, Debug)]
enum Owner {
    /// This turn's.
    Turn(TurnId),
    /// The turn's that this utterance will belong to.
    Utterance(UtteranceId),
    /// The turn's that is being told.
    Present,
}

struct Builder {
    story: Story,
    moments: Vec<(Owner, Moment)>,
    /// To which turn each utterance belongs, once that is known.
    turn_of: BTreeMap<UtteranceId, TurnId>,
    /// Utterances and keys no turn has answered yet.
    open: Vec<UtteranceId>,
    keys: String,
    utterance: Option<UtteranceId>,
    voice: Voice,
    replies: BTreeMap<GenerationId, Reply>,
    asked: BTreeMap<GenerationId, CallTime>,
    finals: BTreeMap<UtteranceId, Pii<String>>,
    spans: Vec<(UtteranceId, Span)>,
    partials: Vec<(UtteranceId, Partial)>,
    stages: Stages,
    /// Which chose the endpoint delay last.
    rule: Option<Rule>,
    present: TurnId,
}

/// What the detector says of the caller.
#[derive(Clone, Copy, Debug)]
enum Voice {
    Silent { since: CallTime },
    Speaking { since: CallTime },
}

impl Builder {
    fn new(header: &LogHeader) -> Self {
        let story = Story {
            format: STORY_FORMAT,
            log_format: header.format,
            call: header.call,
            business: header.business,
            agent: header.agent,
            version: header.version,
            began: header.began,
            leg: None,
            settings: header.config.turns.clone(),
            until: CallTime::ZERO,
            ended: None,
            turns: vec![Turn::default()],
        };
        Self {
            story,
            moments: Vec::new(),
            turn_of: BTreeMap::new(),
            open: Vec::new(),
            keys: String::new(),
            utterance: None,
            voice: Voice::Silent { since: CallTime::ZERO },
            replies: BTreeMap::new(),
            asked: BTreeMap::new(),
            finals: BTreeMap::new(),
            spans: Vec::new(),
            partials: Vec::new(),
            stages: Stages::default(),
            rule: None,
            present: TurnId::FIRST,
        }
    }

    fn take(&mut self, line: LogLine) {
        let LogLine { at, entry } = line;
        self.story.until = at;
        match entry {
            LogEntry::Event(event) => self.event(at, event),
            LogEntry::Action(action) => self.action(at, action),
            // What a timer leads to is told by the decision behind it.
            LogEntry::Timeout(timer) => {
                if is_deadline(timer) {
                    self.push(Owner::Present, at, What::TimedOut { timer });
                }
            }
            LogEntry::Remark(Remark::Leg { from, to, format }) => {
                self.story.leg = Some(Leg { from, to, format });
            }
            LogEntry::Remark(remark) => {
                if let Remark::Starved { generation } = &remark {
                    self.reply(*generation).gaps += 1;
                }
                self.push(Owner::Present, at, What::Noticed { remark });
            }
        }
    }

    fn event(&mut self, now: CallTime, event: Event) {
        match event {
            Event::SpeechStarted { at } => self.voice_began(at),
            Event::SpeechResumed => self.voice_began(now),
            Event::SpeechPaused { at }
            | Event::SpeechEnded { at }
            | Event::SpeechStopped { at } => self.voice_ended(at),
            Event::Partial { utterance, text } => {
                self.words(now, utterance, text, Certainty::Partial);
            }
            Event::Stable { utterance, text, .. } => {
                self.words(now, utterance, text, Certainty::Stable);
            }
            Event::Final { utterance, text, others, audio } => {
                let took = self.stages.endpointed.map(|ended| now.since(ended));
                self.stages.transcribed = Some(now);
                self.finals.insert(utterance, text.clone());
                self.push(
                    Owner::Utterance(utterance),
                    now,
                    What::Understood { text, others, audio, took },
                );
            }
            Event::Thought { generation, cites, .. } => self.thought(now, generation, cites),
            Event::Understood { reading, because, .. } => {
                self.push(Owner::Present, now, What::Chose { reading, because });
            }
            Event::SegmentVoiced { generation, .. } => self.voiced(now, generation),
            Event::PlayoutSent { generation } => {
                self.turn(generation.turn).stages.sent.get_or_insert(now);
            }
            Event::PlayoutStarted { generation, at } => self.heard_from(generation, at),
            Event::PlayoutFinished { generation, at } => {
                self.reply(generation).until = Some(at);
            }
            Event::PlayoutCleared { generation, heard } => {
                let played = heard.iter().fold(Millis::ZERO, |sum, part| sum + part.heard);
                let reply = self.reply(generation);
                reply.until = reply.from.map(|from| (from + played).min(now));
            }
            Event::Dtmf { digit } => {
                self.keys.push(digit.symbol());
                self.push(Owner::Present, now, What::Key { digit: digit.symbol() });
            }
            Event::LegRefused { reason } => {
                self.push(Owner::Present, now, What::Refused { reason });
            }
            Event::LegEnded { how } => self.push(Owner::Present, now, What::LegGone { how }),
            Event::EndRequested { .. } => self.push(Owner::Present, now, What::EndAsked),
            Event::AttachRefused { reason } => {
                self.push(Owner::Present, now, What::Refused { reason });
            }
            // What follows from these is told where it shows.
            Event::Answered
            | Event::AttachAccepted
            | Event::RecognizerFailed
            | Event::ThoughtPaused { .. }
            | Event::RecognizerRecovers
            | Event::ThoughtEffect { .. }
            | Event::ThoughtDone { .. }
            | Event::ThoughtFailed { .. }
            | Event::Echo { .. }
            | Event::SegmentQueued { .. }
            | Event::SegmentFailed { .. }
            | Event::SegmentHeard { .. }
            | Event::Detached { .. }
            | Event::Reattached { .. }
            | Event::Restored { .. } => (),
        }
    }

    fn thought(&mut self, now: CallTime, generation: GenerationId, cites: Vec<FactId>) {
        let took = self.asked.get(&generation).map(|asked| now.since(*asked));
        self.reply(generation).cites.extend(cites);
        let turn = self.turn(generation.turn);
        if turn.stages.thought.is_none() {
            turn.stages.thought = Some(now);
            self.push(Owner::Turn(generation.turn), now, What::Thought { took });
        }
    }

    fn voiced(&mut self, now: CallTime, generation: GenerationId) {
        let turn = self.turn(generation.turn);
        let took = turn.stages.thought.map(|thought| now.since(thought));
        if turn.stages.voiced.is_none() {
            turn.stages.voiced = Some(now);
            self.push(Owner::Turn(generation.turn), now, What::Voiced { took });
        }
    }

    fn action(&mut self, now: CallTime, action: Action) {
        match action {
            Action::BeginUtterance { utterance, .. } => {
                self.utterance = Some(utterance);
                self.open.push(utterance);
            }
            // Its words were overdue, and those before them are used.
            Action::DiscardUtterance { utterance } if self.finals.contains_key(&utterance) => (),
            Action::DiscardUtterance { utterance } => {
                // Nobody answers it: it is told where it was said.
                self.open.retain(|open| *open != utterance);
                self.turn_of.entry(utterance).or_insert(self.present);
                if self.open.is_empty() {
                    self.stages = Stages::default();
                }
            }
            Action::Think { generation, .. } => {
                self.open_turn(generation.turn);
                self.asked.insert(generation, now);
                self.push(Owner::Turn(generation.turn), now, What::Thinks { generation });
            }
            Action::Speak { generation, text, barge_in, .. } => {
                self.open_turn(generation.turn);
                let reply = self.reply(generation);
                let mut said = std::mem::take(&mut reply.said).into_revealed();
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(text.reveal());
                reply.said = Pii::new(said);
                self.says(now, generation, (text, barge_in));
            }
            Action::HoldPlayout { generation } => self.hold(now, What::Held { generation }),
            Action::ResumePlayout { generation } => self.hold(now, What::Released { generation }),
            Action::ClearPlayout { generation } => self.hold(now, What::Cleared { generation }),
            Action::Leg { order } => self.push(Owner::Present, now, What::Ordered { order }),
            Action::KeepMessage { .. } => self.push(Owner::Present, now, What::MessageKept),
            Action::Note { decision } => self.decision(now, decision),
            Action::Finish { reason } => {
                self.story.ended = Some(Ending { reason, at: now });
                self.push(Owner::Present, now, What::Ended { reason });
            }
            Action::PauseUtterance { .. }
            | Action::ResumeUtterance { .. }
            | Action::FinalizeUtterance { .. }
            | Action::CancelThought { .. }
            | Action::EndSpeech { .. }
            | Action::CancelSpeech { .. }
            | Action::Reattach { .. } => (),
        }
    }

    /// Words for the voice; pieces handed over together are told together.
    fn says(
        &mut self,
        now: CallTime,
        generation: GenerationId,
        (text, barge_in): (Pii<String>, BargeIn),
    ) {
        let is_protected = barge_in == BargeIn::Protected;
        if let Some((
            _,
            Moment { at, what: What::Says { generation: same, text: said, protected } },
        )) = self.moments.last_mut()
            && *same == generation
            && *protected == is_protected
            && now.since(*at) < TOGETHER
        {
            let joined = format!("{} {}", said.reveal(), text.reveal());
            *said = Pii::new(joined);
            return;
        }
        let what = What::Says { generation, text, protected: is_protected };
        self.push(Owner::Turn(generation.turn), now, what);
    }

    /// A moment of a reply that the caller's speech may bring about.
    fn hold(&mut self, now: CallTime, what: What) {
        let owner = self.utterance.map_or(Owner::Present, Owner::Utterance);
        self.push(owner, now, what);
    }

    fn decision(&mut self, now: CallTime, decision: Decision) {
        let mut turn_end = None;
        let owner = match &decision {
            Decision::Endpointed { utterance, speech_ended } => {
                turn_end = Some(TurnEnd {
                    silence: now.since(*speech_ended),
                    chosen: self.stages.endpoint_delay,
                    rule: self.rule,
                });
                self.stages.speech_ended = Some(*speech_ended);
                self.stages.endpointed = Some(now);
                Owner::Utterance(*utterance)
            }
            Decision::EndpointDelay { utterance, delay, rule, .. } => {
                self.rule = Some(*rule);
                self.stages.endpoint_delay = Some(*delay);
                Owner::Utterance(*utterance)
            }
            Decision::FinalMissing { utterance } => {
                let known = self.partials.iter().rev().find(|(of, _)| of == utterance);
                let text = known.map_or_else(Pii::default, |(_, partial)| partial.text.clone());
                let took = self.stages.endpointed.map(|ended| now.since(ended));
                self.stages.transcribed = Some(now);
                self.finals.insert(*utterance, text.clone());
                self.push(
                    Owner::Utterance(*utterance),
                    now,
                    What::Decided { decision: decision.clone(), turn_end },
                );
                let (others, audio) = (Vec::new(), Millis::ZERO);
                let what = What::Understood { text, others, audio, took };
                return self.push(Owner::Utterance(*utterance), now, what);
            }
            Decision::SpeechTooLong { utterance }
            | Decision::Merged { utterance }
            | Decision::BargeInHeld { utterance, .. }
            | Decision::BargeInProtected { utterance, .. }
            | Decision::BargeInIgnored { utterance, .. } => Owner::Utterance(*utterance),
            Decision::BargeInPostponed { .. }
            | Decision::BargeInConfirmed { .. }
            | Decision::BargeInRejected { .. } => {
                self.utterance.map_or(Owner::Present, Owner::Utterance)
            }
            Decision::HeardText { generation, text, heard, audio } => {
                self.heard(*generation, (text, *heard, *audio));
                let reply = self.reply(*generation);
                let (text, unheard) = (reply.heard.clone(), reply.unheard.clone());
                let (generation, audio) = (*generation, *audio);
                let what = What::Heard { generation, text, unheard, audio };
                return self.push(Owner::Turn(generation.turn), now, what);
            }
            Decision::Withdrawn { generation } => {
                let stages = &mut self.turn(generation.turn).stages;
                *stages =
                    Stages { thought: None, voiced: None, sent: None, heard: None, ..*stages };
                Owner::Turn(generation.turn)
            }
            Decision::PlayoutAssumed { generation } => Owner::Turn(generation.turn),
            Decision::EmptyTurn { .. }
            | Decision::NoInput { .. }
            | Decision::LateAnswer { .. }
            | Decision::Failed { .. }
            | Decision::Detached { .. }
            | Decision::Restored { .. }
            | Decision::Reattached { .. }
            | Decision::TakenUp { .. }
            | Decision::Closing { .. }
            | Decision::HangUpCancelled { .. } => Owner::Present,
        };
        self.push(owner, now, What::Decided { decision, turn_end });
    }

    /// The caller's words since the last turn belong to `turn`.
    fn open_turn(&mut self, turn: TurnId) {
        self.present = self.present.max(turn);
        for utterance in std::mem::take(&mut self.open) {
            // A silence that becomes long enough while the next words are being said.
            if self.finals.contains_key(&utterance) || self.utterance != Some(utterance) {
                self.turn_of.insert(utterance, turn);
            } else {
                self.open.push(utterance);
            }
        }
        let stages = std::mem::take(&mut self.stages);
        let keys = std::mem::take(&mut self.keys);
        let turn = self.turn(turn);
        if stages.speech_ended.is_some() {
            turn.stages = Stages { thought: None, voiced: None, sent: None, heard: None, ..stages };
        }
        if !keys.is_empty() {
            turn.keys = Pii::new(keys);
        }
    }

    fn voice_began(&mut self, at: CallTime) {
        if let Voice::Silent { since } = self.voice {
            self.voice = Voice::Speaking { since: at };
            if let Some(utterance) = self.utterance
                && self.open.contains(&utterance)
                && !self.finals.contains_key(&utterance)
                && self.stages.endpointed.is_none()
            {
                let silence = at.since(since);
                self.push(Owner::Utterance(utterance), at, What::WentOn { silence });
            }
        }
    }

    fn voice_ended(&mut self, at: CallTime) {
        let Voice::Speaking { since } = self.voice else { return };
        self.voice = Voice::Silent { since: at };
        let Some(utterance) = self.utterance else { return };
        let span = Span { from: since, until: at.max(since) };
        self.spans.push((utterance, span));
        let speech = span.until.since(span.from);
        self.push(Owner::Utterance(utterance), since, What::Spoke { speech });
    }

    fn words(
        &mut self,
        at: CallTime,
        utterance: UtteranceId,
        text: Pii<String>,
        certainty: Certainty,
    ) {
        self.partials.push((utterance, Partial { at, text: text.clone() }));
        self.push(Owner::Utterance(utterance), at, What::Words { text, certainty });
    }

    fn heard_from(&mut self, generation: GenerationId, at: CallTime) {
        self.reply(generation).from.get_or_insert(at);
        let turn = self.turn(generation.turn);
        let is_first = turn.stages.heard.is_none();
        let response = turn.stages.speech_ended.map(|ended| at.since(ended));
        if is_first {
            turn.stages.heard = Some(at);
            turn.response = response;
        }
        let response = response.filter(|_| is_first);
        self.push(Owner::Turn(generation.turn), at, What::HeardFrom { generation, response });
    }

    fn heard(
        &mut self,
        generation: GenerationId,
        (text, heard, audio): (&Pii<String>, types::Heard, Millis),
    ) {
        let reply = self.reply(generation);
        let rest = match heard {
            types::Heard::Whole => String::new(),
            types::Heard::Cut => unheard(reply.said.reveal(), text.reveal()).to_owned(),
        };
        reply.unheard = Pii::new(rest);
        reply.heard = text.clone();
        reply.cut = Some(heard);
        reply.audio = audio;
    }

    fn push(&mut self, owner: Owner, at: CallTime, what: What) {
        let owner = match owner {
            Owner::Present => Owner::Turn(self.present),
            Owner::Turn(_) | Owner::Utterance(_) => owner,
        };
        self.moments.push((owner, Moment { at, what }));
    }

    fn reply(&mut self, generation: GenerationId) -> &mut Reply {
        let fresh = || Reply { generation, ..Reply::default() };
        self.replies.entry(generation).or_insert_with(fresh)
    }

    /// The turn with this id. A log that names turns in the wrong order gets no story of them:
    /// they are told as part of the last one there is.
    fn turn(&mut self, turn: TurnId) -> &mut Turn {
        let turns = &mut self.story.turns;
        if turns.last().is_none_or(|last| last.turn < turn) && turns.len() < TURNS_MAX {
            turns.push(Turn { turn, ..Turn::default() });
        }
        let at = turns.iter().rposition(|known| known.turn <= turn).unwrap_or(0);
        &mut turns[at]
    }

    fn finish(mut self) -> Story {
        for (owner, moment) in std::mem::take(&mut self.moments) {
            let turn = match owner {
                Owner::Turn(turn) => turn,
                Owner::Utterance(utterance) => self.turn_of_utterance(utterance),
                Owner::Present => self.present,
            };
            self.turn(turn).moments.push(moment);
        }
        for (utterance, span) in std::mem::take(&mut self.spans) {
            let turn = self.turn_of_utterance(utterance);
            self.turn(turn).speech.push(span);
        }
        for (utterance, partial) in std::mem::take(&mut self.partials) {
            let turn = self.turn_of_utterance(utterance);
            self.turn(turn).partials.push(partial);
        }
        for (utterance, text) in std::mem::take(&mut self.finals) {
            let turn = self.turn_of_utterance(utterance);
            let turn = self.turn(turn);
            let mut words = std::mem::take(&mut turn.caller).into_revealed();
            if !words.is_empty() && !text.reveal().is_empty() {
                words.push(' ');
            }
            words.push_str(text.reveal());
            turn.caller = Pii::new(words);
        }
        for reply in std::mem::take(&mut self.replies).into_values() {
            self.turn(reply.generation.turn).replies.push(reply);
        }
        let mut story = self.story;
        for turn in &mut story.turns {
            turn.moments.sort_by_key(|moment| moment.at);
            turn.began = turn.moments.first().map_or(story.until, |moment| moment.at);
        }
        story
    }

    /// Words that were never answered belong to the last turn.
    fn turn_of_utterance(&self, utterance: UtteranceId) -> TurnId {
        self.turn_of.get(&utterance).copied().unwrap_or(self.present)
    }
}

/// Pieces of a reply that reach the voice this close together were thought together.
const TOGETHER: Millis = Millis::new(20);

/// More turns than the longest call has; a damaged log may name any.
const TURNS_MAX: usize = 100_000;

/// Whether the timer's firing means that somebody was too slow.
fn is_deadline(timer: call::Timer) -> bool {
    use call::Timer;
    match timer {
        Timer::ThinkWait
        | Timer::VoiceWait
        | Timer::PlayoutWait
        | Timer::ClearWait
        | Timer::ClosingWait
        | Timer::TransferWait
        | Timer::HangUpWait
        | Timer::DetachedMax
        | Timer::Reattach
        | Timer::GoOnWait
        | Timer::DurationWarning
        | Timer::DurationMax => true,
        Timer::Endpoint
        | Timer::FinalWait
        | Timer::SpeechMax
        | Timer::BargeInArbitration
        | Timer::BargeInArmed
        | Timer::DtmfGap
        | Timer::NoInput
        | Timer::GoodbyeWait => false,
    }
}
