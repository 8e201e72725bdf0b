//! Patterns that no automaton can follow, through a backtracking regex library.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fancy_regex::{AstNode, CompileError, Expr, LookAround, Match, Regex, RegexBuilder, RuntimeError};

use crate::error::{Error, Result};

/// Steps back in a search for the next match. What needs more is looked for place by place.
const SEARCH: usize = 20_000;
/// Steps back at one place: the first limit, and how often it grows by [`GROWTH`]. The last is 4 million, a tenth of a second.
const FIRST: usize = 1_000;
const GROWTH: usize = 8;
const LIMITS: usize = 5;
/// Steps back in a text, in all, and for each of its bytes. What a search takes is counted by the limit that it kept to.
const BUDGET: usize = 20_000_000;
const BUDGET_OF_BYTE: usize = 256;
/// How long it may take until the caller is heard, who may want to stop.
const PULSE: Duration = Duration::from_millis(50);

/// Splits by a regex library, with a budget in proportion to the text.
#[derive(Clone)]
pub(super) struct RegexSplitter {
    regex: Regex,
    /// The same at one place, by limit. None if what it does depends on where the search began.
    anchored: Option<Arc<[OnceLock<Regex>; LIMITS]>>,
}

/// What comes of a text.
pub(super) enum Found {
    /// The end of a match, or of a gap between two.
    End { end: usize, is_match: bool },
    /// Nothing for a while.
    Pulse,
}

impl RegexSplitter {
    pub(super) fn new(pattern: &str) -> Result<RegexSplitter> {
        let refuse =
            |error: fancy_regex::Error| Error::Pattern { pattern: shown(pattern), message: shown(&reason(&error)) };
        let regex = RegexBuilder::new(pattern).backtrack_limit(SEARCH).build().map_err(refuse)?;
        let is_own = Expr::parse_tree(pattern).is_ok_and(|tree| !depends_on_start(&tree.expr));
        let anchored = is_own.then(|| anchored(pattern, FIRST)).and_then(std::result::Result::ok);
        Ok(RegexSplitter { regex, anchored: anchored.map(|_| Arc::default()) })
    }

    /// Calls `each` with the end of every piece; what lies between two matches is a piece too.
    pub(super) fn ends(&self, text: &str, mut each: impl FnMut(Found) -> Result<()>) -> Result<()> {
        let (mut done, mut gap) = (0, 0);
        self.segments(text, |found| match found {
            Found::End { end, is_match: false } => {
                gap = end;
                Ok(())
            }
            // An empty match divides no gap.
            Found::End { end, .. } if end == done.max(gap) => Ok(()),
            Found::End { end, .. } => {
                if gap > done {
                    each(Found::End { end: gap, is_match: false })?;
                }
                done = end;
                each(Found::End { end, is_match: true })
            }
            Found::Pulse => each(Found::Pulse),
        })?;
        if done < text.len() { each(Found::End { end: text.len(), is_match: false }) } else { Ok(()) }
    }

    /// Calls `each` with the end of every match and of every gap between two. Empty matches count.
    pub(super) fn segments(&self, text: &str, mut each: impl FnMut(Found) -> Result<()>) -> Result<()> {
        let mut budget = text.len().saturating_mul(BUDGET_OF_BYTE).saturating_add(BUDGET);
        let (mut done, mut at, mut last) = (0, 0, None);
        let mut heard = Instant::now();
        while at <= text.len() {
            let mut pulse = || {
                if heard.elapsed() < PULSE {
                    return Ok(());
                }
                heard = Instant::now();
                each(Found::Pulse)
            };
            pulse()?;
            let Some(found) = self.next(text, at, &mut budget, &mut pulse)? else { break };
            let (start, end) = (found.start(), found.end());
            // Behind an empty match the search goes on at the next character, and there is none at the end of a match.
            at = if start == end { end + text[end..].chars().next().map_or(1, char::len_utf8) } else { end };
            if start == end && last == Some(end) {
                continue;
            }
            last = Some(end);
            if start > done {
                each(Found::End { end: start, is_match: false })?;
            }
            done = end;
            each(Found::End { end, is_match: true })?;
        }
        if done < text.len() { each(Found::End { end: text.len(), is_match: false }) } else { Ok(()) }
    }

