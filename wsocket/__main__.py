"""``python -m wsocket`` is the command ``wsocket``."""

import sys

from wsocket.cli import main

sys.exit(main())
