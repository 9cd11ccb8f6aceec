"""Words at which a phrase ends: written by hand for this package, for English and Chinese.

Besides the words of grammar, the lists have the most frequent verbs, adverbs and measures, which no reader underlines.
The price: a text about such a word ("the will", "a change") does not get it as a keyword of one word.
"""

from __future__ import annotations

CONNECTORS = frozenset(["of"])
"""May stand inside a phrase, between other words: "bank of england", "shortage of teachers". No other short word can:
"and", "in", "for" or "the" mostly join two phrases ("flour and water", "jacket in the warehouse")."""

GRAMMAR = """
a about above across after again against all almost alone along already also although always am among an and another
any anybody anyone anything anywhere are around as aside at away back be became because become becomes been before
behind being below beneath beside besides between beyond both but by can cannot could despite did do does doing done
down during each either else elsewhere enough even ever every everybody everyone everything everywhere except few
fewer for from further had has have having he hence her here hers herself him himself his how however i if in indeed
inside instead into is it its itself just least less lest like many may maybe me meanwhile might mine more moreover
most much must my myself namely near nearly neither never nevertheless next no nobody none nor not nothing now nowhere
of off often on once one ones only onto or other others otherwise ought our ours ourselves out outside over per
perhaps please quite rather really regarding same several shall she should since so some somebody somehow someone
something sometimes somewhat somewhere soon still such than that the their theirs them themselves then there thereby
therefore these they this those though through throughout thus till to together too toward towards twice under unless
until unto up upon us usually versus very via was we were what whatever when whenever where whereas wherever whether
which while who whoever whom whose why will with within without would yes yet you your yours yourself ain't aren't
can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't shouldn't wasn't weren't won't wouldn't i'm
i've i'll i'd you're you've you'll you'd he'll he'd she'll she'd it'll we're we've we'll we'd they're they've they'll
they'd o'clock let's etc cannot dr mr mrs ms b c d e f g h j k l m n o p q r s t u v w x y z
"""
NUMBERS = """
zero two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety
hundred hundreds thousand thousands million millions billion dozen first percent percents earlier ago yesterday
tonight monday tuesday wednesday thursday friday saturday sunday january february march april june july august
september october november december
"""
COMMON = """
worth add added adds admit admits advise advises agree agreed allow allowed allows answer answered answers apply applied
appear appeared appears approve approved arrive arrived arrives ask asked asking asks began begin begins begun believe
believes break breaks bring brings brought built buy called came care carry certain changed checked cleaned clearly
closed come comes coming decide decided decides demand demands die easily ended expect expected explain explained
explains fallen falls feels fell fill filled find finds found fits fitted fixed follow followed follows gave get gets
getting give given gives go goes going gone got grew growing grown grows happen happened happens held helped helps
holds keep keeps kept knew know known knows lay leave leaves led left lessen let lets lies live lived lives looked
looking looks lose loses lost made make makes making mean means meant meet melt met moved moves moving needed opened
opens pass passed pays put puts quickly receive received receives remove removed repeat rises running runs said sat
saw say saying says see seem seemed seems seen send sends sent set sets showed shown shows sit sits slowly speak
speaks spent started starts stays stopped stops stuck take taken takes taking tell tells thank thanks thinks thought
threaten threatens told took tried trying turned turns used useful using waited waiting waits want wanted wants warn
warns went whatever wish won worked working write written wrote
"""
MODIFIERS = """
able best better big bigger clean clear close common complete different early easy fast fit free full good great happy
hard harder high higher hot large larger largest late later long longer low lower new nice old older open quick rare
ready right short slow small smaller strong true weak wide worse worst wrong young last second half third quarter week
month year day night morning evening hour minute days weeks months years hours minutes seconds today tomorrow spring
summer autumn winter average extra whole own single double main faster slower cheap
"""
VERBS_OR_NOUNS = """
call calls change changes check checks cost costs cut end ends fall feel finish fix grow hold lead lie look move need
needs pay rise run show stand start stay stop think touch try turn use uses visit wait watch win
"""
GENERAL_NOUNS = """
number numbers order orders part parts place places point points hand side way ways time times kind kinds work works
thing things lot lots reason reasons matter help sort
"""
ENGLISH = frozenset(f"{GRAMMAR} {NUMBERS} {COMMON}".split()) - {*CONNECTORS}
BEFORE = frozenset(MODIFIERS.split())
"""Begin a phrase ("night bus", "new timetable"), but do not end one."""
AFTER = frozenset(VERBS_OR_NOUNS.split())
"""End a phrase ("power cut"), but do not begin one, where they are mostly verbs ("need flour")."""
WEAK = BEFORE | AFTER | frozenset(GENERAL_NOUNS.split())
"""May stand in a phrase with others ("tracking number"), but is none alone."""

