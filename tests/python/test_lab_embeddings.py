"""Under-trained tokens: indicators by hand and by a plain computation, known ones found, files of every kind."""

import json
import math
import pickle
import struct
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings, strategies as st
from safetensors.numpy import save_file

import pairwright as pw
from pairwright.lab import embeddings as lab, matrices
from pairwright.lab.matrices import Matrix

BYTES = {bytes([byte]): byte for byte in range(256)}
INVALID = [0xC0, 0xC1, *range(0xF5, 0x100)]
Array = npt.NDArray[Any]


def vocabulary(*tokens: bytes, special: dict[str, int] | None = None) -> pw.Tokenizer:
    ranks = BYTES | {token: 256 + number for number, token in enumerate(tokens)}
    return pw.Tokenizer.from_ranks(ranks, pattern="(?s:.+)", special_tokens=special or {})


TOK = vocabulary(*(b"a" + bytes([number]) for number in range(40)), special={"<|end|>": 300, "<|reserved_0|>": 301})
SIZE = TOK.vocab_size


def measured(tok: pw.Tokenizer, *matrices: object, **options: Any) -> lab.Embeddings:
    embeddings, head = (*matrices, None)[:2]
    found = tok.audit(embeddings=embeddings, head=head, **options).embeddings  # type: ignore[arg-type]
    assert found is not None
    return found


def test_by_hand() -> None:
    """Pairs of rows differ in their first number alone, so that is the principal component."""
    tok = vocabulary(b"ab", b"cd", b"ef", b"gh")
    rows = np.zeros((260, 3))
    rows[0::2, 0], rows[1::2, 0] = 10, -10
    angles = np.repeat(np.linspace(np.pi / 3, 2 * np.pi / 3, 130), 2)
    rows[:, 1:] = np.column_stack((np.cos(angles), np.sin(angles)))
    rows[[2, 3], 1:] = [0, 1]
    rows[[0, 1], 1:] = [1, 0]
    rows[[256, 257], 1:] = [3, 4]
    rows[[258, 259], 1:] = [-2, 0]
    found = measured(tok, rows, unused=[1, 0])
    # Beside (1, 0): (3, 4) has the cosine 3/5, (0, 1) has 0 and (-2, 0) has -1. The mean unused row is (0, 1, 0).
    assert found.cosine[[256, 2, 258, 0]] == pytest.approx([0.4, 1, 2, 0], abs=1e-12)
    assert found.norm[[256, 0]] == pytest.approx([math.sqrt(125), math.sqrt(101)])
    assert found.distance[[256, 0, 2]] == pytest.approx([math.sqrt(100 + 4 + 16), 10, math.sqrt(102)])
    assert (found.indicator, found.is_tied, found.shape) == ("cosine", True, (260, 3))
    assert found.reference["given"].tolist() == [0, 1]
    assert found.reference_median == pytest.approx(0, abs=1e-12)
    # The lowest 2 % of 258 tokens are six: two with 0.4, and those of the least angles, the row 4 and those behind it.
    assert sorted(found.groups["undertrained"].tolist()) == [4, 5, 6, 7, 256, 257]
    assert 1 - math.cos(angles[6]) < found.threshold < 1 - math.cos(angles[8])
    assert found.evidence(256) == pytest.approx(
        {"norm": math.sqrt(125), "cosine": 0.4, "distance": math.sqrt(120), "rank": 1}
    )
    assert [found.evidence(id)["rank"] for id in (257, 4, 5, 6, 0)] == [1, 3, 3, 5, None]


def plain(rows: Array, reference: list[int]) -> tuple[Array, Array, Array]:
    """The indicators as they are defined, with a singular value decomposition of everything at once."""
    rows = rows.astype(np.float64)
    component = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2][0]
    rest = rows - np.outer(rows @ component, component)
    mean, mean_rest = rows[reference].mean(axis=0), rest[reference].mean(axis=0)
    with np.errstate(invalid="ignore"):
        cosine = 1 - rest @ mean_rest / (np.linalg.norm(rest, axis=1) * np.linalg.norm(mean_rest))
    return np.linalg.norm(rows, axis=1), cosine, np.linalg.norm(rows - mean, axis=1)


