//! Edits of documents: such as AWS evaluates nothing in, and such as may change who may do what.

use std::collections::BTreeMap;

use crate::policy::tests::fuzz::Dice;
use crate::policy::*;
use crate::text::node::Node;

/// Shuffles items and repeats one of them at times.
fn disturb<T: Clone>(dice: &mut Dice, items: &mut Vec<T>) {
    if !items.is_empty() && dice.below(2) == 0 {
        items.push(items[dice.below(items.len())].clone());
    }
    for last in (1..items.len()).rev() {
        items.swap(last, dice.below(last + 1));
    }
}

/// The same in other letter case.
fn recased(dice: &mut Dice, text: &str) -> String {
    text.chars()
        .map(|c| if dice.below(2) == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

/// The document in which everything that AWS does not evaluate is different: Id, Sids, order,
/// repetition, splits, letter case, spelling.
pub(in crate::policy) fn neutral(policy: &Policy, dice: &mut Dice) -> Policy {
    let mut policy = policy.clone();
    policy.id = (dice.below(2) == 0).then(|| "another".to_owned());
    for statement in &mut policy.statements {
        respell(statement, dice);
    }
    for index in 0..policy.statements.len() {
        if dice.below(3) == 0 {
            let parts = split(&policy.statements[index], dice);
            policy.statements.splice(index..=index, parts);
        }
    }
    disturb(dice, &mut policy.statements);
    for (number, statement) in policy.statements.iter_mut().enumerate() {
        statement.sid = (dice.below(2) == 0).then(|| format!("N{number}"));
    }
    policy
}

fn respell(statement: &mut Statement, dice: &mut Dice) {
    let actions = statement.actions.content_mut();
    for action in actions.iter_mut() {
        *action = recased(dice, action).replace('*', if dice.below(2) == 0 { "*" } else { "**" });
    }
    if let Some(wide) = actions.iter().find(|action| action.ends_with('*')).cloned() {
        // Something that it covers.
        actions.push(wide.replace("**", "*") + "x");
    }
    disturb(dice, actions);
    if let Some(resources) = &mut statement.resources {
        disturb(dice, resources.content_mut());
    }
    if let Some(PrincipalSet::Kinds(kinds)) = statement.principals.as_mut().map(Scope::content_mut)
    {
        for values in kinds.values_mut() {
            disturb(dice, values);
        }
        for value in kinds.get_mut(&PrincipalKind::Aws).into_iter().flatten() {
            if value.ends_with("12:root") && dice.below(2) == 0 {
                *value = "123456789012".to_owned();
            }
        }
    }
    let mut conditions = Conditions::new();
    for (operator, keys) in std::mem::take(&mut statement.conditions) {
        let other = operator.replace("ArnEquals", "ArnLike").replace("ArnNotEquals", "ArnNotLike");
        let name = if dice.below(2) == 0 && !conditions.contains_key(&other) {
            other
        } else {
            operator.clone()
        };
        let keys: BTreeMap<String, Vec<String>> = keys
            .into_iter()
            .map(|(key, mut values)| {
                for value in &mut values {
                    *value = value_in_other_words(&operator, value, dice);
                }
                disturb(dice, &mut values);
                (recased(dice, &key), values)
            })
            .collect();
        // Two operators that became one must both hold: then each keeps its own name.
        match conditions.get_mut(&name) {
            None => drop(conditions.insert(name, keys)),
            Some(_) => drop(conditions.insert(operator, keys)),
        }
    }
    statement.conditions = conditions;
}

/// The value in another spelling of its type.
fn value_in_other_words(operator: &str, value: &str, dice: &mut Dice) -> String {
    let typed = |part: &str| operator.contains(part) && dice_is_even(dice);
    match value {
        "true" | "false" | "True" if operator.starts_with("Bool") || operator == "Null" => {
            recased(dice, value)
        }
        "1" if typed("Numeric") => "1.00".to_owned(),
        "1.0" if typed("Numeric") => "1".to_owned(),
        "2e3" if typed("Numeric") => "2000".to_owned(),
        "-0.5" if typed("Numeric") => "-5e-1".to_owned(),
        "2026-01-01T00:00:00Z" if typed("Date") => "1767225600".to_owned(),
        "2026" | "1767225600" if typed("Date") => "2026-01-01".to_owned(),
        "10.1.2.3" if typed("Ip") => "10.1.2.3/32".to_owned(),
        "::1" if typed("Ip") => "0:0::1/128".to_owned(),
        other => other.to_owned(),
    }
}

fn dice_is_even(dice: &Dice) -> bool {
    dice.clone().below(2) == 0
}

/// Statements that together say what one says.
fn split(statement: &Statement, dice: &mut Dice) -> Vec<Statement> {
    let whole = vec![statement.clone()];
    match dice.below(3) {
        0 => match &statement.actions {
            Scope::Only(list) => list
                .iter()
                .map(|action| Statement {
                    actions: Scope::Only(vec![action.clone()]),
                    ..statement.clone()
                })
                .collect(),
            Scope::Except(_) => whole,
        },
        1 => match &statement.resources {
            Some(Scope::Only(list)) => {
                list.iter().map(|resource| statement.clone().on([resource])).collect()
            }
            _ => whole,
        },
        _ => match &statement.principals {
            Some(Scope::Only(PrincipalSet::Kinds(kinds))) => kinds
                .iter()
                .flat_map(|(kind, values)| values.iter().map(move |value| (*kind, value)))
                .map(|(kind, value)| {
                    Statement { principals: None, ..statement.clone() }.principal(kind, [value])
                })
                .collect(),
            _ => whole,
        },
    }
}

/// One edit that may change what the document says.
pub(in crate::policy) fn substantial(policy: &Policy, dice: &mut Dice) -> Policy {
    let mut policy = policy.clone();
    let index = dice.below(policy.statements.len());
    let count = policy.statements.len();
    let statement = &mut policy.statements[index];
    match dice.below(12) {
        0 => statement.actions.content_mut().push("zz:New".to_owned()),
        1 => statement.actions.content_mut()[0] = "zz:New".to_owned(),
        2 => match &mut statement.resources {
            Some(resources) => resources.content_mut()[0] = "zz:New".to_owned(),
            None => statement.principals = Some(Scope::Only(PrincipalSet::Everyone)),
        },
        3 => match statement.principals.as_mut().map(Scope::content_mut) {
            Some(PrincipalSet::Kinds(kinds)) => {
                kinds.entry(PrincipalKind::Aws).or_default().push("999999999999".to_owned());
            }
            _ => statement
                .resources
                .iter_mut()
                .for_each(|list| list.content_mut().push("zz:New".to_owned())),
        },
        4 => {
            let values = vec!["2030-01-01T00:00:00Z".to_owned()];
            statement
                .conditions
                .entry("DateLessThan".to_owned())
                .or_default()
                .insert("aws:CurrentTime".to_owned(), values);
        }
        5 => {
            policy.version =
                if policy.version == Version::V2012 { Version::V2008 } else { Version::V2012 }
        }
        6 => statement.actions = toggled(&statement.actions),
        7 => statement.resources = statement.resources.as_ref().map(toggled),
        8 => statement.principals = statement.principals.as_ref().map(toggled),
        9 => {
            statement.effect =
                if statement.effect == Effect::Allow { Effect::Deny } else { Effect::Allow }
        }
        10 if count > 1 => drop(policy.statements.remove(index)),
        10 => statement.actions.content_mut()[0] = "zz:*".to_owned(),
        _ => match statement.conditions.values_mut().flat_map(BTreeMap::values_mut).next() {
            Some(values) => values.push("zz".to_owned()),
            None => statement.actions.content_mut().push("zz:*".to_owned()),
        },
    }
    policy
}

fn toggled<T: Clone>(scope: &Scope<T>) -> Scope<T> {
    match scope {
        Scope::Only(content) => Scope::Except(content.clone()),
        Scope::Except(content) => Scope::Only(content.clone()),
    }
}

/// The printed form with each single value inside a list, and the keys of objects in reverse.
pub(in crate::policy) fn respelled(node: &Node, inside: bool) -> Node {
    match node {
        Node::Object(members) => {
            let listed = ["Action", "NotAction", "Resource", "NotResource"];
            let members = members.iter().rev().map(|(key, value)| {
                let deeper = inside
                    || key.ends_with("Principal")
                    || key == "Condition"
                    || listed.contains(&key.as_str());
                (key.clone(), respelled(value, deeper))
            });
            Node::Object(members.collect())
        }
        Node::Array(items) => Node::Array(
            items
                .iter()
                .map(|item| if inside { item.clone() } else { respelled(item, false) })
                .collect(),
        ),
        Node::String(_) if inside => Node::Array(vec![node.clone()]),
        other => other.clone(),
    }
}

pub(in crate::policy) fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }
        })
        .collect()
}
