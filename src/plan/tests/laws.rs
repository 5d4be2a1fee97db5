//! Laws of the plan, for arbitrary resources and roles: it converges, and touches nothing that is
//! not ours. Its order has laws of its own, in `order_laws.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::plan::{
    decide::ownership::NotOurs,
    form::{
        desired::Desired,
        fingerprint::{self, Owned},
        observed::{Observed, RolePart},
        settle::{Certainty, Recent},
    },
    say::{
        conditions,
        verdict::{Meanwhile, NotDone, Verdict},
        words::conclude,
    },
    steps::{
        diff::diff,
        narrow::Open,
        step::{Call, Step, Why},
    },
    tests::samples::{as_written, authorization, carry_out, role_key, wish},
};
use crate::{
    api::{RoleStatus, kinds::iam_role::Applied, object::Pause, reason},
    plan::{
        failure::{IamError, IamErrorClass},
        scope::problems::{LIMIT, refused},
    },
};

/// 256 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default()
    } else {
        ProptestConfig::with_cases(256)
    }
}

const POLICIES: [&str; 3] = [
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::aws:policy/SecurityAudit",
    "arn:aws:iam::123456789012:policy/p",
];

fn statement(actions: &BTreeSet<&str>) -> Value {
    json!({"effect": "Allow", "actions": actions, "resources": ["*"]})
}

/// Any resource: all facets, in all modes.
fn any_wish() -> impl Strategy<Value = Desired> {
    let mode = || select(vec!["Exclusive", "Additive"]);
    let services = prop::collection::btree_set(select(vec!["ec2", "lambda", "states"]), 1..3);
    let boundary = prop::option::of(select(POLICIES.to_vec()));
    let attached = prop::collection::btree_set(select(POLICIES.to_vec()), 0..3);
    let actions =
        prop::collection::btree_set(select(vec!["s3:GetObject", "s3:PutObject", "sqs:*"]), 1..3);
    let inline = prop::collection::btree_map(select(vec!["one", "two", "three"]), actions, 0..3);
    let tags = prop::collection::btree_map(select(vec!["owner", "Team", "cost"]), "[a-c]?", 0..3);
    let attributes =
        (prop::option::of("[a-c]{0,2}"), prop::option::of(select(vec!["1h", "2h", "90m"])));
    (services, boundary, attached, inline, tags, attributes, (mode(), mode(), mode())).prop_map(
        |(
            services,
            boundary,
            attached,
            inline,
            tags,
            (description, session),
            (managed, policies, labels),
        )| {
            let trust: Vec<Value> = services
                .iter()
                .map(|name| {
                    json!({"name": name, "service": {"name": format!(
                    "{name}.amazonaws.com"), "sourceAccount": "None"}})
                })
                .collect();
            let inline: Vec<Value> = inline
                .iter()
                .map(|(name, actions)| json!({"name": name, "statements": [statement(actions)]}))
                .collect();
            let mut spec = json!({
                "trust": trust,
                "permissions": {"managedPolicies": attached, "inlinePolicies": inline},
                "tags": tags,
                "management": {"managedPolicies": managed, "inlinePolicies": policies,
                "tags": labels},
            });
            for (field, value) in
                [("description", description), ("maxSessionDuration", session.map(String::from))]
            {
                if let Some(value) = value {
                    spec[field] = value.into();
                }
            }
            if let Some(boundary) = boundary {
                spec["permissionsBoundary"] = boundary.into();
            }
            wish(&spec.to_string())
        },
    )
}

/// Any role that is ours: as another resource would have it, with things of others on it.
fn any_role() -> impl Strategy<Value = Observed> {
    let stray = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (any_wish(), stray).prop_map(|(other, (attachment, policy, label, garbage))| {
        let mut role = as_written(&other);
        if attachment {
            role.attached.insert("arn:aws:iam::aws:policy/Theirs".into());
        }
        if policy {
            role.inline.insert("theirs".into(), "no document".into());
        }
        if label {
            role.role.tags.insert("THEIRS".into(), "1".into());
            role.role.tags.insert("aws:theirs".into(), "1".into());
        }
        if garbage {
            role.role.trust = "no document".into();
        }
        role
    })
}

