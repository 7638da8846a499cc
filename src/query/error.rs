//! Why an expression was refused.

/// A reason that never holds SQL, with the position in bytes where that is known.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct QueryError {
    pub reason: String,
    pub position: Option<usize>,
    /// True where contract 2.1 answers 403: `@request.` or `@collection.` in a client's expression.
    pub forbidden: bool,
}

impl QueryError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), position: None, forbidden: false }
    }

    pub(super) fn at(position: usize, reason: impl Into<String>) -> Self {
        Self { position: Some(position), ..Self::new(reason) }
    }

    pub(super) fn forbidden(reason: impl Into<String>) -> Self {
        Self { forbidden: true, ..Self::new(reason) }
    }
}

pub(super) type Result<T, E = QueryError> = std::result::Result<T, E>;
