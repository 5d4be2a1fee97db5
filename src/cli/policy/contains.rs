//! `rolewright policy contains`: whether a document allows nothing that another does not.

use std::path::PathBuf;

use super::pair;
use crate::cli::{
    input::Input,
    output::{Answer, Format, Ordered, OutputArgs, Paint, Tone},
};
use iam::{
    policy::{
        contain::{Containment, contains},
        diff::request_node,
    },
    text::node::Node,
};

/// What stands below the flags.
pub const HELP: &str = "\
The first line is the answer:

  NoNewAccess  proven: everything that NEW allows, OLD allows too
  NewAccess    NEW allows the request on the next line, and OLD does not
  Unknown      neither could be shown, for the reason on the next line;
               treat it as new access

Each document is evaluated alone: as a role's only policy, or as its trust \
policy.

  rolewright policy contains reviewed.json proposed.yaml

Exit code: 0 NoNewAccess, 1 NewAccess, 3 Unknown, 2 the input can't be used.";

/// Arguments of `policy contains`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The document to stay within, JSON or YAML. - is standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The document in question, JSON or YAML. - is standard input
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prints the answer.
///
/// # Errors
/// An input that can't be read.
pub fn run(args: &Args, input: &mut Input<'_>, paint: Paint) -> anyhow::Result<Answer> {
    let (old, new) = match pair(input, &args.old, &args.new)? {
        Ok(pair) => pair,
        Err(refused) => return Ok(refused),
    };
    let number = |index: usize| Node::Number(index.to_string());
    let (word, tone, code, line, detail) = match contains(&old, &new) {
        Containment::NoNewAccess => ("NoNewAccess", Tone::Good, 0, String::new(), Vec::new()),
        Containment::NewAccess(witness) => {
            let line = format!("for example {witness} of the new document\n");
            let request = request_node(&witness);
            let detail = vec![("witness", request), ("statement", number(witness.statement))];
            ("NewAccess", Tone::Bad, 1, line, detail)
        }
        Containment::Unknown(doubt) => {
            let why = [
                ("statement".to_owned(), number(doubt.statement)),
                ("why".to_owned(), Node::String(doubt.why.clone())),
            ];
            let detail = vec![("doubt", Node::Object(why.into()))];
            ("Unknown", Tone::Careful, 3, format!("{doubt}\n"), detail)
        }
    };
    if args.output.format == Format::Json {
        let mut members = vec![("answer".to_owned(), Node::String(word.to_owned()))];
        members.extend(detail.into_iter().map(|(key, node)| (key.to_owned(), node)));
        return Ok(Answer::json(&Ordered(&Node::Object(members)), code)?);
    }
    Ok(Answer::new(format!("{}\n{line}", paint.word(word, tone)), code))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use iam::policy::evaluate::Request;

    use super::super::tests::{document, line};
    use super::*;

    fn policy(action: &str, condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:s3:::b/*"{condition}}}]}}"#
        )
    }

    fn answer(old: &str, new: &str, flags: &[&str]) -> Answer {
        let (old, new) = (document(old), document(new));
        let args =
            line::<Args>(&[old.path().to_str().unwrap(), new.path().to_str().unwrap()], flags);
        run(&args, &mut Input::new(std::io::empty()), Paint::PLAIN).unwrap()
    }

    const USER: &str = r#","Condition":{"StringEquals":{"k":"${aws:username}"}}"#;
    const ID: &str = r#","Condition":{"StringEquals":{"k":"${aws:userid}"}}"#;

    /// Two statements that together cover the third document.
    const BOTH: &str = r#","Condition":{"NumericLessThan":{"n":"5"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"NumericGreaterThanEquals":{"n":"5"}}"#;
    const ABOVE: &str = r#","Condition":{"NumericGreaterThan":{"n":"0"}}"#;

    #[rstest]
    #[case("s3:*", "", "s3:GetObject", "", "NoNewAccess", 0, "")]
    #[case(
        "s3:GetObject",
        "",
        "s3:PutObject",
        "",
        "NewAccess",
        1,
        "for example s3:putobject on arn:aws:s3:::b/zz9"
    )]
    #[case(
        "s3:GetObject",
        USER,
        "s3:GetObject",
        ID,
        "NewAccess",
        1,
        "for example s3:getobject on arn:aws:s3:::b/zz9 with aws:userid"
    )]
    #[case(
        "s3:GetObject",
        BOTH,
        "s3:GetObject",
        ABOVE,
        "Unknown",
        3,
        "statement 0: whether its conditions"
    )]
    fn the_first_line_is_the_answer_and_the_code_says_it(
        #[case] old: &str,
        #[case] old_condition: &str,
        #[case] new: &str,
        #[case] new_condition: &str,
        #[case] word: &str,
        #[case] code: u8,
        #[case] second: &str,
    ) {
        let (old, new) = (policy(old, old_condition), policy(new, new_condition));
        let found = answer(&old, &new, &[]);
        assert_eq!((found.text.lines().next(), found.code), (Some(word), code), "{found:?}");
        assert!(found.text.lines().nth(1).unwrap_or_default().starts_with(second), "{found:?}");
        let json: serde_json::Value =
            serde_json::from_str(&answer(&old, &new, &["-o", "json"]).text).unwrap();
        assert_eq!(json["answer"], word);
        assert_eq!(json["witness"].is_object(), code == 1);
        assert_eq!(json["statement"].is_u64(), code == 1);
        assert_eq!(json["doubt"]["why"].is_string(), code == 3);
    }

    #[test]
    fn the_witness_is_a_request_for_eval() {
        let trust = |who: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{{who}}},"Condition":{{"ForAnyValue:StringEquals":{{"k":["a","b"]}}}}}}}}"#
            )
        };
        let pairs = [
            (trust(r#""Service":"ec2.amazonaws.com""#), trust(r#""AWS":"123456789012""#)),
            (policy("s3:GetObject", ""), policy("s3:PutObject", USER)),
        ];
        for (old, new) in pairs {
            let json: serde_json::Value =
                serde_json::from_str(&answer(&old, &new, &["-o", "json"]).text).unwrap();
            let request = Request::read(&json["witness"].to_string());
            assert!(request.is_ok(), "{json}: {request:?}");
        }
    }

    #[test]
    fn an_invalid_document_has_no_answer() {
        let found = answer(&policy("s3:*", ""), &policy("s3:*", r#","Effect":"Deny""#), &[]);
        assert_eq!((found.code, found.text.as_str(), found.notes.len()), (2, "", 1));
    }
}
