"""People in, pages out: the web, REST and command-line face of Plumbline."""

import gc

# Nearly all that a process makes while it starts stays for good: a collector that looks at it on the way finds nothing
# and costs an eighth of the start (decision 0072). One that stays then collects every RUNNING new objects.
STARTING, RUNNING = (1_000_000, 20, 20), (50_000, 20, 20)
gc.set_threshold(*STARTING)
