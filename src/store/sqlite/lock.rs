//! One server a data directory: a second one would break the revision counter and the caches in memory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::super::{Result, StoreError};

const FILE_NAME: &str = "data.lock";

/// Held as long as the engine is open; the system releases it when the process dies.
#[derive(Debug)]
pub struct DirectoryLock(File);

impl DirectoryLock {
    /// Takes the directory, which must be there.
    ///
    /// # Errors
    /// `Locked` when another process has it, `Disk` when it can not be used.
    pub fn acquire(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE_NAME);
        let broken =
            |error: std::io::Error| StoreError::Disk(format!("the lock file {} is unusable: {error}", path.display()));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(broken)?;
        match file.try_lock() {
            Ok(()) => {
                // The number is for the message of the one that comes second; the lock holds without it.
                file.set_len(0).and_then(|()| file.rewind()).map_err(broken)?;
                write!(file, "{}", std::process::id()).map_err(broken)?;
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // An unreadable number only makes the message shorter.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
                Err(StoreError::Locked(format!(
                    "another Basalt server{holder} already uses the data directory {}",
                    dir.display()
                )))
            }
            Err(TryLockError::Error(error)) => Err(broken(error)),
        }
    }
}

impl Drop for DirectoryLock {
    /// Not only by closing the file: a child process that is just being started has it open, too.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the data directory is free only when the process has ended");
        }
    }
}
