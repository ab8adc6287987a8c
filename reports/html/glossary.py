"""What the page says last: how its figures are made, and what its words mean."""

from __future__ import annotations

from collections.abc import Sequence

from deliverability.reports.language import N_, _

Entry = tuple[str, str]

_OF_MAIL: Sequence[Entry] = (
    (N_("Rate"), N_("messages with it ÷ messages that could have it; each is counted once for each recipient.")),
    (
        N_("Interval"),
        N_("Wilson's, 95 %: where the share would lie in nineteen of twenty equally large samples of such mail."),
    ),
    (N_("Opened by people, at least"), N_("(opened − opened by machines alone − opens without a flag) ÷ delivered.")),
    (N_("Opened by people, at most"), N_("opened ÷ delivered; a machine may have made any of these opens.")),
    (N_("At risk"), N_("a place whose whole interval lies past the line, with 200 messages or more.")),
)
_OF_CHANGE: Sequence[Entry] = (
    (
        N_("Difference"),
        N_("share after − share before, in points of percent; its interval comes from how much campaigns differ."),
    ),
    (
        N_("What a change of opens is made of"),
        N_(
            "Das Gupta's exact split of opened ÷ sent into mix of providers, delivery, opens by people and opens by"
            " machines; the four add up to the change in whatever order they are taken."
        ),
    ),
    (
        N_("Bounds of what people did"),
        N_("[least after − most before, most after − least before], with and without all opens by machines."),
    ),
    (
        N_("Evidence E0 to E5"),
        N_("the highest rung whose requirements were all tried and all held; nothing stronger is said than it allows."),
    ),
)
_OF_FIXES: Sequence[Entry] = (
    (
        N_("Next best fix"),
        N_(
            "share of your mail × consequence × certainty ÷ work; what has to be mended before it comes first,"
            " whatever its own weight."
        ),
    ),
)
_WORDS: Sequence[Entry] = (
    (
        N_("Required, recommended, optional"),
        N_(
            "Required: mail is refused, spoofed or penalised because of it. Recommended: it works today and fails on a"
            " foreseeable event. Optional: good order."
        ),
    ),
    (
        N_("DNS"),
        N_(
            "The public directory in which a domain says how its mail is to be treated. A record is one entry of it;"
            " its TTL is how many seconds others may remember it."
        ),
    ),
    (N_("SPF"), N_("The record that lists the servers which may send for a domain.")),
    (
        N_("DKIM"),
        N_(
            "A signature on each message. Its key stands in DNS under a selector, a name that the sending service"
            " chooses."
        ),
    ),
    (
        N_("DMARC"),
        N_(
            "The record that says what receivers shall do with mail that neither SPF nor DKIM ties to the sender’s"
            " domain, and where to report."
        ),
    ),
    (N_("MX"), N_("The record that names the servers which receive a domain’s mail, replies and bounces among it.")),
    (
        N_("Permerror, temperror"),
        N_("What a receiver notes when a record is broken for good, or could not be read just now."),
    ),
)
_WORDS_OF_MAIL: Sequence[Entry] = (
    (N_("Bounced, put off"), N_("Bounced: refused for good. Put off: refused for now, and tried again.")),
    (N_("Machine open"), N_("A mail program or a scanner fetched the images by itself; nobody need have read it.")),
)
_WORDS_OF_CHANGE: Sequence[Entry] = (
    (N_("Washout"), N_("Days after a change that are left out, while its effect settles.")),
    (N_("Placebo date"), N_("A day without a change at which the same jump is looked for, to see what chance gives.")),
    (N_("Control"), N_("Mail that the change could not reach, over the same time.")),
)


def formulas(*, has_mail: bool, has_comparison: bool) -> list[Entry]:
    """How the figures on the page are made, those alone that are on it."""
    return _spoken((*_OF_FIXES, *(_OF_MAIL if has_mail else ()), *(_OF_CHANGE if has_comparison else ())))


def glossary(*, has_mail: bool, has_comparison: bool) -> list[Entry]:
    """Words that not everybody knows."""
    of_mail = _WORDS_OF_MAIL if has_mail else ()
    return _spoken((*_WORDS, *of_mail, *(_WORDS_OF_CHANGE if has_comparison else ())))


def _spoken(entries: Sequence[Entry]) -> list[Entry]:
    return [(_(what), _(meaning)) for what, meaning in entries]
