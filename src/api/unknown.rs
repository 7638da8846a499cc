//! Paths that no route has: static files, or one of the two 404 answers (contract 1.1).

use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest, web};

use super::answer::Answer;
use super::middleware::Quiet;
use super::server::Server;
use super::static_files;
use crate::error::Error;

/// A GET is looked up in the public folder, except below `/api`, where a page instead of an error would
/// only mislead a client. Any other method is a plain 404, never a 405.
pub(super) async fn answer(http: HttpRequest, server: web::Data<Server>) -> Answer {
    if !matches!(*http.method(), Method::GET | Method::HEAD) {
        return Err(Error::not_found("").into());
    }
    let (path, options) = (http.path(), &server.options);
    let in_api = path == "/api" || path.starts_with("/api/") || path.starts_with("/_/");
    if let (false, Some(folder)) = (in_api, &options.public_dir)
        && let Some(answer) = static_files::find(folder, options.index_fallback, &http).await
    {
        http.extensions_mut().insert(Quiet);
        return Ok(answer);
    }
    Err(Error::not_found("file not found").into())
}
