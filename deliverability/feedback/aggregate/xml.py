"""The strict reader of a DMARC aggregate report: expat, with everything bounded and no document type at all."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from xml.parsers import expat

from deliverability.feedback.aggregate import (
    Auth,
    Head,
    Published,
    Reason,
    Record,
    address_of,
    count_of,
    domain_name,
    time_of,
    word,
)
from deliverability.intake.trouble import Refused
from deliverability.privacy import after_sign

MAX_DEPTH = 32
"""Elements inside one another; a report needs seven, extensions a few more."""
MAX_TEXT = 64 * 1024
"""Octets of one text; the longest in real reports are comments of some hundred."""
MAX_MARKUP = 1024 * 1024
"""Octets of one tag, comment or instruction, which expat keeps whole."""
MAX_RESULTS = 100
"""Authentication results, and reasons, of one record; what a message with more signatures has beyond is left out."""

ROOT = "feedback"
_POLICY_TAGS = ("p", "sp", "np", "adkim", "aspf", "pct", "fo", "testing", "discovery_method")
_POLICY_TEXTS = tuple(f"policy_published/{tag}" for tag in _POLICY_TAGS)
_HEAD_TEXTS = {
    f"{ROOT}/{path}"
    for path in (
        *(f"report_metadata/{tag}" for tag in ("org_name", "email", "report_id", "date_range/begin", "date_range/end")),
        *("policy_published/domain", *_POLICY_TEXTS),
    )
}
_RECORD = f"{ROOT}/record"
_RECORD_TEXTS = {
    f"{_RECORD}/{path}": key
    for path, key in {
        "row/source_ip": "source_ip",
        "row/count": "count",
        "row/policy_evaluated/disposition": "disposition",
        "row/policy_evaluated/dkim": "dkim",
        "row/policy_evaluated/spf": "spf",
        "identifiers/envelope_from": "envelope_from",
        "identifiers/header_from": "header_from",
        "identities/envelope_from": "envelope_from",  # so called before RFC 7489
        "identities/header_from": "header_from",
    }.items()
}
_PARTS = {f"{_RECORD}/row/policy_evaluated/reason", f"{_RECORD}/auth_results/dkim", f"{_RECORD}/auth_results/spf"}
"""Elements that may stand several times, each with texts of its own."""


class StrictReader:
    """Takes a report in pieces; `head` and `records` hold what has been read so far.

    Of an element that may stand once, the first counts. Elements of other namespaces and unknown ones are passed over.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._head: dict[str, str] = {}
        self._made: Head | None = None
        self._paths: list[str] = [""]
        self._texts: list[str] = []
        self._length = 0
        self._prefix = ""
        self._values: dict[str, str] = {}
        self._part: dict[str, str] = {}
        self._auth: list[Auth] = []
        self._reasons: list[Reason] = []
        self._in_cdata = False
        self._fed = 0
        self._end_at = 0
        self._after = b""
        self.ended = False
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartCdataSectionHandler = self._cdata
        parser.EndCdataSectionHandler = self._end_cdata

    def release(self) -> None:
        """Let go of the parser, which knows this object: over many reports, nothing waits for the garbage collector."""
        parser = self._parser
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.StartDoctypeDeclHandler = parser.StartCdataSectionHandler = parser.EndCdataSectionHandler = None

    def feed(self, octets: bytes) -> None:
        """Read on. Raises Refused."""
        had_ended = self.ended
        if had_ended:
            self._pass_over(octets)
            return
        before, self._fed = self._fed, self._fed + len(octets)
        try:
            self._parser.Parse(octets, False)
        except expat.ExpatError as error:
            if not self.ended:
                raise Refused("malformed-xml", expat.ErrorString(error.code) or "no XML") from None
        if self.ended:
            self._pass_over(octets[max(0, self._end_at - before) :])
            return
        if self._fed - self._parser.CurrentByteIndex > MAX_MARKUP:
            raise Refused("markup-too-long", f"a tag or comment of more than {MAX_MARKUP // 1024} KiB")

    def _pass_over(self, octets: bytes) -> None:
        """What follows the report does not count, unless it is another one: half of the file would be lost."""
        root = f"<{self._prefix}{ROOT}".encode()
        if root in self._after + octets:
            raise Refused("malformed-xml", "a second report follows the first")
        self._after = (self._after + octets)[-len(root) :]

    def close(self) -> Head:
        """The head of the whole report. Raises Refused where the end or something that it needs is missing."""
        if not self.ended:
            raise Refused("truncated", "the file ends before </feedback>")
        head = self.head()
        if head is None:
            raise Refused(*self._lack())
        return head

    @property
    def is_between_records(self) -> bool:
        """Whether all that was fed is read, and the next thing can be a record: a child of the root begins here."""
        return len(self._paths) == 2 and not self._in_cdata and self._parser.CurrentByteIndex == self._fed

    def head(self) -> Head | None:
        """The head, once all that it needs has been read."""
        if self._made is None:
            self._made = self._make_head()
        return self._made

    def _make_head(self) -> Head | None:
        begin = time_of(self._head.get("report_metadata/date_range/begin"))
        domain = domain_name(self._head.get("policy_published/domain", ""))
        if begin is None or not domain:
            return None
        end = time_of(self._head.get("report_metadata/date_range/end"))
        email = domain_name(self._head.get("report_metadata/email", ""))
        return Head(
            org_name=_organization(self._head.get("report_metadata/org_name", "")) or email,
            report_id=self._head.get("report_metadata/report_id", ""),
            begin=begin,
            end=max(begin, end or begin),
            domain=domain,
            published=_published(tuple(map(self._head.get, _POLICY_TEXTS))),
        )

    def _lack(self) -> tuple[str, str]:
        if not self._head.get("policy_published/domain"):
            return "no-policy-domain", "it does not say which domain it reports on"
        begin = self._head.get("report_metadata/date_range/begin")
        return "bad-date-range", "it has no date range" if begin is None else f"it begins at {begin[:40]!r}"

    def _start(self, name: str, _attributes: Any) -> None:  # noqa: ANN401 - expat's own
        if len(self._paths) == 1:
            self._prefix, colon, name = name.rpartition(":")
            self._prefix += colon
            if name != ROOT:
                raise Refused("not-a-report", f"its root is <{name[:40]}>")
        elif len(self._paths) > MAX_DEPTH:
            raise Refused("too-deep", f"more than {MAX_DEPTH} elements inside one another")
        elif self._prefix and name.startswith(self._prefix):
            name = name[len(self._prefix) :]
        path = f"{self._paths[-1]}/{name}" if len(self._paths) > 1 else name
        self._paths.append(path)
        self._texts.clear()
        self._length = 0
        if path in _PARTS:
            self._part = {}

    def _text(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise Refused("text-too-long", f"a text of more than {MAX_TEXT // 1024} KiB")
        self._texts.append(text)

    def _end(self, _name: str) -> None:
        path = self._paths.pop()
        if path in _HEAD_TEXTS:
            self._head.setdefault(path[len(ROOT) + 1 :], "".join(self._texts).strip())
        elif path in _RECORD_TEXTS:
            self._values.setdefault(_RECORD_TEXTS[path], "".join(self._texts))
        elif path in _PARTS:
            self._end_part(path)
        elif self._paths[-1] in _PARTS:
            self._part.setdefault(path[len(self._paths[-1]) + 1 :], "".join(self._texts))
        elif path == _RECORD:
            self._end_record()
        if len(self._paths) == 1:
            self.ended, self._end_at = True, self._parser.CurrentByteIndex
        self._texts.clear()
        self._length = 0

    def _end_part(self, path: str) -> None:
        text = self._part.get
        kind = path.rpartition("/")[2]
        if kind == "reason" and len(self._reasons) < MAX_RESULTS:
            self._reasons.append(Reason(word(text("type", "")), text("comment", "").strip()))
        elif kind != "reason" and len(self._auth) < MAX_RESULTS:
            name = text("selector", "").strip() if kind == "dkim" else word(text("scope", ""))
            self._auth.append(Auth(kind, domain_name(text("domain", "")), name, word(text("result", ""))))

    def _end_record(self) -> None:
        text = self._values.get
        self.records.append(
            Record(
                address_of(text("source_ip", "")),
                count_of(text("count", "")),
                word(text("disposition", "")),
                word(text("dkim", "")),
                word(text("spf", "")),
                tuple(self._reasons),
                domain_name(text("envelope_from", "")),
                domain_name(text("header_from", "")),
                tuple(self._auth),
            )
        )
        self._values = {}
        self._reasons = []
        self._auth = []

    def _cdata(self) -> None:
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._in_cdata = False

    def _doctype(self, *_declared: Any) -> None:
        # entities can only be declared here, and no report has any
        raise Refused("doctype", "it declares a document type, as no report does")


def _organization(name: str) -> str:
    """The name as it is written; of an address, which is a person's, the domain says as much."""
    return name if after_sign(name) == name else domain_name(name)


@lru_cache(maxsize=1024)
def _published(texts: tuple[str | None, ...]) -> Published:
    """The policy; most reports have one of a few."""
    return Published(**{tag: word(text or "") or None for tag, text in zip(_POLICY_TAGS, texts, strict=True)})
