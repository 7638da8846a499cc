//! `GET /api/ready`: whether this server would serve a write right now; for load balancers.

use actix_web::web;
use bytes::Bytes;

use crate::api::answer::{self, Answer};
use crate::api::server::Server;
use crate::error::{Error, Kind};

const READY: Bytes = Bytes::from_static(br#"{"message":"Ready.","code":200,"data":{}}"#);

pub(in crate::api) async fn check(server: web::Data<Server>) -> Answer {
    match server.app.store.ready() {
        true => Ok(answer::raw(READY)),
        false => Err(Error::new(Kind::Unavailable, "the server is not ready to serve").into()),
    }
}
