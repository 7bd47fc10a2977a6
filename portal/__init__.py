"""People in, pages out: the web, REST and command-line face of Plumbline."""

import gc

# Nearly all that a process makes while it starts stays for good: a collector that looks after every 700 objects (the
# interpreter's default) finds nothing and costs an eighth of the start (decision 0072).
gc.set_threshold(50_000, 20, 20)
