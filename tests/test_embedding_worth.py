"""Whether the embedding is recognized, and whether it is memorized as a fingerprint."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorization.core.settings import Embedding, Variant
from colorization.scoring.evaluation import Evaluation
from colorization.study import comparison, embedding, measures, summary, verdicts
from colorization.study.claims import CLAIMS
from colorization.study.experiments import Experiments
from colorization.study.plots import Interval, forest_of_embeddings
from evaluated import evaluation
from samples import reopened
from test_claims import IMAGENET, trained
from test_comparison import HERE

OWN, NONE, RANDOM = "bn_maxpool", "bn_maxpool_no_embedding", "bn_maxpool_random_network"
ANOTHER, RAW, DROPOUT = (
    "bn_maxpool_another_photograph",
    "bn_maxpool_imagenet_raw",
    "bn_maxpool_embedding_dropout",
)
EMBEDDINGS: dict[str, Embedding] = {
    OWN: "imagenet",
    RAW: "imagenet_raw",
    ANOTHER: "another_photograph",
    RANDOM: "random_network",
    NONE: "none",
    DROPOUT: "imagenet",
}
LINES = {
    name: Variant(
        network="embedding_dropout" if name == DROPOUT else "bn_maxpool",
        embedding=kind,
        encoder="none",
    )
    for name, kind in EMBEDDINGS.items()
}


def study(trainings: dict[str, list[Evaluation]], missing: tuple[str, ...] = ()) -> Experiments:
    history = evaluation().history
    keyed = {
        (name, seed): replace(made, history=history)
        for name, of_one in trainings.items()
        for seed, made in enumerate(of_one, 1)
    }
    return Experiments(keyed, "photos.zip", [*missing], lines=LINES)


def verdicts_of(experiments: Experiments) -> list[str]:
    return [judged.verdict for judged in embedding.judge_fingerprint(experiments)]


@pytest.mark.parametrize(
    ("own", "another", "recognized"),
    [(5.0, 1.0, "supported"), (5.0, 5.0, "undecided"), (1.0, 5.0, "contradicted")],
)
@pytest.mark.parametrize(
    ("fingerprint", "without", "memorized"),
    [(1.8, 1.05, "supported"), (1.05, 1.05, "undecided"), (1.05, 1.8, "contradicted")],
)
def test_both_parts_are_judged_alone(
    own: float, another: float, recognized: str, fingerprint: float, without: float, memorized: str
) -> None:
    experiments = study(
        {
            OWN: trained(removed=own),
            ANOTHER: trained(removed=another, gap=fingerprint),
            NONE: trained(gap=without, embedding=None),
        }
    )
    assert verdicts_of(experiments) == [recognized, memorized]


def test_what_a_study_lacks_is_named() -> None:
    partly = study({OWN: trained(), NONE: trained(embedding=None)}, (f"{ANOTHER}-1",))
    recognized, memorized = embedding.judge_fingerprint(partly)
    assert recognized.reasons == memorized.reasons == [f"{ANOTHER}: not trained yet"]
    random = IMAGENET.model_copy(update={"weights": "random"})
    without_weights = study({OWN: trained(embedding=random), ANOTHER: trained(embedding=random)})
    assert verdicts_of(without_weights) == ["not tested", "not tested"]
    one_seed = study({name: trained()[:1] for name in (OWN, ANOTHER, NONE)})
    assert verdicts_of(one_seed) == ["not tested", "not tested"]


EVERY = study(
    {
        OWN: trained(removed=4.0, gap=1.8),
        NONE: trained(removed=5.0, gap=1.05, embedding=None),
        RANDOM: trained(removed=3.0, gap=1.1),
        ANOTHER: trained(removed=1.0, gap=1.79),
        RAW: trained(removed=3.5, gap=1.9),
        DROPOUT: trained(removed=4.5, gap=1.3),
    }
)


def test_a_row_per_kind_compares_error_removed_and_gap_with_that_of_the_photograph() -> None:
    rows = embedding.compare_embeddings(EVERY)
    assert [row.variant for row in rows] == [OWN, NONE, RANDOM, ANOTHER, RAW, DROPOUT]
    table = embedding.embeddings_table(rows)
    cells = {row[1]: row for row in table.rows}
    assert cells[f"`{OWN}`"][3::2] == ["", ""]
    assert cells[f"`{NONE}`"][0] == "none"
    assert cells[f"`{NONE}`"][2].startswith("5.0 (")
    assert cells[f"`{NONE}`"][3].startswith("-1.0 (")
    assert cells[f"`{DROPOUT}`"][4].startswith("1.30 (")
    assert cells[f"`{DROPOUT}`"][5].startswith("1.38 (")
    assert ", p < 0.001" in cells[f"`{DROPOUT}`"][5]
    assert {len(row) for row in table.rows} == {len(table.titles)}


def test_p_values_are_corrected_for_the_number_of_kinds() -> None:
    rows = embedding.compare_embeddings(EVERY)
    single = [
        estimate.p_value(0)
        for name in (NONE, RANDOM, ANOTHER, RAW, DROPOUT)
        if (estimate := measures.lead(OWN, name)(EVERY))
    ]
    corrected = [row.gain_p for row in rows[1:]]
    smallest = int(np.argmin([p or 0 for p in single]))
    assert corrected[smallest] == pytest.approx(5 * (single[smallest] or 0))
    assert all((one or 0) >= (p or 0) for one, p in zip(corrected, single, strict=True))


def test_what_holds_is_told_of_three_kinds() -> None:
    sentences = summary.sentences(
        EVERY, summary.summarize_study(EVERY, verdicts.judge(CLAIMS, EVERY))
    )
    assert sentences[2].count(" than ") == 3
    assert "dropout" not in sentences[2]


def test_the_figure_has_a_panel_for_the_gap_once_it_is_measured(tmp_path: Path) -> None:
    rows = summary.embedding_rows(
        EVERY, summary.summarize_study(EVERY, verdicts.judge(CLAIMS, EVERY))
    )
    alone: list[tuple[Interval, Interval | None]] = [(removed, None) for removed, _ in rows]
    widths = {}
    for name, drawn in {"both": rows, "alone": alone}.items():
        forest_of_embeddings(drawn, summary.KINDS, tmp_path / f"{name}.png")
        forest_of_embeddings(drawn, summary.KINDS, tmp_path / "again.png")
        assert (tmp_path / "again.png").read_bytes() == (tmp_path / f"{name}.png").read_bytes()
        widths[name] = reopened(tmp_path / f"{name}.png").width
    assert widths["both"] > 1.4 * widths["alone"]


def test_the_page_has_table_figure_and_verdicts(tmp_path: Path) -> None:
    comparison.write_comparison(EVERY, "", HERE, tmp_path / "every", published=True)
    text = (tmp_path / "every" / "study.md").read_text()
    assert "(embedding/embedding.png)" in text
    assert "| its photograph's, not standardized | `bn_maxpool_imagenet_raw` | 3.5 (" in text
    assert (
        "- The embedding is recognized: what it says of the content helps. **Supported**." in text
    )
    assert "as a fingerprint of the photograph. **Supported**. Supported if the gap with" in text
    assert "supported" not in (tmp_path / "every" / "metrics.json").read_text()
    assert 'src="data:' in (tmp_path / "every" / "study.html").read_text()
    comparison.write_comparison(study({OWN: trained()}), "", HERE, tmp_path / "one")
    assert list((tmp_path / "one" / "embedding").iterdir()) == []
    assert "What the embedding is worth" not in (tmp_path / "one" / "study.md").read_text()
