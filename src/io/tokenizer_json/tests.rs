use super::*;
use crate::normalize::Form;

/// A small tokenizer as tokenizers would write it: all bytes, "ab", "abc" and " a", with the merges in another order than the ids.
fn file() -> Value {
    let mut vocab: Map<String, Value> =
        (0..=255u8).map(|byte| (alphabet::to_text(&[byte]), Value::from(byte))).collect();
    for (text, id) in [("ab", 256), ("abc", 257), ("Ġa", 258), ("<s>", 259)] {
        vocab.insert(text.to_owned(), id.into());
    }
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [
            { "id": 259, "content": "<s>", "special": true, "lstrip": false, "rstrip": true, "single_word": false, "normalized": false },
            { "id": 260, "content": "ab!", "special": false, "lstrip": false, "rstrip": false, "single_word": true, "normalized": true },
        ],
        "normalizer": { "type": "NFC" },
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Digits", "individual_digits": true },
            { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        ] },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
            "pair": [], "special_tokens": { "<s>": { "id": "<s>", "ids": [259], "tokens": ["<s>"] } } },
        "decoder": { "type": "ByteLevel" },
        "model": { "type": "BPE", "vocab": vocab, "merges": [["Ġ", "a"], ["a", "b"], "ab c"] },
    })
}

fn read(file: &Value) -> Result<Tokenizer> {
    from_bytes(file.to_string().as_bytes())
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode_ordinary(text.as_bytes()).unwrap().iter().map(|id| id.0).collect()
}

#[test]
fn all_parts_are_understood() {
    let tokenizer = read(&file()).unwrap();
    assert_eq!(ids(&tokenizer, "abc abc"), [257, 258, 98, 99]);
    // The bytes of é, composed; digits one by one; the token that is found always, by itself only.
    assert_eq!(ids(&tokenizer, "e\u{301}12"), [0xc3, 0xa9, 49, 50]);
    assert_eq!(ids(&tokenizer, "x ab! xab! ab!x"), [120, 32, 260, 32, 120, 256, 33, 258, 98, 33, 120]);
    let all = tokenizer.policy(&crate::Choice::All, &crate::Choice::NONE).unwrap();
    assert_eq!(tokenizer.encode(b"<s>  b", &all).unwrap(), [Id(259), Id(98)]);
    assert_eq!(tokenizer.frame(), &[vec![Id(259)], vec![]]);
    assert_eq!(tokenizer.normalizer(), Some(Form::Nfc));
    assert!(tokenizer.is_by_list());
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let mut files = vec![file(); 6];
    files[1]["model"]["ignore_merges"] = true.into();
    files[2]["normalizer"] = Value::Null;
    files[2]["pre_tokenizer"] = json!({ "type": "ByteLevel", "add_prefix_space": false });
    files[3]["added_tokens"] = json!([]);
    files[3]["post_processor"] = Value::Null;
    files[3]["model"]["vocab"].as_object_mut().unwrap().remove("<s>");
    files[4]["pre_tokenizer"]["pretokenizers"][0] =
        json!({ "type": "Split", "pattern": { "String": "a.b" }, "behavior": "MergedWithPrevious", "invert": true });
    files[5]["pre_tokenizer"]["pretokenizers"] = json!([
        { "type": "Split", "pattern": { "Regex": crate::split::NAMED[1].regex }, "behavior": "Isolated", "invert": false },
        { "type": "ByteLevel", "add_prefix_space": false, "use_regex": false },
    ]);
    for file in &files {
        let tokenizer = read(file).unwrap();
        let written = to_text(&tokenizer).unwrap();
        let again = from_bytes(written.as_bytes()).unwrap();
        assert!(again == tokenizer, "{written}");
        assert_eq!(to_text(&again).unwrap(), written);
    }
    assert_eq!(read(&files[5]).unwrap().splitter().pattern().as_str(), "cl100k");
}

