"""Start of the demo; a file of its own, so that Pants runs it from the sources and packages nothing."""

from ops.local.demo.main import main

if __name__ == "__main__":
    main()
