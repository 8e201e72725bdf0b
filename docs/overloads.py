"""For the API pages: functions of a stub file that have overloads alone, which griffe would leave out."""

from griffe import Class, Extension


class Overloads(Extension):
    """Makes a member of the overloads of a function, documented as the last of them is."""

    def on_class_members(self, *, cls: Class, **_: object) -> None:
        """Run when all members of a class are known."""
        for name, overloads in cls.overloads.items():
            if name not in cls.members:
                function = overloads[-1]
                function.overloads = list(overloads)
                cls.set_member(name, function)
        in_order = sorted(cls.members.items(), key=lambda member: member[1].lineno or 0)
        cls.members.clear()
        cls.members.update(in_order)
