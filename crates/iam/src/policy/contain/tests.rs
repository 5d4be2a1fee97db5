//! Tables: old document, new document, answer. A document is a line: `A` or `D` (Allow, Deny),
//! actions, `@` resources or `<` principals, `?` conditions (`OPERATOR KEY=VALUE|VALUE`, joined by
//! `&`); `!` before a list makes it the Not-form; statements are joined by ` ; `.

mod widenings;

use rstest::rstest;

use crate::policy::contain::*;
use crate::policy::document::{Effect, Scope, Statement, Version};
use crate::policy::tests::work::costly;

fn scope(text: &str) -> Scope<Vec<String>> {
    let (except, list) =
        text.trim().strip_prefix('!').map_or((false, text.trim()), |list| (true, list));
    let list = list.split(',').map(|item| item.trim().to_owned()).collect();
    if except { Scope::Except(list) } else { Scope::Only(list) }
}

fn statement(text: &str) -> Statement {
    let (head, conditions) = text.split_once(" ? ").unwrap_or((text, ""));
    let (effect, rest) = head.trim().split_once(' ').unwrap();
    let effect = if effect == "A" { Effect::Allow } else { Effect::Deny };
    let mut statement = Statement::new(effect, ["x:y"]);
    if let Some((actions, resources)) = rest.split_once('@') {
        statement.actions = scope(actions);
        statement.resources = Some(scope(resources));
    } else {
        let (actions, principals) = rest.split_once('<').unwrap();
        statement.actions = scope(actions);
        let principals = scope(principals);
        for who in principals.content() {
            let (kind, value) = who.split_once(' ').unwrap();
            statement = statement.principal(PrincipalKind::of(kind).unwrap(), [value]);
        }
        if principals.is_except() {
            statement.principals =
                statement.principals.map(|set| Scope::Except(set.content().clone()));
        }
    }
    for condition in conditions.split('&').map(str::trim).filter(|text| !text.is_empty()) {
        let (operator, rest) = condition.split_once(' ').unwrap();
        let (key, values) = rest.split_once('=').unwrap();
        statement = statement.when(operator, key, values.split('|'));
    }
    statement
}

fn document(text: &str) -> Policy {
    Policy::new(text.split(" ; ").map(statement).collect())
}

/// `yes`, `unknown`, or the action of the witness.
fn answer(old: &str, new: &str) -> String {
    match contains(&document(old), &document(new)) {
        Containment::NoNewAccess => "yes".to_owned(),
        Containment::NewAccess(witness) => witness.action,
        Containment::Unknown(_) => "unknown".to_owned(),
    }
}

