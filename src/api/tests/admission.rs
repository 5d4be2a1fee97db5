//! Tests that hold `config/admission/` equal to the CRD, and the samples to the schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use crate::api::{crd, kind::Kind, kinds::iam_role::IamRole, schema::SpecSchema};
use crate::yaml;
use iam::{
    limits,
    text::{json, node::Node},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Variable of the policy → path in the schema.
const LEVELS: [(&str, &str); 17] = [
    ("specFields", "spec"),
    ("managementFields", "spec.management"),
    ("lifetimeFields", "spec.lifetime"),
    ("permissionsFields", "spec.permissions"),
    ("inlinePoliciesFields", "spec.permissions.inlinePolicies[]"),
    ("statementsFields", "spec.permissions.inlinePolicies[].statements[]"),
    ("trustFields", "spec.trust[]"),
    ("serviceAccountFields", "spec.trust[].serviceAccount"),
    ("podIdentityFields", "spec.trust[].podIdentity"),
    ("githubActionsFields", "spec.trust[].githubActions"),
    ("gitlabFields", "spec.trust[].gitlab"),
    ("oidcFields", "spec.trust[].oidc"),
    ("samlFields", "spec.trust[].saml"),
    ("serviceFields", "spec.trust[].service"),
    ("principalsFields", "spec.trust[].principals"),
    ("statementFields", "spec.trust[].statement"),
    ("statementPrincipalsFields", "spec.trust[].statement.principals"),
];

fn documents(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{ROOT}/{path}")).expect("the file can be read");
    yaml::documents(&text).expect("the file is YAML")
}

fn fields(path: &str, schema: &Value, found: &mut BTreeMap<String, Vec<String>>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.insert(path.to_owned(), properties.keys().cloned().collect());
        for (name, child) in properties {
            fields(&format!("{path}.{name}"), child, found);
        }
    }
    if schema["items"].is_object() {
        fields(&format!("{path}[]"), &schema["items"], found);
    }
}

fn in_crd() -> BTreeMap<String, Vec<String>> {
    let crd = serde_json::to_value(crd::of(&IamRole::row())).expect("a CRD is JSON");
    let mut found = BTreeMap::new();
    fields(
        "spec",
        &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"],
        &mut found,
    );
    found
}

#[test]
fn the_policy_knows_exactly_the_fields_of_the_crd() {
    let policy = &documents("config/admission/iamrole-unknown-fields.yaml")[0];
    let lists: BTreeMap<&str, Vec<String>> = policy["spec"]["variables"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|variable| Some((variable["name"].as_str()?, variable["expression"].as_str()?)))
        .filter(|(name, _)| name.ends_with("Fields"))
        .map(|(name, list)| {
            let list = list.trim().trim_start_matches('[').trim_end_matches(']');
            (
                name,
                list.split(',').map(|field| field.trim().trim_matches('\'').to_owned()).collect(),
            )
        })
        .collect();
    let in_policy: BTreeMap<String, Vec<String>> = LEVELS
        .iter()
        .map(|(variable, path)| {
            ((*path).to_owned(), lists.get(variable).cloned().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        in_policy,
        in_crd(),
        "write the fields of the CRD into config/admission/iamrole-unknown-fields.yaml"
    );
    assert_eq!(lists.len(), LEVELS.len());
}

#[test]
fn each_list_of_fields_is_used_by_a_validation() {
    let policy = &documents("config/admission/iamrole-unknown-fields.yaml")[0];
    let rules: Vec<_> = policy["spec"]["validations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v["expression"].as_str())
        .collect();
    for (variable, _) in LEVELS {
        assert_eq!(
            rules.iter().filter(|rule| rule.contains(&format!("variables.{variable})"))).count(),
            1,
            "{variable}"
        );
    }
}

/// Fields of the status that others may change: what nothing is decided by.
const OPEN: [&str; 6] =
    ["arn", "conditions", "drift", "lastHandledReconcileAt", "plan", "replacedPrincipals"];

#[test]
fn the_policy_of_the_status_has_decided_about_each_field() {
    let policy = &documents("config/protect/iamrole-status.yaml")[0];
    let own = policy["spec"]["variables"][0]["expression"].as_str().expect("a list");
    let own: BTreeSet<&str> = own
        .trim_matches(['[', ']'])
        .split(',')
        .map(|field| field.trim().trim_matches('\''))
        .collect();
    let crd = serde_json::to_value(crd::of(&IamRole::row())).expect("a CRD is JSON");
    let root = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let fields = root["properties"]["status"]["properties"].as_object().expect("fields");
    let fields = fields.keys().map(String::as_str);
    let decided: BTreeSet<&str> = own.iter().copied().chain(OPEN).collect();
    assert!(OPEN.iter().all(|field| !own.contains(field)));
    assert_eq!(decided, fields.collect());
}

#[test]
fn the_policy_knows_exactly_our_annotations() {
    let policy = &documents("config/admission/iamrole-annotations.yaml")[0];
    let known = policy["spec"]["variables"][0]["expression"].as_str().expect("a list");
    let ours: Vec<String> =
        IamRole::row().annotations.iter().map(|(key, ..)| format!("'{key}'")).collect();
    assert_eq!(known.trim(), format!("[{}]", ours.join(", ")));
}

#[test]
fn each_policy_is_bound_and_denies_or_warns() {
    for (file, action) in [
        ("admission/iamrole-unknown-fields", "Deny"),
        ("admission/iamrole-limits", "Deny"),
        ("admission/iamrole-paused", "Deny"),
        ("admission/iamrole-annotations", "Warn"),
        ("protect/iamrole-status", "Deny"),
        ("protect/iamrole-finalizer", "Deny"),
    ] {
        let all = documents(&format!("config/{file}.yaml"));
        assert_eq!(all.len(), 2, "{file}");
        assert_eq!(all[0]["spec"]["failurePolicy"], "Fail");
        assert_eq!(all[1]["spec"]["policyName"], all[0]["metadata"]["name"]);
        assert_eq!(all[1]["spec"]["validationActions"], serde_json::json!([action]));
    }
}

fn node(value: &Value) -> Node {
    json::parse(&value.to_string(), limits::DOCUMENT).expect("it is JSON within the bounds")
}

#[test]
fn the_samples_have_no_problems() {
    let schema =
        SpecSchema::of::<IamRole>().expect("the schema of the CRD is known to the checker");
    let mut checked = 0;
    for entry in fs::read_dir(format!("{ROOT}/config/samples")).expect("the folder can be read") {
        let name = entry.expect("the folder can be read").file_name();
        for object in documents(&format!("config/samples/{}", name.display())) {
            if object["kind"] == "IAMRole" {
                assert_eq!(schema.problems(&node(&object["spec"])), [], "{}", name.display());
                checked += 1;
            }
        }
    }
    assert!(checked >= 6, "{checked} samples");
}
