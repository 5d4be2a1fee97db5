use rstest::rstest;

use std::collections::{BTreeMap, BTreeSet};

use iam::limits::{INLINE_TOTAL, counted_size};

use crate::plan::{
    form::{fingerprint::Owned, observed::Observed},
    steps::{
        diff, managed,
        step::{Call, Step},
    },
    tests::samples::{as_written, carry_out, wish},
};

const GET: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
const ALL: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
const PUT: &str = r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#;
const NO: &str = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret"}"#;
const LAMBDA: &str = "lambda.amazonaws.com";
const EC2: &str = "ec2.amazonaws.com";

/// A role: services, inline policies by name, boundary, attached policies.
type Role<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], Option<&'a str>, &'a [&'a str]);

fn role<'a>(
    services: &'a [&'a str],
    inline: &'a [(&'a str, &'a str)],
    boundary: Option<&'a str>,
    attached: &'a [&'a str],
) -> Role<'a> {
    (services, inline, boundary, attached)
}

fn spec((services, inline, boundary, attached): Role<'_>) -> String {
    let trust: Vec<String> = services
        .iter()
        .map(|name| {
            format!(
                r#"{{"name":"{}","service":{{"name":"{name}","sourceAccount":"None"}}}}"#,
                &name[..3]
            )
        })
        .collect();
    let inline: Vec<String> = inline
        .iter()
        .map(|(name, statements)| {
            format!(r#"{{"name":"{name}","document":{{"Version":"2012-10-17","Statement":[{statements}]}}}}"#)
        })
        .collect();
    let boundary = boundary
        .map(|name| format!(r#""permissionsBoundary":"arn:aws:iam::123456789012:policy/{name}","#))
        .unwrap_or_default();
    let attached: Vec<String> = attached
        .iter()
        .map(|name| format!(r#""arn:aws:iam::123456789012:policy/{name}""#))
        .collect();
    format!(
        r#"{{{boundary}"trust":[{}],"permissions":{{"managedPolicies":[{}],"inlinePolicies":[{}]}}}}"#,
        trust.join(","),
        attached.join(","),
        inline.join(",")
    )
}

fn plan(before: Role<'_>, then: Role<'_>, change: impl Fn(&mut Observed)) -> Vec<String> {
    let mut observed = as_written(&wish(&spec(before)));
    change(&mut observed);
    short(&diff::diff(&wish(&spec(then)), &observed, &Owned::default()))
}

/// The texts of the steps without what changes in a document and without the beginnings of ARNs.
fn short(steps: &[Step]) -> Vec<String> {
    let bare = |step: &Step| Step { change: None, ..step.clone() };
    steps
        .iter()
        .map(|step| bare(step).to_string().replace("arn:aws:iam::123456789012:policy/", ""))
        .collect()
}

const BOTH: &str = "temporary: old and new version together";

#[rstest]
#[case::a_new_boundary_comes_before_all(
    role(&[LAMBDA], &[("p", ALL)], None, &["m"]),
    role(&[LAMBDA], &[("p", GET)], Some("b"), &[]),
    &["~ set boundary b (missing)", "~ replace inline policy p (differs)", "- detach m (not \
        wanted)"]
)]
#[case::a_boundary_that_goes_comes_last(
    role(&[LAMBDA], &[("p", GET)], Some("b"), &[]),
    role(&[LAMBDA, EC2], &[("p", ALL)], None, &["m"]),
    &["+ attach m (missing)", "~ replace inline policy p (differs)", "~ replace the trust policy \
        (differs)", "- remove the boundary (not wanted)"]
)]
#[case::another_boundary_stands_between_what_narrows_and_what_widens(
    role(&[LAMBDA], &[("a", GET), ("b", ALL)], Some("b"), &["m"]),
    role(&[LAMBDA], &[("a", ALL), ("b", GET)], Some("c"), &["n"]),
    &[
        "~ replace inline policy b (differs)", "- detach m (not wanted)", "~ set boundary c \
         (differs)", "+ attach n (missing)",
        "~ replace inline policy a (differs)",
    ]
)]
#[case::with_another_boundary_what_changes_both_ways_is_put_twice(
    role(&[LAMBDA], &[("p", GET)], Some("b"), &[]),
    role(&[LAMBDA], &[("p", PUT)], Some("c"), &[]),
    &[
        "- delete inline policy p (temporary: only what old and new version share)",
        "~ set boundary c (differs)",
        "~ replace inline policy p (differs)",
    ]
)]
#[case::alone_it_is_put_once(
    role(&[LAMBDA], &[("p", GET)], Some("b"), &[]),
    role(&[LAMBDA], &[("p", PUT)], Some("b"), &[]),
    &["~ replace inline policy p (differs)"]
)]
#[case::a_policy_that_holds_a_deny_is_removed_among_what_widens(
    role(&[LAMBDA], &[("a", ALL), ("no", NO)], None, &[]),
    role(&[LAMBDA], &[("a", GET)], None, &[]),
    &["~ replace inline policy a (differs)", "- delete inline policy no (not wanted)"]
)]
#[case::a_deny_comes_before_what_it_is_to_hold_back(
    role(&[LAMBDA], &[], None, &[]),
    role(&[LAMBDA], &[("a", ALL), ("no", NO)], None, &[]),
    &["+ put inline policy no (missing)", "+ put inline policy a (missing)"]
)]
#[case::trust_that_shrinks_comes_first_and_trust_that_grows_last(
    role(&[LAMBDA, EC2], &[], None, &[]),
    role(&[LAMBDA], &[("a", ALL)], None, &[]),
    &["~ replace the trust policy (differs)", "+ put inline policy a (missing)"]
)]
#[case::whom_the_trust_loses_does_not_get_what_is_new_nor_whom_it_gains_what_goes(
    role(&[EC2], &[("b", ALL)], None, &[]),
    role(&[LAMBDA], &[("a", ALL)], None, &[]),
    &[
        "~ replace the trust policy (temporary: only what old and new version share)",
        "+ put inline policy a (missing)", "- delete inline policy b (not wanted)",
        "~ replace the trust policy (differs)",
    ]
)]
#[case::one_trust_for_another_is_one_put_when_nothing_else_widens(
    role(&[EC2], &[("b", ALL)], None, &[]),
    role(&[LAMBDA], &[], None, &[]),
    &["- delete inline policy b (not wanted)", "~ replace the trust policy (differs)"]
)]
fn the_order(#[case] before: Role<'_>, #[case] then: Role<'_>, #[case] expected: &[&str]) {
    assert_eq!(plan(before, then, |_| {}), expected);
}

