//! Deletes one-time passwords and half-finished sign-ins whose time is over.

use chrono::TimeDelta;

use super::Auth;
use crate::clock::wire_text;
use crate::error::Result;

/// What an auth record leaves behind on its way in, and the option that says how long it is good.
#[derive(Debug, Clone, Copy)]
pub enum Trace {
    Otp,
    Mfa,
}

impl Trace {
    fn collection(self) -> &'static str {
        match self {
            Trace::Otp => "_otps",
            Trace::Mfa => "_mfas",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Trace::Otp => "otp",
            Trace::Mfa => "mfa",
        }
    }
}

impl Auth {
    /// Deletes the traces that are older than their collection lets them live.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sweep(&self, trace: Trace) -> Result<()> {
        let schema = self.registry.load();
        let Some(traces) = schema.by_name(trace.collection()) else { return Ok(()) };
        for collection in schema.collections() {
            let Some(options) = collection.auth() else { continue };
            let duration_s = options.other.get(trace.option()).and_then(|part| part["duration"].as_i64());
            let lifetime = duration_s.and_then(TimeDelta::try_seconds);
            let Some(oldest) = lifetime.and_then(|lifetime| self.clock.now().checked_sub_signed(lifetime)) else {
                continue;
            };
            let filter = format!("collectionRef = '{}' && created < '{}'", collection.id, wire_text(oldest));
            self.records.sweep(traces, &filter).await?;
        }
        Ok(())
    }
}
