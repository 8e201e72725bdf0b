//! Files that are not text, known by their first bytes, and where these do not tell, by their names.
//!
//! Signatures alone are not believed where they could begin a text ("MZ", "BM", "GGUF"): then the first bytes must hold a NUL,
//! which no text in UTF-8 has, nor one in any encoding that extends ASCII.

use std::path::Path;

use infer::MatcherType;

use super::Packing;
use super::steps::may_be_lzma;
use crate::io::kind::Kind;

/// What a file is that is not text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Foreign {
    pub reason: String,
    /// What to do about it, in terms of the Python arguments.
    pub hint: String,
}

const AS_IT_IS: &str = "format=\"text\" takes it as it is, byte for byte";
const UNPACK: &str = "unpack it first";
const REPACK: &str = "unpack it first, or compress it with gzip, zstd, xz or bzip2";
const EXTRACT: &str = "extract its text first";

/// Where a signature begins, the signature, what has it, and what to do.
type Known = (usize, &'static [u8], &'static str, &'static str);

/// No text begins with these.
const SURE: &[Known] = &[
    (0, b"\xff\xfe\0\0", "text in UTF-32", "convert it first: iconv -f UTF-32 -t UTF-8"),
    (0, b"\0\0\xfe\xff", "text in UTF-32", "convert it first: iconv -f UTF-32 -t UTF-8"),
    (0, b"\xff\xfe", "text in UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8"),
    (0, b"\xfe\xff", "text in UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8"),
    (0, b"\x04\x22\x4d\x18", "lz4 data", REPACK),
    (0, b"\x02\x21\x4c\x18", "lz4 data", REPACK),
    (0, b"\xff\x06\0\0sNaPpY", "snappy data", REPACK),
    (0, b"\x1f\x9d", "data of compress (.Z)", REPACK),
    (0, b"LZIP\x01", "lzip data", REPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (0, b"!<arch>\n", "an archive of object files or a Debian package", ""),
    (0, b"%PDF-", "a PDF document", EXTRACT),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image", ""),
    (0, b"\xff\xd8\xff", "a JPEG image", ""),
    (0, b"\x93NUMPY", "an array of numpy (.npy)", ""),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", ""),
    (0, b"\x80\x02", "a pickle of Python", ""),
    (0, b"\x80\x03", "a pickle of Python", ""),
    (0, b"\x80\x04\x95", "a pickle of Python", ""),
    (0, b"\x80\x05\x95", "a pickle of Python", ""),
];

/// What begins with these is known where there is a NUL as well.
const WITH_NUL: &[Known] = &[
    (0, b"PAR1", "a parquet file", "format=\"parquet\" reads it"),
    (0, b"ARROW1", "an Arrow file", "format=\"arrow\" reads it"),
    (0, b"FEA1", "a Feather file of version 1", "write it as Arrow or parquet"),
    (0, b"\xff\xff\xff\xff", "an Arrow stream", "format=\"arrow\" reads it"),
    (0, b"ORC", "an ORC file", "write it as parquet"),
    (0, b"Obj\x01", "an Avro file", "write it as parquet"),
    (0, b"SQLite format 3\0", "an SQLite database", EXTRACT),
    (0, b"GGUF", "a model (GGUF)", ""),
    (0, b"\x7fELF", "a program or an object file (ELF)", ""),
    (0, b"MZ", "a program or a library of Windows", ""),
    (0, b"\xfe\xed\xfa\xce", "a program or an object file (Mach-O)", ""),
    (0, b"\xfe\xed\xfa\xcf", "a program or an object file (Mach-O)", ""),
    (0, b"\xce\xfa\xed\xfe", "a program or an object file (Mach-O)", ""),
    (0, b"\xcf\xfa\xed\xfe", "a program or an object file (Mach-O)", ""),
    (0, b"\xca\xfe\xba\xbe", "a program (Mach-O) or a class of Java", ""),
    (0, b"\0asm", "a module of WebAssembly", ""),
    (257, b"ustar", "a tar archive", UNPACK),
];

/// What the data of files with these endings is where it is no UTF-8: many of them have no signature.
const BY_NAME: &[(&str, &str, &str)] = &[
    ("bin", "binary data", ""),
    ("br", "brotli data", REPACK),
    ("enc", "encrypted data", "decrypt it first"),
    ("gpg", "encrypted data", "decrypt it first"),
    ("lz", "lzip data", REPACK),
    ("lzo", "lzo data", REPACK),
    ("mp3", "audio (mp3)", ""),
    ("pickle", "a pickle of Python", ""),
    ("pkl", "a pickle of Python", ""),
    ("snappy", "snappy data", REPACK),
    ("sz", "snappy data", REPACK),
];

/// How the first bytes of a file are compressed, if in a way that can be read.
pub(super) fn packing_of(first: &[u8]) -> Option<Packing> {
    let is_bzip2 = |first: &[u8]| {
        let magic = (first.get(..3)?, first.get(3)?, first.get(4..10)?);
        let begins = matches!(magic.2, b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90");
        (magic.0 == b"BZh" && (b'1'..=b'9').contains(magic.1) && begins).then_some(())
    };
    if first.starts_with(b"\x1f\x8b\x08") {
        Some(Packing::Gzip)
    } else if first.starts_with(b"\x28\xb5\x2f\xfd") {
        Some(Packing::Zstd)
    } else if first.starts_with(b"\xfd7zXZ\0") {
        Some(Packing::Xz)
    } else {
        is_bzip2(first).map(|()| Packing::Bzip2)
    }
}

/// The bytes that [`packing_of`] needs.
pub(super) const OF_PACKING: usize = 10;

/// What a file is by the first bytes of its content, unless that may be text. `packing` is how it was compressed;
/// `has_nuls` tells that NULs are expected in it.
pub(super) fn foreign(head: &[u8], path: &Path, packing: Packing, has_nuls: bool) -> Option<Foreign> {
    let (what, advice) = kind(head, path, packing, has_nuls)?;
    let packed = match packing {
        Packing::Plain => String::new(),
        packing => format!(", compressed by {}", packing.name()),
    };
    let hint = [advice, AS_IT_IS].iter().filter(|each| !each.is_empty()).copied().collect::<Vec<_>>().join("; ");
    let reason = if what.starts_with("text") {
        format!("it is {what}{packed}, not in UTF-8")
    } else {
        format!("it is {what}{packed}, not text")
    };
    Some(Foreign { reason, hint })
}

fn kind(head: &[u8], path: &Path, packing: Packing, has_nuls: bool) -> Option<(String, &'static str)> {
    if let Some(inner) = packing_of(head) {
        return Some((format!("{} data", inner.name()), UNPACK));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some((zip(head).to_owned(), UNPACK));
    }
    let has = |&&(at, magic, ..): &&Known| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    let told = |&(_, _, what, advice): &Known| (what.to_owned(), advice);
    if let Some(found) = SURE.iter().find(has) {
        return Some(told(found));
    }
    if let Some(found) = tokenizer(head) {
        return Some(found);
    }
    if !has_nuls && memchr::memchr(0, head).is_some() {
        if let Some(found) = WITH_NUL.iter().find(has) {
            return Some(told(found));
        }
        if is_safetensors(head) {
            return Some(("a model (safetensors)".into(), ""));
        }
        if let Some(what) = infer::get(head).and_then(named) {
            return Some((what, ""));
        }
        // As all programs write it: the first byte might begin a text.
        if head[0] == 0x5d && may_be_lzma(head) {
            return Some(("lzma data".into(), REPACK));
        }
        if let Some(found) = by_name(path, packing) {
            return Some(found);
        }
        return Some(match utf_16(head) {
            Some(advice) => ("text in UTF-16".into(), advice),
            None => ("binary data (it has bytes that are 0)".into(), ""),
        });
    }
    if is_utf_8(head) { None } else { by_name(path, packing) }
}

/// What the data of a file are by its name.
fn by_name(path: &Path, packing: Packing) -> Option<(String, &'static str)> {
    let name = if packing == Packing::Plain { path } else { Path::new(path.file_stem()?) };
    let ending = name.extension()?.to_str()?.to_ascii_lowercase();
    let &(_, what, advice) = BY_NAME.iter().find(|&&(known, ..)| known == ending)?;
    Some((format!("{what} by its name"), advice))
}

/// What is in a zip archive, as far as its first bytes tell.
fn zip(head: &[u8]) -> &'static str {
    const NAME_AT: usize = 30;
    let length = head.get(26..28).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let first = head.get(NAME_AT..NAME_AT + length).unwrap_or_default();
    match infer::get(head).map_or("", |kind| kind.extension()) {
        "docx" | "odt" => return "a document (.docx, .odt)",
        "xlsx" | "ods" => return "a spreadsheet (.xlsx, .ods)",
        "pptx" | "odp" => return "a presentation (.pptx, .odp)",
        "epub" => return "an e-book (.epub)",
        _ => {}
    }
    match first {
        _ if first.ends_with(b".npy") => "an archive of numpy (.npz)",
        _ if first.ends_with(b"/data.pkl") => "a model of PyTorch",
        _ if first.starts_with(b"META-INF/") => "a Java archive (.jar)",
        _ => "a zip archive",
    }
}

/// What the signature of other files tells, of which many are short.
fn named(kind: infer::Type) -> Option<String> {
    let ending = kind.extension();
    let what = match kind.matcher_type() {
        // Its signature is that of the numbers 0 and 1.
        _ if ending == "ico" => return None,
        MatcherType::App => "a program or its data",
        MatcherType::Archive => "an archive",
        MatcherType::Audio => "audio",
        MatcherType::Book => "an e-book",
        MatcherType::Doc => "a document",
        MatcherType::Font => "a font",
        MatcherType::Image => "an image",
        MatcherType::Video => "a video",
        MatcherType::Text | MatcherType::Custom => return None,
    };
    Some(format!("probably {what} (.{ending})"))
}

/// A file of safetensors begins with the length of the JSON that follows.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length) < 1 << 32
        && (rest.starts_with(b"{\"") || rest.starts_with(b"{ ") || rest.starts_with(b"{}"))
}

/// What a file is that has a tokenizer or its counts in it, many of which are text by their bytes.
fn tokenizer(head: &[u8]) -> Option<(String, &'static str)> {
    let kind = Kind::of_content(head)?;
    match kind {
        Kind::Model | Kind::Counts | Kind::Tokens | Kind::Minbpe | Kind::SentencePiece => {}
        Kind::Ranks if has_ranks_in_order(head) => {}
        // Any object with data may have the keys of the others.
        _ => return None,
    }
    let what = if kind == Kind::Tokens { "the manifest of a folder of token files" } else { kind.described() };
    Some((what.to_owned(), kind.advice()))
}

/// Whether the first ranks follow each other: lines of a word and a number may be taken for those of a rank file.
fn has_ranks_in_order(head: &[u8]) -> bool {
    let lines = head.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let rank = |line: &[u8]| -> Option<u32> {
        let line = std::str::from_utf8(line.trim_ascii()).ok()?;
        line.rsplit_once(' ')?.1.parse().ok()
    };
    let ranks: Vec<_> = lines.take(3).map(rank).collect();
    ranks.len() == 3 && ranks.windows(2).all(|pair| matches!(*pair, [Some(one), Some(next)] if next == one + 1))
}

/// What `encode` wrote, by its first bytes: ids as text, or as JSON. That is no more than likely, so that it counts only
/// for files that nobody named.
pub(super) fn written(head: &[u8]) -> Option<Foreign> {
    const OBJECT: &[u8] = b"{\"tokens\":[";
    /// Fewer may stand in a text for something else.
    const LEAST: usize = 16;
    let is_number = |byte: &u8| byte.is_ascii_digit();
    let is_object =
        head.strip_prefix(OBJECT).is_some_and(|rest| rest.first().is_some_and(|byte| b"]0123456789".contains(byte)));
    let are_numbers = head.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'\n'))
        && head.first().is_some_and(is_number)
        && head.split(|byte| !is_number(byte)).filter(|digits| !digits.is_empty()).take(LEAST).count() == LEAST
        && head
            .split(|byte| !is_number(byte))
            .all(|digits| digits.len() <= 7 && (digits.len() < 2 || digits[0] != b'0'));
    let reason = match (is_object, are_numbers) {
        (true, _) => "it has token ids, not text",
        (_, true) => "it has nothing but numbers, as a file of token ids has",
        _ => return None,
    };
    let hint = "name the file itself, or say format=\"text\", to read it all the same".to_owned();
    Some(Foreign { reason: reason.to_owned(), hint })
}

