"""Whether texts of other languages come back, accents and all, when tesseract reads them in their language."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from train.evaluate.legibility import canonical_text

#: Sentences in nine languages, by the names of tesseract's data.
SENTENCES = {
    "deu": [
        "Grüße aus Köln und schöne Tage",
        "Möchtest du später Äpfel kaufen?",
        "Über den Wäldern zogen Vögel",
        "Die Tür blieb für Gäste geöffnet",
        "Fünf müde Brüder hörten zu",
        "Jetzt wäre es höchste Zeit",
    ],
    "fra": [
        "Ça va très bien, merci à vous",
        "L'été dernier nous étions à Nîmes",
        "Où êtes-vous allés après le dîner?",
        "Le garçon préfère le café léger",
        "Noël approche, la forêt est gelée",
        "Elle a déjà posté sa réponse",
    ],
    "spa": [
        "Mañana iré a la montaña",
        "El niño comió un plátano",
        "Cuándo llegará el próximo avión",
        "La canción sonó después de las diez",
        "Aquí está el corazón de la región",
        "El pingüino nadó también",
    ],
    "por": [
        "A manhã começou com café e pão",
        "Não há lições amanhã à tarde",
        "As crianças estão na praça",
        "O avô lê histórias até às três",
        "Você já viu o céu de São Paulo?",
        "Os órgãos são antigos e únicos",
    ],
    "pol": [
        "Źdźbło trawy rośnie przy ścieżce",
        "Proszę o gęsią zupę i chleb",
        "Wczoraj było bardzo późno",
        "Żółty liść spadł na łąkę",
        "Dziękuję za miłą książkę",
        "Mój wujek mieszka w Łodzi",
    ],
    "ces": [
        "Příští týden přijede můj bratr",
        "Žlutý kůň běží přes řeku",
        "Děkuji za krásný večer",
        "Dům stojí blízko staré školy",
        "Večeře byla včera výborná",
        "Šťastnou cestu a dobrý čas",
    ],
    "swe": [
        "Vi åker till sjön på lördag",
        "Älgen står på ängen på våren",
        "Hon köpte två blå tröjor",
        "Mörkret föll över ön i går",
        "Får jag låna din båt?",
        "Åtta små kråkor åt bröd",
    ],
    "tur": [
        "Güneş doğunca çocuklar uyandı",
        "Işık söndü ve gece başladı",
        "Yarın öğle yemeğine gel",
        "İstanbul çok güzel bir şehir",
        "Ağaçların gölgesinde oturduk",
        "Küçük kız şarkı söylüyor",
    ],
    "vie": [
        "Tôi rất thích đọc sách",
        "Trời hôm nay đẹp quá",
        "Mẹ nấu cơm rất ngon",
        "Chúng tôi sống ở Hà Nội",
        "Cảm ơn bạn đã đến đây",
        "Đặng đi chợ mỗi buổi sáng",
    ],
}


def is_accented(c: str) -> bool:
    """Whether a character is a letter beyond ASCII."""
    return c.isalpha() and not c.isascii()


@dataclass
class Reading:
    """How texts came back, summed over them."""

    accented: int = 0  # letters beyond ASCII
    returned: int = 0  # of these, read as they are
    wrong: int = 0  # characters to insert, delete or replace
    characters: int = 0

    def add(self, text: str, read: str) -> None:
        """Count one text and what was read."""
        text, read = (canonical_text(unicodedata.normalize("NFC", part)) for part in (text, read))
        operations = Levenshtein.editops(text, read)
        changed = {operation.src_pos for operation in operations if operation.tag != "insert"}
        places = [at for at, c in enumerate(text) if is_accented(c)]
        self.accented += len(places)
        self.returned += sum(at not in changed for at in places)
        self.wrong += len(operations)
        self.characters += len(text)

    def __add__(self, other: Reading) -> Reading:
        return Reading(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def row(self, name: str) -> str:
        """A row of a table in Markdown."""
        share = self.returned / max(self.accented, 1)
        return f"| {name} | {self.returned} of {self.accented} | {share:.1%} | {self.wrong / self.characters:.3f} |"


def table(readings: Sequence[tuple[str, Reading]]) -> str:
    """Readings as a table in Markdown, with their sum."""
    total = sum((reading for _, reading in readings), Reading())
    rows = [reading.row(name) for name, reading in [*readings, ("all", total)]]
    return "\n".join(["| | accented letters back | | character error rate |", "| --- | --- | --- | --- |", *rows])
