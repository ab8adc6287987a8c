"""The published shapes of the formats of code hosts, as far as deliv writes them: facts, typed anew.

- SARIF: OASIS, sarif-schema-2.1.0.json with errata 01 (2023-08-28). Of each object that deliv writes, the names of all
  its properties (no others are allowed), the types and bounds of those that it uses, and what is required.
- GitHub: "SARIF support for code scanning", what it requires and how long it may be (read 2026-11-22).
- GitLab: ci/testing/code_quality, "Code Quality report format" (read 2026-11-22).
- JUnit: jenkinsci/xunit-plugin, junit-10.xsd (read 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "integer"}
LEVEL: Shape = {"enum": ["none", "note", "warning", "error"]}
FROM_ONE: Shape = {"type": "integer", "minimum": 1}


def _ref(name: str) -> Shape:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Shape, **more: Any) -> Shape:
    return {"type": "array", "items": items, **more}


def _object(used: Mapping[str, Shape], others: str = "", required: str = "", **more: Any) -> Shape:
    """An object with the properties `used` and those of `others`, which deliv does not write."""
    properties = {**used, **{name: {"not": {}} for name in others.split()}, "properties": _ref("propertyBag")}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required.split(),
        **more,
    }


SARIF: Shape = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        {"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": _list(_ref("run"))},
        "inlineExternalProperties",
        required="version runs",
    ),
    "$defs": {
        "propertyBag": {"type": "object", "properties": {"tags": _list(TEXT, uniqueItems=True)}},
        "run": _object(
            {
                "tool": _object({"driver": _ref("toolComponent")}, "extensions", required="driver"),
                "invocations": _list(_ref("invocation")),
                "results": _list(_ref("result")),
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            },
            "conversion language versionControlProvenance originalUriBaseIds artifacts logicalLocations graphs "
            "automationDetails runAggregates baselineGuid redactionTokens defaultEncoding defaultSourceLanguage "
            "newlineSequences externalPropertyFileReferences threadFlowLocations taxonomies addresses translations "
            "policies webRequests webResponses specialLocations",
            required="tool",
        ),
        "toolComponent": _object(
            {"name": TEXT, "version": TEXT, "rules": _list(_ref("reportingDescriptor"), uniqueItems=True)},
            "guid organization product productSuite shortDescription fullDescription fullName semanticVersion "
            "dottedQuadFileVersion releaseDateUtc downloadUri informationUri globalMessageStrings notifications taxa "
            "locations language contents isComprehensive localizedDataSemanticVersion "
            "minimumRequiredLocalizedDataSemanticVersion associatedComponent translationMetadata supportedTaxonomies",
            required="name",
        ),
        "reportingDescriptor": _object(
            {
                "id": TEXT,
                "name": TEXT,
                "shortDescription": _ref("multiformatMessageString"),
                "fullDescription": _ref("multiformatMessageString"),
                "defaultConfiguration": _object({"level": LEVEL}, "enabled rank parameters"),
                "help": _ref("multiformatMessageString"),
            },
            "deprecatedIds guid deprecatedGuids deprecatedNames messageStrings helpUri relationships",
            required="id",
        ),
        "multiformatMessageString": _object({"text": TEXT, "markdown": TEXT}, required="text"),
        "message": _object({"text": TEXT, "markdown": TEXT}, "id arguments", required="text"),
        "invocation": _object(
            {
                "executionSuccessful": {"type": "boolean"},
                "exitCode": NUMBER,
                "exitCodeDescription": TEXT,
                "toolConfigurationNotifications": _list(_ref("notification")),
            },
            "commandLine arguments responseFiles startTimeUtc endTimeUtc ruleConfigurationOverrides "
            "notificationConfigurationOverrides toolExecutionNotifications exitSignalName exitSignalNumber "
            "processStartFailureMessage machine account processId executableLocation workingDirectory "
            "environmentVariables stdin stdout stderr stdoutStderr",
            required="executionSuccessful",
        ),
        "notification": _object(
            {"message": _ref("message"), "level": LEVEL},
            "locations threadId timeUtc exception descriptor associatedRule",
            required="message",
        ),
        "result": _object(
            {
                "ruleId": TEXT,
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": LEVEL,
                "message": _ref("message"),
                "locations": _list(_ref("location")),
                "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
                "suppressions": _list(_ref("suppression"), uniqueItems=True),
                "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
            },
            "rule kind analysisTarget guid correlationGuid occurrenceCount fingerprints stacks codeFlows graphs "
            "graphTraversals relatedLocations rank attachments hostedViewerUri workItemUris provenance fixes taxa "
            "webRequest webResponse",
            required="message",
        ),
        "suppression": _object(
            {
                "kind": {"enum": ["inSource", "external"]},
                "status": {"enum": ["accepted", "underReview", "rejected"]},
                "justification": TEXT,
            },
            "guid location",
            required="kind",
        ),
        "location": _object(
            {"physicalLocation": _ref("physicalLocation")}, "id logicalLocations message annotations relationships"
        ),
        "physicalLocation": _object(
            {"artifactLocation": _ref("artifactLocation"), "region": _ref("region")},
            "address contextRegion",
            required="artifactLocation",
        ),
        "artifactLocation": _object(
            {"uri": {"type": "string", "format": "uri-reference"}}, "uriBaseId index description"
        ),
        "region": _object(
            {"startLine": FROM_ONE, "startColumn": FROM_ONE, "endLine": FROM_ONE, "endColumn": FROM_ONE},
            "charOffset charLength byteOffset byteLength snippet message sourceLanguage",
            required="startLine",
        ),
    },
}


def _said(most: int | None = None) -> Shape:
    text = {"type": "string", "minLength": 1, **({"maxLength": most} if most else {})}
    return {"type": "object", "properties": {"text": text}, "required": ["text"]}


def _having(**properties: Shape) -> Shape:
    return {"type": "object", "properties": properties, "required": list(properties)}


NOT_EMPTY: Shape = {"type": "string", "minLength": 1}

GITHUB: Shape = _having(
    **{"$schema": NOT_EMPTY},
    version={"const": "2.1.0"},
    runs=_list(
        _having(
            tool=_having(
                driver=_having(
                    name=NOT_EMPTY,
                    rules=_list(
                        _having(
                            id=NOT_EMPTY,
                            name={"type": "string", "maxLength": 255},
                            shortDescription=_said(1024),
                            fullDescription=_said(1024),
                            help=_said(),
                            properties=_having(tags={"type": "array", "maxItems": 20}),
                            defaultConfiguration=_having(level={"enum": ["note", "warning", "error"]}),
                        ),
                        maxItems=25_000,
                    ),
                )
            ),
            results=_list(
                _having(
                    ruleId=NOT_EMPTY,
                    level={"enum": ["note", "warning", "error"]},
                    message=_said(),
                    partialFingerprints=_having(primaryLocationLineHash=NOT_EMPTY),
                    locations=_list(
                        _having(
                            physicalLocation=_having(
                                # relative, and inside the repository
                                artifactLocation=_having(
                                    uri={
                                        "type": "string",
                                        "pattern": r"^(?!/)(?!\.\./)([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$",
                                    }
                                ),
                                region=_having(
                                    startLine=FROM_ONE, startColumn=FROM_ONE, endLine=FROM_ONE, endColumn=FROM_ONE
                                ),
                            )
                        ),
                        minItems=1,
                        maxItems=1,
                    ),
                ),
                maxItems=25_000,
            ),
        ),
        maxItems=20,
    ),
)

GITLAB: Shape = _list(
    _having(
        description=NOT_EMPTY,
        check_name=NOT_EMPTY,
        fingerprint=NOT_EMPTY,
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=_having(
            path={"type": "string", "pattern": r"^(?!/)(?!\.\./).+$"}, lines=_having(begin={"type": "integer"})
        ),
    )
)

_SAYS = {"skipped", "error", "failure"}
_CHILDREN: Mapping[str, set[str]] = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {*_SAYS, "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out", "system-err"},
}
_REQUIRED: Mapping[str, set[str]] = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "property": {"name", "value"},
    "testcase": {"name"},
}
_ALLOWED: Mapping[str, set[str]] = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        *{"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id"},
        *{"package", "file", "log", "url"},
    },
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname", "group"},
    **{name: {"type", "message"} for name in _SAYS},
}
_TEXT = {*_SAYS, "system-out", "system-err"}
"""Elements that may hold text."""


def junit_faults(document: str) -> list[str]:
    """What junit-10.xsd would refuse, and where a suite counts other than what it holds."""
    root = ET.fromstring(document.encode())
    faults = [] if root.tag in {"testsuites", "testsuite"} else [f"root is {root.tag}"]
    for element in root.iter():
        attributes = set(element.attrib)
        faults += [f"{element.tag} holds {c.tag}" for c in element if c.tag not in _CHILDREN.get(element.tag, ())]
        faults += [f"{element.tag} lacks {name}" for name in _REQUIRED.get(element.tag, set()) - attributes]
        faults += [f"{element.tag} has {name}" for name in attributes - _ALLOWED.get(element.tag, set())]
        if element.tag not in _TEXT and (element.text or "").strip():
            faults.append(f"{element.tag} holds text")
    for suite in root.iter("testsuite"):
        held = {"tests": len(suite.findall("testcase"))}
        held |= {f"{kind}s": len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error")}
        held |= {"skipped": len(suite.findall("testcase/skipped"))}
        faults += [
            f"{suite.get('name')}: {kind} is {suite.get(kind)}" for kind in held if suite.get(kind) != str(held[kind])
        ]
        faults += [] if held["tests"] else [f"{suite.get('name')} is empty"]
    return faults


_COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)")


def annotation(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as actions/runner reads it: level, properties, message. Raises ValueError for any other line.

    The runner ends the properties at the first `::`, parts them at commas, and undoes the escapes of each.
    """
    found = _COMMAND.fullmatch(line)
    if found is None:
        raise ValueError(f"no command: {line!r}")
    kind, listed, text = found.groups()
    properties = dict(one.split("=", 1) for one in (listed or "").split(",") if one)
    escapes = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}
    for name, value in properties.items():
        if ":" in value:
            raise ValueError(f"{name} has a colon: {line!r}")
    return kind, {name: _undone(value, escapes) for name, value in properties.items()}, _undone(text, escapes)


def _undone(text: str, escapes: Mapping[str, str]) -> str:
    for escape, character in escapes.items():
        text = text.replace(escape, character)
    return text