    /// The next match from a place on.
    fn next<'t>(
        &self,
        text: &'t str,
        from: usize,
        budget: &mut usize,
        pulse: &mut impl FnMut() -> Result<()>,
    ) -> Result<Option<Match<'t>>> {
        match self.regex.find_from_pos(text, from) {
            Ok(found) => return Ok(found),
            Err(error) if !is_limit(&error) || self.anchored.is_none() => return Err(self.failed(from, &error)),
            Err(_) => {}
        }
        for at in (from..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            pulse()?;
            if let Some(found) = self.at(text, at, budget)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The match at a place, if there is one.
    fn at<'t>(&self, text: &'t str, at: usize, budget: &mut usize) -> Result<Option<Match<'t>>> {
        let mut limit = FIRST;
        for regex in self.anchored.iter().flat_map(|regexes| regexes.iter()) {
            let regex =
                regex.get_or_init(|| anchored(self.regex.as_str(), limit).expect("a regex that was built before"));
            match regex.find_from_pos(text, at) {
                Ok(found) => {
                    // Most places cost nothing.
                    *budget = budget.saturating_sub(if limit == FIRST { 1 } else { limit });
                    return Ok(found);
                }
                Err(error) if !is_limit(&error) || limit > *budget => return Err(self.failed(at, &error)),
                Err(_) => {}
            }
            *budget -= limit;
            limit *= GROWTH;
        }
        Err(self.failed(at, &fancy_regex::Error::RuntimeError(RuntimeError::BacktrackLimitExceeded)))
    }

    fn failed(&self, offset: usize, error: &fancy_regex::Error) -> Error {
        let needs = match constructs(self.regex.as_str()) {
            found if found.is_empty() => String::new(),
            found => format!("; it needs backtracking for {}", found.join(", ")),
        };
        let advice = "use a named pattern, or rewrite it without nested or ambiguous repetition";
        Error::Split { pattern: shown(self.regex.as_str()), offset, message: format!("{error}{needs}; {advice}") }
    }
}

/// What is wrong with a regex, and where.
fn reason(error: &fancy_regex::Error) -> String {
    if let fancy_regex::Error::CompileError(error) = error
        && let CompileError::InnerError(error) = &**error
    {
        let (kind, pattern, span) = match error.syntax_error() {
            Some(regex_syntax::Error::Parse(error)) => (error.kind().to_string(), error.pattern(), error.span()),
            Some(regex_syntax::Error::Translate(error)) => (error.kind().to_string(), error.pattern(), error.span()),
            _ => return error.to_string(),
        };
        return match pattern.get(span.start.offset..span.end.offset) {
            Some(part) if !part.is_empty() => format!("{part}: {kind}"),
            _ => kind,
        };
    }
    error.to_string()
}

/// A regex that matches at the place alone where a search begins.
fn anchored(pattern: &str, limit: usize) -> std::result::Result<Regex, fancy_regex::Error> {
    RegexBuilder::new(&format!(r"\G(?:{pattern})")).backtrack_limit(limit).build()
}

/// Whether a regex asks where the search began, or calls itself as a whole.
fn depends_on_start(expr: &Expr) -> bool {
    matches!(expr, Expr::ContinueFromPreviousMatchEnd | Expr::SubroutineCall(0))
        || matches!(expr, Expr::AstNode(AstNode::SubroutineCall(_), _))
        || expr.children_iter().any(depends_on_start)
}

fn is_limit(error: &fancy_regex::Error) -> bool {
    matches!(error, fancy_regex::Error::RuntimeError(RuntimeError::BacktrackLimitExceeded))
}

/// What there is in a regex that no automaton can follow, each kind once.
pub(super) fn constructs(regex: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    if let Ok(tree) = Expr::parse_tree(regex) {
        collect(&tree.expr, &mut found);
    }
    found
}

/// Whether there is anything in it that no plain automaton decides.
fn looks_around(expr: &Expr) -> bool {
    matches!(expr, Expr::LookAround(..) | Expr::AtomicGroup(_) | Expr::Assertion(_) | Expr::GeneralNewline { .. })
        || expr.children_iter().any(looks_around)
}