#[rstest]
// Actions and resources.
#[case("A s3:* @ *", "A s3:Get* @ *", "yes")]
#[case("A s3:Get* @ *", "A s3:* @ *", "s3:zz9")]
#[case("A * @ *", "A iam:PassRole @ *", "yes")]
#[case("A S3:GETOBJECT @ *", "A s3:getObject @ *", "yes")]
#[case("A s3:GetObject @ b/*", "A s3:GetObject @ b/x/*", "yes")]
#[case("A s3:GetObject @ b/*", "A s3:GetObject @ B/x", "s3:getobject")]
#[case("A s3:GetObject @ b/x", "A s3:GetObject @ b/?", "s3:getobject")]
#[case("A s3:GetObject @ b*", "A s3:GetObject @ b?*", "yes")]
#[case("A s3:Get*,s3:Put* @ a,b", "A s3:GetX,s3:PutX @ b", "yes")]
#[case("A s3:Get* @ a ; A s3:Put* @ b", "A s3:GetX,s3:PutX @ a,b", "s3:getx")]
#[case("A s3:Get* @ a ; A s3:Get* @ b", "A s3:GetX @ a,b", "yes")]
#[case("A s3:GetObject @ *", "A s3:GetObject @ * ; A sqs:SendMessage @ *", "sqs:sendmessage")]
#[case("A s3:GetObject @ * ; A sqs:SendMessage @ *", "A sqs:SendMessage @ *", "yes")]
#[case("A s3:*Object @ *", "A s3:Get*Object @ *", "yes")]
#[case("A s3:G*t @ *", "A s3:G*tt* @ *", "s3:gzz9ttzz9")]
#[case("A s3 @ *", "A s3:x @ *", "s3:x")]
#[case("A s3:x @ *", "A s3 @ *", "yes")]
#[case("A *:* @ *", "A * @ *", "yes")]
#[case("A s3:x @ b/${aws:username}", "A s3:x @ b/${AWS:UserName}", "yes")]
#[case("A s3:x @ b/*", "A s3:x @ b/${aws:username}/y", "yes")]
#[case("A s3:x @ b/${aws:username}", "A s3:x @ b/me", "s3:x")]
// Not-elements.
#[case("A !iam:* @ *", "A s3:x @ *", "yes")]
#[case("A !iam:* @ *", "A iam:x @ *", "iam:x")]
#[case("A !iam:* @ *", "A !iam:*,s3:* @ *", "yes")]
#[case("A !iam:*,s3:* @ *", "A !iam:* @ *", "s3:GetObject")]
#[case("A * @ *", "A !iam:* @ *", "yes")]
#[case("A !iam:* @ *", "A * @ *", "iam:CreateUser")]
#[case("A !iam:PassRole @ *", "A !iam:* @ *", "yes")]
#[case("A s3:* @ !secret/*", "A s3:x @ open/*", "yes")]
#[case("A s3:* @ !secret/*", "A s3:x @ secret/a", "s3:x")]
#[case("A s3:* @ !secret/*", "A s3:x @ sec*", "s3:x")]
#[case("A s3:* @ !secret/*", "A s3:* @ !sec*", "yes")]
#[case("A s3:* @ !b/${aws:username}", "A s3:* @ !b/${aws:username}", "yes")]
// Conditions.
#[case("A s3:* @ *", "A s3:* @ * ? StringEquals k=a", "yes")]
#[case("A s3:x @ * ? StringEquals k=a", "A s3:x @ *", "s3:x")]
#[case("A s3:x @ * ? StringEquals k=a|b", "A s3:x @ * ? StringEquals K=b", "yes")]
#[case("A s3:x @ * ? StringEquals k=b", "A s3:x @ * ? StringEquals k=a|b", "s3:x")]
#[case("A s3:x @ * ? StringLike k=a*", "A s3:x @ * ? StringEquals k=ab", "yes")]
#[case("A s3:x @ * ? StringLike k=a*", "A s3:x @ * ? StringLike k=a*b", "yes")]
#[case("A s3:x @ * ? StringLike k=a*b", "A s3:x @ * ? StringLike k=a*", "s3:x")]
#[case("A s3:x @ * ? StringEqualsIgnoreCase k=Ab", "A s3:x @ * ? StringEquals k=aB", "yes")]
#[case("A s3:x @ * ? StringNotEquals k=a", "A s3:x @ * ? StringNotEquals k=a|b", "yes")]
#[case("A s3:x @ * ? StringNotEquals k=a|b", "A s3:x @ * ? StringNotEquals k=a", "s3:x")]
#[case("A s3:x @ * ? StringNotEquals k=a", "A s3:x @ * ? StringEquals k=b", "yes")]
#[case("A s3:x @ * ? StringEqualsIfExists k=a", "A s3:x @ * ? StringEquals k=a", "yes")]
#[case("A s3:x @ * ? StringEquals k=a", "A s3:x @ * ? StringEqualsIfExists k=a", "s3:x")]
#[case(
    "A s3:x @ * ? StringEquals k=a",
    "A s3:x @ * ? StringEqualsIfExists k=a & Null k=false",
    "yes"
)]
#[case("A s3:x @ * ? NumericLessThan n=10", "A s3:x @ * ? NumericLessThan n=9.5", "yes")]
#[case("A s3:x @ * ? NumericLessThan n=10", "A s3:x @ * ? NumericLessThanEquals n=10", "s3:x")]
#[case("A s3:x @ * ? NumericLessThanEquals n=1e1", "A s3:x @ * ? NumericEquals n=10", "yes")]
#[case(
    "A s3:x @ * ? NumericGreaterThan n=1",
    "A s3:x @ * ? NumericEquals n=9007199254740993",
    "yes"
)]
#[case(
    "A s3:x @ * ? DateLessThan d=2027-01-01T00:00:00Z",
    "A s3:x @ * ? DateLessThan d=2026-06-01T00:00:00Z",
    "yes"
)]
#[case(
    "A s3:x @ * ? DateLessThan d=2026-01-01T00:00:00Z",
    "A s3:x @ * ? DateLessThan d=2027-01-01T00:00:00Z",
    "s3:x"
)]
#[case(
    "A s3:x @ * ? IpAddress i=10.0.0.0/8",
    "A s3:x @ * ? IpAddress i=10.1.0.0/16|10.2.3.4",
    "yes"
)]
#[case("A s3:x @ * ? IpAddress i=10.1.0.0/16", "A s3:x @ * ? IpAddress i=10.0.0.0/8", "s3:x")]
#[case("A s3:x @ * ? NotIpAddress i=10.1.0.0/16", "A s3:x @ * ? NotIpAddress i=10.0.0.0/8", "yes")]
#[case("A s3:x @ * ? IpAddress i=2001:db8::/32", "A s3:x @ * ? IpAddress i=2001:DB8:1::/48", "yes")]
#[case("A s3:x @ * ? Bool b=true", "A s3:x @ * ? Bool b=TRUE", "yes")]
#[case("A s3:x @ * ? Bool b=true", "A s3:x @ * ? Bool b=false", "s3:x")]
#[case("A s3:x @ * ? Null k=false", "A s3:x @ * ? StringEquals k=a", "yes")]
#[case("A s3:x @ * ? Null k=true", "A s3:x @ * ? StringEquals k=a", "s3:x")]
#[case("A s3:x @ * ? ArnLike r=arn:aws:s3:::a*", "A s3:x @ * ? ArnEquals r=arn:aws:s3:::ab", "yes")]
#[case("A s3:x @ * ? ArnLike r=arn:aws:*:::a", "A s3:x @ * ? ArnLike r=arn:aws:s3:*::a", "s3:x")]
#[case(
    "A s3:x @ * ? ForAnyValue:StringEquals k=a|b",
    "A s3:x @ * ? ForAnyValue:StringEquals k=a",
    "yes"
)]
#[case(
    "A s3:x @ * ? ForAllValues:StringEquals k=a|b",
    "A s3:x @ * ? ForAllValues:StringEquals k=a",
    "yes"
)]
#[case(
    "A s3:x @ * ? ForAnyValue:StringEquals k=a",
    "A s3:x @ * ? ForAllValues:StringEquals k=a",
    "s3:x"
)]
#[case("A s3:x @ * ? ForAllValues:StringEquals k=a", "A s3:x @ * ? StringEquals k=a", "yes")]
#[case("A s3:x @ * ? StringEquals k=a", "A s3:x @ * ? ForAnyValue:StringEquals k=a", "s3:x")]
#[case(
    "A s3:x @ * ? StringEquals k=a ; A s3:x @ * ? StringEquals k=b",
    "A s3:x @ * ? StringEquals k=a|b",
    "yes"
)]
#[case(
    "A s3:x @ * ? StringEquals k=${aws:username}",
    "A s3:x @ * ? StringEquals k=${aws:UserName}",
    "yes"
)]
#[case(
    "A s3:x @ *",
    "A s3:* @ * ? StringEquals k=a & StringEquals l=c & StringNotEquals k=a",
    "yes"
)]
// Deny.
#[case("A s3:* @ * ; D s3:Delete* @ *", "A s3:* @ * ; D s3:Delete* @ *", "yes")]
#[case("A s3:* @ * ; D s3:Delete* @ *", "A s3:* @ *", "s3:deletezz9")]
#[case("A s3:* @ * ; D s3:Delete* @ *", "A s3:Get* @ *", "yes")]
#[case("A s3:* @ * ; D s3:Delete* @ *", "A s3:* @ * ; D s3:D* @ *", "yes")]
#[case("A s3:* @ * ; D s3:D* @ *", "A s3:* @ * ; D s3:Delete* @ *", "s3:dzz9")]
#[case("A s3:* @ * ; D s3:D* @ a", "A s3:* @ b", "yes")]
#[case("A s3:Get* @ *", "A s3:* @ * ; D !s3:Get* @ *", "yes")]
#[case("A s3:Get* @ *", "A s3:* @ * ; D !s3:Get*,s3:Put* @ *", "s3:putzz9")]
#[case("A s3:* @ in/*", "A s3:* @ * ; D * @ !in/*", "yes")]
#[case("A s3:x @ * ; D * @ * ? Bool tls=false", "A s3:x @ * ? Bool tls=true", "yes")]
#[case("A s3:x @ * ; D * @ * ? Bool tls=false", "A s3:x @ *", "s3:x")]
#[case(
    "A s3:x @ * ; D * @ * ? StringNotEquals r=eu",
    "A s3:x @ * ; D s3:* @ * ? StringNotEquals r=eu",
    "yes"
)]
#[case(
    "A s3:x @ * ; D * @ * ? StringNotEquals r=eu",
    "A s3:x @ * ; D * @ * ? StringNotEquals r=eu|us",
    "s3:x"
)]
#[case("D s3:x @ *", "A s3:y @ * ; D s3:y @ *", "yes")]
// A value of the wrong type: its statement never matches, the others do.
#[case("A s3:x @ *", "A s3:x @ * ; A s3:y @ * ? Bool k=x", "yes")]
#[case("A s3:x @ * ? NumericNotEquals k=1|x", "A s3:x @ *", "s3:x")]
#[case("A s3:* @ * ; D s3:x @ * ? DateLessThan k=x", "A s3:x @ *", "yes")]
#[case("A s3:* @ * ; D s3:x @ *", "A s3:* @ * ; D s3:x @ * ? NotIpAddress k=x", "s3:x")]
fn what_a_permission_document_allows(#[case] old: &str, #[case] new: &str, #[case] expected: &str) {
    assert_eq!(answer(old, new), expected);
}

