"""Definition packs: the folders of JSON files that ship with the product, and reading any such folder.

Called by the command line and the demo; `metadata.publish` brings what was read into force.
"""

from metadata.packs.reading import Manifest, Pack, available, load, with_requirements

__all__ = ["Manifest", "Pack", "available", "load", "with_requirements"]
