//! The first start: a link by which a browser creates the first superuser, once.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use super::process::{EMAIL, PASSWORD, Place};

#[tokio::test]
async fn the_link_creates_one_superuser_and_dies() {
    let place = Place::new();
    let mut child =
        place.command(&["serve", "--http", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("the binary runs");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let link =
        lines.filter(|line| line.contains("#/pbinstall/")).map(|line| line.trim().to_owned()).next().expect("a link");
    let (base, token) = link.split_once("/_/#/pbinstall/").expect("the link's form");

    let http = reqwest::Client::new();
    let create = |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        http.post(format!("{base}/api/collections/_superusers/records"))
            .header("authorization", token)
            .json(&body)
            .send()
    };
    let form = json!({ "identity": "__pbinstaller@example.com", "password": "" });
    let sign_in = http
        .post(format!("{base}/api/collections/_superusers/auth-with-password"))
        .json(&form)
        .send()
        .await
        .expect("an answer");
    assert_eq!(sign_in.status(), 400, "nobody signs in as the installer");
    assert_eq!(create(EMAIL).await.expect("an answer").status(), 200);
    assert_eq!(create("second@example.com").await.expect("an answer").status(), 403, "the link works once");
    child.kill().ok();
    child.wait().ok();
    assert_eq!(place.ok(&["superuser", "list"]).trim(), EMAIL);
}
