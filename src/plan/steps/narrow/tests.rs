use rstest::rstest;

use super::*;
use crate::{
    api::kinds::iam_role::Applied,
    plan::{
        form::desired::{Desired, Exclusive},
        scope::limits::BoundaryRule,
        tests::samples::{as_written, limits, wish, with},
    },
};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/b";
const READ: &str = r#"{"name":"read","statements":[{"effect":"Allow","actions":["s3:GetObject"],"resources":["*"]}]}"#;
const GUARD: &str =
    r#"{"name":"guard","statements":[{"effect":"Deny","actions":["iam:*"],"resources":["*"]}]}"#;
const MIXED: &str = r#"{"name":"mixed","statements":[{"effect":"Allow","actions":["sqs:*"],"resources":["*"]},{"effect":"Deny","actions":["sqs:DeleteQueue"],"resources":["*"]}]}"#;

fn whole() -> Desired {
    wish(&with(&format!(
        r#""permissionsBoundary":"{BOUNDARY}",
        "permissions":{{"managedPolicies":["{AUDIT}"],"inlinePolicies":[{READ},{GUARD},{MIXED}]}}"#
    )))
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

const ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const NO_KEYS: &str = r#"{"Effect":"Deny","Action":"kms:*","Resource":"*"}"#;

fn trusts(service: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"sts:AssumeRole"}}"#
    )
}

struct Setting {
    held: Held,
    limits: Limits,
}

impl Setting {
    fn new(alone: bool) -> Self {
        let exclusive = Exclusive { attached: alone, inline: alone, tags: false };
        Self { held: Held::of(&whole().form, exclusive), limits: limits() }
    }

    fn of(&self, role: &Observed) -> (Vec<String>, Vec<Open>) {
        let held = self.held.clone().within("a", &self.limits);
        let own = (held.attached.iter(), held.inline.keys(), std::iter::empty());
        let scope = Owned::among(held.exclusive, own, &Applied::default());
        let key = whole().identity.role();
        let Narrowing { steps, open } = narrowing(Some(&held), role, &scope, &key, &self.limits);
        assert!(steps.iter().all(|step| step.why == Why::Held && step.needs.is_empty()));
        let ends = " (held while the spec is refused)";
        let told = steps.iter().map(|step| step.to_string().replace(ends, ""));
        (told.collect(), open)
    }
}

fn inline(name: &str) -> RolePart {
    RolePart::Inline(name.into())
}

/// What is done to a role that is as it was last written, the steps, and what is left.
#[rstest]
#[case::nothing(|_: &mut Observed| {}, &[], vec![])]
#[case::tags_and_attributes(
    |role: &mut Observed| {
        role.role.description = Some("other".into());
        role.role.tags.insert("owner".into(), "mallory".into());
    },
    &[],
    vec![]
)]
#[case::boundary_removed(
    |role: &mut Observed| role.role.boundary = None,
    &["~ set boundary arn:aws:iam::123456789012:policy/b"],
    vec![]
)]
#[case::boundary_replaced(
    |role: &mut Observed| role.role.boundary = Some(AUDIT.into()),
    &[],
    vec![Open::Unproven(RolePart::Boundary)]
)]
#[case::attached(
    |role: &mut Observed| assert!(role.attached.insert(ADMIN.into())),
    &[],
    vec![Open::Unproven(RolePart::Attachment(ADMIN.into()))]
)]
#[case::attached_that_only_allows(
    |role: &mut Observed| {
        role.attached.insert(ADMIN.into());
        role.contents.insert(ADMIN.into(), document(ALL));
    },
    &["- detach arn:aws:iam::aws:policy/AdministratorAccess"],
    vec![]
)]
#[case::attached_that_denies_too(
    |role: &mut Observed| {
        role.attached.insert(ADMIN.into());
        role.contents.insert(ADMIN.into(), document(&format!("{ALL},{NO_KEYS}")));
    },
    &[],
    vec![Open::Unproven(RolePart::Attachment(ADMIN.into()))]
)]
#[case::attached_that_only_denies(
    |role: &mut Observed| {
        role.attached.insert(ADMIN.into());
        role.contents.insert(ADMIN.into(), document(NO_KEYS));
    },
    &[],
    vec![Open::Less(RolePart::Attachment(ADMIN.into()))]
)]
#[case::boundary_replaced_by_a_wider_one(
    |role: &mut Observed| {
        role.role.boundary = Some(AUDIT.into());
        role.contents.insert(AUDIT.into(), document(ALL));
        let own = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        role.contents.insert(BOUNDARY.into(), document(own));
    },
    &["~ set boundary arn:aws:iam::123456789012:policy/b"],
    vec![]
)]
#[case::detached(
    |role: &mut Observed| role.attached.clear(),
    &[],
    vec![Open::Less(RolePart::Attachment(AUDIT.into()))]
)]
#[case::inline_added(
    |role: &mut Observed| drop(role.inline.insert("more".into(), document(ALL))),
    &["- delete inline policy more"],
    vec![]
)]
#[case::inline_added_that_denies_too(
    |role: &mut Observed| {
        role.inline.insert("more".into(), document(&format!("{ALL},{NO_KEYS}")));
    },
    &["~ replace inline policy more: no longer allows * on *"],
    vec![]
)]
#[case::inline_added_that_only_denies(
    |role: &mut Observed| drop(role.inline.insert("more".into(), document(NO_KEYS))),
    &[],
    vec![Open::Less(inline("more"))]
)]
#[case::inline_added_that_cannot_be_read(
    |role: &mut Observed| drop(role.inline.insert("more".into(), "{}".into())),
    &[],
    vec![Open::Unproven(inline("more"))]
)]
#[case::inline_wider(
    |role: &mut Observed| drop(role.inline.insert("read".into(), document(ALL))),
    &["~ replace inline policy read: no longer allows * on *; now allows s3:GetObject on *"],
    vec![]
)]
#[case::inline_removed(
    |role: &mut Observed| drop(role.inline.remove("read")),
    &[],
    vec![Open::Less(inline("read"))]
)]
#[case::a_deny_removed(
    |role: &mut Observed| drop(role.inline.remove("guard")),
    &["~ replace inline policy guard"],
    vec![]
)]
#[case::of_what_was_removed_only_the_deny_comes_back(
    |role: &mut Observed| drop(role.inline.remove("mixed")),
    &["~ replace inline policy mixed"],
    vec![]
)]
#[case::trust_opened(
    |role: &mut Observed| {
        role.role.trust = document(&format!("{},{}", trusts("lambda"), trusts("ec2")));
    },
    &["~ replace the trust policy: no longer trusts ec2.amazonaws.com"],
    vec![]
)]
#[case::trust_replaced_is_closed(
    |role: &mut Observed| role.role.trust = document(&trusts("ec2")),
    &["~ replace the trust policy"],
    vec![]
)]
#[case::trust_that_cannot_be_read(
    |role: &mut Observed| role.role.trust = "{}".into(),
    &[],
    vec![Open::Unproven(RolePart::Trust)]
)]
fn what_allows_more_is_taken_back_and_nothing_is_given(
    #[case] change: fn(&mut Observed),
    #[case] steps: &[&str],
    #[case] open: Vec<Open>,
) {
    let mut role = as_written(&whole());
    change(&mut role);
    let (told, left) = Setting::new(true).of(&role);
    assert_eq!(told.len(), steps.len(), "{told:?}");
    for (told, step) in told.iter().zip(steps) {
        // What changes in the meaning is told by the tests of that.
        let step = step.split(": ").next().unwrap();
        assert!(told.starts_with(step), "{told}");
    }
    assert_eq!(left, open);
}

