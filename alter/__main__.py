"""`python -m alter`."""

import sys

from alter.main import main

if __name__ == "__main__":
    sys.exit(main())
