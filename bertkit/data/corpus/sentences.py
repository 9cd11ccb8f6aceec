"""Text -> sentences, by rules for English and Chinese.

A sentence ends

- after `. ! ? …` (one or several), if white space follows and then anything but a lower-case letter;
- after `。 ！ ？ ； ． ｡ ……`, whatever follows, except a `．` between digits.

Closing quotes and brackets right after the mark belong to the sentence: `"Who is that?"`, `“你好。”`. A `.` does not
end a sentence

- after a title or an abbreviation that is always followed by something (`Mr. Mrs. Dr. St. e.g. i.e. vs. Fig. No.`);
- after an abbreviated month, `p.`, `No.` and the like before a digit (`Jan. 5`);
- after an initial (`J. Smith`, `U.S. Army`), except the word I (`So am I.`);
- after a number at the start of a sentence (`1. First`).

Other abbreviations (`etc. Inc. a.m.`) end a sentence if a capital follows. The rules know no grammar: `He left the U.S.
It rained.` stays one sentence, and `"Why?" Mary asked.` becomes two. Other languages with these marks behave alike.
"""

from __future__ import annotations

import re

_CLOSE = "\"'”’»)\\]}」』）】》〉〕"
_MARK = re.compile("[.!?…。！？；｡．]")  # a search for one class is several times as fast as one for all that follows
_BOUNDARY = re.compile(
    rf"(?:\.(?:[ ]\.)+|[.!?…])[.!?…]*[{_CLOSE}]*(?:[ ]['\"”’](?=\s|$))?\s+"  # ". . ." is an ellipsis too
    rf"|(?:[。！？；｡]|……|(?<![0-9０-９])．|．(?![0-9０-９]))[。！？；｡．…!?]*[{_CLOSE}]*\s*"
)
_RUN = re.compile("[.!?]+")
_OPEN = re.compile("[\"'“‘«(\\[{_*]*")

_NEVER = re.compile(
    r"mrs?|ms|messrs|mme|mlle|dr|prof|rev|hon|gen|col|capt|lt|sgt|cmdr|gov|sen|rep|pres|st|sr|fr|mt|ft"
    r"|e\.g|i\.e|viz|vs|cf|ca|approx|al|figs?|eqs?|sec|ch|vol|eds?|trans"
)
"""Abbreviations that are always followed by something, in lower case and without the last dot."""
_BEFORE_DIGIT = re.compile("jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|nos?|pp?|art|op")
_LAST_WORD = re.compile(r"(?:[^\W_]|[.'’&-])*\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]", re.UNICODE)
_NUMBER = re.compile(r"\W*(?:\d{1,3}|[ivxlcIVXLC]{1,5}|[a-zA-Z])\W*")


def split(text: str) -> list[str]:
    """The sentences of a paragraph, in order, without white space around them; no other character is lost."""
    sentences = []
    start = 0
    seen = 0
    for mark in _MARK.finditer(text):
        if mark.start() < seen:
            continue
        match = _BOUNDARY.match(text, mark.start())
        if match is None:  # what follows a run of marks is the same for all of them, but the last may begin ". ."
            run = _RUN.match(text, mark.start())
            seen = run.end() - 1 if run else seen
            continue
        seen = match.end()
        if seen < len(text) and _ends(text, start, match):
            sentences.append(text[start:seen].strip())
            start = seen
    if rest := text[start:].strip():
        sentences.append(rest)
    return [sentence for sentence in sentences if sentence]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the mark of this match ends the sentence that starts at `start`."""
    mark = match[0][0]
    if mark in "。！？；｡．" or match[0].startswith("……"):
        return True
    opened = _OPEN.match(text, match.end())
    follows = text[opened.end() : opened.end() + 1] if opened else ""
    if follows.islower():
        return False
    if mark != "." or match[0].count(".") > 1:
        return True
    return _full_stop(text, start, match, follows)


def _full_stop(text: str, start: int, match: re.Match[str], follows: str) -> bool:
    """Whether a single dot, not followed by a lower-case letter, is a full stop; decided by the word before it."""
    before = text[max(start, match.start() - 20) : match.start()]
    word = _LAST_WORD.search(before)[0].lstrip("'’-")  # type: ignore[index]
    small = word.lower()
    if _NEVER.fullmatch(small) or (follows.isdigit() and _BEFORE_DIGIT.fullmatch(small)):
        return False
    if match.start() - start < 8 and _NUMBER.fullmatch(text, start, match.start()) and not match[0][1:].strip():
        return False
    if _INITIALS.fullmatch(word) and word[:1].isupper():
        return word == "I" and before[-3:-2].islower()
    return True
