//! The condition operators of the policy language: which spellings are known.
//!
//! From the IAM user guide, "IAM JSON policy elements: Condition operators". Spelling is exact
//! (Q35).

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Text; `Like` has wildcards.
    String,
    /// Decimal numbers.
    Numeric,
    /// Instants.
    Date,
    /// `true` or `false`.
    Bool,
    /// Base64 text.
    Binary,
    /// Addresses and blocks.
    Ip,
    /// ARNs, with wildcards.
    Arn,
    /// Whether the key is absent.
    Null,
}

/// Prefix for keys with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantifier {
    /// `ForAllValues:`
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

/// Suffix that also lets a request without the key through; `Null` does not take it.
pub const IF_EXISTS: &str = "IfExists";

macro_rules! bases {
    ($($name:ident $family:ident $negated:literal,)*) => {
        /// An operator without set prefix and suffix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names are AWS's own")]
        pub enum Base { $($name,)* }

        impl Base {
            /// All of them.
            pub const ALL: [Self; 27] = [$(Self::$name,)*];

            /// As AWS documents it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What it compares.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)* }
            }

            /// Whether it matches when no value does (`StringNotEquals` and the like).
            #[must_use]
            pub const fn is_negated(self) -> bool {
                match self { $(Self::$name => $negated,)* }
            }
        }
    };
}

bases! {
    StringEquals String false,
    StringNotEquals String true,
    StringEqualsIgnoreCase String false,
    StringNotEqualsIgnoreCase String true,
    StringLike String false,
    StringNotLike String true,
    NumericEquals Numeric false,
    NumericNotEquals Numeric true,
    NumericLessThan Numeric false,
    NumericLessThanEquals Numeric false,
    NumericGreaterThan Numeric false,
    NumericGreaterThanEquals Numeric false,
    DateEquals Date false,
    DateNotEquals Date true,
    DateLessThan Date false,
    DateLessThanEquals Date false,
    DateGreaterThan Date false,
    DateGreaterThanEquals Date false,
    Bool Bool false,
    BinaryEquals Binary false,
    IpAddress Ip false,
    NotIpAddress Ip true,
    ArnEquals Arn false,
    ArnLike Arn false,
    ArnNotEquals Arn true,
    ArnNotLike Arn true,
    Null Null false,
}

/// A condition operator, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operator {
    /// Set prefix.
    pub quantifier: Option<Quantifier>,
    /// The comparison.
    pub base: Base,
    /// `IfExists`.
    pub if_exists: bool,
}

impl Quantifier {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ForAllValues, Self::ForAnyValue];

    /// With the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForAllValues => "ForAllValues:",
            Self::ForAnyValue => "ForAnyValue:",
        }
    }
}

impl Operator {
    /// The operator spelled exactly so, as AWS documents it; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, |found, known| found == known)
    }

    /// The operator spelled so in any letter case, for what AWS has (Q35).
    #[must_use]
    pub fn parse_folded(text: &str) -> Option<Self> {
        Self::read(text, str::eq_ignore_ascii_case)
    }

    fn read(text: &str, same: impl Fn(&str, &str) -> bool) -> Option<Self> {
        let (quantifier, rest) = Quantifier::ALL
            .into_iter()
            .find_map(|quantifier| {
                let (prefix, rest) = text.split_at_checked(quantifier.as_str().len())?;
                same(prefix, quantifier.as_str()).then_some((Some(quantifier), rest))
            })
            .unwrap_or((None, text));
        let (rest, if_exists) = rest
            .split_at_checked(rest.len().saturating_sub(IF_EXISTS.len()))
            .filter(|(_, suffix)| same(suffix, IF_EXISTS))
            .map_or((rest, false), |(rest, _)| (rest, true));
        let base = Base::ALL.into_iter().find(|base| same(rest, base.as_str()))?;
        (base != Base::Null || !if_exists).then_some(Self { quantifier, base, if_exists })
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.quantifier.map_or("", Quantifier::as_str))?;
        f.write_str(self.base.as_str())?;
        f.write_str(if self.if_exists { IF_EXISTS } else { "" })
    }
}

/// Whether `operator` is spelled as AWS documents it.
#[must_use]
pub fn is_known(operator: &str) -> bool {
    Operator::parse(operator).is_some()
}

/// The known spelling nearest to `operator`, with its prefix and suffix where they are known.
#[must_use]
pub fn nearest(operator: &str) -> Option<String> {
    let prefixes = Quantifier::ALL.map(Quantifier::as_str);
    let prefix =
        prefixes.into_iter().find(|prefix| operator.starts_with(prefix)).unwrap_or_default();
    let rest = operator.strip_prefix(prefix).unwrap_or(operator);
    let (rest, suffix) = rest.strip_suffix(IF_EXISTS).map_or((rest, ""), |rest| (rest, IF_EXISTS));
    let found = crate::nearest::nearest(rest, Base::ALL.into_iter().map(Base::as_str))?;
    Some(if found == "Null" {
        format!("{prefix}{found}")
    } else {
        format!("{prefix}{found}{suffix}")
    })
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

    #[test]
    fn every_operator_is_read_and_printed_exactly() {
        for base in Base::ALL {
            for quantifier in [None, Some(Quantifier::ForAllValues), Some(Quantifier::ForAnyValue)]
            {
                for if_exists in [false, base != Base::Null] {
                    let operator = Operator { quantifier, base, if_exists };
                    let text = operator.to_string();
                    assert_eq!(Operator::parse(&text), Some(operator));
                    assert_eq!(Operator::parse_folded(&text.to_uppercase()), Some(operator));
                    assert_eq!(Operator::parse(&text.to_uppercase()), None);
                }
            }
        }
    }

    #[rstest]
    #[case("stringequals", Some("StringEquals"))]
    #[case("ForAnyValue:StringLikIfExists", Some("ForAnyValue:StringLikeIfExists"))]
    #[case("DateLesThan", Some("DateLessThan"))]
    #[case("Whatever", None)]
    fn a_misspelt_operator_finds_its_neighbour(
        #[case] operator: &str,
        #[case] found: Option<&str>,
    ) {
        assert_eq!(nearest(operator).as_deref(), found);
    }
}
