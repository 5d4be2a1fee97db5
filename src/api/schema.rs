//! Checks a spec against the structural schema of the CRD, again and on our own: the API server may
//! run without the admission policy, an object may predate the CRD that is installed, and
//! `rolewright lint` has no API server at all.
//!
//! Rules across fields (CEL) are not evaluated here; `plan` has them as code. The recursion follows
//! the schema, never the value, so that no value is too deep.

use std::{
    collections::{BTreeMap, HashSet},
    sync::OnceLock,
};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;

use super::{
    crd,
    forms::{Form, TIME},
    kind::{Kind, KindRow},
    kinds::KINDS,
    moment,
};
use iam::{
    finding::{Check, Field, Finding},
    nearest::nearest,
    text::node::Node,
};

/// A spec does not have the shape that the CRD describes.
pub const SCHEMA: Check = Check::new("schema");
/// A spec with more problems than this shows the first ones only.
const MOST_PROBLEMS: usize = 100;
/// Longest piece of user text that a message repeats, in characters.
const SHOWN: usize = 64;

/// The CRD says something that the checker does not know: a mistake of ours, found by a test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema of {path} can't be used: {reason}")]
pub struct SchemaError {
    path: String,
    reason: String,
}

/// The schema of `spec`, patterns compiled.
#[derive(Debug)]
pub struct SpecSchema {
    root: Shape,
}

/// One level of the schema.
#[derive(Debug)]
enum Shape {
    Text(Text),
    Flag,
    List {
        fewest: usize,
        most: usize,
        unique: bool,
        items: Box<Shape>,
    },
    Fields {
        known: BTreeMap<String, Shape>,
        required: Vec<String>,
    },
    Map {
        fewest: usize,
        most: usize,
        values: Box<Shape>,
    },
    /// Kept as it is (`document`): only its being an object is checked.
    Opaque,
}

/// Bounds of a string.
#[derive(Debug)]
struct Text {
    shortest: usize,
    longest: usize,
    form: Option<(&'static Form, Regex)>,
    /// Values of an enumeration; empty when it is none.
    allowed: Vec<String>,
}

impl SpecSchema {
    /// The schema of the spec of a kind, built once.
    ///
    /// # Errors
    /// When the CRD holds what the checker does not know, or the kind has no row: tests exclude
    /// both.
    pub fn of<K: Kind>() -> Result<&'static Self, SchemaError> {
        static SCHEMAS: [OnceLock<Result<SpecSchema, SchemaError>>; KINDS.len()] =
            [const { OnceLock::new() }; KINDS.len()];
        let name = K::row().name();
        let row = KINDS.iter().zip(&SCHEMAS).find(|(row, _)| row.name() == name);
        let (row, built) = row.ok_or_else(|| error("spec", "the kind has no row in the table"))?;
        built.get_or_init(|| Self::build(row)).as_ref().map_err(Clone::clone)
    }

    /// Compiles the schema of a kind's spec, each time anew.
    ///
    /// # Errors
    /// When the CRD holds what the checker does not know.
    pub fn build(kind: &KindRow) -> Result<Self, SchemaError> {
        let mut crd = crd::of(kind);
        crd.spec
            .versions
            .pop()
            .and_then(|version| version.schema?.open_api_v3_schema?.properties?.remove("spec"))
            .ok_or_else(|| error("spec", "the CRD has no schema of it"))
            .and_then(|spec| Self::new(&spec))
    }

    /// Compiles the schema of a spec.
    ///
    /// # Errors
    /// When it holds what the checker does not know.
    pub fn new(spec: &JSONSchemaProps) -> Result<Self, SchemaError> {
        Ok(Self { root: Shape::new("spec", spec)? })
    }

    /// Everything that is wrong with `spec`, in the order of its fields; at most 100 problems.
    #[must_use]
    pub fn problems(&self, spec: &Node) -> Vec<Finding> {
        let mut found = Mistakes(Vec::new());
        self.root.check(&Field::of("/spec"), spec, false, &mut found);
        found.0
    }
}

