"""Token folders: corpora as ids, in shards, with a manifest that tells what they were made of and how.

`manifest` is what a folder says of itself, `writers` write its shards, `reading` gives them back, `verifying` looks for
damage, and `restoring` makes the documents of them again.
"""
