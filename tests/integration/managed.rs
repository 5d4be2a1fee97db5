//! AWS's managed policies: what the policy engine makes of documents that it has not seen.

mod edits;

use std::process::Command;

use harness::{Folder, managed_policies};
use iam::policy::{
    Policy, PolicyKind, Strictness,
    contain::{Containment, contains},
    evaluate::{Decision, Documents, evaluate},
};

use crate::BIN;

/// Every so many of them; `make bench` looks at all.
const EVERY: usize = 8;

fn allows(policy: &Policy, witness: &iam::policy::evaluate::Request) -> bool {
    let policies = [("policy", policy)];
    let documents = Documents { policies: &policies, ..Documents::default() };
    evaluate(&documents, witness).is_ok_and(|found| found.decision == Decision::Allowed)
}

#[test]
fn of_widening_edits_of_managed_policies_less_than_one_in_a_hundred_is_unknown() {
    let (mut all, mut unknown) = (0, Vec::new());
    for (name, text) in managed_policies().into_iter().step_by(EVERY) {
        let policy = Policy::parse(&text, PolicyKind::Identity, Strictness::Observed).unwrap();
        for (edit, edited) in edits::widened(&policy) {
            all += 1;
            match contains(&policy, &edited) {
                Containment::NewAccess(witness) => {
                    let request = witness.request();
                    assert!(allows(&edited, &request), "{name}, {edit}: {witness}");
                    assert!(!allows(&policy, &request), "{name}, {edit}: {witness}");
                }
                Containment::NoNewAccess => {}
                Containment::Unknown(doubt) => unknown.push(format!("{name}, {edit}: {doubt}")),
            }
            // What comes back from a wider document is never new access.
            if let Containment::NewAccess(witness) = contains(&edited, &policy) {
                assert!(!allows(&edited, &witness.request()), "{name}, {edit}: {witness}");
            }
        }
    }
    assert!(all > 2_000, "{all}");
    assert!(unknown.len() * 100 < all, "of {all}: {unknown:#?}");
}

#[test]
fn commands_read_the_longest_managed_policies_and_what_they_print_themselves() {
    let mut all = managed_policies();
    all.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
    let folder = Folder::new("managed");
    let run = |words: &[&str]| {
        let mut command = Command::new(BIN);
        command.arg("policy").args(words).output().unwrap()
    };
    for (name, text) in &all[..3] {
        assert!(text.len() > 64 * 1024, "{name}");
        let pretty: serde_json::Value = serde_json::from_str(text).unwrap();
        let (path, printed) = (folder.join(name), folder.join("printed.json"));
        std::fs::write(&path, serde_json::to_string_pretty(&pretty).unwrap()).unwrap();
        let path = path.to_str().unwrap();
        let merged = run(&["merge", path]);
        assert!(merged.status.success(), "{merged:?}");
        std::fs::write(&printed, &merged.stdout).unwrap();
        let printed = printed.to_str().unwrap();
        let again = run(&["merge", printed]);
        assert_eq!(again.stdout, merged.stdout);
        let compared = run(&["compare", path, printed, "--kind", "identity"]);
        assert!(compared.status.success(), "{name}: {compared:?}");
        let request = r#"{"action":"zz:Nothing","resource":"*"}"#;
        let denied = run(&["eval", "--policy", path, "--request", request]);
        assert_eq!(denied.status.code(), Some(1), "{name}: {denied:?}");
    }
    // ReadOnlyAccess is held against itself within the budget.
    let (name, text) = all.iter().find(|(name, _)| name == "ReadOnlyAccess").unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let same = run(&["contains", path, path]);
    assert!(same.stdout.starts_with(b"NoNewAccess"), "{same:?}");
}
