//! Figures of the policy language by itself: what a sweep, a comparison and an answer cost.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use iam::{
    account::Account,
    policy::{
        BUDGET, Policy, PolicyKind, Statement, Strictness, Work, compare,
        contain::{Containment, contains},
        diff::Diff,
        evaluate::{Context, Documents, Request, evaluate},
    },
};
use rolewright::plan::form::{
    fingerprint::{Owned, authorization},
    form::Form,
    observed::DEFAULT_SESSION,
};

/// Documents that are slow, each in its way; the tests of the policy language hold the same ones to
/// the budget.
#[path = "../../crates/iam/src/policy/tests/hostile.rs"]
mod hostile;

/// The edits of AWS's managed policies whose answers a test counts.
#[path = "../integration/managed/edits.rs"]
mod edits;

/// Prints a row: the median of nine runs of `times` calls, for one call.
fn row(name: &str, goal: Duration, times: u32, mut call: impl FnMut()) {
    let mut runs: Vec<Duration> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            (0..times).for_each(|_| call());
            begin.elapsed() / times
        })
        .collect();
    runs.sort_unstable();
    println!("{name:<62} {:>10.1} µs   (goal {:>6.0} µs)", micros(runs[4]), micros(goal));
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Statements of about 0.6 kB each, in the shapes that people write.
fn document(statements: usize, team: &str) -> Policy {
    let each = |number: usize| {
        let service = [
            "s3",
            "sqs",
            "dynamodb",
            "kms",
            "logs",
            "sns",
            "ecr",
            "ssm",
            "secretsmanager",
            "events",
        ][number % 10];
        let actions =
            ["Get*", "List*", "Describe*", "PutThing", "DeleteThing", "UpdateThing", "TagResource"];
        let resources = (0..4).map(|part| {
            format!("arn:aws:{service}:eu-west-2:123456789012:{team}-{number}-{part}/*")
        });
        let statement =
            if number % 5 == 4 { Statement::deny::<&str> } else { Statement::allow::<&str> };
        let statement = statement([]).on(resources).named(&format!("S{number}"));
        let actions = actions.map(|action| format!("{service}:{action}")).to_vec();
        Statement { actions: statement.actions.map(|_| actions), ..statement }
            .when("StringEquals", "aws:ResourceAccount", ["123456789012"])
            .when("StringLike", "aws:PrincipalTag/Team", [team, "platform"])
    };
    Policy::new((0..statements).map(each).collect())
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.eks.eu-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:sub":"system:serviceaccount:team-a:billing","oidc.eks.eu-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:aud":"sts.amazonaws.com"},"DateLessThan":{"aws:CurrentTime":"2027-03-31T00:00:00Z"}}}]}"#;

/// The same text as AWS sends it.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        })
        .collect()
}

/// Prints all rows.
pub fn print() {
    let account = Account::new("123456789012", "aws").unwrap();
    let inline = document(3, "blue").to_json();
    let (trust, inline_text) = (encoded(TRUST), encoded(&inline));
    let policies = std::collections::BTreeMap::from([
        ("one".to_owned(), inline_text.clone()),
        ("two".to_owned(), inline_text),
    ]);
    println!("role: trust {} bytes, two inline policies of {} bytes", TRUST.len(), inline.len());
    let (none, scope) = (std::collections::BTreeSet::new(), Owned::default());
    let tags = [("owner".into(), "team-a".to_owned())].into();
    row(
        "read, fold and fingerprint a role as a sweep delivers it",
        Duration::from_micros(50),
        500,
        || {
            let form = Form {
                description: None,
                max_session: DEFAULT_SESSION,
                boundary: None,
                trust: black_box(&trust),
                attached: &none,
                inline: black_box(&policies),
                tags: &tags,
            };
            black_box(authorization(form, &scope, &account));
        },
    );

    let wanted = document(11, "blue");
    let text = wanted.to_json();
    println!("documents of {} bytes", text.len());
    let cosmetic = text.replace("\"S1\"", "\"T1\"").replace("s3:PutThing", "S3:putthing");
    let different = text.replace("sqs:PutThing", "sqs:PurgeQueue");
    let goal = Duration::from_micros(150);
    for (name, text) in [("Identical", &text), ("Cosmetic", &cosmetic), ("Different", &different)] {
        row(&format!("compare, {name}"), goal, 200, || {
            black_box(compare(&wanted, black_box(text), PolicyKind::Identity, &account));
        });
    }

    let ten = document(10, "blue");
    let request = Request {
        action: "ssm:PutThing".into(),
        resource: Some("arn:aws:ssm:eu-west-2:123456789012:blue-7-2/x".into()),
        principal: None,
        context: Context::default()
            .with("aws:ResourceAccount", "123456789012")
            .with("aws:PrincipalTag/team", "blue"),
    };
    row("evaluate a request against ten statements", Duration::from_micros(5), 5_000, || {
        let documents = Documents { policies: &[("policy", &ten)], ..Documents::default() };
        black_box(evaluate(&documents, black_box(&request)).unwrap());
    });

    let wider = Policy::parse(&different, PolicyKind::Identity, Strictness::Desired).unwrap();
    let goal = Duration::from_millis(5);
    row("contains, the same document", goal, 20, || {
        drop(black_box(contains(&wanted, black_box(&wanted))));
    });
    row("contains, a witness to be found", goal, 20, || {
        drop(black_box(contains(&wanted, black_box(&wider))));
    });
    for (bytes, goal) in [(10_240, 20), (64 * 1024, 50)] {
        worst(bytes, Duration::from_millis(goal), &account);
    }
    managed(Duration::from_millis(50));
    println!();
}

