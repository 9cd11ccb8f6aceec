"""What problems bertkit solves. A name here is what a recipe's `task:` says."""

TASKS = {
    "choice": "bertkit.tasks.choice.task:Choice",
    "classify": "bertkit.tasks.classify.task:Classify",
    "embed": "bertkit.tasks.embed.task:Embed",
    "ner": "bertkit.tasks.ner.task:Ner",
    "pretrain": "bertkit.tasks.pretrain.task:Pretrain",
    "regress": "bertkit.tasks.regress.task:Regress",
    "rerank": "bertkit.tasks.rerank.task:Rerank",
    "squad": "bertkit.tasks.squad.task:Squad",
}
