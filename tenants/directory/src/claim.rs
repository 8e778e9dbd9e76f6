//! Who holds which business and which number, where files disagree.
//!
//! Refusing a file can put its business's live version back in force, whose numbers may then stand
//! in the way of another file, and so on. Who loses to a live owner loses whatever else happens,
//! so these go first, in any order; ties are settled all at once, when only ties are left. So the
//! order of the files cannot matter, and it ends because each step refuses a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use types::{BusinessId, E164};

use crate::business::{Business, Reading, Source};
use crate::limits::BUSINESSES_MAX;
use crate::live::Live;
use crate::mistake::{Mistake, Place};

/// One file of a publish.
pub(crate) struct File<'s> {
    pub(crate) source: &'s Source,
    /// Its index in what the caller handed in.
    pub(crate) index: usize,
    /// What it says; its business is taken away when it is refused.
    pub(crate) reading: Reading,
}

/// What is in force under a business's id.
pub(crate) struct Holder {
    pub(crate) business: Arc<Business>,
    /// Index of the file it comes from or, if kept, of the bad file that stands for it.
    pub(crate) file: usize,
    pub(crate) origin: Origin,
}

/// How a business came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Its file is good.
    File,
    /// Its file is not; this is what it last said that was good.
    Kept,
}

/// What is in force by id.
pub(crate) type Holders = BTreeMap<BusinessId, Holder>;

/// Settles all claims. Files that lose lose their business and get their mistakes.
pub(crate) fn settle(files: &mut [File<'_>], live: &Live<'_>) -> Holders {
    refuse_double_ids(files, live);
    refuse_crowd(files, live, BUSINESSES_MAX);
    let none = BTreeSet::new();
    let mut contest = Contest::new(live);
    for (id, holder) in holders(files, live, &none) {
        contest.hold(id, holder);
    }
    contest.settle(files);
    // Several bad files may stand for a business: now it is known which do.
    let holders = holders(files, live, &contest.dropped);
    debug_assert!(holders.keys().eq(contest.holders.keys()), "told the same in another way");
    explain(files, &holders);
    holders
}

/// A business has one file: of several, the one it is live from, else none.
fn refuse_double_ids(files: &mut [File<'_>], live: &Live<'_>) {
    let mut claimants: BTreeMap<BusinessId, Vec<usize>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        if let Some(business) = &file.reading.business {
            claimants.entry(business.id).or_default().push(at);
        }
    }
    // A live file that is broken still holds its id, unless it says that it is another by now.
    let mut held: BTreeMap<BusinessId, Vec<usize>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        for id in live.ids_of(&file.source.file) {
            if file.reading.id.is_none_or(|(said, _)| said == *id) {
                held.entry(*id).or_default().push(at);
            }
        }
    }
    for (id, claimants) in claimants {
        let holder = match held.get(&id).map(Vec::as_slice) {
            Some([holder]) => Some(*holder),
            Some(_) | None => None,
        };
        let alone = claimants.len() == 1 && holder.is_none();
        for at in claimants {
            if !alone && holder != Some(at) {
                files[at].reading.business = None;
            }
        }
    }
}

/// Refuses the new businesses beyond `businesses_max`, the last by id; those in force stay.
fn refuse_crowd(files: &mut [File<'_>], live: &Live<'_>, businesses_max: usize) {
    let room = businesses_max.saturating_sub(live.ids().count());
    let mut new: Vec<(BusinessId, usize)> = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if let Some(business) = &file.reading.business
            && !live.knows(business.id)
        {
            new.push((business.id, at));
        }
    }
    new.sort_unstable();
    for (_, at) in new.into_iter().skip(room) {
        let what = format!("is one too many: {businesses_max} businesses fit");
        files[at].refuse("business.id".to_owned(), what, None);
    }
}

