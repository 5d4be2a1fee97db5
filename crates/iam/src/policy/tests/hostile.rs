//! Documents that are slow, each in a way of its own: what the tests and `make bench` hold to the
//! budget. Nothing but the standard library, because both read this file.

fn list(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    format!("[{}]", quoted.join(","))
}

fn statement(actions: &str, resources: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}"#)
}

fn under(condition: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}"#)
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// As many as fit in so many bytes.
fn fitting(bytes: usize, one: impl Fn(usize) -> String) -> Vec<String> {
    let mut left = bytes.saturating_sub(200);
    let mut items = Vec::new();
    for item in (0..).map(one) {
        if item.len() + 3 > left {
            break;
        }
        left -= item.len() + 3;
        items.push(item);
    }
    items
}

/// Such documents of about so many bytes, each with a name.
pub fn documents(bytes: usize) -> Vec<(&'static str, String)> {
    let of = |actions: &[String]| document(&[statement(&list(actions), "\"*\"")]);
    let on = |resources: &[String]| document(&[statement("\"s3:Get*\"", &list(resources))]);
    let stars = |n: usize| format!("\"s3:*{}*a*b?c*{n}*\"", n % 7);
    let a = |count: usize| "a".repeat(count);
    let half = |letter: &str| list(&fitting(bytes / 2, |n| format!("{letter}{n}")));
    let product = |n: usize| statement(&stars(n), &format!("\"*r{n}*\""));
    vec![
        (
            "names with wildcards",
            of(&fitting(bytes, |n| {
                let verb = ["Get", "List", "Put", "Delete", "Describe"][n % 5];
                format!("s3:*{verb}*Thing{n}*By{}*", n % 9)
            })),
        ),
        ("one letter", of(&fitting(bytes, |n| format!("*:{}*{}b", a(n % 40), a(40))))),
        ("one letter, any", of(&fitting(bytes, |n| format!("*:{}a{n}", "?a*".repeat(n % 30))))),
        (
            "two letters",
            of(&fitting(bytes, |n| {
                format!("*:*{}*", format!("{n:012b}").replace('0', "a").replace('1', "b"))
            })),
        ),
        ("question marks", of(&fitting(bytes, |n| format!("s3:*a{}*b{n}", "?".repeat(n % 60))))),
        ("long actions", of(&fitting(bytes, |n| format!("s3:*{}*{n}", "ab*".repeat(60))))),
        ("short actions", of(&fitting(bytes, |n| format!("*:{n}*")))),
        ("long resources", on(&fitting(bytes, |n| format!("arn:*{}{n}*", "a*b".repeat(70))))),
        ("resources", on(&fitting(bytes, |n| format!("*a?{}*{n}", a(n % 50))))),
        ("statements", document(&fitting(bytes, |n| statement(&stars(n), &format!("\"r{n}*\""))))),
        (
            "statements on one resource",
            document(&fitting(bytes, |n| statement(&stars(n), "\"*\""))),
        ),
        (
            "denies",
            document(&fitting(bytes, |n| product(n).replace("Allow", ["Allow", "Deny"][n % 2]))),
        ),
        (
            "exceptions",
            document(&fitting(bytes, |n| {
                product(n)
                    .replace("Allow", ["Allow", "Deny"][n % 2])
                    .replace("\"Action", ["\"NotAction", "\"Action"][n / 2 % 2])
                    .replace("\"Resource", ["\"NotResource", "\"Resource"][n / 4 % 2])
            })),
        ),
        (
            "values",
            document(&[under(&format!(
                r#""StringLike":{{"k":{}}}"#,
                list(&fitting(bytes, |n| format!("*{n}a*b{}", a(n % 20))))
            ))]),
        ),
        (
            "numbers",
            document(&[under(&format!(
                r#""NumericLessThan":{{"k":{}}}"#,
                list(&fitting(bytes, |n| format!("{n}e9")))
            ))]),
        ),
        (
            "keys",
            document(&[under(&format!(
                r#""StringEquals":{{{}}}"#,
                fitting(bytes, |n| format!("\"k:{n}\":\"v\"")).join(",")
            ))]),
        ),
        (
            "conditions",
            document(&fitting(bytes, |n| {
                under(&format!(r#""StringLike":{{"k":["*{n}*","a*{n}"]}}"#))
            })),
        ),
        ("a product", document(&[statement(&half("s3:a"), &half("r"))])),
        ("a product of wildcards", document(&[statement(&half("s3:*a"), &half("*r"))])),
    ]
}
