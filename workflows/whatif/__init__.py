"""What-if: a changed scorecard on the real population, before anything is saved; scenarios that are kept and shared."""
