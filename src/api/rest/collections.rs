//! The collections API, for superusers only (contract 4.1).

use actix_web::web::Path;

use super::form::{Form, missing};
use crate::api::answer::{self, Answer};
use crate::api::body::Upload;
use crate::api::caller::Superuser;
use crate::error::Error;

pub(in crate::api) async fn list(Superuser(call): Superuser) -> Answer {
    answer::page(call.app().collections.list(&call.list_params()).await?, call.fields())
}

pub(in crate::api) async fn view(Superuser(call): Superuser, collection: Path<String>) -> Answer {
    answer::json(call.app().collections.view(&collection)?, call.fields())
}

pub(in crate::api) async fn create(Superuser(call): Superuser, upload: Upload) -> Answer {
    let model = upload.values().await?;
    answer::json(call.app().collections.create(model).await?, call.fields())
}

pub(in crate::api) async fn update(Superuser(call): Superuser, collection: Path<String>, upload: Upload) -> Answer {
    let patch = upload.values().await?;
    answer::json(call.app().collections.update(&collection, patch).await?, call.fields())
}

pub(in crate::api) async fn delete(Superuser(call): Superuser, collection: Path<String>) -> Answer {
    call.app().collections.delete(&collection).await?;
    Ok(answer::no_content())
}

/// Deletes all records, with the cascades of their deletion.
pub(in crate::api) async fn truncate(Superuser(call): Superuser, collection: Path<String>) -> Answer {
    let collection = call.collection(&collection)?;
    if collection.is_view() {
        return Err(Error::invalid("a view has no records of its own to delete").into());
    }
    call.app().records.truncate(&collection).await?;
    Ok(answer::no_content())
}

pub(in crate::api) async fn import(Superuser(call): Superuser, upload: Upload) -> Answer {
    let form = Form::new(upload.values().await?);
    let (collections, delete_missing) = (form.list("collections")?, form.boolean("deleteMissing")?);
    if collections.is_empty() {
        return Err(missing("collections").into());
    }
    call.app().collections.import(collections, delete_missing).await?;
    Ok(answer::no_content())
}

/// Empty models with every default, one of each type.
pub(in crate::api) async fn scaffolds(Superuser(call): Superuser) -> Answer {
    answer::json(call.app().collections.scaffolds(), call.fields())
}

/// The fields and some rows of a view that is not saved.
pub(in crate::api) async fn dry_run_view(Superuser(call): Superuser, upload: Upload) -> Answer {
    let form = Form::new(upload.values().await?);
    let query = form.text("query")?;
    if query.trim().is_empty() {
        return Err(missing("query").into());
    }
    answer::json(call.app().collections.dry_run_view(&query).await?, call.fields())
}
