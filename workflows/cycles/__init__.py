"""Review cycles: open, launch, self review, manager review, close, share; with scores that can be explained."""
