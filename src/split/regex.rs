//! Patterns that no automaton can follow, through a backtracking regex library.

use fancy_regex::{AstNode, Expr, Regex};

use crate::error::{Error, Result};

#[derive(Clone)]
pub(super) struct RegexSplitter {
    regex: Regex,
}

impl RegexSplitter {
    pub(super) fn new(pattern: &str) -> Result<RegexSplitter> {
        match Regex::new(pattern) {
            Ok(regex) => Ok(RegexSplitter { regex }),
            Err(error) => Err(Error::Pattern { pattern: shown(pattern), message: shown(&error.to_string()) }),
        }
    }

    /// Calls `each` with the end of every piece; what lies between two matches is a piece too.
    pub(super) fn ends(&self, text: &str, mut each: impl FnMut(usize) -> Result<()>) -> Result<()> {
        let mut done = 0;
        for found in self.regex.find_iter(text) {
            let found = found.map_err(|error| self.failed(done, &error))?;
            if found.start() == found.end() {
                continue;
            }
            if found.start() > done {
                each(found.start())?;
            }
            done = found.end();
            each(done)?;
        }
        if done < text.len() { each(text.len()) } else { Ok(()) }
    }

    /// Calls `each` with the end of every match and of every gap between two, and whether it is a match. Empty matches count.
    pub(super) fn segments(&self, text: &str, mut each: impl FnMut(usize, bool) -> Result<()>) -> Result<()> {
        let mut done = 0;
        for found in self.regex.find_iter(text) {
            let found = found.map_err(|error| self.failed(done, &error))?;
            if found.start() > done {
                each(found.start(), false)?;
            }
            done = found.end();
            each(done, true)?;
        }
        if done < text.len() {
            each(text.len(), false)?;
        }
        Ok(())
    }

    fn failed(&self, offset: usize, error: &fancy_regex::Error) -> Error {
        let advice = "use a named pattern, or rewrite it without nested or ambiguous repetition";
        Error::Split { pattern: shown(self.regex.as_str()), offset, message: format!("{error}; {advice}") }
    }
}

/// Whether a regex may match the empty text, as far as it is seen without a text: it may be said of one that never does.
pub(crate) fn seems_empty(regex: &str) -> bool {
    Expr::parse_tree(regex).map_or(true, |tree| may_be_empty(&tree.expr))
}

fn may_be_empty(expr: &Expr) -> bool {
    match expr {
        Expr::Any { .. } | Expr::GeneralNewline { .. } | Expr::Delegate { .. } => false,
        Expr::Literal { val, .. } => val.is_empty(),
        Expr::LiteralBytes { bytes } => bytes.is_empty(),
        Expr::Concat(parts) => parts.iter().all(may_be_empty),
        Expr::Alt(parts) => parts.iter().any(may_be_empty),
        Expr::Group(inner) => may_be_empty(inner),
        Expr::AtomicGroup(inner) => may_be_empty(inner),
        Expr::AstNode(AstNode::AstGroup { inner, .. }, _) => may_be_empty(inner),
        Expr::Repeat { child, lo, .. } => *lo == 0 || may_be_empty(child),
        _ => true,
    }
}

/// A pattern, or what a library says of one, for people: no more than the beginning.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 1000;
    let mut start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() {
        start += &format!("… ({} bytes)", text.len());
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_more_than_the_beginning_of_a_pattern() {
        let error = RegexSplitter::new(&"(".repeat(1_000_000)).err().unwrap().to_string();
        assert!(error.len() < 3000 && error.contains("(1000000 bytes)"), "{error:.3000}");
    }

    #[test]
    fn an_invalid_pattern_is_an_error_with_the_reason() {
        let error = RegexSplitter::new("(a").err().unwrap().to_string();
        assert!(error.contains("\"(a\"") && error.contains("parenthesis"), "{error}");
    }

    #[test]
    fn catastrophic_backtracking_is_an_error_that_names_the_place() {
        let splitter = RegexSplitter::new(r"b|(a|a)*\1c").unwrap();
        let text = format!("b{}", "a".repeat(64));
        let error = splitter.ends(&text, |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Split { offset: 1, .. }), "{error}");
    }
}
