"""A stand-in for Meta's WhatsApp Cloud API: strict Graph endpoints, signed webhooks, faults, a phone page."""
