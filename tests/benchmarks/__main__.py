"""`make bench`: the REST and page comparison on PostgreSQL, then how publishing and starting grow, then scoring."""

from tests.benchmarks import publish_scale, rest, scoring

rest.main()
publish_scale.main()
scoring.main()