#[test]
fn of_two_that_change_both_ways_the_first_is_put_once_between_the_puts_of_the_other() {
    let two = |one: &'static str, other: &'static str| -> Vec<String> {
        let before: &[(&str, &str)] = &[("a", GET), ("b", PUT)];
        plan(
            role(&[LAMBDA], before, None, &[]),
            role(&[LAMBDA], &[("a", one), ("b", other)], None, &[]),
            |_| {},
        )
    };
    // What moves from one to the other is in both meanwhile.
    let expected = [
        format!("~ put inline policy a ({BOTH})"),
        "~ replace inline policy b (differs)".into(),
        "~ replace inline policy a (differs)".into(),
    ];
    assert_eq!(two(PUT, GET), expected);
}

#[test]
fn what_cannot_be_read_is_replaced_in_one_put() {
    let unreadable = |role: &mut Observed| {
        role.inline.insert("p".into(), "no document".into());
        role.role.trust = "no document".into();
    };
    let role = role(&[LAMBDA], &[("p", GET)], None, &[]);
    let expected = ["~ replace the trust policy (differs)", "~ replace inline policy p (differs)"];
    assert_eq!(plan(role, role, unreadable), expected);
}

#[test]
fn a_new_role_gets_its_denies_before_what_they_hold_back() {
    let both = format!("{ALL},{NO}");
    let policies: &[(&str, &str)] = &[("a", ALL), ("b", &both), ("no", NO)];
    let made =
        diff::create(&wish(&spec(role(&[LAMBDA], policies, None, &["m"]))), &BTreeMap::new());
    let expected = [
        "+ put inline policy no (missing)",
        "+ attach m (missing)",
        "+ put inline policy b (missing)",
        "+ put inline policy a (missing)",
    ];
    assert_eq!(short(&made)[1..], expected);
}

