//! `rolewright policy diff`: what changed between two documents, and whether it widens or narrows
//! access.

use std::path::PathBuf;

use super::{compare::partition, pair};
use crate::cli::{
    input::Input,
    output::{Answer, Format, Ordered, OutputArgs, Paint, Tone},
};
use iam::{account::Account, policy::diff::Diff};

/// What stands below the flags.
pub const HELP: &str = "\
Each line is a statement that was added (+), removed (-) or changed (~), and \
what that does to access. Statements are matched by Sid, or else by \
similarity. Changes without an effect, such as the order of statements or a \
Sid, are not listed. The last lines say what the whole change does, with an \
example request.

  rolewright policy diff before.json after.yaml

Exit code: 0 no change, 1 changes, 2 the input can't be used.";

/// Arguments of `policy diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The old document, JSON or YAML. - is standard input
    #[arg(value_name = "A")]
    old: PathBuf,
    /// The new document, JSON or YAML. - is standard input
    #[arg(value_name = "B")]
    new: PathBuf,
    /// Partition in which an account id equals its root ARN
    #[arg(long, value_name = "PARTITION", default_value = "aws", value_parser = partition)]
    partition: Account,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prints the changes.
///
/// # Errors
/// An input that can't be read.
pub fn run(args: &Args, input: &mut Input<'_>, paint: Paint) -> anyhow::Result<Answer> {
    let (old, new) = match pair(input, &args.old, &args.new)? {
        Ok(pair) => pair,
        Err(refused) => return Ok(refused),
    };
    let diff = Diff::between(&old, &new, &args.partition);
    let code = u8::from(!diff.is_empty());
    if args.output.format == Format::Json {
        return Ok(Answer::json(&Ordered(&diff.to_node()), code)?);
    }
    let mut text = String::new();
    for line in diff.to_string().lines() {
        let tone = match line.chars().next() {
            Some('+') => Some(Tone::Good),
            Some('-') => Some(Tone::Bad),
            Some('~') => Some(Tone::Careful),
            _ => None,
        };
        text.push_str(&tone.map_or_else(|| line.to_owned(), |tone| paint.word(line, tone)));
        text.push('\n');
    }
    Ok(Answer::new(text, code))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{document, line};
    use super::*;

    const GET: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

    fn diff(a: &str, b: &str, flags: &[&str]) -> Answer {
        let (a, b) = (document(a), document(b));
        let args = line::<Args>(&[a.path().to_str().unwrap(), b.path().to_str().unwrap()], flags);
        run(&args, &mut Input::new(std::io::empty()), Paint::PLAIN).unwrap()
    }

    #[test]
    fn the_code_tells_whether_anything_changed() {
        assert_eq!(diff(GET, GET, &[]), Answer::new(String::new(), 0));
        let changed = diff(GET, &GET.replace("GetObject", "*"), &[]);
        assert_eq!(changed.code, 1);
        assert_eq!(
            changed.text,
            "~ statement A: Action + s3:* - s3:GetObject (widens)\nin all: widens\n\
             new access, for example: s3:zz9 on zz9, by statement 0 of the new document\n"
        );
        let refused = diff(GET, "Statement: []", &[]);
        assert_eq!((refused.code, refused.text.as_str()), (2, ""));
        assert!(refused.notes[0].contains("Statement is empty"), "{refused:?}");
    }

    #[test]
    fn json_tells_the_same() {
        let found = diff(GET, &GET.replace("GetObject", "*"), &["-o", "json"]);
        let value: serde_json::Value = serde_json::from_str(&found.text).unwrap();
        assert_eq!(
            (found.code, &value["widens"], &value["narrows"]),
            (1, &true.into(), &false.into())
        );
        let request = iam::policy::evaluate::Request::read(&value["newAccess"].to_string());
        assert_eq!(request.unwrap().action, "s3:zz9");
        assert_eq!(value["newAccessStatement"], 0);
        let change = &value["statements"][0];
        assert_eq!(change["change"], "changed");
        assert_eq!(change["elements"][0]["element"], "Action");
        assert_eq!(change["elements"][0]["added"], serde_json::json!(["s3:*"]));
        assert_eq!(change["new"]["statement"]["Sid"], "A");
    }
}
