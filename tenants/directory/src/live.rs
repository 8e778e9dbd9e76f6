//! What is in force before a publish: the previous snapshot or, at a cold start, the stored copies.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use types::{BusinessId, ConfigVersion};

use crate::business::{Business, Source, read_source};
use crate::directory::Directory;
use crate::last_good::LastGood;
use crate::rules::Rules;

/// The businesses in force, by id and by file.
pub(crate) struct Live<'a> {
    previous: &'a Directory,
    /// Copies of an earlier process; empty unless nothing is in force yet.
    stored: BTreeMap<BusinessId, &'a LastGood>,
    /// Stored copies that had to be read: most never are.
    read: RefCell<BTreeMap<BusinessId, Option<Arc<Business>>>>,
    files: HashMap<&'a str, Vec<BusinessId>>,
    rules: &'a Rules,
    next: ConfigVersion,
}

impl<'a> Live<'a> {
    pub(crate) fn new(
        previous: &'a Directory,
        last_good: &'a [LastGood],
        rules: &'a Rules,
    ) -> Self {
        let mut stored: BTreeMap<BusinessId, &LastGood> = BTreeMap::new();
        if previous.businesses().len() == 0 {
            stored.extend(last_good.iter().map(|copy| (copy.business, copy)));
        }
        let mut files: HashMap<&str, Vec<BusinessId>> = HashMap::new();
        for business in previous.businesses() {
            files.entry(&business.file).or_default().push(business.id);
        }
        for (id, copy) in &stored {
            files.entry(&copy.source.file).or_default().push(*id);
        }
        let next = previous.version().next();
        Self { previous, stored, read: RefCell::default(), files, rules, next }
    }

    /// The version of whatever this publish changes.
    pub(crate) fn next_version(&self) -> ConfigVersion {
        self.next
    }

    /// The business in force with this id.
    pub(crate) fn business(&self, id: BusinessId) -> Option<Arc<Business>> {
        if let Some(business) = self.previous.business(id) {
            return Some(Arc::clone(business));
        }
        let copy = self.stored.get(&id)?;
        let mut read = self.read.borrow_mut();
        let business = read.entry(id).or_insert_with(|| {
            let business = read_source(&copy.source, self.rules, self.next).business;
            business.filter(|business| business.id == id)
        });
        business.clone()
    }

    /// The businesses that come from `file`: one, unless two were kept on its account.
    pub(crate) fn ids_of(&self, file: &str) -> &[BusinessId] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// Whether `id` comes from `file`.
    pub(crate) fn is_from(&self, id: BusinessId, file: &str) -> bool {
        self.ids_of(file).contains(&id)
    }

    /// Whether any business with this id is in force or stored.
    pub(crate) fn knows(&self, id: BusinessId) -> bool {
        self.previous.business(id).is_some() || self.stored.contains_key(&id)
    }

    /// All ids in force or stored.
    pub(crate) fn ids(&self) -> impl Iterator<Item = BusinessId> {
        self.previous.businesses().map(|business| business.id).chain(self.stored.keys().copied())
    }

    /// Whether the stored copy of `id` is `source`, to the byte and by name.
    pub(crate) fn is_stored(&self, id: BusinessId, source: &Source) -> bool {
        self.stored.get(&id).is_some_and(|copy| copy.source == *source)
    }
}
