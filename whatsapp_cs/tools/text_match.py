"""Comparing what people type with words from a list, in any script."""

import re
import unicodedata

_WORD = "LMN"  # categories of characters that belong to a word: letters, marks, digits. (``\w`` leaves marks out)
_TATWEEL = "\u0640"  # stretches an Arabic word, no sound
_VARIANTS = str.maketrans({"\u0901": "\u0902"})  # Devanagari: the moon dot is often typed as a plain dot


def normalize(text):
    """Return ``text`` without case, accents, punctuation and needless blanks, so that equal words are equal strings.

    Marks that are vowels stay (Devanagari, Thai …), those that only colour a letter go (accents, Arabic vowel signs).
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text or "").casefold())
    kept = "".join(map(_keep, decomposed.translate(_VARIANTS)))
    return unicodedata.normalize("NFC", re.sub(" +", " ", kept).strip())


def _keep(character):
    category = unicodedata.category(character)
    if category == "Cf" or character == _TATWEEL or _is_colour(character):
        return ""
    return character if category[0] in _WORD else " "


def _is_colour(character):
    """Tell whether a mark may be left out: by its combining class, which separates accents from vowels and viramas."""
    number = unicodedata.combining(character)
    return number == 7 or 10 <= number <= 36 or number >= 200 or 0xFE00 <= ord(character) <= 0xFE0F
