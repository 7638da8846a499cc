//! Backups as zip files, which may be made to harm: names, sizes and their sum are bounded before a byte is kept.

use std::fs::File;
use std::io::{BufReader, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use zip::ZipArchive;

use super::source::{DATABASE, LOG_DATABASE};

type Archive = ZipArchive<BufReader<File>>;

const MOST_ENTRIES: usize = 2_000_000;
/// All that comes out may be so many times as large as the archive, or this large.
const MOST_RATIO: u64 = 100;
const ALWAYS_ALLOWED_BYTES: u64 = 256 << 20;
const UNIX_TYPE: u32 = 0o170_000;
const UNIX_FILE: u32 = 0o100_000;

/// Unpacks the databases, which may have logs beside them.
pub(super) fn unpack_databases(path: &Path, target: &Path) -> anyhow::Result<()> {
    let mut bounded = Bounded::open(path)?;
    let mut found = false;
    for index in 0..bounded.archive.len() {
        let Some(name) = bounded.name(index)? else { continue };
        let wanted = [DATABASE, LOG_DATABASE].iter().any(|database| {
            name.to_str().and_then(|name| name.strip_prefix(database)).is_some_and(|rest| matches!(rest, "" | "-wal"))
        });
        if wanted {
            found |= name == Path::new(DATABASE);
            bounded.write(index, &target.join(name))?;
        }
    }
    if !found {
        bail!("there is no {DATABASE} at the top of {}", path.display());
    }
    Ok(())
}

/// Hands the place of every stored file, under `storage`, to `wanted`, and unpacks it where that names a target. Returns
/// how many there are and their bytes.
pub(super) fn unpack_files(
    path: &Path,
    mut wanted: impl FnMut(&Path) -> anyhow::Result<Option<PathBuf>>,
) -> anyhow::Result<(u64, u64)> {
    let mut bounded = Bounded::open(path)?;
    let (mut files, mut bytes) = (0, 0);
    for index in 0..bounded.archive.len() {
        let Some(name) = bounded.name(index)? else { continue };
        let Ok(inner) = name.strip_prefix("storage") else { continue };
        files += 1;
        bytes += match wanted(inner)? {
            Some(target) => bounded.write(index, &target)?,
            None => bounded.archive.by_index_raw(index)?.size(),
        };
    }
    Ok((files, bytes))
}

struct Bounded {
    archive: Archive,
    left: u64,
}

impl Bounded {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("can't read {} as a zip", path.display());
        let file = File::open(path).with_context(what)?;
        let size = file.metadata().with_context(what)?.len();
        let archive = ZipArchive::new(BufReader::new(file)).with_context(what)?;
        if archive.len() > MOST_ENTRIES {
            bail!("{} has more than {MOST_ENTRIES} entries", path.display());
        }
        Ok(Self { archive, left: size.saturating_mul(MOST_RATIO).max(ALWAYS_ALLOWED_BYTES) })
    }

    /// The name of a plain file; `None` for a directory. A name that leads out ends it all.
    fn name(&mut self, index: usize) -> anyhow::Result<Option<PathBuf>> {
        let entry = self.archive.by_index_raw(index)?;
        let name = entry.name()?.into_owned();
        let path = PathBuf::from(&name);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || name.contains(['\\', '\0', ':']) {
            bail!("the zip has an entry that leads out of it: {name:?}");
        }
        if entry.is_dir() {
            return Ok(None);
        }
        let kind = entry.unix_mode().unwrap_or_default() & UNIX_TYPE;
        if kind != 0 && kind != UNIX_FILE {
            bail!("the zip has an entry that is no plain file: {name:?}");
        }
        Ok(Some(path))
    }

    fn write(&mut self, index: usize, target: &Path) -> anyhow::Result<u64> {
        let mut entry = self.archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = File::create_new(target).with_context(|| format!("can't write {name:?} of the zip"))?;
        let written = std::io::copy(&mut entry.by_ref().take(self.left.saturating_add(1)), &mut file)
            .with_context(|| format!("can't unpack {name:?}"))?;
        if written > self.left {
            bail!("the zip holds more than {MOST_RATIO} times its own size, which no backup does");
        }
        self.left -= written;
        file.flush()?;
        Ok(written)
    }
}
