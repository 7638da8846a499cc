//! `[logs]`: what the process says on its standard error. The request log is a stored setting.

use super::key::{Key, quoted};

#[derive(Debug, Clone, PartialEq)]
pub struct LogOutput {
    pub level: LogLevel,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    /// One object a line.
    Json,
}

impl Default for LogOutput {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}

impl LogLevel {
    const ALL: [LogLevel; 4] = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];

    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
        }
    }
}

impl LogFormat {
    fn as_str(self) -> &'static str {
        match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "level",
        expected: "\"error\", \"warn\", \"info\" or \"debug\"",
        set: |config, given| {
            let text = given.text()?;
            let level = LogLevel::ALL.into_iter().find(|level| level.as_str() == text)?;
            config.logs.level = level;
            Some(())
        },
        get: |config| quoted(config.logs.level.as_str()),
    },
    Key {
        name: "format",
        expected: "\"text\" or \"json\"",
        set: |config, given| {
            let text = given.text()?;
            let format = [LogFormat::Text, LogFormat::Json].into_iter().find(|format| format.as_str() == text)?;
            config.logs.format = format;
            Some(())
        },
        get: |config| quoted(config.logs.format.as_str()),
    },
];
