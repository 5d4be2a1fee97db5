//! Undoing the percent-encoding in which IAM returns documents (IAM API reference,
//! `GetRolePolicy`).
//!
//! IAM encodes by RFC 3986, so `+` is a plus (rule Q2). A document may hold `%3A` of its own, so it
//! is decoded exactly once. Encoded JSON begins with `%7B`: text that begins with `{` or white
//! space is plain already, as stand-ins of AWS send it.

use std::borrow::Cow;

/// A `%` without two hex digits after it, or bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the document's percent-encoding is broken; read it again, and write it again if it stays so"
)]
pub struct DecodeError;

/// The text of a document as IAM returned it.
///
/// # Errors
/// [`DecodeError`] when text that is not plain already is not valid percent-encoding of UTF-8.
pub fn decode(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    if text.starts_with(|first: char| first == '{' || first.is_whitespace()) || !text.contains('%')
    {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = digit(bytes.next())?;
            out.push(high * 16 + digit(bytes.next())?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| DecodeError)
}

fn digit(byte: Option<u8>) -> Result<u8, DecodeError> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(DecodeError),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::policy::decode::{DecodeError, decode};

    #[rstest]
    #[case("%7B%22a%22%3A%22x+y%20z%253A%22%7D", "{\"a\":\"x+y z%3A\"}")]
    #[case("%7b%c3%a9%7d", "{é}")]
    #[case("{\"a\":\"%3A\"}", "{\"a\":\"%3A\"}")]
    #[case(" {\"a\":\"%3A\"}", " {\"a\":\"%3A\"}")]
    #[case("", "")]
    fn text_is_decoded_exactly_once(#[case] text: &str, #[case] plain: &str) {
        assert_eq!(decode(text).unwrap(), plain);
    }

    #[rstest]
    #[case("%7B%")]
    #[case("%7B%2")]
    #[case("%7B%zz")]
    #[case("%7B%+1")]
    #[case("%7B%ff%7D")]
    fn broken_encoding_is_an_error(#[case] text: &str) {
        assert_eq!(decode(text), Err(DecodeError));
    }
}
