//! Each place of a spec where a value may be absent, found by walking the schema of its kind. The
//! integration tests include this file: they ask a real API server about the same places.

use std::collections::BTreeMap;

use serde_json::Value;

/// For each kind a spec that has every object and list of its schema.
const WHOLE: [(&str, &str); 1] = [("IAMRole", include_str!("iamrole.yaml"))];

/// A place and a spec that has `null` there.
#[derive(Clone, Debug)]
pub struct Nulled {
    /// Where in the schema, as `spec.trust[].principals.mfa`; `.*` is any key of a map.
    pub place: String,
    /// The same in the spec, as `spec.trust[7].principals.mfa`.
    pub field: String,
    /// JSON pointer of it within the spec.
    pub pointer: String,
    /// The spec.
    pub spec: Value,
}

/// The whole spec of a kind.
///
/// # Panics
/// When the kind has none: a new kind needs one.
pub fn whole(kind: &str) -> Value {
    let text = WHOLE.iter().find(|(name, _)| *name == kind).map(|(_, text)| text);
    let text = text.unwrap_or_else(|| panic!("{kind} has no whole spec: add it to WHOLE"));
    super::yaml::from_str(text).expect("the whole spec is YAML")
}

/// The whole spec with `null` at each place where the schema lets a value be absent. Where an entry
/// of a list lacks the value, it is added there; else it takes the value's place.
///
/// # Panics
/// When the whole spec has no such place: it is not whole then.
pub fn nulled(kind: &str, schema: &Value) -> Vec<Nulled> {
    let whole = whole(kind);
    let mut places = BTreeMap::new();
    in_schema("spec", schema, &mut places);
    in_spec(("spec", "spec", ""), schema, &whole, &mut places);
    let make = |(place, found): (String, Option<(String, String, bool)>)| {
        let (field, pointer, _) = found.unwrap_or_else(|| panic!("the whole {kind} lacks {place}"));
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer into the spec");
        let mut spec = whole.clone();
        let object = spec.pointer_mut(parent).and_then(Value::as_object_mut);
        object.expect("an object of the spec").insert(unescaped(name), Value::Null);
        Nulled { place, field, pointer, spec }
    };
    places.into_iter().map(make).collect()
}

/// Place → field, pointer, and whether the value is absent there.
type Places = BTreeMap<String, Option<(String, String, bool)>>;

fn optional(schema: &Value) -> impl Iterator<Item = (&String, &Value, bool)> {
    let required = |name: &String| {
        let all = schema["required"].as_array().into_iter().flatten();
        all.into_iter().any(|required| required == name)
    };
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(move |(name, field)| (name, field, !required(name)))
}

fn in_schema(place: &str, schema: &Value, places: &mut Places) {
    for (name, field, optional) in optional(schema) {
        let place = format!("{place}.{name}");
        if optional {
            places.insert(place.clone(), None);
        }
        in_schema(&place, field, places);
    }
    if schema["items"].is_object() {
        in_schema(&format!("{place}[]"), &schema["items"], places);
    }
    if schema["additionalProperties"].is_object() {
        places.insert(format!("{place}.*"), None);
        in_schema(&format!("{place}.*"), &schema["additionalProperties"], places);
    }
}

fn in_spec(at: (&str, &str, &str), schema: &Value, spec: &Value, places: &mut Places) {
    let (place, field, pointer) = at;
    let mut note = |place: &str, field: &str, pointer: String, absent: bool| {
        let known = places.get_mut(place).expect("a place of the schema");
        if known.as_ref().is_none_or(|(.., before)| absent && !before) {
            *known = Some((field.to_owned(), pointer, absent));
        }
    };
    let mut below = Vec::new();
    for (name, child, optional) in optional(schema) {
        let (place, field) = (format!("{place}.{name}"), format!("{field}.{name}"));
        let pointer = format!("{pointer}/{}", escaped(name));
        if optional {
            note(&place, &field, pointer.clone(), spec.get(name).is_none());
        }
        below.extend(spec.get(name).map(|value| (place, field, pointer, child, value)));
    }
    for (index, entry) in spec.as_array().into_iter().flatten().enumerate() {
        let (place, field) = (format!("{place}[]"), format!("{field}[{index}]"));
        below.push((place, field, format!("{pointer}/{index}"), &schema["items"], entry));
    }
    if schema["additionalProperties"].is_object() {
        for (key, value) in spec.as_object().into_iter().flatten() {
            let (place, field) = (format!("{place}.*"), format!("{field}[{key:?}]"));
            let pointer = format!("{pointer}/{}", escaped(key));
            note(&place, &field, pointer.clone(), false);
            below.push((place, field, pointer, &schema["additionalProperties"], value));
        }
    }
    for (place, field, pointer, schema, value) in below {
        in_spec((&place, &field, &pointer), schema, value, places);
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}
