//! Manifests: which documents of a text are resources that this version knows, and which were meant
//! to be.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    api::{self, ResourceKey, RoleStatus, kinds::KINDS, object::Pause, resource::Resource},
    yaml::{self, YamlError},
};
use iam::{nearest::nearest, quote::shown};

/// The kind that is looked for.
const KIND: &str = "IAMRole";
/// Lists in lists: kubectl makes one level.
const DEEPEST: usize = 4;

/// One thing in a text.
#[derive(Debug)]
pub enum Manifest {
    /// A resource.
    Resource(Box<Resource>),
    /// What was meant for one and is none, in words for people.
    Mistaken(String),
    /// What looks like one and is somebody else's.
    Foreign(String),
}

/// Everything in a text of YAML or JSON that is a resource or looks like one. Lists are taken
/// apart; documents of other kinds are left out.
///
/// # Errors
/// When the text is neither YAML nor JSON.
pub fn read(text: &str) -> Result<Vec<Manifest>, YamlError> {
    let mut found = Vec::new();
    for document in yaml::documents::<Value>(text)? {
        take(&document, DEEPEST, &mut found);
    }
    Ok(found)
}

fn take(document: &Value, deepest: usize, found: &mut Vec<Manifest>) {
    let text = |field: &str| document.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let wanted = format!("{}/{}", api::GROUP, api::VERSION);
    if let Some(items) = document.get("items").and_then(Value::as_array)
        && kind.ends_with("List")
        && deepest > 0
    {
        return items.iter().for_each(|item| take(item, deepest - 1, found));
    }
    if document.is_array() {
        let words = "is a list of documents: write each by itself, or as the items of a kind: List";
        return found.push(Manifest::Mistaken(words.into()));
    }
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let ours = KINDS.iter().any(|row| row.name() == kind);
    found.push(match (group == api::GROUP, kind == KIND) {
        (true, true) if version == wanted => match resource(document) {
            Ok(resource) => Manifest::Resource(Box::new(resource)),
            Err(words) => Manifest::Mistaken(words),
        },
        (true, _) if !ours => {
            let meant = nearest(kind, std::iter::once(KIND))
                .map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            let (kind, group) = (shown(kind), api::GROUP);
            Manifest::Mistaken(format!("kind {kind} is none of {group}{meant}"))
        }
        (true, _) if version != wanted => Manifest::Mistaken(format!(
            "{kind} {}: apiVersion {} is not known here; write {wanted}",
            name(document),
            shown(version)
        )),
        (false, _) if kind.eq_ignore_ascii_case(KIND) => {
            let near = group.is_empty() || nearest(group, std::iter::once(api::GROUP)).is_some();
            let what = format!("{kind} {}: apiVersion {}", name(document), shown(version));
            if near {
                let kind = if kind == KIND { String::new() } else { format!(" and kind: {KIND}") };
                Manifest::Mistaken(format!("{what} is not rolewright's; write {wanted}{kind}"))
            } else {
                Manifest::Foreign(format!("{what} is not rolewright's, and is passed over"))
            }
        }
        _ => return,
    });
}

fn metadata<'a>(document: &'a Value, field: &str) -> Option<&'a Value> {
    document.get("metadata").and_then(|metadata| metadata.get(field))
}

fn name(document: &Value) -> &str {
    metadata(document, "name").and_then(Value::as_str).unwrap_or("without a name")
}

