"""`make bench`: the REST and page comparison on PostgreSQL, then how publishing and starting grow."""

from tests.benchmarks import publish_scale, rest

rest.main()
publish_scale.main()
