"""Names and numbers changed, alike in all texts of a row: equal names stay equal, and greater numbers stay greater.

After other names the answer stays right where it does not matter who it is about. Other numbers are no invariance: a
number may agree with one that is spelt out, or decide the answer itself (`is 7 more than 5?`). So only changes of the
answer are counted. Dates stay, as they would be none, or of another weekday. In an entity a name
is replaced only if it is all of it, as `Paris Hilton` is no place. An answer in a text changes along with its text.
"""

from __future__ import annotations

import re

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, like

_LISTS = """
Alice, Amanda, Andrea, Anna, Barbara, Caroline, Catherine, Christine, Claudia, Deborah, Diana,
Elena, Elizabeth, Emily, Emma, Fatima, Hannah, Helen, Isabel, Jennifer, Jessica, Julia, Karen,
Laura, Linda, Lucy, Margaret, Maria, Mary, Michelle, Monica, Nancy, Nina, Olivia, Patricia, Rachel,
Rebecca, Sandra, Sarah, Sophie, Susan, Teresa

Adam, Ahmed, Alexander, Andrew, Anthony, Benjamin, Carlos, Charles, Christopher, Daniel, David,
Dennis, Edward, Eric, George, Gregory, Harry, Henry, Hugo, Ivan, James, Jason, John, Joseph, Kevin,
Lewis, Luis, Martin, Matthew, Michael, Miguel, Mohamed, Nicholas, Oliver, Patrick, Paul, Peter,
Philip, Richard, Robert, Simon, Stephen, Thomas

Amsterdam, Athens, Barcelona, Berlin, Birmingham, Boston, Brussels, Budapest, Cairo, Chicago,
Copenhagen, Delhi, Dublin, Frankfurt, Geneva, Glasgow, Hamburg, Helsinki, Houston, Istanbul,
Jakarta, Lagos, Lisbon, London, Madrid, Manchester, Melbourne, Miami, Milan, Montreal, Moscow,
Mumbai, Munich, Nairobi, New York, Oslo, Paris, Prague, Rome, San Francisco, Seattle, Seoul,
Stockholm, Sydney, Tokyo, Toronto, Vienna, Warsaw, Zurich

Argentina, Australia, Austria, Belgium, Brazil, Canada, Chile, Colombia, Denmark, Egypt, Finland,
France, Germany, Greece, India, Indonesia, Ireland, Italy, Japan, Kenya, Mexico, Morocco, Nigeria,
Norway, Pakistan, Peru, Poland, Portugal, Romania, Russia, Spain, Sweden, Switzerland, Thailand,
Ukraine, Vietnam

北京, 上海, 广州, 深圳, 天津, 重庆, 南京, 武汉, 成都, 杭州, 西安, 苏州, 青岛, 大连, 厦门, 长沙, 沈阳, 哈尔滨, 济南, 昆明

张伟, 王伟, 李强, 王强, 刘洋, 陈杰, 张磊, 李军, 王磊, 赵鹏, 小明, 小刚

王芳, 李娜, 张敏, 李静, 王静, 刘敏, 陈静, 张丽, 王丽, 赵敏, 小红, 小芳
"""

NAMES: tuple[tuple[str, ...], ...] = tuple(
    tuple(name.strip() for name in group.replace("\n", " ").split(",")) for group in _LISTS.strip().split("\n\n")
)
"""Names that can stand for each other: first names by gender, cities, countries; none that is a common word too."""
_GROUP = {name.lower(): (group, place) for group in NAMES for place, name in enumerate(group)}
_LATIN = "|".join(re.escape(name) for name in sorted(_GROUP, key=len, reverse=True) if name.isascii())
_CHINESE = "|".join(re.escape(name) for name in sorted(_GROUP, key=len, reverse=True) if not name.isascii())
_NAME = re.compile(rf"\b(?:{_LATIN})\b|(?:{_CHINESE})", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,:/+#@$€£-])(?:[1-9]\d{0,8})(?![A-Za-z_]|[.,:/-]?\d)", re.ASCII)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\d[\d\s]*[年月日号號时時点點分秒]|\d+\s*[/.-]\s*\d+(?:\s*[/.-]\s*\d+)*"
    rf"|\d+(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d+)?\b|\b{_MONTH}\s+\d+(?:st|nd|rd|th)?(?:\s*,?\s*\d+)?"
    rf"|\b(?:1[5-9]|20)\d\d(?!\d)",
    re.IGNORECASE | re.ASCII,
)
"""Dates and times, and numbers that look like years."""
MOST = 9
"""What is added to numbers at most."""


def names(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Each name becomes the one that stands so many places after it, as drawn for the row."""
    step = int(rng.integers(1, min(map(len, NAMES))))
    edits = []
    for match in _NAME.finditer(text):
        if (known := _GROUP.get(match[0].lower())) is None:  # İ and ı count as i for the pattern alone
            continue
        group, place = known
        new = group[(place + step) % len(group)]
        edits.append(Edit(*match.span(), like(match[0], new if match[0][:1].isupper() else new.lower())))
    return edits


def numbers(text: str, rng: Rng, strength: float) -> list[Edit]:
    """All whole numbers grow by the same few, as drawn for the row; parts of dates, prices and codes stay."""
    more = int(rng.integers(1, MOST + 1))
    dates = [match.span() for match in _DATE.finditer(text)]
    free = (m for m in _NUMBER.finditer(text) if not any(start <= m.start() < end for start, end in dates))
    return [Edit(*match.span(), str(int(match[0]) + more)) for match in free]


SWAPS = (
    Perturbation(
        "names_changed", "swaps", "first names, cities and countries become others", names, gold="whole", together=True
    ),
    Perturbation("numbers_changed", "swaps", "whole numbers grow by a few", numbers, keeps_answer=False, together=True),
)