#[test]
fn of_the_policies_of_a_new_role_that_which_denies_is_attached_first() {
    let attached = wish(&spec(role(&[LAMBDA], &[], None, &["admin", "deny"])));
    let text = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let before = diff::create(&attached, &BTreeMap::new());
    let arn = |name: &str| format!("arn:aws:iam::123456789012:policy/{name}");
    let unread = managed::unread(&before, None, &BTreeMap::new());
    assert_eq!(unread, ["admin", "deny"].map(arn).into());
    let contents = [(arn("admin"), text(ALL)), (arn("deny"), text(NO))].into();
    let made = diff::create(&attached, &contents);
    assert_eq!(short(&made)[1..], ["+ attach deny (missing)", "+ attach admin (missing)"]);
    assert_eq!(made[2].needs, [0, 1], "not while the Deny is missing");
    assert_eq!(managed::unread(&made, None, &contents), BTreeSet::new());
    // One alone has nobody to wait for.
    let one = diff::create(&wish(&spec(role(&[LAMBDA], &[], None, &["m"]))), &BTreeMap::new());
    assert_eq!(managed::unread(&one, None, &BTreeMap::new()), BTreeSet::new());
}

#[test]
fn of_a_large_policy_only_that_it_denies_nothing_is_known() {
    let large = |statement: &str| {
        let actions: Vec<String> =
            (0..300).map(|number| format!("\"service:SomeAction{number}\"")).collect();
        let more = statement.replace("\"s3:*\"", &format!("[{}]", actions.join(",")));
        format!(r#"{{"Version":"2012-10-17","Statement":[{statement},{more}]}}"#)
    };
    // Needs what comes before it: the Deny of the resource, unless it is known to deny nothing.
    for (statement, needs) in [(ALL, vec![]), (NO, vec![0])] {
        let arn = "arn:aws:iam::123456789012:policy/m";
        let mut state = as_written(&wish(&spec(role(&[LAMBDA], &[], None, &["m"]))));
        state.contents = [(arn.to_owned(), large(statement))].into();
        let then = wish(&spec(role(&[LAMBDA], &[("no", NO)], None, &[])));
        let steps = diff::diff(&then, &state, &Owned::default());
        let detach = steps.iter().find(|step| matches!(step.call, Call::Detach { .. })).unwrap();
        assert_eq!(detach.needs, needs, "{steps:#?}");
    }
}

#[test]
fn what_allows_waits_for_the_new_deny_although_an_old_one_that_goes_denies_it_too() {
    let arn = "arn:aws:iam::123456789012:policy/deny";
    let mut state = as_written(&wish(&spec(role(&[LAMBDA], &[], None, &["deny"]))));
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{NO}]}}"#);
    state.contents = [(arn.to_owned(), text)].into();
    // Beside an Allow, so that the old one may go first: nothing is allowed then.
    let both = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"},
        {"Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::secret"}"#;
    let then = wish(&spec(role(&[LAMBDA], &[("a", ALL), ("b", both)], None, &[])));
    let steps = diff::diff(&then, &state, &Owned::default());
    let of = |policy: &str| {
        let put =
            |step: &Step| matches!(&step.call, Call::PutInline { name, .. } if name == policy);
        steps.iter().position(put).unwrap()
    };
    assert!(steps[of("a")].needs.contains(&of("b")), "{steps:#?}");
}

