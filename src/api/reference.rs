//! The pages in `docs/reference/` that are made of the types: [`kind_markdown`] of each CRD,
//! [`reasons_markdown`] of the table of reasons. Tests fail when a page is stale.

use std::fmt::Write;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionVersion, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};

use super::{
    crd,
    forms::{Form, TIME},
    kind::KindRow,
    reason,
};

/// The page of reasons.
#[must_use]
pub fn reasons_markdown() -> String {
    let mut page = String::from(
        "# Reasons\n\nMade of `src/api/reason.rs`; edit that. A reason stands in the conditions of \
         an `IAMRole` and on its Events, and \
         never changes its meaning. Each has a page with its causes and what to do.\n\n| Reason | \
         What it means | What to do |\n|---|---|---|\n",
    );
    for (name, meaning, remedy) in reason::ALL {
        row(&mut page, &[&format!("[`{name}`](../reasons/{name}.md)"), meaning, remedy]);
    }
    page
}

/// Name of the file in `docs/reference/` that is the page of a kind.
#[must_use]
pub fn file_name(kind: &KindRow) -> String {
    format!("{}.md", kind.name().to_lowercase())
}

/// The page of a kind.
#[must_use]
pub fn kind_markdown(kind: &KindRow) -> String {
    let crd = crd::of(kind);
    let resource = kind.resource();
    let mut page = format!(
        "# {}\n\nMade of the types in `src/api/`; edit those. Group `{}`, version `{}`, plural \
         `{}`",
        resource.kind, resource.group, resource.version, resource.plural
    );
    let names = &crd.spec.names;
    for (what, words) in [("short name", &names.short_names), ("category", &names.categories)] {
        for word in words.iter().flatten() {
            let _ = write!(page, ", {what} `{word}`");
        }
    }
    page.push_str(if kind.namespaced { ", namespaced." } else { ", cluster-scoped." });
    if let Some(finalizer) = kind.access.finalizer {
        let _ = write!(page, " Finalizer `{finalizer}`.");
    }
    page.push('\n');
    for version in &crd.spec.versions {
        version_sections(version, &resource.plural, &mut page);
    }
    if !kind.conditions.is_empty() {
        page.push_str(
            "\n## Conditions\n\nEach carries `observedGeneration`. Their reasons: \
            [reasons](reasons.md).\n\n| Condition | Meaning |\n|---|---|\n",
        );
        for (name, meaning) in kind.conditions {
            row(&mut page, &[&format!("`{name}`"), meaning]);
        }
    }
    if !kind.annotations.is_empty() {
        page.push_str("\n## Annotations\n\n| Annotation | Meaning |\n|---|---|\n");
        for (name, value, meaning) in kind.annotations {
            let value = if value.is_empty() { String::new() } else { format!(": \"{value}\"") };
            row(&mut page, &[&format!("`{name}{value}`"), meaning]);
        }
    }
    page
}

/// What one version of the CRD says. What it does not have is left out.
fn version_sections(version: &CustomResourceDefinitionVersion, plural: &str, page: &mut String) {
    let Some(root) = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref())
    else {
        return;
    };
    let mut list = String::new();
    rules("", root, &mut list);
    if !list.is_empty() {
        let _ = write!(page, "\n## Rules on the whole object\n\n{list}");
    }
    for part in ["spec", "status"] {
        let schema = root.properties.as_ref().and_then(|properties| properties.get(part));
        if let Some(schema) = schema {
            section(part, schema, page);
        }
    }
    let columns = version.additional_printer_columns.as_deref().unwrap_or_default();
    if !columns.is_empty() {
        page.push_str("\n## Printer columns\n\n| Column | Shown | Path |\n|---|---|---|\n");
    }
    for column in columns {
        let shown = if column.priority.unwrap_or(0) == 0 { "always" } else { "with `-o wide`" };
        row(page, &[&column.name, shown, &format!("`{}`", column.json_path)]);
    }
    let fields = version.selectable_fields.iter().flatten();
    let selectable: Vec<_> =
        fields.map(|field| format!("`{}`", field.json_path.trim_start_matches('.'))).collect();
    if !selectable.is_empty() {
        let _ = writeln!(
            page,
            "\nField selectors, for `kubectl get {plural} --field-selector`: {}.",
            selectable.join(", ")
        );
    }
}

