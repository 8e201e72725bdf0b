"""Stand-ins for other libraries: their interfaces on top of pairwright.

`from pairwright.compat import tiktoken` takes the place of `import tiktoken`.
"""
