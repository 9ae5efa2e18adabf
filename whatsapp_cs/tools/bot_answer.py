"""Reading what a customer has typed as a number, a date, an address …: in their language, script and digits."""

import math
import re
import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_month_names
from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from dateutil import parser as dateutil_parser
from dateutil.parser import ParserError

from odoo.tools import email_normalize

from . import bot_words
from .text_format import get_length
from .text_match import normalize

TEXT_LIMIT = 1000  # characters of one answer: what is longer is no answer to a question
_NUMBER = re.compile(r"[-+]?\d(?:[\d.,\s']*\d)?")
_ARABIC_MARKS = str.maketrans({"٫": ".", "٬": ",", "،": ",", "−": "-"})
_DATE_ORDER = re.compile(r"[dMy]")


class Invalid(Exception):
    """It is no answer to the question; says why: the name of a sentence in ``bot_words``, and its values."""

    def __init__(self, name, **values):
        super().__init__(name)
        self.name = name
        self.values_ = values

    def get_text(self, lang):
        return bot_words.get_text(lang, self.name, **self.values_)


class Read(NamedTuple):
    """What was understood: ``value`` as it is kept in JSON, ``text`` as people read it."""

    value: Any
    text: str


def read(question, text, lang, region, today):
    """Return what ``text`` says, as the question's format wants it; or raise Invalid.

    :param question: ``{"format", "min", "max", "range"}``; min and max are None when there is no bound
    :param lang: the customer's language, ``hi_IN``
    :param region: the customer's country, ``IN``, or None: for phone numbers without a country code
    """
    text = " ".join(text.split())
    if not text:
        raise Invalid("words")
    return _READERS[question["format"]](question, text, lang, region, today)


def to_ascii_digits(text):
    """Return ``text`` with the digits of any script as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character
        for character in text
    )


def get_locale(lang):
    """Return Babel's locale of one of Odoo's language codes; English where Babel knows none."""
    for code in (lang or "", (lang or "")[:2]):
        try:
            return Locale.parse(code.split("@")[0])
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


def _read_text(question, text, lang, region, today):
    limit = min(int(question.get("max") or TEXT_LIMIT), TEXT_LIMIT)
    if get_length(text) > limit:
        raise Invalid("long", max=limit)
    if question.get("min") and get_length(text) < question["min"]:
        raise Invalid("short", min=int(question["min"]))
    return Read(text, text)


def _read_number(question, text, lang, region, today):
    locale = get_locale(lang)
    found = _NUMBER.findall(to_ascii_digits(text).translate(_ARABIC_MARKS))
    number = _parse_number(found[0], locale) if len(found) == 1 else None
    low, high = question.get("min"), question.get("max")
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        bounds = {(True, True): "between", (True, False): "least", (False, True): "most", (False, False): "number"}
        name = bounds[low is not None, high is not None]
        raise Invalid(name, min=_show(low, locale), max=_show(high, locale), example=25)
    number = int(number) if number == int(number) else number
    return Read(number, _show(number, locale))


def _parse_number(text, locale):
    """Return a number as it is written in the locale, or else in English: what can be meant in one way only."""
    text = re.sub(r"[\s']", "", text)
    if re.fullmatch(r"[-+]?\d+([.,])\d{1,2}", text):  # the mark before one or two digits begins the fraction anywhere
        number = float(text.replace(",", "."))
    else:
        number = None
        for reading in (locale, Locale("en")):
            try:
                number = float(parse_decimal(text, locale=reading))
                break
            except (NumberFormatError, ValueError):
                continue
    return number if number is not None and math.isfinite(number) and abs(number) < 1e12 else None


def _show(number, locale):
    return None if number is None else format_decimal(Decimal(str(number)), locale=locale)


def _read_date(question, text, lang, region, today):
    locale = get_locale(lang)
    bound = question.get("range")
    found = _parse_date(text, locale, today)
    name = bound if bound in ("past", "future") else "date"
    if not found or (bound == "past" and found >= today) or (bound == "future" and found < today):
        sample = today + timedelta(days=-400 if bound == "past" else 7)
        raise Invalid(name, example=f"{sample.day}.{sample.month}.{sample.year}")
    return Read(found.isoformat(), format_date(found, "long", locale=locale))


def _parse_date(text, locale, today):
    for name, days in (("today", 0), ("tomorrow", 1), ("yesterday", -1)):
        if bot_words.is_word(name, text):
            return today + timedelta(days=days)
    text = _name_months(to_ascii_digits(text), locale)
    is_day_first = _is_day_first(locale)
    is_iso = re.match(r"\s*\d{4}\D", text) is not None
    try:
        # Two defaults tell what was left out: it differs between the results.
        first, second = (
            dateutil_parser.parse(text, dayfirst=is_day_first and not is_iso, default=default)
            for default in (datetime(2000, 1, 1), datetime(2004, 2, 2))
        )
    except (ParserError, ValueError, OverflowError, TypeError):
        return None
    if (first.month, first.day) != (second.month, second.day):
        return None
    found = first.date()
    if first.year != second.year:  # no year: the next such day
        try:
            found = found.replace(year=today.year)
            return found if found >= today else found.replace(year=today.year + 1)
        except ValueError:
            return None
    return found if 1900 <= found.year <= 2200 else None


def _name_months(text, locale):
    """Return ``text`` with the locale's names of months, and English ones, in English; other words are left alone."""
    english = get_month_names("abbreviated", locale="en")
    names = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            names |= {
                normalize(name): english[number] for number, name in get_month_names(width, context, locale).items()
            }
    words = [names.get(normalize(word), word) for word in re.split(r"[\s,]+", text)]
    fillers = {"de", "del", "do", "of", "the", "في", "को"}
    return " ".join(word for word in words if normalize(word) not in fillers)


def _is_day_first(locale):
    order = "".join(dict.fromkeys(_DATE_ORDER.findall(locale.date_formats["short"].pattern)))
    return order.index("d") < order.index("M")


def _read_email(question, text, lang, region, today):
    addresses = [word.removeprefix("mailto:").strip(".,;:<>()") for word in text.split() if "@" in word]
    found = email_normalize(addresses[0]) if len(addresses) == 1 else False
    if not found or "." not in found.rpartition("@")[2]:
        raise Invalid("email")
    return Read(found, found)


def _read_phone(question, text, lang, region, today):
    example = phonenumbers.example_number_for_type(region or "IN", phonenumbers.PhoneNumberType.MOBILE)
    try:
        number = phonenumbers.parse(to_ascii_digits(text), region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        shown = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        raise Invalid("phone", example=shown)
    return Read(
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    )


def _read_yesno(question, text, lang, region, today):
    for name, value in (("yes", True), ("no", False)):
        if bot_words.is_word(name, text):
            return Read(value, bot_words.get_text(lang, name))
    raise Invalid("yesno")


_READERS = {
    "text": _read_text,
    "number": _read_number,
    "date": _read_date,
    "email": _read_email,
    "phone": _read_phone,
    "yesno": _read_yesno,
}
