"""What changed between two audits, at a terminal and on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deliverability.diff import diff
from deliverability.document import Audit
from deliverability.reports.diff import render
from deliverability.reports.html import render_html
from deliverability.reports.layout import cells
from support import samples


def changed() -> Audit:
    """The shop with one fault more, one gone, one grown and one that nobody could look at."""
    audit = samples.in_trouble()
    grown = replace(samples.lookup_limit(), title="SPF needs 15 DNS lookups; receivers stop at ten", data={"total": 15})
    present = next(f for f in audit.findings if f.check == "mx-present")
    unseen = replace(samples.silent_server(), check="dmarc-effective-policy", subject=samples.DOMAIN)
    new = replace(samples.duplicate_term(), check="mx-present", title="The domain names no mail server")
    fixed = replace(samples.duplicate_term(), outcome=present.outcome, title="No term stands twice", fix=None)
    swapped = {f.check: f for f in (grown, unseen, new, fixed)}
    return replace(audit, findings=tuple(swapped.get(f.check, f) for f in audit.findings))


@pytest.mark.parametrize("width", [60, 100])
def test_each_change_stands_under_its_kind(width: int, golden: Callable[[str, str], None]) -> None:
    before, after = samples.in_trouble(), changed()
    text = render(before, after, diff(before, after), width=width, color=False)

    assert max(map(cells, text.split("\n"))) <= width
    golden(f"diff-{width}.txt", text)


def test_the_same_audit_twice_has_only_what_is_still_there() -> None:
    audit = samples.in_trouble()

    assert render(audit, audit, diff(audit, audit), width=80, color=False).endswith("\n5 still there\n")


def test_nothing_changed_is_said() -> None:
    audit = samples.repaired()

    assert render(audit, audit, diff(audit, audit), width=80, color=False).endswith("\nNothing changed.\n")
    assert "<p>Nothing changed.</p>" in render_html(audit, previous=audit)


def test_hostile_text_is_spelled_out() -> None:
    before, after = samples.hostile(), samples.hostile()
    text = render(before, after, diff(before, after), width=80, color=False)

    assert {c for c in text if not c.isprintable()} == {"\n"}


def test_the_page_says_what_changed_since_when() -> None:
    page = render_html(changed(), previous=samples.in_trouble())

    assert "Since 21 November 2026, 09:00 UTC, when the verdict was <strong>do not send</strong>" in page
    assert '<h4>New <span class="count">1</span></h4>' in page
    assert "before: SPF needs 14 DNS lookups" in page
    assert "when the verdict was" not in render_html(changed())
