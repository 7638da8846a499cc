//! The records of a collection (contract 2). Who may do what is decided in `records`.

use actix_web::web::Path;

use crate::api::answer::{self, Answer};
use crate::api::body::Upload;
use crate::api::caller::Call;

pub(in crate::api) async fn list(call: Call, collection: Path<String>) -> Answer {
    let body = call.app().records.list(&call.request, &collection, &call.list_params(), &call.shape()).await?;
    Ok(answer::raw(body))
}

pub(in crate::api) async fn view(call: Call, path: Path<(String, String)>) -> Answer {
    let (collection, id) = path.as_ref();
    let body = call.app().records.view(&call.request, collection, id, &call.shape()).await?;
    Ok(answer::raw(body))
}

pub(in crate::api) async fn create(call: Call, collection: Path<String>, upload: Upload) -> Answer {
    let values = upload.record(&*call.collection(&collection)?).await?;
    let (records, shape) = (call.app().records.clone(), call.shape());
    let body = records.create(call.with_body(values).request, &collection, &shape).await?;
    Ok(answer::raw(body))
}

pub(in crate::api) async fn update(call: Call, path: Path<(String, String)>, upload: Upload) -> Answer {
    let (collection, id) = path.as_ref();
    let values = upload.record(&*call.collection(collection)?).await?;
    let (records, shape) = (call.app().records.clone(), call.shape());
    let body = records.update(call.with_body(values).request, collection, id, &shape).await?;
    Ok(answer::raw(body))
}

pub(in crate::api) async fn delete(call: Call, path: Path<(String, String)>) -> Answer {
    let (collection, id) = path.as_ref();
    call.app().records.delete(&call.request, collection, id).await?;
    Ok(answer::no_content())
}
