//! More than the server can do: bounded queues refuse, and say when to come back.

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::json;

use crate::app::TestApp;

/// More than the queue of password hashes holds.
const SIGN_INS: usize = 320;

#[tokio::test]
async fn too_many_sign_ins_are_told_to_come_back() {
    let app = TestApp::start().await;
    let form = json!({ "identity": "nobody@example.com", "password": "wrong password" });
    let guest = app.guest();
    let mut answers: FuturesUnordered<_> =
        (0..SIGN_INS).map(|_| guest.post("/api/collections/users/auth-with-password", form.clone())).collect();
    let (mut refused, mut failed) = (0, 0);
    while let Some(answer) = answers.next().await {
        match answer.status {
            503 => {
                answer.error(503);
                assert_eq!(answer.header("retry-after"), "1");
                refused += 1;
            }
            status => {
                assert_eq!(status, 400, "{}", answer.text);
                failed += 1;
            }
        }
        if refused > 0 && failed > 0 {
            break;
        }
    }
    assert!(refused > 0 && failed > 0, "{refused} refused, {failed} failed");
    // The rest of the server does not notice.
    app.guest().get("/api/health").await.ok();
}
