"""People in, pages out: the web, REST and command-line face of Plumbline."""
