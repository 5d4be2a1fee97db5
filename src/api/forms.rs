//! The forms that texts of a spec have, each with what to say of a text that has another one. The
//! types give the regular expression (`pattern`); from this table follow the rule of the API server
//! and the words of the controller and of the command line.
//!
//! No `pattern` stays in the CRD: the API server would answer with the regular expression itself,
//! and look at no rule before that is mended.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, ValidationRule,
};

/// One form.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) struct Form {
    /// For RE2 and for our own check alike; without `'`.
    pub(in crate::api) pattern: &'static str,
    /// Stands behind "is".
    pub(in crate::api) mistake: &'static str,
    /// What to write.
    pub(in crate::api) remedy: &'static str,
}

/// A point in time, as `format: date-time` has it; that one the API server would tell in its own
/// words, before any rule.
pub(in crate::api) const TIME: Form = Form {
    pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?\
        (Z|[+-][0-9]{2}:[0-9]{2})$",
    mistake: "not a time",
    remedy: "write it like 2027-03-31T00:00:00Z",
};

/// All of them.
pub(in crate::api) const FORMS: [Form; 28] = [
    TIME,
    Form {
        pattern: "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
        mistake: "not a length of time",
        remedy: "write days, hours, minutes and seconds in this order, such as 30d, 72h or 1h30m",
    },
    Form {
        pattern: r"^[\t\n\r\x20-\x7e\xa1-\xff]*$",
        mistake: "not a text that IAM takes",
        remedy: "write letters of Latin-1, without typographic quotes, long dashes and emoji",
    },
    Form {
        pattern: "^/([.]*[A-Za-z0-9,+@=_-][A-Za-z0-9.,+@=_-]*/)*$",
        mistake: "not a path",
        remedy: "begin and end it with /, as /team-a/, with letters, digits and .,+@=_- between, \
            and no part of dots only",
    },
    Form {
        pattern: "^[A-Za-z0-9_+=,.@-]+$",
        mistake: "not a name that IAM takes",
        remedy: "write letters, digits and _+=,.@- only",
    },
    Form {
        pattern: "^[A-Za-z0-9]+$",
        mistake: "not a statement id",
        remedy: "write letters and digits only",
    },
    Form {
        pattern: r"^arn:(\{partition\}|aws[a-z-]*):iam::(\{accountId\}|[0-9]{12}|aws):policy/([.]*[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,.@-]*/)*[A-Za-z0-9_+=,.@-]+$",
        mistake: "not the ARN of a managed policy",
        remedy: "write arn:{partition}:iam::aws:policy/NAME for one of AWS, \
            arn:{partition}:iam::{accountId}:policy/NAME for one of the account",
    },
    Form {
        pattern: r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
        mistake: "not a value that IAM takes",
        remedy: "write letters, digits, spaces and _.:/=+-@ only",
    },
    Form {
        pattern: "^[A-Za-z0-9_-]+$",
        mistake: "not a user or organization of GitHub",
        remedy: "write one name such as myorg, without the repository and without *",
    },
    Form { pattern: "^[0-9]+$", mistake: "not an id", remedy: "write its digits in quotes" },
    Form {
        pattern: "^refs/(heads|tags)/.+$",
        mistake: "not the full name of a branch or tag",
        remedy: "write refs/heads/NAME for a branch, refs/tags/NAME for a tag; for pull requests \
            pullRequests: true",
    },
    Form {
        pattern: "^[A-Za-z0-9._-]+$",
        mistake: "not a repository of GitHub",
        remedy: "write one name such as billing, without * and without the owner, who stands in \
            owner",
    },
    Form {
        pattern: "^[A-Za-z0-9._-]+(@[0-9]+)?$",
        mistake: "not a repository of GitHub",
        remedy: "write NAME or NAME@ID, without * and without the owner, who stands in owner",
    },
    Form {
        pattern: "^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/[.]github/workflows/[^/@*]+[.]ya?ml@.+$",
        mistake: "not a reusable workflow",
        remedy: "write OWNER/REPOSITORY/.github/workflows/FILE.yml@refs/heads/NAME, \
            @refs/tags/NAME or @COMMIT",
    },
    Form {
        pattern: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        mistake: "not a host",
        remedy: "write a name such as gitlab.example.com, in lower case, without https:// and path",
    },
    Form {
        pattern: "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
        mistake: "not the path of one project",
        remedy: "write GROUP/PROJECT, with all groups and without *",
    },
    Form {
        pattern: "^[^*?$]+$",
        mistake: "not an exact audience",
        remedy: "write it without *, ? and $",
    },
    Form {
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        mistake: "not the name of a grant",
        remedy: "write lower-case letters, digits and -, with a letter or digit at both ends",
    },
    Form {
        pattern: "^(https://|arn:).+$",
        mistake: "not an issuer",
        remedy: "write https://HOST/PATH, or the ARN of an identity provider of the account",
    },
    Form {
        pattern: r"^arn:[^*?]+:cluster/[A-Za-z0-9_-]+$",
        mistake: "not the ARN of one EKS cluster",
        remedy: "write arn:{partition}:eks:REGION:{accountId}:cluster/NAME, without wildcards",
    },
    Form {
        pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9*])?$",
        mistake: "not the name of a service account",
        remedy: "write lower-case letters, digits, - and ., without the namespace; a * may stand \
            at the end, as in provider-aws-*",
    },
    Form {
        pattern: "^[0-9]{12}$",
        mistake: "not an account id",
        remedy: "write its 12 digits in quotes",
    },
    Form {
        pattern: "^arn:[^*?]+(SSO_[^*?/]+_[*])?$",
        mistake: "not the ARN of one role or user",
        remedy: "write arn:{partition}:iam::{accountId}:role/NAME, without wildcards; only the end \
            of .../AWSReservedSSO_NAME_* may be open",
    },
    Form {
        pattern: "^[A-Za-z0-9_+=,.@:/-]+$",
        mistake: "not an external id",
        remedy: "write letters, digits and _+=,.@:/- only",
    },
    Form {
        pattern: "^o-[a-z0-9]{10,32}$",
        mistake: "not the id of an organization",
        remedy: "write o- and 10 to 32 lower-case letters and digits, such as o-a1b2c3d4e5",
    },
    Form {
        pattern: r"^arn:(\{partition\}|aws[a-z-]*):iam::(\{accountId\}|[0-9]{12}):saml-provider/[A-Za-z0-9._-]+$",
        mistake: "not the ARN of a SAML provider",
        remedy: "write arn:{partition}:iam::{accountId}:saml-provider/NAME",
    },
    Form {
        pattern: r"^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$",
        mistake: "not a service principal",
        remedy: "write its full name, such as lambda.amazonaws.com",
    },
    Form { pattern: "^arn:", mistake: "not an ARN", remedy: "write the whole of it, from arn: on" },
];