const ACCOUNT: &str = "AWS 123456789012";
const ROOT: &str = "AWS arn:aws:iam::123456789012:root";
const ROLE: &str = "AWS arn:aws:iam::123456789012:role/p/r";
const SESSION: &str = "AWS arn:aws:sts::123456789012:assumed-role/r/s";
const OTHER: &str = "AWS arn:aws:iam::210987654321:role/r";

#[rstest]
#[case(ROOT, ACCOUNT, "yes")]
#[case(ACCOUNT, ROOT, "yes")]
#[case(ROOT, ROLE, "yes")]
#[case(ROLE, ROOT, "sts:assumerole")]
#[case(ROLE, SESSION, "yes")]
#[case(SESSION, ROLE, "sts:assumerole")]
#[case(ROOT, OTHER, "sts:assumerole")]
#[case("AWS *", OTHER, "yes")]
#[case(OTHER, "AWS *", "sts:assumerole")]
#[case("AWS *", "Service ec2.amazonaws.com", "sts:assumerole")]
#[case("Service ec2.amazonaws.com", "Service ec2.amazonaws.com", "yes")]
#[case("Service ec2.amazonaws.com", "Service lambda.amazonaws.com", "sts:assumerole")]
#[case("!AWS arn:aws:iam::123456789012:user/u", ROLE, "yes")]
#[case("!AWS arn:aws:iam::123456789012:role/p/r", ROLE, "sts:assumerole")]
#[case("!AWS arn:aws:iam::123456789012:role/p/r", "!AWS arn:aws:iam::123456789012:root", "yes")]
fn what_a_trust_policy_allows(#[case] old: &str, #[case] new: &str, #[case] expected: &str) {
    let trust = |who: &str| format!("A sts:AssumeRole < {who}");
    assert_eq!(answer(&trust(old), &trust(new)), expected);
}

