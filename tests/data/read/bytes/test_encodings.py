from __future__ import annotations

import io

import pytest

from bertkit.data.read.bytes.encodings import of_file

TEXTS = {
    "gb18030": "text,label\n这部电影很好看，我喜欢,正面\n服务太差了,负面\n",
    "big5": "text,label\n這部電影很好看，我喜歡,正面\n服務太差了，不會再來。,負面\n",
    "shift_jis": "text,label\nこの映画はとても面白かったです。,良い\n",
    "euc-jp": "text,label\nこの映画はとても面白かったです。,良い\n",
    "euc-kr": "text,label\n이 영화는 정말 재미있어요,긍정\n",
    "cp1252": "text,label\nJ'ai été déçu par l’accueil,négatif\nfür die Straße über Äcker,x\n¿Qué tal?,y\n",
    "cp1250": "text,label\nwspaniały film, książka też,x\nmoże być,y\n",
    "cp1251": "text,label\nПривет, как дела? Всё хорошо,хорошо\n",
    "koi8-r": "text,label\nПривет, как дела? Всё хорошо,хорошо\n",
    "utf-16-le": "text,label\n这部电影很好看,x\n",
    "utf-16-be": "text,label\nfine,x\n",
    "utf-8": "text,label\ncafé,x\n",
}


def found(content: bytes, read_as: str) -> str:
    return of_file(lambda: io.BufferedReader(io.BytesIO(content)), read_as)


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_of_texts_is_found(encoding):
    content = TEXTS[encoding].encode(encoding)
    assert found(content, "ascii") == encoding
    assert found(content, encoding) != encoding


def test_nothing_is_proposed_where_a_part_does_not_decode_or_nothing_is_plausible():
    assert found(TEXTS["gb18030"].encode("gb18030") + b"\xff\n", "utf-8") == ""
    assert found(bytes(range(0x80, 0x100)) * 9, "utf-8") == ""
    assert found("Ã© â€™ Ã¼".encode(), "cp1252") == "utf-8"
    assert found("naïve – café’s".encode() + b"\xe2\x80?", "utf-8") == ""


def test_a_file_that_can_not_be_opened_again_has_none():
    def fails() -> io.BufferedReader:
        raise OSError

    assert of_file(fails, "utf-8") == ""
