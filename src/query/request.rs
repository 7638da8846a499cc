//! Everything that a rule may see (`@request.*`), as one plain struct. `api` fills it, `query` reads it.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::clock::Clock;
use crate::schema::{Record, SUPERUSERS_ID};

#[derive(Debug, Clone, Default)]
pub struct Request {
    pub context: Context,
    /// `GET`, `POST`, …; realtime counts as GET.
    pub method: String,
    /// Names in lower case with `-` as `_`; the first value of each (contract 3.5).
    pub headers: IndexMap<String, String>,
    /// The first value of each query parameter.
    pub query: IndexMap<String, String>,
    /// The submitted data after modifiers; unknown keys are kept.
    pub body: Map<String, Json>,
    pub caller: Caller,
    /// What `@now` and the other macros ask.
    pub clock: Clock,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub enum Caller {
    #[default]
    Guest,
    /// An auth record of any collection, superusers included.
    Record(Arc<Record>),
}

/// `@request.context`: on what occasion the rule is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Context {
    #[default]
    Default,
    OAuth2,
    Otp,
    Password,
    Realtime,
    ProtectedFile,
    Expand,
    Batch,
}

impl Caller {
    pub fn record(&self) -> Option<&Arc<Record>> {
        match self {
            Caller::Guest => None,
            Caller::Record(record) => Some(record),
        }
    }

    pub fn is_superuser(&self) -> bool {
        self.record().is_some_and(|record| record.collection.id == SUPERUSERS_ID)
    }

    /// The id of the auth record; empty for a guest.
    pub fn id(&self) -> &str {
        self.record().map(|record| record.id()).unwrap_or_default()
    }
}

impl Context {
    pub fn as_str(self) -> &'static str {
        match self {
            Context::Default => "default",
            Context::OAuth2 => "oauth2",
            Context::Otp => "otp",
            Context::Password => "password",
            Context::Realtime => "realtime",
            Context::ProtectedFile => "protectedFile",
            Context::Expand => "expand",
            Context::Batch => "batch",
        }
    }
}