/// How to convert bytes that look like UTF-16 without a byte order mark. Where most are ASCII every other byte is 0; in
/// other scripts at least white space is.
fn utf_16(head: &[u8]) -> Option<&'static str> {
    let nuls = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&byte| byte == 0).count();
    let is_big = nuls(0) > nuls(1);
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    };
    let mut units: Vec<u16> = head.chunks_exact(2).map(unit).collect();
    // The first half of a character that is cut.
    units.pop_if(|unit| (0xD800..0xDC00).contains(unit));
    let is_other = |char: char| {
        char.is_control() && !matches!(char, '\t' | '\n' | '\r') || ('\u{E000}'..'\u{F900}').contains(&char)
    };
    let is_text = char::decode_utf16(units.iter().copied()).all(|char| char.is_ok_and(|char| !is_other(char)));
    let spaces = units.iter().filter(|&&unit| matches!(unit, 0x09 | 0x0a | 0x0d | 0x20)).count();
    let ascii = units.iter().filter(|&&unit| (0x20..0x7f).contains(&unit)).count();
    // ASCII with a 0 here and there is what it looks like: read in twos it would be rare Chinese.
    let is_ascii = |byte: &u8| matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
    if head.iter().all(is_ascii) && 4 * (nuls(0) + nuls(1)) < head.len() {
        return None;
    }
    let is_likely =
        head.len() >= 8 && is_text && (2 * ascii >= units.len() || 50 * spaces >= units.len() && spaces > 0);
    is_likely.then_some(if is_big {
        "convert it first: iconv -f UTF-16BE -t UTF-8"
    } else {
        "convert it first: iconv -f UTF-16LE -t UTF-8"
    })
}

