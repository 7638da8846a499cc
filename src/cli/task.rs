//! The tasks that commands do on the data, in whichever process holds it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::progress::Progress;
use super::{import, openapi};
use crate::app::App;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::query::Request;
use crate::records::{INSTALLER_EMAIL, ListParams, Shape, Terms};
use crate::schema::{SUPERUSERS, SUPERUSERS_ID};

/// One task with its arguments, as it also goes over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
pub(super) enum Task {
    SuperuserCreate { email: String, password: String },
    SuperuserUpsert { email: String, password: String },
    SuperuserUpdate { email: String, password: String },
    SuperuserDelete { email: String },
    SuperuserList,
    SuperuserOtp { email: String },
    SuperuserIps { addresses: Vec<String> },
    CollectionsExport,
    CollectionsImport { collections: Vec<Json>, delete_missing: bool },
    Backup { target: PathBuf },
    Import(import::Order),
    ImportUndo { id: String },
    Openapi { reader: openapi::Reader },
}

/// Superusers and collections are listed in pages of this size, the largest there is.
const PAGE_SIZE: usize = 500;

impl Task {
    pub(super) async fn run(self, app: &App, progress: &Progress) -> Result<Json> {
        match self {
            Task::SuperuserCreate { email, password } => create(app, &email, &password).await,
            Task::SuperuserUpsert { email, password } => match find(app, &email).await? {
                Some(id) => change(app, &id, &password).await,
                None => create(app, &email, &password).await,
            },
            Task::SuperuserUpdate { email, password } => change(app, &known(app, &email).await?, &password).await,
            Task::SuperuserDelete { email } => {
                let id = known(app, &email).await?;
                app.records.delete(&request(app)?, SUPERUSERS, &id, &Terms::default()).await?;
                Ok(json!({ "email": email }))
            }
            Task::SuperuserList => superusers(app).await.map(Json::Array),
            Task::SuperuserOtp { email } => one_time_password(app, &email).await,
            Task::SuperuserIps { addresses } => {
                let patch = Map::from_iter([("superuserIPs".to_owned(), Json::from(addresses))]);
                let settings = app.settings.update(patch).await?;
                Ok(json!({ "superuserIPs": settings["superuserIPs"] }))
            }
            Task::CollectionsExport => export(app).await,
            Task::CollectionsImport { collections, delete_missing } => {
                app.collections.import(collections, delete_missing).await.map(|()| json!({}))
            }
            Task::Import(order) => import::load(app, order, progress).await,
            Task::Openapi { reader } => Ok(crate::api::openapi_document(&app.registry.load(), reader.audience())),
            Task::ImportUndo { id } => import::undo(app, &id).await,
            Task::Backup { target } => {
                app.store.backup(target.clone()).await?;
                Ok(json!({ "file": target }))
            }
        }
    }
}

/// A superuser's request that no record stands behind: who may run commands may do everything.
pub(super) fn request(app: &App) -> Result<Request> {
    app.records.own_request()
}

/// Whether anybody can sign in as a superuser.
pub(super) async fn has_superuser(app: &App) -> Result<bool> {
    Ok(!superusers(app).await?.is_empty())
}

/// All superusers but the temporary one of the installer.
async fn superusers(app: &App) -> Result<Vec<Json>> {
    let request = request(app)?;
    pages(async |params| {
        let shape = Shape {
            fields: "items.id,items.email,items.created,items.updated,id,email,created,updated".into(),
            ..Shape::default()
        };
        let listed = app.records.list(&request, SUPERUSERS, &params, &shape, None).await?;
        serde_json::from_slice(&listed.into_body()).map_err(Error::internal)
    })
    .await
    .map(|all| all.into_iter().filter(|superuser| superuser["email"] != INSTALLER_EMAIL).collect())
}

async fn export(app: &App) -> Result<Json> {
    pages(async |params| app.collections.list(&params).await).await.map(Json::Array)
}

/// The items of all pages.
async fn pages(page: impl AsyncFn(ListParams) -> Result<Json>) -> Result<Vec<Json>> {
    let mut all = Vec::new();
    for number in 1.. {
        let params = ListParams {
            page: Some(number.to_string()),
            per_page: Some(PAGE_SIZE.to_string()),
            skip_total: Some("1".into()),
            ..ListParams::default()
        };
        let Json::Array(items) = page(params).await?["items"].take() else { break };
        let last = items.len() < PAGE_SIZE;
        all.extend(items);
        if last {
            break;
        }
    }
    Ok(all)
}

async fn find(app: &App, email: &str) -> Result<Option<String>> {
    let same = |superuser: &&Json| superuser["email"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(email));
    Ok(superusers(app).await?.iter().find(same).and_then(|found| found["id"].as_str()).map(str::to_owned))
}

async fn known(app: &App, email: &str) -> Result<String> {
    find(app, email).await?.ok_or_else(|| Error::not_found(format!("there is no superuser {email}")))
}

async fn create(app: &App, email: &str, password: &str) -> Result<Json> {
    not_blank(password)?;
    let mut request = request(app)?;
    request.body = body(json!({ "email": email, "password": password, "passwordConfirm": password }));
    let body = app.records.create(request, SUPERUSERS, &Shape::default(), &Terms::default()).await?.into_body();
    summary(&body)
}

async fn change(app: &App, id: &str, password: &str) -> Result<Json> {
    not_blank(password)?;
    let mut request = request(app)?;
    request.body = body(json!({ "password": password, "passwordConfirm": password }));
    let body = app.records.update(request, SUPERUSERS, id, &Shape::default(), &Terms::default()).await?.into_body();
    summary(&body)
}

async fn one_time_password(app: &App, email: &str) -> Result<Json> {
    let id = known(app, email).await?;
    let superusers = app.registry.load().by_id(SUPERUSERS_ID).cloned();
    let superusers = superusers.ok_or_else(|| Error::internal("no collection of superusers"))?;
    let superuser = app.records.find(&app.store.reader(), &superusers, &id).await?;
    let otp = app.auth.create_otp(&superuser.ok_or_else(|| Error::not_found(""))?).await?;
    Ok(json!({ "id": otp.id, "password": otp.code, "durationSeconds": otp.duration_s }))
}

/// An update would take an empty password for none.
fn not_blank(password: &str) -> Result<()> {
    let error = || FieldErrors::one("password", FieldError::new("validation_required", "Must not be empty."));
    if password.is_empty() { error().into_result("the password is missing") } else { Ok(()) }
}

fn body(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn summary(record: &[u8]) -> Result<Json> {
    let record: Json = serde_json::from_slice(record).map_err(Error::internal)?;
    Ok(json!({ "id": record["id"], "email": record["email"] }))
}
