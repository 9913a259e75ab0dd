"""`python -m fastjwt` is the command `fastjwt`."""

import sys

from fastjwt.cli import main

if __name__ == "__main__":
    sys.exit(main())
