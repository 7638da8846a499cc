//! What the process says about itself, on standard error: text for people or JSON for collectors.
//!
//! *Invariant:* this knows no database, and whoever logs passes no secret. Dependencies speak from warnings up only,
//! so that their chatter does not hide ours; the HTTP parser does not speak at all, as any client could make it.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogOutput};

/// Starts the output. A second call changes nothing, so that tests may call it, too.
pub fn init(output: &LogOutput) {
    let filter = EnvFilter::new(format!("warn,actix_http=off,basalt={}", output.level.as_str()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // The only failure is that there is an output already.
    let _ = match output.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
