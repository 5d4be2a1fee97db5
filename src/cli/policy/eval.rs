//! `rolewright policy eval`: whether the documents of a role allow a request.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::{
    input::{self, Input},
    output::{Answer, Format, OutputArgs, Paint, Tone},
};
use iam::policy::{
    Policy, PolicyKind, Strictness,
    evaluate::{Decision, Documents, Evaluation, Request, evaluate},
};

/// What stands below the flags.
pub const HELP: &str = "\
Documents and the request are JSON or YAML. The request has an action, and a \
resource, principal and context where they matter:

  {\"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::b/k\",
   \"context\": {\"aws:PrincipalTag/team\": \"blue\"}}
  {\"action\": \"sts:AssumeRole\",
   \"principal\": {\"AWS\": \"arn:aws:iam::123456789012:role/ci\"}}

Only the context in the request is known; nothing is added. With --trust, the \
trust policy alone decides about sts:Assume… actions, and a trusted account \
counts as allowed whatever its own policies say.

Exit code: 0 allowed, 1 denied, 2 the input can't be used.";

/// Arguments of `policy eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Identity policy of the role; repeat it for several. - is standard input
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Permissions boundary of the role
    #[arg(long, value_name = "FILE")]
    permissions_boundary: Option<PathBuf>,
    /// Trust policy of the role
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The request itself, beginning with {, or a file; - is standard input
    #[arg(long, value_name = "REQUEST")]
    request: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Printed<'a> {
    decision: &'static str,
    statement: Option<PrintedStatement<'a>>,
    because: &'a [String],
}

#[derive(Serialize)]
struct PrintedStatement<'a> {
    document: &'a str,
    index: usize,
    sid: Option<&'a str>,
}

/// Evaluates the request.
///
/// # Errors
/// An input that can't be read.
pub fn run(args: &Args, input: &mut Input<'_>, paint: Paint) -> anyhow::Result<Answer> {
    let mut notes = Vec::new();
    let mut policies = Vec::new();
    for path in &Input::files(&args.policy)? {
        policies.extend(document(input, path, PolicyKind::Identity, &mut notes)?);
    }
    let boundary = args
        .permissions_boundary
        .as_deref()
        .map(|path| document(input, path, PolicyKind::Boundary, &mut notes))
        .transpose()?;
    let trust = args
        .trust
        .as_deref()
        .map(|path| document(input, path, PolicyKind::Trust, &mut notes))
        .transpose()?;
    let (boundary, trust) = (boundary.flatten(), trust.flatten());
    let (name, text) = if args.request.trim_start().starts_with('{') {
        ("--request".to_owned(), args.request.clone())
    } else {
        let source = input.read(Path::new(&args.request), input::DOCUMENT)?;
        (source.name, source.text)
    };
    let request = match Request::read(&text) {
        Ok(request) if notes.is_empty() => request,
        Ok(_) => return Ok(Answer::refused(notes)),
        Err(error) => {
            notes.push(format!("{name}: {error}"));
            return Ok(Answer::refused(notes));
        }
    };
    let named: Vec<(&str, &Policy)> =
        policies.iter().map(|(name, policy)| (name.as_str(), policy)).collect();
    let documents = Documents {
        policies: &named,
        boundary: boundary.as_ref().map(|(_, policy)| policy),
        trust: trust.as_ref().map(|(_, policy)| policy),
    };
    match evaluate(&documents, &request) {
        Err(error) => Ok(Answer::refused(vec![error.to_string()])),
        Ok(found) => answer(&found, &documents, args.output.format, paint),
    }
}

/// A document with its name; what is wrong with it is noted.
fn document(
    input: &mut Input<'_>,
    path: &Path,
    kind: PolicyKind,
    notes: &mut Vec<String>,
) -> anyhow::Result<Option<(String, Policy)>> {
    let source = input.read(path, input::DOCUMENT)?;
    match Policy::read(&source.text, kind, Strictness::Desired) {
        Ok(policy) => Ok(Some((source.name, policy))),
        Err(problems) => {
            notes.extend(problems.iter().map(|problem| format!("{}: {problem}", source.name)));
            Ok(None)
        }
    }
}

fn answer(
    found: &Evaluation,
    documents: &Documents<'_>,
    format: Format,
    paint: Paint,
) -> anyhow::Result<Answer> {
    let Evaluation { decision, statement, because } = found;
    let (word, tone, code) = match decision {
        Decision::Allowed => ("Allowed", Tone::Good, 0),
        Decision::ImplicitlyDenied => ("ImplicitlyDenied", Tone::Careful, 1),
        Decision::ExplicitlyDenied => ("ExplicitlyDenied", Tone::Bad, 1),
    };
    if format == Format::Text {
        return Ok(Answer::new(
            format!("{}\n{}\n", paint.word(word, tone), because.join("\n")),
            code,
        ));
    }
    let statement = statement.as_ref().map(|(document, index)| {
        let policy = match document.as_str() {
            "boundary" => documents.boundary,
            "trust" => documents.trust,
            name => documents
                .policies
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, policy)| *policy),
        };
        let sid = policy
            .and_then(|policy| policy.statements.get(*index))
            .and_then(|found| found.sid.as_deref());
        PrintedStatement { document, index: *index, sid }
    });
    Ok(Answer::json(&Printed { decision: word, statement, because }, code)?)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use clap::Parser;
    use rstest::rstest;
    use tempfile::NamedTempFile;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"Read","Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
    const EC2: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

    fn eval(flags: &[&str], standard: &str) -> Answer {
        let line = Line::parse_from([&["eval"], flags].concat());
        run(&line.args, &mut Input::new(standard.as_bytes()), Paint::PLAIN).unwrap()
    }

    #[rstest]
    #[case("--policy", READ, r#"{"action":"s3:GetObject","resource":"x"}"#, "Allowed", 0)]
    #[case("--policy", READ, r#"{"action":"s3:PutObject","resource":"x"}"#, "ImplicitlyDenied", 1)]
    #[case(
        "--permissions-boundary",
        READ,
        r#"{"action":"s3:GetObject","resource":"x"}"#,
        "ImplicitlyDenied",
        1
    )]
    #[case(
        "--trust",
        EC2,
        r#"{"action":"sts:AssumeRole","principal":{"Service":"ec2.amazonaws.com"}}"#,
        "Allowed",
        0
    )]
    #[case(
        "--trust",
        EC2,
        r#"{"action":"sts:AssumeRole","principal":{"Service":"ecs.amazonaws.com"}}"#,
        "ImplicitlyDenied",
        1
    )]
    fn the_first_line_is_the_decision_and_the_code_says_it(
        #[case] flag: &str,
        #[case] document: &str,
        #[case] request: &str,
        #[case] first: &str,
        #[case] code: u8,
    ) {
        let file = file(document);
        let path = file.path().to_str().unwrap();
        let found = eval(&[flag, path, "--request", request], "");
        assert_eq!((found.text.lines().next(), found.code), (Some(first), code), "{found:?}");
        assert!(found.text.lines().count() > 1 && found.notes.is_empty());
        let same = eval(&[flag, "-", "--request", request], document);
        assert_eq!((same.text.lines().next(), same.code), (Some(first), code));
    }

    #[test]
    fn documents_and_requests_are_yaml_too() {
        let policy = "Version: 2012-10-17\nStatement:\n- Effect: Allow\n  Action: s3:Get*\n  \
            Resource: '*'\n";
        let request = file("action: s3:GetObject # to read\nresource: x\n");
        let found = eval(&["--policy", "-", "--request", request.path().to_str().unwrap()], policy);
        assert_eq!((found.text.lines().next(), found.code), (Some("Allowed"), 0), "{found:?}");
        let found =
            eval(&["--policy", "-", "--request", "{action: s3:PutObject, resource: x}"], policy);
        assert_eq!(
            (found.text.lines().next(), found.code),
            (Some("ImplicitlyDenied"), 1),
            "{found:?}"
        );
    }

    #[test]
    fn a_problem_is_told_with_file_line_and_column() {
        let found = eval(
            &["--policy", "-", "--request", "{action: a:b}"],
            "Statement:\n- Effect: Allow\n  Acton: a:b\n",
        );
        let first = "standard input: line 3, column 3, at /Statement/0/Acton: a statement has no \
            element \"Acton\"";
        assert!(found.notes[0].starts_with(first), "{found:?}");
    }

    #[test]
    fn json_names_the_statement() {
        let found = eval(
            &[
                "--policy",
                "-",
                "-o",
                "json",
                "--request",
                r#"{"action":"s3:GetObject","resource":"x"}"#,
            ],
            READ,
        );
        let value: serde_json::Value = serde_json::from_str(&found.text).unwrap();
        assert_eq!(value["decision"], "Allowed");
        let statement =
            serde_json::json!({"document": "standard input", "index": 0, "sid": "Read"});
        assert_eq!(value["statement"], statement);
        assert_eq!(
            value["because"],
            serde_json::json!(["standard input, statement 0 (Read) allows it"])
        );
    }

    #[rstest]
    #[case("{}", r#"{"action":"s3:GetObject"}"#, "needs Statement")]
    #[case("{", r#"{"action":"s3:GetObject"}"#, "line 1")]
    #[case(READ, r#"{"actions":"s3:GetObject"}"#, "did you mean \"action\"?")]
    #[case(EC2, r#"{"action":"s3:GetObject"}"#, "Principal")]
    fn unusable_input_is_told_with_its_name_and_code_2(
        #[case] policy: &str,
        #[case] request: &str,
        #[case] problem: &str,
    ) {
        let found = eval(&["--policy", "-", "--request", request], policy);
        assert_eq!((found.code, found.text.as_str()), (2, ""));
        assert!(found.notes.iter().any(|note| note.contains(problem)), "{found:?}");
    }

    #[test]
    fn standard_input_is_read_once_and_a_missing_file_is_an_error() {
        let line = Line::parse_from(["eval", "--policy", "-", "--request", "-"]);
        let error = run(&line.args, &mut Input::new(READ.as_bytes()), Paint::PLAIN).unwrap_err();
        assert!(error.to_string().contains("only once"));
        let line = Line::parse_from(["eval", "--request", "/no/such/file"]);
        assert!(run(&line.args, &mut Input::new(io::empty()), Paint::PLAIN).is_err());
    }
}
