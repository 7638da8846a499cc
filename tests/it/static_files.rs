//! The public folder (contract 1.1).

use std::fs;

use crate::app::TestApp;

async fn app(index_fallback: bool) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(folder.path().join("docs")).expect("created");
    for (file, text) in [("index.html", "home"), ("docs/index.html", "docs"), ("a.txt", "text"), (".env", "secret")] {
        fs::write(folder.path().join(file), text).expect("written");
    }
    let path = folder.path().to_owned();
    let app = TestApp::start_with(|options| {
        options.public_dir = Some(path);
        options.index_fallback = index_fallback;
    });
    (app.await, folder)
}

#[tokio::test]
async fn files_directories_and_the_fallback() {
    let (app, _folder) = app(true).await;
    for (path, text) in
        [("/", "home"), ("/a.txt", "text"), ("/docs/", "docs"), ("/any/where", "home"), ("/.env", "home")]
    {
        let reply = app.guest().get(path).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, text), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let directory = app.guest().get("/docs").await;
    assert_eq!((directory.status, directory.header("location")), (301, "/docs/"));
    app.guest().get("/api/nothing").await.error(404);
    app.guest().get("/api/health").await.ok();
}

#[tokio::test]
async fn without_the_fallback() {
    let (app, _folder) = app(false).await;
    assert_eq!(app.guest().get("/a.txt").await.text, "text");
    for path in ["/any/where", "/.env", "/..%2fCargo.toml", "/%2e%2e/Cargo.toml", "/a%00"] {
        app.guest().get(path).await.error(404);
    }
}