impl Shape {
    fn new(path: &str, schema: &JSONSchemaProps) -> Result<Self, SchemaError> {
        match schema.type_.as_deref() {
            Some("string") => Ok(Self::Text(Text {
                shortest: bound(schema.min_length).unwrap_or(0),
                longest: bound(schema.max_length).ok_or_else(|| error(path, "no maxLength"))?,
                form: match (&schema.pattern, &schema.format, Form::of(schema)) {
                    (None, None, form) => form
                        .map(|form| Regex::new(form.pattern).map(|regex| (form, regex)))
                        .transpose()
                        .map_err(|cause| error(path, &cause.to_string()))?,
                    _ => return Err(error(path, "a pattern or a format without words")),
                },
                allowed: schema
                    .enum_
                    .iter()
                    .flatten()
                    .filter_map(|JSON(value)| value.as_str())
                    .map(str::to_owned)
                    .collect(),
            })),
            Some("boolean") => Ok(Self::Flag),
            Some("array") => {
                let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items else {
                    return Err(error(path, "no items"));
                };
                Ok(Self::List {
                    fewest: bound(schema.min_items).unwrap_or(0),
                    most: bound(schema.max_items).ok_or_else(|| error(path, "no maxItems"))?,
                    unique: schema.x_kubernetes_list_type.as_deref() == Some("set"),
                    items: Box::new(Self::new(&format!("{path}[]"), items)?),
                })
            }
            Some("object") => Self::object(path, schema),
            other => Err(error(path, &format!("unknown type {other:?}"))),
        }
    }

    fn object(path: &str, schema: &JSONSchemaProps) -> Result<Self, SchemaError> {
        match (&schema.properties, &schema.additional_properties) {
            (Some(properties), None) => Ok(Self::Fields {
                known: properties
                    .iter()
                    .map(|(name, child)| {
                        Ok((name.clone(), Self::new(&format!("{path}.{name}"), child)?))
                    })
                    .collect::<Result<_, SchemaError>>()?,
                required: schema.required.clone().unwrap_or_default(),
            }),
            (None, Some(JSONSchemaPropsOrBool::Schema(values))) => Ok(Self::Map {
                fewest: bound(schema.min_properties).unwrap_or(0),
                most: bound(schema.max_properties)
                    .ok_or_else(|| error(path, "no maxProperties"))?,
                values: Box::new(Self::new(&format!("{path}.*"), values)?),
            }),
            (None, None) if schema.x_kubernetes_preserve_unknown_fields == Some(true) => {
                Ok(Self::Opaque)
            }
            _ => Err(error(path, "neither fields nor a map nor kept as it is")),
        }
    }

    /// What a value of this shape is called.
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Flag => "true or false",
            Self::List { .. } => "a list",
            Self::Fields { .. } | Self::Map { .. } | Self::Opaque => "an object",
        }
    }

    /// `spare` tells whether the field may be left out.
    fn check(&self, path: &Field, value: &Node, spare: bool, found: &mut Mistakes) {
        match (self, value) {
            (Self::Text(text), Node::String(value)) => text.check(path, value, spare, found),
            (Self::Flag, Node::Bool(_)) | (Self::Opaque, Node::Object(_)) => {}
            (Self::List { fewest, most, unique, items }, Node::Array(values)) => {
                if values.len() > *most {
                    found.add(
                        path,
                        format!("has {} entries where at most {most} are allowed", values.len()),
                        "remove some",
                    );
                    return; // Entries beyond the bound are not worth reading.
                }
                if values.len() < *fewest {
                    found.add(
                        path,
                        format!("has {} entries where at least {fewest} are needed", values.len()),
                        or_leave_out("add one", spare),
                    );
                }
                for (index, entry) in values.iter().enumerate() {
                    items.check(&path.item(index), entry, false, found);
                }
                if *unique {
                    repeated(path, values, found);
                }
            }
            (Self::Fields { known, required }, Node::Object(members)) => {
                fields(path, known, required, members, found);
            }
            (Self::Map { fewest, most, values }, Node::Object(members)) => {
                map(path, (*fewest, *most), values, members, spare, found);
            }
            (_, Node::Null) => {
                let remedy = or_leave_out(&format!("write {}", self.name()), spare);
                found.add(path, "is null", remedy);
            }
            (Self::Opaque, Node::String(_)) => found.add(
                path,
                "is a string where an object is needed",
                "paste the document itself, without quotes around it and without |",
            ),
            (Self::Text(_), Node::Number(_) | Node::Bool(_)) => {
                found.add(
                    path,
                    format!("is {} where a string is needed", kind(value)),
                    "put it in quotes",
                );
            }
            _ => found.add(
                path,
                format!("is {} where {} is needed", kind(value), self.name()),
                "change it",
            ),
        }
    }
}

