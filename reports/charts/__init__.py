"""The charts of a page: drawings of our own with the same numbers as a table beneath them.

A chart is made by a pure function from plain values and comes back as a `svg.Chart`, or as None where there is
nothing to draw. The template `chart.html` puts it on the page (`{% import "chart.html" as charts %}`, then
`{{ charts.draw(chart) }}`); its style sheet is `chart.css`, one of the page's.

`compared` makes them from a `deliverability.compare.result.Comparison`.

- `dumbbell.dumbbell(prefix, title, pairs)`: shares before and after, with their intervals.
- `waterfall.waterfall(prefix, title, start, steps, end)`: what a change is made of.
- `runs.runs(prefix, title, dots, happened=…, fitted=…, placebo=…)`: shares over time.
- `quadrant.quadrant(prefix, title, spots, split=…, names=…)`: what arrives against what is read.
- `path.path(prefix, title, hops)`: the way of a message with the findings on it.
- `spf.spf(prefix, title, facts)`: the tree of SPF records and what its look-ups add up to.

`prefix` begins every id of the drawing and is different for every chart of a page. All text may be a stranger's: it is
escaped, made visible and cut to its place; the table has it in full.
"""
