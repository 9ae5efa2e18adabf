"""How a bot goes on: the one place that decides, for customers and for the run-through in the browser alike.

Plain data in, plain data out. A *definition* is a bot as it was published; a *state* is how far one customer has got, kept
between messages; what is to be done comes out as ``Output``s, in order. Nothing is read or written here but the state.

    definition: {"start": key, "limit": visits of a step, "offers_person": bool, "opener": texts, "products": [product],
                 "steps": {key: step}}
    step:       {"key", "name", "kind", "text": texts, "next": key or None, …} as ``whatsapp.cs.bot.step`` prepares it
    texts:      {Odoo's language code: text}
    state:      {"step": key or None, "page", "tries", "visits": {key: count}, "answers": {key: answer}, "path": [key]}
    answer:     {"value", "text", "choice": key or None}
"""

import re
from typing import NamedTuple

from . import bot_words
from .bot_answer import Invalid, read, to_ascii_digits
from .message_payload import (
    BODY_LIMIT,
    BUTTON_LIMIT,
    BUTTONS_LIMIT,
    FOOTER_LIMIT,
    LIST_BODY_LIMIT,
    ROW_DESCRIPTION_LIMIT,
    ROW_TITLE_LIMIT,
    ROWS_LIMIT,
)
from .text_format import TEXT_LIMIT, get_length
from .text_match import normalize

PERSON = "whatsapp_cs.person"  # id of the button or row that leads to a person, wherever it is offered
PREFIX = "whatsapp_cs.bot"
QUESTIONS = ("buttons", "list", "text")
PRODUCTS_LIMIT = 3
_VARIABLE = re.compile(r"\{\{\s*([^{}|]+?)\s*\}\}")


class Input(NamedTuple):
    """A customer's message."""

    text: str = ""
    choice: str = ""  # id of the button or row that was pressed
    is_words: bool = True  # written or chosen, and not a picture, a place …
    is_early: bool = False  # written before the present question was asked


class Output(NamedTuple):
    """Something to be done; ``kind`` names the method that does it."""

    kind: str
    step: dict
    values: dict


