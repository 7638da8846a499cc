//! The new data directory in the making, inside the one that it becomes.
//!
//! It is made under one name, gets another when it is whole and on the disk, and then its parts are moved into place. So
//! a crash leaves either something unfinished, which the next import throws away, or something finished, which whoever
//! opens the directory puts in place first.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::scratch::private_dir;
use crate::store::sqlite::DirectoryLock;

const UNFINISHED: &str = "import.unfinished";
const FINISHED: &str = "import.finished";
const DATABASE: &str = "data.db";
/// What a data directory consists of, the database last: with it the directory is the new one.
const PARTS: [&str; 3] = ["storage", "aux.db", DATABASE];
const LOG_SUFFIXES: [&str; 2] = ["-wal", "-shm"];

pub(super) struct Staging {
    target: PathBuf,
    path: PathBuf,
    /// Nobody else has the directory meanwhile. A directory that is not there can't be held, nor need it.
    _lock: Option<DirectoryLock>,
}

impl Staging {
    /// An empty place for a directory that becomes `target`, or a copy of it for `merge`. With `aside` it is there and
    /// never put in place.
    pub fn begin(target: &Path, aside: Option<PathBuf>, merge: bool) -> anyhow::Result<Self> {
        let unusable = || format!("can't use {}", target.display());
        if aside.is_none() {
            private_dir(target).with_context(unusable)?;
        }
        let lock = target.is_dir().then(|| DirectoryLock::acquire(target)).transpose()?;
        adopt(target)?;
        let used = target.join(DATABASE).is_file();
        if used && !merge {
            bail!("{} has data already; --merge adds to it", target.display());
        }
        let path = aside.unwrap_or_else(|| target.join(UNFINISHED));
        if path.is_dir() {
            std::fs::remove_dir_all(&path).with_context(|| format!("can't clear {}", path.display()))?;
        }
        private_dir(&path).with_context(unusable)?;
        if used {
            for name in [DATABASE, "data.db-wal", "aux.db", "aux.db-wal"] {
                let from = target.join(name);
                if from.is_file() {
                    std::fs::copy(&from, path.join(name)).with_context(|| format!("can't copy {}", from.display()))?;
                }
            }
        }
        Ok(Self { target: target.to_owned(), path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the target what is here. Whoever has written here must be done.
    pub fn put_in_place(self) -> anyhow::Result<()> {
        flush();
        std::fs::rename(&self.path, self.target.join(FINISHED)).context("can't finish the import")?;
        flush();
        adopt(&self.target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Gone already where it was put in place; what can't be removed is thrown away by the next import.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Before a directory is opened: finishes an import that only had to be put in place.
///
/// # Errors
/// When an import into the empty directory was broken off, or is under way.
pub(in crate::cli) fn settle(dir: &Path) -> anyhow::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    if unfinished.is_dir() && !dir.join(DATABASE).is_file() {
        bail!(
            "the import into {} was not finished: run it again, or delete {} to start without it",
            dir.display(),
            unfinished.display()
        );
    }
    if dir.join(FINISHED).is_dir() {
        let _lock = DirectoryLock::acquire(dir)?;
        adopt(dir)?;
    }
    Ok(())
}

/// Moves what is finished into place; may be done again after it was broken off anywhere.
fn adopt(target: &Path) -> anyhow::Result<()> {
    let finished = target.join(FINISHED);
    if !finished.is_dir() {
        return Ok(());
    }
    let what = || format!("can't put the import into {} in place", target.display());
    for part in PARTS {
        let from = finished.join(part);
        if !from.try_exists().with_context(what)? {
            continue;
        }
        for suffix in LOG_SUFFIXES.iter().filter(|_| from.is_file()) {
            // The log of the database that goes; the new one was closed and needs none.
            match std::fs::remove_file(target.join(format!("{part}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(what),
                _ => {}
            }
        }
        move_into(&from, &target.join(part)).with_context(what)?;
    }
    flush();
    std::fs::remove_dir_all(&finished).with_context(what)
}

/// A directory that is there takes what is in the other.
fn move_into(from: &Path, to: &Path) -> std::io::Result<()> {
    if !(from.is_dir() && to.is_dir()) {
        return std::fs::rename(from, to);
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        move_into(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Everything that was written is on the disk: many files at once.
fn flush() {
    // SAFETY: it takes nothing and can't fail.
    unsafe { libc::sync() };
}
