//! The header `Basalt-Token`: how much a client has seen, so that replicas may answer it. It is there in answers where
//! replicas are configured, and ignored in requests where none is.

use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::caller::{Call, text_header};
use super::server::Server;
use crate::records::Records;

const TOKEN: HeaderName = HeaderName::from_static("basalt-token");

/// The service for one read, and whether its answer gets a token.
pub(super) struct Reading<'a> {
    plain: &'a Records,
    /// Where the client says how much it has seen.
    bound: Option<Records>,
}

impl<'a> Reading<'a> {
    pub(super) async fn of(call: &'a Call) -> Self {
        let plain = &call.app().records;
        let token = text_header(call.headers(), TOKEN).filter(|_| plain.has_copies());
        let bound = match token {
            // Who looks after the data wants to see it as it is.
            Some(token) => Some(plain.at_least(Some(token).filter(|_| !call.request.caller.is_superuser())).await),
            None => None,
        };
        Self { plain, bound }
    }

    pub(super) fn records(&self) -> &Records {
        self.bound.as_ref().unwrap_or(self.plain)
    }

    /// Adds the token for what was read.
    pub(super) async fn stamped(&self, mut answer: HttpResponse) -> HttpResponse {
        if let Some(records) = &self.bound {
            insert(records, answer.headers_mut()).await;
        }
        answer
    }
}

/// Adds the token to the answer of a write.
pub(super) async fn stamp_write<B>(response: &mut ServiceResponse<B>, server: &Server) {
    let records = &server.app.records;
    if records.has_copies() && !response.request().method().is_safe() && response.status().is_success() {
        insert(records, response.headers_mut()).await;
    }
}

async fn insert(records: &Records, headers: &mut HeaderMap) {
    // Without it the client's next read goes to the primary, or sees what it has seen before.
    let token = records.token().await.ok().and_then(|token| HeaderValue::try_from(token).ok());
    if let Some(token) = token {
        headers.insert(TOKEN, token);
    }
}
