//! How text of a user is shown inside a message: quoted, escaped and cut, so that hostile text can
//! neither break a log line nor fill a status.

/// Characters of a user's text that a message repeats at most.
const SHOWN: usize = 60;

/// `text` in double quotes with control characters escaped, cut after 60 characters.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use crate::quote::shown;

    #[test]
    fn text_is_quoted_escaped_and_cut() {
        assert_eq!(shown("a\nb\"c"), r#""a\nb\"c""#);
        assert_eq!(shown(&"x".repeat(61)), format!("\"{}…\"", "x".repeat(60)));
    }
}
