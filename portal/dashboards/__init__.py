"""Dashboards: plan against actual. Data passes queries → series → pages and charts → payload → views."""

from portal.dashboards.subjects import may_see
from portal.dashboards.views import blueprint

__all__ = ["blueprint", "may_see"]
