//! One side of a comparison.

use crate::query::value::Affinity;
use crate::store::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Side {
    Const(Value),
    Sql(Scalar),
}

/// A piece of SQL that gives one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    pub text: String,
    pub affinity: Affinity,
    /// A json value: null and `''` are told apart, and types matter (contract 3.2).
    pub strict: bool,
    pub never_null: bool,
    /// A condition that must hold beside the comparison.
    pub guard: Option<String>,
}

impl Scalar {
    pub fn of(text: String, affinity: Affinity) -> Self {
        Self { text, affinity, strict: false, never_null: false, guard: None }
    }
}
