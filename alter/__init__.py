"""The `alter` command: what a person can do on the portal's pages, from a terminal or a script."""

__version__ = "0.1.0"
