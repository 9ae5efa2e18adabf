"""Finding, in one text, which of many dictionaries have their words in it: built once, asked for each message.

A thousand dictionaries of twenty words each answer in well under a millisecond (AR2): what is looked up are the words
of the message, never the dictionaries one by one.

What is costly to prepare is remembered by its content: after a change of one dictionary only that one is prepared again.
"""

from functools import lru_cache
from itertools import combinations
from threading import Lock
from typing import NamedTuple

import regex
from rapidfuzz.distance import OSA

from .text_match import is_unspaced, split_words

TEXT_LIMIT = 2000  # characters of a message that are looked at; who needs more has told a story, and no keyword
PATTERN_SECONDS = 0.02  # an expression that takes longer is given up: it must not hold up anybody's message
CHECK_SECONDS = 0.2  # the same when it is checked; more, because a busy computer must not have a good one refused
PART_PREFIX = 4  # characters by which parts of words are looked up
PREFIX = 7  # letters of a long word that are varied when typing errors are looked for
DICTIONARIES_KEPT = 4000  # of all companies; some kilobytes each
WORDS_KEPT = 50_000  # with their misspellings, of all companies; up to four kilobytes each
_FLAGS = regex.IGNORECASE | regex.WORD  # WORD: \b by Unicode's rules, which know vowel signs


class InvalidPattern(Exception):
    """An expression can't be used; holds what is wrong with it, in the words of the library, or "" when it is too slow."""


class Dictionary(NamedTuple):
    """The words of one rule: normalized lists of words (a phrase has several), or expressions."""

    phrases: tuple = ()
    needs_all: bool = False
    inside: bool = False  # also within longer words
    typos: bool = False
    patterns: tuple = ()


def parse(text):
    """Return the words and phrases of a text with one a line, normalized."""
    return tuple(dict.fromkeys(filter(None, (tuple(split_words(line)) for line in (text or "").splitlines()))))


@lru_cache(maxsize=DICTIONARIES_KEPT)
def prepare(text, match="any", inside=False, typos=False):
    """Return the ``Dictionary`` of a text with one word, phrase or expression a line, which has been checked before.

    :param match: ``any``, ``all`` or ``pattern``
    """
    if match == "pattern":
        return Dictionary(patterns=tuple(regex.compile(line, _FLAGS) for line in _get_lines(text)))
    return Dictionary(parse(text), match == "all", inside, typos)


def parse_patterns(text):
    """Return the compiled expressions of a text with one a line, or raise InvalidPattern."""
    return tuple(map(_compile, _get_lines(text)))


def _get_lines(text):
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _compile(text):
    try:
        pattern = regex.compile(text, _FLAGS)
        # What multiplies its tries shows it on texts that nearly fit.
        for sample in ("a" * 60 + "!", "1" * 60 + "!", "ab " * 30 + "!", "क" * 60 + "!"):
            pattern.search(sample, timeout=CHECK_SECONDS)
    except regex.error as error:
        raise InvalidPattern(str(error)) from error
    except TimeoutError as error:
        raise InvalidPattern("") from error
    return pattern


def get_tolerance(word):
    """Return how many letters of ``word`` may be mistyped: none of a short word, or of a number."""
    if len(word) < 5 or (not word.isalpha() and any(character.isdigit() for character in word)):
        return 0
    return 1 if len(word) < 8 else 2


class Spellings:
    """Words by what is left of them when letters are left out. Words are only added; who asks knows which count."""

    def __init__(self):
        self.words = set()
        self._rests = {}  # what is left: (word, …)
        self._lock = Lock()

    def add(self, words):
        with self._lock:  # threads that prepare at once
            for word in words - self.words:
                for rest in _leave_out(word, get_tolerance(word)):
                    self._rests[rest] = (*self._rests.get(rest, ()), word)
                self.words.add(word)

    def find(self, word):
        """Return the words that ``word`` may be a mistyped form of."""
        candidates = set().union(*(self._rests.get(rest, ()) for rest in _leave_out(word, 2)))
        return [
            candidate
            for candidate in candidates
            if candidate != word and OSA.distance(word, candidate, score_cutoff=2) <= get_tolerance(candidate)
        ]


_spellings = Spellings()  # of the whole process: what was prepared for one state of the rules serves the next


