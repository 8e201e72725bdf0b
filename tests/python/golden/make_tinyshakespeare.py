"""Make tinyshakespeare-1024.json: what the plain procedure learns from the whole of TinyShakespeare.

    PAIRWRIGHT_DATA=folder python tests/python/golden/make_tinyshakespeare.py

The folder holds tinyshakespeare.txt. Takes half a minute. The file holds facts about the corpus, never the corpus:
settings, the checksum of the text, and the merges, one a line, each as its two tokens with a character for each byte.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import regex

sys.path.insert(0, str(Path(__file__).parent.parent))

import plain

VOCAB_SIZE = 1024
SPECIAL_TOKENS = ["<bos>", "<eos>", "<pad>", "<unk>"]
GOLDEN = Path(__file__).parent / "tinyshakespeare-1024.json"


def main() -> None:
    corpus = Path(os.environ["PAIRWRIGHT_DATA"], "tinyshakespeare.txt").read_bytes()
    text = corpus.decode()
    pieces = [piece.encode() for piece in regex.findall(plain.PATTERN, text)]
    if plain.pieces(plain.PATTERN, text) != pieces or any(token in text for token in SPECIAL_TOKENS):
        raise SystemExit("error: the pieces of this text are not simply those that regex.findall gives")
    learned = plain.train(text, VOCAB_SIZE, SPECIAL_TOKENS)
    head = {
        "corpus": "tinyshakespeare.txt",
        "bytes": len(corpus),
        "sha256": hashlib.sha256(corpus).hexdigest(),
        "pieces": len(pieces),
        "pretokens": len(set(pieces)),
        "pattern": plain.PATTERN,
        "vocab_size": VOCAB_SIZE,
        "special_tokens": SPECIAL_TOKENS,
        "special_ids": "first",
        "tie_break": "first_seen",
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    merges = [json.dumps([part.decode("latin-1") for part in merge]) for merge in learned.merges]
    content = "{\n" + "\n".join(lines) + '\n"merges": [\n' + ",\n".join(merges) + "\n]\n}\n"
    json.loads(content)
    GOLDEN.write_text(content, encoding="ascii")
    sys.stdout.write(f"{len(learned.merges)} merges in {GOLDEN}\n")


if __name__ == "__main__":
    main()
