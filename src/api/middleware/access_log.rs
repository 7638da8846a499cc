//! The entry of every request in the request log (contract 8.2), measured from its head's arrival.

use std::net::SocketAddr;
use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{REFERER, USER_AGENT};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{Error, HttpMessage, HttpRequest};

use crate::api::address;
use crate::api::caller::{KnownCaller, text_header};
use crate::api::error::ApiError;
use crate::api::server::Server;
use crate::logs::RequestEntry;

/// Put on a request whose success is not worth an entry: static files.
pub(in crate::api) struct Quiet;

/// A request that is being handled: what its entry needs even when the handler panics and takes the rest with it.
pub(super) struct Pending {
    started: Instant,
    at_ms: i64,
    method: Method,
    uri: Uri,
    peer: Option<SocketAddr>,
}

impl Pending {
    pub(super) fn open(request: &ServiceRequest, server: &Server) -> Self {
        Self {
            started: Instant::now(),
            at_ms: server.app.clock.now_ms(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer: request.peer_addr(),
        }
    }

    /// Writes the entry, with what the handling brought to light.
    pub(super) fn close(
        self,
        status: StatusCode,
        error: Option<&Error>,
        request: Option<&HttpRequest>,
        server: &Server,
    ) {
        let extensions = request.map(|request| request.extensions());
        let extensions = extensions.as_deref();
        if status.is_success() && extensions.is_some_and(|extensions| extensions.contains::<Quiet>()) {
            return;
        }
        let caller = extensions.and_then(|extensions| extensions.get::<KnownCaller>());
        let header = |name| request.and_then(|request| text_header(request.headers(), name)).unwrap_or_default();
        let settings = server.app.settings.load();
        let remote_ip = self.peer.map(|peer| address::expanded(peer.ip())).unwrap_or_default();
        let proxied_ip = request
            .filter(|_| !settings.trusted_proxy.headers.is_empty())
            .map(|request| address::client(request.headers(), self.peer, &settings.trusted_proxy));
        let error = error.and_then(|error| error.as_error::<ApiError>());
        let cause = error.and_then(|error| error.error.cause());
        server.app.logs.request(&RequestEntry {
            at_ms: self.at_ms,
            method: self.method.as_str(),
            url: self.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default(),
            status: status.as_u16(),
            exec_time_ms: self.started.elapsed().as_secs_f64() * 1000.0,
            auth: caller
                .and_then(|caller| caller.0.record())
                .map(|record| &*record.collection.name)
                .unwrap_or_default(),
            auth_id: caller.map(|caller| caller.0.id()).unwrap_or_default(),
            user_ip: proxied_ip.as_deref().unwrap_or(&remote_ip),
            remote_ip: &remote_ip,
            referer: header(REFERER),
            user_agent: header(USER_AGENT),
            error: &error.map(ToString::to_string).unwrap_or_default(),
            details: &cause.map(ToString::to_string).unwrap_or_default(),
        });
    }
}
