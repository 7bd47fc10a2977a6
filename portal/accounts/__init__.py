"""Accounts and roles: who may sign in, as what, and who may decide about it.

`rules` decides, `service` and `roles` write (with their audit rows), `listing` reads, `login` lets in. The pages are
in portal/views/accounts.py, roles.py and account.py; there is no rule in them.
"""
