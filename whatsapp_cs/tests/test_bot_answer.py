from datetime import date

from odoo.tests import BaseCase, tagged

from odoo.addons.whatsapp_cs.tools import bot_graph, bot_words
from odoo.addons.whatsapp_cs.tools.bot_answer import Invalid, read
from odoo.addons.whatsapp_cs.tools.bot_engine import compare

TODAY = date(2026, 11, 25)


@tagged("post_install", "-at_install")
class TestBotAnswer(BaseCase):
    """What customers type is understood in their language, script and digits, or refused with a clear sentence."""

    def understand(self, kind, text, lang="en_US", region="IN", **question):
        return read({"format": kind, **question}, text, lang, region, TODAY).value

    def refuse(self, kind, text, lang="en_US", region="IN", **question):
        with self.assertRaises(Invalid, msg=text) as caught:
            read({"format": kind, **question}, text, lang, region, TODAY)
        return caught.exception.get_text(lang)

    def test_numbers(self):
        for text, lang, number in (
            ("25", "en_US", 25),
            ("I am 25 years old", "en_US", 25),
            ("1,234.5", "en_US", 1234.5),
            ("1.234,5", "es_ES", 1234.5),
            ("1.500", "pt_BR", 1500),
            ("7,5", "en_US", 7.5),
            ("१,२३,४५६", "hi_IN", 123456),
            ("२५ साल", "hi_IN", 25),
            ("٢٥", "ar_001", 25),
            ("٣٫٥", "ar_001", 3.5),
            ("-4", "en_US", -4),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.understand("number", text, lang), number)
        for text in ("none", "2 or 3", "١ أو ٢", "1e999", "²"):
            with self.subTest(text=text):
                self.assertIn("number", self.refuse("number", text))
        self.assertEqual(self.refuse("number", "7", min=10, max=99), "Please answer with a number from 10 to 99.")
        self.assertEqual(self.refuse("number", "१००", "hi_IN", min=10, max=99), "कृपया 10 से 99 तक की संख्या लिखें।")
        self.assertEqual(self.refuse("number", "7", min=10), "Please answer with a number of at least 10.")

    def test_dates(self):
        for text, lang, day in (
            ("25/12/2026", "en_GB", date(2026, 12, 25)),
            ("12/25/2026", "en_US", date(2026, 12, 25)),
            ("03/04/1990", "en_US", date(1990, 3, 4)),
            ("03/04/1990", "hi_IN", date(1990, 4, 3)),
            ("२५ दिसंबर २०२६", "hi_IN", date(2026, 12, 25)),
            ("25 de diciembre de 2026", "es_ES", date(2026, 12, 25)),
            ("1 março 2027", "pt_BR", date(2027, 3, 1)),
            ("17 Agustus 1945", "id_ID", date(1945, 8, 17)),
            ("٢٥ ديسمبر ٢٠٢٦", "ar_001", date(2026, 12, 25)),
            ("2026-12-25", "en_GB", date(2026, 12, 25)),
            ("25 Dec", "en_US", date(2026, 12, 25)),
            ("1 Jan", "en_US", date(2027, 1, 1)),
            ("tomorrow", "en_US", date(2026, 11, 26)),
            ("आज", "hi_IN", TODAY),
        ):
            with self.subTest(text=text, lang=lang):
                self.assertEqual(self.understand("date", text, lang), day.isoformat())
        for text in ("soon", "31/02/2026", "1990", "December 2026", "99999999999", "Tuesday"):
            with self.subTest(text=text):
                self.assertIn("date", self.refuse("date", text))
        self.assertIn("in the past", self.refuse("date", "25 Dec 2026", range="past"))
        self.assertIn("from today on", self.refuse("date", "24 Nov 2026", range="future"))
        self.assertEqual(self.understand("date", "25 Nov 2026", range="future"), "2026-11-25")

    def test_addresses_and_numbers(self):
        self.assertEqual(self.understand("email", "it is Ana@Example.COM."), "ana@example.com")
        for text in ("ana", "ana@", "ana@localhost", "a@b.c d@e.f"):
            with self.subTest(text=text):
                self.assertIn("e-mail", self.refuse("email", text))
        self.assertEqual(self.understand("phone", "98765 43210"), "+919876543210")
        self.assertEqual(self.understand("phone", "९८७६५४३२१०"), "+919876543210")
        self.assertEqual(self.understand("phone", "+55 11 96123-4567", region=None), "+5511961234567")
        for text in ("12", "call me", "98765 43210 and 98765 43211"):
            with self.subTest(text=text):
                self.assertIn("+91", self.refuse("phone", text))

    def test_yes_and_no(self):
        for text in ("Yes!", "हाँ", "हां", "जी हाँ", "Sí", "sim", "ya", "نعم", "👍"):
            with self.subTest(text=text):
                self.assertIs(self.understand("yesno", text), True)
        for text in ("no", "नहीं", "não", "tidak", "لا", "NO."):
            with self.subTest(text=text):
                self.assertIs(self.understand("yesno", text), False)
        self.assertEqual(self.refuse("yesno", "maybe", "hi_IN"), "कृपया हाँ या नहीं में उत्तर दें।")

    def test_texts_have_limits(self):
        self.assertEqual(self.understand("text", "  two \n words "), "two words")
        self.assertIn("at most 5", self.refuse("text", "too long", max=5))
        self.assertIn("at least 3", self.refuse("text", "ab", min=3, max=5))
        self.assertIn("at most 1000", self.refuse("text", "x" * 1001))
        self.assertEqual(self.refuse("text", "   "), "Please answer in words.")

    def test_every_language_says_everything_and_within_the_limits(self):
        names = set(bot_words.TEXTS["en"])
        for lang, texts in bot_words.TEXTS.items():
            with self.subTest(lang=lang):
                self.assertEqual(set(texts), names)
                for name in ("person", "more", "back", "skip", "choose", "yes", "no"):
                    self.assertLessEqual(len(texts[name]), 20, texts[name])
                for name in ("person_hint", "skip_hint"):
                    self.assertLessEqual(len(texts[name]), 60, texts[name])
                # What a button or a hint says is understood when it is typed.
                self.assertTrue(bot_words.is_word("person", texts["person"]), texts["person"])
                for name in ("skip", "yes", "no"):
                    self.assertTrue(bot_words.is_word(name, texts[name]), texts[name])
                for name in ("person", "skip"):
                    word = texts[f"{name}_hint"].split("“")[1].split("”")[0]
                    self.assertTrue(bot_words.is_word(name, word), word)

    def test_conditions(self):
        for value, operator, other in (
            (25, ">", "18"),
            (25, "<=", "25"),
            ("Dry skin", "contains", "DRY"),
            ("Dry", "=", "dry"),
            (None, "!=", "x"),
            (None, "not set", ""),
            (True, "=", "haan"),
            (False, "=", "no"),
            ("2026-12-01", ">", "2026-11-25"),
            (18, "=", "१८"),
        ):
            with self.subTest(value=value, operator=operator, other=other):
                self.assertTrue(compare(value, operator, other))
        self.assertFalse(compare(None, "=", ""))
        self.assertFalse(compare(9, ">", "10"))

    def test_the_map_puts_steps_below_what_leads_to_them(self):
        edges = [bot_graph.Edge(*pair, "") for pair in ("ab", "ac", "bd", "cd", "da")]
        places, back = bot_graph.get_layout(list("abcd"), edges, "a")
        self.assertEqual({key: layer for key, (_column, layer) in places.items()}, {"a": 0, "b": 1, "c": 1, "d": 2})
        self.assertEqual(back, {("d", "a")})
        self.assertNotEqual(places["b"][0], places["c"][0])
