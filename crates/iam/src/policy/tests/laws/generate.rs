//! Documents of every shape, small enough that their parts meet.

use proptest::prelude::*;
use proptest::sample::select;

use crate::account::Account;
use crate::policy::evaluate::{Context, Request};
use crate::policy::*;

use crate::policy::tests::laws::matching;

pub(in crate::policy) fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn scope<T: std::fmt::Debug>(content: impl Strategy<Value = T>) -> impl Strategy<Value = Scope<T>> {
    (content, prop::bool::weighted(0.2)).prop_map(|(content, except)| {
        if except { Scope::Except(content) } else { Scope::Only(content) }
    })
}

fn texts(pattern: &'static str) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(matching(pattern), 1..4)
}

fn any_conditions() -> impl Strategy<Value = Conditions> {
    // Lower case before the colon, one upper case after it: no two keys differ only in case.
    let block = |operators: Vec<&'static str>, values: BoxedStrategy<Vec<String>>| {
        (select(operators), prop::collection::btree_map(matching("[a-c]{1,2}:[A-C]"), values, 1..3))
            .prop_map(|(operator, keys)| (operator.to_owned(), keys))
            .boxed()
    };
    let some = |values: Vec<&'static str>| {
        prop::collection::vec(select(values).prop_map(str::to_owned), 1..3).boxed()
    };
    let text = vec![
        "StringEquals",
        "StringLikeIfExists",
        "ForAnyValue:ArnLike",
        "ArnEquals",
        "StringNotLike",
    ];
    let texts = || texts("[ -~\u{e9}]{0,5}|\\$\\{aws:[a-c]\\}\\*?|\\$\\{\\*\\}").boxed();
    let blocks = prop_oneof![
        4 => block(text, texts()),
        1 => block(vec!["Bool", "Null", "BoolIfExists"], some(vec!["true", "false", "True", "x"])),
        1 => block(vec!["NumericEquals", "ForAllValues:NumericLessThan"],
            some(vec!["1", "1.0", "2e3", "-0.5", "x"])),
        1 => block(vec!["DateLessThan"], some(vec!["2026-01-01T00:00:00Z", "1767225600", "2026",
            "x"])),
        1 => block(vec!["IpAddress", "NotIpAddress"],
            some(vec!["10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "::1", "x"])),
    ];
    prop::collection::vec(blocks, 0..3).prop_map(|blocks| blocks.into_iter().collect())
}

fn any_principals() -> impl Strategy<Value = Principals> {
    let aws = "\\*|123456789012|210987654321|arn:aws:iam::123456789012:root|\
         arn:aws:iam::123456789012:role/[a-c]{1,2}";
    let kinds = (
        prop::option::of(texts(aws)),
        prop::option::of(texts("[a-c]{1,2}\\.amazonaws\\.com")),
        prop::option::of(texts("arn:aws:iam::123456789012:oidc-provider/[a-c]|123456789012")),
    );
    scope(kinds.prop_map(|(aws, service, federated)| {
        let service = service.or_else(|| {
            (aws.is_none() && federated.is_none()).then(|| vec!["ec2.amazonaws.com".to_owned()])
        });
        let kinds = [
            (PrincipalKind::Aws, aws),
            (PrincipalKind::Service, service),
            (PrincipalKind::Federated, federated),
        ];
        PrincipalSet::Kinds(
            kinds.into_iter().filter_map(|(kind, values)| Some((kind, values?))).collect(),
        )
    }))
}

pub(in crate::policy) fn any_statement(kind: PolicyKind) -> impl Strategy<Value = Statement> {
    (
        (any::<bool>(), select(vec![Effect::Allow, Effect::Deny])),
        any_principals(),
        scope(texts("\\*|[a-c]{1,2}:[A-C*]{1,2}|sts:AssumeRole")),
        scope(texts("\\*|arn:aws:s3:::[a-c*$\\{\\}\"\\\\ +%]{1,4}")),
        any_conditions(),
    )
        .prop_map(move |((named, effect), principals, actions, resources, conditions)| {
            Statement {
                sid: named.then(String::new),
                effect,
                principals: (kind == PolicyKind::Trust).then_some(principals),
                actions,
                resources: (kind == PolicyKind::Identity).then_some(resources),
                conditions,
            }
        })
}

pub(in crate::policy) fn any_policy() -> impl Strategy<Value = (PolicyKind, Policy)> {
    select(vec![PolicyKind::Identity, PolicyKind::Trust]).prop_flat_map(|kind| {
        let statements = prop::collection::vec(any_statement(kind), 1..5);
        (
            Just(kind),
            statements,
            select(Version::ALL.to_vec()),
            prop::option::of(matching("[a-c]{1,3}")),
        )
            .prop_map(|(kind, mut statements, version, id)| {
                for (number, statement) in statements.iter_mut().enumerate() {
                    statement.sid = statement.sid.take().map(|_| format!("S{number}"));
                }
                (kind, Policy { version, id, statements })
            })
    })
}

/// A request near the patterns above: permissions and sessions.
pub(in crate::policy) fn any_request() -> impl Strategy<Value = Request> {
    let context = prop::collection::vec(
        (matching("[a-c]:[A-C]"), select(vec!["", "a", "true", "1", "10.1.2.3", "*"])),
        0..3,
    );
    let who = select(vec![
        (PrincipalKind::Aws, "arn:aws:iam::123456789012:role/a"),
        (PrincipalKind::Aws, "arn:aws:iam::210987654321:user/u"),
        (PrincipalKind::Service, "a.amazonaws.com"),
        (PrincipalKind::Federated, "arn:aws:iam::123456789012:oidc-provider/a"),
    ]);
    (matching("[a-c]:[A-C]{1,2}|sts:AssumeRole"), matching("arn:aws:s3:::[a-c]{1,3}"), who, context)
        .prop_map(|(action, resource, (kind, who), keys)| Request {
            action,
            resource: Some(resource),
            principal: Some((kind, who.to_owned())),
            context: keys
                .iter()
                .fold(Context::default(), |context, (key, value)| context.with(key, value)),
        })
}
