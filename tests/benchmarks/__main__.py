"""`make bench`: the REST and page comparison on PostgreSQL, then how publishing and starting grow, then scoring, what-if,
goals from a template, and scores with their ledger.
"""

from tests.benchmarks import goal_templates, publish_scale, rest, score_publishing, scoring, what_if

rest.main()
publish_scale.main()
scoring.main()
what_if.main()
goal_templates.main()
score_publishing.main()