#[rstest]
#[case("A sts:AssumeRole < AWS *", "A s3:* < AWS *", "yes")]
#[case("A sts:AssumeRole < AWS *", "A sts:AssumeRole,sts:TagSession < AWS *", "sts:tagsession")]
#[case(
    "A sts:AssumeRole < AWS * ? StringEquals sts:ExternalId=x",
    "A sts:AssumeRole < AWS *",
    "sts:assumerole"
)]
#[case(
    "A sts:AssumeRoleWithWebIdentity < Federated p ? StringLike h:sub=repo:o/r:*",
    "A sts:AssumeRoleWithWebIdentity < Federated p ? StringEquals \
     h:sub=repo:o/r:ref:refs/heads/main",
    "yes"
)]
#[case(
    "A sts:AssumeRoleWithWebIdentity < Federated p ? StringEquals \
     h:sub=repo:o/r:ref:refs/heads/main",
    "A sts:AssumeRoleWithWebIdentity < Federated p ? StringLike h:sub=repo:o/r:*",
    "sts:assumerolewithwebidentity"
)]
// What AWS does not document is read in both ways: a Deny for all of AWS, and `*` of another kind.
#[case(
    "A sts:AssumeRole < Service ec2 ; D sts:AssumeRole < AWS *",
    "A sts:AssumeRole < Service ec2",
    "unknown"
)]
#[case(
    "A sts:AssumeRole < Federated p ; D sts:AssumeRole < AWS *",
    "A sts:AssumeRole < Federated p ; D sts:AssumeRole < AWS * ? Bool k=true",
    "unknown"
)]
#[case(
    "A sts:AssumeRole < Service ec2 ; D sts:AssumeRole < AWS *",
    "A sts:AssumeRole < Service ec2 ; D sts:* < AWS *",
    "yes"
)]
#[case(
    "A sts:AssumeRole < Service ec2",
    "A sts:AssumeRole < Service ec2,Service sqs ; D sts:AssumeRole < AWS *",
    "sts:assumerole"
)]
#[case(
    "A sts:AssumeRole < Service ec2",
    "A sts:AssumeRole < Service ec2 ; D sts:AssumeRole < !AWS *",
    "yes"
)]
#[case(
    "A sts:AssumeRole < Service ec2 ; D sts:AssumeRole < !AWS *",
    "A sts:AssumeRole < Service ec2",
    "sts:assumerole"
)]
#[case(
    "A sts:AssumeRole < AWS 123456789012 ; D sts:AssumeRole < AWS *",
    "A sts:AssumeRole < AWS 123456789012",
    "sts:assumerole"
)]
#[case("A sts:AssumeRole < AWS *", "A sts:AssumeRole < Federated *", "sts:assumerole")]
#[case("A sts:AssumeRole < Federated p", "A sts:AssumeRole < Federated *", "sts:assumerole")]
#[case("A sts:AssumeRole < Federated *", "A sts:AssumeRole < Federated *", "yes")]
#[case("A sts:AssumeRole < Federated *", "A sts:AssumeRole < Federated p", "unknown")]
#[case("A sts:AssumeRole < Service *", "A sts:AssumeRole < Federated *", "sts:assumerole")]
#[case(
    "A sts:AssumeRole < Federated p ; D sts:AssumeRole < Federated p",
    "A sts:AssumeRole < Federated p ; D sts:AssumeRole < Federated *",
    "unknown"
)]
#[case("A s3:x @ *", "A sts:AssumeRole < AWS *", "unknown")]
#[case("A s3:x @ * ? Weird k=a", "A s3:x @ * ? StringEquals k=a", "unknown")]
fn documents_of_other_shapes(#[case] old: &str, #[case] new: &str, #[case] expected: &str) {
    assert_eq!(answer(old, new), expected);
}

