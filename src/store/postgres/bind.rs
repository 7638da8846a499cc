//! Values on their way into a statement.

use std::borrow::Cow;

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;

use super::super::{Result, StoreError, Value};
use super::translate::{Kind, ParamKind};

/// How a parameter travels. The statement's text alone decides it, as connections keep prepared statements by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Text,
    Float,
    Int,
    Bool,
    Bytes,
}

impl Wire {
    /// Of a column that is stored as this.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Json | Kind::Dynamic => Wire::Text,
            Kind::Number | Kind::Real => Wire::Float,
            Kind::Int => Wire::Int,
            Kind::Bool => Wire::Bool,
            Kind::Blob => Wire::Bytes,
        }
    }

    /// Of a parameter of a translated statement.
    pub(super) fn of_param(kind: ParamKind) -> Self {
        match kind {
            ParamKind::Null | ParamKind::Text | ParamKind::NumericText => Wire::Text,
            ParamKind::Bool => Wire::Bool,
            ParamKind::Int => Wire::Int,
            ParamKind::Real => Wire::Float,
            ParamKind::Blob => Wire::Bytes,
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Wire::Text => "text",
            Wire::Float => "float8",
            Wire::Int => "bigint",
            Wire::Bool => "boolean",
            Wire::Bytes => "bytea",
        }
    }
}

/// Adds a parameter.
///
/// # Errors
/// `Statement` where the value has no such form.
pub(super) fn add(arguments: &mut PgArguments, wire: Wire, value: &Value) -> Result<()> {
    let added = match wire {
        Wire::Text => arguments.add(text(value)?),
        Wire::Float => arguments.add(float(value)?),
        Wire::Int => arguments.add(int(value)?),
        Wire::Bool => arguments.add(boolean(value)?),
        Wire::Bytes => arguments.add(bytes(value)?),
    };
    added.map_err(|reason| StoreError::Statement(reason.to_string()))
}

/// The same for a text at hand.
pub(super) fn add_text(arguments: &mut PgArguments, text: &str) -> Result<()> {
    arguments.add(text).map_err(|reason| StoreError::Statement(reason.to_string()))
}

/// Adds a column of many rows as one parameter, an array.
///
/// # Errors
/// `Statement` where a value has no such form.
pub(super) fn add_all<'a>(
    arguments: &mut PgArguments,
    wire: Wire,
    values: impl Iterator<Item = &'a Value>,
) -> Result<()> {
    let added = match wire {
        Wire::Text => arguments.add(values.map(text).collect::<Result<Vec<_>>>()?),
        Wire::Float => arguments.add(values.map(float).collect::<Result<Vec<_>>>()?),
        Wire::Int => arguments.add(values.map(int).collect::<Result<Vec<_>>>()?),
        Wire::Bool => arguments.add(values.map(boolean).collect::<Result<Vec<_>>>()?),
        Wire::Bytes => arguments.add(values.map(bytes).collect::<Result<Vec<_>>>()?),
    };
    added.map_err(|reason| StoreError::Statement(reason.to_string()))
}

fn misfit(value: &Value, wire: Wire) -> StoreError {
    StoreError::Statement(format!("{value:?} can not be stored as {}", wire.sql()))
}

fn text(value: &Value) -> Result<Option<Cow<'_, str>>> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Text(text) => Cow::Borrowed(text.as_str()),
        Value::Bool(flag) => Cow::Borrowed(if *flag { "1" } else { "0" }),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Real(number) => Cow::Owned(format!("{number:?}")),
        Value::Blob(_) => return Err(misfit(value, Wire::Text)),
    }))
}

fn float(value: &Value) -> Result<Option<f64>> {
    match value {
        Value::Null => Ok(None),
        // A text that spells a number is one, as in a column of numbers of the embedded engine.
        Value::Text(text) => text.trim().parse().map(Some).map_err(|_| misfit(value, Wire::Float)),
        Value::Blob(_) => Err(misfit(value, Wire::Float)),
        number => Ok(number.as_f64()),
    }
}

fn int(value: &Value) -> Result<Option<i64>> {
    match value {
        Value::Null => Ok(None),
        Value::Real(number) if number.fract() != 0.0 => Err(misfit(value, Wire::Int)),
        Value::Text(text) => text.trim().parse().map(Some).map_err(|_| misfit(value, Wire::Int)),
        Value::Blob(_) => Err(misfit(value, Wire::Int)),
        number => Ok(number.as_i64()),
    }
}

fn boolean(value: &Value) -> Result<Option<bool>> {
    match value {
        Value::Null => Ok(None),
        Value::Text(_) | Value::Blob(_) => Err(misfit(value, Wire::Bool)),
        number => Ok(Some(number.truthy())),
    }
}

fn bytes(value: &Value) -> Result<Option<&[u8]>> {
    match value {
        Value::Null => Ok(None),
        Value::Blob(bytes) => Ok(Some(bytes)),
        Value::Text(text) => Ok(Some(text.as_bytes())),
        _ => Err(misfit(value, Wire::Bytes)),
    }
}
