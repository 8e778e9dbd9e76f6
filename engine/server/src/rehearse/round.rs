//! One round: some calls, one kind of fault, and what became of each call.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caller::carrier::{FakeCarrier, Leg, LegReport, RingPlan};
use caller::{CallPlan, Gate, Script, Step, Wait};
use tokio::time::{Instant, sleep, sleep_until};
use types::{CallRecord, E164, FactId, Millis, WallTime};
use wire::telnyx::WallMicros;

use super::RehearseError;
use super::child::{Bridge, Engine, Supervised, Way};
use super::cores::Cores;
use super::story::{Story, due_from, heard_after};
use super::verdict::{Fault, LegSeen, Memory, RoundSeen, Standing};

/// The number that is rung.
const NUMBER: &str = "+12125550142";

/// Who rings.
const CALLER: &str = "+12125550199";

/// From the repaired fault to the caller's next question: an apology and a sentence lie between.
const THEN_ASKS: Duration = Duration::from_secs(8);

/// Legs that nobody owns are counted this long after the fault was repaired.
const UNOWNED_AFTER: Duration = Duration::from_secs(30);

/// A carrier that notices late notices within this time, in milliseconds.
const NOTICED_AFTER_MAX: u64 = 6_000;

/// No caller waits longer for the second question's turn.
const GATE_MAX: Millis = Millis::from_secs(60);

/// What the callers say.
#[derive(Debug)]
pub(super) struct Audio {
    pub(super) first: Arc<[i16]>,
    pub(super) second: Arc<[i16]>,
}

/// One round to be held.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) calls: usize,
    pub(super) only: Option<Fault>,
    pub(super) audio: Arc<Audio>,
    pub(super) cores: Arc<Cores>,
}

/// When what happens in a round.
struct Times {
    fault: Fault,
    /// From the round's beginning to each ring.
    rings: Vec<Duration>,
    /// From the round's beginning to the fault.
    fault_at: Duration,
    /// From there to its repair; to the beginning of the restart for a killed process.
    lasts: Duration,
    /// From the fault's time to each socket's break.
    breaks: Vec<Duration>,
    /// From there to when the carrier notices: at once, or after a while in which it refuses to
    /// stream the leg again. Which of them a real one does is not documented (telnyx.md §1.10).
    noticed: Vec<Millis>,
}

/// Numbers that look like chance and repeat with their seed (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    fn span(&mut self, from_ms: u64, to_ms: u64) -> Duration {
        Duration::from_millis(from_ms + self.below(to_ms - from_ms + 1))
    }
}

