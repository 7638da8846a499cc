//! The inner error: what every service above the store returns.
//!
//! An [`Error`] has a [`Kind`] (which the wire turns into a status code, in `api/error.rs` alone), a
//! public message, field errors, and an internal cause that is logged and never sent.
//! *Invariant:* an `Internal` error has no public detail.

pub mod codes;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

/// The result of a service call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; the wire has one status for each (contract 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    Unprocessable,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Timeout,
    Internal,
}

/// A failure with its public face and its private cause.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: Cow<'static, str>,
    fields: FieldErrors,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    retry_after_s: Option<NonZeroU32>,
}

/// One validation failure: a code of [`codes`], a message and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
    pub params: Map<String, Json>,
    /// Further keys beside `code` and `message`, such as `response` of a failed batch entry.
    pub extra: Map<String, Json>,
}

/// Field errors by name; nested structures nest, list items use their index as the key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldErrors(pub IndexMap<String, FieldErrorNode>);

#[derive(Debug, Clone, PartialEq)]
pub enum FieldErrorNode {
    Leaf(FieldError),
    Nested(FieldErrors),
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), fields: FieldErrors::default(), cause: None, retry_after_s: None }
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, message)
    }

    /// A failure of ours: logged with its cause, sent without any detail.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Kind::Internal, "") }
    }

    #[must_use]
    pub fn with_fields(mut self, fields: FieldErrors) -> Self {
        self.fields = fields;
        self
    }

    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says when the same may be tried again.
    #[must_use]
    pub fn with_retry_after(mut self, time: Duration) -> Self {
        let seconds = u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.retry_after_s = NonZeroU32::new(seconds).or(Some(NonZeroU32::MIN));
        self
    }

    /// In whole seconds, at least one.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s.map(NonZeroU32::get)
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The public message; empty means the default of the kind.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn fields(&self) -> &FieldErrors {
        &self.fields
    }

    /// The internal cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: &str = if self.message.is_empty() { "internal error" } else { &self.message };
        f.write_str(text)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl FieldError {
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: message.into(), params: Map::new(), extra: Map::new() }
    }

    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

impl FieldErrors {
    pub fn one(name: impl Into<String>, error: FieldError) -> Self {
        let mut errors = Self::default();
        errors.add(name, error);
        errors
    }

    /// Adds a failure; the first one of a name wins, as clients show one message a field.
    pub fn add(&mut self, name: impl Into<String>, error: FieldError) {
        self.0.entry(name.into()).or_insert(FieldErrorNode::Leaf(error));
    }

    pub fn nest(&mut self, name: impl Into<String>, errors: FieldErrors) {
        if !errors.is_empty() {
            self.0.entry(name.into()).or_insert(FieldErrorNode::Nested(errors));
        }
    }

    /// Takes over what the other has; the own one wins under a name that both have.
    pub fn absorb(&mut self, other: FieldErrors) {
        for (name, node) in other.0 {
            self.0.entry(name).or_insert(node);
        }
    }

    /// Whether this is the one name that failed.
    pub fn has_only(&self, name: &str) -> bool {
        self.0.len() == 1 && self.0.contains_key(name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing failed, else an `Invalid` error with these fields.
    pub fn into_result(self, message: &'static str) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::invalid(message).with_fields(self)) }
    }

    /// The wire form (contract 1.2): `{name: {code, message, params?}}`, nested where nested.
    pub fn to_json(&self) -> Json {
        let node = |node: &FieldErrorNode| match node {
            FieldErrorNode::Nested(errors) => errors.to_json(),
            FieldErrorNode::Leaf(error) => {
                let mut map = Map::new();
                map.insert("code".into(), error.code.as_ref().into());
                map.insert("message".into(), error.message.as_ref().into());
                if !error.params.is_empty() {
                    map.insert("params".into(), Json::Object(error.params.clone()));
                }
                map.extend(error.extra.clone());
                Json::Object(map)
            }
        };
        Json::Object(self.0.iter().map(|(name, inner)| (name.clone(), node(inner))).collect())
    }
}
