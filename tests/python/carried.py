"""Vocabularies that packages of `requirements` carry, found without importing these."""

from importlib.util import find_spec
from pathlib import Path


def carried(package: str, file: str) -> Path:
    """A file of an installed package."""
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed; python3 dev.py test does it, from requirements/"
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], file)
    assert path.exists(), f"{package} has no {file} any more"
    return path


LLAMA3 = ("llama_models", "llama3/tokenizer.model")
LLAMA4 = ("llama_models", "llama4/tokenizer.model")
QWEN = ("dashscope", "resources/qwen.tiktoken")
TEKKEN = [("mistral_common", f"data/tekken_{version}.json") for version in (240718, 240911)]
TOKENIZER_JSON = {
    name: ("litellm", f"litellm_core_utils/tokenizers/{name}_tokenizer.json") for name in ("anthropic", "deepseek")
}
# Named as tiktoken names what it has fetched.
PUBLISHED = {
    "cl100k_base": ("litellm", "litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),
    "o200k_base": ("litellm", "litellm_core_utils/tokenizers/fb374d419588a4632f3f557e76b4b70aebbca790"),
    "p50k_base": ("litellm", "litellm_core_utils/tokenizers/ec7223a39ce59f226a68acc30dc1af2788490e15"),
}
