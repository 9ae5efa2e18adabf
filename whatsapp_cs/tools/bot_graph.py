"""A bot as a graph: what leads where, what is wrong with it, and where its steps stand on the map."""

from typing import NamedTuple

from .bot_engine import QUESTIONS

ENDS = ("hand_over", "end")


class Edge(NamedTuple):
    """One way from step to step; ``label`` is the answer or condition that takes it."""

    source: str
    target: str
    label: str


def get_edges(definition, get_text):
    """Return every way from step to step, the one that a step takes by itself last.

    :param get_text: ``get_text(texts)`` returns a text in the reader's language
    """
    edges = []
    for step in definition["steps"].values():
        if step["kind"] in ENDS:
            continue
        own = [(choice["next"], get_text(choice["title"])) for choice in step["choices"]]
        own += [(branch["next"], branch["name"]) for branch in step["branches"]]
        edges += [Edge(step["key"], target, label) for target, label in own if target]
        if step["next"] and _falls_through(step):
            edges.append(Edge(step["key"], step["next"], ""))
    return edges


def _falls_through(step):
    """Tell whether a step goes to its own next one in some case."""
    if step["kind"] in ("buttons", "list"):
        return step["is_optional"] or not step["choices"] or not all(choice["next"] for choice in step["choices"])
    return True


def get_reachable(edges, starts):
    """Return the keys of the steps to which a way leads from ``starts``."""
    following = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    reached, waiting = set(starts), list(starts)
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def get_findings(definition, edges):
    """Return ``{key of a step: name of what is wrong with its place}``.

    ``unreachable``: no way leads there. ``dead_end``: nothing follows, and it is no end. ``trapped``: there are ways on, and
    none of them ever ends. ``idle_loop``: it goes round without asking anything.
    """
    steps = definition["steps"]
    if not steps:
        return {}
    reached = get_reachable(edges, [definition["start"]])
    dead = {key for key, step in steps.items() if step["kind"] not in ENDS and not _always_goes_on(step)}
    backwards = [Edge(edge.target, edge.source, "") for edge in edges]
    ends = [key for key, step in steps.items() if step["kind"] in ENDS] + sorted(dead)
    ending = get_reachable(backwards, ends)
    silent = [
        edge
        for edge in edges
        if steps[edge.source]["kind"] not in QUESTIONS and steps[edge.target]["kind"] not in QUESTIONS
    ]
    findings = {}
    for key in steps:
        if key not in reached:
            findings[key] = "unreachable"
        elif key in dead:
            findings[key] = "dead_end"
        elif key not in ending:
            findings[key] = "trapped"
        elif any(key in get_reachable(silent, [edge.target]) for edge in silent if edge.source == key):
            findings[key] = "idle_loop"
    return findings


def _always_goes_on(step):
    return bool(step["next"]) or not _falls_through(step)


def get_layout(keys, edges, start):
    """Return ``({key: (column, layer)}, edges that go back)``: layers from the start downwards, with few crossings.

    A layered layout after Sugiyama: cycles are cut where a search in depth finds them, a step stands below all that lead to
    it, and those of a layer are ordered by the middle of what they hang on. Columns are numbers, 0 in the middle.
    """
    keys = [start] * (start in keys) + [key for key in keys if key != start]
    following = {key: list(dict.fromkeys(e.target for e in edges if e.source == key)) for key in keys}
    order, back = _cut_cycles(keys, following)
    layers = dict.fromkeys(keys, 0)
    for key in order:
        for target in following[key]:
            if (key, target) not in back:
                layers[target] = max(layers[target], layers[key] + 1)
    rows = {}
    for key in order:
        rows.setdefault(layers[key], []).append(key)
    columns = {}
    for number in sorted(rows):
        parents = {
            key: [columns[k] for k in keys if key in following[k] and (k, key) not in back and k in columns]
            for key in rows[number]
        }
        row = sorted(rows[number], key=lambda key: sum(parents[key]) / len(parents[key]) if parents[key] else 0)
        columns |= {key: place - (len(row) - 1) / 2 for place, key in enumerate(row)}
    return {key: (columns[key], layers[key]) for key in keys}, back


def _cut_cycles(keys, following):
    """Return the steps in an order that follows the edges, and the edges that can't: those back to where one comes from."""
    done, order, back = set(), [], set()
    for root in keys:
        if root in done:
            continue
        path, stack = [root], [(root, iter(following[root]))]
        done.add(root)
        while stack:
            key, targets = stack[-1]
            for target in targets:
                if target in path:
                    back.add((key, target))
                elif target not in done:
                    done.add(target)
                    path.append(target)
                    stack.append((target, iter(following[target])))
                    break
            else:
                stack.pop()
                path.pop()
                order.append(key)
    return order[::-1], back