/// Whether bytes are UTF-8 up to a character that may go on behind them.
fn is_utf_8(head: &[u8]) -> bool {
    std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8], name: &str) -> Option<String> {
        foreign(head, Path::new(name), Packing::Plain, false).map(|foreign| foreign.reason)
    }

    #[test]
    fn no_text_is_taken_for_what_its_first_letters_would_be() {
        for text in [
            "MZ is what programs begin with",
            "BM",
            "GGUF",
            "PAR1",
            "ORC and elf",
            "Obj",
            "ID3 tags",
            "BZh91 is bzip2",
            "GIF89a",
            "Rar! it said",
            "PK",
            "7z",
            "%P",
            "\u{FEFF}",
            "",
            "{\rtf1 text}",
            "RIFF",
            "OggS",
            "fLaC",
            "FWS",
            "II*",
            "caf\u{e9}",
            "SQLite format 3",
            "true",
            "wOFF",
            "OTTO",
            "MThd",
            "8BPS",
            "ustar",
            // Words with numbers, objects and lists.
            "that 5\nwith 9\nthis 7\n",
            "{\"model\": \"gpt\", \"added_tokens\": 1, \"pre_tokenizer\": 2, \"text\": \"x\"}",
            "{\"!\": 0}",
            "{\"format\": \"other\"}",
            "#version: 2\n",
        ] {
            for name in ["a", "a.txt", "a.bin", "a.br", "a.png", "a.zip"] {
                assert_eq!(what(text.as_bytes(), name), None, "{text} {name}");
            }
        }
        // Other encodings are kept byte for byte, also where a character is cut off.
        assert_eq!(what(b"caf\xe9 au lait", "a.txt"), None);
        assert_eq!(what("中".repeat(9).as_bytes().split_last().unwrap().1, "a.bin"), None);
        assert_eq!(what(b"\x0b\x02\x80caf\xe9", "a.br").unwrap(), "it is brotli data by its name, not text");
    }

    #[test]
    fn what_is_no_text_is_named() {
        let zip = |name: &[u8]| [&b"PK\x03\x04"[..], &[0; 22], &[name.len() as u8, 0, 0, 0], name].concat();
        for (head, expected) in [
            (&b"\xff\xfea\0"[..], "it is text in UTF-16, not in UTF-8"),
            (b"\xff\xfe\0\0a\0\0\0", "it is text in UTF-32, not in UTF-8"),
            (b"a\0 \0t\0e\0x\0t\0", "it is text in UTF-16, not in UTF-8"),
            (b"\0a\0 \0t\0e\0x\0t", "it is text in UTF-16, not in UTF-8"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", "it is lzma data, not text"),
            (b"\x89pwcnt\r\n\x01\0", "it is a counts file of pairwright, not text"),
            (b"{\n\"format\": \"pairwright\",\n\"vers", "it is a model file of pairwright, not text"),
            (
                b"{\"a\": 1, \"format\": \"pairwright tokens\"",
                "it is the manifest of a folder of token files, not text",
            ),
            (b"YQ== 97\nYg== 98\nYw== 99\n", "it is a rank file, not text"),
            (b"minbpe v1\n\n0\n", "it is a minbpe model, not text"),
            (b"\x1f\x8b\x08\0", "it is gzip data, not text"),
            (&zip(b"word.xml"), "it is a zip archive, not text"),
            (&zip(b"arr_0.npy"), "it is an archive of numpy (.npz), not text"),
            (&zip(b"model/data.pkl"), "it is a model of PyTorch, not text"),
            (b"%PDF-1.7\n", "it is a PDF document, not text"),
            (b"PAR1\x15\0", "it is a parquet file, not text"),
            (b"ARROW1\0\0", "it is an Arrow file, not text"),
            (b"\x7fELF\x02\x01\x01\0", "it is a program or an object file (ELF), not text"),
            (b"\x10\0\0\0\0\0\0\0{\"a\":1}", "it is a model (safetensors), not text"),
            (b"GIF89a\x01\0\x01\0", "it is probably an image (.gif), not text"),
            (b"ID3\x03\0\0\0\0\0", "it is probably audio (.mp3), not text"),
            (b"some\0thing", "it is binary data (it has bytes that are 0), not text"),
        ] {
            assert_eq!(what(head, "a.txt").as_deref(), Some(expected), "{head:?}");
        }
        assert_eq!(foreign(b"a\0b", Path::new("a"), Packing::Plain, true), None);
        let packed = foreign(b"%PDF-1.7", Path::new("a.gz"), Packing::Gzip, false).unwrap();
        assert_eq!(packed.reason, "it is a PDF document, compressed by gzip, not text");
        assert_eq!(packed.hint, "extract its text first; format=\"text\" takes it as it is, byte for byte");
    }

    #[test]
    fn compression_is_known_by_the_first_bytes() {
        assert_eq!(packing_of(b"BZh91AY&SY"), Some(Packing::Bzip2));
        assert_eq!(packing_of(b"BZh\x39\x17\x72\x45\x38\x50\x90"), Some(Packing::Bzip2));
        for text in [&b"BZh91 is bzip2"[..], b"BZh9", b"", b"\xfd7zX", b"(\xb5"] {
            assert_eq!(packing_of(text), None);
        }
    }
    #[test]
    fn utf_16_is_known_by_its_zeros_in_any_script() {
        for text in [
            "To be, or not to be\n",
            "Быть или не быть\n",
            "生存 还是 毁灭\n",
            "😀 and more, and more\n",
            "été à la plage",
        ] {
            for is_big in [false, true] {
                let repeated = text.repeat(3);
                let unit = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
                let bytes: Vec<u8> = repeated.encode_utf16().flat_map(unit).collect();
                for end in [bytes.len(), bytes.len() - 1, bytes.len() - 3] {
                    let found = foreign(&bytes[..end], Path::new("a.txt"), Packing::Plain, false).unwrap();
                    assert_eq!(found.reason, "it is text in UTF-16, not in UTF-8", "{text} {is_big} {end}");
                    let wanted = if is_big { "-f UTF-16BE" } else { "-f UTF-16LE" };
                    assert!(found.hint.contains(wanted), "{}", found.hint);
                }
            }
        }
        let ids: Vec<u8> = (0..900u16).flat_map(|id| (id * 71).to_le_bytes()).collect();
        assert_eq!(what(&ids, "a").unwrap(), "it is binary data (it has bytes that are 0), not text");
        let few = b"some text \0 and more";
        assert_eq!(what(few, "a.txt").unwrap(), "it is binary data (it has bytes that are 0), not text");
    }

    #[test]
    fn files_of_ids_are_known_by_nothing_but_numbers() {
        let ids: String = (0..40).map(|number| format!("{} ", number * 997)).collect();
        for (head, is_written) in [
            (ids.clone(), true),
            (ids.replace(" 9", "\n9"), true),
            ("{\"tokens\":[1,2,3]}\n".into(), true),
            ("{\"tokens\":[\"a\"]}\n".into(), false),
            ("{\"text\":\"a\"}\n".into(), false),
            (ids.replace("997", "nine"), false),
            (ids.replace(' ', ", "), false),
            (ids.replace(" 1", " 01"), false),
            ("1 2 3\n".into(), false),
            ("31415926535897932384626433832795 ".repeat(20), false),
            (String::new(), false),
        ] {
            assert_eq!(written(head.as_bytes()).is_some(), is_written, "{head}");
        }
    }
}
