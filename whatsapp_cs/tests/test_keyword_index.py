from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from odoo.addons.whatsapp_cs.tools import keyword_index
from odoo.addons.whatsapp_cs.tools.keyword_index import (
    Dictionary,
    InvalidPattern,
    KeywordIndex,
    parse,
    parse_patterns,
)
from odoo.addons.whatsapp_cs.tools.text_match import normalize, split_words


@tagged("post_install", "-at_install")
class TestKeywordIndex(BaseCase):
    def finds(self, words, text, **options):
        return bool(KeywordIndex({1: Dictionary(parse(words), **options)}).find(text))

    def test_case_accents_and_punctuation_do_not_matter(self):
        for text in ("PRICE?", "What's the  price", "¿prïce?", "Ｐｒｉｃｅ"):
            self.assertTrue(self.finds("price", text), text)
        self.assertTrue(self.finds("Größe", "GROSSE"))
        self.assertFalse(self.finds("price", "priceless"))
        self.assertTrue(self.finds("price", "priceless", inside=True))

    def test_a_phrase_is_found_in_order_and_complete(self):
        self.assertTrue(self.finds("where is my parcel", "Hi! Where is my parcel?!"))
        self.assertFalse(self.finds("where is my parcel", "my parcel is where"))

    def test_any_or_all(self):
        self.assertTrue(self.finds("price\nshoes", "the price"))
        self.assertFalse(self.finds("price\nshoes", "the price", needs_all=True))
        self.assertTrue(self.finds("price\nshoes", "shoes: the price?", needs_all=True))

    def test_devanagari_vowel_signs_and_nukta(self):
        self.assertTrue(self.finds("कीमत", "क़ीमत क्या है?"))  # typed with a nukta
        self.assertTrue(self.finds("क़ीमत", "कीमत"))
        self.assertTrue(self.finds("हँ", "हं"))
        self.assertFalse(self.finds("कम", "कमी"))  # a vowel sign makes another word
        self.assertFalse(self.finds("क", "की"))
        self.assertFalse(self.finds("दिन", "दीन"))
        self.assertEqual(split_words("मेरा ऑर्डर कहाँ है?"), ["मेरा", "ऑर्डर", "कहां", "है"])

    def test_arabic_diacritics_stretching_letters_and_digits(self):
        self.assertTrue(self.finds("سعر", "كم السِّعْر، سِعْــر؟"))
        self.assertTrue(self.finds("أين طلبي", "اين طلبى"))
        self.assertTrue(self.finds("خصم 20", "خصم ٢٠٪"))
        self.assertTrue(self.finds("توصيل", "التوصيل مجاني؟", inside=True))
        self.assertFalse(self.finds("توصيل", "التوصيل مجاني؟"))
        self.assertTrue(self.finds("کتاب", "كتاب"))  # a Persian keyboard

    def test_scripts_without_blanks(self):
        self.assertTrue(self.finds("ราคา", "สินค้านี้ราคาเท่าไรครับ"))
        self.assertTrue(self.finds("ราคาเท่าไร", "ราคา เท่าไร"))
        self.assertTrue(self.finds("多少钱", "请问这个多少钱？"))
        self.assertTrue(self.finds("営業時間", "本日の営業時間を教えてください"))
        self.assertTrue(self.finds("iphone", "ขอiPhoneครับ"))
        self.assertFalse(self.finds("多少钱", "多少"))

    def test_emoji_and_currencies_are_words(self):
        self.assertTrue(self.finds("👍", "ok👍🏽!"))
        self.assertFalse(self.finds("👍", "ok"))
        self.assertTrue(self.finds("₹", "500₹?"))
        self.assertEqual(normalize("STOP 🙏"), "stop")  # a word to opt out stays one

    def test_typing_errors_are_forgiven_by_choice_only(self):
        self.assertFalse(self.finds("price", "prise"))
        for text in ("prise", "pirce", "prce", "prices"):
            self.assertTrue(self.finds("price", text, typos=True), text)
        self.assertFalse(self.finds("price", "pirse", typos=True))
        self.assertTrue(self.finds("delivery", "delivrey tmrw", typos=True))
        self.assertTrue(self.finds("delivery", "dilivry", typos=True))
        self.assertTrue(self.finds("opening hours", "openning huors?", typos=True))
        self.assertFalse(self.finds("rate", "late", typos=True))  # short words mean something else at once
        self.assertFalse(self.finds("20000", "20001", typos=True))
        self.assertTrue(self.finds("डिलीवरी", "डिलिवरी", typos=True))

    def test_patterns(self):
        index = KeywordIndex({1: Dictionary(patterns=parse_patterns(r"\border\s*#?\d+\b" + "\nकीमत\\b"))})
        self.assertEqual(index.find("Where is ORDER #42?"), {1: "ORDER #42"})
        self.assertTrue(index.find("कीमत?"))
        self.assertFalse(index.find("कीमती"))  # \b knows vowel signs, unlike Python's own
        for pattern in ("(", r"(a|aa)+$"):
            with self.assertRaises(InvalidPattern):
                parse_patterns(pattern)

    def test_many_dictionaries_are_told_apart(self):
        index = KeywordIndex({n: Dictionary(parse("\n".join(f"word{n}x{k}" for k in range(20)))) for n in range(300)})
        self.assertEqual(index.find("hello WORD7x3 and word250x19"), {7: "word7x3", 250: "word250x19"})

    def test_words_of_the_past_are_forgotten_and_whoever_uses_them_still_has_them(self):
        dictionary = Dictionary(parse("delivery"), typos=True)
        index = KeywordIndex({1: dictionary})
        with patch.object(keyword_index, "WORDS_KEPT", 1):
            newer = KeywordIndex({1: Dictionary(parse("returning"), typos=True)})
        self.assertEqual(keyword_index._spellings.words, {"returning"})
        self.assertEqual((index.find("delivrey"), newer.find("retruning")), ({1: "delivery"}, {1: "returning"}))
        self.assertFalse(newer.find("delivrey"))

    def test_what_is_missing_is_told(self):
        index = KeywordIndex({1: Dictionary(parse("price\nred shoes"), needs_all=True)})
        self.assertEqual(index.get_missing(1, "the price"), "red shoes")
