//! The syntax tree of an expression: what was written, before anything is known of the schema.

use std::sync::Arc;

/// A parsed filter or rule. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) root: Arc<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare(Comparison),
}

/// `left op right`; `any` is the `?` of an any-of operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub left: Operand,
    pub op: Op,
    pub any: bool,
    pub right: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
    NotLike,
}

impl Op {
    pub fn is_order(self) -> bool {
        matches!(self, Op::Lt | Op::Le | Op::Gt | Op::Ge)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// A field path, `@request.…`, `@collection.…` or a macro, with its position in the text.
    Path(String, usize),
    Number(f64),
    Text(String),
    Bool(bool),
    Null,
    Call(Call),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub name: String,
    pub arguments: Vec<Operand>,
    pub position: usize,
}