/// A Deny of some characters, about nothing else than the others.
fn deny(number: usize, size: usize) -> String {
    let no =
        format!(r#"{{"Effect":"Deny","Action":"s3:A{number}","Resource":"arn:aws:s3:::*PAD"}}"#);
    let pad = "x".repeat(size - no.len() + 3);
    no.replace("PAD", &pad)
}

fn denies(count: usize, size: usize) -> String {
    (0..count).map(|number| deny(number, size)).collect::<Vec<_>>().join(",")
}

/// Carries a plan out on a role with AWS's quota of inline policies. Returns the role after each
/// step that AWS took.
fn carried_out(before: Role<'_>, then: Role<'_>) -> Vec<Observed> {
    let mut role = as_written(&wish(&spec(before)));
    let (mut states, mut done) = (Vec::new(), Vec::new());
    let steps = diff::diff(&wish(&spec(then)), &role, &Owned::default());
    for (place, step) in steps.iter().enumerate() {
        let mut next = role.clone();
        carry_out(step, &mut next);
        let size: usize = next.inline.values().map(|text| counted_size(text)).sum();
        let put = matches!(step.call, Call::PutInline { .. });
        if (!put || size <= INLINE_TOTAL) && step.needs.iter().all(|need| done.contains(need)) {
            done.push(place);
            role = next;
            states.push(role.clone());
        }
    }
    states
}

/// The actions that some inline policy denies.
fn denied(role: &Observed) -> BTreeSet<usize> {
    let all: String = role.inline.values().map(String::as_str).collect();
    (0..9).filter(|number| all.contains(&format!(r#""Deny","Action":"s3:A{number}""#))).collect()
}

#[rstest]
#[case::that_only_denies(denies(4, 1_600))]
#[case::that_allows_too(format!("{},{ALL}", denies(4, 1_600)))]
fn a_large_policy_is_renamed_statement_by_statement(#[case] statements: String) {
    let (old, new) = ([("guard", statements.as_str())], [("other", statements.as_str())]);
    let states =
        carried_out(role(&[LAMBDA], &old, None, &["m"]), role(&[LAMBDA], &new, None, &["m"]));
    let last = states.last().unwrap();
    assert_eq!(last.inline.keys().collect::<Vec<_>>(), ["other"]);
    assert!(states.iter().all(|state| denied(state).len() == 4));
}

#[test]
fn a_large_policy_that_changes_both_ways_beside_an_attachment_is_put_once() {
    let statements = |first: &str| {
        let pad = "x".repeat(5_700);
        format!(
            r#"{{"Effect":"Allow","Action":"s3:{first}","Resource":["arn:aws:s3:::a","arn:aws:s3:::{pad}*"]}}"#
        )
    };
    let (old, new) = (statements("GetObject"), statements("PutObject"));
    let (old, new) = ([("p", old.as_str())], [("p", new.as_str())]);
    let expected = ["+ attach m (missing)", "~ replace inline policy p (differs)"];
    let (before, then) = (role(&[LAMBDA], &old, None, &[]), role(&[LAMBDA], &new, None, &["m"]));
    assert_eq!(plan(before, then, |_| {}), expected);
}

#[test]
fn what_only_allows_and_leaves_no_room_goes_before_what_is_to_come() {
    let pad = "x".repeat(9_880);
    let all = format!(r#"{{"Effect":"Allow","Action":"*","Resource":["*","arn:aws:s3:::{pad}"]}}"#);
    let guard = denies(2, 400);
    let (old, new) = ([("x", all.as_str())], [("guard", guard.as_str())]);
    let states =
        carried_out(role(&[LAMBDA], &old, None, &["m"]), role(&[LAMBDA], &new, None, &["m"]));
    assert_eq!(states.len(), 2);
    assert!(states[0].inline.is_empty());
}

#[test]
fn a_deny_with_more_than_half_of_the_room_stays_where_it_is() {
    let statement = deny(0, 6_500);
    let (old, new) = ([("guard", statement.as_str())], [("other", statement.as_str())]);
    let (before, then) = (role(&[LAMBDA], &old, None, &["m"]), role(&[LAMBDA], &new, None, &["m"]));
    assert_eq!(carried_out(before, then), []);
    // Where nothing else allows anything, it may be away for a moment.
    let (before, then) = (role(&[LAMBDA], &old, None, &[]), role(&[LAMBDA], &new, None, &[]));
    assert_eq!(carried_out(before, then).len(), 2);
}

#[test]
fn what_pauses_is_told() {
    let large = |name: &str| {
        let pad = "x".repeat(6_000);
        format!(
            r#"{{"Effect":"Allow","Action":"s3:{name}","Resource":["*","arn:aws:s3:::{pad}"]}}"#
        )
    };
    let statement = large("GetObject");
    let (old, new) = ([("a", statement.as_str())], [("b", statement.as_str())]);
    let expected = [
        "- delete inline policy a (pauses what stays allowed: there is no room for old and new)",
        "+ put inline policy b (missing)",
    ];
    let (before, then) = (role(&[LAMBDA], &old, None, &[]), role(&[LAMBDA], &new, None, &[]));
    assert_eq!(plan(before, then, |_| {}), expected);
}

#[test]
fn eleven_policies_on_the_way_are_one_too_many() {
    let names: Vec<String> = (0..11).map(|number| format!("m{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = |from: usize, to: usize| {
        let (before, then) =
            (role(&[LAMBDA], &[], None, &names[from..to]), role(&[LAMBDA], &[], None, &names[1..]));
        plan(before, then, |_| {})
    };
    assert_eq!(first(0, 9)[0], "+ attach m09 (missing)");
    assert!(first(0, 10)[0].starts_with("- detach m00 (pauses"));
}
