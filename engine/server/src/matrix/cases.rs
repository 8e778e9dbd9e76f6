//! Who fails, how, and when.

use fake_vendors::{Fault, Plan, Protocol};
use types::Millis;

/// What a vendor does in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// It recognizes.
    Recognize,
    /// It thinks.
    Think,
    /// It speaks.
    Speak,
}

/// A vendor under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Its name in an agent's file.
    pub name: &'static str,
    /// What it does.
    pub duty: Duty,
    /// What it speaks.
    pub protocol: Protocol,
    /// Who stands behind it in the agent's file, before the local one.
    reserve: Option<&'static str>,
}

impl Adapter {
    /// All of them: the recognizers, the brains, the voices.
    pub const ALL: [Self; 11] = [
        Self::recognizer("deepgram", Protocol::DeepgramNova, "deepgram-flux"),
        Self::recognizer("deepgram-flux", Protocol::DeepgramFlux, "deepgram"),
        Self::recognizer("wyoming", Protocol::WyomingRecognizer, "deepgram"),
        Self::brain("openai", Protocol::OpenAiChat),
        Self::brain("anthropic", Protocol::Anthropic),
        Self::voice("elevenlabs", Protocol::ElevenLabs, "cartesia"),
        Self::voice("cartesia", Protocol::Cartesia, "deepgram-aura"),
        Self::voice("deepgram-aura", Protocol::DeepgramAura, "cartesia"),
        Self::voice("deepgram-flux", Protocol::DeepgramSpeak, "cartesia"),
        Self::voice("openai-speech", Protocol::OpenAiSpeech, "cartesia"),
        Self::voice("wyoming", Protocol::WyomingVoice, "cartesia"),
    ];

    const fn recognizer(name: &'static str, protocol: Protocol, reserve: &'static str) -> Self {
        Self { name, duty: Duty::Recognize, protocol, reserve: Some(reserve) }
    }

    const fn brain(name: &'static str, protocol: Protocol) -> Self {
        Self { name, duty: Duty::Think, protocol, reserve: None }
    }

    const fn voice(name: &'static str, protocol: Protocol, reserve: &'static str) -> Self {
        Self { name, duty: Duty::Speak, protocol, reserve: Some(reserve) }
    }

    /// Whether what it speaks has a way to say so: Wyoming has no statuses and no order to change.
    fn knows(&self, fault: Fault) -> bool {
        let is_wyoming = match self.protocol {
            Protocol::WyomingRecognizer | Protocol::WyomingVoice => true,
            Protocol::DeepgramNova
            | Protocol::DeepgramFlux
            | Protocol::DeepgramAura
            | Protocol::DeepgramSpeak
            | Protocol::OpenAiChat
            | Protocol::OpenAiSpeech
            | Protocol::Anthropic
            | Protocol::ElevenLabs
            | Protocol::Cartesia => false,
        };
        match fault {
            Fault::Unauthorized
            | Fault::TooMany { .. }
            | Fault::Broken { .. }
            | Fault::WrongOrder => !is_wyoming,
            Fault::Refuse
            | Fault::Hang
            | Fault::Mute { .. }
            | Fault::Drop { .. }
            | Fault::Close { .. }
            | Fault::Drip { .. }
            | Fault::Malformed { .. }
            | Fault::LateAudio { .. }
            | Fault::Unknown
            | Fault::Slow { .. } => true,
        }
    }

    /// The lines of an agent's `[vendors]` in which it stands first for what it does.
    pub(super) fn vendors(&self) -> String {
        let list = |duty: Duty, usual: &'static str, local: &'static str| {
            let first = if self.duty == duty { self.name } else { usual };
            let reserve = self.reserve.filter(|_| self.duty == duty);
            let names = [Some(first), reserve, Some(local)].into_iter().flatten();
            names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "recognizer = [{}]\nbrain = [{}]\nvoice = [{}]",
            list(Duty::Recognize, "deepgram", "local"),
            list(Duty::Think, "openai", "frontdesk"),
            list(Duty::Speak, "cartesia", "local"),
        )
    }
}

/// From when on a vendor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Every session and request of the call.
    Always,
    /// A recognizer in the middle of the second question, the others with the second reply: what is
    /// open breaks off or goes bad, and what is opened anew is as bad, unless the fault is one that
    /// ends a session.
    Later,
}

/// What one call is to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Who fails.
    pub adapter: Adapter,
    /// How and when; nothing where the normal time is measured.
    pub trouble: Option<(Fault, When)>,
}

/// A row of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) fault: Fault,
    pub(super) when: When,
}

const fn row(name: &'static str, fault: Fault, when: When) -> Row {
    Row { name, fault, when }
}

const fn ms(ms: u32) -> Millis {
    Millis::new(ms)
}

const TOO_MANY: Fault = Fault::TooMany { retry_after: Some(ms(2_000)) };
const BROKEN: Fault = Fault::Broken { status: 500 };