class Engine:
    """One customer's way through a bot, from one message to the next question."""

    def __init__(self, definition, state, run, lang, region, today, look_up):
        """Prepare a step.

        :param state: how far the customer has got; changed in place
        :param run: a number that tells the buttons of this run from those of earlier ones
        :param look_up: ``look_up(model, field)`` returns a value of the customer's partner or lead, None when there is none
        """
        self.definition = definition
        self.steps = definition["steps"]
        self.state = state
        self.run = run
        self.lang = lang
        self.region = region
        self.today = today
        self.look_up = look_up
        self.outputs = []

    # === WHAT CAN HAPPEN === #

    def start(self):
        """Go from the first step to the first question, or to the end."""
        self.state.update({"step": None, "page": 0, "tries": 0, "visits": {}, "answers": {}, "path": []})
        self._go(self.definition["start"])

    def receive(self, message):
        """Take in one message of the customer, who has been asked something."""
        step = self.steps[self.state["step"]]
        if message.choice == PERSON or bot_words.is_word("person", message.text):
            return self._leave("hand_over", step, reason="person_asked")
        if self._is_restart(message):
            return self._leave("restart", step)
        if message.choice.startswith(f"{PREFIX}:"):
            return self._press(step, message)
        return self._write(step, message)

    def remind(self):
        """Ask the present question once more, for somebody who has not answered for a while."""
        step = self.steps[self.state["step"]]
        lead = self._get_text(self.definition["reminder"]) or self._say("reminder")
        self._ask(step, lead)

    def _is_restart(self, message):
        own = [normalize(word) for word in (self._get_text(self.definition["restart_words"]) or "").split(",")]
        return bot_words.is_word("restart", message.text) or (normalize(message.text) or None) in own

    def _press(self, step, message):
        key, _colon, choice = message.choice.removeprefix(f"{PREFIX}:{self.run}:").partition(":")
        if key != step["key"]:
            return self._put("ignored", step)  # an old button: its question has been answered
        if choice.startswith("page:"):
            self.state["page"] = int(choice.removeprefix("page:"))
            return self._ask(step)
        if choice == "skip":
            return self._answer(step, None)
        if step["kind"] == "text":
            return self._answer(step, {"value": choice == "yes", "text": self._say(choice), "choice": None})
        return self._answer(step, self._find_choice(step, key=choice))

    def _write(self, step, message):
        if step["is_optional"] and bot_words.is_word("skip", message.text):
            return self._answer(step, None)
        if step["kind"] == "list" and bot_words.is_word("more", message.text) and len(self._get_pages(step)) > 1:
            self.state["page"] = (self.state["page"] + 1) % len(self._get_pages(step))
            return self._ask(step)
        try:
            answer = self._read(step, message)
        except Invalid as problem:
            return self._refuse(step, problem, message)
        # Said before the question was asked, and open to any answer: an addition to what was said before.
        if message.is_early and step["kind"] == "text" and step["format"] == "text":
            return self._put("ignored", step)
        return self._answer(step, answer)

    def _read(self, step, message):
        """Return what a typed message answers; raise Invalid when that is nothing."""
        if step["kind"] == "text":
            if not message.is_words:
                raise Invalid("words")
            value, text = read(step, message.text, self.lang, self.region, self.today)
            return {"value": value, "text": text, "choice": None}
        answer = self._find_choice(step, text=message.text)
        if not answer:
            raise Invalid("choice")
        return answer

    def _find_choice(self, step, key=None, text=""):
        """Return the answer that a pressed or a typed choice is: its title in any language, or its number."""
        typed = normalize(text)
        for number, choice in enumerate(step["choices"], 1):
            titles = {normalize(title) for title in choice["title"].values()} | {str(number)}
            if choice["key"] == key or (typed and (typed in titles or to_ascii_digits(typed) == str(number))):
                title = self._get_text(choice["title"])
                return {"value": choice["value"] or title, "text": title, "choice": choice["key"]}
        return None

    def _refuse(self, step, problem, message):
        if message.is_early:
            return self._put("ignored", step)
        self.state["tries"] += 1
        if self.state["tries"] > step["retries"]:
            return self._leave("hand_over", step, reason="bot", is_misunderstood=True)
        self._put("refused", step)
        self._ask(step, self._get_text(step["refusal"]) or problem.get_text(self.lang))

    def _answer(self, step, answer):
        """Keep an answer, or that it was left out (None), and go on."""
        if answer is None:
            self.state["answers"].pop(step["key"], None)
        else:
            self.state["answers"][step["key"]] = answer
        self._put("answered", step, answer=answer)
        if answer is not None and step["target"]:
            self._put("write", step, **step["target"], value=answer["value"])
        chosen = answer and next((c for c in step["choices"] if c["key"] == answer["choice"]), None)
        self._go((chosen and chosen["next"]) or step["next"])

    # === STEPS === #

    def _go(self, key):
        """Do step after step until one waits for the customer, or nothing follows."""
        self.state.update({"step": None, "page": 0, "tries": 0})
        while key is not None:
            step = self.steps[key]
            visits = self.state["visits"][key] = self.state["visits"].get(key, 0) + 1
            if visits > self.definition["limit"]:
                return self._leave("hand_over", step, reason="bot", is_loop=True)
            self.state["path"].append(key)
            if step["kind"] in QUESTIONS:
                self.state["step"] = key
                self._put("asked", step)
                return self._ask(step)
            key = getattr(self, f"_do_{step['kind']}")(step)
        if not self.outputs or self.outputs[-1].kind not in ("hand_over", "finish"):
            self._put("finish", step, ending="resolved")

    def _do_message(self, step):
        self._put("say", step, **self._get_plain(self._get_text(step["text"])))
        return step["next"]

    def _do_branch(self, step):
        for branch in step["branches"]:
            if self._holds(branch["conditions"]):
                return branch["next"] or step["next"]
        return step["next"]

    def _do_set(self, step):
        if step["target"]:
            self._put("write", step, **step["target"], value=self._get_text(step["value"]))
        if step["tags"]:
            self._put("tag", step, tags=step["tags"])
        return step["next"]

    def _do_products(self, step):
        chosen = self._choose_products(step)
        names = [self._get_text(product["name"]) for product in chosen]
        self._put("recommend", step, products=[product["key"] for product in chosen], names=names)
        if chosen:
            body = self._get_text(step["text"])
            lines = [self._describe(number, product) for number, product in enumerate(chosen, 1)]
            said = self._get_plain("\n\n".join(filter(None, [body, *lines])))
            codes = [product["code"] for product in chosen]
            self._put("say", step, **said, codes=codes if all(codes) else [], lead=body)
        else:
            self._put("say", step, **self._get_plain(self._get_text(step["refusal"]) or self._say("nothing")))
        return step["next"]

    def _do_action(self, step):
        self._put("action", step, action=step["action"])
        return step["next"]

    def _do_hand_over(self, step):
        if text := self._get_text(step["text"]):
            self._put("say", step, **self._get_plain(text))
        self._put("hand_over", step, reason="bot", team=step["team"], skill=step["skill"])

    def _do_end(self, step):
        if text := self._get_text(step["text"]):
            self._put("say", step, **self._get_plain(text))
        self._put("finish", step, ending=step["ending"])

    def _leave(self, kind, step, **values):
        self.state["step"] = None
        self._put(kind, step, **values)

    def _put(self, kind, step, **values):
        self.outputs.append(Output(kind, step, values))

    # === RULES === #

    def _choose_products(self, step):
        """Return the products all of whose conditions hold: those with the most conditions first, then in their order."""
        fitting = [product for product in self.definition["products"] if self._holds(product["conditions"])]
        return sorted(fitting, key=lambda product: -len(product["conditions"]))[: step["limit"]]

    def _describe(self, number, product):
        price, text, url = (self._get_text(product["price"]), self._get_text(product["text"]), product["url"])
        title = f"{number}. *{self._get_text(product['name'])}*" + (f" – {price}" if price else "")
        return "\n".join(filter(None, [title, text, url]))

    def _holds(self, conditions):
        return all(self._is_true(condition) for condition in conditions)

    def _is_true(self, condition):
        operator = condition["operator"]
        if condition["step"]:
            answer = self.state["answers"].get(condition["step"])
            if operator in ("in", "not in"):
                return ((answer or {}).get("choice") in condition["choices"]) == (operator == "in")
            value = answer and answer["value"]
        else:
            value = self.look_up(condition["model"], condition["field"])
        return compare(value, operator, condition["value"])

    # === WHAT IS SAID === #

    def _ask(self, step, lead=""):
        """Ask the question of ``step``, below ``lead`` when there is one."""
        body = "\n\n".join(filter(None, [lead, self._get_text(step["text"])]))
        page = self._get_pages(step)[self.state["page"]] if step["kind"] == "list" else None
        choices = self._get_choices(step) if page is None else page
        extras = self._get_extras(step)
        room = ROWS_LIMIT if step["kind"] == "list" else BUTTONS_LIMIT
        fitting = extras[: max(0, room - len(choices))] if page is None else self._get_row_extras(step)
        hints = [self._say(f"{name}_hint") for name in extras if name not in fitting]
        footer = next((line for line in (" ".join(hints), *hints) if get_length(line) <= FOOTER_LIMIT), "")
        rows = choices + [self._get_extra(step, name) for name in fitting]
        if page is not None:
            rows = self._with_paging(step, rows)
            self._put("say", step, **self._get_list(body, rows, footer))
        elif rows and get_length(body) <= BODY_LIMIT:
            self._put("say", step, **self._get_buttons(body, rows, footer))
        else:
            self._put("say", step, **self._get_plain("\n\n".join([body, *hints])))

    def _get_extras(self, step):
        """Return what is offered beside the answers, the most important first."""
        return ["person"] * self.definition["offers_person"] + ["skip"] * step["is_optional"]

    def _get_extra(self, step, name):
        key = PERSON if name == "person" else self._get_id(step, name)
        return {"id": key, "title": self._say(name)}

    def _get_choices(self, step):
        if step["kind"] == "text":
            names = ("yes", "no") if step["format"] == "yesno" else ()
            return [{"id": self._get_id(step, name), "title": self._say(name)} for name in names]
        return [
            {
                "id": self._get_id(step, choice["key"]),
                "title": self._get_text(choice["title"]),
                "description": self._get_text(choice["description"]),
            }
            for choice in step["choices"]
        ]

    def _get_id(self, step, choice):
        return f"{PREFIX}:{self.run}:{step['key']}:{choice}"

    def _get_pages(self, step):
        """Return the choices of a list in pages: one when they fit, else so many that there is room to leaf."""
        choices = self._get_choices(step)
        if len(choices) <= ROWS_LIMIT:
            return [choices]
        size = ROWS_LIMIT - len(self._get_extras(step)) - 2
        return [choices[start : start + size] for start in range(0, len(choices), size)]

    def _get_row_extras(self, step):
        pages = self._get_pages(step)
        extras = self._get_extras(step)
        return extras if len(pages) > 1 else extras[: ROWS_LIMIT - len(pages[0])]

    def _with_paging(self, step, rows):
        page, pages = self.state["page"], len(self._get_pages(step))
        if page + 1 < pages:
            rows = [*rows, {"id": self._get_id(step, f"page:{page + 1}"), "title": self._say("more")}]
        if page:
            rows = [*rows, {"id": self._get_id(step, f"page:{page - 1}"), "title": self._say("back")}]
        return rows

    def _get_plain(self, body):
        return {"type": "text", "body": clip(body, TEXT_LIMIT)}

    def _get_buttons(self, body, rows, footer):
        buttons = [{"id": row["id"], "title": clip(row["title"], BUTTON_LIMIT)} for row in rows]
        return {"type": "buttons", "body": body, "footer": footer, "buttons": buttons}

    def _get_list(self, body, rows, footer):
        rows = [
            {"id": row["id"], "title": clip(row["title"], ROW_TITLE_LIMIT)}
            | ({"description": clip(row["description"], ROW_DESCRIPTION_LIMIT)} if row.get("description") else {})
            for row in rows
        ]
        return {
            "type": "list",
            "body": clip(body, LIST_BODY_LIMIT),
            "footer": footer,
            "opener": clip(self._get_text(self.definition["opener"]) or self._say("choose"), BUTTON_LIMIT),
            "rows": rows,
        }

    def _say(self, name):
        return bot_words.get_text(self.lang, name)

    def _get_text(self, texts):
        """Return a text in the customer's language, or the nearest to it, with the answers that it refers to."""
        text = select_text(texts, self.lang)
        return _VARIABLE.sub(self._get_variable, text) if text else ""

    def _get_variable(self, match):
        key = self.definition["variables"].get(match[1])
        return match[0] if key is None else self.state["answers"].get(key, {}).get("text", "")


