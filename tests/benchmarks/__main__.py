"""`make bench`: the REST and page comparison on PostgreSQL, then how publishing and starting grow, then scoring, what-if,
goals from a template, the map of goals, and scores with their ledger.
"""

from tests.benchmarks import goal_map, goal_templates, publish_scale, rest, score_publishing, scoring, what_if

rest.main()
publish_scale.main()
scoring.main()
what_if.main()
goal_templates.main()
goal_map.main()
score_publishing.main()