/// What is in force as the files stand now.
fn holders(files: &[File<'_>], live: &Live<'_>, dropped: &BTreeSet<BusinessId>) -> Holders {
    let mut holders = Holders::new();
    for (file, reading) in files.iter().map(|file| &file.reading).enumerate() {
        if let Some(business) = &reading.business {
            let business = Arc::clone(business);
            holders.insert(business.id, Holder { business, file, origin: Origin::File });
        }
    }
    let bad = files.iter().enumerate().filter(|(_, file)| file.reading.business.is_none());
    let mut stand_ins: Vec<(BusinessId, bool, usize)> = bad
        .flat_map(|(at, file)| {
            let ids = file.stands_for(live);
            ids.into_iter().map(move |id| (id, !live.is_from(id, &file.source.file), at))
        })
        .collect();
    // The file a business is live from stands for it first.
    stand_ins.sort_unstable();
    for (id, _, file) in stand_ins {
        if holders.contains_key(&id) || dropped.contains(&id) {
            continue;
        }
        if let Some(business) = live.business(id) {
            holders.insert(id, Holder { business, file, origin: Origin::Kept });
        }
    }
    holders
}

/// A number has one owner: the live one; of several new claimants none.
struct Contest<'a> {
    live: &'a Live<'a>,
    holders: Holders,
    claimants: HashMap<E164, Vec<BusinessId>>,
    /// Numbers with more than one claimant.
    contested: BTreeSet<E164>,
    /// Those of them that have got another claimant since they were looked at.
    fresh: BTreeSet<E164>,
    /// Businesses that could not even be kept.
    dropped: BTreeSet<BusinessId>,
}

impl<'a> Contest<'a> {
    fn new(live: &'a Live<'a>) -> Self {
        Self {
            live,
            holders: Holders::new(),
            claimants: HashMap::new(),
            contested: BTreeSet::new(),
            fresh: BTreeSet::new(),
            dropped: BTreeSet::new(),
        }
    }

    fn hold(&mut self, id: BusinessId, holder: Holder) {
        for number in &holder.business.numbers {
            let claimants = self.claimants.entry(number.e164).or_default();
            claimants.push(id);
            if 1 < claimants.len() {
                self.contested.insert(number.e164);
                self.fresh.insert(number.e164);
            }
        }
        self.holders.insert(id, holder);
    }

