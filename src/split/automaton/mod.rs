//! Any pattern in time proportional to the text: what a backtracking library finds, without going back.
//!
//! A backtracking search tries the ways through a pattern in the order of preference, and takes the first one that leads to a
//! match. Whether a way does depends on the text behind alone. So a **backward pass** labels every place of the text with the
//! points of the pattern that lead to a match from there, and a **forward pass** takes at every choice the first way that
//! does. Each is one table look-up a character. Look-ahead is one more point to label; look-behind is a pass before both;
//! an atomic group is a choice by the labels of the group alone.
//!
//! | module | what it does |
//! |---|---|
//! | [`syntax`] | regex → tree |
//! | [`alphabet`] | characters → symbols: what the pattern tells apart |
//! | [`program`] | tree → graph of points, with the order of preference |
//! | [`behind`] | what look-behind sees, from left to right |
//! | [`labels`] | which points lead to a match, from right to left |
//! | [`run`] | block by block: the three passes over a text |
//! | [`lanes`] | several parts of a block side by side |
//! | [`refine`] | pieces of one step → those of the next |
//! | [`skip`] | what needs no pass, for there is no match |
//! | [`states`] | all states that texts can lead to |
//! | [`cuts`] | between which symbols a text may be cut in two |
//! | [`equal`] | whether two patterns cut every text into the same pieces |

mod alphabet;
mod behind;
mod cuts;
mod equal;
mod labels;
mod lanes;
mod program;
mod refine;
mod run;
mod skip;
mod states;
pub(super) mod syntax;
#[cfg(test)]
mod tests;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

use regex_automata::util::pool::{Pool, PoolGuard};

use alphabet::{Alphabet, MOST_SYMBOLS};
use behind::Behind;
use cuts::Cuts;
pub(super) use cuts::{Places, find as find_cut};
use labels::Plan;
use program::{MOST_BEHIND, MOST_POINTS, Program};
pub(super) use run::Worker;
use skip::Skip;
use states::States;
use syntax::{Node, Unsupported};

/// Why a pattern has no automaton.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Refusal {
    /// It is no regex that the library can read.
    Invalid,
    /// It has a construct that no automaton can follow.
    Construct(&'static str),
    /// It is larger than the automaton may be.
    Large(String),
}

/// What there is too much of in a pattern.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Limit {
    Symbols,
    Points,
    Behind,
    NestedBehind,
}

impl From<Limit> for Refusal {
    fn from(limit: Limit) -> Refusal {
        match limit {
            Limit::Symbols => Refusal::Large(format!("it tells more than {MOST_SYMBOLS} kinds of characters apart")),
            Limit::Points => Refusal::Large(format!("its automaton has more than {MOST_POINTS} states")),
            Limit::Behind => Refusal::Large(format!("it has more than {MOST_BEHIND} different look-behinds")),
            Limit::NestedBehind => Refusal::Construct("look-around or atomic groups inside look-behind"),
        }
    }
}

impl From<Unsupported> for Refusal {
    fn from(unsupported: Unsupported) -> Refusal {
        match unsupported {
            Unsupported::Invalid => Refusal::Invalid,
            Unsupported::Construct(construct) => Refusal::Construct(construct),
        }
    }
}

/// What does not change while texts are split.
#[derive(Debug)]
struct Machine {
    alphabet: Alphabet,
    plan: Plan,
    behind: Option<Behind>,
    states: OnceLock<Option<States>>,
    cuts: OnceLock<Option<Cuts>>,
    skip: OnceLock<Option<Skip>>,
}

impl Machine {
    fn new(node: &Node, alphabet: Alphabet) -> Result<Machine, Limit> {
        let program = Program::new(node, &alphabet)?;
        let behind = Behind::new(&program.behind, &alphabet)?;
        let plan = Plan::new(program, alphabet.len());
        Ok(Machine { alphabet, plan, behind, states: OnceLock::new(), cuts: OnceLock::new(), skip: OnceLock::new() })
    }

    /// All states, if they are not too many and the pattern does not look behind.
    fn states(&self) -> Option<&States> {
        self.states.get_or_init(|| States::new(self)).as_ref()
    }

    /// What is known of places where a text may be cut.
    fn cuts(&self) -> Option<&Cuts> {
        self.cuts.get_or_init(|| self.states().map(Cuts::new)).as_ref()
    }

    /// What is known of parts that need no pass.
    fn skip(&self) -> Option<&Skip> {
        self.skip.get_or_init(|| Skip::new(&self.alphabet, self.states()?, self.cuts()?)).as_ref()
    }
}

/// Working memory, given back at the end.
pub(super) type WorkerGuard<'a> = PoolGuard<'a, Worker, NewWorker>;

type NewWorker = Box<dyn Fn() -> Worker + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A splitter for any pattern that automata can follow.
#[derive(Clone)]
pub(super) struct Automaton(Arc<Shared>);

struct Shared {
    node: Node,
    machine: Arc<Machine>,
    /// The tables grow while they are used: each thread has its own.
    workers: Pool<Worker, NewWorker>,
}

impl Automaton {
    /// The automaton of a regex.
    ///
    /// # Errors
    /// Why there is none. All others than [`Refusal::Invalid`] are of patterns that a backtracking library may follow.
    pub(super) fn new(pattern: &str) -> Result<Automaton, Refusal> {
        let node = Node::parse(pattern)?;
        let alphabet = Alphabet::of(&[&node])?;
        let machine = Arc::new(Machine::new(&node, alphabet)?);
        let shared = machine.clone();
        let workers: NewWorker = Box::new(move || Worker::new(&shared));
        Ok(Automaton(Arc::new(Shared { node, machine, workers: Pool::new(workers) })))
    }

    /// Working memory, for one text after the other.
    pub(super) fn worker(&self) -> WorkerGuard<'_> {
        self.0.workers.get()
    }

    /// Whether this pattern cuts every text as a regex does; `None` if that cannot be told.
    pub(super) fn equals(&self, regex: &str) -> Option<bool> {
        equal::are_equal(&self.0.node, &Node::parse(regex).ok()?)
    }

    /// Whether it has empty matches in some text. Where that cannot be told it is said to.
    pub(super) fn has_empty_matches(&self) -> bool {
        self.0.node.is_nullable() && self.0.machine.states().is_none_or(States::have_empty_matches)
    }

    /// Whether a match starts wherever one ends, in any text, so that there are no gaps. Where that cannot be told it is denied.
    pub(super) fn takes_all(&self) -> bool {
        self.0.machine.states().is_some_and(States::take_all)
    }

    /// What is known of places between two characters.
    pub(super) fn places(&self) -> Option<Places<'_>> {
        Some(Places::new(&self.0.machine.alphabet, self.0.machine.cuts()?))
    }

    /// What it consists of, for people.
    pub(super) fn explain(&self) -> Vec<(&'static str, String)> {
        let Machine { alphabet, plan, behind, .. } = &*self.0.machine;
        let mut details =
            vec![("kinds of characters", alphabet.len().to_string()), ("points", plan.points().to_string())];
        if let Some(behind) = behind {
            details.push(("look-behinds", behind.len().to_string()));
        }
        let cuts = self
            .0
            .machine
            .cuts()
            .map_or_else(|| "not known, for it looks behind or is too large".to_owned(), Cuts::explain);
        details.push(("cuts", cuts));
        details
    }
}