/// Names that were written before: some of those above.
fn any_applied() -> impl Strategy<Value = Applied> {
    let some = |names: Vec<&'static str>| {
        prop::collection::btree_set(select(names), 0..3)
            .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    (
        some(vec!["one", "two", "three"]),
        some(POLICIES.to_vec()),
        some(vec!["owner", "team", "cost"]),
    )
        .prop_map(|(inline_policies, managed_policies, tags)| Applied {
            inline_policies,
            managed_policies,
            tags,
            service_accounts: Vec::new(),
        })
}

fn after(steps: &[Step], before: &Observed) -> Observed {
    let mut role = before.clone();
    for step in steps {
        carry_out(step, &mut role);
    }
    role
}

fn in_scope(part: &RolePart, scope: &Owned) -> bool {
    match part {
        RolePart::Attachment(arn) => scope.has_attachment(arn),
        RolePart::Inline(name) => scope.has_inline(name),
        RolePart::Tag(key) => scope.has_tag(key),
        _ => true,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_role_that_is_as_written_needs_nothing(wish in any_wish(), applied in any_applied()) {
        let scope = Owned::of(&wish, &applied);
        let role = as_written(&wish);
        prop_assert_eq!(diff(&wish, &role, &scope), vec![]);
        let (authorization_wanted, attributes_wanted) = fingerprint::of_desired(&wish);
        prop_assert_eq!(authorization(&wish, &role, &scope), authorization_wanted);
        let attributes = fingerprint::attributes(role.role.description.as_deref(),
            role.role.max_session);
        prop_assert_eq!(attributes, attributes_wanted);
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(
        wish in any_wish(), role in any_role(), applied in any_applied()
    ) {
        let scope = Owned::of(&wish, &applied);
        let steps = diff(&wish, &role, &scope);
        let role = after(&steps, &role);
        prop_assert_eq!(diff(&wish, &role, &scope), vec![]);
        prop_assert_eq!(authorization(&wish, &role, &scope), fingerprint::of_desired(&wish).0);
    }

    #[test]
    fn each_step_is_its_own_and_carried_out_twice_is_carried_out_once(
        wish in any_wish(), role in any_role(), applied in any_applied()
    ) {
        let steps = diff(&wish, &role, &Owned::of(&wish, &applied));
        let on_the_way = |why| matches!(why, Why::Interim | Why::Both | Why::Pause);
        let whole = steps.iter().filter(|step| !on_the_way(step.why));
        let parts: Vec<RolePart> = whole.flat_map(|step| step.call.parts()).collect();
        prop_assert_eq!(parts.iter().collect::<BTreeSet<_>>().len(), parts.len());
        let twice: Vec<Step> = steps.iter().flat_map(|step| [step.clone(), step.clone()]).collect();
        prop_assert_eq!(after(&twice, &role), after(&steps, &role));
    }

    #[test]
    fn the_fingerprint_differs_exactly_when_the_plan_has_a_step_for_it(
        wish in any_wish(), role in any_role(), applied in any_applied()
    ) {
        let scope = Owned::of(&wish, &applied);
        let steps = diff(&wish, &role, &scope);
        let of_attributes = |step: &&Step| matches!(step.call, Call::UpdateRole { .. });
        let (authorization_wanted, attributes_wanted) = fingerprint::of_desired(&wish);
        let equal = authorization(&wish, &role, &scope) == authorization_wanted;
        prop_assert_eq!(equal, steps.iter().all(|step| of_attributes(&step)), "{:?}", steps);
        let attributes = fingerprint::attributes(role.role.description.as_deref(),
            role.role.max_session);
        prop_assert_eq!(attributes == attributes_wanted,
            !steps.iter().any(|step| of_attributes(&step)));
    }

    #[test]
    fn what_is_not_ours_in_an_additive_facet_and_aws_own_tags_are_never_touched(
        wish in any_wish(), role in any_role(), applied in any_applied()
    ) {
        let scope = Owned::of(&wish, &applied);
        let end = after(&diff(&wish, &role, &scope), &role);
        for arn in role.attached.iter().filter(|arn| !scope.has_attachment(arn)) {
            prop_assert!(end.attached.contains(arn));
        }
        for (name, body) in role.inline.iter().filter(|(name, _)| !scope.has_inline(name)) {
            prop_assert_eq!(end.inline.get(name), Some(body));
        }
        for (key, value) in role.role.tags.iter().filter(|(key, _)| !scope.has_tag(key)) {
            prop_assert_eq!(end.role.tags.get(key), Some(value));
        }
        prop_assert!(wish.terms.exclusive.attached || !scope.has_attachment(
            "arn:aws:iam::aws:policy/Theirs"));
        prop_assert!(wish.terms.exclusive.inline || !scope.has_inline("theirs"));
        prop_assert!(wish.terms.exclusive.tags || !scope.has_tag(&"THEIRS".into()));
        prop_assert!(!scope.has_tag(&"aws:theirs".into()));
    }

    #[test]
    fn what_was_written_is_believed_and_not_what_is_read(
        wish in any_wish(), role in any_role(), applied in any_applied()
    ) {
        let (scope, now) = (Owned::of(&wish, &applied), Timestamp::UNIX_EPOCH);
        let window = std::time::Duration::from_mins(1);
        let mut recent = Recent::default();
        let steps = diff(&wish, &role, &scope);
        for step in &steps {
            recent.record(step, Certainty::Applied, now);
        }
        let mut read = role.clone();
        recent.overlay(&wish.identity.role(), &mut read, |part| wish.wants(part), now, window);
        prop_assert_eq!(diff(&wish, &read, &scope), vec![]);
        // Once is enough, and after the window the read counts.
        let mut again = read.clone();
        recent.overlay(&wish.identity.role(), &mut again, |part| wish.wants(part), now, window);
        prop_assert_eq!(&again, &read);
        let mut later = role.clone();
        recent.overlay(&wish.identity.role(), &mut later, |_| true, now + window, window);
        prop_assert_eq!(&later, &role);
    }

    #[test]
    fn a_write_of_unknown_outcome_is_made_or_taken_back_whatever_is_desired_then(
        before in any_wish(), wish in any_wish(), role in any_role(), took in any::<bool>()
    ) {
        let all = Applied {
            inline_policies: before.form.inline.keys().cloned().collect(),
            managed_policies: before.form.attached.iter().cloned().collect(),
            tags: before.form.tags.keys().map(ToString::to_string).collect(),
            service_accounts: Vec::new(),
        };
        let now = Timestamp::UNIX_EPOCH;
        let scope = Owned::of(&wish, &all);
        for step in diff(&before, &role, &Owned::of(&before, &all)) {
            let mut recent = Recent::default();
            recent.record(&step, Certainty::Unknown, now);
            let mut truth = role.clone();
            if took {
                carry_out(&step, &mut truth);
            }
            // The read may be older than the write.
            let mut read = role.clone();
            recent.overlay(&wish.identity.role(), &mut read, |part| wish.wants(part), now,
                std::time::Duration::from_mins(1));
            let steps = diff(&wish, &read, &scope);
            let planned: BTreeSet<RolePart> =
                steps.iter().flat_map(|step| step.call.parts()).collect();
            for part in step.call.parts().iter().filter(|part| in_scope(part, &scope)) {
                prop_assert!(planned.contains(part), "{} of {}: {:?}", part, step, steps);
            }
            // And then it is as desired, whether the write had been applied or not.
            prop_assert_eq!(diff(&wish, &after(&steps, &truth), &scope), vec![]);
        }
    }

    #[test]
    fn concluding_twice_changes_nothing_and_moves_no_time(verdict in any_verdict(),
        before in any_verdict()) {
        // Seconds: some failures become `Stalled` when they last.
        let at = |second: i64| Timestamp::from_millisecond(second * 1_000 + 123).unwrap();
        let mut status = RoleStatus::default();
        conclude(&mut status, 1, &before, at(1));
        conclude(&mut status, 2, &verdict, at(2));
        let first = status.clone();
        conclude(&mut status, 2, &verdict, at(3));
        prop_assert_eq!(&status, &first);
        let types: BTreeMap<&str, &str> =
            status.conditions.iter().map(|condition| (condition.type_.as_str(),
                condition.status.as_str())).collect();
        prop_assert_eq!(types.len(), status.conditions.len());
        prop_assert!(types.contains_key("Ready") && types.contains_key("Synced"));
        prop_assert!(!(types.contains_key("Reconciling") && types.contains_key("Stalled")));
        prop_assert!(types["Ready"] != "True" || types["Synced"] == "True");
        for condition in &status.conditions {
            prop_assert_eq!(condition.observed_generation, Some(2));
            prop_assert_eq!(condition.last_transition_time.0.subsec_nanosecond(), 0);
            prop_assert!(reason::ALL.iter().any(|(name, ..)| *name == condition.reason));
            prop_assert!(!condition.message.is_empty() && condition.message.len() <= 32_768);
        }
    }

    #[test]
    fn a_verdict_leaves_what_others_say_as_it_is_and_where_it_is(verdict in any_verdict(),
        before in any_verdict(), place in 0..6_usize) {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut alone = RoleStatus::default();
        conclude(&mut alone, 1, &before, at(1));
        let theirs =
            Condition { type_: "example.org/Audited".into(), ..alone.conditions[0].clone() };
        let mut status = alone.clone();
        let place = place.min(status.conditions.len());
        status.conditions.insert(place, theirs.clone());
        conclude(&mut alone, 2, &verdict, at(2));
        conclude(&mut status, 2, &verdict, at(2));
        prop_assert_eq!(conditions::find(&status.conditions, &theirs.type_), Some(&theirs));
        prop_assert!(place > 0 || status.conditions[0] == theirs);
        // What is ours is the same as without it, and nothing else is written.
        prop_assert_eq!(conditions::own(&status), alone);
        let first = status.clone();
        conclude(&mut status, 2, &verdict, at(3));
        prop_assert_eq!(status, first);
    }

    #[test]
    fn a_tag_counts_whatever_its_letter_case(wish in any_wish()) {
        let mut role = as_written(&wish);
        role.role.tags = role.role.tags.into_iter().map(|(key, value)| (
            key.as_str().to_uppercase().into(), value)).collect();
        prop_assert_eq!(diff(&wish, &role, &Owned::default()), vec![]);
        prop_assert_eq!(authorization(&wish, &role, &Owned::default()),
            fingerprint::of_desired(&wish).0);
        prop_assert!(role.role.tags.keys().all(|key| wish.wants(&RolePart::Tag(key.clone()))));
    }
}

pub fn verdicts() -> Vec<Verdict> {
    use IamErrorClass as Class;
    let step = Step::new(role_key("test-a_x"), Call::DeleteBoundary, Why::NotWanted);
    let failed = |class| {
        Verdict::Failed(
            IamError { action: "GetRole", class, message: "AWS's words".into(), request_id: None },
            Some(Box::new(step.clone())),
        )
    };
    let end: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
    let problems = |count| {
        vec![
            refused(LIMIT, "/spec/path", "must begin with /a/", "change it or leave it out");
            count
        ]
    };
    let mut verdicts = vec![
        Verdict::Ready,
        Verdict::ReadyUnseen,
        Verdict::ReadyUnusable(vec!["it is not there".into()]),
        Verdict::Invalid(problems(1), Meanwhile::Nothing),
        Verdict::Invalid(problems(12), Meanwhile::Nothing),
        Verdict::Invalid(problems(1), Meanwhile::Held(Vec::new())),
        Verdict::Invalid(
            problems(1),
            Meanwhile::Held(vec![
                Open::Less(RolePart::Inline("read".into())),
                Open::Less(RolePart::Trust),
                Open::Unproven(RolePart::Attachment(POLICIES[0].into())),
                Open::Forbidden(RolePart::Attachment(POLICIES[1].into())),
            ]),
        ),
        Verdict::Invalid(problems(1), Meanwhile::Unknown),
        Verdict::BeyondLimits(vec![refused(
            LIMIT,
            "/status/roleName",
            "x is pinned, and a role is created only under a name that begins with test-a_",
            "delete this IAMRole and apply it again",
        )]),
        Verdict::NotOwned(NotOurs {
            reason: reason::NOT_OWNED,
            why: "role test-a_x exists and is not ours".into(),
        }),
        Verdict::NotOwned(NotOurs {
            reason: reason::OWNERSHIP_CONTESTED,
            why: "another IAMRole a/x has taken it up".into(),
        }),
        Verdict::NameConflict("IAMRole a/y asked first".into()),
        Verdict::WouldChange,
        Verdict::Paused { pause: Pause::Yes, deleting: false },
        Verdict::Paused { pause: Pause::Unclear("yes".into()), deleting: false },
        Verdict::Paused { pause: Pause::Yes, deleting: true },
        Verdict::Expired { end, made: true },
        Verdict::Expired { end, made: false },
        Verdict::ExpiredKept(end),
        Verdict::DeletionBlocked("role test-a_x is in instance profile p".into()),
        Verdict::Waiting(reason::WAITING_FOR_ABSENCE, "role test-a_x is not found".into()),
        Verdict::Working(reason::PROGRESSING, "role test-a_x is being created".into()),
        Verdict::Panicked,
        Verdict::PrincipalMissing(vec!["arn:aws:iam::123456789012:role/p".into(); 7]),
        Verdict::PrincipalReplaced { written: false },
        Verdict::PrincipalReplaced { written: true },
    ];
    verdicts.extend(Class::ALL.map(failed));
    let differs = "attributes: AWS has 3600 s, \"a\", and the resource asks for 3600 s, \"\"";
    verdicts.push(Verdict::DriftContested(vec![differs.into()]));
    let refused = |class| {
        let message = "AWS's words".into();
        (IamError { action: "PutRolePolicy", class, message, request_id: None }, step.clone())
    };
    let not_done = NotDone {
        failed: vec![refused(Class::Busy), refused(Class::Refused)],
        left: vec![step.clone()],
        boundary: None,
    };
    verdicts.push(Verdict::NotDone(not_done.clone()));
    let (error, failed) = refused(Class::Throttled);
    for meanwhile in
        [Meanwhile::Failed(error, Some(Box::new(failed))), Meanwhile::NotDone(not_done)]
    {
        verdicts.push(Verdict::Invalid(problems(1), meanwhile));
    }
    let arn = "arn:aws:iam::123456789012:policy/boundary";
    let boundary = Call::PutBoundary { arn: arn.into() };
    let message = "Scope ARN: x does not exist or is not attachable.".into();
    let class = Class::NotFound;
    verdicts.push(Verdict::NotDone(NotDone {
        failed: vec![(
            IamError { action: boundary.action(), class, message, request_id: None },
            Step::new(step.role.clone(), boundary, Why::Differs),
        )],
        left: Vec::new(),
        boundary: Some(arn.into()),
    }));
    verdicts
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    select(verdicts())
}
