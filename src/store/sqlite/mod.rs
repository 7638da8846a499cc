//! The embedded engine (stub).
use super::{Committed, Result, Sink, Statement, WriteSet};

#[derive(Clone)]
pub struct Engine {}

#[derive(Clone)]
pub struct Tx {}

/// How the engine is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub dir: std::path::PathBuf,
    pub durability: Durability,
    pub query_timeout_ms: u64,
    pub reader_threads: usize,
    /// Readers map the file into memory up to this size; 0 switches it off.
    pub mmap_size_bytes: u64,
    /// `true`: another process owns checkpoints (`sqlite.checkpoint = "external"`).
    pub external_checkpoint: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Full,
    Normal,
}

impl Engine {
    pub fn open(_options: Options) -> Result<Self> {
        todo!()
    }
    pub async fn write(&self, _set: WriteSet) -> Result<Committed> {
        todo!()
    }
    pub async fn transaction<T, E, F>(&self, _work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<super::StoreError> + Send + 'static,
    {
        todo!()
    }
    pub async fn stream<S: Sink>(&self, _statement: Statement, _sink: S) -> Result<S> {
        todo!()
    }
    pub fn schema_version(&self) -> u64 {
        todo!()
    }
    pub async fn backup(&self, _target: std::path::PathBuf) -> Result<()> {
        todo!()
    }
    pub fn ready(&self) -> bool {
        todo!()
    }
    pub async fn close(&self) {
        todo!()
    }
}

impl Tx {
    pub fn stream<S: Sink>(&self, _statement: &Statement, _sink: S) -> Result<S> {
        todo!()
    }
    pub fn apply(&self, _set: &WriteSet) -> Result<Committed> {
        todo!()
    }
    pub fn execute(&self, _statement: &Statement) -> Result<u64> {
        todo!()
    }
    pub fn schema_changed(&self) {
        todo!()
    }
}
