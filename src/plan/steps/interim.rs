//! The document between two: what both allow, and all that either denies. It is narrower than the
//! old one and no wider than the new one, so a role may have it while other parts are changed.

use iam::policy::{
    Effect, Policy, PrincipalKind, PrincipalSet, Scope, Statement, Version, Work,
    contain::Container,
};

/// The document between `old` and `new`; without statements when they have nothing in common and
/// deny nothing.
///
/// `None` when the two can't stand in one document: they are of different versions, and a variable
/// in one of them would change its meaning.
#[must_use]
pub fn between(old: &Policy, new: &Policy) -> Option<Policy> {
    let variables = |policy: &Policy| policy.to_json().contains("${");
    if old.version != new.version && (variables(old) || variables(new)) {
        return None;
    }
    // What is over its budget is taken to be not shared: narrower than it could be, never wider.
    let work = Work::new();
    let mut between = Policy { version: Version::V2012, id: None, statements: Vec::new() };
    if old.version == new.version {
        between.version = new.version;
    }
    for (from, within) in [(new, old), (old, new)] {
        let within = Policy { statements: of(within, Effect::Allow).collect(), ..between.clone() };
        let mut found = Vec::new();
        if !within.statements.is_empty() {
            let container = Container::new(&within, &work);
            let allows = |statement: &Statement| allows(&container, &within, statement);
            found.extend(of(from, Effect::Allow).flat_map(|statement| shared(&statement, &allows)));
        }
        for part in found {
            if !allows(&Container::new(&between, &work), &between, &part) {
                between.statements.push(part);
            }
        }
    }
    for deny in of(new, Effect::Deny).chain(of(old, Effect::Deny)) {
        if !between.statements.contains(&deny) {
            between.statements.push(deny);
        }
    }
    Some(between)
}

/// The statements of an effect, without their names: two documents may use one for different
/// things.
fn of(policy: &Policy, effect: Effect) -> impl Iterator<Item = Statement> {
    policy
        .statements
        .iter()
        .filter(move |statement| statement.effect == effect)
        .map(|statement| Statement { sid: None, ..statement.clone() })
}

fn allows(container: &Container<'_>, policy: &Policy, statement: &Statement) -> bool {
    let alone = Policy { version: policy.version, id: None, statements: vec![statement.clone()] };
    container.contains(&alone)
}

/// The parts of an Allow that the other document allows as well: the whole, or else by its actions,
/// and of the actions that are left by whom or what it is about.
fn shared(statement: &Statement, allows: &impl Fn(&Statement) -> bool) -> Vec<Statement> {
    if allows(statement) {
        return vec![statement.clone()];
    }
    let mut parts = Vec::new();
    let mut rest = statement.clone();
    if let Scope::Only(actions) = &statement.actions
        && actions.len() > 1
    {
        let with = |actions| Statement { actions: Scope::Only(actions), ..statement.clone() };
        let (inside, outside): (Vec<_>, Vec<_>) =
            actions.iter().cloned().partition(|action| allows(&with(vec![action.clone()])));
        if !inside.is_empty() {
            parts.push(with(inside));
        }
        if outside.is_empty() {
            return parts;
        }
        rest = with(outside);
    }
    if let Some(Scope::Only(resources)) = &rest.resources
        && resources.len() > 1
    {
        let with =
            |resources| Statement { resources: Some(Scope::Only(resources)), ..rest.clone() };
        let inside: Vec<_> = resources
            .iter()
            .filter(|resource| allows(&with(vec![(*resource).clone()])))
            .cloned()
            .collect();
        if !inside.is_empty() {
            parts.push(with(inside));
        }
    }
    if let Some(Scope::Only(PrincipalSet::Kinds(kinds))) = &rest.principals {
        let with = |kind: PrincipalKind, names: Vec<String>| Statement {
            principals: Some(Scope::Only(PrincipalSet::Kinds([(kind, names)].into()))),
            ..rest.clone()
        };
        for (kind, names) in kinds {
            let inside: Vec<_> = names
                .iter()
                .filter(|name| allows(&with(*kind, vec![(*name).clone()])))
                .cloned()
                .collect();
            if !inside.is_empty() {
                parts.push(with(*kind, inside));
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use iam::policy::{PolicyKind, Strictness};

    fn policy(statements: &str, version: &str, kind: PolicyKind) -> Policy {
        let text = format!(r#"{{"Version":"{version}","Statement":[{statements}]}}"#);
        Policy::parse(&text, kind, Strictness::Observed).unwrap()
    }

    const GET: &str = r#"{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    const PUT: &str = r#"{"Sid":"A","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#;
    const BOTH: &str =
        r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#;
    const NO: &str = r#"{"Sid":"A","Effect":"Deny","Action":"s3:Get*","Resource":"b"}"#;
    const TWO: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":["b","c"]}"#;
    const OTHER: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":["c","d"]}"#;
    const MINE: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"${aws:username}"}"#;

    #[rstest]
    #[case::nothing_in_common(GET, PUT, &[])]
    #[case::the_smaller_one(
        GET,
        BOTH,
        &[r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#]
    )]
    #[case::by_action(
        BOTH,
        r#"{"Effect":"Allow","Action":["s3:PutObject","s3:ListBucket"],"Resource":"*"}"#,
        &[r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#]
    )]
    #[case::by_resource(
        TWO,
        OTHER,
        &[r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"c"}"#]
    )]
    #[case::denies_of_both(
        NO,
        &NO.replace("Get", "Put"),
        &[r#"{"Effect":"Deny","Action":"s3:Put*","Resource":"b"}"#, r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"b"}"#]
    )]
    #[case::what_stands_in_both_stands_once(
        &format!("{GET},{NO}"),
        &format!("{GET},{NO}"),
        &[r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#, r#"{"Effect":"Deny","Action":"s3:Get*","Resource":"b"}"#]
    )]
    fn what_both_allow_and_all_that_either_denies(
        #[case] old: &str,
        #[case] new: &str,
        #[case] expected: &[&str],
    ) {
        let [old, new] = [old, new].map(|text| {
            policy(
                &text.replacen(r#""Sid":"A","#, "", usize::from(text.contains("},"))),
                "2012-10-17",
                PolicyKind::Identity,
            )
        });
        let between = between(&old, &new).unwrap();
        let expected: Vec<Statement> = expected
            .iter()
            .flat_map(|text| policy(text, "2012-10-17", PolicyKind::Identity).statements)
            .collect();
        assert_eq!(between.statements, expected);
    }

    #[test]
    fn a_principal_that_both_trust_stays() {
        let trust = |names: &str| {
            let statement = format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":[{names}]}},"Action":"sts:AssumeRole"}}"#
            );
            policy(&statement, "2012-10-17", PolicyKind::Trust)
        };
        let between = between(
            &trust(r#""ec2.amazonaws.com","ecs.amazonaws.com""#),
            &trust(r#""ecs.amazonaws.com","eks.amazonaws.com""#),
        );
        assert_eq!(between.unwrap().statements, trust(r#""ecs.amazonaws.com""#).statements);
    }

    #[test]
    fn versions_are_not_mixed_where_a_variable_would_change_its_meaning() {
        let old = |text: &str| policy(text, "2008-10-17", PolicyKind::Identity);
        let new = |text: &str| policy(text, "2012-10-17", PolicyKind::Identity);
        assert_eq!(between(&old(MINE), &new(GET)), None);
        assert_eq!(between(&old(GET), &new(GET)).unwrap().statements.len(), 1);
        assert_eq!(between(&old(MINE), &old(MINE)).unwrap().version, Version::V2008);
    }
}
