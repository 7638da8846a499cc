//! What is known about the disk.
//!
//! A write that fails (disk full, an I/O error) is undone and may be tried again: nothing depends on it. A *sync* that
//! fails is another matter. The system may have dropped the pages it could not write and call them clean, so the next
//! sync succeeds and proves nothing. Then nothing more is written or copied by this engine: what is on the disk was
//! synced before, and opening it again writes the log anew before it is trusted ([`renew_log`]).

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::super::{Result, StoreError};

/// Shared by everything that writes to the main database.
#[derive(Default)]
pub(super) struct Health {
    /// The last write did not reach the disk.
    failing: AtomicBool,
    /// A sync failed; final.
    distrusted: AtomicBool,
}

impl Health {
    /// Whether a write would be tried, and the last one came through.
    pub(super) fn is_good(&self) -> bool {
        !self.failing.load(Ordering::Relaxed) && self.trusted().is_ok()
    }

    /// Refuses once a sync has failed.
    pub(super) fn trusted(&self) -> Result<()> {
        if self.distrusted.load(Ordering::Acquire) {
            return Err(StoreError::Unsynced("a sync failed earlier, writing goes on after a restart".into()));
        }
        Ok(())
    }

    /// A commit put something into the log.
    pub(super) fn written(&self) {
        self.failing.store(false, Ordering::Relaxed);
    }

    /// Draws the consequences of a failure of the disk; other errors say nothing about it.
    pub(super) fn note(&self, error: &StoreError) {
        match error {
            StoreError::Disk(_) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::error!(%error, "a write did not reach the disk");
            }
            StoreError::Unsynced(_) if !self.distrusted.swap(true, Ordering::AcqRel) => {
                tracing::error!(%error, "a sync failed: no more writes until the server is restarted");
            }
            _ => {}
        }
    }

    /// Before a connection closes: the last one would copy the log into the database and delete it.
    pub(super) fn keep_log(&self, connection: &Connection) {
        if self.trusted().is_err()
            && let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        {
            tracing::error!(%error, "the write-ahead log could not be kept");
        }
    }
}

/// Replaces a log that an earlier process left by a copy that is synced. What that process failed to sync may be in
/// memory only, where a reader finds it and a power loss does not.
pub(super) fn renew_log(database: &Path) -> Result<()> {
    let log = with_suffix(database, "-wal");
    let failed = |error: std::io::Error| StoreError::Disk(format!("{} can not be renewed: {error}", log.display()));
    match std::fs::metadata(&log) {
        Ok(facts) if facts.len() > 0 => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    let copy = with_suffix(database, "-wal-new");
    match copy_synced(&log, &copy) {
        Ok(()) => {}
        // Without room the server must still be able to start and to delete something.
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            tracing::warn!(%error, "no room to renew the write-ahead log");
            return std::fs::remove_file(&copy).map_err(failed);
        }
        Err(error) => return Err(failed(error)),
    }
    std::fs::rename(&copy, &log).map_err(failed)?;
    sync_directory(database.parent().unwrap_or(Path::new(""))).map_err(failed)
}

fn copy_synced(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    File::options().write(true).open(to)?.sync_all()
}

/// Makes the entries of a directory durable, where the system knows such a thing.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "the Unix half can fail"))]
pub(super) fn sync_directory(dir: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    File::open(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
