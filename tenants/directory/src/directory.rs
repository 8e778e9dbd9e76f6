//! The snapshot: who answers which number.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use types::{AgentConfig, BusinessId, ConfigVersion, E164};

use crate::business::Business;
use crate::rules::Rules;

/// All businesses, agents and numbers at one version. Immutable: a publish makes another.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    version: ConfigVersion,
    businesses: BTreeMap<BusinessId, Arc<Business>>,
    numbers: HashMap<u64, Arc<AgentConfig>, RandomState>,
    /// What the businesses were checked against; none before the first publish.
    pub(crate) rules: Option<Rules>,
}

impl Directory {
    /// A directory that knows nobody: what the first publish of a process starts from.
    pub fn empty() -> Self {
        Self::default()
    }

    pub(crate) fn new(
        version: ConfigVersion,
        businesses: BTreeMap<BusinessId, Arc<Business>>,
        rules: Rules,
    ) -> Self {
        let len = businesses.values().map(|business| business.numbers.len()).sum();
        let mut numbers = HashMap::with_capacity_and_hasher(len, RandomState::default());
        for business in businesses.values() {
            for number in &business.numbers {
                let agent = business.agent(number.agent).expect("numbers name agents that exist");
                let earlier = numbers.insert(number.e164.packed(), Arc::clone(agent));
                assert!(earlier.is_none(), "a number has one owner");
            }
        }
        Self { version, businesses, numbers, rules: Some(rules) }
    }

    /// How many publishes have changed something.
    pub fn version(&self) -> ConfigVersion {
        self.version
    }

    /// The agent who answers `number`.
    ///
    /// Cost: one hash look-up and one reference count; no lock, no allocation.
    pub fn agent_for(&self, number: E164) -> Option<Arc<AgentConfig>> {
        self.numbers.get(&number.packed()).cloned()
    }

    /// The business with this id.
    pub fn business(&self, id: BusinessId) -> Option<&Arc<Business>> {
        self.businesses.get(&id)
    }

    /// All businesses, by id.
    pub fn businesses(&self) -> impl ExactSizeIterator<Item = &Arc<Business>> {
        self.businesses.values()
    }

    /// All numbers and who answers them, by business, in the order of its file.
    pub fn numbers(&self) -> impl Iterator<Item = (E164, &Arc<AgentConfig>)> {
        self.businesses.values().flat_map(|business| {
            business
                .numbers
                .iter()
                .filter_map(|number| Some((number.e164, business.agent(number.agent)?)))
        })
    }

    /// How many numbers are answered.
    pub fn numbers_len(&self) -> usize {
        self.numbers.len()
    }
}
