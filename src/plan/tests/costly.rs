//! Documents over their budget of work are refused, so that no form of ours is too large to
//! compare.

use crate::plan::{
    form::desired::desired,
    tests::samples::{limits, resource, with},
};

/// Actions with wildcards that are told apart slowly: of one length, and made of two letters.
fn costly(count: usize) -> Vec<String> {
    let letters = |n: usize| format!("{n:010b}").replace('0', "a").replace('1', "b");
    (0..count).map(|n| format!("*:*{}*", letters(n))).collect()
}

#[test]
fn documents_that_take_too_long_to_compare_are_refused_with_the_remedy() {
    let policy = |name: &str, actions: &[String]| {
        let statement = serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        serde_json::json!({"name": name, "document": document}).to_string()
    };
    let told = |list: &[String]| {
        let spec = with(&format!(r#""permissions":{{"inlinePolicies":[{}]}}"#, list.join(",")));
        match desired(&resource(&spec), &limits()) {
            Ok(desired) => {
                // What is taken can be compared: no form of ours is large.
                let account = &desired.identity.account;
                let mut all = desired.form.inline.values();
                assert!(all.all(|policy| !policy.canonical(account).is_large()));
                String::new()
            }
            Err(problems) => problems[0].to_string(),
        }
    };
    let refused = |index: usize| {
        format!(
            "spec.permissions.inlinePolicies[{index}]: takes too long to compare with what AWS \
             has, because too many of its actions with wildcards could cover one another: name the \
             service in each action, and write fewer wildcards"
        )
    };
    let actions = costly(500);
    assert_eq!(told(&[policy("few", &actions[..3]), policy("many", &actions)]), refused(1));
    assert_eq!(told(&[policy("few", &actions[..3])]), "");
    // One budget for all: what is too much in one policy is not taken in several.
    let mut parts: Vec<String> =
        actions.chunks(125).zip(0..).map(|(part, n)| policy(&format!("p{n}"), part)).collect();
    assert!(told(&parts).ends_with("write fewer wildcards"), "{}", told(&parts));
    parts.truncate(1);
    assert_eq!(told(&parts), "");
}
