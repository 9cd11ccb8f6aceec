"""What problems bertkit solves. A name here is what a recipe's `task:` says."""

TASKS = {
    "classify": "bertkit.tasks.classify:Classify",
    "regress": "bertkit.tasks.regress:Regress",
}
