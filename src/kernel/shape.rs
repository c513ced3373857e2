//! How the kernel's own texts look in the description of the API.

use std::borrow::Cow;

use utoipa::openapi::{
    KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
    schema::{SchemaType, Type},
};

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

/// A text that fits a pattern.
pub(super) fn text_like(pattern: &str) -> RefOr<Schema> {
    text().pattern(Some(pattern)).into()
}

/// A text of one character to `max`.
pub(super) fn text_up_to(max: usize) -> RefOr<Schema> {
    text().min_length(Some(1)).max_length(Some(max)).into()
}

/// A moment, RFC 3339 in UTC.
pub(super) fn moment() -> RefOr<Schema> {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
}

/// The name of a vocabulary among all shapes. Rooms share words such as `State`; there the
/// room's name stands in front.
pub fn name_of(full: &'static str) -> Cow<'static, str> {
    let mut parts = full.split("::").skip(1);
    let room = parts.next().unwrap_or_default();
    let name = parts.last().unwrap_or(room);
    if !["Action", "ConsentMethod", "Kind", "Signer", "State"].contains(&name) {
        return name.into();
    }
    let (first, rest) = room.split_at(room.len().min(1));
    format!("{}{rest}{name}", first.to_uppercase()).into()
}

/// One of these words.
pub fn one_of(words: &[&str]) -> RefOr<Schema> {
    text().enum_values(Some(words.iter().copied())).into()
}
