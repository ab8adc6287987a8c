"""Findings in the formats of other people's machines: SARIF, JUnit, Code Quality, annotations, step summaries."""