/// Prints how many of the widening edits of AWS's managed policies have no answer, and the answer
/// that takes longest.
fn managed(goal: Duration) {
    let (mut all, mut unknown, mut slowest) = (0_u32, 0_u32, (Duration::ZERO, String::new()));
    for (name, text) in harness::managed_policies() {
        let policy = Policy::parse(&text, PolicyKind::Identity, Strictness::Observed).unwrap();
        for (edit, edited) in edits::widened(&policy) {
            let begin = Instant::now();
            let answer = contains(&policy, black_box(&edited));
            slowest = (begin.elapsed(), format!("{name}, {edit}")).max(slowest);
            all += 1;
            unknown += u32::from(matches!(answer, Containment::Unknown(_)));
        }
    }
    let share = 100.0 * f64::from(unknown) / f64::from(all);
    println!(
        "widening edits of managed policies: {all}, of which {share:.2} % are Unknown (goal 1 %)"
    );
    let (took, name) = slowest;
    println!("the slowest, {name}: {:.1} ms (goal {} ms)", micros(took) / 1e3, goal.as_millis());
}

/// Prints of each question the document of so many bytes that takes longest.
fn worst(bytes: usize, goal: Duration, account: &Account) {
    let mut slowest: [(Duration, &str); 4] = [(Duration::ZERO, ""); 4];
    let mut steps = 0;
    for (name, text) in hostile::documents(bytes) {
        let policy = Policy::parse(&text, PolicyKind::Any, Strictness::Observed).unwrap();
        let mut other = policy.clone();
        let last = other.statements.last_mut().unwrap();
        last.actions.content_mut().push("sts:AssumeRoleWith*".to_owned());
        let changed = other.to_json();
        let work = Work::new();
        black_box(policy.canonical_within(account, &work));
        steps = steps.max(work.done());
        let questions: [&dyn Fn(); 4] = [
            &|| {
                black_box(compare(&policy, black_box(&changed), PolicyKind::Any, account));
            },
            &|| drop(black_box(contains(&policy, black_box(&other)))),
            &|| drop(black_box(Diff::between(&policy, black_box(&other), account))),
            &|| {
                let read = Policy::parse(black_box(&text), PolicyKind::Any, Strictness::Observed);
                drop(black_box(read.unwrap().canonical(account).bytes()));
            },
        ];
        for (question, slowest) in questions.iter().zip(&mut slowest) {
            // The best of three: what it costs, not what the machine does besides.
            let took = (0..3).map(|_| {
                let begin = Instant::now();
                question();
                begin.elapsed()
            });
            *slowest = (took.min().unwrap_or_default(), name).max(*slowest);
        }
    }
    println!("worst documents of {bytes} bytes (canonical form: {steps} of {BUDGET} steps)");
    for (question, (took, name)) in
        ["compare", "contains", "diff", "fingerprint"].into_iter().zip(slowest)
    {
        let name = format!("{question}: {name}");
        println!("{name:<62} {:>10.1} µs   (goal {:>6.0} µs)", micros(took), micros(goal));
    }
}