/// How often a session that is cut off in the middle goes on before that.
const RECOGNIZED: Millis = ms(2_600);
const SPOKEN: Millis = ms(1_000);
const THOUGHT: Millis = ms(190);

const REFUSALS: [Row; 10] = [
    row("refuse", Fault::Refuse, When::Always),
    row("refuse, later", Fault::Refuse, When::Later),
    row("401", Fault::Unauthorized, When::Always),
    row("401, later", Fault::Unauthorized, When::Later),
    row("429, retry after 2 s", TOO_MANY, When::Always),
    row("429, later", TOO_MANY, When::Later),
    row("500", BROKEN, When::Always),
    row("500, later", BROKEN, When::Later),
    row("hang", Fault::Hang, When::Always),
    row("hang, later", Fault::Hang, When::Later),
];

const MUTE: Row = row("accept, then mute", Fault::Mute { after: ms(0) }, When::Always);
const WRONG_ORDER: Row = row("wrong order", Fault::WrongOrder, When::Always);
const UNKNOWN: Row = row("unknown events", Fault::Unknown, When::Always);
const MALFORMED: Row = row("malformed, every", Fault::Malformed { every: 1 }, When::Always);
const MALFORMED_3: Row =
    row("malformed, every third, later", Fault::Malformed { every: 3 }, When::Later);
const SLOW: Row = row("400 ms slower, later", Fault::Slow { by: ms(400) }, When::Later);

const RECOGNIZERS: [Row; 10] = [
    MUTE,
    row("mute, later, once", Fault::Mute { after: ms(0) }, When::Later),
    row("drop, again and again", Fault::Drop { after: RECOGNIZED }, When::Always),
    row(ONE_DROP, Fault::Drop { after: ms(0) }, When::Later),
    row(ONE_CLOSE, Fault::Close { after: ms(0), code: 1_011 }, When::Later),
    row("drip, 40 ms", Fault::Drip { gap: ms(40) }, When::Always),
    MALFORMED,
    MALFORMED_3,
    WRONG_ORDER,
    UNKNOWN,
];

const BRAINS: [Row; 7] = [
    MUTE,
    row("mute in the reply, later", Fault::Mute { after: THOUGHT }, When::Later),
    row("drop in the reply", Fault::Drop { after: THOUGHT }, When::Always),
    row("drop in the reply, later", Fault::Drop { after: THOUGHT }, When::Later),
    row("drip, 100 ms", Fault::Drip { gap: ms(100) }, When::Always),
    MALFORMED,
    UNKNOWN,
];

const VOICES: [Row; 11] = [
    MUTE,
    row("mute in the reply, later", Fault::Mute { after: SPOKEN }, When::Later),
    row("drop in the reply", Fault::Drop { after: SPOKEN }, When::Always),
    row(ONE_DROP, Fault::Drop { after: SPOKEN }, When::Later),
    row(ONE_CLOSE, Fault::Close { after: SPOKEN, code: 1_011 }, When::Later),
    row("drip, 60 ms for 100", Fault::Drip { gap: ms(60) }, When::Always),
    MALFORMED,
    MALFORMED_3,
    WRONG_ORDER,
    row("late audio after cancel", Fault::LateAudio { span: ms(3_000) }, When::Always),
    UNKNOWN,
];

const ONE_DROP: &str = "drop, later, once";
const ONE_CLOSE: &str = "close 1011, later, once";

impl Duty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Recognize, Self::Think, Self::Speak];

    /// How who does this is called.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Recognize => "recognizer",
            Self::Think => "brain",
            Self::Speak => "voice",
        }
    }

    /// Everything that goes wrong with those who do this.
    pub(super) fn rows(self) -> Vec<Row> {
        let own: &[Row] = match self {
            Self::Recognize => &RECOGNIZERS,
            Self::Think => &BRAINS,
            Self::Speak => &VOICES,
        };
        [&REFUSALS, own, &[SLOW]].concat()
    }
}

/// How often the normal time is measured for each adapter.
const NORMAL_CALLS: usize = 3;

/// All cases: first those without trouble.
pub fn all() -> Vec<Case> {
    let normal = Adapter::ALL.map(|adapter| Case { adapter, trouble: None });
    let mut cases = normal.repeat(NORMAL_CALLS);
    for adapter in Adapter::ALL {
        let rows = adapter.duty.rows().into_iter().filter(|row| adapter.knows(row.fault));
        let troubles = rows.map(|row| Some((row.fault, row.when)));
        cases.extend(troubles.map(|trouble| Case { adapter, trouble }));
    }
    cases
}

