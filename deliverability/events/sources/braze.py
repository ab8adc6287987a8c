"""Braze Currents: JSON written from its Avro files, the custom HTTP connector, and CSV from a warehouse.

The merge of Currents repeats events; `id` is the same in every copy.
"""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.events.source import IN_PATH, Source, as_row, columns, listed


def _unwrap(value: object) -> Iterator[object]:
    """The events of a batch, each with its user's and its own properties beside its id."""
    for event in listed("events")(value):
        row = as_row(event)
        if row is None or not row.keys() & {"user", "properties"}:
            yield event
        else:
            yield {**(as_row(row.get("user")) or {}), **(as_row(row.get("properties")) or {}), **row}


_WORD = f"regexp_replace(replace(lower(coalesce(plain(event_type), {IN_PATH})), '_', '.'), '[.](shared|view)$', '')"
_MAIL = "users.messages.email."

BRAZE = Source(
    name="braze",
    title="Braze Currents",
    documentation=(
        "https://www.braze.com/docs/user_guide/data/distribution/braze_currents/event_glossary/message_engagement_events",
    ),
    signs=(
        frozenset({"dispatch_id", "user_id"}),
        frozenset({"dispatch_id", "external_user_id"}),
        frozenset({"dispatch_id", "event_type"}),
        frozenset({"external_user_id", "event_type", "time"}),
        frozenset({"external_user_id", "email_address", "send_id"}),
        frozenset({"message_variation_id", "canvas_id", "time"}),
    ),
    envelope=frozenset({"events", "properties"}),
    unwrap=_unwrap,
    raw=columns(
        "event_type id time email_address dispatch_id campaign_id campaign_name canvas_id canvas_name sending_ip"
        " user_agent url bounce_reason deferral_reason is_drop machine_open abort_log abort_type",
        "JSON",
    ),
    kind=f"""CASE
        WHEN {_WORD} = '{_MAIL}bounce' AND truth(plain(is_drop)) THEN '{_MAIL}bounce drop'
        WHEN starts_with({_WORD}, 'users.') AND NOT starts_with({_WORD}, '{_MAIL}') THEN 'other channel'
        ELSE {_WORD} END""",
    kind_in_path=r"(users[._]messages[._]email[._][a-z]+)",
    types={
        **{
            f"{join.replace('.', mark)}{word}": canonical
            for join, mark in ((_MAIL, "."), (_MAIL, "_"))
            for word, canonical in {
                "send": "sent",
                "delivery": "delivered",
                "bounce": "bounced",
                # the sending service refused it
                "bounce drop": "rejected",
                # not final: it may be tried again for 72 hours
                "softbounce": "deferred",
                "deferral": "deferred",
                "open": "opened",
                "click": "clicked",
                "markasspam": "complained",
                "unsubscribe": "unsubscribed",
                "abort": "rejected",
                # Braze's own second try, before a receiver has seen the mail
                "retry": "queued",
            }.items()
        },
        "other channel": "ignored",
    },
    fields={
        "event_id": "plain(id)",
        "ts": "coalesce(unix_s(plain(time)), iso(plain(time)))",
        "recipient": "address(plain(email_address))",
        # of the transmission: one for all users of a scheduled campaign, and with the recipient one for each mail
        "message_id": "plain(dispatch_id)",
        "campaign": "coalesce(plain(campaign_id), plain(canvas_id), plain(campaign_name), plain(canvas_name))",
        "ip": "plain(sending_ip)",
        "user_agent": "plain(user_agent)",
        "url": "plain(url)",
        "smtp_code": "reply_code(coalesce(plain(bounce_reason), plain(deferral_reason)))",
        "reply_text": "coalesce(plain(bounce_reason), plain(deferral_reason), plain(abort_log))",
        "bounce_class": """CASE regexp_extract(lower(kind), 'email[._](bounce|softbounce|deferral)', 1)
            WHEN 'bounce' THEN 'Bounce' WHEN 'softbounce' THEN 'SoftBounce' WHEN 'deferral' THEN 'Deferral' END""",
        # "true" or null
        "machine": "truth(plain(machine_open))",
    },
    classes={"bounce": "hard", "softbounce": "soft", "deferral": "soft"},
)
