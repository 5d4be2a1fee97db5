//! Edits of a document that let more through: such as people make. The same document has the same
//! edits each time.

use std::collections::BTreeMap;

use iam::policy::{Conditions, Effect, Policy, Scope, Statement};

/// Of one kind of edit of one document, at statements that lie apart.
const SEVERAL: usize = 3;

/// What stands in the place of a statement, which a number tells from others of its kind; `None`
/// where there is nothing to edit.
type Edit = fn(&Statement, usize) -> Option<Vec<Statement>>;

/// The document after each edit, and what the edit is called.
pub fn widened(policy: &Policy) -> Vec<(&'static str, Policy)> {
    let mut all = Vec::new();
    let kinds = OF_LISTS.into_iter().chain(OF_CONDITIONS).chain(OF_DENIES);
    for (place, (name, edit)) in kinds.enumerate() {
        let found = policy.statements.iter().enumerate().filter_map(|(at, statement)| {
            let edited = edit(statement, at + place)?;
            let mut statements = policy.statements.clone();
            statements.splice(at..=at, edited);
            (statements != policy.statements).then(|| Policy { statements, ..policy.clone() })
        });
        let found: Vec<Policy> = found.collect();
        let step = found.len().div_ceil(SEVERAL).max(1);
        all.extend(found.into_iter().step_by(step).map(|edited| (name, edited)));
    }
    all.retain(|(_, edited)| !edited.statements.is_empty());
    all
}

/// Of actions and resources.
const OF_LISTS: [(&str, Edit); 7] = [
    ("an action of another service", |statement, _| {
        on_list(statement, Effect::Allow, |list| list.push("zz:Other".to_owned()))
    }),
    ("a service in place of an action", |statement, seed| {
        on_list(statement, Effect::Allow, |list| {
            let at = seed % list.len();
            let service = list[at].split(':').next().unwrap_or_default().to_owned();
            list[at] = format!("{service}:*");
        })
    }),
    ("a wildcard behind an action", |statement, seed| {
        on_list(statement, Effect::Allow, |list| {
            let at = seed % list.len();
            list[at].push('*');
        })
    }),
    ("every action", |statement, _| {
        on_list(statement, Effect::Allow, |list| *list = vec!["*".to_owned()])
    }),
    ("every resource", |statement, _| on_resources(statement, |list| *list = vec!["*".to_owned()])),
    ("a wildcard in the place of a resource's name", |statement, seed| {
        on_resources(statement, |list| {
            let at = seed % list.len();
            let end = list[at].rfind([':', '/']).map_or(0, |end| end + 1);
            list[at] = format!("{}*", &list[at][..end]);
        })
    }),
    ("one resource more", |statement, _| {
        on_resources(statement, |list| list.push("arn:aws:zz:::other".to_owned()))
    }),
];

/// Of the conditions of an Allow.
const OF_CONDITIONS: [(&str, Edit); 4] = [
    ("no condition", |statement, _| {
        let has = statement.effect == Effect::Allow && !statement.conditions.is_empty();
        has.then(|| vec![Statement { conditions: BTreeMap::new(), ..statement.clone() }])
    }),
    ("one condition less", |statement, seed| {
        on_condition(statement, seed, Effect::Allow, |conditions, operator, key| {
            if let Some(keys) = conditions.get_mut(operator) {
                keys.remove(key);
            }
            conditions.retain(|_, keys| !keys.is_empty());
        })
    }),
    ("one value of a condition more", |statement, seed| {
        on_condition(statement, seed, Effect::Allow, |conditions, operator, key| {
            let more = match operator {
                _ if operator.contains("Bool") || operator.contains("Null") => "false",
                _ if operator.contains("Ip") => "203.0.113.0/24",
                _ if operator.contains("Numeric") => "1000000",
                _ if operator.contains("Date") => "2040-01-01T00:00:00Z",
                _ if operator.contains("Arn") => "arn:aws:zz:::other",
                _ => "zz-more",
            };
            let keys = conditions.get_mut(operator);
            if let Some(values) = keys.and_then(|keys| keys.get_mut(key)) {
                values.push(more.to_owned());
            }
        })
    }),
    ("a wildcard in the place of a value", |statement, seed| {
        on_condition(statement, seed, Effect::Allow, |conditions, operator, key| {
            let name = operator.replace("StringEquals", "StringLike");
            let keys = conditions.get_mut(operator);
            if name.ends_with("StringLike") && keys.and_then(|keys| keys.remove(key)).is_some() {
                conditions.entry(name).or_default().insert(key.into(), vec!["*".into()]);
            }
            conditions.retain(|_, keys| !keys.is_empty());
        })
    }),
];

/// Of Denies, and of what is left out.
const OF_DENIES: [(&str, Edit); 4] = [
    ("one Deny less", |statement, _| (statement.effect == Effect::Deny).then(Vec::new)),
    ("one action of a Deny less", |statement, seed| {
        on_list(statement, Effect::Deny, |list| {
            if list.len() > 1 {
                list.remove(seed % list.len());
            }
        })
    }),
    ("one condition of a Deny more", |statement, _| {
        let deny = statement.effect == Effect::Deny;
        let narrowed = || statement.clone().when("StringEquals", "zz:Stage", ["test"]);
        deny.then(|| vec![narrowed()])
    }),
    ("one exception of NotAction other", |statement, seed| {
        let mut statement = statement.clone();
        let Scope::Except(list) = &mut statement.actions else { return None };
        if statement.effect == Effect::Deny {
            list.push("zz:Other".to_owned());
        } else {
            list.remove(seed % list.len());
        }
        (!list.is_empty()).then(|| vec![statement])
    }),
];

fn on_list(
    statement: &Statement,
    effect: Effect,
    edit: impl Fn(&mut Vec<String>),
) -> Option<Vec<Statement>> {
    let mut statement = statement.clone();
    if statement.effect != effect {
        return None;
    }
    let Scope::Only(list) = &mut statement.actions else { return None };
    edit(list);
    Some(vec![statement])
}

fn on_resources(statement: &Statement, edit: impl Fn(&mut Vec<String>)) -> Option<Vec<Statement>> {
    let mut statement = statement.clone();
    if statement.effect != Effect::Allow {
        return None;
    }
    let Some(Scope::Only(list)) = &mut statement.resources else { return None };
    if list.iter().any(|resource| resource == "*") {
        return None;
    }
    edit(list);
    Some(vec![statement])
}

fn on_condition(
    statement: &Statement,
    seed: usize,
    effect: Effect,
    edit: impl Fn(&mut Conditions, &str, &str),
) -> Option<Vec<Statement>> {
    let mut statement = statement.clone();
    let all = statement.conditions.iter();
    let all = all.flat_map(|(operator, keys)| keys.keys().map(move |key| (operator, key)));
    let all: Vec<(String, String)> =
        all.map(|(operator, key)| (operator.clone(), key.clone())).collect();
    if statement.effect != effect || all.is_empty() {
        return None;
    }
    let (operator, key) = &all[seed % all.len()];
    edit(&mut statement.conditions, operator, key);
    Some(vec![statement])
}
