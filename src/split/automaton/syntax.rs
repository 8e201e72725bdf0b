//! A regex as a tree of what the automaton knows: characters, order, choice, repetition, and assertions.

use fancy_regex::{Assertion, Expr, LookAround};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// What a pattern consists of.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) enum Node {
    /// The empty text.
    Empty,
    /// One character out of a set.
    Class(ClassUnicode),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that lets the rest match, too.
    Alternation(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: usize,
        most: Option<usize>,
        greedy: bool,
    },
    /// The preferred match of its own, whatever comes behind it.
    Atomic(Box<Node>),
    Ahead {
        node: Box<Node>,
        negative: bool,
    },
    Behind {
        node: Box<Node>,
        negative: bool,
    },
}

/// Why a pattern is no such tree.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) enum Unsupported {
    /// The library cannot read it.
    Invalid,
    /// It has a construct that no automaton can follow.
    Construct(&'static str),
}

type Result<T> = std::result::Result<T, Unsupported>;

impl Node {
    /// The tree of a regex.
    pub(in super::super) fn parse(pattern: &str) -> Result<Node> {
        let tree = Expr::parse_tree(pattern).map_err(|_| Unsupported::Invalid)?;
        if tree.contains_subroutines {
            return Err(Unsupported::Construct("subroutine calls"));
        }
        of_expr(&tree.expr)
    }

    /// Whether it matches the empty text somewhere.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Node::Empty | Node::Ahead { .. } | Node::Behind { .. } => true,
            Node::Class(_) => false,
            Node::Concat(nodes) => nodes.iter().all(Node::is_nullable),
            Node::Alternation(nodes) => nodes.iter().any(Node::is_nullable),
            Node::Repeat { node, least, .. } => *least == 0 || node.is_nullable(),
            Node::Atomic(node) => node.is_nullable(),
        }
    }

    /// Calls `each` with every set of characters in it.
    pub(super) fn classes<'n>(&'n self, each: &mut impl FnMut(&'n ClassUnicode)) {
        match self {
            Node::Empty => {}
            Node::Class(class) => each(class),
            Node::Concat(nodes) | Node::Alternation(nodes) => nodes.iter().for_each(|node| node.classes(each)),
            Node::Repeat { node, .. } | Node::Atomic(node) | Node::Ahead { node, .. } | Node::Behind { node, .. } => {
                node.classes(each);
            }
        }
    }

    fn ahead(self, negative: bool) -> Node {
        Node::Ahead { node: Box::new(self), negative }
    }

    fn behind(self, negative: bool) -> Node {
        Node::Behind { node: Box::new(self), negative }
    }
}

fn of_expr(expr: &Expr) -> Result<Node> {
    let all = |nodes: &[Expr]| nodes.iter().map(of_expr).collect::<Result<Vec<_>>>();
    Ok(match expr {
        Expr::Empty => Node::Empty,
        Expr::Any { newline, crlf } => class(match (newline, crlf) {
            (true, _) => r"(?s:.)",
            (false, false) => ".",
            (false, true) => "(?R:.)",
        })?,
        Expr::Assertion(assertion) => of_assertion(*assertion)?,
        Expr::GeneralNewline { unicode } => Node::Atomic(Box::new(Node::Alternation(vec![
            of_chars("\r\n"),
            class(if *unicode { r"[\n\x0b\f\r\u{85}\u{2028}\u{2029}]" } else { r"[\n\x0b\f\r]" })?,
        ]))),
        Expr::Literal { val, casei: false } => of_chars(val),
        Expr::Literal { val, casei: true } => parsed(&format!("(?i:{})", regex_syntax::escape(val)))?,
        Expr::LiteralBytes { bytes } => of_chars(&bytes.iter().map(|&byte| char::from(byte)).collect::<String>()),
        Expr::Concat(nodes) => Node::Concat(all(nodes)?),
        Expr::Alt(nodes) => Node::Alternation(all(nodes)?),
        Expr::Group(node) => of_expr(node)?,
        Expr::LookAround(node, look) => {
            let node = of_expr(node)?;
            match look {
                LookAround::LookAhead => node.ahead(false),
                LookAround::LookAheadNeg => node.ahead(true),
                LookAround::LookBehind => node.behind(false),
                LookAround::LookBehindNeg => node.behind(true),
            }
        }
        Expr::Repeat { child, lo, hi, greedy } => Node::Repeat {
            node: Box::new(of_expr(child)?),
            least: *lo,
            most: (*hi != usize::MAX).then_some(*hi),
            greedy: *greedy,
        },
        Expr::Delegate { inner, casei: false } => parsed(inner)?,
        Expr::Delegate { inner, casei: true } => parsed(&format!("(?i:{inner})"))?,
        Expr::AtomicGroup(node) => Node::Atomic(Box::new(of_expr(node)?)),
        Expr::DefineGroup { .. } => Node::Empty,
        Expr::Backref { .. } | Expr::BackrefWithRelativeRecursionLevel { .. } => {
            return Err(Unsupported::Construct("back-references"));
        }
        Expr::KeepOut => return Err(Unsupported::Construct(r"\K")),
        Expr::ContinueFromPreviousMatchEnd => return Err(Unsupported::Construct(r"\G")),
        Expr::Conditional { .. } | Expr::BackrefExistsCondition { .. } => {
            return Err(Unsupported::Construct("conditionals"));
        }
        Expr::SubroutineCall(_) => return Err(Unsupported::Construct("subroutine calls")),
        Expr::BacktrackingControlVerb(_) => return Err(Unsupported::Construct("backtracking verbs")),
        Expr::Absent(_) => return Err(Unsupported::Construct("absent operators")),
        Expr::AstNode(..) => return Err(Unsupported::Invalid),
    })
}

