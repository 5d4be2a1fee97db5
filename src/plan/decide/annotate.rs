//! Which service accounts get the role's ARN as an annotation, and lose it. Another role's ARN is
//! never touched.

use crate::api::resource::ServiceAccount;

/// What is to be done with one service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnotationStep {
    /// It is as it should be.
    Nothing,
    /// The ARN is written.
    Set,
    /// Our ARN is taken off.
    Clear,
    /// It can't be annotated; the sentence says why and what to do.
    Impossible(String),
}

/// For a service account that a grant wants annotated.
#[must_use]
pub fn wanted(name: &str, found: Option<&ServiceAccount>, arn: &str) -> AnnotationStep {
    match found.map(|account| account.role_arn.as_deref()) {
        None => {
            AnnotationStep::Impossible(format!("service account {name} does not exist: create it"))
        }
        Some(None) => AnnotationStep::Set,
        Some(Some(there)) if there == arn => AnnotationStep::Nothing,
        Some(Some(other)) => AnnotationStep::Impossible(format!(
            "service account {name} names {other} already: take that annotation off first"
        )),
    }
}

/// For a service account that was annotated and is wanted no longer.
#[must_use]
pub fn unwanted(found: Option<&ServiceAccount>, arn: &str) -> AnnotationStep {
    match found.and_then(|account| account.role_arn.as_deref()) {
        Some(there) if there == arn => AnnotationStep::Clear,
        _ => AnnotationStep::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:role/x";

    fn account(role_arn: Option<&str>) -> ServiceAccount {
        let role_arn = role_arn.map(str::to_owned);
        ServiceAccount { namespace: "a".into(), name: "s".into(), uid: "u".into(), role_arn }
    }

    #[rstest]
    #[case(None, AnnotationStep::Set, AnnotationStep::Nothing)]
    #[case(Some(ARN), AnnotationStep::Nothing, AnnotationStep::Clear)]
    fn only_our_own_arn_is_written_and_taken_off(
        #[case] there: Option<&str>,
        #[case] set: AnnotationStep,
        #[case] clear: AnnotationStep,
    ) {
        let found = account(there);
        assert_eq!(wanted("s", Some(&found), ARN), set);
        assert_eq!(unwanted(Some(&found), ARN), clear);
    }

    #[test]
    fn a_missing_service_account_and_one_of_another_role_are_told() {
        let other = account(Some("arn:aws:iam::123456789012:role/other"));
        let AnnotationStep::Impossible(why) = wanted("s", Some(&other), ARN) else {
            panic!("it is overwritten")
        };
        assert!(why.contains("role/other") && why.contains("take that annotation off"), "{why}");
        assert_eq!(unwanted(Some(&other), ARN), AnnotationStep::Nothing);
        let AnnotationStep::Impossible(why) = wanted("s", None, ARN) else {
            panic!("it is written")
        };
        assert!(why.contains("create it"), "{why}");
        assert_eq!(unwanted(None, ARN), AnnotationStep::Nothing);
    }
}