def _get_spellings_of(words):
    """Return ``Spellings`` that know ``words``: those of the process, begun anew when they hold too much of the past."""
    global _spellings
    spellings = _spellings
    if not words <= spellings.words and len(spellings.words | words) > WORDS_KEPT:
        spellings = _spellings = Spellings()  # indexes that are in use keep theirs
    spellings.add(words)
    return spellings


class KeywordIndex:
    """Many dictionaries by key. ``find`` tells which of them a text contains."""

    def __init__(self, dictionaries):
        """:param dictionaries: ``{key: Dictionary}``"""
        self._dictionaries = dictionaries
        self._phrases = {}  # first word: [(words, key, whether mistyped words count)]
        self._parts = {}  # the first characters, or all of fewer: [(all characters, words, key)]
        self._mistypable = set()
        self._patterns = {key: dictionary.patterns for key, dictionary in dictionaries.items() if dictionary.patterns}
        for key, dictionary in dictionaries.items():
            for words in dictionary.phrases:
                self._add(key, dictionary, words)
        self._spellings = _get_spellings_of(self._mistypable)

    def _add(self, key, dictionary, words):
        if dictionary.inside or any(map(is_unspaced, words)):
            part = " ".join(words)
            self._parts.setdefault(part[:PART_PREFIX], []).append((part, words, key))
            return
        self._phrases.setdefault(words[0], []).append((words, key, dictionary.typos))
        if dictionary.typos:
            self._mistypable.update(filter(get_tolerance, words))

    def find(self, text):
        """Return ``{key: words}`` of the dictionaries that ``text`` fulfils; the words are those found, as text."""
        text = text[:TEXT_LIMIT]
        words = split_words(text)
        found = {}
        for key, phrase in (*self._find_phrases(words), *self._find_parts(" ".join(words))):
            found.setdefault(key, {}).setdefault(phrase)
        fulfilled = {key: phrases for key, phrases in found.items() if self._is_enough(key, phrases)}
        result = {key: ", ".join(map(" ".join, phrases)) for key, phrases in fulfilled.items()}
        return result | self._find_patterns(text)

    def get_missing(self, key, text):
        """Return the words of dictionary ``key`` that ``text`` does not contain, as text."""
        dictionary = self._dictionaries[key]
        single = KeywordIndex(
            {phrase: dictionary._replace(phrases=(phrase,), patterns=()) for phrase in dictionary.phrases}
        )
        return ", ".join(" ".join(phrase) for phrase in dictionary.phrases if phrase not in single.find(text))

    def _is_enough(self, key, phrases):
        dictionary = self._dictionaries[key]
        return not dictionary.needs_all or len(phrases) == len(dictionary.phrases)

    def _find_phrases(self, words):
        spellings = [self._get_spellings(word) for word in words]
        for start, spelling in enumerate(spellings):
            for first in spelling:
                for phrase, key, typos in self._phrases.get(first, ()):
                    here = words[start : start + len(phrase)]
                    if tuple(here) == phrase or (typos and _is_alike(phrase, spellings[start : start + len(phrase)])):
                        yield key, phrase

    def _get_spellings(self, word):
        """Return the words that ``word`` may stand for: itself, and those it may be a mistyped form of."""
        if not self._mistypable or len(word) < 4:
            return (word,)
        return (word, *self._spellings.find(word))

    def _find_parts(self, text):
        for start in range(len(text) if self._parts else 0):
            for prefix in {text[start : start + length] for length in range(1, PART_PREFIX + 1)}:
                for part, phrase, key in self._parts.get(prefix, ()):
                    if text.startswith(part, start):
                        yield key, phrase

    def _find_patterns(self, text):
        found = {}
        for key, patterns in self._patterns.items():
            for pattern in patterns:
                try:
                    match = pattern.search(text, timeout=PATTERN_SECONDS)
                except TimeoutError:
                    continue
                if match:
                    found[key] = match[0][:60]
                    break
        return found


def _is_alike(phrase, spellings):
    return len(spellings) == len(phrase) and all(
        word in spelling for word, spelling in zip(phrase, spellings, strict=True)
    )


def _leave_out(word, count):
    """Return ``word`` and what is left of its beginning without up to ``count`` letters, as a set.

    Two words that differ in so many letters have one of these in common; comparing them then tells for sure.
    """
    start = word[:PREFIX]
    shortest = max(0, len(start) - count)
    return {"".join(rest) for length in range(shortest, len(start) + 1) for rest in combinations(start, length)}
