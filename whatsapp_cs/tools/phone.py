"""Phone numbers as WhatsApp writes them: international digits without a plus (``wa_id``)."""

import re

import phonenumbers

# Countries whose mobile numbers exist in two forms that reach the same phone: (long form, short form).
# Brazil's ninth digit, Mexico's 1 after 52, Argentina's 9 after 54.
_TWIN_FORMS = (
    (re.compile(r"^\+55(\d\d)9(\d{8})$"), r"+55\1\2"),
    (re.compile(r"^\+55(\d\d)([6-9]\d{7})$"), r"+55\g<1>9\2"),
    (re.compile(r"^\+521(\d{10})$"), r"+52\1"),
    (re.compile(r"^\+52(\d{10})$"), r"+521\1"),
    (re.compile(r"^\+549(\d{10})$"), r"+54\1"),
    (re.compile(r"^\+54(\d{10})$"), r"+549\1"),
)


def to_digits(text):
    """Return the digits of ``text``, in ASCII whatever script they are written in."""
    return "".join(str(int(character)) for character in text or "" if character.isdecimal())


def get_variants(wa_id):
    """Return every E.164 form under which the phone behind ``wa_id`` may be stored, the given one first."""
    number = "+" + to_digits(wa_id)
    return [number] + [pattern.sub(twin, number) for pattern, twin in _TWIN_FORMS if pattern.match(number)]


def get_national_digits(wa_id):
    """Return the national significant digits of the variants (``470123456`` for ``32470123456``), as a set.

    For numbers that people stored the way they dial them at home, without a country code.
    """
    digits = set()
    for number in get_variants(wa_id):
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            continue
        digits.add(phonenumbers.national_significant_number(parsed))
    return digits


def format_international(wa_id):
    """Return ``wa_id`` as people read it (``+32 470 12 34 56``); with a bare plus where the plan is unknown."""
    number = "+" + to_digits(wa_id)
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


def mask(text):
    """Return a text with its digits hidden, except the first three and the last two: ``+32 4•• •• •• 56``."""
    total = sum(map(str.isdigit, text or ""))
    shown, seen = "", 0
    for char in text or "":
        seen += char.isdigit()
        shown += "•" if char.isdigit() and 3 < seen <= total - 2 else char
    return shown


def get_country_code(wa_id):
    """Return the ISO code of the number's country, or False."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse("+" + to_digits(wa_id))) or False
    except phonenumbers.NumberParseException:
        return False
