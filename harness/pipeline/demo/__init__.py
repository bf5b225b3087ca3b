"""Makes the demo zoo again: trains, compresses, packs and measures it."""
