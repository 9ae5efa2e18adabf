"""Comparing what people type with words from a list, in any script.

Python's ``\\w`` and ``\\b`` take Devanagari's vowel signs for the end of a word, so neither is used here.
"""

import re
import unicodedata

_WORD = "LMN"  # categories of characters that belong to a word: letters, marks, digits
_PICTURE = ("So", "Sc")  # emoji and other pictures, signs of currencies: words of one character
_TATWEEL = "\u0640"  # stretches an Arabic word, no sound
_VARIANTS = str.maketrans(
    {
        "\u0901": "\u0902",  # Devanagari: the moon dot is often typed as a plain dot
        "\u0649": "\u064a",  # Arabic: final yeh without its dots, as typed in Egypt
        "\u06cc": "\u064a",  # the Persian and Urdu keyboards' yeh
        "\u06a9": "\u0643",  # and their kaf
        "\u0629": "\u0647",  # teh marbuta is often typed as heh
    }
)
# Scripts whose words are not kept apart by blanks: Thai, Lao, Myanmar, Khmer, Chinese, Japanese
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+(?: +[{_UNSPACED}]+)*")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def normalize(text):
    """Return ``text`` without case, accents, punctuation and needless blanks, so that equal words are equal strings.

    Marks that are vowels stay (Devanagari, Thai …), those that only colour a letter go (accents, Arabic vowel signs).
    Digits of all scripts become those of ASCII.
    """
    return _clean(text, ())


def split_words(text):
    """Return the words of ``text``, normalized as by ``normalize``; each emoji, and each run of an unspaced script, is one."""
    text = _UNSPACED_RUN.sub(lambda run: f" {run[0].replace(' ', '')} ", _clean(text, _PICTURE))
    return text.split()


def is_unspaced(word):
    """Tell whether ``word`` belongs to a script without blanks: it is looked for anywhere in a text."""
    return bool(_UNSPACED_RUN.search(word))


def _clean(text, pictures):
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text or "").casefold())
    kept = "".join(_keep(character, pictures) for character in decomposed.translate(_VARIANTS))
    return unicodedata.normalize("NFC", re.sub(" +", " ", kept).strip())


def _keep(character, pictures):
    if character.isascii():
        return " $ " if pictures and character == "$" else character if character.isalnum() else " "
    category = unicodedata.category(character)
    if category == "Cf" or character == _TATWEEL or _is_colour(character):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in pictures:
        return f" {character} "
    if ord(character) in _SKIN_TONES:
        return ""
    return character if category[0] in _WORD else " "


def _is_colour(character):
    """Tell whether a mark may be left out: by its combining class, which separates accents from vowels and viramas."""
    number = unicodedata.combining(character)
    return number == 7 or 10 <= number <= 36 or number >= 200 or 0xFE00 <= ord(character) <= 0xFE0F
