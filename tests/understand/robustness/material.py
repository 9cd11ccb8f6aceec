"""Texts with everything that offsets may stumble over."""

from __future__ import annotations

TEXTS = [
    "Anna Bell doesn't live in Paris; she can't. She's moved to New York on 25 May 2019!",
    "Where is my parcel? I want it before 10 o'clock, because the restaurant is closed.",
    'He said: "It is not true." (Really?) -- e-mail me at a.b@example.com, it costs 3.50 or $4.',
    "naïve café 👩‍👩‍👧 in   Zürich\tand\nBerlin, with u\u0308mlauts and soft\u00adhyphens.",
    "他在北京的饭店里说：“我们不会来了。”我觉得这个问题很难解决，张伟也是这样想的！",
    "我在 Berlin 有 3 个朋友。他们都喜欢上海（中国）。",
    "هذا نص قصير. والثاني هنا!",
    "यह एक छोटा वाक्य है। दूसरा यहाँ है।",
    "a",
    "!!!",
    "  spaces at both ends  ",
]

WORDS = [
    ["Anna", "Bell", "does", "n't", "live", "in", "New", "York", ",", "she", "can", "not", "."],
    ["Mr.", "Smith", "'s", "25", "parcels", "are", "late", "again", "!"],
    ["John", "lives", "in", "San Francisco", "now", "."],
    list("他在北京住了3年。"),
    ["U.S.", "-", "based", "A&B", "(", "ABC", ")"],
    ["a"],
    ["."],
]
