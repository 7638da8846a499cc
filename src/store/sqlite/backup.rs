//! A consistent copy of the main database, made beside everything else.

use std::fs::{File, OpenOptions};
use std::path::Path;

use super::super::{Result, StoreError};
use super::connection;
use super::error::classify;

/// Copies the database at `path` into the new file `target` and flushes it.
pub(super) fn copy(path: &Path, target: &Path) -> Result<()> {
    create(target).map_err(|error| StoreError::Disk(format!("{} can not be created: {error}", target.display())))?;
    let result = fill(path, target);
    if result.is_err() {
        // Half a copy must not be taken for one; the first error is what counts.
        let _ = std::fs::remove_file(target);
    }
    result
}

/// An empty file that only its owner reads; one that is there already is not touched.
fn create(target: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(target)
}

fn fill(path: &Path, target: &Path) -> Result<()> {
    let name = target.to_str().ok_or_else(|| StoreError::Other("the target's name is not UTF-8".into()))?;
    let connection = connection::maintenance(path, None)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| classify(error, Some(&connection)))?;
    let flushed = OpenOptions::new().write(true).open(target).and_then(|file| file.sync_all());
    flushed.map_err(|error| StoreError::Disk(error.to_string()))
}