WORDS_OF_CHINESE = """
的 了 着 过 得 地 是 在 有 和 与 跟 同 及 以及 或 或者 还是 而 而且 并 并且 但 但是 可 可是 不过 然而 因为 所以 因此
于是 如果 要是 假如 只要 只有 除非 虽然 尽管 即使 不管 无论 为了 由于 以 以便 从 自 自从 到 往 向 朝 对 对于 关于 至于
给 把 被 让 叫 由 用 按 按照 根据 通过 经过 随着 为 比 除了 除 我 你 您 他 她 它 我们 你们 您们 咱们 他们 她们 它们
自己 大家 别人 人家 谁 什么 哪 哪里 哪儿 哪个 怎么 怎样 如何 为什么 多少 几 多 这 那 这个 那个 这些 那些 这里 那里
这样 那样 这种 那种 此 其 其中 其他 其它 其余 某 某个 每 每个 每天 每年 各 各个 所有 一切 任何 另 另外 另一 本 该 之
者 所 们 不 没 没有 未 别 勿 无 非 很 太 更 最 极 挺 非常 十分 特别 相当 比较 有些 有点 稍 稍微 还 还有 又 再 也 都 全
全部 只 仅 仅仅 才 就 便 即 却 倒 已 已经 曾 曾经 正 正在 将 将要 刚 刚刚 马上 立刻 立即 忽然 突然 终于 仍 仍然 依然
一直 总 总是 经常 常 常常 往往 有时 有时候 偶尔 先 后 最后 最先 首先 然后 接着 以后 以前 之后 之前 后来 当时 同时 时候
的时候 期间 目前 现在 如今 今天 昨天 明天 今年 去年 明年 上周 下周 今早 夜里 早上 晚上 上午 下午 中午 正午 大约 大概
左右 上下 差不多 几乎 将近 超过 至少 最多 一般 通常 一共 一起 一样 一定 必须 应该 应当 可以 可能 能 能够 会 要 想 需要
愿意 敢 肯 值得 最好 未必 上 下 里 外 中 内 前 旁边 附近 之间 里面 外面 上面 下面 一 二 两 三 四 五 六 七 八 九 十 百
千 万 亿 零 半 第一 第二 第三 个 位 名 条 件 张 次 种 些 点 块 台 座 辆 家 间 层 份 颗 片 棵 双 套 场 段 遍 趟 倍 元
角 分 米 公里 公斤 岁 年 月 日 号 天 小时 分钟 秒 点钟 周 星期 一个 一些 一下 一种 一点 一次 一台 一名 一位 一方面
另一方面 两个 几个 许多 很多 不少 大量 少量 大片 大部分 部分 来 去 来自 进 出 起 起来 下来 下去 出来 出去 上来 回 回来
开始 继续 说 说明 认为 觉得 知道 看 看到 看看 听 听到 想想 问 请 请问 告诉 表示 指出 发现 希望 决定 使 使用 令 做 作
作为 成 成为 变 变成 变得 进行 加以 予以 给予 得到 受到 达到 提供 包括 属于 具有 存在 发生 出现 产生 造成 引起 导致
有关 相关 等 等等 等到 好 大 小 高 低 快 慢 新 旧 老 难 容易 简单 主要 重要 不同 相同 同样 严重 合适 正常 直接 尽快
尽量 完全 比如 例如 吧 吗 呢 啊 呀 嘛 哦 哈 嗯 啦 因 若 则 乃 且 及其 与其 不如 不但 不仅 甚至 尤其 特别是 就是 只是
不是 要么 否则 不然 结果 其实 当然 确实 果然 原来 居然 竟然 到底 究竟 反正 只好 不得不 不用 不要 不会 不能 能不能 是否
是不是 有没有 会不会 要不要 越来越 越 真 真的 放 放在
"""
CHINESE = frozenset(WORDS_OF_CHINESE.split())
CHINESE_CHARACTERS = frozenset(
    "的了着得是在有与跟及或而并但可因以如只除虽为从到往向朝于关至给把被让按随比我你您他她它们谁什么哪怎"
    "这那此其某每各另该之者不没未别很太更最挺常还又再也都仅才就便即却已曾正将刚仍后然要想说等吧吗呢啊呀嘛哦"
    "且则若来去里个些次一二两三四五六七八九十百千万亿零几少请做"
)
"""At which a run of Chinese ends where it is not divided into words: those that seldom stand inside a noun."""
