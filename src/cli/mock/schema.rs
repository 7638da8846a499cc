//! The collections of the file, as a mock needs them.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::app::App;
use crate::cli::collections;

/// Imports the file. Files are demanded of nobody, as examples have none; `open` lets everybody do
/// everything with records.
pub(super) async fn import(app: &App, file: &Path, open: bool) -> anyhow::Result<()> {
    let mut models = collections::read(file)?;
    models.iter_mut().for_each(excuse_files);
    app.collections.import(models, false).await?;
    if !open {
        return Ok(());
    }
    let schema = app.registry.load();
    for collection in schema.collections().iter().filter(|collection| !collection.system) {
        let mut rules = vec!["listRule", "viewRule"];
        if !collection.is_view() {
            rules.extend(["createRule", "updateRule", "deleteRule"]);
        }
        rules.extend(collection.auth().map(|_| "authRule"));
        let patch: Map<String, Json> = rules.into_iter().map(|rule| (rule.to_owned(), Json::from(""))).collect();
        app.collections.update(&collection.id, patch).await?;
    }
    Ok(())
}

fn excuse_files(model: &mut Json) {
    let fields = model.get_mut("fields").and_then(Json::as_array_mut);
    for field in fields.into_iter().flatten().filter(|field| field["type"] == "file") {
        field["required"] = false.into();
    }
}
