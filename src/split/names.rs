//! Names as people spell them: `GPT-4o`, `gpt4o` and `gpt_4o` are one.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::pattern::{NAMED, NamedPattern};

/// What is known by name, `data/datasets.json`: the published encodings with their patterns, and which model uses which
/// encoding.
pub(crate) const MANIFEST: &str = include_str!("../../data/datasets.json");

/// Names and beginnings of names, each with what it means.
pub struct Names<T> {
    whole: Vec<(String, T)>,
    beginnings: Vec<(String, T)>,
}

impl<T> Names<T> {
    /// A beginning that ends in `-` is followed by more, one that does not may be followed by anything.
    pub fn new<S: Into<String>>(
        whole: impl IntoIterator<Item = (S, T)>,
        beginnings: impl IntoIterator<Item = (S, T)>,
    ) -> Names<T> {
        Names {
            whole: whole.into_iter().map(|(name, meaning)| (name.into(), meaning)).collect(),
            beginnings: beginnings.into_iter().map(|(name, meaning)| (name.into(), meaning)).collect(),
        }
    }

    /// All whole names.
    #[cfg(feature = "python")]
    pub fn whole(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().map(|(name, _)| name.as_str())
    }

    /// What a name means: that of a whole name that differs at most in case and in the characters `-`, `_`, `.` and blank between
    /// its parts; else that of the longest beginning that fits in the same way.
    pub fn find(&self, name: &str) -> Option<&T> {
        let (given, ends) = squeezed(name);
        let whole = self.whole.iter().find(|(known, _)| squeezed(known).0 == given);
        let beginning = || {
            let fitting = self.beginnings.iter().filter_map(|(known, meaning)| {
                let (squeezed, _) = squeezed(known);
                let fits = given.starts_with(&squeezed) && (!known.ends_with('-') || ends.contains(&squeezed.len()));
                fits.then_some((squeezed.len(), meaning))
            });
            fitting.max_by_key(|(length, _)| *length).map(|(_, meaning)| meaning)
        };
        whole.map(|(_, meaning)| meaning).or_else(beginning)
    }
}

/// A name in small letters without what stands between its parts, and where in it parts end. At a dot none does, for versions
/// have them: `gpt-4.1` is no `gpt-4` with an addition.
fn squeezed(name: &str) -> (String, Vec<usize>) {
    let (mut squeezed, mut ends) = (String::with_capacity(name.len()), Vec::new());
    for char in name.chars() {
        match char {
            '-' | '_' | ' ' => ends.push(squeezed.len()),
            '.' => {}
            _ => squeezed.extend(char.to_lowercase()),
        }
    }
    (squeezed, ends)
}

/// The named pattern that a name in any spelling means. In front of that of a model may stand its owner: `Qwen/Qwen2.5-7B`.
pub fn pattern(name: &str) -> Option<&'static NamedPattern> {
    let without_owner = name.rsplit_once('/').map(|(_, name)| name);
    [Some(name), without_owner].into_iter().flatten().find_map(|name| of_patterns().find(name)).copied()
}

/// The names of the named patterns, of the encodings that have them, and of the models that use these.
pub fn of_patterns() -> &'static Names<&'static NamedPattern> {
    static NAMES: LazyLock<Names<&'static NamedPattern>> = LazyLock::new(|| {
        let manifest: Value = serde_json::from_str(MANIFEST).expect("the manifest is JSON");
        let section = |name: &str| manifest[name].as_object().into_iter().flat_map(Map::iter);
        let strings = |list: &'_ Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let pattern_of = |encoding: &str| {
            let name = manifest["encodings"][encoding]["pattern"].as_str();
            name.and_then(NamedPattern::of_name).expect("every encoding in the manifest has a named pattern")
        };
        let own = |names: fn(&NamedPattern) -> &[&'static str]| {
            NAMED.iter().flat_map(move |named| names(named).iter().map(move |name| (name.to_string(), named)))
        };
        let of_models = |kind: &str| {
            let models = section("models").flat_map(|(encoding, known)| {
                let pattern = pattern_of(encoding);
                strings(&known[kind]).into_iter().map(move |name| (name, pattern))
            });
            models.collect::<Vec<_>>()
        };
        let whole = NAMED.iter().map(|named| (named.name.to_owned(), named)).chain(own(|named| named.aliases));
        let encodings = section("encodings").map(|(name, _)| (name.clone(), pattern_of(name)));
        Names::new(
            whole.chain(encodings).chain(of_models("names")),
            own(|named| named.models).chain(of_models("prefixes")),
        )
    });
    &NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> Option<&'static str> {
        pattern(name).map(|named| named.name)
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        for (pattern, names) in [
            ("gpt2", &["gpt2", "GPT2", "gpt-2", "Gpt 2", "r50k_base", "P50K-Edit", "gpt2-xl", "text-davinci-003"][..]),
            (
                "cl100k",
                &["cl100k_base", "CL100K", "cl-100k", "gpt4", "gpt-4-0613", "gpt-3.5-turbo", "gpt-35-turbo-16k"],
            ),
            ("cl100k", &["Llama-3", "llama3", "llama 3.1", "meta-llama/Llama-3.2-1B", "Meta-Llama-3-8B-Instruct"]),
            ("o200k", &["o200k_base", "o200k_harmony", "GPT4o", "gpt-4o-2024-05-13", "gpt-4.1", "gpt-5.1", "o3-mini"]),
            ("o200k", &["gpt-oss-20b", "openai/gpt-4o", "ft:gpt-4o-mini:acme", "Llama_4", "Llama-4-Scout-17B-16E"]),
            ("qwen", &["qwen", "Qwen2.5", "qwen25", "qwen-3", "Qwen/Qwen2.5-7B-Instruct", "Qwen3-0.6B"]),
            ("qwen3.5", &["qwen3.5", "QWEN 3.5", "qwen35", "Qwen/Qwen3.5-35B-A3B"]),
            ("tekken", &["Tekken", "mistral-nemo", "mistralai/Mistral-Nemo-Instruct-2407"]),
            ("kimi", &["kimi", "Kimi-K2", "moonshotai/Kimi-K2-Instruct"]),
        ] {
            assert!(names.iter().all(|name| found(name) == Some(pattern)), "{pattern}: {names:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_found() {
        for name in [
            "",
            "-",
            "cl100",
            "gpt",
            "gpt-4.7",
            "gpt-4p",
            "gpt-4oo",
            "qwen3.6",
            "qwen3.6-7b",
            "llama",
            "llama-2",
            "o1mini",
        ] {
            assert_eq!(found(name), None, "{name:?}");
        }
    }

    #[test]
    fn no_name_means_two_patterns() {
        let names = of_patterns();
        for (name, pattern) in &names.whole {
            assert_eq!(found(name), Some(pattern.name), "{name}");
        }
    }
}
