"""`make bench`: the REST and page comparison on PostgreSQL, then how publishing and starting grow, then scoring and what-if."""

from tests.benchmarks import publish_scale, rest, scoring, what_if

rest.main()
publish_scale.main()
scoring.main()
what_if.main()