impl Round {
    fn times(&self) -> Times {
        let mut dice = Dice(self.seed ^ self.number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let fault = match dice.below(4) {
            0 | 1 => Fault::Killed,
            2 => Fault::Socket,
            _ => Fault::Api,
        };
        let fault = self.only.unwrap_or(fault);
        let rings = (0..self.calls).map(|_| dice.span(0, 4_000)).collect();
        let fault_at = dice.span(1_500, 24_000);
        let lasts = match fault {
            Fault::Killed => dice.span(100, 1_500),
            Fault::Socket => Duration::ZERO,
            Fault::Api => dice.span(1_000, 8_000),
        };
        let breaks = (0..self.calls).map(|_| dice.span(0, 2_000)).collect();
        let noticed = (0..self.calls).map(|_| match dice.below(2) {
            0 => Millis::ZERO,
            _ => Millis::new(dice.below(NOTICED_AFTER_MAX) as u32),
        });
        let noticed = noticed.collect();
        Times { fault, rings, fault_at, lasts, breaks, noticed }
    }

    /// Holds the round.
    pub(super) async fn hold(
        self,
        carrier: &FakeCarrier,
        bridge: &Bridge,
        (supervised, engine): (&Supervised, &mut Engine),
    ) -> Result<RoundSeen, RehearseError> {
        let times = self.times();
        let begun = Instant::now();
        let mut legs: Vec<(Leg, Gate)> = Vec::new();
        let mut rings = times.rings.clone();
        rings.sort();
        for (number, at) in rings.iter().enumerate() {
            if times.fault_at < *at {
                break;
            }
            sleep_until(begun + *at).await;
            legs.push(self.ring(carrier, number)?);
        }
        sleep_until(begun + times.fault_at).await;
        // Who was spoken to before must be spoken to again; who was not is the front door's.
        let spoken: Vec<bool> =
            legs.iter().map(|(leg, _)| leg.is_live() && has_call(leg)).collect();
        let from = self.fail(&times, (&legs, bridge), (supervised, engine)).await?;
        for at in rings.iter().skip(legs.len()).copied().collect::<Vec<_>>() {
            sleep_until(begun + at).await;
            legs.push(self.ring(carrier, legs.len())?);
        }
        let repaired = Instant::now();
        sleep(THEN_ASKS).await;
        legs.iter().for_each(|(_, gate)| gate.open());
        let mut seen = Vec::new();
        let unowned = {
            let mut ends = Vec::new();
            for (leg, _) in legs {
                ends.push(tokio::spawn(leg.ended()));
            }
            sleep_until(repaired + UNOWNED_AFTER).await;
            let unowned = unowned(carrier, &supervised.config).await;
            for end in ends {
                seen.push(end.await??);
            }
            unowned
        };
        // Records are written a moment after the last hang-up.
        sleep(Duration::from_secs(3)).await;
        let legs = seen.iter().enumerate().map(|(number, report)| {
            let spoken = spoken.get(number).copied().unwrap_or(false);
            let from = from.get(number).copied().flatten().filter(|_| spoken);
            look(report, (from, times.fault), (&supervised.state, &self.cores))
        });
        Ok(RoundSeen { number: self.number, fault: times.fault, legs: legs.collect(), unowned })
    }

    fn ring(&self, carrier: &FakeCarrier, number: usize) -> Result<(Leg, Gate), RehearseError> {
        let gate = Gate::new();
        let say = |audio: &Arc<[i16]>, label: &str| Step::Say {
            audio: audio.clone(),
            label: label.to_owned(),
        };
        let steps = vec![
            Step::WaitForReply(Wait::GREETING),
            say(&self.audio.first, "first"),
            Step::WaitForReply(Wait::REPLY),
            Step::WaitForGate { gate: gate.clone(), max: GATE_MAX },
            say(&self.audio.second, "second"),
            Step::WaitForReply(Wait::REPLY),
            Step::HangUp,
        ];
        let number_of = |text: &str| text.parse::<E164>().expect("a constant number");
        let plan = CallPlan {
            from: Some(number_of(CALLER)),
            seed: self.number * 1_000 + number as u64,
            ..CallPlan::new("", number_of(NUMBER), Script { steps })
        };
        Ok((carrier.ring(RingPlan::new(plan))?, gate))
    }

    /// Lets the fault happen and end; for each leg the moment from which it must be spoken to again.
    async fn fail(
        &self,
        times: &Times,
        (legs, bridge): (&[(Leg, Gate)], &Bridge),
        (supervised, engine): (&Supervised, &mut Engine),
    ) -> Result<Vec<Option<WallMicros>>, RehearseError> {
        match times.fault {
            Fault::Killed => {
                engine.kill()?;
                sleep(times.lasts).await;
                let again = supervised.clone();
                *engine = tokio::task::spawn_blocking(move || again.start()).await??;
                self.cores.follow(engine.pid());
                Ok(vec![Some(now()); legs.len()])
            }
            Fault::Socket => {
                let begun = Instant::now();
                let mut order: Vec<usize> = (0..legs.len()).collect();
                order.sort_by_key(|number| times.breaks[*number]);
                let mut from = vec![None; legs.len()];
                for number in order {
                    sleep_until(begun + times.breaks[number]).await;
                    legs[number].0.drop_socket_unnoticed(times.noticed[number]).await;
                    from[number] = Some(now());
                }
                Ok(from)
            }
            Fault::Api => {
                // An API that is gone refuses, or it says nothing at all: by turns.
                let how = if self.number.is_multiple_of(2) { Way::Closed } else { Way::Silent };
                bridge.cut(how).await;
                let begun = Instant::now();
                for ((leg, _), noticed_after) in legs.iter().zip(&times.noticed) {
                    leg.drop_socket_unnoticed(*noticed_after).await;
                }
                sleep_until(begun + times.lasts).await;
                bridge.mend();
                Ok(vec![Some(now()); legs.len()])
            }
        }
    }
}

/// Whether a call lives on this leg: the engine has spoken on it.
fn has_call(leg: &Leg) -> bool {
    use caller::carrier::{Happened, StreamNews};
    let is_media = |what: &Happened| matches!(what, Happened::Stream(StreamNews::FirstMedia));
    leg.entries().iter().any(|entry| is_media(&entry.what))
}

/// The present, as the carrier's ledger counts it.
pub(super) fn now() -> WallMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallMicros::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// What became of one leg.
fn look(
    report: &LegReport,
    (from, fault): (Option<WallMicros>, Fault),
    (state, cores): (&Path, &Cores),
) -> LegSeen {
    let records = records(state, &report.call_control_id);
    let from = from.filter(|from| report.ended_at.is_none_or(|end| *from < end));
    let from = from.map(|from| due_from(report, from));
    let is_owed = match fault {
        Fault::Killed | Fault::Api => true,
        Fault::Socket => from.is_some_and(|from| {
            was_speaking(report, from)
                && records.first().is_none_or(|(record, dir)| {
                    let log = fs::read_to_string(dir.join("events.jsonl")).unwrap_or_default();
                    was_cut(&log, record.began, from)
                })
        }),
    };
    let heard_after = from.and_then(|from| heard_after(report, from));
    let story = from.map(|from| {
        let until = from.after(heard_after.unwrap_or(GATE_MAX));
        Story::of(report, from, cores.starved(from, until))
    });
    LegSeen {
        name: report.call_control_id.clone(),
        standing: match from {
            Some(_) if is_owed => Standing::Owed,
            Some(_) => Standing::Survived,
            None if report.answered_at.is_some() => Standing::Answered,
            None => Standing::Unanswered,
        },
        heard_after,
        story,
        records: records.len(),
        memory: records.first().map_or(Memory::Lost, |(record, _)| memory(record)),
    }
}

/// Whether the agent was to be heard just before `at`. A gap of the line that falls into a silence
/// of both is nobody's loss.
fn was_speaking(report: &LegReport, at: WallMicros) -> bool {
    let before = WallMicros::from_unix_micros(at.as_unix_micros() - 100_000);
    report.heard_after(before).is_some_and(|after| after < Millis::new(60))
}

/// Whether words got lost at `at`. Who is cut off within the last sound of its last word has been
/// heard, by the engine's own log, and has nothing to say again.
fn was_cut(log: &str, began: WallTime, at: WallMicros) -> bool {
    let began = began.as_unix_millis() * 1_000;
    let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    let is_behind = |line: &serde_json::Value| {
        line["at"].as_i64().is_some_and(|since| at.as_unix_micros() <= began + since + NOTED_WITHIN)
    };
    let mut lines =
        lines.skip_while(|line| !is_behind(line) || line["event"]["event"] != "detached");
    let during = lines.by_ref().take_while(|line| line["event"]["event"] != "reattached");
    !during.map(|line| line["action"]["decision"].clone()).any(|decision: serde_json::Value| {
        decision["decision"] == "heard_text" && decision["heard"] == "whole"
    })
}

/// How far the engine's and the carrier's times of a loss may lie apart.
const NOTED_WITHIN: i64 = 500_000;

/// Whether the agent still knew what the caller had asked for.
fn memory(record: &CallRecord) -> Memory {
    let cleaning: types::Slug = "cleaning".parse().expect("a constant slug");
    let (price, duration) = (FactId::ServicePrice(cleaning), FactId::ServiceDuration(cleaning));
    let asked = record.turns.iter().any(|turn| turn.cites.contains(&price));
    let understood = |words: &str| words.to_lowercase().contains("how long");
    let again = record.turns.iter().any(|turn| understood(turn.caller.reveal()));
    let known = record.turns.iter().any(|turn| turn.cites.contains(&duration));
    match (asked, known) {
        (_, true) => Memory::Kept,
        (true, false) if again => Memory::Lost,
        // A question fell into the fault, or was misheard: nothing can be told of it.
        (true | false, false) => Memory::Nothing,
    }
}

/// The records of a leg, and where each lies.
fn records(state: &Path, carrier_call: &str) -> Vec<(CallRecord, PathBuf)> {
    let Ok(businesses) = fs::read_dir(state.join("calls")) else { return Vec::new() };
    let folders = businesses.filter_map(|business| fs::read_dir(business.ok()?.path()).ok());
    let files = folders.flatten().filter_map(|call| {
        let dir = call.ok()?.path();
        let json = fs::read(dir.join("call.json")).ok()?;
        Some((serde_json::from_slice::<CallRecord>(&json).ok()?, dir))
    });
    files.filter(|(record, _)| record.parties.carrier_call == carrier_call).collect()
}

/// Legs at the carrier beyond the calls the engine has.
async fn unowned(carrier: &FakeCarrier, config: &Path) -> usize {
    let legs = carrier.legs_live();
    let control = fs::read_to_string(config).ok().and_then(|text| {
        let behind = text.split("[control]").nth(1)?;
        Some(behind.split('"').nth(1)?.to_owned())
    });
    let calls = match control {
        Some(address) => calls_of(&address).await.unwrap_or(0),
        None => 0,
    };
    legs.saturating_sub(calls)
}

/// How many calls the engine carries, by its own word.
async fn calls_of(control: &str) -> Option<usize> {
    let page = reqwest::get(format!("http://{control}/readyz")).await.ok()?.text().await.ok()?;
    let state: serde_json::Value = serde_json::from_str(&page).ok()?;
    usize::try_from(state["calls"].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lost_unless_the_log_says_that_all_were_heard() {
        let began = WallTime::from_unix_millis(1_000_000);
        let lost = |ms: i64| WallMicros::from_unix_micros((1_000_000 + ms) * 1_000);
        let line = |at: u32, what: &str| format!(r#"{{"at":{at}000,{what}}}"#);
        let detached = r#""event":{"event":"detached","how":"lost"}"#;
        let back = r#""event":{"event":"reattached","gap":10}"#;
        let heard = |heard: &str| {
            format!(
                r#""action":{{"action":"note","decision":{{"decision":"heard_text","heard":"{heard}"}}}}"#
            )
        };
        let log = [
            r#"{"format":2}"#.to_owned(),
            line(3_000, &heard("whole")),
            line(5_000, detached),
            line(5_001, &heard("cut")),
            line(5_010, back),
            line(9_000, detached),
            line(9_001, &heard("whole")),
            line(9_010, back),
        ];
        let log = log.join("\n");
        assert!(was_cut(&log, began, lost(5_010)), "a word was cut off");
        assert!(!was_cut(&log, began, lost(8_990)), "all had been heard");
        assert!(was_cut(&log, began, lost(20_000)), "the engine never noticed");
        assert!(was_cut("", began, lost(5_010)), "there is no log");
    }
}