fn of_assertion(assertion: Assertion) -> Result<Node> {
    let word = || class(r"\w");
    let any = || class("(?s:.)");
    let inside = || class(r"[^\n]");
    Ok(match assertion {
        Assertion::StartText => any()?.behind(true),
        Assertion::EndText => any()?.ahead(true),
        Assertion::EndTextIgnoreTrailingNewlines { crlf: false } => {
            let lines = Node::Repeat { node: Box::new(class(r"\n")?), least: 0, most: None, greedy: true };
            Node::Concat(vec![lines, any()?.ahead(true)]).ahead(false)
        }
        Assertion::StartLine { crlf: false } => inside()?.behind(true),
        Assertion::EndLine { crlf: false } => inside()?.ahead(true),
        Assertion::LeftWordBoundary => Node::Concat(vec![word()?.behind(true), word()?.ahead(false)]),
        Assertion::LeftWordHalfBoundary => word()?.behind(true),
        Assertion::RightWordBoundary => Node::Concat(vec![word()?.behind(false), word()?.ahead(true)]),
        Assertion::RightWordHalfBoundary => word()?.ahead(true),
        Assertion::WordBoundary => Node::Alternation(vec![
            Node::Concat(vec![word()?.behind(true), word()?.ahead(false)]),
            Node::Concat(vec![word()?.behind(false), word()?.ahead(true)]),
        ]),
        Assertion::NotWordBoundary => Node::Alternation(vec![
            Node::Concat(vec![word()?.behind(true), word()?.ahead(true)]),
            Node::Concat(vec![word()?.behind(false), word()?.ahead(false)]),
        ]),
        _ => return Err(Unsupported::Construct("line ends of CRLF mode")),
    })
}

fn of_chars(text: &str) -> Node {
    let one = |char| Node::Class(ClassUnicode::new([ClassUnicodeRange::new(char, char)]));
    let mut nodes: Vec<Node> = text.chars().map(one).collect();
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.remove(0),
        _ => Node::Concat(nodes),
    }
}

/// One character, as a regex of the library says it.
fn class(regex: &str) -> Result<Node> {
    parsed(regex)
}

fn parsed(regex: &str) -> Result<Node> {
    of_hir(&regex_syntax::parse(regex).map_err(|_| Unsupported::Invalid)?)
}

fn of_hir(hir: &Hir) -> Result<Node> {
    Ok(match hir.kind() {
        HirKind::Empty => Node::Empty,
        HirKind::Literal(literal) => of_chars(std::str::from_utf8(&literal.0).map_err(|_| Unsupported::Invalid)?),
        HirKind::Class(Class::Unicode(class)) => Node::Class(class.clone()),
        HirKind::Class(Class::Bytes(class)) => {
            Node::Class(class.to_unicode_class().ok_or(Unsupported::Construct("bytes outside ASCII"))?)
        }
        HirKind::Look(_) => return Err(Unsupported::Invalid),
        HirKind::Repetition(repetition) => Node::Repeat {
            node: Box::new(of_hir(&repetition.sub)?),
            least: repetition.min as usize,
            most: repetition.max.map(|most| most as usize),
            greedy: repetition.greedy,
        },
        HirKind::Capture(capture) => of_hir(&capture.sub)?,
        HirKind::Concat(nodes) => Node::Concat(nodes.iter().map(of_hir).collect::<Result<_>>()?),
        HirKind::Alternation(nodes) => Node::Alternation(nodes.iter().map(of_hir).collect::<Result<_>>()?),
    })
}
