from __future__ import annotations

import zlib

import pytest

from bertkit import extras
from bertkit.errors import ExtraError
from tests.data.read.annotations.reading import message, records, values
from tests.helpers import warnings


@pytest.mark.skipif(extras.has("spacy"), reason="spaCy is installed")
def test_without_spacy_the_message_says_what_to_install(write):
    with pytest.raises(ExtraError, match=r"a\.spacy  needs the package spacy.*pip install 'bertkit\[spacy\]'"):
        records(write("a.spacy", b"x"))


@pytest.mark.skipif(not extras.has("spacy"), reason="spaCy is not installed")
class TestWithSpacy:
    def test_documents_with_entities_and_classes(self, write, caplog):
        import spacy
        from spacy.tokens import DocBin, Span

        language = spacy.blank("en")
        doc, other = language("Mara flew to Oslo"), language("Nothing here")
        doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 3, 4, "LOC")]
        doc.spans["sc"] = [Span(doc, 0, 2, "X")]
        doc.cats = {"pos": 1.0, "neg": 0.0}
        path = write("a.spacy", DocBin(docs=[doc, other], store_user_data=True).to_bytes())
        spans = [{"start": 0, "end": 4, "label": "PER"}, {"start": 13, "end": 17, "label": "LOC"}]
        assert values(path) == [
            {"text": "Mara flew to Oslo", "spans": spans, "label": ["pos"]},
            {"text": "Nothing here", "spans": []},
        ]
        assert warnings(caplog) == ["groups of spans of spaCy's (sc), not read: 1 (a.spacy[row 1])"]

    @pytest.mark.parametrize("content", [b"", b"hello", zlib.compress(b"hello"), zlib.compress(b"\x81\xa1a\x01")])
    def test_other_files_are_told(self, write, content):
        assert message(write("a.spacy", content)) == (
            "a.spacy  can not be read as a DocBin of spaCy's; is it what spacy convert or DocBin.to_disk wrote?"
        )
