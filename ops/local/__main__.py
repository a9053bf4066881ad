"""Starts the demo; a file of its own, so that Pants runs it from sources and packs nothing."""

from ops.local.demo.main import main

if __name__ == "__main__":
    main()
