"""`python -m pairwright` is the command `pairwright`."""

from pairwright.cli import main

if __name__ == "__main__":
    main()
