"""Events that must each have one effect, for drills that try to lose or double them."""
