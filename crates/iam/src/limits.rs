//! Quotas and bounds, each with its unit and source.
//!
//! "Model" is the AWS service model of IAM, "quota" the page "IAM and AWS STS quotas" of the IAM
//! user guide. "Ours" is a bound of rolewright.

use std::ops::RangeInclusive;

use crate::text::node::Bounds;

/// Characters of a role's name (model).
pub const ROLE_NAME: usize = 64;
/// Characters of an inline policy's name (model).
pub const POLICY_NAME: usize = 128;
/// Characters of a path (model).
pub const PATH: usize = 512;
/// Characters of an ARN (model).
pub const ARN: RangeInclusive<usize> = 20..=2048;
/// Characters of a description (model).
pub const DESCRIPTION: usize = 1000;
/// Seconds a session may last at most (model).
pub const SESSION_SECONDS: RangeInclusive<u32> = 3600..=43_200;
/// Seconds a session lasts at most when a role says nothing (model).
pub const SESSION_SECONDS_DEFAULT: u32 = 3600;
/// Characters without white space of all inline policies of a role together (quota, fixed).
pub const INLINE_TOTAL: usize = 10_240;
/// Characters without white space of a trust policy, as an account has it at first (quota
/// L-C07B4B0D).
pub const TRUST_DEFAULT: usize = 2048;
/// Characters without white space of a trust policy, as far as AWS raises it (quota L-C07B4B0D).
pub const TRUST_CEILING: usize = 8192;
/// Characters without white space of a managed policy, but for AWS's own (quota, fixed).
pub const MANAGED_POLICY: usize = 6_144;
/// The code of the quota of trust policies.
pub const TRUST_CODE: &str = "L-C07B4B0D";
/// Managed policies on a role, as an account has it at first (quota L-0DA4ABF3).
pub const MANAGED_POLICIES_DEFAULT: usize = 10;
/// Managed policies on a role, as far as AWS raises it (quota L-0DA4ABF3).
pub const MANAGED_POLICIES_CEILING: usize = 25;
/// Tags on a role (quota, fixed).
pub const TAGS: usize = 50;
/// Tags a resource may set: the rest is left for ours, the class's and the account's (ours).
pub const TAGS_OF_A_RESOURCE: usize = 40;
/// Characters of a tag's key (model); at least one.
pub const TAG_KEY: usize = 128;
/// Characters of a tag's value (model).
pub const TAG_VALUE: usize = 256;
/// Characters of a document in one call (model).
pub const DOCUMENT_IN_A_CALL: usize = 131_072;
/// A document inside a resource: 64 KiB and 64 levels (ours).
pub const DOCUMENT: Bounds = Bounds { bytes: 64 * 1024, depth: 64, values: VALUES };
/// A document read from AWS, decoded: everything the model lets anyone write, at two bytes for each
/// character.
pub const OBSERVED_DOCUMENT: Bounds =
    Bounds { bytes: 2 * DOCUMENT_IN_A_CALL, depth: 64, values: VALUES };
/// Values of one text, far more than a document of AWS's size has (ours).
pub const VALUES: usize = 16 * 1024;
/// Bytes without white space of a document that a person gives to a command: managed policies of
/// AWS have up to 150 kB, and merged documents more (ours).
pub const GIVEN_DOCUMENT: usize = 1024 * 1024;

/// The bounds of a text that a person gives to a command. Its white space does not count: a
/// document that is printed for people has more of it than of anything else.
#[must_use]
pub fn given(text: &str) -> Bounds {
    let blank = text.len() - counted_bytes(text);
    Bounds { bytes: GIVEN_DOCUMENT + blank, depth: DOCUMENT.depth, values: GIVEN_DOCUMENT / 4 }
}

/// Bytes that are not white space.
#[must_use]
pub fn counted_bytes(text: &str) -> usize {
    text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The size that AWS's quotas count: characters that are not white space. Only what JSON calls
/// white space is left out (space, tab, line feed, carriage return), so that the count is never too
/// small.
#[must_use]
pub fn counted_size(text: &str) -> usize {
    text.chars().filter(|character| !matches!(character, ' ' | '\t' | '\n' | '\r')).count()
}

/// The first character that a description may not hold: only tab, line feed, carriage return,
/// U+0020 to U+007E and U+00A1 to U+00FF are allowed (model), so no typographic quotes or dashes.
#[must_use]
pub fn outside_description(text: &str) -> Option<char> {
    text.chars().find(|c| !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}'))
}

/// The first character of a string that a policy document may not hold: the model takes tab, line
/// feed, carriage return and U+0020 to U+00FF. Control characters are escapes in the printed
/// document, so only those above U+00FF count.
#[must_use]
pub fn outside_document(text: &str) -> Option<char> {
    // In UTF-8 everything up to U+00FF begins with a byte below 0xC4; most strings end here.
    if text.bytes().all(|byte| byte < 0xc4) { None } else { text.chars().find(|c| *c > '\u{ff}') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(counted_size("{ \"a\":\t\"é\"\r\n}"), 9);
    }

    #[test]
    fn characters_outside_the_class_are_found() {
        assert_eq!(outside_description("Reads exports, naïve\n\tüber ÿ~"), None);
        assert_eq!(outside_description("a \u{a0} b"), Some('\u{a0}'));
        assert_eq!(outside_description("a – b"), Some('–'));
        assert_eq!(outside_document("a\u{a0}b"), None);
        assert_eq!(outside_document("a\u{7f}b\u{80}"), None);
        assert_eq!(outside_document("東"), Some('東'));
        assert_eq!(outside_document("ÿ\u{100}"), Some('\u{100}'));
        assert_eq!(outside_document("\u{b}"), None, "printed as an escape");
    }
}
