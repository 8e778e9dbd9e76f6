//! What was seen in a rehearsal, and whether it is good.

use std::fmt;

use types::Millis;

use super::seconds;
use super::story::Story;

/// Who survives is spoken to again within this time of the repair.
const HEARD_MAX: Millis = Millis::from_secs(2);

/// What goes wrong in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The process is killed, and started again.
    Killed,
    /// Every media socket breaks.
    Socket,
    /// Every media socket breaks while the carrier's API cannot be reached.
    Api,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Killed, Self::Socket, Self::Api];

    const fn name(self) -> &'static str {
        match self {
            Self::Killed => "process killed",
            Self::Socket => "socket lost",
            Self::Api => "socket lost, API down",
        }
    }
}

/// Whether the agent still knew what was said before the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// It did.
    Kept,
    /// It did not.
    Lost,
    /// Nothing had been said that could be remembered.
    Nothing,
}

/// How far a leg had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It was never answered.
    Unanswered,
    /// It was, and had no call when the fault came, or none any more when it was repaired.
    Answered,
    /// It had a call, and was up when the fault was repaired. Nobody was speaking.
    Survived,
    /// The same, and the agent was to be heard when the fault came, or the gap was long: somebody
    /// waits for it.
    Owed,
}

/// What became of one leg.
#[derive(Clone, Debug)]
pub(super) struct LegSeen {
    pub(super) name: String,
    pub(super) standing: Standing,
    /// From the repair to the agent's voice.
    pub(super) heard_after: Option<Millis>,
    /// How it came to that.
    pub(super) story: Option<Story>,
    pub(super) records: usize,
    pub(super) memory: Memory,
}

/// What became of one round.
#[derive(Clone, Debug)]
pub(super) struct RoundSeen {
    pub(super) number: u64,
    pub(super) fault: Fault,
    pub(super) legs: Vec<LegSeen>,
    pub(super) unowned: usize,
}

/// What became of all rounds.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rounds: Vec<RoundSeen>,
}

impl Tally {
    pub(super) fn add(&mut self, round: RoundSeen) {
        self.rounds.push(round);
    }

    /// Calls seen so far.
    pub fn calls(&self) -> usize {
        self.rounds.iter().map(|round| round.legs.len()).sum()
    }

    /// Everything that was not as it should be, a line each.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for round in &self.rounds {
            let place = format!("round {} ({})", round.number, round.fault.name());
            if 0 < round.unowned {
                complaints.push(format!("{place}: {} legs nobody owns", round.unowned));
            }
            for leg in &round.legs {
                let mut complain =
                    |what: String| complaints.push(format!("{place}: {}: {what}", leg.name));
                let story = leg.story.unwrap_or_default();
                match leg.heard_after {
                    _ if leg.standing < Standing::Owed => (),
                    None => complain(format!("never spoken to again ({story})")),
                    Some(after) if HEARD_MAX < after => {
                        complain(format!("spoken to again after {} ({story})", seconds(after)));
                    }
                    Some(_) => (),
                }
                if Standing::Answered <= leg.standing && leg.records != 1 {
                    complain(format!("{} records", leg.records));
                }
                if Standing::Survived <= leg.standing && leg.memory == Memory::Lost {
                    complain("what was said before is forgotten".to_owned());
                }
            }
        }
        complaints
    }

    fn row(&self, fault: Fault) -> Row {
        let rounds = self.rounds.iter().filter(|round| round.fault == fault);
        let mut row = Row::default();
        for round in rounds {
            row.rounds += 1;
            row.unowned += round.unowned;
            row.legs += round.legs.len();
            for leg in round.legs.iter().filter(|leg| Standing::Survived <= leg.standing) {
                row.survived += 1;
                if leg.standing == Standing::Owed {
                    row.owed += 1;
                    row.heard.extend(leg.heard_after);
                }
                match leg.memory {
                    Memory::Kept => row.kept += 1,
                    Memory::Lost => row.lost += 1,
                    Memory::Nothing => row.nothing += 1,
                }
            }
            let answered = round.legs.iter().filter(|leg| Standing::Answered <= leg.standing);
            row.records_wrong += answered.filter(|leg| leg.records != 1).count();
        }
        row.heard.sort();
        row
    }
}

/// One line of the table.
#[derive(Debug, Default)]
struct Row {
    rounds: usize,
    legs: usize,
    survived: usize,
    owed: usize,
    heard: Vec<Millis>,
    kept: usize,
    lost: usize,
    nothing: usize,
    records_wrong: usize,
    unowned: usize,
}

impl Row {
    /// The value that this share of all, in per mille, does not exceed.
    fn quantile(&self, per_mille: usize) -> String {
        let last = self.heard.len().saturating_sub(1);
        let at = (last * per_mille).div_ceil(1_000);
        self.heard.get(at).map_or_else(|| "-".to_owned(), |span| seconds(*span))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<22} {:>6} {:>5} {:>8} {:>5} {:>6} {:>7} {:>7} {:>7} {:>15} {:>8} {:>8}",
            "fault",
            "rounds",
            "legs",
            "survived",
            "owed",
            "<= 2 s",
            "p50",
            "p99",
            "max",
            "kept/lost/none",
            "records",
            "unowned"
        )?;
        for fault in Fault::ALL {
            let row = self.row(fault);
            let in_time = row.heard.iter().filter(|span| **span <= HEARD_MAX).count();
            let memory = format!("{}/{}/{}", row.kept, row.lost, row.nothing);
            let records = if row.records_wrong == 0 {
                "one each".to_owned()
            } else {
                format!("{} wrong", row.records_wrong)
            };
            writeln!(
                f,
                "{:<22} {:>6} {:>5} {:>8} {:>5} {:>6} {:>7} {:>7} {:>7} {:>15} {:>8} {:>8}",
                fault.name(),
                row.rounds,
                row.legs,
                row.survived,
                row.owed,
                in_time,
                row.quantile(500),
                row.quantile(990),
                row.quantile(1_000),
                memory,
                records,
                row.unowned
            )?;
        }
        Ok(())
    }
}
