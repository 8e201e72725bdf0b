"""Arrow data that tells how often it was released, as the C data interface demands it: once."""

import ctypes
from dataclasses import dataclass, field
from typing import Any

# Where in their structs the callbacks stand, in pointers; see https://arrow.apache.org/docs/format/CDataInterface.html
RELEASE = {"arrow_schema": 7, "arrow_array": 8, "arrow_array_stream": 3}
GET_NEXT = 1

Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
pointer_of.restype = ctypes.c_void_p
pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def slot(struct: int, number: int) -> ctypes.c_void_p:
    """A field of a struct, to read and to write."""
    return ctypes.c_void_p.from_address(struct + number * ctypes.sizeof(ctypes.c_void_p))


@dataclass
class Watched:
    """What something of Arrow gives, and of every struct that was given, how often it was released."""

    inner: Any
    released: list[tuple[str, int]] = field(default_factory=list)
    callbacks: list[object] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name not in ("__arrow_c_array__", "__arrow_c_stream__"):
            raise AttributeError(name)
        give = getattr(self.inner, name)
        return lambda: self.watch_all(give())

    def watch_all(self, given: Any) -> Any:
        """Watch what was given: capsules of a schema and an array, or that of a stream."""
        if isinstance(given, tuple):
            for capsule, name in zip(given, ("arrow_schema", "arrow_array"), strict=True):
                self.watch(pointer_of(capsule, name.encode()), name)
            return given
        stream = pointer_of(given, b"arrow_array_stream")
        self.watch(stream, "arrow_array_stream")
        theirs = GetNext(slot(stream, GET_NEXT).value or 0)

        def get_next(stream: int, array: int) -> int:
            status: int = theirs(stream, array)
            if status == 0 and slot(array, RELEASE["arrow_array"]).value:
                self.watch(array, "arrow_array")
            return status

        self.put(slot(stream, GET_NEXT), GetNext(get_next))
        return given

    def watch(self, struct: int, name: str) -> None:
        """Count how often a struct is released."""
        number = len(self.released)
        self.released.append((name, 0))
        address = slot(struct, RELEASE[name]).value or 0
        theirs = Release(address)

        def release(struct: int) -> None:
            self.released[number] = (name, self.released[number][1] + 1)
            slot(struct, RELEASE[name]).value = address
            theirs(struct)

        self.put(slot(struct, RELEASE[name]), Release(release))

    def put(self, place: ctypes.c_void_p, callback: Any) -> None:
        """Put a callback in place, and keep it alive."""
        self.callbacks.append(callback)
        place.value = ctypes.cast(callback, ctypes.c_void_p).value