fn collect(expr: &Expr, found: &mut Vec<&'static str>) {
    let construct = match expr {
        Expr::LookAround(inside, LookAround::LookBehind | LookAround::LookBehindNeg) if looks_around(inside) => {
            Some("look-around or atomic groups in look-behind: (?<=a(?=b))")
        }
        Expr::Backref { .. } | Expr::BackrefWithRelativeRecursionLevel { .. } => Some(r"references to groups: \1"),
        Expr::KeepOut => Some(r"what is kept out of the match: \K"),
        Expr::ContinueFromPreviousMatchEnd => Some(r"the end of the match before: \G"),
        Expr::Conditional { .. } | Expr::BackrefExistsCondition { .. } => Some("conditions: (?(1)…|…)"),
        Expr::SubroutineCall(_) | Expr::DefineGroup { .. } => Some(r"calls of groups: \g<1>"),
        Expr::BacktrackingControlVerb(_) => Some("verbs: (*SKIP)"),
        Expr::Absent(_) => Some("what is absent: (?~…)"),
        _ => None,
    };
    if let Some(construct) = construct.filter(|construct| !found.contains(construct)) {
        found.push(construct);
    }
    for child in expr.children_iter() {
        collect(child, found);
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
impl RegexSplitter {
    /// The ends of all matches and gaps, for tests: with whether each is a match.
    pub(super) fn all_segments(&self, text: &str) -> Vec<(usize, bool)> {
        let mut segments = Vec::new();
        let push = |found| {
            if let Found::End { end, is_match } = found {
                segments.push((end, is_match));
            }
            Ok(())
        };
        self.segments(text, push).expect("a text that is not too much");
        segments
    }

    /// The ends of all pieces, for tests.
    pub(super) fn all_ends(&self, text: &str) -> Vec<usize> {
        let mut ends = Vec::new();
        let push = |found| {
            if let Found::End { end, .. } = found {
                ends.push(end);
            }
            Ok(())
        };
        self.ends(text, push).expect("a text that is not too much");
        ends
    }
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
        for (pattern, reason) in [(r"a|\p{Nope}+", "nope}: Unicode property not found"), ("[b-a]x", "b-a: invalid")] {
            let error = RegexSplitter::new(pattern).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn catastrophic_backtracking_is_an_error_that_names_the_place() {
        let splitter = RegexSplitter::new(r"b|(a|a)*\1c").unwrap();
        let text = format!("b{}", "a".repeat(64));
        let error = splitter.ends(&text, |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Split { offset: 1, .. }), "{error}");
        assert!(error.to_string().contains(r"it needs backtracking for references to groups: \1"), "{error}");
    }

    #[test]
    fn the_work_is_limited_in_proportion_to_the_text() {
        // No match in a long text, and many that take some steps each.
        for (pattern, unit, pieces) in [(r"(q)\1zzz", "abc ", 1), (r"(\w)\1zzz|x", "abcx", 1_500_000)] {
            let text = unit.repeat(3_000_000 / unit.len());
            let ends = RegexSplitter::new(pattern).unwrap().all_ends(&text);
            assert_eq!((ends.len(), ends.last()), (pieces, Some(&text.len())), "{pattern}");
        }
    }

    #[test]
    fn what_is_found_place_by_place_is_what_a_search_finds() {
        for pattern in [r"(a|b)\1", r"(?i)(x)y?\1|\b", r"(a)?(?(1)b|c)", r"(\w)(?=.*\1)|", r"a\Kb(c)\1|(d)\2"] {
            let splitter = RegexSplitter::new(pattern).unwrap();
            let mut slow = splitter.clone();
            slow.regex = RegexBuilder::new(pattern).backtrack_limit(0).build().unwrap();
            assert!(slow.anchored.is_some(), "{pattern}");
            for text in ["", "aabb", "abcabc xyx xx", "caba\n\nbabcc", "abccddé中aa", "Xx yXYx"] {
                assert_eq!(slow.all_segments(text), splitter.all_segments(text), "{pattern} {text:?}");
                assert_eq!(slow.all_ends(text), splitter.all_ends(text), "{pattern} {text:?}");
            }
        }
    }
}