#[test]
fn what_is_not_supported_or_damaged_is_named() {
    let cases: [(&str, Value, &str); 24] = [
        ("/model/type", json!("WordPiece"), "\"model.type\" is \"WordPiece\""),
        ("/model/vocab", json!([]), "\"model.vocab\" is missing"),
        ("/model/vocab/ab", json!("x"), "the token \"ab\" has no valid id"),
        ("/model/vocab/ab", json!(3), "token id 3 is given twice"),
        ("/model/vocab/<s>", json!("x"), "\"added_tokens\", item 0: the model gives it no valid id"),
        ("/model/vocab", json!([["a", 0.0]]), "\"model.vocab\" is missing"),
        ("/model/merges", json!(7), "\"model.merges\" is missing"),
        ("/model/merges/1", json!("ab"), "\"model.merges\", item 1: \"ab\" is no pair"),
        ("/model/merges/1", json!(["a", 1]), "\"model.merges\", item 1"),
        ("/model/merges/0", json!(["ab", "xyz"]), "merge 0 (b\"ab\", b\"xyz\") is of b\"xyz\", which is no token"),
        ("/model/merges/2", json!(["a", "b"]), "is listed twice"),
        ("/model/merges/2", json!(["b", "a"]), "gives no token"),
        ("/normalizer", json!({ "type": "Lowercase" }), "the normalizer \"Lowercase\" is not supported"),
        ("/pre_tokenizer", json!({ "type": "Metaspace" }), "the pre_tokenizer \"Metaspace\" is not supported"),
        ("/pre_tokenizer", Value::Null, "no pre_tokenizer \"ByteLevel\""),
        ("/pre_tokenizer/pretokenizers/1/add_prefix_space", json!(true), "add_prefix_space is not supported"),
        ("/pre_tokenizer/pretokenizers/1/use_regex", json!("x"), "\"use_regex\" must be true or false"),
        (
            "/pre_tokenizer/pretokenizers/0",
            json!({ "type": "ByteLevel", "add_prefix_space": false }),
            "nothing may come behind",
        ),
        (
            "/pre_tokenizer/pretokenizers/0",
            json!({ "type": "Split", "pattern": { "Regex": "(" }, "behavior": "Isolated" }),
            "invalid split pattern",
        ),
        (
            "/pre_tokenizer/pretokenizers/0",
            json!({ "type": "Split", "pattern": { "Regex": "a" }, "behavior": "x" }),
            "the behavior \"x\"",
        ),
        ("/post_processor", json!({ "type": "X" }), "the post_processor \"X\" is not supported"),
        ("/post_processor/special_tokens", json!({}), "names \"<s>\" and gives it no valid ids"),
        ("/decoder", json!({ "type": "WordPiece" }), "the decoder \"WordPiece\" is not supported"),
        ("/added_tokens/1/id", json!(-1), "\"added_tokens\", item 1: \"id\" is missing"),
    ];
    for (place, value, expected) in cases {
        let mut file = file();
        *file.pointer_mut(place).unwrap() = value;
        let error = read(&file).err().unwrap_or_else(|| panic!("{place} was read")).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let mut file = file();
    file["model"]["vocab"].as_object_mut().unwrap().remove("z");
    assert!(read(&file).err().unwrap().to_string().contains("the single byte 0x7a is not a token"));
    let content = file.to_string();
    for end in [0, 1, content.len() / 2, content.len() - 1] {
        let error = from_bytes(&content.as_bytes()[..end]).err().unwrap().to_string();
        assert!(error.contains("truncated"), "{error}");
    }
}

#[test]
fn what_is_not_byte_level_is_named_before_what_is_in_it() {
    let changed = |changes: &[(&str, Value)]| {
        let mut file = file();
        file["model"]["merges"] = json!(["\u{2581} t"]);
        for (place, value) in changes {
            match file.pointer_mut(place) {
                Some(found) => *found = value.clone(),
                None => file["model"][place.trim_start_matches("/model/")] = value.clone(),
            }
        }
        read(&file).err().unwrap().to_string()
    };
    for (changes, expected) in [
        (&[][..], "\"model.merges\", item 0"),
        (&[("/model/byte_fallback", json!(true))], "\"model.byte_fallback\" is true: a BPE of characters"),
        (&[("/model/fuse_unk", json!(true))], "\"model.fuse_unk\" is true"),
        (&[("/model/unk_token", json!("<unk>"))], "\"model.unk_token\" is \"<unk>\""),
        (&[("/pre_tokenizer", json!({ "type": "Metaspace" }))], "the pre_tokenizer \"Metaspace\" is not supported"),
        (&[("/normalizer", json!({ "type": "Prepend" }))], "the normalizer \"Prepend\" is not supported"),
        (
            &[("/pre_tokenizer", Value::Null), ("/model/byte_fallback", json!(true))],
            "\"model.byte_fallback\" is true: a BPE of characters, as SentencePiece makes it",
        ),
        (&[("/model/type", json!("Unigram"))], "\"model.type\" is \"Unigram\""),
    ] {
        let error = changed(changes);
        assert!(error.contains(expected), "{error}");
    }
    // Where all bytes are tokens they do nothing.
    let mut file = file();
    file["model"]["byte_fallback"] = true.into();
    file["model"]["unk_token"] = "<s>".into();
    assert!(read(&file).is_ok());
}

#[test]
fn added_tokens_have_the_ids_that_tokenizers_gives_them() {
    let mut file = file();
    let token = |content: &str, id: u32| json!({ "id": id, "content": content, "special": true });
    file["added_tokens"] = json!([token("<y>", 400), token("<s>", 5), token("", 270), token("<x>", 261)]);
    let tokenizer = read(&file).unwrap();
    let ids: Vec<(&str, Id)> = tokenizer.special().iter().collect();
    assert_eq!(ids, [("<s>", Id(259)), ("<y>", Id(260)), ("<x>", Id(261))]);
    // One that the model has given to another token.
    file["model"]["vocab"]["ab"] = 300.into();
    file["model"]["vocab"]["abc"] = 260.into();
    let error = read(&file).err().unwrap().to_string();
    assert!(error.contains("special token \"<y>\" has id 260, which is also that of the token b\"abc\""), "{error}");
}

#[test]
fn what_tokenizers_would_take_for_something_else_is_not_written() {
    let written = |pattern: &str, special: &[(&str, u32)]| {
        let special = special.iter().map(|&(name, id)| (name.to_owned(), Id(id)));
        let splitter = Splitter::new(pattern).unwrap();
        to_text(&Tokenizer::from_ranks(Vocab::of_bytes(), splitter, SpecialTokens::new(special).unwrap()).unwrap())
    };
    for (pattern, special, expected) in [
        (r"a$|.", &[][..], "holds $"),
        (r"^a", &[], "holds ^"),
        (r"\p{L}{1,3}+", &[], "possessively"),
        (r"(?s).", &[], "sets the flags s"),
        (r"a*|b", &[], "may match the empty string"),
        ("gpt2", &[("<a>", 300), ("<b>", 300)], "have one id"),
        ("gpt2", &[("a", 300)], "is written as an ordinary token"),
    ] {
        let error = written(pattern, special).err().unwrap_or_else(|| panic!("{pattern} was written")).to_string();
        assert!(error.contains(expected), "{error}");
    }
    for pattern in
        [r"[^$]+|(?i:'s)|(?<!a)b|(?!c)d|\$|\p{L}++", "kimi", "o200k", "(?s:.+)", crate::split::NAMED[0].regex]
    {
        assert!(written(pattern, &[("<a>", 300)]).is_ok(), "{pattern}");
    }
    // A spelling that would be misread, of a pattern that has another one.
    let possessive = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s";
    assert!(written(possessive, &[]).unwrap().contains(r"| ?\\p{L}+|"));
}
