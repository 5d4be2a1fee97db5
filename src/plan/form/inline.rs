//! One inline policy, typed or pasted, to a document of the IAM language.

use crate::{
    api::kinds::iam_role::InlinePolicy,
    plan::{
        form::{literal::Literal, observed::RolePart, trust},
        scope::problems::{FORM, refused},
    },
};
use iam::{
    account::Account,
    finding::{Field, Finding},
    limits as quota,
    placeholder::Filling,
    policy::{NumberRule, Policy, PolicyKind},
    text::node::Node,
};

/// The document of the inline policy at `field`; `document` is what is pasted there. What it said
/// while braces had no meaning goes to `literal`.
///
/// # Errors
/// Every problem with it.
pub fn compile(
    inline: &InlinePolicy,
    document: Option<&Node>,
    field: &Field,
    account: &Account,
    literal: &mut Literal,
) -> Result<Policy, Vec<Finding>> {
    let mut filling = Filling::new(account);
    let mut before = Filling::as_before(account);
    let (parsed, former) = match (&inline.statements, document) {
        (Some(statements), None) => {
            let problems = trust::statement_problems(statements, field);
            if !problems.is_empty() {
                return Err(problems);
            }
            let policy = trust::identity_policy(statements, field, &mut filling);
            let former = (!filling.replaced.is_empty())
                .then(|| trust::identity_policy(statements, field, &mut before));
            // Typed statements obey the same grammar as pasted documents.
            let statements = field.name("statements");
            let place = |finding| trust::typed(finding, field, |n| Some(statements.item(n)));
            let checked = policy.check(PolicyKind::Identity).map(|()| policy);
            (checked.map_err(|found| found.into_iter().map(place).collect()), former)
        }
        (None, Some(document)) => {
            let field = field.name("document");
            if document.to_text().len() > quota::DOCUMENT.bytes {
                return Err(vec![refused(FORM, &field, "is longer than 64 KiB", "shorten it")]);
            }
            let read = |document: &Node| {
                Policy::from_node(document, PolicyKind::Identity, NumberRule::ShortIntegers)
            };
            let place = |found: Vec<Finding>| {
                found.into_iter().map(|finding| finding.within(&field)).collect::<Vec<_>>()
            };
            let parsed = read(&filling.document(document)).map_err(place);
            filling.problems = place(filling.problems);
            for replaced in &mut filling.replaced {
                replaced.field = replaced.field.within(&field);
            }
            let former = if filling.replaced.is_empty() { None } else { read(document).ok() };
            (parsed, former)
        }
        _ => {
            let message = "set exactly one of statements and document";
            return Err(vec![refused(FORM, field, message, "")]);
        }
    };
    if !filling.problems.is_empty() {
        return Err(filling
            .problems
            .into_iter()
            .chain(parsed.err().into_iter().flatten())
            .collect());
    }
    if let Some(former) = former {
        literal.add(RolePart::Inline(inline.name.clone()), former, filling.replaced);
    }
    parsed
}