fn resource(document: &Value) -> Result<Resource, String> {
    let text = |field: &str| match metadata(document, field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("metadata.{field}: {other} is no text: put it into quotes")),
    };
    let Some(name) = text("name")? else {
        return Err("an IAMRole has no metadata.name: add it".into());
    };
    let namespace = text("namespace")?.unwrap_or_else(|| "default".into());
    // As the API server has it: of such names the role's own name is made.
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(format!(
            "metadata.name: {} is no name of an object: use a-z, 0-9 and -, in parts between dots \
             that begin and end with a letter or a digit",
            shown(&name)
        ));
    }
    if namespace.len() > 63 || !is_label(&namespace) {
        return Err(format!(
            "metadata.namespace: {} is no name of a namespace: use a-z, 0-9 and -, and begin and \
             end with a letter or a digit",
            shown(&namespace)
        ));
    }
    let spec = document.get("spec").cloned().unwrap_or(Value::Object(serde_json::Map::new()));
    Ok(Resource {
        key: ResourceKey { namespace, name },
        uid: "<uid>".into(),
        generation: 1,
        version: 1,
        // A bound of the lifetime counts from here: a manifest is taken to be applied now.
        created: metadata(document, "creationTimestamp")
            .and_then(Value::as_str)
            .and_then(|time| time.parse().ok())
            .unwrap_or_else(Timestamp::now),
        deleting: false,
        finalizer: false,
        pause: Pause::No,
        reconcile_requested_at: None,
        last_applied: metadata(document, "annotations")
            .and_then(|annotations| annotations.get(api::LAST_APPLIED))
            .and_then(Value::as_str)
            .map(str::to_owned),
        spec: spec.to_string(),
        status: RoleStatus::default(),
    })
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(inner) && text.ends_with(inner) && text.chars().all(|c| inner(c) || c == '-')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: &str = "apiVersion: iam.rolewright.dev/v1alpha1\nkind: IAMRole\nmetadata: \
        {name: x, namespace: a}\nspec: {}\n";

    fn said(text: &str) -> String {
        let one = |manifest: &Manifest| match manifest {
            Manifest::Resource(resource) => format!("resource {}", resource.key),
            Manifest::Mistaken(words) => format!("mistaken: {words}"),
            Manifest::Foreign(words) => format!("foreign: {words}"),
        };
        read(text).unwrap().iter().map(one).collect::<Vec<_>>().join("\n")
    }

    #[rstest]
    #[case::another_version(
        "v1alpha1",
        "v2",
        "mistaken: IAMRole x: apiVersion \
        \"iam.rolewright.dev/v2\" is not known here; write iam.rolewright.dev/v1alpha1"
    )]
    #[case::another_kind(
        "IAMRole",
        "IamRole",
        "mistaken: kind \"IamRole\" is none of \
        iam.rolewright.dev; did you mean IAMRole?"
    )]
    #[case::no_kind(
        "kind: IAMRole",
        "kin: IAMRole",
        "mistaken: kind \"\" is none of \
        iam.rolewright.dev"
    )]
    #[case::misspelt_group(
        "iam.rolewright",
        "iam.rolewrite",
        "mistaken: IAMRole x: apiVersion \
        \"iam.rolewrite.dev/v1alpha1\" is not rolewright's; write iam.rolewright.dev/v1alpha1"
    )]
    #[case::no_group(
        "iam.rolewright.dev/",
        "",
        "mistaken: IAMRole x: apiVersion \"v1alpha1\" is \
        not rolewright's; write iam.rolewright.dev/v1alpha1"
    )]
    #[case::group_that_only_begins_like_ours(
        "iam.rolewright.dev/",
        "iam.rolewright.dev.example.org/",
        "foreign: IAMRole x: apiVersion \
        \"iam.rolewright.dev.example.org/v1alpha1\" is not rolewright's, and is passed over"
    )]
    #[case::somebody_elses(
        "iam.rolewright.dev/v1alpha1",
        "iammanager.keikoproj.io/v1alpha1",
        "foreign: IAMRole x: apiVersion \"iammanager.keikoproj.io/v1alpha1\" is not \
        rolewright's, and is passed over"
    )]
    #[case::another_object(
        "IAMRole",
        "Role",
        "mistaken: kind \"Role\" is none of \
        iam.rolewright.dev"
    )]
    #[case::no_name("name: x, ", "", "mistaken: an IAMRole has no metadata.name: add it")]
    #[case::number(
        "name: x",
        "name: 1",
        "mistaken: metadata.name: 1 is no text: put it into \
        quotes"
    )]
    #[case::name_of_no_object(
        "name: x",
        "name: My_Role",
        "mistaken: metadata.name: \
        \"My_Role\" is no name of an object: use a-z, 0-9 and -, in parts between dots that \
        begin and end with a letter or a digit"
    )]
    #[case::name_of_no_namespace(
        "namespace: a",
        "namespace: a.b",
        "mistaken: metadata.namespace: \
        \"a.b\" is no name of a namespace: use a-z, 0-9 and -, and begin and end with a letter or \
        a digit"
    )]
    fn what_was_meant_for_a_resource_is_never_passed_over_silently(
        #[case] from: &str,
        #[case] to: &str,
        #[case] words: &str,
    ) {
        assert_eq!(said(&GOOD.replacen(from, to, 1)), words);
    }

    #[test]
    fn lists_are_taken_apart_and_other_kinds_left_out() {
        let item = "{apiVersion: iam.rolewright.dev/v1alpha1, kind: IAMRole, metadata: {name: N}}";
        let list = format!(
            "apiVersion: v1\nkind: List\nitems: [{}, {{apiVersion: v1, kind: Secret}}, \
             {{apiVersion: v1, kind: IAMRoleList, items: [{}]}}]\n",
            item.replace('N', "u"),
            item.replace('N', "z")
        );
        let other = "apiVersion: v1\nkind: ConfigMap\nitems: [1]\n";
        let all = format!("{GOOD}---\n{list}---\n{other}---\njust words\n---\nreplicas: 2\n");
        assert_eq!(said(&all), "resource a/x\nresource default/u\nresource default/z");
        assert!(said(&format!("[{item}]")).contains("is a list of documents"));
    }
}