def select_text(texts, lang):
    """Return the text in ``lang``, in another variant of the language, in English, or in any."""
    if not texts:
        return ""
    near = [code for code in texts if lang and code[:2] == lang[:2]]
    return next((texts[code] for code in (lang, *near, "en_US", *texts) if texts.get(code)), "")


def compare(value, operator, other):
    """Tell whether ``value`` (JSON) and ``other`` (typed by the bot's author) are so related."""
    if operator in ("set", "not set"):
        return (value not in (None, "", False)) == (operator == "set")
    if value is None:
        return operator in ("!=", "not contains")
    if isinstance(value, bool):
        value = "yes" if value else "no"
        other = next((name for name in ("yes", "no") if bot_words.is_word(name, other or "")), other)
    if operator in ("contains", "not contains"):
        return (normalize(other) in normalize(str(value))) == (operator == "contains")
    left, right = _get_numbers(value, other) or (normalize(str(value)), normalize(other))
    return {
        "=": left == right,
        "!=": left != right,
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
    }[operator]


def _get_numbers(value, other):
    try:
        return float(value), float(to_ascii_digits(other or "").replace(",", "."))
    except (TypeError, ValueError):
        return None


def clip(text, limit):
    """Cut ``text`` to what WhatsApp takes; only variables can make one longer than the bot's author was told."""
    while get_length(text) > limit:
        text = text[: limit - 1 - (get_length(text) - len(text))].rstrip() + "…"
    return text


def to_api(said):
    """Return ``(type, content)`` of what is said, as WhatsApp's API wants it."""
    if said["type"] == "text":
        return "text", None
    content = {"body": {"text": said["body"]}}
    if said["footer"]:
        content["footer"] = {"text": said["footer"]}
    if said["type"] == "buttons":
        buttons = [{"type": "reply", "reply": button} for button in said["buttons"]]
        return "interactive", {"type": "button", "action": {"buttons": buttons}, **content}
    action = {"button": said["opener"], "sections": [{"rows": said["rows"]}]}
    return "interactive", {"type": "list", "action": action, **content}
