//! Names and paths of roles and policies: their rules, the default name of a role, and which ones
//! AWS keeps for itself.
//!
//! Rules are those of the AWS service model of IAM, paths narrower than the model.

use sha2::{Digest, Sha256};

use crate::limits;
use crate::quote::shown;

/// Why a name or a path is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Empty or too long.
    #[error("the name {} has {} characters; use 1 to {most}", shown(.name), .name.chars().count())]
    Length {
        /// The name.
        name: String,
        /// Characters allowed.
        most: usize,
    },
    /// A character outside the class.
    #[error("the name {} holds {found:?}; use letters, digits and _+=,.@-", shown(.name))]
    Character {
        /// The name.
        name: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// Not a path.
    #[error("the path {} is not accepted; write / or /…/ of at most 512 letters, digits and \
        .,+@=_- between single slashes, and no part of dots only", shown(.0))]
    Path(String),
    /// AWS keeps it for its own roles.
    #[error("{} is kept by AWS for its own roles; choose another", shown(.0))]
    Reserved(String),
}

/// Checks the name of a role: 1 to 64 of `[A-Za-z0-9_+=,.@-]`, not one that AWS keeps for itself.
///
/// # Errors
/// [`NameError`] with the first thing that is wrong.
pub fn check_role_name(name: &str) -> Result<(), NameError> {
    check(name, limits::ROLE_NAME)?;
    if is_reserved("/", name) { Err(NameError::Reserved(name.to_owned())) } else { Ok(()) }
}

/// Checks the name of a policy: 1 to 128 of `[A-Za-z0-9_+=,.@-]`.
///
/// # Errors
/// [`NameError`] with the first thing that is wrong.
pub fn check_policy_name(name: &str) -> Result<(), NameError> {
    check(name, limits::POLICY_NAME)
}

/// Checks a path: `/`, or `/…/` of letters, digits and `.,+@=_-` between single slashes, at most
/// 512 characters, no part of dots only, not one that AWS keeps for itself. IAM's model allows more
/// characters, its answers allow fewer; this class works.
///
/// # Errors
/// [`NameError`] with the first thing that is wrong.
pub fn check_path(path: &str) -> Result<(), NameError> {
    let wrong = || NameError::Path(path.to_owned());
    if path.len() > limits::PATH {
        return Err(wrong());
    }
    let inner = if path == "/" {
        ""
    } else {
        path.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).ok_or_else(wrong)?
    };
    let mut parts = inner.split('/');
    // Parts of dots only, as in `/../`, mean another place to much that reads a path.
    let named = |part: &str| part.bytes().any(|byte| byte != b'.');
    if path != "/" && !parts.all(|part| named(part) && part.bytes().all(is_name_byte)) {
        return Err(wrong());
    }
    if is_reserved(path, "") { Err(NameError::Reserved(path.to_owned())) } else { Ok(()) }
}

/// Whether a role of this path or name belongs to AWS: service-linked or of Identity Center.
/// Letter case is ignored, as IAM ignores it.
#[must_use]
pub fn is_reserved(path: &str, name: &str) -> bool {
    let (path, name) = (fold(path), fold(name));
    ["/aws-service-role/", "/aws-reserved/"].iter().any(|kept| path.starts_with(kept))
        || ["awsservicerolefor", "awsreservedsso_"].iter().any(|kept| name.starts_with(kept))
}

/// The name of a role whose resource gives none: `<prefix><namespace>_<name>`. No two resources
/// share one, as `_` cannot occur in names of Kubernetes. Over 64 characters: the first 47, `_`,
/// and 16 hex digits of the SHA-256 of prefix, namespace and name, each ended by a zero byte. With
/// fewer digits somebody could look for a namesake of another namespace's role, and find one.
#[must_use]
pub fn default_role_name(prefix: &str, namespace: &str, name: &str) -> String {
    let whole = format!("{prefix}{namespace}_{name}");
    if whole.chars().count() <= limits::ROLE_NAME {
        return whole;
    }
    let mut digest = Sha256::new();
    for part in [prefix, namespace, name] {
        digest.update(part);
        digest.update([0]);
    }
    shortened(&whole, &digest.finalize(), 8)
}

/// The name that earlier versions gave instead of a [`default_role_name`] over 64 characters: the
/// first 55, `_`, and 8 hex digits of the SHA-256 of the whole. `None` where it is the same.
#[must_use]
pub fn former_role_name(prefix: &str, namespace: &str, name: &str) -> Option<String> {
    let whole = format!("{prefix}{namespace}_{name}");
    let digest = || shortened(&whole, &Sha256::digest(whole.as_bytes()), 4);
    (whole.chars().count() > limits::ROLE_NAME).then(digest)
}

/// As much of a name as fits in front of `_` and so many bytes of its digest.
fn shortened(whole: &str, digest: &[u8], bytes: usize) -> String {
    let room = limits::ROLE_NAME - 1 - 2 * bytes;
    let hex = digest.iter().take(bytes).map(|byte| format!("{byte:02x}"));
    whole.chars().take(room).map(String::from).chain(["_".to_owned()]).chain(hex).collect()
}

