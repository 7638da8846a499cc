//! A disk that remembers: every change of every file in its order, so that what a power loss at any moment could leave
//! can be rebuilt. It also fails on command.
//!
//! The model: what a file was at its last sync is there. Of each later write, any of its sectors may have arrived; a
//! length may have changed without its content (zeros). A name is there in its state of the last sync of the directory
//! or in any later one. What a failed sync left unwritten may be lost for ever, even when a later sync succeeds.

use std::collections::{BTreeMap, HashMap};
use std::ffi::c_int;

use parking_lot::Mutex;
use rand::RngExt as _;

use super::Random;

const SECTOR: u64 = 512;

/// Files are numbered as they are created; a name may stand for several one after the other.
pub type FileNumber = usize;

#[derive(Debug)]
pub enum Event {
    Created {
        name: String,
        file: FileNumber,
    },
    Deleted {
        name: String,
    },
    DirectorySynced,
    Changed {
        file: FileNumber,
        change: Change,
    },
    Synced {
        file: FileNumber,
    },
    SyncFailed {
        file: FileNumber,
    },
    /// Somebody else put it there and synced it, its name too.
    Found {
        name: String,
        file: FileNumber,
        content: Vec<u8>,
    },
}

#[derive(Debug)]
pub enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate { size: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Truncate,
    Sync,
}

/// From the `skip`-th such call on, `times` of them answer `code`.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub call: Call,
    pub skip: u32,
    pub times: u32,
    pub code: c_int,
}

#[derive(Default)]
pub struct Disk(Mutex<State>);

#[derive(Default)]
struct State {
    events: Vec<Event>,
    /// The file behind each name, with the number that the system gave it.
    names: HashMap<String, (FileNumber, u64)>,
    files: FileNumber,
    fault: Option<Fault>,
    tripped: u32,
    lies: bool,
}

impl Disk {
    /// How much has happened so far: a moment to lose the power at.
    pub fn moment(&self) -> usize {
        self.0.lock().events.len()
    }

    /// How often a file was synced so far.
    pub fn syncs(&self) -> usize {
        self.0.lock().events.iter().filter(|event| matches!(event, Event::Synced { .. })).count()
    }

    /// From now on syncs are confirmed and not done.
    pub fn lie(&self) {
        self.0.lock().lies = true;
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.0.lock().fault = fault;
    }

    /// How often a fault was answered.
    pub fn tripped(&self) -> u32 {
        self.0.lock().tripped
    }

    /// Everything that happened; forgotten here.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().events)
    }

    pub fn opened(&self, name: &str, inode: u64, created: bool, content: impl FnOnce() -> Vec<u8>) -> FileNumber {
        let mut state = self.0.lock();
        match state.names.get(name) {
            Some((file, known)) if *known == inode && !created => return *file,
            _ => {}
        }
        let file = state.files;
        state.files += 1;
        state.names.insert(name.to_owned(), (file, inode));
        let name = name.to_owned();
        state.events.push(match created {
            true => Event::Created { name, file },
            false => Event::Found { name, file, content: content() },
        });
        file
    }

    pub fn changed(&self, file: FileNumber, change: Change) {
        self.0.lock().events.push(Event::Changed { file, change });
    }

    pub fn deleted(&self, name: &str) {
        let mut state = self.0.lock();
        state.names.remove(name);
        state.events.push(Event::Deleted { name: name.to_owned() });
    }

    pub fn synced(&self, file: FileNumber) {
        let mut state = self.0.lock();
        if !state.lies {
            state.events.push(Event::Synced { file });
        }
    }

    pub fn sync_failed(&self, file: FileNumber) {
        self.0.lock().events.push(Event::SyncFailed { file });
    }

    pub fn directory_synced(&self) {
        let mut state = self.0.lock();
        if !state.lies {
            state.events.push(Event::DirectorySynced);
        }
    }

    /// The error that this call must answer, if it is its turn.
    pub fn trip(&self, call: Call) -> Option<c_int> {
        let mut state = self.0.lock();
        let fault = state.fault.as_mut().filter(|fault| fault.call == call)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times = fault.times.checked_sub(1)?;
        let code = fault.code;
        state.tripped += 1;
        Some(code)
    }
}

/// The files by name as a power loss right after these events could leave them.
pub fn image(events: &[Event], random: &mut Random) -> BTreeMap<String, Vec<u8>> {
    let keep = [0.0, 0.1, 0.5, 0.9, 1.0][random.random_range(0..5)];
    let mut files: HashMap<FileNumber, File<'_>> = HashMap::new();
    let mut names: BTreeMap<&str, Name> = BTreeMap::new();
    for event in events {
        match event {
            Event::Created { name, file } => {
                files.insert(*file, File::default());
                names.entry(name).or_default().later.push(Some(*file));
            }
            Event::Deleted { name } => names.entry(name).or_default().later.push(None),
            Event::DirectorySynced => names.values_mut().for_each(Name::settle),
            Event::Changed { file, change } => files.entry(*file).or_default().pending.push(change),
            Event::Synced { file } => files.entry(*file).or_default().settle(),
            Event::SyncFailed { file } => files.entry(*file).or_default().lose(keep, random),
            Event::Found { name, file, content } => {
                files.insert(*file, File { content: content.clone(), pending: Vec::new() });
                names.insert(name, Name { synced: Some(*file), later: Vec::new() });
            }
        }
    }
    let mut image = BTreeMap::new();
    for (name, states) in names {
        let moment = random.random_range(0..=states.later.len());
        let file = moment.checked_sub(1).map_or(states.synced, |index| states.later[index]);
        if let Some(mut file) = file.and_then(|file| files.remove(&file)) {
            file.lose(keep, random);
            image.insert(name.to_owned(), file.content);
        }
    }
    image
}

#[derive(Default)]
struct Name {
    synced: Option<FileNumber>,
    later: Vec<Option<FileNumber>>,
}

impl Name {
    fn settle(&mut self) {
        if let Some(last) = self.later.pop() {
            self.synced = last;
            self.later.clear();
        }
    }
}

#[derive(Default)]
struct File<'a> {
    content: Vec<u8>,
    pending: Vec<&'a Change>,
}

impl File<'_> {
    fn settle(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { offset, bytes } => write(&mut self.content, *offset, bytes),
                Change::Truncate { size } => self.content.resize(size_of_memory(*size), 0),
            }
        }
    }

    /// Some of what was not synced arrives, the rest never will.
    fn lose(&mut self, keep: f64, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { offset, bytes } => {
                    for (offset, sector) in sectors(*offset, bytes) {
                        if random.random_bool(keep) {
                            write(&mut self.content, offset, sector);
                        }
                    }
                    let end = size_of_memory(*offset) + bytes.len();
                    if end > self.content.len() && random.random_bool(keep) {
                        self.content.resize(end, 0);
                    }
                }
                Change::Truncate { size } if random.random_bool(keep) => {
                    self.content.resize(size_of_memory(*size), 0);
                }
                Change::Truncate { .. } => {}
            }
        }
    }
}

/// The parts of a write that arrive or not as a whole.
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = offset + at as u64;
        let length = size_of_memory(SECTOR - start % SECTOR).min(bytes.len() - at);
        let part = &bytes[at..at + length];
        at += length;
        (length > 0).then_some((start, part))
    })
}

fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = size_of_memory(offset);
    if content.len() < start + bytes.len() {
        content.resize(start + bytes.len(), 0);
    }
    content[start..start + bytes.len()].copy_from_slice(bytes);
}

fn size_of_memory(size: u64) -> usize {
    usize::try_from(size).expect("a test's file fits into memory")
}
