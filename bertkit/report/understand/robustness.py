"""The robustness of a Run for people: its words and tables, which the terminal shows too, and a page that is one file.

All of it is made from the record, plain values (see `understand.robustness.run.Robustness.record`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bertkit.display import p_value, with_interval
from bertkit.report.page import number, render
from bertkit.report.understand.changes import marked
from bertkit.tasks.verdicts import short

Record = dict[str, Any]
Table = tuple[str, list[str], list[list[str]]]
"""Title, header and rows."""

EXAMPLES, WORDS, BARS = 5, 30, 40
"""Most examples of a perturbation, words and bars on the page."""
TEXT, ANSWER = 400, 120
"""Characters."""
_NUMBER = re.compile(r"(?:[-+]?[\d,.]+(?:e-\d+)?%?|–)?(?: \([^)]*\))?")

__all__ = ["Record", "below", "changed_rows", "page", "short", "summary", "tables"]


def page(record: Record) -> str:
    """The text of the page."""
    changes = record["perturbations"] is not None
    subtitle = f"{record['rows']:,} rows ({record['data']})" if changes else f"{len(record['tests'])} behaviour tests"
    robust = [one for one in record["perturbations"] or () if one["robust"] is not None]
    return render(
        "understand/robustness.html",
        title=f"Robustness of {record['run']}",
        subtitle=subtitle,
        warnings=record["warnings"],
        summary=summary(record),
        tables=[(title, header, rows, _numeric(rows)) for title, header, rows in tables(record)],
        bars=_bars(robust),
        examples=list(_examples(record)),
        attacked=_attacked(record),
        failures=[(one["name"], one["failures"]) for one in record["tests"] if one["failures"]],
        applied=changes,
        training=record.get("words_of_training", True),
        right=bool(changes and record["right_answers"]),
    )


def tables(record: Record) -> list[Table]:
    """The tables of the record, those of the terminal too."""
    found = []
    if record["perturbations"]:
        found += _of_perturbations(record)
    if record.get("words"):
        found.append(_of_words(record["words"], training=record["words_of_training"]))
    if record.get("attack"):
        found.append(_of_attack(record["attack"]))
    if record["tests"]:
        found.append(_of_tests(record["tests"]))
    return found


def summary(record: Record) -> list[str]:
    """What there is to know first, a sentence each."""
    lines = []
    if record["perturbations"] is not None:
        of = f" of {record['rows_read']:,}" if record["rows_read"] > record["rows"] else ""
        drawn = f", drawn with seed {record['seed']}" if of else ""
        lines.append(f"rows: {record['rows']:,}{of} ({record['data']}{drawn}); in brackets: 95% intervals")
        if record["score"] is not None:
            lines.append(f"score of the rows as they are: {with_interval(record['score'], record['interval'])}")
        undone = [one["name"] for one in record["perturbations"] if one["same_tokens"] == one["changed"]]
        if undone:
            what = "undone by the tokenizer or beyond the cut, so not tested (the same tokens of all rows)"
            lines.append(f"{what}: {', '.join(undone)}")
        if record["not_applicable"]:
            lines.append(f"no row was changed by: {', '.join(record['not_applicable'])}")
    known = [one for one in record["perturbations"] or () if one["robust"] is not None]
    if known:
        worst = min(known, key=lambda one: one["robust"])
        share = with_interval(worst["robust"], worst["robust_interval"])
        lines.append(f"weakest: {worst['name']}: {share} of the {worst['right']:,} right answers stay right")
    if deciding := [one for one in record.get("words") or () if one["decides"]]:
        each = (f"{one['word']} -> {one['label']} ({one['insertion_flips']} of {one['inserted']})" for one in deciding)
        lines.append(f"words that decide alone, put into rows of other labels: {', '.join(each)}")
    if attack := record.get("attack"):
        share = with_interval(attack["share"], attack["interval"])
        if not attack["attacked"]:
            lines.append("attack: no row is right, so none could be attacked")
        else:
            lines.append(f"attack: {share} of {attack['attacked']:,} right answers are made wrong by other words")
    if record["tests"]:
        passed = sum(one["passed"] == one["cases"] for one in record["tests"])
        lines.append(f"behaviour tests: {passed} of {len(record['tests'])} pass wholly")
    return lines


def changed_rows(record: Record, most: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """For each perturbation that changes answers its first such rows: text and answer, before and after; then rows
    that were attacked, and failing cases of tests."""
    for name, examples in (record.get("examples") or {}).items():
        flips = [one for one in examples if one["flipped"]][:most]
        if flips:
            yield f"{name}, answers that change:", [_both(one) for one in flips]
    attacked = ((record.get("attack") or {}).get("examples") or [])[:most]
    if attacked:
        yield "attack, answers that become wrong:", [_both(one) for one in attacked]
    for one in record["tests"]:
        if one["failures"] and most:
            pairs = [(f["text"], f"expected {f['expected']}, got {f['predicted']}") for f in one["failures"][:most]]
            yield f"{one['name']} ({one['place']}), failing:", pairs


def _both(one: Record) -> tuple[str, str]:
    """A row with its answer, before and after."""
    return f"{one['before']} [{one['answer']}]", f"{one['after']} [{one['new_answer']}]"


def below(record: Record, least: float) -> list[str]:
    """The robust shares and the shares of tests that are below a share. Perturbations of no right row are left out;
    where nothing can be judged, that is said."""
    kept = [one for one in record["perturbations"] or () if one["keeps_answer"]]
    known = [(one["name"], one["robust"]) for one in kept if one["robust"] is not None]
    lines = [f"{name}: {share:.4f}" for name, share in known if share < least]
    if kept and not known and all(one["stayed"] is None for one in kept):
        lines.append("answers are numbers, which are never wholly right: use --tests with a tolerance")
    elif record["perturbations"] is not None and not known:
        lines.append("no right answer was put to the test")
    failed = [one for one in record["tests"] if one["share"] < least]
    lines += [f"{one['name']}: {one['passed']} of {one['cases']} pass ({one['share']:.4f})" for one in failed]
    return lines


def _of_perturbations(record: Record) -> list[Table]:
    right = record["right_answers"]
    judged = [one for one in record["perturbations"] if one["keeps_answer"] and right]
    others = [one for one in record["perturbations"] if one not in judged and one["stayed"] is not None]
    found: list[Table] = []
    if judged:
        header = ["perturbation", "changed", "same tokens", "right", "flips", "robust share", "score", "perturbed"]
        found.append(("", [*header, "difference", "p (Holm)"], [_row(one) for one in judged]))
    if others:
        title = "Answers that stay, though another may be right now" if right else "Answers that stay"
        rows = [
            [
                one["name"], f"{one['changed']:,}", f"{one['same_tokens']:,}",
                with_interval(one["stayed_share"], one["stayed_interval"]),
            ]
            for one in others
        ]  # fmt: skip
        found.append((title, ["perturbation", "changed", "same tokens", "answers that stay"], rows))
    return found


def _row(one: Record) -> list[str]:
    score = one["score"]
    figures = [""] * 4
    if score:
        difference = with_interval(score["difference"], score["interval"], sign="+")
        figures = [number(score["clean"]), number(score["perturbed"]), difference, p_value(score["corrected"])]
    return [
        one["name"], f"{one['changed']:,}", f"{one['same_tokens']:,}", f"{one['right']:,}", f"{one['flips']:,}",
        with_interval(one["robust"], one["robust_interval"]), *figures,
    ]  # fmt: skip


def _of_words(words: Sequence[Record], *, training: bool) -> Table:
    header, rows = ["word", "removed from", "answers change"], []
    labels = any(one["label"] for one in words)
    for one in words[:WORDS]:
        row = [
            one["word"],
            f"{one['removed']:,}",
            _share_of(one["removal_flips"], one["removed"], one["removal_interval"]),
        ]
        if labels and one["label"]:
            turned = _share_of(one["insertion_flips"], one["inserted"], one["insertion_interval"])
            row += [
                one["label"],
                f"{one['with_label']:,} of {one['in_rows']:,}",
                one["place"],
                f"{one['inserted']:,}",
                turned,
            ]
        rows.append([*row, *[""] * (3 + 5 * labels - len(row))])
    more = (
        ["label", "in training" if training else "in the scored rows", "put", "rows", "become the label"]
        if labels
        else []
    )
    return "Words that decide", [*header, *more], rows


def _of_attack(attack: Record) -> Table:
    changed = attack["share_changed"]
    replaced = "undefined" if changed is None else f"{attack['words_changed']:.1f} ({changed:.1%} of them)"
    rows = [
        ["right rows", f"{attack['right']:,}"],
        ["attacked", f"{attack['attacked']:,}"],
        ["made wrong", f"{attack['succeeded']:,}: {with_interval(attack['share'], attack['interval'])}"],
        ["words replaced, mean", replaced],
        ["questions, mean", f"{attack['queries'] or 0:.1f} of at most {attack['most_queries']}"],
        ["words proposed by", attack["mlm"]],
    ]
    return "Attack by other words", ["attack", ""], rows


def _of_tests(tests: Sequence[Record]) -> Table:
    rows = [
        [
            one["name"], one["kind"], f"{one['cases']:,}" + (" (drawn)" if one["left_out"] else ""),
            f"{one['passed']:,}", with_interval(one["share"], one["interval"]),
        ]
        for one in tests
    ]  # fmt: skip
    return "Behaviour tests", ["test", "kind", "cases", "passed", "share"], rows


def _numeric(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns of numbers, which do not break."""
    return [place for place, cells in enumerate(zip(*rows, strict=True)) if all(map(_NUMBER.fullmatch, cells))]


