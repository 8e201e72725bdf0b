"""Split patterns of several steps, written as JSON: read strictly, since what is not read as steps would be a regex."""

from __future__ import annotations

import json
import re
from typing import Any

from pairwright import _core
from pairwright.errors import advise

BEHAVIORS = ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")

FIELDS = ("split", "behavior", "invert")

# No regex begins like this on purpose.
BEGINNING = re.compile(r'\s*\[\s*\{\s*"split"\s*:')

EXAMPLE = r'[{"split": "\\p{N}{1,3}"}, {"split": "gpt2"}]'


def normalized(pattern: str) -> str:
    """Steps, in the one spelling that the core takes for steps; any other pattern as it is.

    Raises `ValueError` for JSON that is no list of steps: a JSON list is a valid regex too, a class of characters.
    """
    try:
        found = json.loads(pattern)
    except (ValueError, RecursionError) as error:
        if BEGINNING.match(pattern) is None:
            return pattern
        reason = f"{error.msg} at offset {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise _refused(pattern, reason, "JSON needs each backslash twice; json.dumps writes it so") from error
    if isinstance(found, dict):
        raise _refused(pattern, "it is one object, not a list", f"write steps as in {EXAMPLE}")
    # As JSON, [1] is a list, too.
    if not isinstance(found, list) or not found or not all(isinstance(each, str | dict) for each in found):
        return pattern
    if any(isinstance(each, str) for each in found):
        steps = [{"split": each} if isinstance(each, str) else each for each in found]
        reason = "each step must be an object with the field split"
        raise _refused(pattern, reason, f"write {json.dumps(steps, ensure_ascii=False)}")
    steps = [_step(pattern, number, each) for number, each in enumerate(found, 1)]
    return json.dumps(steps, ensure_ascii=False, separators=(",", ":"))


def _step(pattern: str, number: int, step: dict[str, Any]) -> dict[str, Any]:
    """One step, with `split` first. Raises `ValueError`."""
    for name in step:
        if name not in FIELDS:
            raise _refused(pattern, f'step {number} has the field "{name}"', f"the fields are {', '.join(FIELDS)}")
    if not isinstance(step.get("split"), str):
        raise _refused(pattern, f"step {number} has no text in the field split", f"write steps as in {EXAMPLE}")
    if step.get("behavior", "Isolated") not in BEHAVIORS:
        reason = f"step {number} has the behavior {json.dumps(step['behavior'])}"
        raise _refused(pattern, reason, f"the behaviors are {', '.join(BEHAVIORS)}")
    if not isinstance(step.get("invert", False), bool):
        raise _refused(
            pattern, f"step {number} has the value {json.dumps(step['invert'])} in invert", "invert is true or false"
        )
    _refuse_name(pattern, number, step["split"])
    return {name: step[name] for name in FIELDS if name in step}


def _refuse_name(pattern: str, number: int, split: str) -> None:
    """Raises `ValueError` for the name of a pattern that steps do not know: it would be a regex for just this word."""
    if not re.fullmatch(r"\w[\w./ -]*", split) or _is_name_in_steps(split):
        return
    try:
        regex = _core.regex_of(split)
    except ValueError:
        # No name, so the word is what is to be matched.
        return
    if regex == split:
        return
    meant = next((name for name, *_ in _core.named_patterns() if _core.regex_of(name) == regex), split)
    hint = f'write "{meant}"' if _is_name_in_steps(meant) else "write its regex"
    reason = f'in step {number} the name "{split}" would be a regex that matches this word'
    raise _refused(pattern, reason, f'{hint}; "(?:{split})" matches the word')


def _is_name_in_steps(split: str) -> bool:
    """Whether a step takes a word for the name of a pattern: it is cut by a scanner then."""
    (step,) = _core.explain(json.dumps([{"split": split}], ensure_ascii=False, separators=(",", ":")))["steps"]
    return bool(step["engine"] == "family")


def _refused(pattern: str, reason: str, hint: str) -> ValueError:
    error = ValueError(f"invalid split pattern {pattern}: it is JSON, but not a list of steps: {reason}")
    advise(error, hint)
    return error
