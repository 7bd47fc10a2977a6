"""Runs the command as a module, so that `plumbline up` can start its parts with the same Python."""

from portal.cli import main

if __name__ == "__main__":
    main()
