//! The CRD of each kind, from the Rust types. What holds for every object of the schema is set here
//! by one recursive walk, so that a new field can't miss it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
    ValidationRule,
};
use serde_json::json;

use super::{forms::Form, kind::KindRow, kinds::KINDS};
use crate::yaml::{self, YamlError};

/// Longest RFC 3339 time that the API server takes; bounds the cost of CEL.
const TIME_LENGTH: i64 = 64;

/// The CRD of a kind as it is applied to a cluster.
#[must_use]
pub fn of(kind: &KindRow) -> CustomResourceDefinition {
    let mut crd = (kind.derived)();
    for version in &mut crd.spec.versions {
        let Some(root) =
            version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        finish(root);
        if let Some(properties) = root.properties.as_mut() {
            if let Some(spec) = properties.get_mut("spec") {
                keep_unknown_fields(spec);
                keep_null(spec);
                in_words(spec);
                // Whoever applies a resource owns its whole spec: with fields owned one by one,
                // what somebody else adds by hand, such as permissions where the manifest has none,
                // would survive every forced apply from Git.
                spec.x_kubernetes_map_type = Some("atomic".into());
            }
            // The one default of the whole schema: tools that wait for `observedGeneration` to
            // reach `generation` never see a false ready. It has an effect only on the object
            // itself, not on its field.
            if let Some(status) = properties.get_mut("status").filter(|status| observes(status)) {
                status.default = Some(JSON(json!({"observedGeneration": -1})));
            }
        }
    }
    crd
}

/// Whether a status says which generation it speaks of.
fn observes(status: &JSONSchemaProps) -> bool {
    status.properties.as_ref().is_some_and(|fields| fields.contains_key("observedGeneration"))
}

/// Name of the file in `crds/` that holds the CRD of a kind.
#[must_use]
pub fn file_name(kind: &KindRow) -> String {
    let resource = kind.resource();
    format!("{}_{}.yaml", resource.group, resource.plural)
}

/// The CRD of a kind as YAML, equal to its file in `crds/`.
///
/// # Errors
/// When the YAML crate refuses the value.
pub fn yaml(kind: &KindRow) -> Result<String, YamlError> {
    yaml::to_string(&of(kind))
}

/// The CRDs of all kinds as YAML, a document each.
///
/// # Errors
/// When the YAML crate refuses a value.
pub fn all_yaml() -> Result<String, YamlError> {
    let documents: Vec<String> = KINDS.iter().map(yaml).collect::<Result<_, _>>()?;
    Ok(documents.join("---\n"))
}

/// Sets what holds for every schema, also in `status`.
fn finish(schema: &mut JSONSchemaProps) {
    // kube-derive makes each `Option` nullable; in `spec` that is decided by `keep_null`, and in
    // `status` `null` would be a third state beside absent and present.
    schema.nullable = None;
    // `#[serde(default)]` of a Rust field is no promise to users; defaults in the schema fight with
    // GitOps.
    schema.default = None;
    if let Some(text) = schema.description.as_mut() {
        *text = one_line(text);
    }
    if schema.type_.as_deref() == Some("string") && schema.max_length.is_none() {
        schema.max_length = match (&schema.enum_, schema.format.as_deref()) {
            (Some(values), _) => values
                .iter()
                .filter_map(|JSON(value)| value.as_str())
                .map(str::len)
                .max()
                .and_then(|n| i64::try_from(n).ok()),
            (None, Some("date-time")) => Some(TIME_LENGTH),
            (None, _) => None,
        };
    }
    children(schema, &mut finish);
}

/// Keeps unknown fields in every object that has named fields, so that the controller sees and
/// refuses them: pruning a misspelt `conditions`, `permissionsBoundary` or `externalId` would
/// silently widen access. Pure maps have no unknown keys.
fn keep_unknown_fields(schema: &mut JSONSchemaProps) {
    if schema.properties.is_some() {
        schema.x_kubernetes_preserve_unknown_fields = Some(true);
    }
    children(schema, &mut keep_unknown_fields);
}

