//! Rows as they come from the server, looked at without a copy.

use sqlx::Row as _;
use sqlx::postgres::{PgRow, PgValueRef};

use super::super::{Columns, ValueRef};
use super::translate::{Kind, Output};

/// Above this not every whole number is one of its own, and SQLite keeps it as a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// One row, read as the translation of its statement says.
pub(super) struct RowColumns<'a> {
    pub(super) row: &'a PgRow,
    pub(super) outputs: &'a [Output],
}

impl Columns for RowColumns<'_> {
    fn len(&self) -> usize {
        self.outputs.len()
    }

    fn get(&self, index: usize) -> ValueRef<'_> {
        let Some(output) = self.outputs.get(index) else { return ValueRef::Null };
        match output.kind {
            Kind::Text | Kind::Json => self.raw(output.position).map_or(ValueRef::Null, text),
            Kind::Number => self.raw(output.position).map_or(ValueRef::Null, number),
            Kind::Real => self
                .raw(output.position)
                .map_or(ValueRef::Null, |bytes| float(bytes).map_or(ValueRef::Null, ValueRef::Real)),
            Kind::Int => self.raw(output.position).map_or(ValueRef::Null, int),
            Kind::Bool => self.raw(output.position).map_or(ValueRef::Null, boolean),
            Kind::Blob => self.raw(output.position).map_or(ValueRef::Null, bytes),
            Kind::Dynamic => match self.raw(output.number_position) {
                Some(found) => number(found),
                None => self.raw(output.position).map_or(ValueRef::Null, text),
            },
        }
    }
}

impl RowColumns<'_> {
    fn raw(&self, position: usize) -> Option<&[u8]> {
        let value: PgValueRef<'_> = self.row.try_get_raw(position).ok()?;
        value.as_bytes().ok()
    }
}

fn text(bytes: &[u8]) -> ValueRef<'_> {
    // The database is UTF-8, or the server would not have been taken.
    ValueRef::Text(std::str::from_utf8(bytes).unwrap_or_default())
}

fn bytes(bytes: &[u8]) -> ValueRef<'_> {
    ValueRef::Blob(bytes)
}

fn number(bytes: &[u8]) -> ValueRef<'_> {
    match float(bytes) {
        Some(number) if number.fract() == 0.0 && number.abs() < EXACT => ValueRef::Int(number as i64),
        Some(number) => ValueRef::Real(number),
        None => ValueRef::Null,
    }
}

fn float(bytes: &[u8]) -> Option<f64> {
    match *bytes {
        [a, b, c, d, e, f, g, h] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
        [a, b, c, d] => Some(f64::from(f32::from_be_bytes([a, b, c, d]))),
        _ => None,
    }
}

fn int(bytes: &[u8]) -> ValueRef<'_> {
    match *bytes {
        [a, b, c, d, e, f, g, h] => ValueRef::Int(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        [a, b, c, d] => ValueRef::Int(i64::from(i32::from_be_bytes([a, b, c, d]))),
        [a, b] => ValueRef::Int(i64::from(i16::from_be_bytes([a, b]))),
        // A truth value where the embedded engine has the number.
        [flag] => ValueRef::Int(i64::from(flag)),
        _ => ValueRef::Null,
    }
}

fn boolean(bytes: &[u8]) -> ValueRef<'_> {
    ValueRef::Int(i64::from(bytes.first().is_some_and(|flag| *flag != 0)))
}
