//! The condition operators of the policy language: which spellings are known.
//!
//! From the IAM user guide, "IAM JSON policy elements: Condition operators". Spelling is exact (Q35).

/// The operators without prefix and suffix.
pub const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Prefixes for keys with several values.
pub const SET_PREFIXES: [&str; 2] = ["ForAllValues:", "ForAnyValue:"];
/// Suffix that also lets a request without the key through; `Null` does not take it.
pub const IF_EXISTS: &str = "IfExists";

/// The operator without set prefix and `IfExists`.
#[must_use]
pub fn base(operator: &str) -> &str {
    let rest = SET_PREFIXES.iter().find_map(|prefix| operator.strip_prefix(prefix)).unwrap_or(operator);
    rest.strip_suffix(IF_EXISTS).unwrap_or(rest)
}

/// Whether `operator` is spelled as AWS documents it.
#[must_use]
pub fn is_known(operator: &str) -> bool {
    OPERATORS.contains(&base(operator)) && !(base(operator) == "Null" && operator.ends_with(IF_EXISTS))
}

/// The known spelling nearest to `operator`, with its prefix and suffix where they are known.
#[must_use]
pub fn nearest(operator: &str) -> Option<String> {
    let prefix = SET_PREFIXES.into_iter().find(|prefix| operator.starts_with(prefix)).unwrap_or_default();
    let rest = operator.strip_prefix(prefix).unwrap_or(operator);
    let (rest, suffix) = rest.strip_suffix(IF_EXISTS).map_or((rest, ""), |rest| (rest, IF_EXISTS));
    let found = crate::iam::nearest::nearest(rest, OPERATORS.into_iter())?;
    Some(if found == "Null" { format!("{prefix}{found}") } else { format!("{prefix}{found}{suffix}") })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("StringEquals", true)]
    #[case("ForAllValues:StringLikeIfExists", true)]
    #[case("ForAnyValue:ArnLike", true)]
    #[case("Null", true)]
    #[case("NullIfExists", false)]
    #[case("stringequals", false)]
    #[case("ForSomeValues:StringEquals", false)]
    #[case("IfExists", false)]
    #[case("", false)]
    fn spelling_is_exact(#[case] operator: &str, #[case] known: bool) {
        assert_eq!(is_known(operator), known);
    }

    #[rstest]
    #[case("stringequals", Some("StringEquals"))]
    #[case("ForAnyValue:StringLikIfExists", Some("ForAnyValue:StringLikeIfExists"))]
    #[case("DateLesThan", Some("DateLessThan"))]
    #[case("Whatever", None)]
    fn a_misspelt_operator_finds_its_neighbour(#[case] operator: &str, #[case] found: Option<&str>) {
        assert_eq!(nearest(operator).as_deref(), found);
    }
}
