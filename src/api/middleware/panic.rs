//! A panic of a handler or an extractor becomes a 500; the worker and its other requests live on.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::api::error::ApiError;
use crate::error::Error;

/// The future's result, or the error that its panic stands for.
pub(super) async fn catch<F: Future>(work: F) -> Result<F::Output, ApiError> {
    // What the future held is dropped with it; what is shared is behind locks that recover or atomics.
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .map_err(|payload| ApiError::from(Error::internal(format!("panic: {}", text(&*payload)))))
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[actix_web::test]
    async fn a_panic_is_a_500_that_tells_nothing() {
        let failure = catch(async { panic!("secret {}", 5) }).await.map(|()| "no panic");
        let failure = failure.expect_err("the panic was caught");
        assert_eq!(failure.status_code().as_u16(), 500);
        assert_eq!(failure.error.cause().map(ToString::to_string).as_deref(), Some("panic: secret 5"));
        assert!(!crate::api::error::wire_body(&failure.error).to_string().contains("secret"));
        assert_eq!(catch(async { 7 }).await.ok(), Some(7));
    }
}
