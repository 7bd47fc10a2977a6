"""The demo company: people, a year of figures and a story, the same for the same seed.

Called by the portal's demo command and by tests; writes through the record door only.
"""

from workflows.demo.cast import DEMO_LOGINS, Login
from workflows.demo.loading import PACKS, Loaded, is_loaded, load
from workflows.demo.periods import Period, half_years

__all__ = ["DEMO_LOGINS", "PACKS", "Loaded", "Login", "Period", "half_years", "is_loaded", "load"]
