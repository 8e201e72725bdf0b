//! Writes the table of character classes that the scanners use (`src/split/scan/class.rs`), from the Unicode tables of the
//! same library that runs all other patterns, so that the two never disagree.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use regex_syntax::hir::{Class, HirKind};

/// The classes, as `src/split/scan/class.rs` has them. `OTHER` is what is left.
const CLASSES: [(u8, &str); 7] = [
    (1, r"[\p{Lu}\p{Lt}]"),
    (2, r"\p{Ll}"),
    (3, r"[\p{Lm}\p{Lo}]"),
    (8, r"\p{M}"),
    (16, r"\p{N}"),
    (32, r"[\s--[\r\n]]"),
    (64, r"[\r\n]"),
];
const OTHER: u8 = 128;

/// Code points in a block. 128 keeps ASCII in the first block and the whole table below 40 kB.
const BLOCK: usize = 128;

fn main() {
    let mut classes = vec![OTHER; 0x11_0000];
    for (class, regex) in CLASSES {
        let hir = regex_syntax::parse(regex).expect("the classes are valid");
        let HirKind::Class(Class::Unicode(ranges)) = hir.kind() else { panic!("{regex} is no class") };
        for range in ranges.iter() {
            classes[range.start() as usize..=range.end() as usize].fill(class);
        }
    }
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut blocks = String::new();
    for block in classes.chunks(BLOCK) {
        let at = distinct.iter().position(|known| *known == block).unwrap_or_else(|| {
            distinct.push(block);
            distinct.len() - 1
        });
        let at = u8::try_from(at).expect("fewer than 256 distinct blocks");
        write!(blocks, "{at},").expect("writing to a string");
    }
    let flat = distinct.concat();
    let code = format!(
        "const BLOCK: usize = {BLOCK};\n\
         static CODE_POINT_BLOCKS: [u8; {}] = [{blocks}];\n\
         static CODE_POINT_CLASSES: [u8; {}] = {flat:?};\n",
        classes.len() / BLOCK,
        flat.len(),
    );
    let folder = env::var_os("OUT_DIR").expect("cargo names a folder");
    fs::write(Path::new(&folder).join("classes.rs"), code).expect("the folder can be written to");
    println!("cargo::rerun-if-changed=build.rs");
}