#[test]
fn a_variable_is_none_in_the_older_version() {
    let new = document("A s3:x @ b/${aws:username}");
    let old = Policy { version: Version::V2008, ..new.clone() };
    assert!(matches!(contains(&old, &new), Containment::NewAccess(_)));
    assert_eq!(contains(&old, &old), Containment::NoNewAccess);
}

#[test]
fn an_empty_list_of_values_is_told_only_when_it_stays() {
    let mut empty = document("A s3:x @ * ? StringEquals k=a");
    empty.statements[0]
        .conditions
        .get_mut("StringEquals")
        .unwrap()
        .insert("k".to_owned(), Vec::new());
    assert_eq!(contains(&empty, &empty), Containment::NoNewAccess);
    assert!(!contains(&document("A s3:x @ * ? StringLike k=*"), &empty).is_proven());
    assert!(!contains(&empty, &document("A s3:x @ * ? StringEquals k=a")).is_proven());
}

#[rstest]
#[case(Some("A s3:* @ *"), Some("A s3:Get* @ *"), Change::Narrower, Change::Narrower)]
#[case(Some("A s3:Get* @ *"), Some("A s3:* @ *"), Change::Wider, Change::Wider)]
#[case(Some("A s3:x @ *"), Some("A s3:y @ *"), Change::Wider, Change::Unknown)]
#[case(None, Some("A s3:x @ *"), Change::Wider, Change::Wider)]
#[case(Some("A s3:x @ *"), None, Change::Narrower, Change::Narrower)]
// A Deny cuts what others allow.
#[case(Some("D s3:x @ *"), None, Change::Same, Change::Wider)]
#[case(None, Some("D s3:x @ *"), Change::Same, Change::Narrower)]
#[case(Some("A s3:Get* @ * ; D s3:Put* @ *"), Some("A s3:Get* @ *"), Change::Same, Change::Wider)]
#[case(
    Some("A s3:* @ * ; D s3:Put* @ *"),
    Some("A s3:Get* @ * ; D s3:P* @ *"),
    Change::Narrower,
    Change::Narrower
)]
fn a_change_has_a_class_alone_and_among_others(
    #[case] old: Option<&str>,
    #[case] new: Option<&str>,
    #[case] alone: Change,
    #[case] among: Change,
) {
    let (old, new) = (old.map(document), new.map(document));
    assert_eq!(change(old.as_ref(), new.as_ref()), alone);
    assert_eq!(change_among_others(old.as_ref(), new.as_ref()), among);
}

