//! The readers of documents, JSON and YAML: they never panic, and what they accept they print so
//! that it reads back equal.

use crate::finding::Finding;
use crate::policy::evaluate::Request;
use crate::policy::{Policy, PolicyKind, Strictness};
use crate::text::Text;
use crate::text::{
    json::{self},
    node::{Bounds, Node},
};
use crate::text::{
    tests::printed::printed,
    yaml::{self},
};

use crate::policy::tests::fuzz::{Dice, run};

const BOUNDS: Bounds = Bounds { bytes: 64 * 1024, depth: 64, values: 16 * 1024 };

const DOCUMENTS: [&str; 6] = [
    r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/team":["a","b"]},"Bool":{"aws:SecureTransport":true}}}]}"#,
    r#"{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/x","AWS":["1","2"]},
        "Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"x:sub":"repo:o/r:*"},"Null":{"x:a":"false"}}}}"#,
    r#"{"Statement":[{"Effect":"Deny","NotAction":"iam:*","NotResource":["arn:aws:s3:::b/${aws:username, 'a'}"],
        "Condition":{"NumericLessThan":{"a:b":1.50},"ForAllValues:StringNotEqualsIfExists":{"c:d":[]}}},{}]}"#,
    "Version: 2012-10-17\nStatement:\n- Sid: A\n  Effect: Allow\n  Action: [s3:Get*, \
     's3:List*']\n  Resource:\n    - \"*\" # all\n\
     \x20 Condition:\n    Bool: {aws:SecureTransport: true}\n    StringEquals:\n      ? a:b\n      \
     : |-\n        x\n        y\n",
    "{Statement: {Effect: Allow, Principal: {Service: [ec2.amazonaws.com]}, Action: \
     sts:AssumeRole,\n  Condition: {}}}",
    r#"{"action":"s3:GetObject","resource":"x","principal":{"AWS":"y"},"context":{"a:b":["c",1,true]}}"#,
];

const WORDS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    ", ",
    "\"",
    "'",
    "\n",
    "\n  ",
    "- ",
    "? ",
    "#",
    " # ",
    "|",
    ">-",
    "&a ",
    "*a",
    "!x ",
    "<<: ",
    "---\n",
    "...\n",
    "%",
    "\\u0041",
    "\\ud83d",
    "\t",
    "null",
    "true",
    "1.0",
    "-0e9",
    "é",
    "\u{feff}",
    "\u{85}",
    "\"a\":1,",
    "a: 1\n",
    "\"Action\":\"a:b\",",
    "Effect: Deny\n",
    "\"condition\":{\"bool\":{}},",
];

fn read_back(node: &Node, dice: &mut Dice) {
    assert_eq!(json::parse(&node.to_text(), BOUNDS).as_ref(), Ok(node));
    let text = printed(node, &mut |below| dice.below(below));
    // A printed form is longer than what it was read from, and may be too long.
    if text.len() <= BOUNDS.bytes {
        assert_eq!(yaml::parse(&text, BOUNDS).as_ref(), Ok(node), "{text}");
    }
}

fn one(text: &str, dice: &mut Dice) {
    if let Ok(read) = Text::read(text, BOUNDS) {
        read_back(&read.node, dice);
        if let Ok(exact) = json::parse(text, BOUNDS) {
            assert_eq!(exact, read.node, "JSON means the same wherever it is read");
        }
    }
    for kind in [PolicyKind::Identity, PolicyKind::Trust, PolicyKind::Any] {
        for strictness in [Strictness::Desired, Strictness::Observed] {
            match Policy::read(text, kind, strictness) {
                Ok(policy) => {
                    assert_eq!(
                        Policy::parse(&policy.to_json(), kind, strictness).as_ref(),
                        Ok(&policy)
                    );
                    let yaml = printed(&policy.to_node(), &mut |below| dice.below(below));
                    assert_eq!(
                        Policy::read(&yaml, kind, strictness).as_ref(),
                        Ok(&policy),
                        "{yaml}"
                    );
                }
                Err(problems) => {
                    assert!(
                        !problems.is_empty()
                            && problems.iter().all(|problem| !problem.message().is_empty())
                    );
                    let lines = text.split('\n').count();
                    let inside = |line: usize| (1..=lines).contains(&line);
                    assert!(
                        problems.iter().filter_map(Finding::place).all(|place| inside(place.line))
                    );
                }
            }
        }
    }
    let _ = Request::read(text);
}

/// The value with a few edits that keep it a value: parts replaced, removed, repeated, and keys in
/// other letter case.
fn shaken(node: &Node, dice: &mut Dice) -> Node {
    if dice.below(24) == 0 {
        let text = (dice.pick(&WORDS)).to_owned();
        return match dice.below(6) {
            0 => Node::Number("12345678901234567890.0".into()),
            1 => Node::Bool(true),
            2 => Node::Array(vec![Node::String(text)]),
            3 => Node::Object(vec![(text, node.clone())]),
            4 => Node::Array(Vec::new()),
            _ => Node::String(text),
        };
    }
    match node {
        Node::Array(items) => {
            let copies = |dice: &mut Dice| [1, 1, 1, 1, 1, 1, 1, 0, 2][dice.below(9)];
            Node::Array(
                items.iter().flat_map(|item| vec![shaken(item, dice); copies(dice)]).collect(),
            )
        }
        Node::Object(members) => {
            let mut out: Vec<(String, Node)> = Vec::new();
            for (key, value) in members {
                let key = if dice.below(16) == 0 { key.to_lowercase() } else { key.clone() };
                if dice.below(24) > 0 && out.iter().all(|(known, _)| *known != key) {
                    out.push((key, shaken(value, dice)));
                }
            }
            Node::Object(out)
        }
        leaf => leaf.clone(),
    }
}

#[test]
fn the_parser_never_panics_and_reads_back_what_it_prints() {
    run("parser", 3000, |dice| {
        let text = match dice.below(8) {
            0 => String::from_utf8_lossy(
                &(0..dice.below(60)).map(|_| dice.next().to_le_bytes()[0]).collect::<Vec<_>>(),
            )
            .into_owned(),
            1 => (0..dice.below(30)).map(|_| dice.pick(&WORDS)).collect(),
            way => {
                let document = Text::read(dice.pick(&DOCUMENTS), BOUNDS).unwrap().node;
                let document = shaken(&document, dice);
                let text = if dice.below(2) == 0 {
                    document.to_text()
                } else {
                    printed(&document, &mut |below| dice.below(below))
                };
                if way < 5 { dice.mutated(&text, &WORDS) } else { text }
            }
        };
        one(&text, dice);
    });
}
