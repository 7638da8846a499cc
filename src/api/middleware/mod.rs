//! What happens to every request around its handler, in the order of [`shell`].
//!
//! One function and not a stack of wrappers: each wrapper would box one more future a request.
//! *Invariant:* every answer passes here, also those of panics, preflights and redirects; it leaves with
//! the fixed headers and with an entry in the request log.

mod access_log;
mod clean_path;
mod cors;
mod headers;
mod mock;
mod panic;

use std::sync::atomic::Ordering;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use super::error::ApiError;
use super::freshness;
use super::limit;
use super::server::Server;
use crate::error::{Error as Failure, Kind};

pub(super) use access_log::Quiet;

/// What tells of the server itself and reads no data.
const ALWAYS_ANSWERED: [&str; 2] = ["/api/health", "/api/ready"];

pub(super) async fn shell<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(server) = request.app_data::<web::Data<Server>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no app data"));
    };
    let entry = access_log::Pending::open(&request, &server);
    let origin = cors::Allowed::of(request.headers(), &server.options.origins);

    if request.method() == Method::OPTIONS {
        let mut answer = cors::preflight(&origin, request.headers());
        headers::stamp(answer.headers_mut());
        return Ok(request.into_response(answer));
    }
    if let Some(location) = clean_path::redirect(request.uri()) {
        let mut answer = clean_path::answer(&location);
        finish(&mut answer, &origin, &server);
        entry.close(answer.status(), None, Some(request.request()), &server);
        return Ok(request.into_response(answer));
    }
    if server.options.mock
        && let Some(mut answer) = mock::answer(request.headers()).await
    {
        finish(&mut answer, &origin, &server);
        entry.close(answer.status(), answer.error(), None, &server);
        return Ok(request.into_response(answer));
    }
    if let Err(failure) = admit(&request, &server).await {
        let mut answer = HttpResponse::from_error(failure);
        finish(&mut answer, &origin, &server);
        entry.close(answer.status(), answer.error(), None, &server);
        return Ok(request.into_response(answer));
    }
    match panic::catch(next.call(request)).await {
        Ok(response) => {
            let mut response = response?.map_into_boxed_body();
            freshness::stamp_write(&mut response, &server).await;
            finish(response.response_mut(), &origin, &server);
            entry.close(response.status(), response.response().error(), Some(response.request()), &server);
            Ok(response)
        }
        Err(failure) => {
            let mut answer = HttpResponse::from_error(failure);
            finish(&mut answer, &origin, &server);
            entry.close(answer.status(), answer.error(), None, &server);
            Err(InternalError::from_response("a handler panicked", answer).into())
        }
    }
}

/// What is refused before any handler sees it.
async fn admit(request: &ServiceRequest, server: &Server) -> Result<(), ApiError> {
    // No name and no id holds this character, and a database may not even be asked about it.
    if request.uri().path().contains("%00") {
        return Err(crate::error::Error::not_found("").into());
    }
    in_touch(request, server).await?;
    limit::check(request, server).await
}

/// Whether this node may decide requests: one that is out of touch with the others may hold rules that are changed.
async fn in_touch(request: &ServiceRequest, server: &Server) -> Result<(), ApiError> {
    let app = &server.app;
    if !app.store.is_shared() || !request.path().starts_with("/api/") || ALWAYS_ANSWERED.contains(&request.path()) {
        return Ok(());
    }
    let version = app.store.confirm().await.map_err(Failure::from)?;
    if app.registry.load().version < version {
        app.registry.newer_than(version - 1).await;
        if app.registry.load().version < version {
            let late = "another server changed the schema, and this one has not taken it over yet";
            return Err(Failure::new(Kind::Unavailable, late).into());
        }
    }
    Ok(())
}

fn finish(answer: &mut HttpResponse, origin: &cors::Allowed, server: &Server) {
    if server.stopping.load(Ordering::Relaxed) {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    headers::stamp(answer.headers_mut());
    cors::stamp(answer.headers_mut(), origin);
}
