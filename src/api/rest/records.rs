//! The records of a collection (contract 2). Who may do what is decided in `records`.

use actix_web::web::Path;
use serde_json::Map;

use crate::api::answer::{self, Answer};
use crate::api::body::Upload;
use crate::api::caller::Call;
use crate::api::conditions;
use crate::api::freshness::Reading;
use crate::records::Terms;

pub(in crate::api) async fn list(call: Call, collection: Path<String>) -> Answer {
    let known = conditions::if_none_match(&call);
    let (params, shape) = (call.list_params(), call.shape());
    let reading = Reading::of(&call).await;
    let listed = reading.records().list(&call.request, &collection, &params, &shape, known.as_ref()).await?;
    Ok(reading.stamped(answer::read(listed)).await)
}

pub(in crate::api) async fn view(call: Call, path: Path<(String, String)>) -> Answer {
    let (collection, id) = path.as_ref();
    let shape = call.shape();
    let reading = Reading::of(&call).await;
    let records = reading.records();
    let answer = match conditions::if_none_match(&call) {
        Some(known) => answer::read(records.view_unless(&call.request, collection, id, &shape, &known).await?),
        None => answer::record(records.view(&call.request, collection, id, &shape).await?),
    };
    Ok(reading.stamped(answer).await)
}

pub(in crate::api) async fn create(call: Call, collection: Path<String>, upload: Upload) -> Answer {
    let values = upload.record(&*call.collection(&collection)?).await?;
    let terms = Terms { if_match: None, once: conditions::once(&call, &values)? };
    let (records, shape) = (call.app().records.clone(), call.shape());
    Ok(answer::written(records.create(call.with_body(values).request, &collection, &shape, &terms).await?))
}

pub(in crate::api) async fn update(call: Call, path: Path<(String, String)>, upload: Upload) -> Answer {
    let (collection, id) = path.as_ref();
    let values = upload.record(&*call.collection(collection)?).await?;
    let terms = Terms { if_match: conditions::if_match(&call)?, once: conditions::once(&call, &values)? };
    let (records, shape) = (call.app().records.clone(), call.shape());
    Ok(answer::written(records.update(call.with_body(values).request, collection, id, &shape, &terms).await?))
}

pub(in crate::api) async fn delete(call: Call, path: Path<(String, String)>) -> Answer {
    let (collection, id) = path.as_ref();
    let terms = Terms { if_match: conditions::if_match(&call)?, once: conditions::once(&call, &Map::new())? };
    Ok(answer::written(call.app().records.delete(&call.request, collection, id, &terms).await?))
}
