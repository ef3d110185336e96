"""The live counter counts as the server does."""

import random

from rookery.core.text import weighted_length
from scripts.scene import Scene
from tests.browser.visiting import Visit

_PIECES = (
    "a", "Z", " ", "\n", ".", "..", "/", ":", "@", "#", "$", "-", "_", "(", ")", "?", "&", "=", "é", "e\u0301", "ß",
    "日本", "語", "한글", "ไทย", "غراب", "\u200d", "\ufe0f", "👩", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇯🇵", "🇯", "1️⃣", "©", "©️",
    "❤️", "👍🏽", "™",
    "http://", "HTTPS://", "www.", "example", ".com", ".COM", ".co.uk", ".de", ".рф", ".みんな", ".end", "foo.bar",
    "https://t.co/abc", "https://t.co/" + "x" * 41, "bücher.de", "xn--bcher-kva.de", "/path(with)_brackets", "?q=1&r=2",
    "x" * 63 + ".com", "x" * 64 + ".com", "ü" * 60 + ".com", "“quoted”", "…", "—", "user@example.com",
)  # fmt: skip
_TEXTS = 1_500


def test_the_counter_of_the_script_is_the_servers(reader: Visit, scene: Scene) -> None:
    """Over many texts of links, emoji and scripts the weight that the script finds is that of core/text. Left out are
    joiners in host names, which browsers take away before they measure such a name."""
    chance = random.Random(7)
    texts = ["".join(chance.choices(_PIECES, k=chance.randint(1, 9))) for _ in range(_TEXTS)]
    texts = [text for text in (*texts, *_PIECES) if not ("\u200d" in text and "://" in text)]
    page = reader.page("/")
    counted = page.evaluate(
        """async (texts) => {
          const script = document.querySelector("script[type=module]").src;
          const { weightOf } = await import(new URL("./weight.js", script));
          return Promise.all(texts.map(weightOf));
        }""",
        texts,
    )
    page.close()

    assert [] == [
        (text, weight, weighted_length(text))
        for text, weight in zip(texts, counted, strict=True)
        if weight != weighted_length(text)
    ]
