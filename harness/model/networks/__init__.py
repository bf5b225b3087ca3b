"""The networks, each written once as a function over ``ops``."""
