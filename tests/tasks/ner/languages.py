"""Sentences with entities in scripts that BERT's words do not fit: without spaces, with marks and invisible characters.

Written for these tests; persons and firms are invented. `[PER Mara] runs`: an entity and the text around it.
"""

from __future__ import annotations

import re
from typing import Any

THAI = (
    "คุณ[PER สมชาย]อยู่[LOC กรุงเทพ]ครับ",
    "เมื่อวาน[PER มาลี]ไป[LOC เชียงใหม่]กับแม่",
    "[ORG ธนาคารทองดี]เปิดสาขาใน[LOC ภูเก็ต]ปี 2565",
    "[PER น้ำฝน ใจดี]ทำงานที่[ORG บริษัทฟ้าใส]มา ๓ ปี",
    "ฝนตกที่[LOC น่าน]ทุกวัน",
    "วันนี้อากาศดีมาก",
    "เขาซื้อiPhoneให้[PER ก้อย]ที่[LOC เยาวราช]",
    "น้ำท่วม\u200bถนนใกล้[LOC ลำปาง]แต่[PER ครูดำ]มาสอน",
)
THAI_WORDS = (
    "นาย [PER สม|หมาย] เดินทาง ไป [LOC ขอนแก่น]",
    "[PER น้ำทิพย์] เกิด ที่ [LOC นคร|พนม]",
    "[ORG โรงแรม|ริม|น้ำ] อยู่ ใน [LOC กระบี่] ครับ",
    "\u200b [PER เก๋] รัก \u200b แมว",
    "เรา กิน ข้าว แล้ว",
    "[PER วิชัย|\u200b|แก้ว|\u200b] พบ [PER ปู่] ที่ [LOC ตรัง|\u200b]",
)
PERSIAN = (
    "او در [LOC نیم‌روز] زندگی می‌کند",
    "[PER علی‌رضا کریمی] دیروز به [LOC تهران] رفت",
    "کتاب‌های [PER مریم] در خانه‌ی ما است",
    "[ORG بانک نو‌آوران] در [LOC خرم‌آباد] شعبه دارد",
    "ما نمی‌دانیم چه می‌شود",
    "\u202b[PER گل‌نسا]\u202c از [LOC بندر‌عباس] آمد",
    "[LOC شیراز]، شهر [PER بهنام] است.",
)
PERSIAN_WORDS = (
    "[PER محمد‌حسین] به [LOC اصفهان] می‌رود",
    "خانه‌های [LOC یزد|‌] قدیمی‌اند",
    "[ORG شرکت|نیک‌اندیش] در [LOC کیش] است",
    "هوا خوب است",
    "‌ [PER نازنین|‌|راد] آن‌جا بود .",
    "[PER کیان] و [PER ماه‌پری] دوست‌اند",
)
CHINESE = (
    "我和[PER 林小雨]在[LOC 杭州]吃饭",
    "[ORG 明月银行]2009年在[LOC 成都]开了分行",
    "昨天[PER 欧阳\u200b兰]去了[LOC 北京]。",
    "[PER 葛\U000e0100玉]喜欢[LOC 西湖]的❤️风景",
    "今天天气很好",
    "\ufeff[PER 张\ue863]在[ORG 东风公司]工作",
    "[LOC 哈尔滨]的冬天很冷，[PER 王强]说",
)
CHINESE_WORDS = (
    "[PER 李|大|江] 住 在 [LOC 武|汉]",
    "[ORG 晨|光|书|店] 在 [LOC 苏|州] 开 业",
    "他 说 他 不 来 了",
    "\u200b [PER 孙|\u200b|丽] 到 [LOC 上|海|\ufeff] 了",
    "[LOC 广|州] 比 [LOC 长|春] 热",
    "老 师 叫 [PER 陈|晨] 。",
)
ARABIC = (
    "وُلِدَ [PER أحمد السالم] في [LOC القاهرة]",
    "تعمل [PER لَيْلى] في [ORG شركة النجمة] منذ عام ٢٠١٩",
    "زرنا [LOC بيروت]، ثم عدنا إلى [LOC دمشق].",
    "\u200fقال [PER يوسف]\u200f: الجو جميل",
    "الكتاب على الطاولة",
    "افتتح [ORG مصرف الأمـــل] فرعًا في [LOC عَمّان]",
    "سافر [PER عبد\u00adالله] ليلًا",
)
HINDI = (
    "[PER सुनीता शर्मा] [LOC दिल्ली] में रहती हैं।",
    "[ORG नवज्योति बैंक] ने [LOC क़न्नौज] में शाखा खोली",
    "कल [PER अर्\u200dजुन] [LOC मुंबई] गया था",
    "मौसम बहुत अच्छा है",
    "[PER लक्\u200cष्मी] और [PER ज़ोया] [LOC पटना] से आईं।",
    "हमने [LOC काशी] में गंगा देखी, [PER मोहन]!",
)

SETS = {
    "thai": THAI,
    "thai words": THAI_WORDS,
    "persian": PERSIAN,
    "persian words": PERSIAN_WORDS,
    "chinese": CHINESE,
    "chinese words": CHINESE_WORDS,
    "arabic": ARABIC,
    "hindi": HINDI,
}

_PART = re.compile(r"\[([A-Z]+) ([^]]+)\]|([^[]+)")


def row_of(name: str, sentence: str) -> dict[str, Any]:
    """The row of a sentence: words and tags where the set is named so, else a text and its spans."""
    return _words(sentence) if name.endswith("words") else _text(sentence)


def _text(sentence: str) -> dict[str, Any]:
    text, spans = "", []
    for label, entity, around in _PART.findall(sentence):
        if entity:
            spans.append({"start": len(text), "end": len(text) + len(entity), "label": label})
        text += entity or around
    return {"text": text, "spans": spans}


def _words(sentence: str) -> dict[str, Any]:
    tokens, tags = [], []
    for label, entity, around in _PART.findall(sentence):
        words = entity.split("|") if entity else around.split(" ")
        words = [word for word in words if word]
        tokens += words
        tags += [f"{'I' if place else 'B'}-{label}" for place in range(len(words))] if entity else ["O"] * len(words)
    return {"tokens": tokens, "tags": tags}
