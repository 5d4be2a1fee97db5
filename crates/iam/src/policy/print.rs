//! Printing a policy: compact JSON, the same text for the same value.
//!
//! Elements in a fixed order, Version always, Id and Sid and Condition only when there, statements
//! always a list, a single value as a scalar: the shape in which AWS itself returns short lists.

use crate::limits::counted_size;
use crate::text::node::Node;

use crate::policy::document::{Policy, PrincipalSet, Scope, Statement};

impl Policy {
    /// The document as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_node().to_text()
    }

    /// The size of the document as AWS's quotas count it.
    #[must_use]
    pub fn size(&self) -> usize {
        counted_size(&self.to_json())
    }

    /// The document as a JSON value.
    #[must_use]
    pub fn to_node(&self) -> Node {
        let mut members = vec![("Version".to_owned(), text(self.version.as_str()))];
        if let Some(id) = &self.id {
            members.push(("Id".to_owned(), text(id)));
        }
        let statements = self.statements.iter().map(Statement::to_node).collect();
        members.push(("Statement".to_owned(), Node::Array(statements)));
        Node::Object(members)
    }
}

impl Statement {
    /// The statement as a JSON value.
    #[must_use]
    pub fn to_node(&self) -> Node {
        let Self { sid, effect, principals, actions, resources, conditions } = self;
        let mut members = Vec::new();
        if let Some(sid) = sid {
            members.push(("Sid".to_owned(), text(sid)));
        }
        members.push(("Effect".to_owned(), text(effect.as_str())));
        if let Some(principals) = principals {
            members.push(scoped("Principal", principals, principal_node));
        }
        members.push(scoped("Action", actions, |values| list(values)));
        if let Some(resources) = resources {
            members.push(scoped("Resource", resources, |values| list(values)));
        }
        if !conditions.is_empty() {
            let operators = conditions.iter().map(|(operator, keys)| {
                let keys = keys.iter().map(|(key, values)| (key.clone(), list(values))).collect();
                (operator.clone(), Node::Object(keys))
            });
            members.push(("Condition".to_owned(), Node::Object(operators.collect())));
        }
        Node::Object(members)
    }
}

fn scoped<T>(element: &str, scope: &Scope<T>, node: impl Fn(&T) -> Node) -> (String, Node) {
    let name = if scope.is_except() { format!("Not{element}") } else { element.to_owned() };
    (name, node(scope.content()))
}

fn principal_node(principals: &PrincipalSet) -> Node {
    match principals {
        PrincipalSet::Everyone => text("*"),
        PrincipalSet::Kinds(kinds) => Node::Object(
            kinds.iter().map(|(kind, values)| (kind.as_str().to_owned(), list(values))).collect(),
        ),
    }
}

fn list(values: &[String]) -> Node {
    match values {
        [single] => text(single),
        _ => Node::Array(values.iter().map(|value| text(value)).collect()),
    }
}

fn text(value: &str) -> Node {
    Node::String(value.to_owned())
}
