"""What problems bertkit solves. A name here is what a recipe's `task:` says."""

TASKS = {
    "choice": "bertkit.tasks.choice:Choice",
    "classify": "bertkit.tasks.classify:Classify",
    "ner": "bertkit.tasks.ner:Ner",
    "pretrain": "bertkit.tasks.pretrain:Pretrain",
    "regress": "bertkit.tasks.regress:Regress",
    "squad": "bertkit.tasks.squad:Squad",
}