/// Keeps `null` where a field may be absent, so that it is seen and refused: the API server drops
/// the `null` of a field that is not nullable, and a template that left `externalId`, `conditions`
/// or `lifetime` empty would widen access, or lengthen it, in silence. A required field is missed
/// then.
///
/// Values of a map are held by a rule. Rules of the CRD take a field that is `null` for absent:
/// those are refused by the schema where it is an enumeration, and else by the admission policy and
/// the controller.
fn keep_null(schema: &mut JSONSchemaProps) {
    let required = schema.required.clone().unwrap_or_default();
    for (name, field) in schema.properties.iter_mut().flatten() {
        if !required.contains(name) {
            field.nullable = Some(true);
        }
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = schema.additional_properties.as_mut() {
        values.nullable = Some(true);
        schema.x_kubernetes_validations.get_or_insert_default().push(ValidationRule {
            rule: "self.all(k, dyn(self[k]) != null)".to_owned(),
            message: Some("a value is null: write one, or remove the line".to_owned()),
            ..ValidationRule::default()
        });
    }
    children(schema, &mut keep_null);
}

/// Turns each pattern into a rule that answers in words.
fn in_words(schema: &mut JSONSchemaProps) {
    Form::say(schema);
    children(schema, &mut in_words);
}

/// Calls `visit` for each schema directly below.
fn children(schema: &mut JSONSchemaProps, visit: &mut dyn FnMut(&mut JSONSchemaProps)) {
    for child in schema.properties.iter_mut().flat_map(|properties| properties.values_mut()) {
        visit(child);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = schema.items.as_mut() {
        visit(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = schema.additional_properties.as_mut() {
        visit(values);
    }
}

/// Rustdoc breaks lines where the source does; `kubectl explain` wraps by itself.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::api::{forms, kind::Kind, kinds::iam_role::IamRole};

    /// Fields of later releases: none may slip into this one.
    const LATER: [&str; 5] = ["accountRef", "classRef", "modules", "adoption", "parameters"];

    fn json(kind: &KindRow) -> Value {
        serde_json::to_value(of(kind)).expect("a CRD is JSON")
    }

    fn iam_role() -> Value {
        json(&IamRole::row())
    }

    fn root(crd: &Value) -> Value {
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
    }

    /// Each schema with its path, `spec` and `status` only.
    fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
        visit(path, schema);
        for (name, child) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), child, visit);
        }
        if schema["items"].is_object() {
            walk(&format!("{path}[]"), &schema["items"], visit);
        }
        if schema["additionalProperties"].is_object() {
            walk(&format!("{path}.*"), &schema["additionalProperties"], visit);
        }
    }

    fn each_of(kind: &KindRow, mut visit: impl FnMut(&str, &Value)) {
        let root = root(&json(kind));
        for part in ["spec", "status"] {
            if root["properties"][part].is_object() {
                walk(part, &root["properties"][part], &mut visit);
            }
        }
    }

    /// Of all kinds.
    fn each(mut visit: impl FnMut(&str, &Value)) {
        for kind in &KINDS {
            each_of(kind, &mut visit);
        }
    }

    #[test]
    fn the_crd_files_are_current() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crds");
        let mut names = Vec::new();
        for kind in &KINDS {
            let name = file_name(kind);
            let now = yaml(kind).expect("the CRD is YAML");
            let path = format!("{folder}/{name}");
            if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
                std::fs::write(&path, &now).expect("the folder crds/ can be written");
            }
            let file = std::fs::read_to_string(path).unwrap_or_default();
            assert!(
                file == now,
                "crds/{name} is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test --lib api::`"
            );
            names.push(name);
        }
        let there = std::fs::read_dir(folder).expect("the folder crds/ can be read");
        for file in there {
            let name = file.expect("the folder crds/ can be read").file_name();
            assert!(names.iter().any(|known| **known == *name), "crds/{} is gone", name.display());
        }
    }

    #[test]
    fn the_yaml_reads_back_as_the_same_crds() {
        let text = all_yaml().expect("the CRDs are YAML");
        let read: Vec<Value> = yaml::documents(&text).expect("the YAML reads");
        assert_eq!(read, KINDS.iter().map(json).collect::<Vec<_>>());
    }

    #[test]
    fn there_is_at_most_one_default() {
        for kind in &KINDS {
            let crd = json(kind);
            let (text, status) = (crd.to_string(), &root(&crd)["properties"]["status"]);
            let observes = status["properties"]["observedGeneration"].is_object();
            assert_eq!(text.matches("\"default\":").count(), usize::from(observes));
            if observes {
                assert_eq!(status["default"], json!({"observedGeneration": -1}));
            }
        }
        let role = root(&iam_role());
        assert_eq!(role["properties"]["status"]["default"], json!({"observedGeneration": -1}));
    }

    #[test]
    fn null_is_kept_wherever_the_spec_may_lack_a_value_and_nowhere_else() {
        each(|path, schema| {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let wanted = path.starts_with("spec") && !required.contains(&json!(name));
                assert_eq!(field["nullable"] == true, wanted, "{path}.{name}");
            }
            if path.starts_with("spec") && schema["additionalProperties"].is_object() {
                assert_eq!(schema["additionalProperties"]["nullable"], true, "{path}");
                let rules = schema["x-kubernetes-validations"].to_string();
                assert!(rules.contains("dyn(self[k]) != null"), "{path}");
            }
            assert_ne!(schema["items"]["nullable"], true, "{path}: an entry is never absent");
        });
    }

    #[test]
    fn the_schema_is_structural() {
        each(|path, schema| {
            assert!(schema["type"].is_string(), "{path} has a type");
            for word in ["anyOf", "oneOf", "allOf", "not", "$ref", "uniqueItems"] {
                assert!(schema.get(word).is_none(), "{path} has {word}");
            }
            assert!(
                schema.get("properties").is_none() || schema.get("additionalProperties").is_none(),
                "{path}"
            );
        });
    }

    #[test]
    fn everything_is_bounded_and_described() {
        each(|path, schema| {
            match schema["type"].as_str() {
                Some("string") => assert!(schema["maxLength"].is_i64(), "{path} needs maxLength"),
                Some("array") => {
                    assert!(schema["maxItems"].is_i64(), "{path} needs maxItems");
                    assert!(
                        schema["x-kubernetes-list-type"].is_string(),
                        "{path} needs a list type"
                    );
                }
                Some("object") if schema.get("properties").is_none() => {
                    assert!(schema["maxProperties"].is_i64(), "{path} needs maxProperties");
                }
                _ => {}
            }
            if !path.ends_with("[]") && !path.ends_with(".*") {
                assert!(
                    schema["description"]
                        .as_str()
                        .is_some_and(|text| text.len() > 8 && !text.contains('\n')),
                    "{path} needs a description"
                );
            }
        });
    }

    #[test]
    fn lists_of_the_spec_are_replaced_as_a_whole() {
        each(|path, schema| {
            if path.starts_with("spec") && schema["type"] == "array" {
                let inside_another = path.contains("[]");
                let of_strings = schema["items"]["type"] == "string";
                let wanted = if inside_another && of_strings && !path.ends_with(".*.*") {
                    "set"
                } else {
                    "atomic"
                };
                assert_eq!(schema["x-kubernetes-list-type"], wanted, "{path}");
            }
        });
    }

    #[test]
    fn each_object_of_the_spec_keeps_unknown_fields_and_nothing_else_does() {
        each(|path, schema| {
            let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
            let wanted = path.starts_with("spec")
                && (schema["properties"].is_object() || path.ends_with(".document"));
            assert_eq!(keeps, wanted, "{path}");
        });
    }

    #[test]
    fn optional_fields_are_not_required() {
        let mut required = Vec::new();
        each_of(&IamRole::row(), |path, schema| {
            if path.starts_with("spec") {
                required.extend(
                    schema["required"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(|name| format!("{path}.{name}")),
                );
            }
        });
        required.sort();
        assert_eq!(
            required,
            [
                "spec.permissions.inlinePolicies[].name",
                "spec.permissions.inlinePolicies[].statements[].effect",
                "spec.trust",
                "spec.trust[].githubActions.owner",
                "spec.trust[].gitlab.project",
                "spec.trust[].name",
                "spec.trust[].oidc.audiences",
                "spec.trust[].oidc.issuer",
                "spec.trust[].oidc.subjects",
                "spec.trust[].podIdentity.serviceAccounts",
                "spec.trust[].saml.providerArn",
                "spec.trust[].service.name",
                "spec.trust[].serviceAccount.name",
                "spec.trust[].statement.effect",
                "spec.trust[].statement.principals",
            ]
        );
        assert_eq!(root(&iam_role())["required"], json!(["spec"]));
    }

    #[test]
    fn fields_of_later_releases_are_absent() {
        each_of(&IamRole::row(), |path, schema| {
            for name in LATER {
                assert!(schema["properties"].get(name).is_none(), "{path}.{name}");
            }
        });
        assert!(
            root(&iam_role())["properties"]["spec"]["properties"]["trust"]["items"]["properties"]
                .get("expiresAt")
                .is_none()
        );
    }

    #[test]
    fn patterns_mean_the_same_to_the_api_server_and_to_us() {
        for Form { pattern, .. } in &forms::FORMS {
            for class in [r"\w", r"\d", r"\s", r"\b"] {
                assert!(
                    !pattern.contains(class),
                    "{pattern}: {class} is ASCII for RE2 and Unicode here"
                );
            }
        }
    }

    #[test]
    fn no_pattern_answers_with_a_regular_expression() {
        let (mut used, mut count) = (BTreeSet::new(), 0);
        each(|path, schema| {
            assert!(schema["pattern"].is_null(), "{path}: write words for it into api/forms.rs");
            assert!(!path.starts_with("spec") || schema["format"].is_null(), "{path}");
            let schema: JSONSchemaProps = serde_json::from_value(schema.clone()).expect("a schema");
            if let Some(form) = Form::of(&schema) {
                used.insert(form.pattern);
                count += 1;
            }
        });
        assert!(count >= 36, "{count} fields have a form");
        assert_eq!(used.len(), forms::FORMS.len(), "each form is of some field");
    }

    #[test]
    fn names_columns_and_selectable_fields_are_as_decided() {
        let crd = iam_role();
        let names = &crd["spec"]["names"];
        assert_eq!(
            (&names["plural"], &names["shortNames"], &names["categories"]),
            (&json!("iamroles"), &json!(["iamr"]), &json!(["rolewright"]))
        );
        let version = &crd["spec"]["versions"][0];
        let selectable = json!([{"jsonPath": ".spec.roleName"}, {"jsonPath": ".status.roleName"}]);
        assert_eq!(version["selectableFields"], selectable);
        assert!(version["subresources"]["status"].is_object());
        let columns: Vec<_> = version["additionalPrinterColumns"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| format!("{} {} {}", c["name"], c["type"], c["priority"]))
            .collect();
        insta::assert_snapshot!(columns.join("\n"), @r#"
        "READY" "string" null
        "REASON" "string" null
        "ROLE" "string" null
        "EXPIRES" "string" null
        "AGE" "date" null
        "ACCOUNT" "string" 1
        "ARN" "string" 1
        "MESSAGE" "string" 1
        "#);
    }

    #[test]
    fn a_spec_decodes_with_its_document_as_text() {
        let text = r#"{"trust":[],"permissions":{"inlinePolicies":[{"name":"p","document":{"Statement":[ 1.10 ]}}]}}"#;
        let spec: crate::api::RoleSpec = serde_json::from_str(text).expect("the spec decodes");
        let document = spec
            .permissions
            .as_ref()
            .and_then(|p| p.inline_policies.as_ref())
            .and_then(|all| all[0].document.as_ref());
        assert_eq!(document.map(|document| document.get()), Some(r#"{"Statement":[ 1.10 ]}"#));
        assert_eq!(serde_json::to_string(&spec).expect("the spec is JSON"), text);
    }
}
