//! The IAM policies of the controller itself, as data: what the calls of `aws` need, and nothing
//! else.
//!
//! Which condition key an action knows is told by the service authorization reference, "Actions,
//! resources, and condition keys for AWS Identity and Access Management". Three fences stand one
//! behind the other: the path, the permissions boundary, and the tag that names the installation.

use crate::{
    account::Account,
    managed::ManagedPolicyRules,
    policy::{Policy, Scope, Statement},
    tag,
};

/// Reads. They know no narrower resource than `*`, or must not have one: for a role that does not
/// exist IAM knows no path, and answers `AccessDenied` instead of `NoSuchEntity` to a grant on a
/// path.
const READS: [&str; 11] = [
    "iam:GetAccountAuthorizationDetails",
    "iam:ListRoles",
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListInstanceProfilesForRole",
    "iam:GetOpenIDConnectProvider",
    "iam:GetSAMLProvider",
];

/// Every verb by which an action of IAM changes something.
const WRITES: [&str; 24] = [
    "iam:Accept*",
    "iam:Add*",
    "iam:Associate*",
    "iam:Attach*",
    "iam:Change*",
    "iam:Create*",
    "iam:Deactivate*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:Disable*",
    "iam:Enable*",
    "iam:Pass*",
    "iam:Put*",
    "iam:Reject*",
    "iam:Remove*",
    "iam:Reset*",
    "iam:Resync*",
    "iam:Send*",
    "iam:Set*",
    "iam:Tag*",
    "iam:Untag*",
    "iam:Update*",
    "iam:Upload*",
    "iam:Finalize*",
];

const BOUNDARY: &str = "iam:PermissionsBoundary";

/// What the writer's policy depends on: the settings of an installation.
#[derive(Clone, Copy, Debug)]
pub struct Installation<'a> {
    /// The account that it writes to.
    pub account: &'a Account,
    /// The path of all its roles, `/` or `/…/`.
    pub path: &'a str,
    /// ARN of the boundary that every role gets; `None` for `--permissions-boundary none`, which
    /// takes this fence away.
    pub boundary: Option<&'a str>,
    /// Its name; `None` for a policy that all installations of the account may share: then any name
    /// will do in the tag.
    pub name: Option<&'a str>,
    /// Policies that it may attach.
    pub managed: &'a ManagedPolicyRules,
}

/// The policy of somebody who looks and never writes.
#[must_use]
pub fn reader() -> Policy {
    Policy::new(vec![read()])
}

/// The policy of the controller.
#[must_use]
pub fn writer(installation: &Installation<'_>) -> Policy {
    let roles = installation.roles();
    let ours =
        |statement: Statement| installation.tagged(statement.on([&roles]), "aws:ResourceTag");
    let mut statements = vec![read()];
    let create = Statement::allow(["iam:CreateRole"]).named("CreateWithTheBoundary").on([&roles]);
    statements.push(installation.bounded(installation.tagged(create, "aws:RequestTag")));
    if installation.path != "/" {
        // AWS asks for TagRole too when CreateRole has tags. It lets an untagged role be taken, so
        // it needs a path of one's own.
        let tag = Statement::allow(["iam:TagRole"]).named("TagInsideCreateRole").on([&roles]);
        statements.push(installation.tagged(tag, "aws:RequestTag").when(
            "Null",
            &format!("aws:ResourceTag/{}", tag::INSTALLATION),
            ["true"],
        ));
    }
    // For PutRolePolicy and AttachRolePolicy the key is the boundary that the role has, for
    // PutRolePermissionsBoundary the one that is asked for.
    let grant = Statement::allow(["iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])
        .named("GrantBelowTheBoundary");
    statements.push(installation.bounded(ours(grant)));
    statements.extend(
        installation.attachable(ours(
            Statement::allow(["iam:AttachRolePolicy"]).named("AttachWhatIsListed"),
        )),
    );
    let mut changes = vec![
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UntagRole",
        "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
    ];
    let mut never = vec!["iam:PassRole"];
    // Only where resources choose their boundary does the controller ever take one away.
    if installation.boundary.is_some() { &mut never } else { &mut changes }
        .push("iam:DeleteRolePermissionsBoundary");
    statements.push(ours(Statement::allow(changes).named("ChangeWhatIsOurs")));
    let tag = ours(Statement::allow(["iam:TagRole"]).named("TagWhatIsOurs"));
    statements.push(match installation.name {
        Some(name) => tag.when(
            "StringEqualsIfExists",
            &format!("aws:RequestTag/{}", tag::INSTALLATION),
            [name],
        ),
        None => tag,
    });
    statements.extend(denials(&roles, never));
    Policy::new(statements)
}

fn read() -> Statement {
    Statement::allow(READS).named("Read").on(["*"])
}

/// What stays denied whatever other policies the controller's role has.
fn denials(roles: &str, never: Vec<&str>) -> [Statement; 3] {
    let mut elsewhere = Statement::deny(WRITES).named("NeverOutsideThePath");
    elsewhere.resources = Some(Scope::Except(vec![roles.to_owned()]));
    // Keys of a role's tags ignore letter case.
    let proof = Statement::deny(["iam:UntagRole"]).named("NeverTheProof").on(["*"]).when(
        "ForAnyValue:StringEqualsIgnoreCase",
        "aws:TagKeys",
        [tag::INSTALLATION, tag::RESOURCE],
    );
    [elsewhere, proof, Statement::deny(never).named("Never").on(["*"])]
}

impl Installation<'_> {
    fn roles(&self) -> String {
        let Account { id, partition } = self.account;
        format!("arn:{partition}:iam::{id}:role{}*", self.path)
    }

    fn bounded(&self, statement: Statement) -> Statement {
        match self.boundary {
            Some(arn) => statement.when("StringEquals", BOUNDARY, [arn]),
            None => statement,
        }
    }

    /// With the tag of the installation, on the role (`aws:ResourceTag`) or in the request
    /// (`aws:RequestTag`).
    fn tagged(&self, statement: Statement, key: &str) -> Statement {
        let key = format!("{key}/{}", tag::INSTALLATION);
        match self.name {
            Some(name) => statement.when("StringEquals", &key, [name]),
            None => statement.when("Null", &key, ["false"]),
        }
    }

    /// Below the boundary and for the policies of the list; none when the list allows none.
    fn attachable(&self, statement: Statement) -> Option<Statement> {
        let (allowed, excluded) = self.managed.patterns(self.account);
        if allowed.is_empty() {
            return None;
        }
        // In our patterns a question mark is itself.
        let pattern = |pattern: &String| pattern.replace('?', "${?}");
        let statement = self.bounded(statement).when(
            "StringLike",
            "iam:PolicyARN",
            allowed.iter().map(pattern),
        );
        Some(if excluded.is_empty() {
            statement
        } else {
            statement.when("StringNotLike", "iam:PolicyARN", excluded.iter().map(pattern))
        })
    }
}

#[cfg(test)]
mod tests;
