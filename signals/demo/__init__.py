"""The story of the demo: a made-up vendor's customers, told through the real doors."""
