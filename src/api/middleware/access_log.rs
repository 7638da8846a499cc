//! The entry of every request in the request log (contract 8.2), measured from its head's arrival.

use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{REFERER, USER_AGENT};
use actix_web::{Error, HttpMessage, HttpRequest};

use crate::api::address;
use crate::api::caller::{KnownCaller, text_header};
use crate::api::error::ApiError;
use crate::api::server::Server;
use crate::logs::RequestEntry;

/// Put on a request whose success is not worth an entry: static files.
pub(in crate::api) struct Quiet;

/// An entry whose outcome is not known yet.
pub(super) struct Pending {
    started: Instant,
    entry: RequestEntry,
}

impl Pending {
    pub(super) fn open(request: &ServiceRequest, server: &Server) -> Self {
        let headers = request.headers();
        let header = |name| text_header(headers, name).unwrap_or_default().to_owned();
        let peer = request.peer_addr();
        let settings = server.app.settings.load();
        let remote_ip = peer.map(|peer| address::expanded(peer.ip())).unwrap_or_default();
        let entry = RequestEntry {
            at_ms: server.app.clock.now_ms(),
            method: request.method().as_str().to_owned(),
            url: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            user_ip: match settings.trusted_proxy.headers.is_empty() {
                true => remote_ip.clone(),
                false => address::client(headers, peer, &settings.trusted_proxy),
            },
            remote_ip,
            referer: header(REFERER),
            user_agent: header(USER_AGENT),
            ..RequestEntry::default()
        };
        Self { started: Instant::now(), entry }
    }

    /// Hands the entry over, with what the handling brought to light.
    pub(super) fn close(
        self,
        status: StatusCode,
        error: Option<&Error>,
        request: Option<&HttpRequest>,
        server: &Server,
    ) {
        let mut entry = self.entry;
        if let Some(request) = request {
            let extensions = request.extensions();
            if status.is_success() && extensions.contains::<Quiet>() {
                return;
            }
            if let Some(KnownCaller(caller)) = extensions.get::<KnownCaller>() {
                entry.auth = caller.record().map(|record| record.collection.name.clone()).unwrap_or_default();
                entry.auth_id = caller.id().to_owned();
            }
        }
        if let Some(error) = error.and_then(|error| error.as_error::<ApiError>()) {
            entry.error = error.to_string();
            entry.details = error.error.cause().map(ToString::to_string).unwrap_or_default();
        }
        entry.status = status.as_u16();
        entry.exec_time_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        server.app.logs.request(entry);
    }
}