impl Form {
    /// As the API server checks it. A time must be one of the calendar, too: else the rule can't be
    /// evaluated, and the API server says so with the same message.
    fn rule(&self) -> String {
        let form = format!("self.matches(r'{}')", self.pattern);
        if *self == TIME { format!("{form} && timestamp(self) == timestamp(self)") } else { form }
    }

    fn message(&self) -> String {
        format!("{}: {}", self.mistake, self.remedy)
    }

    /// The form that a schema asks for.
    pub(in crate::api) fn of(schema: &JSONSchemaProps) -> Option<&'static Self> {
        let rules = schema.x_kubernetes_validations.as_deref().unwrap_or_default();
        FORMS.iter().find(|form| rules.iter().any(|rule| rule.rule == form.rule()))
    }

    /// Makes a rule of the pattern of a schema, ahead of its other rules. A pattern that is not in
    /// the table stays.
    pub(in crate::api) fn say(schema: &mut JSONSchemaProps) {
        let known = |pattern: &String| FORMS.iter().find(|form| form.pattern == *pattern);
        let Some(form) = schema.pattern.as_ref().and_then(known) else { return };
        (schema.pattern, schema.format) = (None, None);
        let rule = ValidationRule {
            rule: form.rule(),
            message: Some(form.message()),
            ..ValidationRule::default()
        };
        schema.x_kubernetes_validations.get_or_insert_default().insert(0, rule);
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn each_form_is_told_apart_and_can_stand_in_a_rule() {
        for (n, form) in FORMS.iter().enumerate() {
            Regex::new(form.pattern).expect("a regular expression");
            assert!(!form.pattern.contains('\''), "{form:?} ends the text of a rule");
            assert!(!form.message().contains(['\n', '\\']), "{form:?}");
            let patterns = FORMS.iter().filter(|other| other.pattern == form.pattern);
            assert_eq!(patterns.count(), 1, "{n}: {form:?}");
            // Words for people, and something to do.
            assert!(form.mistake.starts_with("not "), "{form:?}");
            assert!(form.remedy.starts_with("write ") || form.remedy.starts_with("begin "));
        }
    }

    #[test]
    fn a_pattern_becomes_the_first_rule_and_is_found_again() {
        let later = ValidationRule { rule: "true".into(), ..ValidationRule::default() };
        for form in &FORMS {
            let mut schema = JSONSchemaProps {
                pattern: Some(form.pattern.into()),
                x_kubernetes_validations: Some(vec![later.clone()]),
                ..JSONSchemaProps::default()
            };
            assert_eq!(Form::of(&schema), None);
            Form::say(&mut schema);
            assert_eq!(schema.pattern, None);
            assert_eq!(Form::of(&schema), Some(form));
            let rules = schema.x_kubernetes_validations.unwrap_or_default();
            assert!(rules[0].rule.contains(form.pattern) && rules[1] == later);
        }
        let mut unknown = JSONSchemaProps { pattern: Some("^x$".into()), ..Default::default() };
        Form::say(&mut unknown);
        assert_eq!(unknown.pattern.as_deref(), Some("^x$"));
    }
}