#[test]
fn products_of_long_lists_are_told() {
    let list = |letter: &str, count: usize| {
        (0..count).map(|number| format!("{letter}{number}x*")).collect::<Vec<_>>().join(",")
    };
    let product = |count| document(&format!("A {} @ {}", list("s3:a", count), list("r", 200)));
    assert_eq!(change(Some(&product(199)), Some(&product(200))), Change::Wider);
    assert_eq!(change(Some(&product(200)), Some(&product(199))), Change::Narrower);
    assert_eq!(change(Some(&product(200)), Some(&product(200))), Change::Same);
}

#[test]
fn what_is_over_its_budget_is_unknown_and_ends() {
    let costly = costly();
    let Containment::Unknown(doubt) = contains(&costly, &costly) else { panic!() };
    assert_eq!(doubt.why, TOO_COSTLY);
    // Nothing that is over it counts as proven, whatever else is known of it.
    assert_eq!(change(Some(&costly), Some(&costly)), Change::Unknown);
    assert_eq!(change_among_others(Some(&costly), Some(&costly)), Change::Unknown);
    let work = Work::new();
    assert!(!Container::new(&costly, &work).contains(&costly));
    assert!(work.is_over());
}

#[test]
fn a_witness_and_a_doubt_are_told_in_words() {
    let told = |old: &str, new: &str| match contains(&document(old), &document(new)) {
        Containment::NewAccess(witness) => witness.to_string(),
        Containment::Unknown(doubt) => doubt.to_string(),
        Containment::NoNewAccess => String::new(),
    };
    assert_eq!(
        told("A s3:a @ b", "A s3:a @ b ; A s3:c @ b ? StringEquals k=v"),
        "s3:c on b with k \"v\", by statement 1"
    );
    assert_eq!(
        told(
            "A s3:x @ * ? NumericLessThan n=5 ; A s3:x @ * ? NumericGreaterThanEquals n=5",
            "A s3:x @ * ? NumericGreaterThan n=0"
        ),
        "statement 0: whether its conditions are as narrow as those of old statement 0 can't be \
         told"
    );
}
