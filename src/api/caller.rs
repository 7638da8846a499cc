//! Who calls, and what rules may see of the call: the extractors that handlers take.
//!
//! A handler with a [`Superuser`] parameter can't be reached by anybody else; one with a [`Call`] is open
//! and leaves the decision to the service behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::error::ApiError;
use super::server::Server;
use super::{address, params};
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::query::{Caller, Context, Request};
use crate::records::{ListParams, Shape};
use crate::schema::{Collection, SUPERUSERS_ID};

/// The part of a filter that makes the headers of a request worth collecting.
const HEADERS_IN_RULE: &str = "@request.headers";

/// One call: the services, and the request as rules see it.
pub(super) struct Call {
    pub(super) server: web::Data<Server>,
    pub(super) request: Request,
    http: HttpRequest,
}

/// A call by a superuser.
pub(super) struct Superuser(pub(super) Call);

/// The caller, kept for the request log; a guest is not worth the entry.
pub(super) struct KnownCaller(pub(super) Caller);

impl Call {
    pub(super) fn app(&self) -> &App {
        &self.server.app
    }

    /// The rules' view of this call with a body.
    pub(super) fn with_body(mut self, body: Map<String, Json>) -> Self {
        self.request.body = body;
        self
    }

    pub(super) fn shape(&self) -> Shape {
        params::shape(&self.request.query)
    }

    pub(super) fn list_params(&self) -> ListParams {
        params::list(&self.request.query)
    }

    pub(super) fn fields(&self) -> &str {
        self.request.query.get("fields").map(String::as_str).unwrap_or_default()
    }

    /// The value of the `Authorization` header, empty without one.
    pub(super) fn authorization(&self) -> &str {
        text_header(self.http.headers(), AUTHORIZATION).unwrap_or_default()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.http.headers()
    }

    /// The other end of the connection.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.http.peer_addr()
    }

    /// The path with the query, as sent.
    pub(super) fn target(&self) -> &str {
        self.http.uri().path_and_query().map(|target| target.as_str()).unwrap_or_default()
    }

    /// Where the call comes from.
    pub(super) fn address(&self) -> String {
        let settings = self.app().settings.load();
        address::client(self.http.headers(), self.http.peer_addr(), &settings.trusted_proxy)
    }

    /// The collection that the path names.
    pub(super) fn collection(&self, id_or_name: &str) -> Result<Arc<Collection>> {
        let schema = self.app().registry.load();
        schema.find(id_or_name).cloned().ok_or_else(|| Error::not_found("there is no such collection"))
    }

    /// The auth collection that a sign-in route names.
    pub(super) fn auth_collection(&self, id_or_name: &str) -> Result<Arc<Collection>> {
        let collection = self.collection(id_or_name)?;
        match collection.auth() {
            Some(_) => Ok(collection),
            None => Err(Error::not_found("the collection is not an auth collection")),
        }
    }

    /// Superusers may be bound to some addresses, with their sign-in (contract 1.6).
    pub(super) fn check_superuser_address(&self, collection_id: &str) -> Result<()> {
        let settings = self.app().settings.load();
        let bound = collection_id == SUPERUSERS_ID && !settings.superuser_ips.is_empty();
        if bound && !address::listed(&self.address(), &settings.superuser_ips) {
            return Err(Error::forbidden("superusers are not allowed to come from this address"));
        }
        Ok(())
    }

    fn new(http: HttpRequest, server: web::Data<Server>, caller: Caller) -> Result<Self> {
        let query = params::parse(http.query_string());
        let headers = match mentions_headers(&server.app, &query) {
            true => rule_headers(http.headers()),
            false => IndexMap::new(),
        };
        if caller.record().is_some() {
            http.extensions_mut().insert(KnownCaller(caller.clone()));
        }
        let request = Request {
            context: Context::Default,
            method: http.method().as_str().to_owned(),
            headers,
            query,
            body: Map::new(),
            caller,
            clock: server.app.clock.clone(),
        };
        let call = Self { server, request, http };
        if call.request.caller.is_superuser() {
            call.check_superuser_address(SUPERUSERS_ID)?;
        }
        Ok(call)
    }
}

impl FromRequest for Call {
    type Error = ApiError;
    type Future = Either<Ready<Result<Self, ApiError>>, LocalBoxFuture<'static, Result<Self, ApiError>>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let http = http.clone();
        let Some(server) = http.app_data::<web::Data<Server>>().cloned() else {
            return Either::Left(ready(Err(Error::internal("no app data").into())));
        };
        if let Some(caller) = server.app.auth.caller_at_hand(text_header(http.headers(), AUTHORIZATION)) {
            return Either::Left(ready(Self::new(http, server, caller).map_err(ApiError::from)));
        }
        let read = async move {
            let caller = server.app.auth.caller(text_header(http.headers(), AUTHORIZATION)).await?;
            Ok(Self::new(http, server, caller)?)
        };
        Either::Right(read.boxed_local())
    }
}

impl FromRequest for Superuser {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let call = Call::from_request(http, payload);
        async move {
            let call = call.await?;
            match call.request.caller {
                Caller::Guest => {
                    Err(Error::new(Kind::Unauthenticated, "the request requires a valid authorization token").into())
                }
                Caller::Record(_) if !call.request.caller.is_superuser() => {
                    Err(Error::forbidden("the authorized record is not allowed to perform this action").into())
                }
                Caller::Record(_) => Ok(Self(call)),
            }
        }
        .boxed_local()
    }
}

/// Collecting headers costs more than a whole point read: it is done where something may look at them.
fn mentions_headers(app: &App, query: &IndexMap<String, String>) -> bool {
    let in_query = |name: &str| query.get(name).is_some_and(|text| text.contains(HEADERS_IN_RULE));
    app.registry.load().mentions_headers() || in_query("filter") || in_query("sort")
}

/// Names in lower case with `_` for `-`, the first value of each; `host` is not for rules (contract 3.5).
fn rule_headers(headers: &HeaderMap) -> IndexMap<String, String> {
    let mut found = IndexMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name = name.as_str().replace('-', "_");
        if name != "host" {
            found.entry(name).or_insert_with(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    found
}

pub(super) fn text_header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
