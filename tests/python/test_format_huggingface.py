"""`tokenizer.json` in and out, beside tokenizers and transformers."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import texts
import tokenizers
from carried import PUBLISHED, TOKENIZER_JSON, carried
from hypothesis import HealthCheck, given, settings, strategies as st
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE

import pairwright as pw

NAMES = list(TOKENIZER_JSON)

every_file = pytest.mark.parametrize("name", NAMES)


def same(ours: pw.Tokenizer, theirs: tokenizers.Tokenizer, text: str) -> None:
    ids = theirs.encode(text, add_special_tokens=False).ids
    assert ours.encode(text, allowed_special="all") == ids, text[:100]
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False)
    framed = theirs.encode(text).ids
    assert ours.beginning + ids + ours.ending == framed


# Published files


@cache
def published(name: str) -> tuple[pw.Tokenizer, tokenizers.Tokenizer]:
    path = carried(*TOKENIZER_JSON[name])
    return pw.Tokenizer.from_huggingface(path), tokenizers.Tokenizer.from_file(str(path))


@every_file
def test_a_published_file_is_understood(name: str) -> None:
    ours, theirs = published(name)
    assert ours.vocab_size == theirs.get_vocab_size()
    assert {name: theirs.token_to_id(name) for name in ours.special_tokens} == ours.special_tokens
    assert (ours.pattern, ours.normalizer) == ("gpt2", "NFKC") if name == "anthropic" else (ours.pattern, None)


@every_file
def test_ids_of_the_python_documentation(name: str, python_docs: str) -> None:
    same(*published(name), python_docs)


@every_file
def test_ids_of_the_sources_of_the_standard_library(name: str, python_sources: list[str]) -> None:
    ours, theirs = published(name)
    expected = [encoding.ids for encoding in theirs.encode_batch(python_sources, add_special_tokens=False)]
    assert ours.encode_batch(python_sources, allowed_special="all").to_lists() == expected


@every_file
def test_ids_of_the_handbook(name: str, handbook: dict[str, str]) -> None:
    for text in handbook.values():
        same(*published(name), text[:60_000])


@every_file
def test_ids_of_batches_and_counts(name: str, handbook: dict[str, str]) -> None:
    ours, theirs = published(name)
    documents = [text[:5000] for text in handbook.values()] * 4
    expected = [encoding.ids for encoding in theirs.encode_batch(documents, add_special_tokens=False)]
    for threads in (1, 2):
        assert ours.encode_batch(documents, allowed_special="all", threads=threads).to_lists() == expected
        assert ours.count_batch(documents, threads=threads).tolist() == [len(ids) for ids in expected]


@every_file
@given(text=st.lists(texts.any_text | texts.by_class | st.sampled_from(["<EOT>", "<｜end▁of▁sentence｜>", "e\u0301"])))
def test_ids_of_any_text(name: str, text: list[str]) -> None:
    same(*published(name), "".join(filter(is_normalized_alike, "".join(text))))


@cache
def is_normalized_alike(character: str) -> bool:
    """Whether tokenizers, whose Unicode is an old one, knows a character's normal form, and its place among marks."""
    ours, theirs = published("anthropic")[0], normalizers.NFKC()
    context = f"{character}\u0301{character}\u0316{character}"
    return ours.decode(ours.encode_ordinary(context)) == theirs.normalize_str(context)


def test_only_new_characters_are_normalized_differently() -> None:
    different = [code for code in texts.PLANES_IN_USE if not is_normalized_alike(code)]
    assert 0 < len(different) < 1000
    # They are left alone there, wherever they stand.
    for character in different:
        context = f"{character}\u0301{character}\u0316{character}"
        assert normalizers.NFKC().normalize_str(context) == context


@every_file
def test_a_published_file_is_written_as_it_was_meant(name: str, tmp_path: Path, python_docs: str) -> None:
    ours, theirs = published(name)
    ours.to_huggingface(tmp_path)
    assert pw.Tokenizer.from_huggingface(tmp_path) == ours
    assert pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json") == ours
    again = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = python_docs[:50_000] + "<EOT> e\u0301 中文 12345 <｜end▁of▁sentence｜>\n"
    assert again.encode(text).ids == theirs.encode(text).ids
    assert again.get_vocab() == theirs.get_vocab()
    ours.save(tmp_path / "model.json")
    assert pw.Tokenizer.load(tmp_path / "model.json") == ours