/// `name` in lower case: IAM keeps names and paths apart without letter case. Names of roles fold
/// by themselves ([`RoleName`](crate::role::RoleName)).
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn check(name: &str, most: usize) -> Result<(), NameError> {
    if let Some(found) = name.chars().find(|c| !u8::try_from(*c).is_ok_and(is_name_byte)) {
        return Err(NameError::Character { name: name.to_owned(), found });
    }
    if name.is_empty() || name.len() > most {
        return Err(NameError::Length { name: name.to_owned(), most });
    }
    Ok(())
}

/// `[\w+=,.@-]` with the ASCII meaning of `\w`.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a", true)]
    #[case("Team-A_reader+=,.@-9", true)]
    #[case(&"x".repeat(64), true)]
    #[case(&"x".repeat(65), false)]
    #[case("", false)]
    #[case("a b", false)]
    #[case("a/b", false)]
    #[case("é", false)]
    #[case("a\n", false)]
    #[case("AWSServiceRoleForX", false)]
    #[case("awsservicerolefor", false)]
    #[case("AWSReservedSSO_Admin_0123", false)]
    #[case("AWSServiceRole", true)]
    fn role_names_follow_the_rule(#[case] name: &str, #[case] accepted: bool) {
        assert_eq!(check_role_name(name).is_ok(), accepted, "{name}");
    }

    #[test]
    fn policy_names_are_longer() {
        assert!(check_policy_name(&"x".repeat(128)).is_ok());
        assert!(check_policy_name(&"x".repeat(129)).is_err());
        assert_eq!(
            check_policy_name("a b").unwrap_err().to_string(),
            "the name \"a b\" holds ' '; use letters, digits and _+=,.@-"
        );
    }

    #[rstest]
    #[case("/", true)]
    #[case("/team-a/", true)]
    #[case("/a/b.c,d+e@f=g_h-i/", true)]
    #[case("", false)]
    #[case("//", false)]
    #[case("/../", false)]
    #[case("/a/./b/", false)]
    #[case("/a/.../", false)]
    #[case("/..a/.b./", true)]
    #[case("/a", false)]
    #[case("a/", false)]
    #[case("/a//b/", false)]
    #[case("/a b/", false)]
    #[case("/a/../b/", false)]
    #[case("/./", false)]
    #[case("/a/.../b/", false)]
    #[case("/a*/", false)]
    #[case("/aws-service-role/x/", false)]
    #[case("/AWS-Reserved/", false)]
    #[case("/service-role/", true)]
    #[case(&format!("/{}/", "x".repeat(510)), true)]
    #[case(&format!("/{}/", "x".repeat(511)), false)]
    fn paths_follow_the_rule(#[case] path: &str, #[case] accepted: bool) {
        assert_eq!(check_path(path).is_ok(), accepted, "{path}");
    }

    #[test]
    fn a_default_name_is_readable_and_a_long_one_ends_in_its_hash() {
        assert_eq!(default_role_name("prod-", "team-a", "billing"), "prod-team-a_billing");
        assert_eq!(default_role_name("p-", "n", &"x".repeat(60)).len(), 64);
        let long = default_role_name("p-", "n", &"x".repeat(61));
        assert_eq!(long.len(), 64);
        // printf 'p-\0n\0%s\0' $(printf 'x%.0s' $(seq 61)) | sha256sum
        assert_eq!(long, format!("p-n_{}_{}", "x".repeat(43), "06fc53876ec6f40b"));
        assert_ne!(long, default_role_name("p-", "n", &"x".repeat(62)));
        assert!(check_role_name(&long).is_ok());
    }

    #[test]
    fn the_former_name_of_a_long_one_is_known_and_a_short_one_has_none() {
        assert_eq!(former_role_name("p-", "n", &"x".repeat(60)), None);
        // printf 'p-n_%s' $(printf 'x%.0s' $(seq 61)) | sha256sum
        let former = former_role_name("p-", "n", &"x".repeat(61));
        assert_eq!(former, Some(format!("p-n_{}_{}", "x".repeat(51), "8f82e083")));
    }

    /// Two resources whose names the former form made one: found in seconds.
    #[test]
    fn what_the_former_form_made_one_name_is_two() {
        let one = ("payments-of-the-european-division-in-production-xxa", "reader-26d6");
        let other = ("payments-of-the-european-division-in-production-xxb", "reader-41aa");
        let former = |(namespace, name)| former_role_name("prod-", namespace, name);
        assert_eq!(former(one), former(other));
        let now = |(namespace, name)| default_role_name("prod-", namespace, name);
        assert_ne!(now(one), now(other));
    }

    #[test]
    fn parts_that_join_to_one_text_have_names_of_their_own() {
        let long = "x".repeat(70);
        let names = [("p-", "a-b"), ("p-a-", "b")]
            .map(|(prefix, namespace)| default_role_name(prefix, namespace, &long));
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn names_that_differ_in_case_share_a_key() {
        assert_eq!(fold("Team-A_Reader"), fold("team-a_reader"));
    }
}
