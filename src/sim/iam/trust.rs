//! Principals in trust policies: stored as unique ids, shown back as ARNs, and as the bare id once
//! the principal is gone. Source: the IAM user guide, "AWS JSON policy elements: Principal".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::plan::failure::IamErrorClass;
use crate::sim::iam::rules::{Refusal, account_id, strings};

/// Everybody alive who has a unique id: roles and users of the account, and those of other accounts
/// that were named.
#[derive(Clone, Debug)]
pub(super) struct Principals {
    account: String,
    partition: String,
    by_id: BTreeMap<String, String>,
    by_arn: BTreeMap<String, String>,
    /// ARNs in other accounts that don't exist; all others there do.
    nobody: BTreeSet<String>,
    next: u64,
}

impl Principals {
    pub(super) fn new(account: &str, partition: &str) -> Self {
        Self {
            account: account.to_owned(),
            partition: partition.to_owned(),
            by_id: BTreeMap::new(),
            by_arn: BTreeMap::new(),
            nobody: BTreeSet::new(),
            next: 0,
        }
    }

    /// A unique id: the prefix and 17 characters.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        const ALPHABET: [char; 32] = [
            'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q',
            'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
        ];
        self.next = self.next.wrapping_add(1);
        // An odd factor makes this a bijection: as many different ids as numbers.
        let mixed = u128::from(self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let letters = (0..17u32).filter_map(|i| {
            ALPHABET.get(usize::try_from(mixed >> (5 * i)).unwrap_or_default() % 32)
        });
        format!("{prefix}{}", letters.collect::<String>())
    }

    pub(super) fn insert(&mut self, id: &str, arn: &str) {
        self.nobody.remove(arn);
        self.by_id.insert(id.to_owned(), arn.to_owned());
        self.by_arn.insert(arn.to_owned(), id.to_owned());
    }

    /// The principal is deleted: its id stays in the trust policies that name it.
    pub(super) fn remove(&mut self, arn: &str) {
        if let Some(id) = self.by_arn.remove(arn) {
            self.by_id.remove(&id);
        }
        self.nobody.insert(arn.to_owned());
    }

    /// What is stored for one value under `"AWS"`.
    fn store(&mut self, value: &str) -> Option<String> {
        if value == "*" || self.by_id.contains_key(value) {
            return Some(value.to_owned());
        }
        if account_id(value) {
            return Some(format!("arn:{}:iam::{value}:root", self.partition));
        }
        let (partition, service, account, resource) =
            match value.splitn(6, ':').collect::<Vec<_>>().as_slice() {
                ["arn", partition, service @ ("iam" | "sts"), "", account, resource] => {
                    (*partition, *service, *account, *resource)
                }
                _ => return None,
            };
        if partition != self.partition || !account_id(account) {
            return None;
        }
        if service == "sts" {
            return (resource.starts_with("assumed-role/")
                || resource.starts_with("federated-user/"))
            .then(|| value.to_owned());
        }
        let prefix = match resource.split_once('/') {
            None if resource == "root" => return Some(value.to_owned()),
            Some(("role", name)) if !name.is_empty() => "AROA",
            Some(("user", name)) if !name.is_empty() => "AIDA",
            _ => return None,
        };
        if let Some(id) = self.by_arn.get(value) {
            return Some(id.clone());
        }
        if account == self.account || self.nobody.contains(value) {
            return None;
        }
        let id = self.new_id(prefix);
        self.insert(&id, value);
        Some(id)
    }

    /// A trust policy as it is stored. A lenient one keeps principals that don't exist, as nothing
    /// but AWS itself can.
    pub(super) fn store_trust(
        &mut self,
        mut policy: Value,
        lenient: bool,
    ) -> Result<String, Refusal> {
        for statement in statements(&mut policy) {
            for name in ["Principal", "NotPrincipal"] {
                if let Some(kinds) = statement.get_mut(name).and_then(Value::as_object_mut) {
                    for (kind, value) in kinds {
                        self.store_principals(kind, value, lenient)?;
                        shorten(value);
                    }
                }
            }
            for name in ["Action", "NotAction"] {
                statement.get_mut(name).map(shorten);
            }
            for keys in statement
                .get_mut("Condition")
                .and_then(Value::as_object_mut)
                .into_iter()
                .flat_map(|operators| operators.values_mut())
            {
                for value in keys.as_object_mut().into_iter().flat_map(|keys| keys.values_mut()) {
                    quote(value);
                    shorten(value);
                }
            }
        }
        Ok(policy.to_string())
    }

    fn store_principals(
        &mut self,
        kind: &str,
        value: &mut Value,
        lenient: bool,
    ) -> Result<(), Refusal> {
        let wrong = |name: &str| {
            let message = format!(
                "MalformedPolicyDocument: Invalid principal in policy: \"{kind}\":\"{name}\""
            );
            Refusal::new(IamErrorClass::InvalidPrincipal, message)
        };
        if kind == "Service" && !lenient {
            let services = strings(value).unwrap_or_default();
            if let Some(name) = services.into_iter().find(|name| !service(name)) {
                return Err(wrong(name));
            }
        }
        if kind == "AWS" {
            for item in items(value) {
                if let Some(name) = item.as_str() {
                    match self.store(name) {
                        Some(stored) => *item = Value::String(stored),
                        None if lenient => {}
                        None => return Err(wrong(name)),
                    }
                }
            }
        }
        Ok(())
    }

    /// A stored trust policy as AWS shows it now; with `rng` lists come in any order.
    pub(super) fn show_trust(&self, stored: &str, rng: Option<&mut fastrand::Rng>) -> String {
        let ids = ["AROA", "AIDA"].iter().any(|prefix| stored.contains(prefix));
        if rng.is_none() && !ids {
            return stored.to_owned();
        }
        let Ok(mut policy) = serde_json::from_str::<Value>(stored) else {
            return stored.to_owned();
        };
        for statement in statements(&mut policy) {
            for name in ["Principal", "NotPrincipal"] {
                for item in statement
                    .get_mut(name)
                    .and_then(|kinds| kinds.get_mut("AWS"))
                    .into_iter()
                    .flat_map(items)
                {
                    if let Some(arn) = item.as_str().and_then(|id| self.by_id.get(id)) {
                        *item = Value::String(arn.clone());
                    }
                }
            }
        }
        if let Some(rng) = rng {
            for statement in statements(&mut policy) {
                for name in ["Principal", "NotPrincipal", "Condition"] {
                    statement.get_mut(name).into_iter().for_each(|value| shuffle(value, rng));
                }
            }
        }
        policy.to_string()
    }
}

fn statements(policy: &mut Value) -> impl Iterator<Item = &mut Value> {
    policy.get_mut("Statement").into_iter().flat_map(items)
}

/// The items of a list, or the value itself.
fn items(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(list) => list,
        one => std::slice::from_mut(one),
    }
}

/// One-element lists come back as scalars.
fn shorten(value: &mut Value) {
    if let Value::Array(list) = value
        && list.len() == 1
        && let Some(one) = list.pop()
    {
        *value = one;
    }
}

/// Booleans and numbers come back as strings.
fn quote(value: &mut Value) {
    for item in items(value) {
        if item.is_boolean() || item.is_number() {
            *item = Value::String(item.to_string());
        }
    }
}

fn shuffle(value: &mut Value, rng: &mut fastrand::Rng) {
    match value {
        Value::Array(list) => rng.shuffle(list),
        Value::Object(fields) => fields.values_mut().for_each(|value| shuffle(value, rng)),
        _ => {}
    }
}

fn service(name: &str) -> bool {
    let shape =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
            && !name.starts_with('.');
    shape
        && [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"]
            .iter()
            .any(|suffix| name.ends_with(suffix))
}
