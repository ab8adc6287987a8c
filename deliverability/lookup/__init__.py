"""DNS: live, from zone files, overlaid, recorded and replayed, behind one method."""

from deliverability.lookup.answer import Answer, Resolver, Status

__all__ = ["Answer", "Resolver", "Status"]
