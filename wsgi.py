"""For WSGI servers other than the built-in one."""

from portal.app import bind_workflows, create_app

app = create_app()
bind_workflows(app)
