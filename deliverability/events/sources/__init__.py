"""One data-like module for each service whose events are read; `SOURCES` lists them.

Another service is one module here, its name in the list below, and a folder of fixtures in `tests/events/fixtures`.
"""

from __future__ import annotations

from deliverability.events.source import Source
from deliverability.events.sources.braze import BRAZE
from deliverability.events.sources.brevo import BREVO
from deliverability.events.sources.generic import GENERIC
from deliverability.events.sources.hubspot import HUBSPOT
from deliverability.events.sources.kumomta import KUMOMTA
from deliverability.events.sources.mailgun import MAILGUN
from deliverability.events.sources.postmark import POSTMARK
from deliverability.events.sources.sendgrid import SENDGRID
from deliverability.events.sources.ses import SES
from deliverability.events.sources.sparkpost import SPARKPOST

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (SENDGRID, SES, MAILGUN, POSTMARK, SPARKPOST, BREVO, BRAZE, HUBSPOT, KUMOMTA, GENERIC)
}
"""Name → source. The last, `generic`, is any table with the canonical columns."""