@pytest.mark.parametrize("width", [1, 2, 7, 256, 300])
@pytest.mark.parametrize("padding", [0, 9])
def test_indicators_are_what_their_definitions_give(width: int, padding: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Several parts, of which the last is short.
    monkeypatch.setattr(matrices, "PART", 64 * width)
    draw = np.random.default_rng(width)
    rows = (draw.standard_normal((SIZE + padding, width)) + 2) * np.arange(1, width + 1) ** -0.5
    reference = [*INVALID, *range(296, 300), 301, *range(SIZE, SIZE + padding)]
    found = measured(TOK, rows)
    norm, cosine, distance = plain(rows, reference)
    assert found.norm == pytest.approx(norm[:SIZE])
    assert found.distance == pytest.approx(distance[:SIZE])
    if width > 1:
        assert found.cosine == pytest.approx(cosine[:SIZE], abs=1e-6)
    else:
        # Without its only component nothing is left.
        assert np.isnan(found.cosine).all()
    assert {name: each.tolist() for name, each in found.reference.items()} == {
        "free_slots": [*range(296, 300)],
        "unreachable": [],
        "invalid_bytes": INVALID,
        "reserved": [301],
        "padding": [*range(SIZE, SIZE + padding)],
    }


def test_reference_rows_are_measured_beside_the_others() -> None:
    rows = np.random.default_rng(0).standard_normal((SIZE, 8))
    reference = [3, 4, 250]
    found = measured(TOK, rows, unused=reference)
    beside = []
    for row in reference:
        others = [each for each in reference if each != row]
        beside.append(plain(rows, others)[1][row])
    assert found.reference_median == pytest.approx(float(np.median(beside)), abs=1e-6)


def test_tokens_whose_text_nothing_gives_are_reference_rows() -> None:
    tok = vocabulary(b"xyz")
    found = measured(tok, np.random.default_rng(0).standard_normal((257, 4)))
    assert found.reference["unreachable"].tolist() == [256]


HIDDEN = [10, 70, 256, 280, 300]


def trained(width: int = 32, padding: int = 8) -> tuple[Array, Array]:
    """An input matrix with rows that have shrunk, and an output matrix with rows that have all moved one way."""
    draw = np.random.default_rng(5)
    rows, out = draw.standard_normal((2, SIZE + padding, width)) + draw.standard_normal(width)
    untouched = [*HIDDEN, *INVALID, *range(296, 300), 301, *range(SIZE, SIZE + padding)]
    rows[untouched] *= 0.01
    out[untouched] = draw.standard_normal(width) * 3 + 0.1 * draw.standard_normal((len(untouched), width))
    return rows, out


@pytest.mark.parametrize("is_tied", [True, False])
def test_tokens_that_were_never_trained_are_found(is_tied: bool) -> None:
    rows, out = trained()
    audit = TOK.audit(embeddings=out) if is_tied else TOK.audit(embeddings=rows, head=out)
    assert audit.embeddings is not None
    assert audit.embeddings.is_tied == is_tied
    # 297 tokens, with the special one that is not reserved: at least 2 % of the ordinary ones, and what is as low.
    assert set(HIDDEN) <= set(audit.groups["undertrained"].tolist())
    assert len(audit.groups["undertrained"]) <= 8
    like = audit.groups["like_unused"].tolist()
    assert like
    assert set(like) <= set(HIDDEN)
    values = plain(out, _reference(out))[1] if is_tied else np.linalg.norm(rows, axis=1)
    ordinary = [id for id in range(296) if id not in INVALID]
    assert audit.embeddings.threshold == pytest.approx(np.percentile(values[ordinary], 2))
    for group, most in (
        ("undertrained", audit.embeddings.threshold),
        ("like_unused", audit.embeddings.reference_median),
    ):
        assert audit.groups[group].tolist() == [id for id in [*ordinary, 300] if values[id] <= most + 1e-9]
    assert "like_unused" in audit.problems
    assert "undertrained" not in audit.problems
    for id in HIDDEN:
        assert audit.evidence("undertrained", id)["rank"] <= len(HIDDEN)
    with pytest.raises(KeyError):
        audit.evidence("undertrained", 255)
    examples = audit.to_dict()["groups"]["undertrained"]["examples"]
    assert sorted(each["id"] for each in examples) == HIDDEN
    assert audit.skipped.keys().isdisjoint({"undertrained", "like_unused", "zero_embedding", "broken_embedding"})
    everything = json.loads(json.dumps(audit.to_dict(), allow_nan=False))
    assert everything["embeddings"]["tied"] == is_tied
    assert everything["embeddings"]["reference"]["padding"] == [*range(SIZE, SIZE + 8)]
    assert f"embeddings: {SIZE + 8} rows of 32" in str(audit)
    assert "13 invalid_bytes, 1 reserved, 8 padding" in str(audit)
    assert str(pickle.loads(pickle.dumps(audit))) == str(audit)


def test_an_output_that_is_the_input_is_tied() -> None:
    rows, _ = trained()
    assert measured(TOK, rows, rows.copy()).is_tied
    assert not measured(TOK, rows, rows * 2).is_tied
    assert not measured(TOK, rows, rows[:-1]).is_tied


def test_rows_of_zeros_and_of_no_numbers_are_groups_of_their_own() -> None:
    rows, out = trained()
    rows[[7, 300, 301]] = 0
    rows[SIZE] = 0
    rows[8, 3], rows[9, 0] = np.nan, -np.inf
    out[11, 1] = np.inf
    audit = TOK.audit(embeddings=rows, head=out)
    assert audit.groups["zero_embedding"].tolist() == [7, 300, 301]
    assert audit.groups["broken_embedding"].tolist() == [8, 9, 11]
    assert audit.evidence("broken_embedding", 8) == pytest.approx(
        {"norm": None, "cosine": audit.embeddings.cosine[8], "distance": audit.embeddings.distance[8], "rank": None}  # type: ignore[union-attr]
    )
    assert {"zero_embedding", "broken_embedding"} <= set(audit.problems)
    json.dumps(audit.to_dict(), allow_nan=False)
    # What is broken changes nothing else.
    good = [*range(7), 12, 80, 290]
    assert audit.embeddings is not None
    expected = plain(out[[row for row in range(len(out)) if row != 11]], [row - 1 for row in _reference(out)])
    assert audit.embeddings.cosine[good] == pytest.approx(expected[1][[row - (row > 11) for row in good]], abs=1e-6)
    out[[7, 300, 301, SIZE]] = 0
    tied = TOK.audit(embeddings=out)
    assert tied.groups["zero_embedding"].tolist() == [7, 300, 301]
    assert tied.groups["broken_embedding"].tolist() == [11]
    assert {10, 70} <= set(tied.groups["undertrained"].tolist())
    assert 7 not in tied.groups["undertrained"]
    # Neither the reserved row of zeros nor that beyond the vocabulary is a reference.
    kept = [row for row in range(len(out)) if row != 11]
    expected = plain(out[kept], [kept.index(row) for row in _reference(out) if row not in (301, SIZE)])
    assert tied.embeddings is not None
    assert tied.embeddings.cosine[20:250] == pytest.approx(expected[1][19:249], abs=1e-6)


def _reference(rows: Array) -> list[int]:
    return [*INVALID, *range(296, 300), 301, *range(SIZE, len(rows))]


def test_what_an_indicator_cannot_tell_is_not_told() -> None:
    rows, out = trained()
    plain_tok = vocabulary(b"ab")
    every = "no row is known to be unused, and tied embeddings are measured beside such rows: name some as unused"
    zeros = out[:257].copy()
    zeros[INVALID] = 0
    audit = plain_tok.audit(embeddings=zeros)
    assert (audit.skipped["undertrained"], audit.skipped["like_unused"]) == (every, every)
    assert "undertrained" not in audit.groups
    # The norm needs no such rows, but with nothing to compare with, no token is like them.
    audit = plain_tok.audit(embeddings=rows[:257], head=zeros, unused=[5])
    assert "undertrained" in audit.groups
    assert audit.skipped["like_unused"] == "fewer than two rows are known to be unused: name some as unused"
    same = TOK.audit(embeddings=np.ones((SIZE, 3)))
    assert "half of all tokens have the same value" in same.skipped["undertrained"]
    # Unused rows that are longer than most tell nothing by their length.
    large = rows.copy()
    large[_reference(rows)] = 100
    assert "more than half of all tokens are nearer" in TOK.audit(embeddings=large, head=out).skipped["like_unused"]
    broken = TOK.audit(embeddings=np.full((SIZE, 3), np.nan))
    assert len(broken.groups["broken_embedding"]) == 298
    assert "undertrained" in broken.skipped
    json.dumps(broken.to_dict(), allow_nan=False)


def test_without_embeddings_the_groups_are_skipped_with_the_reason() -> None:
    audit = TOK.audit()
    assert audit.embeddings is None
    assert audit.to_dict()["embeddings"] is None
    assert audit.skipped["undertrained"] == "there are no embeddings"


def bfloat16(rows: Array) -> npt.NDArray[np.uint16]:
    """The upper halves of float32, cut off."""
    return (rows.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def write(path: Path, tensors: dict[str, tuple[str, tuple[int, ...], bytes]], **metadata: str) -> Path:
    """A safetensors file, also of types that numpy has not."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    coded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(coded)) + coded + data)
    return path


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_matrices_of_every_kind_are_the_same(tmp_path: Path, dtype: str) -> None:
    rows = trained()[1].astype(dtype)
    expected = measured(TOK, rows)
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(rows))
    native = rows.astype(rows.dtype.newbyteorder("="))
    save_file({"rows": native, "bias": native[0]}, tmp_path / "rows.safetensors", {"format": "pt"})
    doubled = np.repeat(rows, 2, axis=0)[::2]
    paths = [tmp_path / "rows.npy", str(tmp_path / "fortran.npy"), tmp_path / "rows.safetensors"]
    for each in (*paths, (tmp_path / "rows.safetensors", "rows"), doubled, rows.tolist()):
        found = measured(TOK, each)
        for name in ("norm", "cosine", "distance"):
            assert np.array_equal(getattr(found, name), getattr(expected, name)), (each, name)
        assert found.to_dict() == expected.to_dict()


def test_bfloat16_is_the_upper_half_of_float32(tmp_path: Path) -> None:
    rows = trained()[1]
    coded = bfloat16(rows)
    path = write(tmp_path / "model.safetensors", {"wte.weight": ("BF16", rows.shape, coded.tobytes())}, format="pt")
    # Cutting 16 bits off leaves at most 2^-7 of a number.
    found = measured(TOK, path).norm
    values = np.array([struct.unpack("<f", struct.pack("<I", int(bits) << 16))[0] for bits in coded.ravel()])
    assert found == pytest.approx(np.linalg.norm(values.reshape(rows.shape), axis=1)[:SIZE])
    assert found == pytest.approx(np.linalg.norm(rows, axis=1)[:SIZE], rel=2**-7)
    assert found != pytest.approx(np.linalg.norm(rows, axis=1)[:SIZE], rel=2**-12)


def test_the_tensor_is_found_by_its_name_or_named(tmp_path: Path) -> None:
    rows, out = trained()
    other = np.ones((SIZE, 32))
    path = tmp_path / "model.safetensors"
    save_file({"model.embed_tokens.weight": rows, "model.layers.0.mlp.up_proj.weight": other, "norm": other[0]}, path)
    assert measured(TOK, path).to_dict() == measured(TOK, rows).to_dict()
    # An output matrix beside it is taken, where the input was not named.
    save_file({"model.embed_tokens.weight": rows, "layer.output.weight": other, "lm_head.weight": out}, path)
    assert measured(TOK, path).to_dict() == measured(TOK, rows, out).to_dict()
    assert measured(TOK, (path, "model.embed_tokens.weight")).is_tied
    assert measured(TOK, (path, "lm_head.weight")).to_dict() == measured(TOK, out).to_dict()
    assert measured(TOK, rows, path).to_dict() == measured(TOK, rows, out).to_dict()
    assert measured(TOK, rows, (path, "lm_head.weight")).to_dict() == measured(TOK, rows, out).to_dict()
    save_file({"a": rows, "b": out}, path)
    with pytest.raises(
        ValueError, match=r"several matrices, .* such as embed_tokens\.weight .*: name one of a, b\n"
    ) as refused:
        TOK.audit(embeddings=path)
    assert refused.value.__notes__ == ["hint: embeddings=(file, name) says which"]
    save_file({"a.wte.weight": rows, "b.wte.weight": out, "c": out}, path)
    with pytest.raises(ValueError, match=r"name one of a\.wte\.weight, b\.wte\.weight\n"):
        TOK.audit(embeddings=path)
    with pytest.raises(ValueError, match=r"has no tensor 'wte'; it has a\.wte\.weight, b\.wte\.weight, c$"):
        TOK.audit(embeddings=(path, "wte"))
    save_file({f"t{number:02}": rows[:1] for number in range(30)}, path)
    with pytest.raises(ValueError, match=r"t11 and 18 more\n"):
        TOK.audit(embeddings=path)
    save_file({"bias": rows[0]}, path)
    with pytest.raises(pw.FormatError, match="has no matrix among its 1 tensors"):
        TOK.audit(embeddings=path)
    with pytest.raises(pw.FormatError, match=r"tensor bias, must be a matrix, .* has the shape \(32,\)"):
        TOK.audit(embeddings=(path, "bias"))
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(ValueError, match="is an npy file, with one array and no tensor 'wte'"):
        TOK.audit(embeddings=(tmp_path / "rows.npy", "wte"))


def test_rows_that_do_not_fit_the_vocabulary_are_refused(tmp_path: Path) -> None:
    rows, out = trained()
    message = f"has 301 rows, and the tokenizer {SIZE} ids"
    with pytest.raises(ValueError, match=f"^embeddings {message}"):
        TOK.audit(embeddings=rows[:301])
    with pytest.raises(ValueError, match=f"^head {message}"):
        TOK.audit(embeddings=rows, head=out[:301])
    np.save(tmp_path / "rows.npy", rows[:301])
    with pytest.raises(ValueError, match=rf"rows\.npy {message}"):
        TOK.audit(embeddings=tmp_path / "rows.npy")
    # A vocabulary as large as the matrix has no padding.
    assert len(measured(TOK, rows[:SIZE]).reference["padding"]) == 0


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((SIZE, 4), np.int32), TypeError, "embeddings must be a matrix of floats, and has the type int32"),
        (np.zeros((SIZE, 4), np.complex64), TypeError, "has the type complex64"),
        (np.zeros((SIZE, 4), "V2"), TypeError, "perhaps bfloat16: save it as float32"),
        (np.zeros((SIZE, 4), np.bool_), TypeError, "has the type bool"),
        (np.zeros((SIZE, 4), object), TypeError, "embeddings must be an array, a file or"),
        (np.zeros((SIZE, 4), "U3"), TypeError, "embeddings must be an array, a file or"),
        (np.zeros(SIZE), ValueError, r"must be a matrix, a row for each id, and has the shape \(302,\)"),
        (np.zeros((SIZE, 4, 2)), ValueError, "a row for each id"),
        (np.zeros((SIZE, 0)), ValueError, "a row for each id"),
        ([[1.0], [1.0, 2.0]], TypeError, "embeddings must be an array, a file or"),
        (5, TypeError, "embeddings must be an array, a file or"),
        ({"a": 1}, TypeError, "embeddings must be an array, a file or"),
        (b"rows.npy", TypeError, "embeddings must be an array, a file or"),
        (("no.npy", 5), TypeError, "embeddings must be an array, a file or"),
        ("no-such-file.npy", FileNotFoundError, "no-such-file"),
    ],
)
def test_what_is_no_matrix_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TOK.audit(embeddings=given)


def test_options_without_what_they_are_about_are_refused() -> None:
    rows, out = trained()
    with pytest.raises(ValueError, match="head tells about embeddings, and there are none"):
        TOK.audit(head=out)
    with pytest.raises(ValueError, match="unused tells about embeddings, and there are none"):
        TOK.audit(unused=[1])
    with pytest.raises(ValueError, match="unused is empty"):
        TOK.audit(embeddings=rows, unused=[])
    with pytest.raises(ValueError, match="unused has the id 310, and there are 310 rows"):
        TOK.audit(embeddings=rows, unused=[1, 310])
    assert measured(TOK, rows, unused=[309, 1, 1]).reference["given"].tolist() == [1, 309]


def _good() -> dict[str, bytes]:
    rows = np.ones((SIZE, 1), np.float16)
    content = BytesIO()
    np.save(content, rows)
    return {"npy": content.getvalue(), "safetensors": safetensors.numpy.save({"rows": rows})}


GOOD = _good()


def hostile() -> dict[str, bytes]:
    """Files of safetensors that are damaged; the library refuses each of them too."""
    rows = np.ones((SIZE, 2), np.float32)
    entry = {"dtype": "F32", "shape": [SIZE, 2], "data_offsets": [0, rows.nbytes]}

    def file(header: Any, data: bytes = rows.tobytes()) -> bytes:
        coded = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(coded)) + coded + data

    good = file({"a": entry})
    return {
        "empty": b"",
        "short": good[:5],
        "length alone": good[:8],
        "header cut": good[:40],
        "data cut": good[:-1],
        "huge length": struct.pack("<Q", 1 << 62) + good[8:],
        "length beyond the end": struct.pack("<Q", len(good)) + good[8:],
        "length of nothing": struct.pack("<Q", 0) + good[8:],
        "no JSON": file(b"{not json"),
        "no UTF-8": file(b'{"\xff": 1}'),
        "a list": file([entry]),
        "a number": file({"a": 5}),
        "nothing known": file({"a": {}}),
        "shape of words": file({"a": entry | {"shape": ["302", 2]}}),
        "negative shape": file({"a": entry | {"shape": [-302, -2]}}),
        "fractions": file({"a": entry | {"shape": [302.0, 2]}}),
        "large shape": file({"a": entry | {"shape": [1 << 62, 1 << 62]}}),
        "shape of fewer": file({"a": entry | {"shape": [SIZE, 1]}}),
        "three offsets": file({"a": entry | {"data_offsets": [0, 1, 2]}}),
        "offsets backwards": file({"a": entry | {"data_offsets": [rows.nbytes, 0]}}),
        "offsets beyond": file({"a": entry | {"data_offsets": [8, rows.nbytes + 8]}}),
        "a number for a type": file({"a": entry | {"dtype": 32}}),
        "an unknown type": file({"a": entry | {"dtype": "F99"}}),
        "nested": file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    }


@pytest.mark.parametrize("name", hostile())
def test_damaged_safetensors_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(hostile()[name])
    with pytest.raises(safetensors.SafetensorError), safetensors.safe_open(path, "np"):
        pass
    with pytest.raises(pw.FormatError, match=r"model\.safetensors"):
        TOK.audit(embeddings=path)


def test_types_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for dtype, size in (("I32", 4), ("F8_E4M3", 1), ("BOOL", 1)):
        path = write(tmp_path / "model.safetensors", {"a": (dtype, (SIZE, 2), bytes(SIZE * 2 * size))})
        with pytest.raises(pw.FormatError, match=f"tensor a, must have floats, and has the type {dtype}; F64, F32"):
            TOK.audit(embeddings=path)


def test_damaged_npy_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((SIZE, 2)))
    good = path.read_bytes()
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    cases = {
        "cut": good[:-1],
        "magic alone": good[:6],
        "version": good[:6] + b"\x09" + good[7:],
        "header": good[:10] + b"[" * 60 + good[70:],
        "shape": good.replace(b"(302, 2)", b"(-3, -2)"),
        "large": good.replace(b"(302, 2)", b"(1<<62,)"),
        "type": good.replace(b"'<f8'", b"'<q9'"),
        "integers": good.replace(b"'<f8'", b"'<i8'"),
        "complex": good.replace(b"'<f8'", b"'<c8'"),
        "objects": objects.read_bytes(),
    }
    for name, content in cases.items():
        assert content != good, name
        path.write_bytes(content)
        with pytest.raises(pw.FormatError, match=r"rows\.npy"):
            TOK.audit(embeddings=path)
    for content in (b"", b"PK\x03\x04" + good, b"\x80\x04.", b"rows\n" * 100):
        path.write_bytes(content)
        with pytest.raises(pw.FormatError, match=r"rows\.npy is neither an npy nor a safetensors file"):
            TOK.audit(embeddings=path)
    with pytest.raises(OSError, match="directory"):
        TOK.audit(embeddings=tmp_path)


@given(st.data())
@settings(max_examples=200)
def test_any_damage_is_an_error_or_gives_numbers(data: st.DataObject) -> None:
    is_npy = data.draw(st.booleans())
    content = bytearray(GOOD["npy" if is_npy else "safetensors"])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 150))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows")
        path.write_bytes(content)
        try:
            found = matrices.matrix("embeddings", path, matrices.INPUT)
        except ValueError as refused:
            message = str(refused)
        else:
            message = str(path)
            assert sum(len(part) for _, part in found.parts()) == found.rows
    assert str(path) in message


def test_the_principal_component_of_long_rows_is_exact_enough() -> None:
    draw = np.random.default_rng(1)
    rows = draw.standard_normal((2000, 400)) * np.arange(1, 401) ** -0.4 + draw.standard_normal(400)
    component = lab.principal_component(Matrix("rows", rows), np.ones(2000, np.bool_))
    expected = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2][0]
    assert abs(component @ expected) == pytest.approx(1, abs=1e-8)
    assert np.linalg.norm(component) == pytest.approx(1)
    same = np.ones((50, 3)) * [1e3, 0.1, 1 / 3]
    assert not lab.principal_component(Matrix("rows", same), np.ones(50, np.bool_)).any()
