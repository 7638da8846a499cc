//! Where the data of PocketBase lies: a directory or a backup.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::archive;
use crate::store::Value;
use crate::store::sqlite::Foreign;

pub(super) const DATABASE: &str = "data.db";
pub(super) const LOG_DATABASE: &str = "auxiliary.db";
/// The name of the data directory unless somebody chose another.
const USUAL_DIRECTORY: &str = "pb_data";

pub(super) struct Source {
    data: Foreign,
    /// The database of the request log, if there is one.
    pub log: Option<PathBuf>,
    pub files: Files,
    /// A private directory for copies.
    pub scratch: PathBuf,
}

/// Where the stored files are.
pub(super) enum Files {
    Directory(PathBuf),
    Archive(PathBuf),
}

impl Source {
    /// Opens a directory, or unpacks the databases of a zip into `scratch`; checks that the layout is one that we know.
    pub fn open(given: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let (place, files) = match given.is_dir() {
            true => {
                let place = directory(given)?;
                (place.clone(), Files::Directory(place.join("storage")))
            }
            false => {
                let unpacked = scratch.join("unpacked");
                std::fs::create_dir(&unpacked)?;
                archive::unpack_databases(given, &unpacked)?;
                (unpacked, Files::Archive(given.to_owned()))
            }
        };
        let data =
            Foreign::open(&place.join(DATABASE), scratch).with_context(|| format!("can't read {}", given.display()))?;
        check_layout(&data).with_context(|| format!("can't import {}", given.display()))?;
        let log = Some(place.join(LOG_DATABASE)).filter(|path| path.is_file());
        Ok(Self { data, log, files, scratch: scratch.to_owned() })
    }

    pub fn data(&self) -> &Foreign {
        &self.data
    }
}

/// The directory itself, or the one of the usual name in it.
fn directory(given: &Path) -> anyhow::Result<PathBuf> {
    let places = [given.to_owned(), given.join(USUAL_DIRECTORY)];
    match places.into_iter().find(|place| place.join(DATABASE).is_file()) {
        Some(place) => Ok(place),
        None => bail!("there is no {DATABASE} in {} nor in its {USUAL_DIRECTORY}", given.display()),
    }
}

fn check_layout(data: &Foreign) -> anyhow::Result<()> {
    if !data.columns("_feed")?.is_empty() {
        bail!("this is a data directory of Basalt: copy it as it is");
    }
    let columns = data.columns("_collections")?;
    let has = |name: &str| columns.iter().any(|column| column == name);
    if columns.is_empty() {
        bail!("this is no database of PocketBase: it has no table of collections");
    }
    if !has("fields") || !has("options") {
        bail!(
            "it was written by a PocketBase before 0.23: start PocketBase 0.23 or later once on a copy of the directory, \
             which converts it, and import the copy"
        );
    }
    Ok(())
}

/// A text, which may be stored as bytes.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Blob(bytes) => String::from_utf8_lossy(bytes),
        other => other.as_str().into(),
    }
}
