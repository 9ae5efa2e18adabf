from odoo.tests import BaseCase, tagged

from odoo.addons.whatsapp_cs.tools import phone
from odoo.addons.whatsapp_cs.tools.text_format import get_length, html_to_whatsapp, whatsapp_to_html


@tagged("post_install", "-at_install")
class TestTextFormat(BaseCase):
    def test_odoo_html_becomes_whatsapp_text(self):
        for html, text in (
            ("<p>Hello <b>Ana </b>you</p>", "Hello *Ana* you"),
            ("<p>a</p><p><br></p><p>b</p>", "a\n\nb"),
            ("<p>a</p>\n<p>b</p>", "a\nb"),
            ("a<br>b", "a\nb"),
            ("<strong><em>x</em></strong>", "*_x_*"),
            ("<b>two<br>lines</b>", "*two*\n*lines*"),
            ("<s>old</s> <del>older</del> <code>x = 1</code>", "~old~ ~older~ `x = 1`"),
            ("<pre>a\n  b</pre>", "```a\n  b```"),
            ("<ul><li>one</li><li>two<ul><li>in</li></ul></li></ul>end", "- one\n- two\n  - in\nend"),
            ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
            ("<blockquote>q1<br>q2</blockquote>ok", "> q1\n> q2\nok"),
            ('<a href="https://x.y/z">https://x.y/z</a>', "https://x.y/z"),
            ('<a href="https://x.y/z">our shop</a>', "our shop (https://x.y/z)"),
            ('<a href="mailto:a@b.c">a@b.c</a>', "a@b.c"),
            ('<a data-oe-model="res.partner" data-oe-id="3" href="/odoo/3">@Bob</a>', "@Bob"),
            ("<p>5 &lt; 6 &amp;&nbsp;7</p>", "5 < 6 & 7"),
            ("<style>p {}</style><script>x()</script><!-- c --><p>ok</p>", "ok"),
            ("<p>नमस्ते <b>दुनिया</b></p><p dir='rtl'>مرحبا <i>بك</i></p>", "नमस्ते *दुनिया*\nمرحبا _بك_"),
            ("<p>👩‍👩‍👧 <b>😀</b></p>", "👩‍👩‍👧 *😀*"),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
            ("<p><br></p>", ""),
            ("", ""),
            (False, ""),
        ):
            with self.subTest(html=html):
                self.assertEqual(html_to_whatsapp(html), text)

    def test_whatsapp_text_becomes_safe_html(self):
        for text, html in (
            ("*bold* _it_ ~old~ `x`", "<b>bold</b> <i>it</i> <s>old</s> <code>x</code>"),
            ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
            ("* item", "* item"),
            ("_*both*_", "<i><b>both</b></i>"),
            ("*नमस्ते* *مرحبا*", "<b>नमस्ते</b> <b>مرحبا</b>"),
            ("*not\nover lines*", "*not<br/>over lines*"),
            ("```*raw*```", "<pre>*raw*</pre>"),
            ("> said\nme", "<blockquote>said</blockquote>me"),
            ("<img src=x onerror=alert(1)> & *b*", "&lt;img src=x onerror=alert(1)&gt; &amp; <b>b</b>"),
            ("`<b>`", "<code>&lt;b&gt;</code>"),
            ("\x000\x00 *a*", "0 <b>a</b>"),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ):
            with self.subTest(text=text):
                self.assertEqual(whatsapp_to_html(text), html)

    def test_links_can_be_clicked_and_carry_nothing_else(self):
        html = whatsapp_to_html('see https://a.b/c_d_e?x=1&y="2. ok')
        self.assertIn('href="https://a.b/c_d_e?x=1&amp;y="', html)
        self.assertIn('rel="noopener noreferrer"', html)

    def test_what_goes_there_comes_back(self):
        for text in ("*bold* and _it_", "a\nb", "~x~ `y`", "नमस्ते *दुनिया*", "مرحبا _بك_", "😀 *😀*", "> q\nx"):
            self.assertEqual(html_to_whatsapp(whatsapp_to_html(text)), text)

    def test_length_counts_as_whatsapp_does(self):
        self.assertEqual((get_length("abc"), get_length("नम"), get_length("😀")), (3, 2, 2))

    def test_numbers_are_read_in_any_digits_and_written_for_people(self):
        self.assertEqual(phone.to_digits("+٣٢ ४७०-123"), "32470123")
        self.assertEqual(phone.format_international("32470123456"), "+32 470 12 34 56")
        self.assertEqual(phone.format_international("1"), "+1")
        self.assertEqual(phone.get_country_code("919812345678"), "IN")
        self.assertFalse(phone.get_country_code("999"))
