//! Business files and their last good copies on disk.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use directory::{LastGood, Source};
use types::BusinessId;

/// Bytes read of one file: the directory refuses far smaller ones, and says so.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The `*.toml` files in `dir` as they are now, by name. Hidden files are none of ours: editors
/// and container mounts keep their own there.
///
/// # Errors
/// The directory cannot be listed. A file that is there but cannot be read (no permission, a
/// dangling link, a bad disk) counts as an empty one and is logged: it is a mistake, not the end of
/// its business. One that was just renamed away is left out.
pub fn read_sources(dir: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if file.starts_with('.') || !file.ends_with(".toml") {
            continue;
        }
        match read_bounded(&path) {
            Ok(bytes) => sources.push(Source { file: file.to_owned(), bytes }),
            Err(_) if fs::symlink_metadata(&path).is_err() => (),
            Err(error) => {
                tracing::error!(file, %error, "business file cannot be read");
                sources.push(Source { file: file.to_owned(), bytes: Vec::new() });
            }
        }
    }
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(sources)
}

/// The stored copies of good files; what is unreadable among them is as good as absent.
pub(super) fn read_last_good(dir: &Path) -> Vec<LastGood> {
    let Ok(items) = fs::read_dir(dir) else { return Vec::new() };
    let paths = items.filter_map(|item| item.ok().map(|item| item.path()));
    let copies = paths.filter(|path| path.extension().is_some_and(|end| end == "good"));
    copies.filter_map(|path| LastGood::decode(&read_bounded(&path).ok()?)).collect()
}

/// Stores a copy, whole or not at all. A failure is logged: it matters only after a restart.
pub(super) fn store_last_good(dir: &Path, business: BusinessId, bytes: &[u8]) {
    let path = copy_path(dir, business);
    let stored = fs::create_dir_all(dir).and_then(|()| write_whole(&path, bytes));
    if let Err(error) = stored {
        tracing::error!(%business, %error, "last good copy cannot be stored");
    }
}

/// Removes the copy of a business that is gone.
pub(super) fn remove_last_good(dir: &Path, business: BusinessId) {
    match fs::remove_file(copy_path(dir, business)) {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => tracing::error!(%business, %error, "last good copy cannot be removed"),
    }
}

/// Writes `bytes` to `path` such that a reader sees the old file or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

fn copy_path(dir: &Path, business: BusinessId) -> PathBuf {
    dir.join(format!("{business}.good"))
}

pub(super) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