/// A few of them that show the most, for who has only a minute.
pub fn few() -> Vec<Case> {
    let names = [
        ("deepgram", Duty::Recognize, ONE_DROP),
        ("wyoming", Duty::Recognize, ONE_DROP),
        ("deepgram-flux", Duty::Recognize, "mute, later, once"),
        ("deepgram", Duty::Recognize, "hang"),
        ("openai", Duty::Think, "accept, then mute"),
        ("anthropic", Duty::Think, "drop in the reply"),
        ("cartesia", Duty::Speak, ONE_DROP),
        ("elevenlabs", Duty::Speak, "mute in the reply, later"),
        ("deepgram-aura", Duty::Speak, "hang, later"),
        ("cartesia", Duty::Speak, "late audio after cancel"),
    ];
    let find = |(name, duty, row): &(&str, Duty, &str)| {
        let adapter = Adapter::ALL.into_iter().find(|a| a.name == *name && a.duty == *duty)?;
        let row = duty.rows().into_iter().find(|known| known.name == *row)?;
        Some(Case { adapter, trouble: Some((row.fault, row.when)) })
    };
    let chosen: Vec<Case> = names.iter().filter_map(find).collect();
    assert_eq!(chosen.len(), names.len(), "every name is one of a row");
    let mut adapters: Vec<Adapter> = Vec::new();
    for case in &chosen {
        if !adapters.contains(&case.adapter) {
            adapters.push(case.adapter);
        }
    }
    let normal = adapters.into_iter().map(|adapter| Case { adapter, trouble: None });
    normal.chain(chosen).collect()
}

impl Case {
    /// Its name, for logs.
    pub fn name(&self) -> String {
        let Adapter { name, duty, .. } = self.adapter;
        let row = self.row().map_or("no trouble", |row| row.name);
        format!("{} {name}: {row}", duty.heading())
    }

    fn row(&self) -> Option<Row> {
        let (fault, when) = self.trouble?;
        let mut rows = self.adapter.duty.rows().into_iter();
        rows.find(|row| row.fault == fault && row.when == when)
    }

    /// What happens to the vendor's sessions from the call's beginning on.
    pub(super) fn plan(&self) -> Plan {
        match self.trouble {
            Some((fault, When::Always)) => Plan::always(fault),
            Some((_, When::Later)) | None => Plan::default(),
        }
    }

    /// What befalls those that are open when it goes wrong in the middle, and what becomes of new
    /// ones.
    pub(super) fn blow(&self) -> Option<(Vec<Fault>, Plan)> {
        let (fault, When::Later) = self.trouble? else { return None };
        let is_brain = self.adapter.duty == Duty::Think;
        Some(match fault {
            // A brain has no session: its next request is the one that goes wrong.
            Fault::Drop { .. } | Fault::Close { .. } | Fault::Mute { .. } if !is_brain => {
                (vec![fault], self.plan_of_next(fault))
            }
            _ if fault.is_refusal() => {
                (vec![Fault::Drop { after: Millis::ZERO }], Plan::always(fault))
            }
            Fault::Drop { .. } | Fault::Close { .. } => {
                (Vec::new(), Plan::of_sessions([vec![fault]]))
            }
            Fault::Refuse
            | Fault::Unauthorized
            | Fault::TooMany { .. }
            | Fault::Broken { .. }
            | Fault::Hang
            | Fault::Mute { .. }
            | Fault::Drip { .. }
            | Fault::Malformed { .. }
            | Fault::WrongOrder
            | Fault::LateAudio { .. }
            | Fault::Unknown
            | Fault::Slow { .. } => (vec![fault], Plan::always(fault)),
        })
    }

    /// The voices that open a connection for each text have not opened it yet.
    fn plan_of_next(&self, fault: Fault) -> Plan {
        match self.adapter.protocol {
            Protocol::OpenAiSpeech | Protocol::WyomingVoice => Plan::of_sessions([vec![fault]]),
            Protocol::DeepgramNova
            | Protocol::DeepgramFlux
            | Protocol::DeepgramAura
            | Protocol::DeepgramSpeak
            | Protocol::OpenAiChat
            | Protocol::Anthropic
            | Protocol::ElevenLabs
            | Protocol::Cartesia
            | Protocol::WyomingRecognizer => Plan::default(),
        }
    }

    /// Whether the caller speaks into the first reply.
    pub(super) fn interrupts(&self) -> bool {
        matches!(self.trouble, Some((Fault::LateAudio { .. }, _)))
    }

    /// How many questions are asked.
    pub(super) fn questions(&self) -> usize {
        match self.trouble {
            Some((_, When::Later)) => 2,
            Some((Fault::LateAudio { .. }, When::Always)) => 2,
            Some((_, When::Always)) | None => 1,
        }
    }

    /// The longest silence beyond the normal one.
    pub(super) fn silence_max(&self) -> Millis {
        let is_one_drop = match self.trouble {
            Some((Fault::Drop { .. } | Fault::Close { .. }, When::Later)) => true,
            Some(_) | None => false,
        };
        match self.adapter.duty {
            Duty::Recognize | Duty::Speak if is_one_drop => ms(1_500),
            Duty::Recognize | Duty::Think | Duty::Speak => ms(3_000),
        }
    }
}
