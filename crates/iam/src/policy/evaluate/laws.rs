//! Laws of the evaluator.

use proptest::prelude::*;
use proptest::sample::select;

use crate::policy::evaluate::tests::{decide, request};
use crate::policy::evaluate::*;
use crate::policy::operator::Base;

fn any_statement() -> impl Strategy<Value = Statement> {
    let operators = vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
        "Null",
        "NumericLessThanIfExists",
    ];
    (
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec("s3:[ab*]{1,2}", 1..3),
        any::<bool>(),
        "[ab*?]{1,3}",
        prop::option::of((select(operators), select(vec!["true", "false", "1"]))),
    )
        .prop_map(|(deny, except, actions, not_resource, resource, condition)| {
            let effect = if deny { Effect::Deny } else { Effect::Allow };
            let mut statement = Statement::new(effect, actions).on([resource]);
            if except {
                statement.actions = Scope::Except(statement.actions.content().clone());
            }
            if not_resource {
                statement.resources =
                    statement.resources.map(|resources| Scope::Except(resources.content().clone()));
            }
            match condition {
                Some((operator, _)) if operator.starts_with("Numeric") => {
                    statement.when(operator, "k", ["1"])
                }
                Some(("Null", value)) => {
                    statement.when("Null", "k", [if value == "1" { "true" } else { value }])
                }
                Some((operator, value)) => statement.when(operator, "k", [value]),
                None => statement,
            }
        })
}

fn any_request() -> impl Strategy<Value = Request> {
    (
        "s3:[ab]{1,2}",
        "[ab]{0,3}",
        prop::option::of(prop::collection::vec(select(vec!["true", "false", "1", "0"]), 0..3)),
    )
        .prop_map(|(action, resource, values)| {
            let context = match values.as_deref() {
                None => Context::default(),
                Some([one]) => Context::default().with("K", one),
                Some(list) => Context::default().with_list("K", list.iter().copied()),
            };
            Request { context, ..request(&action, &resource) }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_deny_more_never_allows_and_an_allow_more_never_forbids(
        statements in prop::collection::vec(any_statement(), 1..5), more in any_statement(),
            request in any_request()
    ) {
        let before = decide(&Policy::new(statements.clone()), &request).decision;
        let effect = more.effect;
        let after = decide(&Policy::new([statements, vec![more]].concat()), &request).decision;
        match effect {
            Effect::Deny => prop_assert!(before == Decision::Allowed || after != Decision::Allowed),
            Effect::Allow => {
                prop_assert!(before != Decision::Allowed || after == Decision::Allowed);
            }
        }
    }

    #[test]
    fn order_repetition_letter_case_and_the_canonical_form_decide_nothing(
        statements in prop::collection::vec(any_statement(), 1..5), request in any_request()
    ) {
        let account = crate::account::Account::new("123456789012", "aws").unwrap();
        let policy = Policy::new(statements.clone());
        let decision = decide(&policy, &request).decision;
        let other = Policy::new(statements.iter().rev().chain(&statements).cloned().collect());
        prop_assert_eq!(decide(&other, &request).decision, decision);
        let loud = Request { action: request.action.to_uppercase(), ..request.clone() };
        prop_assert_eq!(decide(&policy, &loud).decision, decision);
        prop_assert_eq!(decide(&policy.canonical(&account).unfolded().unwrap(), &request).decision,
            decision);
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,60}", key in "\\PC{0,8}", value in "\\PC{0,12}",
        operator in select(Base::ALL.to_vec())) {
        let statement = Statement::allow([text.clone()]).on([text.clone()]).when(operator.as_str(),
            &key, [value.clone(), text.clone()]);
        let documents = Policy::new(vec![statement.principal(PrincipalKind::Aws, [text.clone()])]);
        let asked = Request {
            action: text.clone(),
            resource: Some(value.clone()),
            principal: Some((PrincipalKind::Aws, text.clone())),
            context: Context::default().with(&key, &value),
        };
        let policies = [("p", &documents)];
        for (policies, trust) in [(&policies[..], None), (&[][..], Some(&documents))] {
            for action in ["sts:AssumeRole", "s3:Get", text.as_str()] {
                let asked = Request { action: action.to_owned(), ..asked.clone() };
                let _ = evaluate(&Documents { policies, boundary: None, trust }, &asked);
            }
        }
        let _ = Request::read(&text);
    }
}