/// Table of the fields of one part, and the CEL rules of it.
fn section(part: &str, schema: &JSONSchemaProps, page: &mut String) {
    let _ = write!(
        page,
        "\n## {part}\n\n{}\n\n| Field | Type and bounds | Description |\n|---|---|---|\n",
        schema.description.as_deref().unwrap_or("")
    );
    table(part, schema, page);
    let mut list = String::new();
    rules(part, schema, &mut list);
    if !list.is_empty() {
        let _ = write!(page, "\nRules that the API server checks:\n\n{list}");
    }
}

/// Rows of the fields below `schema`.
fn table(path: &str, schema: &JSONSchemaProps, page: &mut String) {
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter().flatten() {
        let place = format!("{path}.{name}");
        let mut kind = bounds(field);
        if required.contains(name) {
            kind.push_str(", required");
        }
        row(page, &[&format!("`{place}`"), &kind, field.description.as_deref().unwrap_or("")]);
        table(&place, field, page);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        table(&format!("{path}[]"), items, page);
    }
}

/// Type and bounds in words.
fn bounds(schema: &JSONSchemaProps) -> String {
    match schema.type_.as_deref() {
        Some("array") => {
            let items = match &schema.items {
                Some(JSONSchemaPropsOrArray::Schema(items)) => bounds(items),
                _ => String::new(),
            };
            let unique = if schema.x_kubernetes_list_type.as_deref() == Some("set") {
                ", all different"
            } else {
                ""
            };
            format!(
                "list{}{unique}, of {items}",
                range(schema.min_items, schema.max_items, "entries")
            )
        }
        Some("object") => match &schema.additional_properties {
            Some(JSONSchemaPropsOrBool::Schema(values)) => {
                let keys = range(schema.min_properties, schema.max_properties, "keys");
                format!("map{keys}, of {}", bounds(values))
            }
            _ => "object".to_owned(),
        },
        Some("string") => {
            if let Some(values) = &schema.enum_ {
                let values: Vec<_> = values
                    .iter()
                    .filter_map(|JSON(value)| value.as_str())
                    .map(|value| format!("`{value}`"))
                    .collect();
                return format!("one of {}", values.join(", "));
            }
            let form = Form::of(schema);
            let is_time = schema.format.is_some() || form == Some(&TIME);
            let kind = if is_time { "time (RFC 3339)" } else { "string" };
            let form = form.map(|form| format!(", form `{}`", form.pattern)).unwrap_or_default();
            format!("{kind}{}{form}", range(schema.min_length, schema.max_length, "characters"))
        }
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

fn range(least: Option<i64>, most: Option<i64>, unit: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!(", {most} {unit}"),
        (Some(least), Some(most)) => format!(", {least} to {most} {unit}"),
        (None, Some(most)) => format!(", up to {most} {unit}"),
        (_, None) => String::new(),
    }
}

/// One line for each CEL rule at and below `schema`.
fn rules(path: &str, schema: &JSONSchemaProps, list: &mut String) {
    for rule in schema.x_kubernetes_validations.iter().flatten() {
        // A computed message has the rule itself for its text.
        let text = rule
            .message
            .clone()
            .or_else(|| rule.message_expression.as_ref().map(|text| format!("message `{text}`")))
            .unwrap_or_default();
        let place = rule.field_path.as_deref().map_or(path, |field| field.trim_start_matches('.'));
        let _ = if place.is_empty() {
            writeln!(list, "- {text}")
        } else {
            writeln!(list, "- `{place}`: {text}")
        };
    }
    if path.is_empty() {
        return;
    }
    for (name, field) in schema.properties.iter().flatten() {
        rules(&format!("{path}.{name}"), field, list);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        rules(&format!("{path}[]"), items, list);
    }
}

/// One row of a table; `|` would end a cell, also inside code.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        kind::Kind,
        kinds::{KINDS, iam_role::IamRole},
    };

    fn current(file: &str, now: &str) {
        let path = format!("{}/docs/reference/{file}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, now).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == now,
            "docs/reference/{file} is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test --lib \
             api::`"
        );
    }

    #[test]
    fn the_page_of_reasons_is_current() {
        current("reasons.md", &reasons_markdown());
    }

    #[test]
    fn the_page_of_each_kind_is_current() {
        for kind in &KINDS {
            current(&file_name(kind), &kind_markdown(kind));
        }
    }

    #[test]
    fn each_field_has_a_row() {
        let page = kind_markdown(&IamRole::row());
        for path in [
            "spec.trust[].statement.principals.AWS",
            "spec.permissions.inlinePolicies[].statements[].actions",
            "status.drift.count",
            "status.conditions[].type",
        ] {
            assert!(page.contains(&format!("| `{path}` |")), "{path}");
        }
    }
}
