//! `rolewright policy compare`: whether two documents mean the same, as the controller decides it.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::{
    input::{self, Input},
    output::{Answer, Format, OutputArgs, Paint, Tone},
};
use iam::{
    account::{Account, AccountError},
    policy::{
        Equality, PolicyKind,
        reasons::{Comparison, Reason, explain},
    },
};

/// What stands below the flags.
pub const HELP: &str = "\
The first line is the verdict, and the other lines are its reasons:

  Identical  the same document, apart from white space, order in lists, and
             single values in place of lists
  Cosmetic   differs only where AWS evaluates nothing, such as a Sid or the
             order of statements
  Different  means something else, or may do so
  Invalid    one of the two cannot be a document of a role

Without --kind, only the rules common to all kinds of documents apply.

  rolewright policy compare wanted.yaml observed.json --kind trust
  aws iam get-role-policy --role-name r --policy-name p \\
    --query PolicyDocument | rolewright policy compare wanted.json -

Exit code: 0 Identical or Cosmetic, 1 Different, 2 Invalid or not readable.";

/// Arguments of `policy compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The desired document, JSON or YAML. - is standard input
    #[arg(value_name = "A")]
    desired: PathBuf,
    /// The observed document: JSON, YAML, or percent-encoded as IAM returns it. - is standard input
    #[arg(value_name = "B")]
    observed: PathBuf,
    /// Kind of the documents: identity, trust or boundary
    #[arg(long, value_enum, value_name = "KIND", hide_possible_values = true)]
    kind: Option<KindArg>,
    /// Partition in which an account id equals its root ARN
    #[arg(long, value_name = "PARTITION", default_value = "aws", value_parser = partition)]
    partition: Account,
    #[command(flatten)]
    output: OutputArgs,
}

/// The kinds that a person can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum KindArg {
    Identity,
    Trust,
    Boundary,
}

impl From<KindArg> for PolicyKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Identity => Self::Identity,
            KindArg::Trust => Self::Trust,
            KindArg::Boundary => Self::Boundary,
        }
    }
}

/// An account in the partition: which one does not matter to a comparison.
pub(super) fn partition(text: &str) -> Result<Account, AccountError> {
    Account::new("123456789012", text)
}

#[derive(Serialize)]
struct Printed {
    verdict: &'static str,
    reasons: Vec<PrintedReason>,
}

#[derive(Serialize)]
struct PrintedReason {
    path: String,
    text: String,
}

/// Compares the documents.
///
/// # Errors
/// An input that can't be read.
pub fn run(args: &Args, input: &mut Input<'_>, paint: Paint) -> anyhow::Result<Answer> {
    let (desired, observed) =
        (input.read(&args.desired, input::DOCUMENT)?, input.read(&args.observed, input::DOCUMENT)?);
    let kind = args.kind.map_or(PolicyKind::Any, PolicyKind::from);
    let Comparison { verdict, reasons } =
        match explain(&desired.text, &observed.text, kind, &args.partition) {
            Ok(comparison) => comparison,
            Err(error) => {
                let name = if error.document == 'A' { desired.name } else { observed.name };
                return Ok(Answer::refused(vec![format!("{name}: {}", error.problem)]));
            }
        };
    let (word, tone, code) = match verdict {
        Equality::Identical => ("Identical", Tone::Good, 0),
        Equality::Cosmetic => ("Cosmetic", Tone::Good, 0),
        Equality::Different => ("Different", Tone::Careful, 1),
        Equality::Invalid => ("Invalid", Tone::Bad, 2),
    };
    if args.output.format == Format::Json {
        let reasons =
            reasons.into_iter().map(|Reason { path, text }| PrintedReason { path, text }).collect();
        return Ok(Answer::json(&Printed { verdict: word, reasons }, code)?);
    }
    let mut text = paint.word(word, tone) + "\n";
    for Reason { path, text: why } in reasons {
        let path = if path.is_empty() { "/".to_owned() } else { path };
        text.extend([path.as_str(), ": ", why.as_str(), "\n"]);
    }
    Ok(Answer::new(text, code))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{document, line};
    use super::*;

    const GET: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

    fn compare(a: &str, b: &str, flags: &[&str]) -> Answer {
        let (a, b) = (document(a), document(b));
        let args = line::<Args>(&[a.path().to_str().unwrap(), b.path().to_str().unwrap()], flags);
        run(&args, &mut Input::new(std::io::empty()), Paint::PLAIN).unwrap()
    }

    #[rstest]
    #[case(GET, GET, &[], "Identical", 0)]
    #[case(GET, "Version: 2012-10-17\nStatement: [{Sid: A, Effect: Allow, Action: [s3:GetObject], \
        Resource: '*'}]", &[], "Identical", 0)]
    #[case(
        GET,
        "%7B%22Version%22:%222012-10-17%22,%22Statement%22:\
         %7B%22Sid%22:%22A%22,%22Effect%22:%22Allow%22,\
         %22Action%22:%22s3:GetObject%22,%22Resource%22:%22*%22%7D%7D",
        &[],
        "Identical",
        0
    )]
    #[case(GET, &GET.replace("\"A\"", "\"B\""), &["--kind", "identity"], "Cosmetic", 0)]
    #[case(GET, &GET.replace("Get", "Put"), &[], "Different", 1)]
    #[case(GET, "", &[], "Invalid", 2)]
    #[case(GET, "[]", &[], "Invalid", 2)]
    #[case(GET, GET, &["--kind", "trust"], "Invalid", 2)]
    #[case(&GET.replace("Allow", "allow"), GET, &[], "Invalid", 2)]
    #[case(GET, &GET.replace("{\"Sid\"", "{\"Effect\":\"Deny\",\"Sid\""), &[], "Invalid", 2)]
    fn the_first_line_is_the_verdict_and_the_code_says_it(
        #[case] a: &str,
        #[case] b: &str,
        #[case] flags: &[&str],
        #[case] verdict: &str,
        #[case] code: u8,
    ) {
        let found = compare(a, b, flags);
        assert_eq!((found.text.lines().next(), found.code), (Some(verdict), code), "{found:?}");
        assert_eq!(found.text.lines().count() > 1, verdict != "Identical", "{found:?}");
        let json: serde_json::Value =
            serde_json::from_str(&compare(a, b, &[flags, &["-o", "json"]].concat()).text).unwrap();
        assert_eq!(json["verdict"], verdict);
        for reason in json["reasons"].as_array().unwrap() {
            assert!(reason["path"].is_string() && reason["text"].is_string(), "{reason}");
        }
    }

    #[test]
    fn what_is_neither_json_nor_yaml_has_no_verdict() {
        let found = compare(GET, "{\"Statement\": [}", &[]);
        assert_eq!((found.text.as_str(), found.code), ("", 2));
        assert!(found.notes[0].contains("line 1, column"), "{found:?}");
    }

    #[test]
    fn an_account_is_its_root_arn_in_the_partition_that_is_named() {
        let trust = |who: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{who}"}}}}}}"#
            )
        };
        let (id, root) = (trust("210987654321"), trust("arn:aws-cn:iam::210987654321:root"));
        assert_eq!(compare(&id, &root, &["--kind", "trust"]).code, 1);
        assert_eq!(compare(&id, &root, &["--kind", "trust", "--partition", "aws-cn"]).code, 0);
    }
}
