//! `null` is refused wherever a value may be absent, as it is given and as `kubectl apply` recorded
//! it.

use serde_json::{Value, json};

use crate::{
    api::{
        crd,
        kind::{Kind, KindRow},
        kinds::{KINDS, iam_role::IamRole},
        tests::optional::{Nulled, nulled, whole},
    },
    plan::{
        form::{desired::compile, last_applied::nulls},
        tests::samples::{limits, resource},
    },
};

fn schema(kind: &KindRow) -> Value {
    let crd = serde_json::to_value(crd::of(kind)).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// What the controller says of a spec, and of the record of `kubectl apply`.
fn refusals(kind: &str, spec: &str, record: Option<String>) -> Vec<String> {
    assert_eq!(kind, "IAMRole", "say here how the spec of the new kind is read");
    let given = crate::api::resource::Resource { last_applied: record, ..resource(spec) };
    let problems = compile(&given, &limits()).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

fn record(spec: &Value) -> String {
    json!({"kind": "IAMRole", "metadata": {"creationTimestamp": null}, "spec": spec}).to_string()
}

#[test]
fn each_optional_field_of_each_kind_is_refused_when_it_is_null() {
    for kind in &KINDS {
        let name = kind.name();
        assert_eq!(refusals(&name, &whole(&name).to_string(), None), [""; 0]);
        let all = nulled(&name, &schema(kind));
        assert!(all.len() > 70, "{}", all.len());
        for Nulled { field, spec, .. } in all {
            let said = refusals(&name, &spec.to_string(), None);
            assert!(
                said.iter().any(|said| said.starts_with(&format!("{field}: is null; write"))),
                "{field}: {said:?}"
            );
        }
    }
}

#[test]
fn each_optional_field_that_kubectl_apply_dropped_is_refused() {
    for kind in &KINDS {
        let (name, whole) = (kind.name(), whole(&kind.name()));
        assert_eq!(refusals(&name, &whole.to_string(), Some(record(&whole))), [""; 0]);
        for Nulled { field, spec, .. } in nulled(&name, &schema(kind)) {
            let said = refusals(&name, &whole.to_string(), Some(record(&spec)));
            let field = field.replace("[\"", ".").replace("\"]", "");
            assert!(
                said.len() == 1 && said[0].contains("kubectl apply dropped it: write a value"),
                "{field}: {said:?}"
            );
        }
    }
}

#[test]
fn a_record_that_hides_a_null_is_refused_and_one_without_a_spec_is_not() {
    let dropped = |record: &str| nulls(Some(record)).iter().map(ToString::to_string).collect();
    let none: [&str; 0] = [];
    let said = |record: &str| -> Vec<String> { dropped(record) };
    assert!(nulls(None).is_empty());
    for record in ["{}", "[]", "null", r#"{"spec":{}}"#, r#"{"metadata":{"labels":null}}"#] {
        assert_eq!(said(record), none, "{record}");
    }
    assert_eq!(
        said(r#"{"spec":{"trust":[{"principals":{"externalId":null}}],"path":null}}"#),
        [
            "spec.trust[0].principals.externalId: is null in the manifest, and kubectl apply \
             dropped it: write a value or remove the line, and apply again",
            "spec.path: is null in the manifest, and kubectl apply dropped it: write a value or \
             remove the line, and apply again",
        ]
    );
    let deep = format!("{{\"spec\":{}null{}}}", "[".repeat(90), "]".repeat(90));
    for record in ["", "{", r#"{"spec":{},"spec":null}"#, &deep] {
        let said = said(record);
        assert!(
            said.len() == 1
                && said[0].starts_with("metadata.annotations.")
                && said[0].ends_with("apply again, or remove the annotation"),
            "{said:?}"
        );
    }
}

#[test]
fn conditions_and_claims_that_are_empty_are_refused() {
    let kind = IamRole::row();
    let schema = schema(&kind);
    let mut tried = 0;
    for Nulled { place, field, pointer, mut spec } in nulled("IAMRole", &schema) {
        let last = place.rsplit('.').next().unwrap_or_default();
        let of_operator = place.ends_with(".conditions.*");
        if !(of_operator || ["conditions", "claims", "attributes"].contains(&last)) {
            continue;
        }
        *spec.pointer_mut(&pointer).unwrap() = json!({});
        let said = refusals("IAMRole", &spec.to_string(), None);
        let wanted = format!("{field}: has 0 keys where at least 1 are needed");
        assert!(said.iter().any(|said| said.starts_with(&wanted)), "{field}: {said:?}");
        tried += 1;
    }
    assert_eq!(tried, 7);
}