impl Text {
    fn check(&self, path: &Field, text: &str, spare: bool, found: &mut Mistakes) {
        let Self { shortest, longest, form, allowed } = self;
        if !allowed.is_empty() {
            if !allowed.iter().any(|value| value == text) {
                let near = nearest(text, allowed.iter().map(String::as_str));
                let remedy = use_one_of(near, allowed.iter().map(String::as_str));
                let message = format!("{} is not a value of this field", shown(text));
                found.add(path, message, remedy);
            }
            return;
        }
        let length = text.chars().count();
        if length > *longest {
            found.add(
                path,
                format!("has {length} characters where at most {longest} are allowed"),
                "shorten it",
            );
        } else if length < *shortest {
            found.add(
                path,
                format!("has {length} characters where at least {shortest} are needed"),
                or_leave_out("write more", spare),
            );
        } else if let Some((form, regex)) = form {
            let fits = regex.is_match(text) && (*form != &TIME || moment::parse(text).is_some());
            if !fits {
                found.add(path, format!("{} is {}", shown(text), form.mistake), form.remedy);
            }
        }
    }
}

/// Members of an object whose keys are free.
fn map(
    path: &Field,
    (fewest, most): (usize, usize),
    values: &Shape,
    members: &[(String, Node)],
    spare: bool,
    found: &mut Mistakes,
) {
    if members.len() > most {
        found.add(
            path,
            format!("has {} keys where at most {most} are allowed", members.len()),
            "remove some",
        );
        return; // Members beyond the bound are not worth reading.
    }
    if members.len() < fewest {
        found.add(
            path,
            format!("has {} keys where at least {fewest} are needed", members.len()),
            or_leave_out("add one", spare),
        );
    }
    let mut seen = HashSet::new();
    for (key, value) in members {
        let place = path.spelled_as(key, &format!("[{}]", shown(key)));
        if seen.insert(key.as_str()) {
            values.check(&place, value, true, found);
        } else {
            found.add(&place, "appears twice", "keep one");
        }
    }
}

/// Members of an object with known fields.
fn fields(
    path: &Field,
    known: &BTreeMap<String, Shape>,
    required: &[String],
    members: &[(String, Node)],
    found: &mut Mistakes,
) {
    let mut seen = HashSet::new();
    for (name, value) in members {
        let place = path.spelled_as(name, &format!(".{}", plain(name)));
        match known.get(name) {
            _ if !seen.insert(name.as_str()) => {
                found.add(&place, "appears twice", "keep one");
            }
            Some(shape) => {
                let spare = !required.iter().any(|required| required == name);
                shape.check(&place, value, spare, found);
            }
            None => {
                let names = || known.keys().map(String::as_str);
                let near = nearest(name, names())
                    .or_else(|| names().find(|known| known.eq_ignore_ascii_case(name)));
                found.add(&place, "is not a field here", use_one_of(near, names()));
            }
        }
    }
    for name in required.iter().filter(|name| !seen.contains(name.as_str())) {
        found.add(&path.name(name), "is missing", "add it");
    }
}

/// Entries of a `set` must differ.
fn repeated(path: &Field, values: &[Node], found: &mut Mistakes) {
    let mut seen = HashSet::new();
    for (index, value) in values.iter().enumerate() {
        if let Node::String(text) = value
            && !seen.insert(text.as_str())
        {
            found.add(
                &path.item(index),
                format!("{} is in the list already", shown(text)),
                "remove one of the two",
            );
        }
    }
}

/// Problems, up to the bound.
struct Mistakes(Vec<Finding>);

impl Mistakes {
    fn add(&mut self, field: &Field, message: impl Into<String>, remedy: impl Into<String>) {
        if self.0.len() < MOST_PROBLEMS {
            self.0.push(Finding::error(SCHEMA, field, message).with_remedy(remedy));
        }
    }
}

fn error(path: &str, reason: &str) -> SchemaError {
    SchemaError { path: path.to_owned(), reason: reason.to_owned() }
}

fn bound(value: Option<i64>) -> Option<usize> {
    value.and_then(|value| usize::try_from(value).ok())
}

fn kind(value: &Node) -> &'static str {
    match value {
        Node::Null => "null",
        Node::Bool(_) => "a boolean",
        Node::Number(_) => "a number",
        Node::String(_) => "a string",
        Node::Array(_) => "a list",
        Node::Object(_) => "an object",
    }
}

/// A remedy, with another one where the field may be left out.
fn or_leave_out(remedy: &str, spare: bool) -> String {
    if spare { format!("{remedy} or leave the field out") } else { remedy.to_owned() }
}

fn use_one_of<'a>(near: Option<&str>, known: impl Iterator<Item = &'a str>) -> String {
    match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("use one of {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// User text in quotes, escaped and cut: it may be long and may hold line breaks.
fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    format!("{:?}…", text.chars().take(SHOWN).collect::<String>())
}

/// A field name as it is where that is readable, else in quotes.
fn plain(name: &str) -> String {
    let simple = !name.is_empty()
        && name.len() <= SHOWN
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if simple { name.to_owned() } else { shown(name) }
}

#[cfg(test)]
mod tests;
