"""The DNS of a fictional wine shop before and after its repair, and its neighbours'; `deliv demo` serves it."""
