"""How given answers are judged by those of models that have not seen them: a file per kind of answer."""
