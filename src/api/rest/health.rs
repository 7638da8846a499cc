//! `GET /api/health` (contract 8.4).

use actix_web::HttpResponse;
use bytes::Bytes;
use serde_json::json;

use crate::api::answer::{self, Answer};
use crate::api::caller::Call;

/// Note `code`: PocketBase's one answer without a `status`.
const HEALTHY: Bytes = Bytes::from_static(br#"{"message":"API is healthy.","code":200,"data":{}}"#);

/// Headers by which proxies tell the client's address, the likeliest first.
const PROXY_HEADERS: [&str; 4] = ["X-Forwarded-For", "Fly-Client-IP", "CF-Connecting-IP", "X-Real-IP"];

/// Whether the server answers; superusers learn more about its surroundings.
pub(in crate::api) async fn check(call: Call) -> Answer {
    if call.request.caller.is_superuser() {
        let proxy_header = PROXY_HEADERS.into_iter().find(|name| call.headers().contains_key(*name));
        let data = json!({
            "canBackup": call.app().store.ready(),
            "realIP": call.address(),
            "possibleProxyHeader": proxy_header.unwrap_or_default(),
        });
        return answer::json(json!({ "message": "API is healthy.", "code": 200, "data": data }), call.fields());
    }
    match call.fields() {
        "" => Ok(healthy()),
        fields => answer::json(json!({ "message": "API is healthy.", "code": 200, "data": {} }), fields),
    }
}

fn healthy() -> HttpResponse {
    answer::raw(HEALTHY)
}
