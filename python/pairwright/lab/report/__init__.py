"""One page that tells of tokenizers what `compare`, `sizes`, `usage`, `audit` and `show` find."""
