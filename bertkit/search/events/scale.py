"""What a cosine of a model is worth: that of texts that have nothing to do with each other.

Encoders differ in it: 0.05 for a model trained for vectors, 0.5 and more for one that was not, or that does not know
the language (Ethayarajh 2019). A threshold means the same for all of them once the cosines of unrelated texts are at 0.
The texts are a part of bertkit, not of the input, so that the same documents give the same events whenever they come.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OTHER = (
    "The bridge over the canal will be painted green next summer.",
    "Scientists count fewer butterflies in the mountains than ten years ago.",
    "A violin that lay in an attic for a century is sold at auction.",
    "The court fines a supermarket for wrong prices.",
    "Our swimmers take two silver medals at the youth games.",
    "Bread with rye keeps fresh for longer, bakers say.",
    "The government lowers the tax on bicycles.",
    "A power station in the north is shut down for cleaning.",
    "Doctors advise old people to drink more water in the heat.",
    "The film about a blind clockmaker opens in cinemas on Friday.",
    "A software update makes phones of one brand slow.",
    "Two villages argue about the name of a lake.",
)
CHINESE = (
    "运河大桥明年夏天将重新粉刷。",
    "研究人员发现高山蝴蝶的数量逐年减少。",
    "一把尘封百年的小提琴拍出高价。",
    "法院因超市标错价格对其罚款。",
    "青年运动会上我国游泳队获得两枚银牌。",
    "面包师说黑麦面包可以保存更久。",
    "政府下调自行车税率。",
    "北方一座发电厂停机检修。",
    "医生建议老年人高温天气多喝水。",
    "讲述盲人钟表匠的电影周五上映。",
    "软件更新导致某品牌手机变慢。",
    "两个村庄为湖泊的名字争论不休。",
)
TEXTS = OTHER + CHINESE
"""Texts that have nothing to do with each other."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def scale_of(vectors: Array) -> tuple[float, float]:
    """The mean cosine of unrelated texts, in Chinese and in other languages, for which English stands.

    Args:
        vectors: `(text, size)` of `TEXTS`, of length 1.
    """
    cosines = vectors @ vectors.T
    pairs = np.triu_indices(len(OTHER), 1)
    other, chinese = (float(cosines[part, part][pairs].mean()) for part in (slice(len(OTHER)), slice(len(OTHER), None)))
    return min(chinese, 0.95), min(other, 0.95)


def is_chinese(text: str) -> bool:
    """Whether at least a third of a text's characters are Han."""
    return 3 * len(_HAN.findall(text)) >= len(text)
