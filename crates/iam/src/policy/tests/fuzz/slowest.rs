//! The hunt for the slowest document of a size: by counted work, so that the same seed finds the
//! same one. No question may cost much more than its budget, whatever the document is.

use crate::policy::tests::fuzz::{Dice, run};
use crate::policy::tests::hostile;
use crate::policy::tests::work::{costs, neighbour};
use crate::policy::{BUDGET, Policy, PolicyKind, Strictness};

const WORDS: [&str; 20] = [
    "*",
    "?",
    "?*",
    "a",
    "aa",
    "a*",
    "*a",
    "b",
    ":",
    "s3:",
    "\",\"",
    "\",\"*:*",
    "\",\"s3:*a",
    "Not",
    "Deny",
    "${aws:username}",
    "\",\"arn:aws:s3:::",
    "IfExists",
    "ForAnyValue:",
    "e9",
];

/// Documents that are tried before the slowest one so far is taken for the slowest.
const TRIES: usize = 12;

struct Slowest {
    text: String,
    costs: [u64; 2],
}

fn read(text: &str) -> Option<Policy> {
    Policy::parse(text, PolicyKind::Any, Strictness::Observed).ok()
}

/// Better and better documents of about so many bytes.
fn climb(dice: &mut Dice, bytes: usize) -> Slowest {
    let all = hostile::documents(bytes);
    let mut best = Slowest { text: all[dice.below(all.len())].1.clone(), costs: [0; 2] };
    for round in 0..TRIES {
        let text = if round == 0 { best.text.clone() } else { dice.mutated(&best.text, &WORDS) };
        let Some(policy) = read(&text).filter(|_| text.len() <= bytes + bytes / 10) else {
            continue;
        };
        let mut other = neighbour(&policy);
        if dice.below(2) == 0 {
            // A document of the same length that has nothing to do with it.
            other = read(&all[dice.below(all.len())].1).unwrap();
        }
        let costs = costs(&policy, &other);
        for cost in costs {
            assert!(cost < BUDGET + BUDGET / 2, "{costs:?}: {text}");
        }
        if costs.iter().max() > best.costs.iter().max() {
            best = Slowest { text, costs };
        }
    }
    best
}

#[test]
fn hunting_for_the_slowest_document_of_a_size() {
    for bytes in [2 * 1024, 10 * 1024, 64 * 1024] {
        let mut slowest = Slowest { text: String::new(), costs: [0; 2] };
        run(&format!("slowest of {bytes} bytes"), 8, |dice| {
            let found = climb(dice, bytes);
            if found.costs.iter().max() > slowest.costs.iter().max() {
                slowest = found;
            }
        });
        let begins: String = slowest.text.chars().take(200).collect();
        eprintln!("of {BUDGET} steps {:?}, by {begins}…", slowest.costs);
    }
}
