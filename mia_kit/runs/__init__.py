"""The machine under every study: typed recipes, parts kept by content, runs that go on, one tidy table, one rule."""
