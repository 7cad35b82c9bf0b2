"""Random interleavings of everything that delivers, in one process and on one thread.

The code that is run is the real one, on a real SQLite; only time, processes and the broker are
simulated. Importing it sets the options, so it comes first.

    python -m tests.simulation 7            the story of one seed, step by step
    python -m tests.simulation 1-300        many, silently
"""

import django

from tests import environment

__all__ = ["environment"]

django.setup()
