//! Which compiled scanner serves which parameters.

use super::Level;
use crate::split::scan::grammar::{Grammar, Words};

/// A grammar, the code compiled for it, and the instructions to use.
#[derive(Clone, Copy)]
pub(in crate::split) struct Scanner {
    pub(super) grammar: Grammar,
    pub(super) route: Route,
    pub(super) level: Level,
}

impl Scanner {
    /// The fastest that this processor has.
    pub(in crate::split) fn new(grammar: Grammar) -> Scanner {
        Scanner { grammar, route: Route::of(grammar), level: Level::best() }
    }

    pub(in crate::split) fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// The scanners of this grammar by all levels of instructions that this processor has.
    pub(in crate::split) fn levels(self) -> impl Iterator<Item = (&'static str, Scanner)> {
        Level::all().map(move |level| (level.name(), Scanner { level, ..self }))
    }
}

/// The code there is: for a few grammars by themselves, and for all others by the shape of their words.
#[derive(Clone, Copy)]
pub(super) enum Route {
    Gpt2,
    Cl100k,
    O200k,
    Qwen,
    Qwen35,
    Tekken,
    LikeGpt2,
    LikeCl100k,
    LikeO200k,
}

impl Route {
    fn of(grammar: Grammar) -> Route {
        match grammar {
            Grammar::GPT2 => Route::Gpt2,
            Grammar::CL100K => Route::Cl100k,
            Grammar::O200K => Route::O200k,
            Grammar::QWEN => Route::Qwen,
            Grammar::QWEN35 => Route::Qwen35,
            Grammar::TEKKEN => Route::Tekken,
            Grammar { words: Words::Blank, .. } => Route::LikeGpt2,
            Grammar { words: Words::Prefix, .. } => Route::LikeCl100k,
            Grammar { words: Words::PrefixAndCase, .. } => Route::LikeO200k,
        }
    }
}

/// A grammar that the compiler knows, in whole or in part.
pub(super) trait Parameters: Copy {
    fn grammar(self) -> Grammar;
}

macro_rules! known {
    ($($name:ident => $grammar:ident;)*) => {$(
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl Parameters for $name {
            #[inline(always)]
            fn grammar(self) -> Grammar {
                Grammar::$grammar
            }
        }
    )*};
}

known! {
    Gpt2 => GPT2;
    Cl100k => CL100K;
    O200k => O200K;
    Qwen => QWEN;
    Qwen35 => QWEN35;
    Tekken => TEKKEN;
}

macro_rules! known_by_words {
    ($($name:ident => $words:ident;)*) => {$(
        #[derive(Clone, Copy)]
        pub(super) struct $name(pub(super) Grammar);

        impl Parameters for $name {
            #[inline(always)]
            fn grammar(self) -> Grammar {
                Grammar { words: Words::$words, ..self.0 }
            }
        }
    )*};
}

known_by_words! {
    LikeGpt2 => Blank;
    LikeCl100k => Prefix;
    LikeO200k => PrefixAndCase;
}
