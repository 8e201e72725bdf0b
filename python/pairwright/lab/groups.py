"""The groups of an audit: what each means, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

ALWAYS = "always"
USAGE = "usage"
MADE = "made"
TEXT = "text"
EMBEDDINGS = "embeddings"


class About(NamedTuple):
    """What there is to say of a group."""

    meaning: str
    advice: str
    needs: str = ALWAYS
    """What it is found in: the tokenizer alone, or also a usage, merges that usage determines, text, or embeddings."""
    is_problem: bool = False
    """Whether `--strict` fails for it. Other groups describe the vocabulary; a good one has such tokens too."""


GROUPS: dict[str, About] = {
    "unreachable": About(
        "No text gives this token: no merge makes it.",
        "Its embedding is never trained. Remove it, or keep it out of what a model may output.",
        is_problem=True,
    ),
    "not_found": About(
        "No text in UTF-8 was found that gives this token, within the bound of the search.",
        "Treat it as unreachable unless you know a text that gives it. Often the split pattern cuts its text.",
        is_problem=True,
    ),
    "no_merge": About(
        "No merge makes this token. With ignore_merges a piece that is exactly this token gives it.",
        "It never occurs inside a longer piece, so the same word has other ids elsewhere.",
    ),
    "invalid_sequences": About(
        "Several bytes that no valid UTF-8 contains.",
        "Only damaged or binary data gives it. Look at what the vocabulary was trained on.",
        is_problem=True,
    ),
    "invalid_bytes": About(
        "One of the bytes C0, C1 and F5 to FF, which never occur in UTF-8.",
        "Every byte-level vocabulary has these 13. Only bytes that are no text give them.",
    ),
    "free_slots": About(
        "An id below vocab_size that no token has.",
        "Its row of the embedding is never trained. Decoding it is an error.",
        is_problem=True,
    ),
    "not_utf8": About(
        "The bytes are not UTF-8 on their own: single bytes of longer characters, and fragments.",
        "Text that is cut at such a token ends inside a character. Decode streams with stream_decoder.",
    ),
    "not_utf8_complete": About(
        "Not UTF-8 on its own, with at least one complete character beside the part of one.",
        "Such tokens tie a whole character to a part of the next one.",
    ),
    "not_utf8_fragment": About(
        "Not UTF-8 on its own, only parts of characters.",
        "Usual for scripts whose characters are too rare to be tokens.",
    ),
    "fragments": About(
        "Several bytes that begin or end inside a character: not_utf8 without the single bytes.",
        "Many of them mean that a script was rare in the training text, or that its merges cross characters.",
    ),
    "unassigned": About(
        "Can occur only in text with code points that are not assigned.",
        "Usually damaged text. A newer Unicode version may have assigned them.",
        is_problem=True,
    ),
    "control": About(
        "Has a control character other than tab, line feed and carriage return.",
        "Every byte-level vocabulary has them as single bytes. Longer ones come from binary data or logs.",
    ),
    "invisible": About(
        "Has a character that shows nothing: formatting marks, variation selectors, unusual spaces, fillers.",
        "Users cannot see it. Consider normalizing text before training.",
    ),
    "long_runs": About(
        "Has the same character 16 times or more in a row.",
        "Indentation and rulers of code and tables. Long runs of other characters come from unclean text.",
    ),
    "case_variants": About(
        "Differs from another token only in upper and lower case.",
        "Usual. The number tells what case costs the vocabulary.",
    ),
    "space_variants": About(
        "Differs from another token only in a leading space.",
        "Usual. The number tells what leading spaces cost the vocabulary.",
    ),
    "form_variants": About(
        "Differs from another token only in its Unicode form: both are the same under NFKC.",
        "Normalizing text before training and encoding would make them one.",
    ),
    "contains_special": About(
        "An ordinary token with the name of a special token in it.",
        "If its text is decoded and encoded again with special tokens allowed, it becomes the special token.",
        is_problem=True,
    ),
    "special_in_text": About(
        "A special token whose name occurs in the inputs as plain text.",
        "Encode untrusted text with special tokens as plain text, or clean the inputs.",
        TEXT,
        is_problem=True,
    ),
    "unseen": About(
        "An ordinary token that never occurs in the inputs.",
        "If the inputs are what a model is trained on, its embedding stays random.",
        USAGE,
        is_problem=True,
    ),
    "unseen_special": About(
        "A special token that never occurs in the inputs, which have other special tokens.",
        "If the inputs are all that a model is trained on, its embedding stays random.",
        USAGE,
    ),
    "rare": About(
        "An ordinary token that occurs in the inputs, but fewer times than the threshold.",
        "Its embedding is trained on few examples.",
        USAGE,
    ),
    "scaffolding": About(
        "Seen only inside longer tokens: it was made, and never stood alone.",
        "Its embedding is not trained on these inputs. It cannot go without changing the longer tokens.",
        MADE,
    ),
    "mostly_scaffolding": About(
        "Stood alone less than once in 100 times that it was made.",
        "It mainly serves longer tokens.",
        MADE,
    ),
    "never_made": About(
        "Never occurs in the inputs, not even inside a longer token.",
        "Without these tokens every id of the inputs would be the same.",
        MADE,
    ),
    "undertrained": About(
        "Among the 2 % of tokens whose embedding is most like those of tokens that were never trained.",
        "Candidates, not proof: every model has a lowest 2 %. Ask the model to repeat the token.",
        EMBEDDINGS,
    ),
    "like_unused": About(
        "Its embedding is as near to those of unused tokens as half of these are to each other.",
        "Probably hardly trained. Ask the model to repeat the token; if it cannot, keep the token out of inputs.",
        EMBEDDINGS,
        is_problem=True,
    ),
    "zero_embedding": About(
        "Its row of the input embedding has zeros alone.",
        "The model cannot tell it from other such tokens. It was masked, or added after training.",
        EMBEDDINGS,
        is_problem=True,
    ),
    "broken_embedding": About(
        "Its row of the input or output embedding has values that are not finite numbers.",
        "The checkpoint is damaged, or training diverged.",
        EMBEDDINGS,
        is_problem=True,
    ),
}
