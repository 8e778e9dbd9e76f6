//! Business files by their digest: the very version a call began with, for as long as a process
//! that goes on with the call could need it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use directory::{Directory, LastGood, Rules, Source};
use sha2::{Digest, Sha256};
use types::{AgentConfig, AgentId, BusinessId};

use super::files::read_bounded;

/// How long a version stays that no new call begins with: longer than the longest call.
const UNUSED_MAX: Duration = Duration::from_secs(48 * 3_600);

/// How often old versions are looked for: each look asks the system about every file, and an edit
/// should not pay for all edits of the last two days.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// Hex digits of a digest that make a name: 128 bits tell all versions apart.
const NAME_DIGITS: usize = 32;

/// The versions of business files that calls were begun with.
#[derive(Debug)]
pub(super) struct Pinned {
    dir: PathBuf,
    pruned_at: Mutex<Option<Instant>>,
}

impl Pinned {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, pruned_at: Mutex::default() }
    }

    /// Stores the file of `business`; its name, by which it is found again. A failure is logged: it
    /// matters only to calls that outlive this process.
    pub(super) fn store(&self, business: BusinessId, source: &Source) -> Option<String> {
        let bytes = LastGood::encode(business, source);
        let name = name_of(&bytes);
        let path = self.path(&name);
        let stored = if path.exists() {
            Ok(())
        } else {
            // Not waited for: a file the disk lost is known by its digest, and the call then goes on
            // with the agent as it is.
            let partial = path.with_extension("partial");
            fs::create_dir_all(&self.dir)
                .and_then(|()| fs::write(&partial, &bytes))
                .and_then(|()| fs::rename(&partial, &path))
        };
        match stored {
            Ok(()) => Some(name),
            Err(error) => {
                tracing::error!(%business, %error, "a version of a business cannot be kept");
                None
            }
        }
    }

    /// The agent of `business` as the file called `name` has it.
    pub(super) fn agent(
        &self,
        name: &str,
        (business, agent): (BusinessId, AgentId),
        rules: &Rules,
    ) -> Option<Arc<AgentConfig>> {
        let is_name = name.len() == NAME_DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
        let bytes = is_name.then(|| read_bounded(&self.path(name)).ok()).flatten()?;
        if name_of(&bytes) != name {
            tracing::error!(%business, "a kept version of a business is damaged");
            return None;
        }
        let source = LastGood::decode(&bytes)?.source;
        let past = directory::publish(&Directory::empty(), &[source], &[], rules);
        past.directory.business(business)?.agent(agent).cloned()
    }

    /// Notes that no new call begins with `name`: from now on it ages.
    pub(super) fn retire(&self, name: &str) {
        let touched = fs::File::options().append(true).open(self.path(name));
        if let Err(error) = touched.and_then(|file| file.set_modified(SystemTime::now())) {
            tracing::debug!(%error, "a kept version of a business cannot be touched");
        }
    }

    /// Removes versions that are older than any call and not `current`, unless that was done a short
    /// while before `now`.
    pub(super) fn prune_if_due(&self, current: &[&str], now: Instant) {
        let mut pruned_at = self.pruned_at.lock().expect("no holder panics");
        if pruned_at.is_some_and(|at| now.saturating_duration_since(at) < PRUNE_EVERY) {
            return;
        }
        *pruned_at = Some(now);
        drop(pruned_at);
        self.prune(current);
    }

    fn prune(&self, current: &[&str]) {
        let removed = fs::read_dir(&self.dir).and_then(|items| {
            for item in items {
                let path = item?.path();
                let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                if !current.contains(&name) && is_old(&path)? {
                    fs::remove_file(&path)?;
                }
            }
            Ok(())
        });
        match removed {
            Ok(()) => (),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (),
            Err(error) => tracing::warn!(%error, "old versions of businesses cannot be removed"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name).with_extension("toml")
    }
}

fn name_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.filter_map(|digit| char::from_digit(digit.into(), 16)).take(NAME_DIGITS).collect()
}

fn is_old(path: &Path) -> io::Result<bool> {
    let modified = fs::metadata(path)?.modified()?;
    Ok(modified.elapsed().is_ok_and(|age| UNUSED_MAX < age))
}

#[cfg(test)]
mod tests {
    use directory::{Defaults, KnownVendors};

    use super::*;
    use crate::config::EngineConfig;

    fn rules() -> Rules {
        let shipped = EngineConfig::shipped().defaults;
        let (turns, limits, intake) = (shipped.turns, shipped.limits, shipped.intake);
        Rules { defaults: Defaults { turns, limits, intake }, vendors: KnownVendors::local() }
    }

    #[test]
    fn a_version_is_found_by_its_digest_and_a_damaged_one_is_not() {
        let dir = std::env::temp_dir().join(format!("apex-pinned-{}", std::process::id()));
        let pinned = Pinned::new(dir.clone());
        let business: BusinessId = "dentist".parse().unwrap();
        let source = Source { file: "dentist.toml".into(), bytes: b"a = 1\n".to_vec() };
        let name = pinned.store(business, &source).unwrap();
        assert_eq!(pinned.store(business, &source), Some(name.clone()), "stored once");
        let other = Source { bytes: b"a = 2\n".to_vec(), ..source };
        assert_ne!(pinned.store(business, &other), Some(name.clone()));
        fs::write(pinned.path(&name), b"# apex last good 1: dentist x\nb = 1\n").unwrap();
        let whose = (business, "main".parse().unwrap());
        assert!(pinned.agent(&name, whose, &rules()).is_none());
        assert!(pinned.agent("../../etc/passwd", whose, &rules()).is_none());
        pinned.prune(&[]);
        assert!(pinned.path(&name).exists(), "too young to go");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn old_versions_go_and_are_not_looked_for_at_every_edit() {
        let dir = std::env::temp_dir().join(format!("apex-pruned-{}", std::process::id()));
        let pinned = Pinned::new(dir.clone());
        let store = |bytes: &[u8]| {
            let source = Source { file: "dentist.toml".into(), bytes: bytes.to_vec() };
            let name = pinned.store("dentist".parse().unwrap(), &source).unwrap();
            let path = pinned.path(&name);
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - UNUSED_MAX - Duration::from_secs(60)).unwrap();
            (name, path)
        };
        let (current, kept) = store(b"a = 1\n");
        let (_, old) = store(b"a = 2\n");
        let now = Instant::now();
        pinned.prune_if_due(&[&current], now);
        assert!(kept.exists() && !old.exists());
        let (_, later) = store(b"a = 3\n");
        pinned.prune_if_due(&[&current], now + PRUNE_EVERY - Duration::from_secs(1));
        assert!(later.exists(), "not again so soon");
        pinned.prune_if_due(&[&current], now + PRUNE_EVERY);
        assert!(!later.exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
