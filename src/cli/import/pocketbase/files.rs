//! Stored files, copied as they lie, so that their keys stay.

use std::path::Path;

use anyhow::Context as _;

use super::archive;
use super::report::Report;
use super::source::{Files, Source};

/// Directories in directories: collections, records, thumbs.
const MOST_LEVELS: usize = 16;

/// Copies all files into `target`.
pub(super) fn copy(source: &Source, target: &Path, report: &mut Report) -> anyhow::Result<()> {
    walk(source, Some(target), report)
}

/// Counts what would be copied.
pub(super) fn count(source: &Source, report: &mut Report) -> anyhow::Result<()> {
    walk(source, None, report)
}

fn walk(source: &Source, target: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    match &source.files {
        Files::Directory(place) => match place.is_dir() {
            true => directory(place, target, MOST_LEVELS, report),
            false => Ok(()),
        },
        Files::Archive(path) => {
            let (files, bytes) = archive::unpack_files(path, |inner| Ok(target.map(|target| target.join(inner))))?;
            (report.files, report.file_bytes) = (files, bytes);
            Ok(())
        }
    }
}

fn directory(from: &Path, to: Option<&Path>, levels: usize, report: &mut Report) -> anyhow::Result<()> {
    if levels == 0 {
        report.note("directory", from.to_string_lossy(), "it lies too deep for a stored file");
        return Ok(());
    }
    if let Some(to) = to {
        std::fs::create_dir_all(to)?;
    }
    for entry in std::fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let to = to.map(|to| to.join(entry.file_name()));
        if kind.is_dir() {
            directory(&path, to.as_deref(), levels - 1, report)?;
        } else if kind.is_file() {
            if let Err(error) = std::fs::File::open(&path) {
                report.note("file", path.to_string_lossy(), format!("it can't be read: {error}"));
                continue;
            }
            report.files += 1;
            report.file_bytes += match to {
                Some(to) => std::fs::copy(&path, to).with_context(|| format!("can't copy {}", path.display()))?,
                None => entry.metadata()?.len(),
            };
        } else {
            report.note("file", path.to_string_lossy(), "it is no plain file");
        }
    }
    Ok(())
}
