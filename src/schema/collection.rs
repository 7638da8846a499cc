//! A collection: its fields, rules, indexes and type-specific options (contract 4.2).

use std::sync::Arc;

use super::Field;
use crate::store::Table;

#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    pub id: String,
    pub name: String,
    pub system: bool,
    pub kind: CollectionKind,
    pub fields: Vec<Field>,
    /// Full `CREATE [UNIQUE] INDEX` statements.
    pub indexes: Vec<String>,
    pub rules: Rules,
    pub created: String,
    pub updated: String,
    /// Where the records live; for a view, the SQL view.
    pub table: Arc<Table>,
}

/// The five API rules: `None` = superusers only, `Some("")` = everyone, else an expression of `query`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    pub list: Option<String>,
    pub view: Option<String>,
    pub create: Option<String>,
    pub update: Option<String>,
    pub delete: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CollectionKind {
    Base,
    Auth(Box<AuthOptions>),
    View {
        query: String,
        /// The names of the tables that the query reads; `None` where its rows can be others without any write.
        sources: Option<Vec<String>>,
    },
}

/// Options of an auth collection (contract 4.2), secrets included.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthOptions {
    pub auth_rule: Option<String>,
    pub manage_rule: Option<String>,
    pub password_enabled: bool,
    pub identity_fields: Vec<String>,
    pub auth_token: TokenOptions,
    pub password_reset_token: TokenOptions,
    pub email_change_token: TokenOptions,
    pub verification_token: TokenOptions,
    pub file_token: TokenOptions,
    /// The other options as they stand on the wire (`authAlert`, `oauth2`, `mfa`, `otp`, templates),
    /// secrets included; they get types of their own with the steps that use them.
    pub other: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TokenOptions {
    pub secret: String,
    pub duration_s: i64,
}

impl Collection {
    pub fn is_view(&self) -> bool {
        matches!(self.kind, CollectionKind::View { .. })
    }

    pub fn auth(&self) -> Option<&AuthOptions> {
        match &self.kind {
            CollectionKind::Auth(options) => Some(options),
            _ => None,
        }
    }

    /// Whether the text of any rule contains this word.
    pub(super) fn mentions(&self, word: &str) -> bool {
        let Rules { list, view, create, update, delete } = &self.rules;
        let (auth, manage) = self.auth().map(|options| (&options.auth_rule, &options.manage_rule)).unzip();
        [Some(list), Some(view), Some(create), Some(update), Some(delete), auth, manage]
            .into_iter()
            .flatten()
            .any(|rule| rule.as_ref().is_some_and(|rule| rule.contains(word)))
    }

    /// The position and the field of that exact name.
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }
}
