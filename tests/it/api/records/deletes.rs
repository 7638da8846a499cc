//! Contract 2.8: what follows from a delete.

use serde_json::{Value as Json, json};

use crate::app::TestApp;

struct World {
    app: TestApp,
    root: Json,
}

const ROOTS: &str = "/api/collections/roots/records";

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let root = app.open_collection("roots", json!([])).await["id"].clone();
        for id in ["root00000000001", "root00000000002"] {
            app.guest().post(ROOTS, json!({ "id": id })).await.ok();
        }
        Self { app, root }
    }

    /// A collection whose field `to` points at the roots, with one record of these ids.
    async fn referrer(&self, name: &str, options: Json, to: Json) -> String {
        let mut field = json!({ "name": "to", "type": "relation", "collectionId": self.root, "maxSelect": 5 });
        field.as_object_mut().expect("an object").extend(options.as_object().cloned().unwrap_or_default());
        self.app.open_collection(name, json!([field])).await;
        let path = format!("/api/collections/{name}/records");
        let record = self.app.guest().post(&path, json!({ "to": to })).await.ok();
        format!("{path}/{}", record["id"].as_str().unwrap_or_default())
    }

    async fn delete_first(&self) -> u16 {
        self.app.guest().delete(&format!("{ROOTS}/root00000000001")).await.status
    }
}

#[tokio::test]
async fn a_list_lets_go_of_the_deleted() {
    let world = World::new().await;
    let many = world.referrer("many", json!({}), json!(["root00000000001", "root00000000002"])).await;
    let single = world.referrer("single", json!({ "maxSelect": 1 }), json!("root00000000001")).await;
    assert_eq!(world.delete_first().await, 204);
    assert_eq!(world.app.guest().get(&many).await.ok()["to"], json!(["root00000000002"]));
    assert_eq!(world.app.guest().get(&single).await.ok()["to"], "");
}

#[tokio::test]
async fn a_cascade_takes_the_referrer_once_its_list_is_empty() {
    let world = World::new().await;
    let cascade = json!({ "cascadeDelete": true, "required": true });
    let last = world.referrer("last", cascade.clone(), json!(["root00000000001"])).await;
    let more = world.referrer("more", cascade, json!(["root00000000001", "root00000000002"])).await;
    assert_eq!(world.delete_first().await, 204);
    world.app.guest().get(&last).await.error(404);
    assert_eq!(world.app.guest().get(&more).await.ok()["to"], json!(["root00000000002"]));
    assert_eq!(world.app.guest().delete(&format!("{ROOTS}/root00000000002")).await.status, 204);
    world.app.guest().get(&more).await.error(404);
}

#[tokio::test]
async fn a_required_relation_blocks_and_undoes_everything() {
    let world = World::new().await;
    let cascade = world.referrer("gone", json!({ "cascadeDelete": true }), json!(["root00000000001"])).await;
    let required = world.referrer("kept", json!({ "required": true }), json!(["root00000000001"])).await;
    assert_eq!(world.delete_first().await, 400);
    for path in [&cascade, &required] {
        assert_eq!(world.app.guest().get(path).await.ok()["to"], json!(["root00000000001"]));
    }
    world.app.guest().get(&format!("{ROOTS}/root00000000001")).await.ok();
}

#[tokio::test]
async fn circles_end() {
    let world = World::new().await;
    let collection = world.app.superuser().get("/api/collections/roots").await.ok();
    let mut fields = collection["fields"].as_array().cloned().unwrap_or_default();
    fields.push(json!({
        "name": "next", "type": "relation", "collectionId": world.root, "maxSelect": 1, "cascadeDelete": true,
    }));
    world.app.superuser().patch("/api/collections/roots", json!({ "fields": fields })).await.ok();
    for (id, next) in [("root00000000001", "root00000000002"), ("root00000000002", "root00000000001")] {
        world.app.guest().patch(&format!("{ROOTS}/{id}"), json!({ "next": next })).await.ok();
    }
    assert_eq!(world.delete_first().await, 204);
    assert_eq!(world.app.guest().get(ROOTS).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn the_last_superuser_stays() {
    let app = TestApp::start().await;
    let path = "/api/collections/_superusers/records";
    let body = json!({ "email": "two@example.com", "password": "long enough", "passwordConfirm": "long enough" });
    let second = app.superuser().post(path, body).await.ok();
    let first = app.superuser().get(&format!("{path}?filter=email='root@example.com'")).await.ok();
    let (first, second) = (&first["items"][0]["id"], &second["id"]);
    let one = |id: &Json| format!("{path}/{}", id.as_str().unwrap_or_default());
    assert_eq!(app.superuser().delete(&one(second)).await.status, 204);
    app.superuser().delete(&one(first)).await.error(400);
    app.superuser().get(&one(first)).await.ok();
}
