//! The tree of a statement.

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    Query(Query),
    Insert(Box<Insert>),
    Update(Update),
    Delete(Delete),
    CreateTable(CreateTable),
    CreateView { name: String, columns: Vec<String>, query: Query },
    CreateIndex(CreateIndex),
    Drop { what: Dropped, optional: bool, name: String },
    AlterTable { table: String, change: Alteration },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Literal(Literal),
    Parameter(usize),
    /// `quoted`: in `"…"`, which is a text where no such column is.
    Column {
        table: Option<String>,
        name: String,
        quoted: bool,
    },
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    /// `IS`, and what is said by it: `ISNULL`, `IS NOT DISTINCT FROM`.
    Is {
        left: Box<Expr>,
        right: Box<Expr>,
        not: bool,
    },
    Like {
        value: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
        not: bool,
    },
    Glob {
        value: Box<Expr>,
        pattern: Box<Expr>,
        not: bool,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        not: bool,
    },
    InList {
        value: Box<Expr>,
        items: Vec<Expr>,
        not: bool,
    },
    InQuery {
        value: Box<Expr>,
        query: Box<Query>,
        not: bool,
    },
    Exists(Box<Query>),
    Scalar(Box<Query>),
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast {
        value: Box<Expr>,
        to: String,
    },
    Collate {
        value: Box<Expr>,
        collation: String,
    },
    Call(Call),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    Bool(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
    BitNot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Concat,
    BitAnd,
    BitOr,
    ShiftLeft,
    ShiftRight,
    /// `->`
    Json,
    /// `->>`
    JsonValue,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub name: String,
    pub distinct: bool,
    /// `count(*)`.
    pub star: bool,
    pub arguments: Vec<Expr>,
    pub order: Vec<Term>,
    pub filter: Option<Box<Expr>>,
    pub over: Option<Box<Window>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Window {
    /// The window of the `WINDOW` clause that it begins as.
    pub base: Option<String>,
    pub partition: Vec<Expr>,
    pub order: Vec<Term>,
    /// As it was written, which is the same in PostgreSQL.
    pub frame: String,
}

/// A term of an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub with: With,
    pub first: Core,
    pub rest: Vec<(SetOperator, Core)>,
    pub order: Vec<Term>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct With {
    pub recursive: bool,
    pub tables: Vec<Common>,
}

/// One table of a `WITH`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Common {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetOperator {
    Union,
    UnionAll,
    Intersect,
    Except,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Core {
    Select(Box<Select>),
    Values(Vec<Vec<Expr>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Select {
    pub distinct: bool,
    pub items: Vec<Item>,
    pub from: Option<From>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
    pub windows: Vec<(String, Window)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Star,
    TableStar(String),
    Expr {
        expr: Expr,
        alias: Option<String>,
        /// As it was written, which names it where no alias does.
        text: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct From {
    pub first: Table,
    pub joins: Vec<Join>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    pub kind: JoinKind,
    pub natural: bool,
    pub table: Table,
    pub on: Option<Expr>,
    pub using: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Table {
    Named { name: String, alias: Option<String> },
    Function { name: String, arguments: Vec<Expr>, alias: Option<String> },
    Query { query: Box<Query>, alias: Option<String> },
    Nested(Box<From>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Insert {
    pub with: With,
    /// `INSERT OR IGNORE`.
    pub ignore: bool,
    pub table: String,
    pub alias: Option<String>,
    pub columns: Vec<String>,
    /// None for `DEFAULT VALUES`.
    pub source: Option<Query>,
    pub conflict: Option<Conflict>,
    pub returning: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conflict {
    pub target: Vec<Expr>,
    pub target_filter: Option<Expr>,
    /// Empty for `DO NOTHING`.
    pub set: Vec<(String, Expr)>,
    pub filter: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Update {
    pub with: With,
    pub table: String,
    pub alias: Option<String>,
    pub set: Vec<(String, Expr)>,
    pub filter: Option<Expr>,
    pub returning: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delete {
    pub with: With,
    pub table: String,
    pub alias: Option<String>,
    pub filter: Option<Expr>,
    pub returning: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CreateTable {
    pub optional: bool,
    pub name: String,
    pub columns: Vec<Definition>,
    /// Keys over several columns: whether it is the primary one, and the columns.
    pub keys: Vec<(bool, Vec<String>)>,
    pub without_rowid: bool,
}

/// A column of a new table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    pub name: String,
    pub type_name: String,
    pub not_null: bool,
    pub primary_key: bool,
    pub unique: bool,
    pub default: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CreateIndex {
    pub unique: bool,
    pub optional: bool,
    pub name: String,
    pub table: String,
    pub terms: Vec<Term>,
    pub filter: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    Table,
    View,
    Index,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Alteration {
    Rename(String),
    RenameColumn(String, String),
    AddColumn(Definition),
    DropColumn(String),
}
