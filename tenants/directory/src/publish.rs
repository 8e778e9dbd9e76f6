//! From files to the next snapshot, such that a bad file never replaces a good one.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::BusinessId;

use crate::business::{Business, Reading, Source, read_source};
use crate::claim::{File, Holder, Holders, Origin, settle};
use crate::directory::Directory;
use crate::last_good::LastGood;
use crate::live::Live;
use crate::mistake::{Mistake, Place};
use crate::rules::Rules;
use crate::stamp::hash_bytes;

/// What a publish made, and what its caller should know and do.
#[derive(Clone, Debug)]
pub struct Published {
    /// The next snapshot. Its version is the previous one's unless something changed.
    pub directory: Directory,
    /// Everything that is wrong with the files, by file and place.
    pub mistakes: Vec<Mistake>,
    /// Businesses whose file is bad and whose last good version stays, by id.
    pub kept: Vec<BusinessKept>,
    /// Businesses that are new or say something else than before, by id: their agents are new.
    pub changed: Vec<BusinessId>,
    /// Businesses in the previous snapshot, or at a cold start among the stored copies, whose file
    /// is gone; by id. Their stored copies can go.
    pub removed: Vec<BusinessId>,
    /// Good files that differ from the stored copy, by business: to be stored.
    pub to_store: Vec<ToStore>,
}

/// A business that stays as it was because its file is bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessKept {
    /// The business.
    pub business: BusinessId,
    /// The bad file.
    pub file: String,
}

/// A good file to be stored as its business's last good version ([`LastGood::encode`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToStore {
    /// Whose it is.
    pub business: BusinessId,
    /// Its index in the sources of this publish.
    pub source: usize,
}

/// The businesses in `sources`, by id, as a first publish without a past would see them.
///
/// # Errors
/// All mistakes of all files, by file and place, if there is any.
pub fn check(sources: &[Source], rules: &Rules) -> Result<Vec<Arc<Business>>, Vec<Mistake>> {
    let published = publish(&Directory::empty(), sources, &[], rules);
    if published.mistakes.is_empty() {
        Ok(published.directory.businesses().cloned().collect())
    } else {
        Err(published.mistakes)
    }
}

/// The snapshot after `previous`, made of `sources`: all files there are now, in any order.
///
/// `last_good` holds the stored copies of an earlier process; it is looked at only while `previous`
/// knows no business, that is at a cold start, and then it says what is live.
/// Cost: a file whose bytes are those of its business in `previous` is not parsed.
pub fn publish(
    previous: &Directory,
    sources: &[Source],
    last_good: &[LastGood],
    rules: &Rules,
) -> Published {
    let live = Live::new(previous, last_good, rules);
    let mut files: Vec<File<'_>> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| File {
            source,
            index,
            reading: read(source, previous, rules, &live),
        })
        .collect();
    files.sort_by(|a, b| (&a.source.file, &a.source.bytes).cmp(&(&b.source.file, &b.source.bytes)));
    let holders = settle(&mut files, &live);
    let kept = holders.iter().filter(|(_, holder)| holder.origin == Origin::Kept);
    let kept = kept.map(|(business, holder)| BusinessKept {
        business: *business,
        file: files[holder.file].source.file.clone(),
    });
    let kept = kept.collect();
    let to_store = to_store(&files, &holders, previous, &live);
    let removed: Vec<BusinessId> = live
        .ids()
        .filter(|id| !holders.contains_key(id) && !is_stood_for(*id, &files, &live))
        .collect();
    let businesses = in_force(holders, &files, &live);
    let changed: Vec<BusinessId> = businesses
        .values()
        .filter(|business| {
            let before = previous.business(business.id);
            before.is_none_or(|before| !Arc::ptr_eq(&before.facts, &business.facts))
        })
        .map(|business| business.id)
        .collect();
    let version = if changed.is_empty() && removed.is_empty() {
        previous.version()
    } else {
        live.next_version()
    };
    let directory = Directory::new(version, businesses, rules.clone());
    let mistakes = files.into_iter().flat_map(|file| file.reading.mistakes).collect();
    Published { directory, mistakes, kept, changed, removed, to_store }
}

/// What `source` says; the very business of `previous` if it says the same.
fn read(source: &Source, previous: &Directory, rules: &Rules, live: &Live<'_>) -> Reading {
    let same_rules = previous.rules.as_ref() == Some(rules);
    if same_rules {
        let bytes = hash_bytes(&source.bytes);
        let same = live.ids_of(&source.file).iter().filter_map(|id| previous.business(*id));
        if let Some(business) = same.into_iter().find(|business| business.stamp.bytes == bytes) {
            return Reading {
                id: Some((business.id, Place::START)),
                claims: Vec::new(),
                mistakes: Vec::new(),
                business: Some(Arc::clone(business)),
            };
        }
    }
    let mut reading = read_source(source, rules, live.next_version());
    if let Some(business) = &mut reading.business
        && let Some(before) = previous.business(business.id)
        && same_rules
        && before.stamp.content == business.stamp.content
    {
        let business = Arc::make_mut(business);
        business.agents.clone_from(&before.agents);
        business.facts = Arc::clone(&before.facts);
    }
    reading
}

fn to_store(
    files: &[File<'_>],
    holders: &Holders,
    previous: &Directory,
    live: &Live<'_>,
) -> Vec<ToStore> {
    let mut to_store = Vec::new();
    for (id, holder) in holders {
        let file = &files[holder.file];
        let same = match previous.business(*id) {
            Some(before) => {
                before.stamp == holder.business.stamp && before.file == file.source.file
            }
            None => live.is_stored(*id, file.source),
        };
        if holder.origin == Origin::File && !same {
            to_store.push(ToStore { business: *id, source: file.index });
        }
    }
    to_store
}

/// Whether a bad file stands for `id`, though nothing good could be kept.
fn is_stood_for(id: BusinessId, files: &[File<'_>], live: &Live<'_>) -> bool {
    let mut bad = files.iter().filter(|file| file.reading.business.is_none());
    bad.any(|file| file.stands_for(live).contains(&id))
}

/// The businesses in force. A kept one belongs from now on to the bad file that stands for it, if
/// that is one file only: it has been renamed.
fn in_force(
    holders: Holders,
    files: &[File<'_>],
    live: &Live<'_>,
) -> BTreeMap<BusinessId, Arc<Business>> {
    let mut stand_ins: BTreeMap<BusinessId, usize> = BTreeMap::new();
    for file in files.iter().filter(|file| file.reading.business.is_none()) {
        for id in file.stands_for(live) {
            *stand_ins.entry(id).or_default() += 1;
        }
    }
    holders
        .into_iter()
        .map(|(id, Holder { mut business, file, origin })| {
            let name = &files[file].source.file;
            let moved = match origin {
                Origin::File => false,
                Origin::Kept => business.file != *name && stand_ins.get(&id) == Some(&1),
            };
            if moved {
                Arc::make_mut(&mut business).file.clone_from(name);
            }
            (id, business)
        })
        .collect()
}
