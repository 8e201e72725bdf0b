//! Characters → symbols: those that a pattern cannot tell apart are one symbol.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use super::super::scan::character_beyond_ascii;
use super::Limit;
use super::syntax::Node;

/// A number for all characters that a pattern takes alike, from 1 on.
pub(super) type Symbol = u8;

/// Of a byte that is not the first of its character.
pub(super) const TAIL: Symbol = 0;

/// More than any published pattern tells apart: most have 10 to 25.
pub(super) const MOST_SYMBOLS: usize = 250;

/// Code points in a block of the table.
const BLOCK: usize = 128;
const CODE_POINTS: usize = 0x11_0000;

/// Which symbol each character is.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    blocks: Vec<u16>,
    symbols: Vec<Symbol>,
    /// A character of every symbol from 1 on.
    representatives: Vec<char>,
}

/// A set of symbols.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Symbols([u64; 4]);

impl Symbols {
    pub(super) fn contains(self, symbol: Symbol) -> bool {
        self.0[usize::from(symbol >> 6)] >> (symbol & 63) & 1 == 1
    }
}

impl Alphabet {
    /// The coarsest alphabet that tells all sets of characters in these patterns apart.
    pub(super) fn of(patterns: &[&Node]) -> Result<Alphabet, Limit> {
        let mut classes = Vec::new();
        for pattern in patterns {
            pattern.classes(&mut |class| classes.push(class));
        }
        // The first code points of stretches that no set divides.
        let mut starts = vec![0];
        for range in classes.iter().flat_map(|class| class.ranges()) {
            starts.push(range.start() as usize);
            starts.push(range.end() as usize + 1);
        }
        starts.retain(|&start| start < CODE_POINTS);
        starts.sort_unstable();
        starts.dedup();
        // Each set divides every kind into those inside and those outside.
        let mut kinds = vec![0; starts.len()];
        let mut next = 1;
        for class in &classes {
            let mut inside = HashMap::new();
            for range in class.ranges() {
                let first = starts.partition_point(|&start| start < range.start() as usize);
                let end = starts.partition_point(|&start| start <= range.end() as usize);
                for kind in &mut kinds[first..end] {
                    *kind = *inside.entry(*kind).or_insert_with(|| {
                        next += 1;
                        next - 1
                    });
                }
            }
        }
        Alphabet::of_kinds(&starts, &kinds)
    }

    fn of_kinds(starts: &[usize], kinds: &[usize]) -> Result<Alphabet, Limit> {
        let mut symbols: HashMap<usize, Symbol> = HashMap::new();
        let mut representatives = Vec::new();
        let mut table = vec![TAIL; CODE_POINTS];
        for (number, (&start, kind)) in starts.iter().zip(kinds).enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(CODE_POINTS);
            // Surrogates are no characters.
            let Some(character) = (start..end).find_map(|code| char::from_u32(code as u32)) else { continue };
            let symbol = match symbols.get(kind) {
                Some(&symbol) => symbol,
                None if symbols.len() == MOST_SYMBOLS => return Err(Limit::Symbols),
                None => {
                    representatives.push(character);
                    let symbol = representatives.len() as Symbol;
                    symbols.insert(*kind, symbol);
                    symbol
                }
            };
            table[start..end].fill(symbol);
        }
        let mut known: HashMap<&[Symbol], u16> = HashMap::new();
        let mut distinct = Vec::new();
        let blocks = table.chunks(BLOCK).map(|block| {
            *known.entry(block).or_insert_with(|| {
                distinct.extend_from_slice(block);
                (distinct.len() / BLOCK - 1) as u16
            })
        });
        let blocks = blocks.collect();
        Ok(Alphabet { blocks, symbols: distinct, representatives })
    }

    /// The number of symbols, which are 1 and up to this.
    pub(super) fn len(&self) -> usize {
        self.representatives.len()
    }

    /// All symbols.
    pub(super) fn all(&self) -> impl Iterator<Item = Symbol> + use<> {
        1..=self.len() as Symbol
    }

    /// The symbols of a set of characters that is in one of the patterns.
    pub(super) fn set(&self, class: &ClassUnicode) -> Symbols {
        let mut set = [0; 4];
        for (symbol, &character) in (1..).zip(&self.representatives) {
            let ranges = class.ranges();
            let after = ranges.partition_point(|range| range.start() <= character);
            if after > 0 && character <= ranges[after - 1].end() {
                set[symbol >> 6] |= 1 << (symbol & 63);
            }
        }
        Symbols(set)
    }

    /// The symbols of ASCII, which is the first block.
    pub(super) fn ascii(&self) -> &[Symbol; BLOCK] {
        self.symbols.first_chunk().expect("a block")
    }

    /// The symbol of the character at an offset, and its length in bytes. What is not UTF-8 is U+FFFD.
    #[inline(always)]
    pub(super) fn symbol_at(&self, text: &[u8], at: usize) -> (Symbol, usize) {
        let byte = text[at];
        if byte < 0x80 {
            return (self.ascii()[usize::from(byte)], 1);
        }
        let (code, length) = character_beyond_ascii(&text[at..]);
        (self.symbol_of(code), length)
    }

    /// The symbol of what is not UTF-8.
    pub(super) fn replacement(&self) -> Symbol {
        self.symbol_of(char::REPLACEMENT_CHARACTER as usize)
    }

    fn symbol_of(&self, code: usize) -> Symbol {
        self.symbols[usize::from(self.blocks[code / BLOCK]) * BLOCK + code % BLOCK]
    }
}
