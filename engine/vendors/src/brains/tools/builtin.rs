//! The engine's own tools.

use serde_json::{Value, json};
use types::{Effect, Facts, LegAbilities, Message, Pii, Unavailable, Urgency};
use wire::chat::ToolCall;

use super::super::family::{Offer, Outcome, ToolResult};
use super::super::prompt::{Abridged, facts_found};
use super::args;
use crate::figures::Grounds;

/// A tool of the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    LookUp,
    TakeMessage,
    Transfer,
    EndCall,
    PressKeys,
}

/// What a call of a built-in tool comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) result: ToolResult,
    /// To be done once the reply's words were heard.
    pub(crate) effect: Option<Effect>,
}

/// What built-in tools go by.
pub(crate) struct Desk<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) abilities: LegAbilities,
    /// Figures that were said: a number to call back must be among them.
    pub(crate) grounds: &'a Grounds,
}

impl Builtin {
    const ALL: [Self; 5] =
        [Self::LookUp, Self::TakeMessage, Self::Transfer, Self::EndCall, Self::PressKeys];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::LookUp => "look_up",
            Self::TakeMessage => "take_message",
            Self::Transfer => "transfer_call",
            Self::EndCall => "end_call",
            Self::PressKeys => "press_keys",
        }
    }

    /// Whether the agent has nothing more to say after it.
    pub(crate) const fn is_terminal(self) -> bool {
        match self {
            Self::Transfer | Self::EndCall => true,
            Self::LookUp | Self::TakeMessage | Self::PressKeys => false,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::LookUp => "Looks up what the business has told about something.",
            Self::TakeMessage => {
                "Keeps a message for the business. Call it once name, number and reason are known \
                 and the caller has agreed."
            }
            Self::Transfer => "Connects the caller with a person. Say so first, in the same reply.",
            Self::EndCall => "Ends the call. Say goodbye first, in the same reply.",
            Self::PressKeys => {
                "Presses keys of the telephone, for a machine at the other end of the line."
            }
        }
    }

    fn schema(self) -> Value {
        match self {
            Self::LookUp => json!({
                "type": "object",
                "properties": { "about": { "type": "string" } },
                "required": ["about"],
            }),
            Self::TakeMessage => json!({
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "number": { "type": "string", "description": "digits, as the caller gave them" },
                    "reason": { "type": "string" },
                    "urgent": { "type": "boolean" },
                },
                "required": ["name", "number", "reason"],
            }),
            Self::Transfer | Self::EndCall => json!({ "type": "object", "properties": {} }),
            Self::PressKeys => json!({
                "type": "object",
                "properties": { "keys": { "type": "string", "description": "0-9, *, #" } },
                "required": ["keys"],
            }),
        }
    }
}

/// The built-in tools on offer: those that can work here.
pub(crate) fn offers(facts: &Facts, abilities: LegAbilities, abridged: Abridged) -> Vec<Offer> {
    let works = |tool: &Builtin| match tool {
        Builtin::LookUp => abridged == Abridged::Yes,
        Builtin::TakeMessage | Builtin::EndCall => true,
        Builtin::Transfer => facts.escalation.transfer_to.is_some() && abilities.transfer.is_ok(),
        Builtin::PressKeys => abilities.send_dtmf.is_ok(),
    };
    let offer = |tool: Builtin| Offer {
        name: tool.name().to_owned(),
        description: tool.description().to_owned(),
        parameters: tool.schema().to_string(),
    };
    Builtin::ALL.into_iter().filter(works).map(offer).collect()
}

/// Carries out `call` of `tool`, as far as that is possible now.
pub(crate) fn run_builtin(tool: Builtin, call: &ToolCall, desk: &Desk<'_>) -> Want {
    match wanted(tool, call, desk) {
        Ok((content, effect)) => {
            let (call, outcome) = (call.id.clone(), Outcome::Done);
            Want { result: ToolResult { call, content: content.to_string(), outcome }, effect }
        }
        Err(wrong) => {
            let (call, outcome) = (call.id.clone(), Outcome::Failed);
            Want { result: ToolResult { call, content: wrong.to_string(), outcome }, effect: None }
        }
    }
}

fn wanted(
    tool: Builtin,
    call: &ToolCall,
    desk: &Desk<'_>,
) -> Result<(Value, Option<Effect>), Value> {
    let arguments = args::read(&call.arguments, &tool.schema());
    let arguments = arguments.map_err(|wrong| json!({ "error": wrong }))?;
    let text = |name: &str| {
        let text = arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        text.trim().chars().take(TEXT_CHARS_MAX).collect::<String>()
    };
    match tool {
        Builtin::LookUp => {
            let found = facts_found(desk.facts, &text("about"));
            if found.is_empty() {
                return Err(json!({ "error": "nothing is known of that; do not guess" }));
            }
            Ok((json!({ "facts": found }), None))
        }
        Builtin::TakeMessage => {
            let urgent = arguments.get("urgent").and_then(Value::as_bool) == Some(true);
            let number = said_number(&text("number"), desk.grounds)?;
            let message = Message {
                name: Pii::new(text("name")),
                number: Pii::new(number),
                reason: Pii::new(text("reason")),
                urgency: if urgent { Urgency::Urgent } else { Urgency::Normal },
            };
            let content =
                json!({ "kept": true, "note": "kept once the caller has heard you say so" });
            Ok((content, Some(Effect::TakeMessage(message))))
        }
        Builtin::Transfer => {
            desk.abilities.transfer.map_err(unavailable)?;
            match desk.facts.escalation.transfer_to {
                Some(to) => Ok((json!({ "connecting": true }), Some(Effect::Transfer { to }))),
                None => Err(unavailable(Unavailable::Unsupported)),
            }
        }
        Builtin::EndCall => Ok((json!({ "ending": true }), Some(Effect::EndCall))),
        Builtin::PressKeys => {
            desk.abilities.send_dtmf.map_err(unavailable)?;
            let digits: String = text("keys").chars().filter(|key| !key.is_whitespace()).collect();
            let is_key = |key: char| types::DtmfDigit::new(key).is_some();
            if digits.is_empty() || KEYS_MAX < digits.len() || !digits.chars().all(is_key) {
                return Err(json!({ "error": "keys are 0-9, * and #" }));
            }
            let effect = Effect::PressKeys { digits: Pii::new(digits) };
            Ok((json!({ "pressed": true }), Some(effect)))
        }
    }
}

/// Keys pressed at once.
const KEYS_MAX: usize = 32;

/// One field of a message.
const TEXT_CHARS_MAX: usize = 600;

fn unavailable(why: Unavailable) -> Value {
    let why = match why {
        Unavailable::Unsupported => "unsupported",
        Unavailable::Refused => "refused",
    };
    json!({ "unavailable": why, "instead": "offer to take a message" })
}

/// The digits of a number to call back, if they were said or shown: a model that makes one up is
/// told to ask.
fn said_number(number: &str, grounds: &Grounds) -> Result<String, Value> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if !(NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&digits.len()) {
        return Err(json!({ "error": "number is incomplete; ask for it again" }));
    }
    if !grounds.has_digits(&digits) {
        return Err(json!({ "error": "the caller gave no such number; ask for it" }));
    }
    let is_full = number.trim_start().starts_with('+');
    Ok(if is_full { format!("+{digits}") } else { digits })
}

/// A local number without its area.
const NUMBER_DIGITS_MIN: usize = 6;

/// ITU-T E.164 §6.
const NUMBER_DIGITS_MAX: usize = 15;
