//! The controller's own role: no resource may stand for it, whatever name, tags or pins say.

use iam::role::RoleName;

/// What the controller's credentials are, as far as resources must not touch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The role of the credentials; `None` for a user.
    pub role: Option<RoleName>,
    /// ARN of that role's permissions boundary.
    pub boundary: Option<String>,
}

impl Own {
    /// Whose credentials these are, as STS names the caller:
    /// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`. The path is not in it, and IAM keeps
    /// names apart without it.
    #[must_use]
    pub fn of_caller(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next(), parts.nth(2));
        let role = resource
            .filter(|_| service == Some("sts"))
            .and_then(|resource| resource.strip_prefix("assumed-role/"))
            .and_then(|rest| rest.split('/').next())
            .filter(|name| !name.is_empty());
        Self { role: role.map(RoleName::from), boundary: None }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::session("arn:aws:sts::123456789012:assumed-role/Rolewright/s", Some("rolewright"))]
    #[case::partition("arn:aws-cn:sts::123456789012:assumed-role/r/i-0abc", Some("r"))]
    #[case::user("arn:aws:iam::123456789012:user/assumed-role/x", None)]
    #[case::root("arn:aws:iam::123456789012:root", None)]
    #[case::federated("arn:aws:sts::123456789012:federated-user/assumed-role", None)]
    #[case::nothing("", None)]
    fn the_role_of_a_session_is_told(#[case] arn: &str, #[case] role: Option<&str>) {
        assert_eq!(Own::of_caller(arn).role, role.map(RoleName::from));
    }
}
