//! The images of a change for the feed: JSON of stored fields, hidden ones too, secrets never.

use super::encode::{is_secret, write_key};
use crate::schema::{Field, FieldKind, Record};
use crate::store::Value;

/// The whole record after a change.
pub(super) fn image(record: &Record) -> Vec<u8> {
    write(record, &record.values, |_| true)
}

/// The earlier values of the fields that changed.
pub(super) fn old_image(before: &Record, after: &Record) -> Vec<u8> {
    write(before, &before.values, |index| before.values[index] != after.values[index])
}

/// A secret shows only that it is set.
fn write(record: &Record, values: &[Value], wanted: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + values.len() * 32);
    out.push(b'{');
    for (index, field) in record.collection.fields.iter().enumerate() {
        if !wanted(index) {
            continue;
        }
        write_key(&field.name, &mut out);
        match secret(record, field) {
            true => out.extend_from_slice(b"\"*\""),
            false => field.write_table_json(values[index].as_ref(), &mut out),
        }
    }
    out.push(b'}');
    out
}

fn secret(record: &Record, field: &Field) -> bool {
    is_secret(&record.collection, field) || matches!(field.kind, FieldKind::Password(_))
}
