//! A field as JSON (contract 4.3): what all types share and the options of its type in one object.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::{Field, FieldKind};

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = options_json(&self.kind).map_err(serde::ser::Error::custom)?;
        map.insert("id".into(), self.id.as_str().into());
        map.insert("name".into(), self.name.as_str().into());
        map.insert("type".into(), self.kind.name().into());
        map.insert("system".into(), self.system.into());
        map.insert("hidden".into(), self.hidden.into());
        map.insert("presentable".into(), self.presentable.into());
        if !matches!(self.kind, FieldKind::Autodate(_)) {
            map.insert("required".into(), self.required.into());
            map.insert("help".into(), self.help.as_str().into());
        }
        map.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        // A key that is null means the same as one that is missing: the zero value.
        map.retain(|_, value| !value.is_null());
        let type_name: String = option(&map, "type").map_err(D::Error::custom)?;
        let kind = kind(&type_name, &map).map_err(D::Error::custom)?;
        let autodate = matches!(kind, FieldKind::Autodate(_));
        let base = || -> Result<Field, String> {
            Ok(Field {
                id: option(&map, "id")?,
                name: option(&map, "name")?,
                system: option(&map, "system")?,
                hidden: option(&map, "hidden")?,
                presentable: option(&map, "presentable")?,
                required: !autodate && option(&map, "required")?,
                help: if autodate { String::new() } else { option(&map, "help")? },
                kind,
            })
        };
        base().map_err(D::Error::custom)
    }
}

fn option<T: DeserializeOwned + Default>(map: &Map<String, Json>, name: &str) -> Result<T, String> {
    match map.get(name) {
        None => Ok(T::default()),
        Some(value) => serde_json::from_value(value.clone()).map_err(|error| format!("field option {name}: {error}")),
    }
}

fn kind(type_name: &str, map: &Map<String, Json>) -> Result<FieldKind, String> {
    Ok(match type_name {
        "text" => FieldKind::Text(options(map)?),
        "editor" => FieldKind::Editor(options(map)?),
        "number" => FieldKind::Number(options(map)?),
        "bool" => FieldKind::Bool(options(map)?),
        "email" => FieldKind::Email(options(map)?),
        "url" => FieldKind::Url(options(map)?),
        "date" => FieldKind::Date(options(map)?),
        "autodate" => FieldKind::Autodate(options(map)?),
        "select" => FieldKind::Select(options(map)?),
        "file" => FieldKind::File(options(map)?),
        "relation" => FieldKind::Relation(options(map)?),
        "json" => FieldKind::Json(options(map)?),
        "password" => FieldKind::Password(options(map)?),
        "geoPoint" => FieldKind::GeoPoint(options(map)?),
        "" => return Err("a field needs a type".into()),
        other => return Err(format!("there is no field type {other:?}")),
    })
}

/// The options of one type; where one does not fit, the error names it.
fn options<T: DeserializeOwned>(map: &Map<String, Json>) -> Result<T, String> {
    serde_json::from_value(Json::Object(map.clone())).map_err(|error| {
        let alone = |name: &String, value: &Json| {
            let one: Map<String, Json> = [(name.clone(), value.clone())].into_iter().collect();
            serde_json::from_value::<T>(Json::Object(one)).is_err()
        };
        match map.iter().find(|(name, value)| alone(name, value)) {
            Some((name, _)) => format!("field option {name}: {error}"),
            None => error.to_string(),
        }
    })
}

fn options_json(kind: &FieldKind) -> serde_json::Result<Map<String, Json>> {
    let json = match kind {
        FieldKind::Text(options) => serde_json::to_value(options),
        FieldKind::Editor(options) => serde_json::to_value(options),
        FieldKind::Number(options) => serde_json::to_value(options),
        FieldKind::Bool(options) => serde_json::to_value(options),
        FieldKind::Email(options) => serde_json::to_value(options),
        FieldKind::Url(options) => serde_json::to_value(options),
        FieldKind::Date(options) => serde_json::to_value(options),
        FieldKind::Autodate(options) => serde_json::to_value(options),
        FieldKind::Select(options) => serde_json::to_value(options),
        FieldKind::File(options) => serde_json::to_value(options),
        FieldKind::Relation(options) => serde_json::to_value(options),
        FieldKind::Json(options) => serde_json::to_value(options),
        FieldKind::Password(options) => serde_json::to_value(options),
        FieldKind::GeoPoint(options) => serde_json::to_value(options),
    }?;
    Ok(match json {
        Json::Object(map) => map,
        _ => Map::new(),
    })
}
