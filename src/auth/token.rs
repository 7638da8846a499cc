//! PocketBase's kind of token: a JWT (HS256) signed with the record's token key and a secret of its
//! collection (contract 5.1). Nothing is stored; rotating either part ends all tokens.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::schema::{Record, TokenOptions};

/// Longer than any token that we issue; a longer header is not looked at.
const MAX_TOKEN_BYTES: usize = 4096;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    pub collection_id: String,
    /// Seconds since 1970.
    pub exp: i64,
    pub id: String,
    #[serde(default)]
    pub refreshable: bool,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Issues an auth token for a record.
pub(super) fn issue(
    record: &Record,
    options: &TokenOptions,
    now_s: i64,
    duration_s: i64,
    refreshable: bool,
) -> Option<String> {
    let claims = Claims {
        collection_id: record.collection.id.clone(),
        exp: now_s.saturating_add(duration_s),
        id: record.id().to_owned(),
        refreshable,
        kind: "auth".to_owned(),
    };
    let key = EncodingKey::from_secret(&key(record, options));
    jsonwebtoken::encode(&Header::default(), &claims, &key).ok()
}

/// What a token says of itself, unproven: where to look for the key.
pub(super) fn peek(token: &str) -> Option<Claims> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    (claims.kind == "auth").then_some(claims)
}

/// Whether the token that made these claims was signed for this record and has not expired. The algorithm is
/// always ours, whatever the token's header says.
pub(super) fn is_valid(token: &str, claims: &Claims, record: &Record, options: &TokenOptions, now_s: i64) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let key = DecodingKey::from_secret(&key(record, options));
    let signed = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::HS256);
    claims.exp > now_s && signed.unwrap_or(false)
}

/// An empty token key would leave a secret that every record of the collection shares; such a record can
/// only come from foreign data, and gets a key that nobody can sign with.
fn key(record: &Record, options: &TokenOptions) -> Vec<u8> {
    let token_key = record.text("tokenKey");
    if token_key.is_empty() {
        return crate::crypto::alphanumeric(50).into_bytes();
    }
    [token_key.as_bytes(), options.secret.as_bytes()].concat()
}
