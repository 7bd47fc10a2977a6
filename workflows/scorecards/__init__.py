"""Scorecards as one document: drafts, checks, versions with diff and rollback, publishing through the record door."""