# Our own in tokenizers


@pytest.fixture(params=["trained", "trained-o200k", "trained-first", *PUBLISHED])
def own(request: pytest.FixtureRequest, python_docs: str) -> pw.Tokenizer:
    name = request.param
    if name.startswith("trained"):
        pattern = "o200k" if name == "trained-o200k" else "cl100k"
        order: Any = "first" if name == "trained-first" else "last"
        return pw.train(
            [python_docs[:200_000]], 1500, pattern, special_tokens=["<|end|>", "<|pad|>"], special_ids=order
        )
    pattern = name.removesuffix("_base")
    special = {"<|endoftext|>": 50256} if name == "p50k_base" else {"<|endoftext|>": 250_000, "<|x|>": 250_007}
    return pw.Tokenizer.from_tiktoken(carried(*PUBLISHED[name]), pattern=pattern, special_tokens=special)


def test_our_own_gives_the_same_ids_in_tokenizers(own: pw.Tokenizer, tmp_path: Path, python_docs: str) -> None:
    path = tmp_path / "tokenizer.json"
    own.to_huggingface(path)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    same(own, theirs, python_docs[:300_000])
    for text in [
        "",
        " ",
        "<|end|> <|pad|><|endoftext|>\n <|x|>",
        "a \n  ",
        "\n\n x  \t y'll 12345 é中文😀",
        "\x00\x7f\xad",
    ]:
        same(own, theirs, text)
    # A vocabulary read from a rank file knows its merges too.
    again = pw.Tokenizer.from_huggingface(path)
    assert again.vocab == own.vocab
    assert again.merges == own.merges
    assert again == own
    assert {token: theirs.token_to_id(token) for token in own.special_tokens} == own.special_tokens


