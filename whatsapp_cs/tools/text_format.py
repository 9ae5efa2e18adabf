"""Text between Odoo (HTML) and WhatsApp (plain text with marks: ``*bold*``, ``_italic_``, ``~strike~``).

WhatsApp's marks are rendered by the phone: there is no escape character, a mark must touch the text inside and
stand at a word border outside, and none crosses a line break except the triple back quote.
"""

import re

from lxml import html as lxml_html
from markupsafe import Markup, escape

TEXT_LIMIT = 4096  # characters of a text message (Meta), as get_length counts them

_INLINE_MARKS = {
    "b": "*", "strong": "*", "h1": "*", "h2": "*", "h3": "*", "h4": "*", "h5": "*", "h6": "*",
    "i": "_", "em": "_",
    "s": "~", "del": "~", "strike": "~",
    "code": "`",
}  # fmt: skip
_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "table", "tr"}
_DROPPED = {"style", "script", "head", "title", "meta", "link", "template"}
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def get_length(text):
    """Return the length as Meta counts it, to be on the safe side: an emoji may count as two (UTF-16 units)."""
    return len(text.encode("utf-16-le")) // 2


# === ODOO → WHATSAPP === #


def html_to_whatsapp(html):
    """Return a message body of Odoo's composer as WhatsApp text; ``""`` when nothing is left to read."""
    if not html or not str(html).strip():
        return ""
    root = lxml_html.fragment_fromstring(str(html), create_parent="div")
    text = _Writer().get_text(root)
    lines = [line.rstrip() for line in text.replace("\N{NO-BREAK SPACE}", " ").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n ")


class _Writer:
    """Walks the tree once and writes text; block ends become line ends."""

    def get_text(self, root):
        return self._children(root, depth=0, pre=False)

    def _children(self, node, depth, pre):
        parts = [self._text(node.text, pre)]
        number = 0
        for child in node:
            if isinstance(child.tag, str) and child.tag == "li":
                number += 1
            parts.append(self._element(child, depth, pre, number))
            parts.append(self._text(child.tail, pre))
        return "".join(self._join(parts))

    @staticmethod
    def _join(parts):
        """Let a block start on its own line, whatever stands before it."""
        done = ""
        for part in parts:
            if part.startswith("\x00"):  # the start of a block
                part = part[1:]
                if done and not done.endswith("\n"):
                    done += "\n"
            elif done.endswith("\n"):
                part = part.lstrip(" ")
            done += part
        return done

    @staticmethod
    def _text(text, pre):
        return (text or "") if pre else _BLANKS.sub(" ", text or "")

    def _element(self, node, depth, pre, number):
        tag = node.tag
        if not isinstance(tag, str) or tag in _DROPPED:
            return ""
        if tag == "br":
            return "\n"
        if tag == "img":
            return node.get("alt") or ""
        if tag == "a":
            return self._link(node, depth, pre)
        if tag == "pre":
            return f"\x00```{self._children(node, depth, True)}```\n"
        if tag in ("ul", "ol"):
            return "\x00" + self._children(node, depth + 1, pre).rstrip("\n") + "\n"
        if tag == "li":
            return self._item(node, depth, pre, number)
        if tag == "blockquote":
            return "\x00" + "".join(f"> {line}\n" for line in self._children(node, depth, pre).strip("\n").split("\n"))
        if tag in ("td", "th"):
            last = node.getnext() is None
            return self._children(node, depth, pre).strip() + ("" if last else " | ")
        text = self._children(node, depth, pre)
        if tag in _INLINE_MARKS:
            text = _mark(text, _INLINE_MARKS[tag])
        if tag in _BLOCKS:
            # An empty paragraph of the editor (<p><br></p>) is one empty line, not two.
            return "\x00" + (text if text.endswith("\n") else text + "\n")
        return text

    def _item(self, node, depth, pre, number):
        mark = f"{number}. " if node.getparent() is not None and node.getparent().tag == "ol" else "- "
        return "\x00" + "  " * (depth - 1) + mark + self._children(node, depth, pre).strip("\n ") + "\n"

    def _link(self, node, depth, pre):
        label = self._children(node, depth, pre).strip()
        address = (node.get("href") or "").strip()
        if node.get("data-oe-model") or not address or address.startswith("#"):
            return label  # a mention: the name, without the internal link
        if address.startswith(("mailto:", "tel:")):
            return label or address.split(":", 1)[1]
        if not label or label == address or label == address.removesuffix("/"):
            return address
        return f"{label} ({address})"


def _mark(text, mark):
    """Put ``mark`` around every line of ``text``, with blanks outside, as the phone needs it."""
    return "\n".join(_mark_line(line, mark) for line in text.split("\n"))


def _mark_line(line, mark):
    inner = line.strip()
    if not inner or (inner.startswith(mark) and inner.endswith(mark) and len(inner) > 1):
        return line
    start = line.index(inner)
    return f"{line[:start]}{mark}{inner}{mark}{line[start + len(inner) :]}"


# === WHATSAPP → ODOO === #

_BLOCK_CODE = re.compile(r"```(.+?)```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_URL = re.compile(r"(?<![\w@])https?://[^\s<>\"'\x00]+")
_URL_END = ".,;:!?)]}»”’"
_MARKS = (("*", "b"), ("_", "i"), ("~", "s"))


def whatsapp_to_html(text):
    """Return WhatsApp text as safe HTML (Markup): everything is escaped before a mark becomes a tag."""
    kept = []

    def keep(markup):
        kept.append(markup)
        return f"\x00{len(kept) - 1}\x00"

    text = (text or "").replace("\x00", "")
    text = _BLOCK_CODE.sub(lambda match: keep(Markup("<pre>%s</pre>") % match[1].strip("\n")), text)
    text = _CODE.sub(lambda match: keep(Markup("<code>%s</code>") % match[1]), text)
    text = _URL.sub(lambda match: _keep_link(match[0], keep), text)
    html = str(escape(text))
    for mark, tag in _MARKS:
        html = _get_mark_pattern(mark).sub(rf"<{tag}>\1</{tag}>", html)
    html = _lines_to_html(html)
    html = re.sub("\x00(\\d+)\x00", lambda match: str(kept[int(match[1])]), html)
    return Markup(html)  # noqa: S704 - every part was escaped above


def _keep_link(address, keep):
    bare = address.rstrip(_URL_END)
    end = address[len(bare) :]
    if "(" in bare and ")" in end:  # a bracket inside the address
        bare, end = address, ""
    address = bare
    return keep(Markup('<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>') % (address, address)) + end


def _get_mark_pattern(mark):
    m = re.escape(mark)
    return re.compile(rf"(?<![^\W_])(?<!{m}){m}(?=\S)([^\n{m}]*?\S){m}(?![^\W_])(?!{m})")


def _lines_to_html(html):
    """Turn quote lines into blockquotes and the other line ends into ``<br/>``."""
    parts, quote = [], []
    for line in html.split("\n"):
        if line.startswith("&gt; "):
            quote.append(line.removeprefix("&gt; "))
            continue
        if quote:
            parts.append("<blockquote>" + "<br/>".join(quote) + "</blockquote>")
            quote = []
        parts.append(line)
    if quote:
        parts.append("<blockquote>" + "<br/>".join(quote) + "</blockquote>")
    html = "<br/>".join(parts)
    return html.replace("</blockquote><br/>", "</blockquote>").replace("<br/><blockquote>", "<blockquote>")
