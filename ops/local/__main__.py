"""Start of the demo, in a file of its own, so that Pants runs it from the sources."""

from ops.local.demo.main import main

if __name__ == "__main__":
    main()