def _share_of(part: int, whole: int, ends: Sequence[float] | None) -> str:
    return with_interval(part / whole, ends) if whole else ""


def _examples(record: Record) -> Iterator[dict[str, Any]]:
    """The examples of each perturbation, with what was changed marked."""
    effects = {one["name"]: one for one in record["perturbations"] or ()}
    for name, rows in (record.get("examples") or {}).items():
        if rows:
            shown = [
                {
                    **one,
                    "before": short(one["before"], TEXT),
                    "after": marked(short(one["before"], TEXT), short(one["after"], TEXT)),
                    "answer": short(one["answer"], ANSWER),
                    "new_answer": short(one["new_answer"], ANSWER),
                }
                for one in rows[:EXAMPLES]
            ]
            yield {"name": name, "does": effects[name]["does"], "flips": _flips(effects[name]), "rows": shown}


def _flips(one: Record) -> str:
    if one["right"]:
        return f"{one['flips']:,} of {one['right']:,} right answers are lost"
    if one["stayed"] is None or not one["tested"]:
        return f"{one['changed']:,} rows changed"
    return f"{one['tested'] - one['stayed']:,} of {one['tested']:,} answers change"


def _attacked(record: Record) -> list[dict[str, Any]]:
    rows = (record.get("attack") or {}).get("examples") or []
    return [
        {
            **one,
            "before": short(one["before"], TEXT),
            "after": marked(short(one["before"], TEXT), short(one["after"], TEXT)),
        }
        for one in rows
    ]


def _bars(effects: Sequence[Record]) -> list[dict[str, Any]]:
    """The robust share of each perturbation with its interval in percent, the lowest first."""
    bars = []
    for one in sorted(effects, key=lambda one: one["robust"])[:BARS]:
        low, high = one["robust_interval"]
        ends = {"low": f"{100 * low:.2f}", "wide": f"{100 * (high - low):.2f}", "at": f"{100 * one['robust']:.2f}"}
        bars.append({"name": one["name"], "share": f"{one['robust']:.1%}", **ends})
    return bars
