//! The table of wrong manifests: what is posted, who refuses it, and what the refusal says.

use serde::Deserialize;
use serde_json::{Value, json};

use super::generated;

/// Who refuses a case. The controller does in any case, should nobody have done it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The CRD: its schema or its rules in CEL.
    Schema,
    /// The admission policies of `config/admission/`.
    Policy,
    /// Nobody before the controller.
    Controller,
}

/// One wrong manifest. In the texts `NAMESPACE`, `PREFIX` (of role names) and `ACCOUNT` stand for
/// those of the test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What is wrong, in words.
    pub title: String,
    pub by: By,
    /// What the API server's refusal contains.
    #[serde(default)]
    pub api: Vec<String>,
    /// The field that the controller names.
    pub field: String,
    /// What the controller says of that field; the remedy is in it.
    pub remedy: String,
    /// Fields of the spec, laid over [`base`].
    #[serde(default)]
    spec: Option<Value>,
    /// The whole spec.
    #[serde(default)]
    only: Option<Value>,
    /// The only inline policy, in [`base`].
    #[serde(default)]
    inline: Option<Value>,
    /// Name of the resource, where it is what is wrong.
    #[serde(default)]
    pub name: Option<String>,
    /// Which table it is of.
    #[serde(skip)]
    pub kind: &'static str,
}

/// What a test's namespace and account are called.
#[derive(Clone, Debug)]
pub struct Place {
    pub namespace: String,
    pub prefix: String,
    pub account: String,
}

const TABLES: [(&str, &str); 7] = [
    ("names, paths and plain attributes", include_str!("identity.yaml")),
    ("tags, boundary, managed policies, lifetime", include_str!("attributes.yaml")),
    ("misspelt and later fields", include_str!("misspelt.yaml")),
    ("grants", include_str!("trust.yaml")),
    ("grants of pods and federated issuers", include_str!("federation.yaml")),
    ("trust statements", include_str!("statements.yaml")),
    ("inline policies and documents", include_str!("permissions.yaml")),
];

/// A spec without a mistake.
pub fn base() -> Value {
    json!({"trust": [{"name": "pods", "serviceAccount": {"name": "billing"}}]})
}

impl Case {
    /// A case that code makes; its spec is laid over [`base`].
    pub fn made(title: &str, by: By, api: &[&str], field: &str, remedy: &str, spec: Value) -> Self {
        Self {
            title: title.to_owned(),
            by,
            api: api.iter().map(|&text| text.to_owned()).collect(),
            field: field.to_owned(),
            remedy: remedy.to_owned(),
            spec: Some(spec),
            only: None,
            inline: None,
            name: None,
            kind: "bounds",
        }
    }

    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    pub fn spec(&self) -> Value {
        if let Some(only) = &self.only {
            return only.clone();
        }
        let mut spec = base();
        for (field, value) in self.spec.iter().filter_map(Value::as_object).flatten() {
            spec[field] = value.clone();
        }
        if let Some(inline) = &self.inline {
            spec["permissions"] = json!({"inlinePolicies": [inline]});
        }
        spec
    }
}

/// Every case, as it reads in `place`, with the name of its resource.
pub fn all(place: &Place) -> Vec<(String, Case)> {
    let fill = |text: &str| {
        let text = text.replace("NAMESPACE", &place.namespace).replace("PREFIX", &place.prefix);
        text.replace("ACCOUNT", &place.account)
    };
    let mut cases = Vec::new();
    for (kind, table) in TABLES {
        let read: Vec<Case> = rolewright::yaml::from_str(&fill(table))
            .unwrap_or_else(|error| panic!("the table of {kind}: {error}"));
        cases.extend(read.into_iter().map(|case| Case { kind, ..case }));
    }
    cases.extend(generated::cases(place));
    let named = cases.into_iter().enumerate();
    named
        .map(|(n, case)| (case.name.clone().unwrap_or_else(|| format!("case-{n:03}")), case))
        .collect()
}

/// How many cases there are of each kind.
pub fn counts(cases: &[(String, Case)]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (_, case) in cases {
        match counts.iter_mut().find(|(kind, _)| *kind == case.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((case.kind, 1)),
        }
    }
    counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
