//! The value that both readers make, and how much they accept.

/// Recursion stops here even when a caller asks for more: the stack of a thread is what it
/// protects.
pub(super) const DEEPEST: usize = 128;

/// How much a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Most objects and lists inside each other; more than 128 is taken as 128.
    pub depth: usize,
    /// Most values: a text of nothing but tiny values costs thirty times its length in memory.
    pub values: usize,
}

/// One JSON value. Objects keep the order of their keys; a number keeps its digits.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written, such as `1.0` or `12345678901234567890`.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object; no key occurs twice when it comes from [`parse`].
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The value of `key` when this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_object()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The items of a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The members of an object, in the order of the source.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Node)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// What kind of value this is, in words for a message.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Compact JSON: no white space, keys in their order, characters other than controls, `"` and
    /// `\` as they are.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.print(&mut out);
        out
    }

    fn print(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::String(text) => print_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.print(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    print_string(key, out);
                    out.push(':');
                    value.print(out);
                }
                out.push('}');
            }
        }
    }
}

fn print_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => out.push_str(&control_escape(character)),
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn control_escape(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}