def test_a_folder_for_transformers(own: pw.Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from transformers import PreTrainedTokenizerFast

    end = next(iter(own.special_tokens))
    template = "{% for message in messages %}{{ message.content }}" + end + "{% endfor %}"
    own.to_huggingface(
        tmp_path, config={"eos_token": end, "pad_token": end, "model_max_length": 64, "chat_template": template}
    )
    theirs = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    text = f"Where's  the\n\n café? {end}中文"
    ids = own.encode(text, allowed_special="all")
    assert theirs(text)["input_ids"] == ids
    assert theirs.decode(ids) == text
    assert (theirs.eos_token, theirs.pad_token_id, theirs.model_max_length) == (end, own.token_id(end), 64)
    padded = theirs(["a", text * 20], padding=True, truncation=True)
    assert [len(row) for row in padded["input_ids"]] == [64, 64]
    assert padded["input_ids"][1] == own.encode(text * 20, allowed_special="all")[:64]
    assert padded["attention_mask"][0][:2] == [1, 0]
    chat = theirs.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    assert chat == "hi" + end


def test_a_config_that_names_no_special_token_writes_nothing(tokenizer: pw.Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='eos_token is "<|nope|>", which is no special token'.replace("|", r"\|")):
        tokenizer.to_huggingface(tmp_path, config={"eos_token": "<|nope|>"})
    with pytest.raises(TypeError):
        tokenizer.to_huggingface(tmp_path, config={"x": object()})
    assert list(tmp_path.iterdir()) == []
    tokenizer.to_huggingface(tmp_path, config={})
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert config["added_tokens_decoder"]["998"]["content"] == "<|end|>"


# Every component, in any combination

LETTERS = "ab1 é"


def small_model(random: Random) -> BPE:
    """All bytes, and some merges of few letters; ids and merges each in an order of their own."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = list(alphabet)
    merges: list[tuple[str, str]] = []
    [(few, _)] = pre_tokenizers.ByteLevel(False, use_regex=False).pre_tokenize_str(LETTERS)
    parts = [*few, "Ċ"]
    for _ in range(random.randrange(25)):
        pair = (random.choice(parts), random.choice(parts))
        if pair not in merges:
            merges.append(pair)
            if pair[0] + pair[1] not in tokens:
                tokens.append(pair[0] + pair[1])
                parts.append(pair[0] + pair[1])
    random.shuffle(merges)
    random.shuffle(tokens)
    vocab = {token: number for number, token in enumerate(tokens)}
    return BPE(vocab, merges, ignore_merges=random.random() < 0.5)


SPLITS: list[Callable[[], Any]] = [
    lambda: pre_tokenizers.Digits(individual_digits=True),
    lambda: pre_tokenizers.Digits(individual_digits=False),
    *(
        lambda pattern=pattern, behavior=behavior, invert=invert: pre_tokenizers.Split(pattern, behavior, invert)
        for pattern in (
            *(Regex("[ab]+"), Regex(r"\s"), "a", Regex("b?"), Regex("(?=a)"), Regex(r"\p{L}+|\p{N}| +")),
            *(Regex(r"^a|b$"), Regex(r"\s+$"), Regex(r"\Aa|.\z"), "$"),
        )
        for behavior in ("isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous")
        for invert in (False, True)
    ),
]

ADDED = ["<s>", "ab", "b a", "1", "x½", "<s><s>"]


def small_tokenizer(random: Random) -> tokenizers.Tokenizer:
    made = tokenizers.Tokenizer(small_model(random))
    made.normalizer = random.choice([None, normalizers.NFC(), normalizers.NFD(), normalizers.NFKC()])
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=random.random() < 0.5)
    splits = [random.choice(SPLITS)() for _ in range(random.randrange(3))]
    made.pre_tokenizer = pre_tokenizers.Sequence([*splits, byte_level]) if splits else byte_level
    made.decoder = tokenizers.decoders.ByteLevel()
    for content in random.sample(ADDED, random.randrange(4)):
        flags = {flag: random.random() < 0.3 for flag in ("lstrip", "rstrip", "single_word", "normalized")}
        add = made.add_special_tokens if random.random() < 0.5 else made.add_tokens
        add([AddedToken(content, **flags)])
    if random.random() < 0.3:
        made.add_special_tokens(["<bos>", "<eos>"])
        special = [(name, made.token_to_id(name) or 0) for name in ("<bos>", "<eos>")]
        template = random.choice(["<bos> $A", "$A <eos>", "<bos> $A <eos>", "<bos> <bos> $A"])
        made.post_processor = random.choice(
            [
                processors.TemplateProcessing(single=template, pair=f"{template} $B", special_tokens=special),
                processors.BertProcessing(special[1], special[0]),
                processors.Sequence([processors.ByteLevel(), processors.RobertaProcessing(special[1], special[0])]),
            ]
        )
    return made


@given(
    seed=st.integers(0, 2**64), lines=st.lists(st.text("aab1 \n\té\u0301<s>'x½", max_size=20), min_size=1, max_size=5)
)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_combination_of_components(tmp_path: Path, seed: int, lines: list[str]) -> None:
    theirs = small_tokenizer(Random(seed))
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    ours = pw.Tokenizer.from_huggingface(path)
    for text in lines:
        assert ours.encode(text, allowed_special="all") == theirs.encode(text, add_special_tokens=False).ids
    assert ours.beginning + ours.ending == theirs.encode("").ids
    ours.to_huggingface(path)
    assert pw.Tokenizer.from_huggingface(path) == ours
    again = tokenizers.Tokenizer.from_file(str(path))
    for text in lines:
        assert again.encode(text).ids == theirs.encode(text).ids
    ours.save(path)
    assert pw.Tokenizer.load(path) == ours


@given(seed=st.integers(0, 2**64))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_added_tokens_have_the_ids_that_tokenizers_gives_them(tmp_path: Path, seed: int) -> None:
    """Whatever the file says: with holes, out of order, and where the model knows them."""
    random = Random(seed)
    content = json.loads(damaged(lambda _: None))
    vocab = content["model"]["vocab"]
    free = list(range(256, 266))
    random.shuffle(free)
    names = ["<a>", "<b>", "<c>", "<d>"]
    vocab |= {
        name: free.pop() for name in [*random.sample(names, random.randrange(3)), *["aa", "bb"][: random.randrange(3)]]
    }
    content["added_tokens"] = [
        {"id": random.randrange(250, 300), "content": name, "special": random.random() < 0.5, **FLAGS}
        for name in [*random.sample(names, random.randrange(5)), *random.sample([""], random.randrange(2))]
    ]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    theirs = tokenizers.Tokenizer.from_file(str(path))
    ids = {token["content"]: theirs.token_to_id(token["content"]) for token in content["added_tokens"]}
    ids.pop("", None)
    if len(set(ids.values())) < len(ids) or set(ids.values()) & {vocab[name] for name in vocab if name not in ids}:
        # tokenizers gives two tokens one id.
        with pytest.raises(pw.FormatError, match=r"which is also that of the token|both get the id"):
            pw.Tokenizer.from_huggingface(path)
        return
    ours = pw.Tokenizer.from_huggingface(path)
    assert ours.special_tokens == ids
    for text in (" ".join(ids), "aa<a><b>ü<c> <d><e>bb"):
        assert ours.encode(text, allowed_special="all") == theirs.encode(text).ids
    ours.to_huggingface(path)
    assert pw.Tokenizer.from_huggingface(path) == ours


FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


# Bad input


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    content = json.loads(tokenizers.Tokenizer(BPE()).to_str())
    content["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content["model"]["vocab"] = {token: id for id, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.update(model={"type": "Unigram", "vocab": []}), '"model.type" is "Unigram"'),
        (lambda file: file.update(normalizer={"type": "Lowercase"}), 'the normalizer "Lowercase" is not supported'),
        (
            lambda file: file.update(pre_tokenizer={"type": "Metaspace"}),
            'the pre_tokenizer "Metaspace" is not supported',
        ),
        (lambda file: file.update(decoder={"type": "Metaspace"}), 'the decoder "Metaspace" is not supported'),
        (lambda file: file["pre_tokenizer"].update(add_prefix_space=True), "add_prefix_space is not supported"),
        (lambda file: file["model"].update(dropout=0.5), '"model.dropout" is 0.5'),
        (lambda file: file["model"]["vocab"].pop("a"), "single byte 0x61"),
        (lambda file: file["model"]["vocab"].update({"ab": 3}), "token id 3 is given twice"),
        (lambda file: file["model"]["vocab"].update({"a b": 300}), '"a b" is not byte-level'),
        (lambda file: file["model"].update(merges=["a b"]), "merge 0"),
        (lambda file: file["model"].update(merges=["ab"]), '"model.merges", item 0'),
    ],
)
def test_what_is_not_supported_or_damaged_is_named(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(damaged(change))
    with pytest.raises(pw.FormatError) as caught:
        pw.Tokenizer.from_huggingface(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_truncated_file_and_none_at_all(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    content = damaged(lambda _: None)
    path.write_text(content)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    assert pw.Tokenizer.from_huggingface(tmp_path).encode("a b") == [alphabet.index(one) for one in "aĠb"]
    path.write_text(content[: len(content) // 2])
    with pytest.raises(pw.FormatError, match="truncated"):
        pw.Tokenizer.from_huggingface(path)
    with pytest.raises(FileNotFoundError):
        pw.Tokenizer.from_huggingface(tmp_path / "none")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        pw.Tokenizer.from_huggingface(tmp_path)


def test_what_cannot_be_written_is_refused_and_nothing_is(tmp_path: Path) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    path = tmp_path / "tokenizer.json"
    for pattern, special, message in [
        (r"a$|(?s:.)", {}, "holds \\$"),
        ("gpt2", {"<a>": 300, "<b>": 300}, "have one id"),
    ]:
        with pytest.raises(ValueError, match=message):
            pw.Tokenizer.from_ranks(ranks, pattern=pattern, special_tokens=special).to_huggingface(path)
        assert not path.exists()


SMALL = {bytes([byte]): byte for byte in range(256)}


@pytest.mark.parametrize("config", [None, {}, {"model_max_length": 5}])
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("name", ["model", "model-1.5", "deep/model", "odd.json"])
def test_a_name_that_is_not_that_of_a_json_file_is_a_folder(
    tmp_path: Path, name: str, there: bool, config: dict[str, Any] | None
) -> None:
    folder = tmp_path / name
    if there or name.endswith(".json"):
        folder.mkdir(parents=True)
    tokenizer = pw.Tokenizer.from_ranks(SMALL, pattern="gpt2")
    tokenizer.to_huggingface(folder, config=config)
    expected = {"tokenizer.json"} if config is None else {"tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in folder.iterdir()} == expected
    assert [path.name for path in tmp_path.iterdir()] == [Path(name).parts[0]]
    assert pw.Tokenizer.from_huggingface(folder) == tokenizer


@pytest.mark.parametrize("name", ["small.json", "SMALL.JSON"])
def test_a_json_file_has_its_config_beside_it(tmp_path: Path, name: str) -> None:
    tokenizer = pw.Tokenizer.from_ranks(SMALL, pattern="gpt2")
    tokenizer.to_huggingface(tmp_path / name, config={})
    assert {path.name for path in tmp_path.iterdir()} == {name, "tokenizer_config.json"}
    assert pw.Tokenizer.from_huggingface(tmp_path / name) == tokenizer


@pytest.mark.parametrize("config", [None, {}])
def test_a_file_that_is_no_json_is_not_overwritten(tmp_path: Path, config: dict[str, Any] | None) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("precious")
    with pytest.raises(NotADirectoryError, match=r"corpus\.txt: .*name a folder or a \.json file"):
        pw.Tokenizer.from_ranks(SMALL, pattern="gpt2").to_huggingface(path, config=config)
    assert path.read_text() == "precious"
    with pytest.raises(OSError, match="corpus"):
        pw.Tokenizer.from_ranks(SMALL, pattern="gpt2").to_huggingface(path / "deeper", config=config)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]


def test_spans_of_a_text_that_is_normalized_are_refused() -> None:
    ours = published("anthropic")[0]
    ids, spans = ours.encode_with_spans("plain é")
    assert len(ids) == len(spans)
    with pytest.raises(ValueError, match="normalizes the text or leaves some of it out"):
        ours.encode_with_spans("e\u0301")


def test_nothing_is_trained_on_top_of_other_rules() -> None:
    with pytest.raises(ValueError, match="base"):
        pw.train(["some text"], 70_000, "gpt2", base=published("anthropic")[0])


def test_tokens_are_found_where_another_took_their_white_space_along(tmp_path: Path) -> None:
    for normalized in (False, True):
        theirs = pw.Tokenizer.from_ranks({bytes([byte]): byte for byte in range(256)}, pattern="gpt2").as_huggingface()
        theirs.add_tokens(
            [
                tokenizers.AddedToken("<s>", rstrip=True, normalized=normalized),
                tokenizers.AddedToken("<n>", lstrip=True, rstrip=True, normalized=normalized),
                tokenizers.AddedToken(" q", normalized=normalized),
            ]
        )
        theirs.save(str(tmp_path / "tokenizer.json"))
        ours = pw.Tokenizer.from_huggingface(tmp_path)
        for text in ["<s> q", "<s>  q q", "<n>  q<n> q", "a <n> q \nb", "<s>\n q\n<n> q"]:
            assert ours.encode(text) == theirs.encode(text).ids


def test_a_single_word_that_would_become_a_token_of_the_model_is_refused(tmp_path: Path) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 300}
    made = pw.Tokenizer.from_ranks(ranks, pattern="gpt2", ignore_merges=True).as_huggingface()
    made.add_special_tokens([tokenizers.AddedToken("[M]", single_word=True)])
    made.save(str(tmp_path / "tokenizer.json"))
    tok = pw.Tokenizer.from_huggingface(tmp_path)
    assert tok.encode("[M]1", allowed_special="all") == made.encode("[M]1").ids == [91, 77, 93, 49]
    with pytest.raises(ValueError, match=r'the special token "\[M\]" is found only where it is a word'):
        tok.to_huggingface(tmp_path / "again.json")
