//! What people read: plans, statuses, before and after.

use crate::plan::{
    form::{
        fingerprint::Owned,
        observed::{Contents, Observed},
    },
    say::{
        verdict::{NotDone, Verdict},
        words::{conclude, cut, for_the_operators_boundary, plan_lines, role_not_found},
    },
    steps::{
        audit, diff,
        step::{Call, Step, Why},
    },
    tests::{
        laws::verdicts,
        samples::{as_written, role_key, wish, with},
    },
};
use crate::{
    api::{RoleStatus, object::Pause},
    plan::failure::{IamError, IamErrorClass},
};

const READ: &str = r#"{"name":"read","statements":[{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}]}"#;

fn whole() -> String {
    with(&format!(
        r#""description":"Reads \"exports\"","maxSessionDuration":"2h","permissionsBoundary":"arn:aws:iam::123456789012:policy/b",
        "permissions":{{"managedPolicies":["arn:aws:iam::aws:policy/SecurityAudit"],"inlinePolicies":[{READ},{{"name":"new","document":{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*"}}}}}}]}},
        "tags":{{"owner":"a","Team":"t"}},"management":{{"tags":"Exclusive"}}"#
    ))
}

/// A role in which every part differs.
fn other() -> Observed {
    let mut role = as_written(&wish(&whole()));
    role.role.trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.into();
    role.role.description = None;
    role.role.max_session = None;
    role.role.boundary = Some("arn:aws:iam::aws:policy/PowerUserAccess".into());
    role.role.tags.insert("owner".into(), "b".into());
    role.role.tags.insert("stray".into(), "1".into());
    role.role.tags.insert("aws:cloudformation:stack-name".into(), "s".into());
    role.role.tags.remove(&"Team".into());
    role.attached = ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into();
    role.inline.remove("new");
    role.inline.insert("read".into(), r#"{"Version":"2012-10-17","Statement":[]}"#.into());
    role.inline.insert("stray".into(), "{}".into());
    role
}

fn lines(steps: &[Step]) -> String {
    steps.iter().flat_map(|step| [step.to_string(), "\n".into()]).collect()
}

#[test]
fn the_plan_of_a_new_role() {
    insta::assert_snapshot!(lines(&diff::create(&wish(&whole()), &Contents::new())));
}

#[test]
fn the_plan_of_a_role_in_which_everything_differs() {
    insta::assert_snapshot!(lines(&diff::diff(&wish(&whole()), &other(), &Owned::default())));
}

#[test]
fn the_plan_of_a_role_that_is_to_have_nothing_but_trust() {
    let role = as_written(&wish(&whole()));
    insta::assert_snapshot!(lines(&diff::diff(&wish(&with("")), &role, &Owned::default())));
}

#[test]
fn the_text_of_a_removal() {
    let step = |call, why| Step::new(role_key("test-a_x"), call, why);
    let detach = Call::Detach { arn: "arn:aws:iam::aws:policy/P".into() };
    let steps = [
        step(detach.clone(), Why::Deleted),
        step(Call::DeleteRole, Why::Deleted),
        step(detach, Why::Expired),
        step(Call::DeleteRole, Why::Expired),
    ];
    insta::assert_snapshot!(lines(&steps));
}

#[test]
fn before_and_after_of_each_step() {
    let (desired, role) = (wish(&whole()), other());
    let audit = |steps: &[Step], role: Option<&Observed>| -> String {
        let line = |step: &Step| {
            format!(
                "{}: {} -> {}\n",
                step.call.action(),
                audit::before(step, role),
                audit::after(step)
            )
        };
        steps.iter().map(line).collect()
    };
    let changed = audit(&diff::diff(&desired, &role, &Owned::default()), Some(&role));
    insta::assert_snapshot!(audit(&diff::create(&desired, &Contents::new()), None) + &changed);
}

#[test]
fn what_each_verdict_says() {
    let mut said = Vec::new();
    for verdict in verdicts() {
        let mut status = RoleStatus { role_name: Some("test-a_x".into()), ..RoleStatus::default() };
        status.plan = Some(vec!["- remove the boundary (not wanted)".into(); 2]);
        conclude(&mut status, 3, &verdict, "2026-01-01T00:00:00.5Z".parse().unwrap());
        let ready = &status.conditions[0];
        let others: Vec<String> = status
            .conditions
            .iter()
            .skip(1)
            .map(|condition| format!("{}={}", condition.type_, condition.status))
            .collect();
        said.push(format!(
            "{} {} [{}] {}",
            ready.status,
            ready.reason,
            others.join(" "),
            ready.message
        ));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_time_moves_only_with_the_status_of_its_condition() {
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
    let mut status = RoleStatus::default();
    conclude(&mut status, 1, &Verdict::Ready, at(1));
    conclude(&mut status, 1, &Verdict::Paused { pause: Pause::Yes, deleting: false }, at(2));
    assert_eq!(status.conditions[0].last_transition_time.0, at(2));
    conclude(&mut status, 1, &Verdict::WouldChange, at(3));
    assert_eq!(status.conditions[0].last_transition_time.0, at(2), "still False");
    assert_eq!(
        status.conditions[1].last_transition_time.0,
        at(3),
        "Synced went from Unknown to False"
    );
}

#[test]
fn a_plan_in_status_is_bounded() {
    let untag = Call::Untag { keys: vec!["é".repeat(2_000).into()] };
    let step = Step::new(role_key("r"), untag, Why::NotWanted);
    let lines = plan_lines(&vec![step; 150]).unwrap();
    assert_eq!(lines.len(), 100);
    assert!(lines.iter().all(|line| line.len() <= 1_000 && line.ends_with('…')));
    assert_eq!(plan_lines(&[]), None);
    assert_eq!(cut("aé", 3), "aé");
}

#[test]
fn what_changes_in_a_document_is_told_in_one_line_of_bounded_length() {
    let mut role =
        as_written(&wish(&with(&format!(r#""permissions":{{"inlinePolicies":[{READ}]}}"#))));
    let told = |role: &Observed| {
        let wish = wish(&with(&format!(r#""permissions":{{"inlinePolicies":[{READ}]}}"#)));
        lines(&diff::diff(&wish, role, &Owned::default()))
    };
    let document = role.inline["read"].clone();
    role.inline.insert("read".into(), document.replace("s3:GetObject", "s3:PutObject"));
    let change = "~ statement 0: Action + s3:GetObject - s3:PutObject (widens and narrows)";
    assert_eq!(told(&role), format!("~ replace inline policy read: {change} (differs)\n"));
    role.inline.insert("read".into(), document.replace("s3:GetObject", "s3:*"));
    assert!(told(&role).contains("(narrows)"));
    let long: Vec<String> = (0..50)
        .map(|n| {
            format!(
                r#"{{"Sid":"S{n}","Effect":"Allow","Action":"sqs:A{n}","Resource":"{}"}}"#,
                "r".repeat(90)
            )
        })
        .collect();
    role.inline.insert(
        "read".into(),
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, long.join(",")),
    );
    let line = told(&role);
    assert!(
        line.len() < 700 && line.contains("more changes") && line.ends_with("(differs)\n"),
        "{line}"
    );
    role.inline.insert("read".into(), "no document".into());
    assert_eq!(told(&role), "~ replace inline policy read (differs)\n");
}

#[test]
fn only_a_write_that_does_not_find_the_role_is_waited_for() {
    let found = |class, message: &str, call| {
        let error = IamError { action: "Action", class, message: message.into(), request_id: None };
        role_not_found(&error, Some(&Step::new(role_key("r"), call, Why::Missing))).is_some()
    };
    let attach = || Call::Attach { arn: "arn".into() };
    assert!(found(IamErrorClass::NotFound, "", Call::UpdateTrust { trust: String::new() }));
    assert!(found(IamErrorClass::NotFound, "The role with name r cannot be found.", attach()));
    assert!(!found(
        IamErrorClass::NotFound,
        "Policy arn does not exist or is not attachable.",
        attach()
    ));
    assert!(!found(IamErrorClass::AccessDenied, "", Call::UpdateTrust { trust: String::new() }));
    let error = IamError {
        action: "GetRole",
        class: IamErrorClass::NotFound,
        message: String::new(),
        request_id: None,
    };
    assert_eq!(role_not_found(&error, None), None);
}

#[test]
fn only_the_boundary_that_the_operator_set_is_the_operators() {
    use crate::plan::{
        scope::limits::{BoundaryRule, Limits},
        tests::samples::limits,
    };
    use IamErrorClass::{NotFound, Refused, Throttled};
    const SET: &str = "arn:aws:iam::123456789012:policy/b";
    let set = |text: &str| Limits { boundary: BoundaryRule::Always(text.into()), ..limits() };
    let ask = |class, message: &str, call: Call, limits: &Limits| {
        let error =
            IamError { action: call.action(), class, message: message.into(), request_id: None };
        let step = Step::new(role_key("r"), call, Why::Missing);
        let set = limits.operators_boundary();
        set.is_some_and(|set| for_the_operators_boundary(&error, &step, &set))
    };
    let put = || Call::PutBoundary { arn: SET.into() };
    let steps = diff::create(&wish(&whole()), &Contents::new());
    let Call::CreateRole { boundary, .. } = &steps[0].call else { panic!("{steps:?}") };
    assert_eq!(boundary.as_deref(), Some(SET));
    let create =
        |class, message: &str, limits: &Limits| ask(class, message, steps[0].call.clone(), limits);
    let (operators, own) = (set("arn:{partition}:iam::{accountId}:policy/b"), limits());
    let free = Limits { boundary: BoundaryRule::Free, ..own };
    assert!(ask(NotFound, "Scope ARN: x does not exist or is not attachable.", put(), &operators));
    assert!(ask(Refused, "ARN x is not valid.", put(), &operators));
    assert!(!ask(NotFound, "The role with name r cannot be found.", put(), &operators));
    assert!(!ask(Throttled, "", put(), &operators));
    assert!(!ask(NotFound, "", put(), &free), "the resource chose it");
    assert!(!ask(NotFound, "", put(), &set("arn:aws:iam::123456789012:policy/other")));
    assert!(create(NotFound, "Scope ARN: x does not exist", &operators));
    assert!(create(Refused, &format!("ARN {SET} is not valid."), &operators));
    assert!(!create(Refused, "Syntax errors in policy.", &operators));
    assert!(!create(NotFound, "", &free));
}

#[test]
fn a_remedy_names_a_higher_quota_only_where_there_is_one() {
    let said = |call: Call, quota: &str| {
        let error = IamError {
            action: call.action(),
            class: IamErrorClass::LimitExceeded,
            message: format!("Cannot exceed quota for {quota}: 1"),
            request_id: None,
        };
        let step = Step::new(role_key("r"), call, Why::Differs);
        let not_done = NotDone { failed: vec![(error, step)], left: Vec::new(), boundary: None };
        let mut status = RoleStatus::default();
        conclude(&mut status, 1, &Verdict::NotDone(not_done), jiff::Timestamp::UNIX_EPOCH);
        status.conditions[0].message.clone()
    };
    let create = || Call::CreateRole {
        path: "/".into(),
        trust: String::new(),
        description: None,
        max_session: 3_600,
        boundary: None,
        tags: iam::tag::Tags::new(),
    };
    for (call, quota, words, higher) in [
        (create(), "RolesPerAccount", "delete roles that nobody needs", true),
        (create(), "ACLSizePerRole", "shorten spec.trust", true),
        (create(), "TagsPerRole", "take some out", false),
        (Call::UpdateTrust { trust: String::new() }, "ACLSizePerRole", "8,192", true),
        (Call::Attach { arn: "a".into() }, "PoliciesPerRole", "25", true),
        (Call::Tag { tags: iam::tag::Tags::new() }, "TagsPerRole", "take some out", false),
        (
            Call::PutInline { name: "a".into(), document: "{}".into() },
            "RolePolicySize",
            "move a part to a managed policy",
            false,
        ),
    ] {
        let message = said(call, quota);
        assert!(message.contains(words), "{message}");
        assert_eq!(message.contains("higher quota"), higher, "{message}");
    }
}

#[test]
fn a_document_that_was_not_read_is_not_said_to_be_empty() {
    let mut role = as_written(&wish(&whole()));
    role.inline.insert("read".into(), String::new());
    let step = |name: &str| {
        Step::new(role_key("r"), Call::DeleteInline { name: name.into() }, Why::Deleted)
    };
    assert_eq!(audit::before(&step("read"), Some(&role)), "there, not read");
    assert!(audit::before(&step("new"), Some(&role)).contains("characters, sha256"));
}
