//! A look at a server before anything is started on it.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_looked_at_and_left_as_it_was() {
    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        return eprintln!("skipped: TEST_POSTGRES_URL names no server");
    };
    let name = format!("examined_{}", std::process::id());
    run(&server, &format!("CREATE DATABASE {name}")).await;
    let url = format!("{}/{name}", server.rsplit_once('/').expect("a URL with a database").0);
    let found = Engine::examine(&url).await.expect("a suitable server");
    assert!(found.version.split('.').next().is_some_and(|major| major.parse::<u32>().is_ok_and(|major| major >= 14)));
    assert!(found.connections >= 1 && found.connections < found.connections_max, "{found:?}");
    // As .ci/postgres starts it.
    assert!(found.forgets);
    run(&url, "DO $$ BEGIN ASSERT NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'); END $$").await;
    run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    let error = Engine::examine(&url).await.expect_err("no such database").to_string();
    assert!(error.contains("there is no database"), "{error}");
}