#[test]
fn what_has_to_be_read_is_what_is_not_proven_yet() {
    let mut role = as_written(&whole());
    role.attached.insert(ADMIN.into());
    role.role.boundary = Some(AUDIT.into());
    let setting = Setting::new(true);
    let open = setting.of(&role).1;
    let unread = |role: &Observed| unread(&open, Some(&setting.held), role);
    assert_eq!(unread(&role), [AUDIT, ADMIN, BOUNDARY].map(str::to_owned).into());
    role.contents.insert(ADMIN.into(), document(ALL));
    assert_eq!(unread(&role), [AUDIT, BOUNDARY].map(str::to_owned).into());
}

#[test]
fn a_trust_policy_that_was_replaced_lets_nobody_in() {
    let mut role = as_written(&whole());
    role.role.trust = document(&trusts("ec2"));
    let setting = Setting::new(true);
    let key = whole().identity.role();
    let plan = narrowing(Some(&setting.held), &role, &Owned::default(), &key, &setting.limits);
    assert_eq!(plan.steps[0].call, Call::UpdateTrust { trust: closed().to_json() });
}

#[test]
fn what_others_added_where_they_may_stays_and_is_said_when_the_operator_does_not_allow_it() {
    let mut role = as_written(&whole());
    role.attached.insert(ADMIN.into());
    role.attached.insert("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
    role.inline.insert("more".into(), document(ALL));
    let open = vec![Open::Forbidden(RolePart::Attachment(ADMIN.into()))];
    assert_eq!(Setting::new(false).of(&role), (Vec::new(), open));
}

#[test]
fn the_operators_boundary_is_put_last_whatever_stood_there_and_also_where_nothing_is_known() {
    let mut setting = Setting::new(true);
    setting.limits.boundary = BoundaryRule::Always(AUDIT.into());
    let mut role = as_written(&whole());
    role.inline.insert("more".into(), document(ALL));
    let boundary = format!("~ set boundary {AUDIT}");
    let deletes = "- delete inline policy more".to_owned();
    assert_eq!(setting.of(&role).0, [deletes, boundary]);
    let key = whole().identity.role();
    let plan = narrowing(None, &role, &Owned::default(), &key, &setting.limits);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].call, Call::PutBoundary { arn: AUDIT.into() });
    assert_eq!(plan.open, []);
}

#[test]
fn where_only_hashes_are_known_what_was_added_goes_and_what_differs_stays() {
    let mut setting = Setting::new(true);
    let statement = iam::policy::Statement::allow(["s3:GetObject"]).on(["x".repeat(40_000)]);
    let large = Policy::new(vec![statement]);
    setting.held.inline.insert("large".into(), HeldDocument::Whole(large.clone()));
    let text = setting.held.encode(&setting.limits.account).unwrap();
    setting.held = Held::decode(&text).unwrap();
    let mut role = as_written(&whole());
    role.inline.insert("large".into(), large.to_json());
    assert_eq!(setting.of(&role), (Vec::new(), Vec::new()));
    role.inline.insert("more".into(), document(ALL));
    role.inline.insert("read".into(), document(ALL));
    role.inline.remove("guard");
    let (told, open) = setting.of(&role);
    assert_eq!(told, ["- delete inline policy more"]);
    assert_eq!(open, [Open::Unproven(inline("read")), Open::Less(inline("guard"))]);
}