    /// Refuses files until no number has two claimants.
    fn settle(&mut self, files: &mut [File<'_>]) {
        while !self.contested.is_empty() {
            while let Some(number) = self.fresh.pop_first() {
                let claimants = self.claimants.get(&number).cloned().unwrap_or_default();
                // Several owners: stored copies from before and after a move. Any rule will do.
                if let Some(owner) = claimants.iter().filter(|id| self.owns(**id, number)).min() {
                    for id in claimants.iter().filter(|id| *id != owner) {
                        self.refuse(*id, files);
                    }
                }
            }
            // Nobody left has lost to a live owner: what is contested is new to all claimants.
            let tied: BTreeSet<BusinessId> =
                self.contested.iter().flat_map(|number| self.claimants[number].clone()).collect();
            tied.into_iter().for_each(|id| self.refuse(id, files));
        }
    }

    fn owns(&self, id: BusinessId, number: E164) -> bool {
        self.live.business(id).is_some_and(|business| business.has_number(number))
    }

    /// Takes `id` from its holder; if that was a file, the live versions it stands for come back.
    fn refuse(&mut self, id: BusinessId, files: &mut [File<'_>]) {
        let Some(holder) = self.holders.remove(&id) else {
            return;
        };
        for number in &holder.business.numbers {
            let claimants = self.claimants.get_mut(&number.e164).expect("holders claim numbers");
            claimants.retain(|claimant| *claimant != id);
            if claimants.len() < 2 {
                self.contested.remove(&number.e164);
            }
        }
        if holder.origin == Origin::Kept {
            self.dropped.insert(id);
            return;
        }
        let file = &mut files[holder.file];
        file.reading.business = None;
        for id in file.stands_for(self.live) {
            if let Some(business) = self.live.business(id)
                && !self.holders.contains_key(&id)
                && !self.dropped.contains(&id)
            {
                self.hold(id, Holder { business, file: holder.file, origin: Origin::Kept });
            }
        }
    }
}

/// Tells each bad file what it claims that is somebody else's: also the broken ones, so that all
/// mistakes are told at once.
fn explain(files: &mut [File<'_>], holders: &Holders) {
    if files.iter().all(|file| file.reading.business.is_some()) {
        return;
    }
    let owners: HashMap<E164, &Holder> = holders
        .values()
        .flat_map(|holder| holder.business.numbers.iter().map(move |own| (own.e164, holder)))
        .collect();
    let mut ids: BTreeMap<BusinessId, Vec<usize>> = BTreeMap::new();
    let mut numbers: HashMap<E164, Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        if let Some((id, _)) = file.reading.id {
            ids.entry(id).or_default().push(at);
        }
        for claim in &file.reading.claims {
            numbers.entry(claim.number).or_default().push(at);
        }
    }
    let names: Vec<&str> = files.iter().map(|file| file.source.file.as_str()).collect();
    let rival = |claimants: Option<&Vec<usize>>, at: usize| {
        let others = claimants.into_iter().flatten().filter(|other| **other != at);
        others.map(|other| names[*other]).next()
    };
    for (at, file) in files.iter_mut().enumerate() {
        if file.reading.business.is_some() {
            continue;
        }
        let mut found = Vec::new();
        if let Some((id, place)) = file.reading.id {
            let holder = holders.get(&id).filter(|holder| holder.file != at);
            let other = holder.map(|holder| names[holder.file]).or_else(|| rival(ids.get(&id), at));
            if let Some(other) = other {
                let what = format!("\"{id}\" is the business of {other}");
                let hint = "a business has one file: remove one, or give one another id";
                found.push((place, "business.id".to_owned(), what, hint));
            }
        }
        for claim in &file.reading.claims {
            let number = claim.number;
            let (what, hint) = match owners.get(&number) {
                Some(owner) if owner.file == at => continue,
                Some(owner) => {
                    let (id, other) = (owner.business.id, names[owner.file]);
                    let hint = "a number has one owner: remove it there first";
                    (format!("{number} rings {id} ({other})"), hint)
                }
                None => match rival(numbers.get(&number), at) {
                    Some(other) => {
                        let hint = "a number has one owner: neither gets it until one gives way";
                        (format!("{number} is claimed by {other}, too"), hint)
                    }
                    None => continue,
                },
            };
            found.push((claim.place, claim.field.clone(), what, hint));
        }
        for (place, field, what, hint) in found {
            file.add(place, field, what, Some(hint.to_owned()));
        }
        if file.reading.mistakes.is_empty() {
            let what = "was refused over a number that nobody holds by now".to_owned();
            file.add(Place::START, String::new(), what, None);
        }
        file.reading.mistakes.sort();
    }
}

impl File<'_> {
    /// The businesses whose present version stays if this file is bad: the one it says it is, and
    /// the one that is live from it.
    pub(crate) fn stands_for(&self, live: &Live<'_>) -> BTreeSet<BusinessId> {
        let said = self.reading.id.map(|(id, _)| id);
        said.into_iter().chain(live.ids_of(&self.source.file).iter().copied()).collect()
    }

    fn refuse(&mut self, field: String, what: String, hint: Option<String>) {
        let place = self.reading.id.map_or(Place::START, |(_, place)| place);
        self.reading.business = None;
        self.add(place, field, what, hint);
    }

    fn add(&mut self, place: Place, field: String, what: String, hint: Option<String>) {
        let Place { line, column } = place;
        let file = self.source.file.clone();
        self.reading.mistakes.push(Mistake { file, line, column, field, what, hint });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::business::read_source;
    use crate::directory::Directory;
    use crate::fuzz::rules;

    #[test]
    fn new_businesses_beyond_the_room_are_refused_last_id_first() {
        let text = include_str!("../tests/directory/base.toml").replace("\"cloud-ear\", ", "");
        let sources: Vec<Source> = ["c", "a", "b"]
            .map(|id| Source {
                file: format!("{id}.toml"),
                bytes: text.replace("corner-bakery", id).into(),
            })
            .into();
        let (empty, rules) = (Directory::empty(), rules());
        let live = Live::new(&empty, &[], &rules);
        let file = |(index, source)| {
            let reading = read_source(source, &rules, live.next_version());
            File { source, index, reading }
        };
        let mut files: Vec<File<'_>> = sources.iter().enumerate().map(file).collect();
        refuse_crowd(&mut files, &live, 2);
        let refused = files.iter().filter(|file| file.reading.business.is_none());
        let said: Vec<String> =
            refused.flat_map(|file| &file.reading.mistakes).map(ToString::to_string).collect();
        assert_eq!(said, ["c.toml:2:6: business.id: is one too many: 2 businesses fit"]);
    }
}
