"""The small SQL functions that sources are written in: DuckDB macros that give null, never an error, on any value.

Instants are `TIMESTAMP` without a zone, in UTC; the session's `TimeZone` must be UTC. `local_time` reads the user's
zone from the session variable `zone` (an IANA name, checked beforehand: DuckDB raises on one that it does not know),
UTC where none is set.
"""

from __future__ import annotations

LAST_SECOND = 99_999_999_999
"""The largest unix time that is read as seconds (year 5138). A larger number in a field of seconds can only be
milliseconds (SendGrid's own page shows one), and a smaller one in a field of milliseconds only seconds (before March
1973 nobody sent mail by these services). Our own bound, 2026-11."""
LAST_MILLISECOND = 99_999_999_999_999
"""Beyond it a number is no time. Our own bound, 2026-11."""
SMTP_CODES = (200, 599)
"""RFC 5321 §4.2: the first digit of a reply is 2 to 5. Mailgun's 605 to 607 are of mail that it did not send."""

_YEAR = r"(19[7-9]|20\d|21\d)\d"
_TIME = _YEAR + r"-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,12})?)?"
_OFFSET = r" ?([Zz]|UTC|[+-]\d{2}(:?\d{2})?)"
_UNIX = f"""CASE
    WHEN TRY_CAST(x AS DOUBLE) BETWEEN 0 AND {LAST_SECOND}
    THEN make_timestamp(TRY_CAST(round(TRY_CAST(x AS DOUBLE) * 1e6) AS BIGINT))
    WHEN TRY_CAST(x AS DOUBLE) BETWEEN 0 AND {LAST_MILLISECOND}
    THEN make_timestamp(TRY_CAST(round(TRY_CAST(x AS DOUBLE) * 1e3) AS BIGINT)) END"""

_BODIES = {
    "filled(x)": "nullif(trim(x, e' \\t\\r\\n'), '')",
    "unix_s(x)": _UNIX,
    "unix_ms(x)": _UNIX,
    # RFC 3339 §5.6 asks for a colon in the offset; exports leave it out, or put a space before it
    "iso(x)": f"""CASE WHEN regexp_full_match(trim(x), '{_TIME}{_OFFSET}') THEN TRY_CAST(
        replace(replace(replace(replace(upper(trim(x)), ',', '.'), ' +', '+'), ' -', '-'), ' Z', 'Z')
        AS TIMESTAMPTZ)::TIMESTAMP END""",
    "zoned(x, zone)": f"""coalesce(iso(x), CASE WHEN regexp_full_match(trim(x), '{_TIME}') THEN
        timezone(zone, TRY_CAST(replace(upper(trim(x)), ',', '.') AS TIMESTAMP))::TIMESTAMP END)""",
    "local_time(x)": "zoned(x, coalesce(getvariable('zone'), 'UTC'))",
    "truth(x)": """CASE WHEN lower(x) IN ('true', '1', 'yes', 't', 'y') THEN true
        WHEN lower(x) IN ('false', '0', 'no', 'f', 'n') THEN false END""",
    # RFC 5322 §3.4: a name-addr has the address in angle brackets. Most are bare: looking first takes a quarter
    "address(x)": """lower(CASE
        WHEN contains(x, '<') THEN filled(coalesce(nullif(regexp_extract(x, '<([^<>]*)>', 1), ''), x))
        WHEN contains(x, ' ') OR contains(x, chr(9)) OR contains(x, chr(10)) OR contains(x, chr(13)) THEN filled(x)
        WHEN x <> '' THEN x END)""",
    # an Avro union shows as {"string": "…"} where its records are written out as JSON
    "plain(j)": """filled(CASE WHEN json_type(j) = 'OBJECT' THEN coalesce(j->>'$.string', j->>'$.long', j->>'$.int',
        j->>'$.boolean', j->>'$.double', j->>'$.float') ELSE j->>'$' END)""",
    "texts(j)": """CASE WHEN j IS NULL THEN NULL ELSE CASE json_type(j)
        WHEN 'ARRAY' THEN list_filter(j->>'$[*]', lambda one: one <> '')
        WHEN 'VARCHAR' THEN CASE WHEN json_type(CASE WHEN json_valid(j->>'$') THEN j->>'$' END) = 'ARRAY'
            THEN list_filter((j->>'$')->>'$[*]', lambda one: one <> '')
            ELSE list_filter([j->>'$'], lambda one: one <> '') END
        WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL ELSE [j->>'$'] END END""",
    "smtp_code(x)": f"CASE WHEN TRY_CAST(x AS SMALLINT) BETWEEN {SMTP_CODES[0]} AND {SMTP_CODES[1]} "
    "THEN TRY_CAST(x AS SMALLINT) END",
    # RFC 3464 §2.3.6: a diagnostic code begins with its type
    "reply_code(x)": """TRY_CAST(nullif(regexp_extract(x, '^(?:smtp; ?)?([2-5][0-9][0-9])(?:[^0-9]|$)', 1), '')
        AS SMALLINT)""",
    "country_code(x)": "CASE WHEN regexp_full_match(x, '[A-Za-z]{2}') THEN upper(x) END",
    "bare_id(x)": "filled(trim(x, '<> '))",
}
"""Signature → what it stands for. Those used by others come first."""

MACROS: tuple[str, ...] = tuple(f"CREATE OR REPLACE TEMP MACRO {name} AS {body}" for name, body in _BODIES.items())
"""To be executed in this order in every session that reads events."""
