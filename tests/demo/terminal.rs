//! Text for people: headings, labelled lines, wrapped to the width of a page; colours only on a
//! terminal.

use std::io::{IsTerminal, Write};
use std::sync::LazyLock;

/// Characters in a line, a printed page's worth.
const WIDTH: usize = 110;
/// Column at which the text of a labelled line begins.
const TEXT: usize = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Quiet,
    Good,
    Bad,
}

/// `text` in a tone, as it is where nobody sees colours.
pub fn paint(tone: Tone, text: &str) -> String {
    static COLOURS: LazyLock<bool> = LazyLock::new(|| {
        // https://no-color.org
        std::io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    });
    let code = match tone {
        _ if !*COLOURS => return text.to_owned(),
        Tone::Plain => return text.to_owned(),
        Tone::Strong => "1",
        Tone::Quiet => "2",
        Tone::Good => "32",
        Tone::Bad => "1;31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// One line as it is.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // whoever reads may have gone; the steps go on
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The beginning of a step.
pub fn heading(text: &str) {
    line(&format!("\n{}\n", paint(Tone::Strong, text)));
}

/// A sentence.
pub fn say(text: &str) {
    for part in wrapped(text, WIDTH - 2) {
        line(&format!("  {part}"));
    }
}

/// What a person would type.
pub fn command(text: &str) {
    line(&paint(Tone::Strong, &format!("  $ {text}")));
}

/// A label and what it stands for, the text in one column.
pub fn item(label: &str, text: &str) {
    tinted(label, text, Tone::Plain);
}

pub fn tinted(label: &str, text: &str, tone: Tone) {
    for (index, part) in wrapped(text, WIDTH - 4 - TEXT).into_iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        line(&format!(
            "    {}{}",
            paint(Tone::Quiet, &format!("{label:TEXT$}")),
            paint(tone, &part)
        ));
    }
}

/// A text in lines of at most `width` characters, broken at white space; a longer word stays whole.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        for word in paragraph.split(' ') {
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}
