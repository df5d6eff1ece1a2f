"""Whether the embedding is recognized, and whether it is memorized as a fingerprint."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from colorization.core.settings import Embedding, Variant
from colorization.scoring.evaluation import Evaluation
from colorization.study import comparison, embedding, summary, verdicts
from colorization.study.claims import CLAIMS
from colorization.study.experiments import Experiments
from colorization.study.plots import forest_of_embeddings
from evaluated import evaluation
from test_claims import PAPER_RATE, trained
from test_claims import RANDOM as RANDOM_WEIGHTS
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


def sentences_of(experiments: Experiments) -> list[str]:
    judged = verdicts.judge(CLAIMS, experiments)
    return summary.sentences(experiments, summary.summarize_study(experiments, judged))


def verdicts_of(experiments: Experiments) -> list[str]:
    return [judged.verdict for judged in embedding.judge_fingerprint(experiments)]


# Of its photograph's embedding, another's and none: error removed, and the gap.
@pytest.mark.parametrize(
    ("removed", "recognized"),
    [
        ((5.0, 1.0, 2.0), "supported"),
        ((5.0, 5.0, 2.0), "undecided"),
        ((5.0, 1.0, 5.0), "undecided"),
        ((1.0, 5.0, 0.0), "contradicted"),
        # Another photograph's embedding misleads, and its own adds nothing to none.
        ((3.0, 1.0, 5.0), "contradicted"),
    ],
)
@pytest.mark.parametrize(
    ("gaps", "memorized"),
    [
        ((1.8, 1.8, 1.05), "supported"),
        ((1.05, 1.8, 1.05), "undecided"),
        ((1.8, 1.05, 1.05), "undecided"),
        ((1.05, 1.8, 1.4), "contradicted"),
    ],
)
def test_each_statement_has_two_parts_and_is_judged_alone(
    removed: Sequence[float], recognized: str, gaps: Sequence[float], memorized: str
) -> None:
    experiments = study(
        {
            OWN: trained(removed=removed[0], gap=gaps[0]),
            ANOTHER: trained(removed=removed[1], gap=gaps[1]),
            NONE: trained(removed=removed[2], gap=gaps[2], embedding=None),
        }
    )
    assert verdicts_of(experiments) == [recognized, memorized]


def test_a_random_network_is_shown_and_does_not_decide() -> None:
    made = {OWN: trained(5.0), ANOTHER: trained(1.0), NONE: trained(2.0, embedding=None)}
    recognized, _ = embedding.judge_fingerprint(study(made | {RANDOM: trained(9.0)}))
    assert recognized.verdict == "supported"
    assert [finding.outcome for finding in recognized.findings] == [
        "as claimed",
        "as claimed",
        "does not decide",
    ]
    assert recognized.reasons == ["not shown to help more than a random network's embedding"]
    recognized, _ = embedding.judge_fingerprint(study(made | {RANDOM: trained(1.0)}))
    assert recognized.reasons == []
    recognized, _ = embedding.judge_fingerprint(study(made))
    assert (len(recognized.findings), recognized.reasons) == (2, [])


def test_what_a_study_lacks_is_named() -> None:
    without_weights = study(
        {
            NONE: trained(embedding=None),
            **{name: trained(embedding=RANDOM_WEIGHTS) for name in (OWN, ANOTHER)},
        }
    )
    lacking = [f"no ImageNet weights in {RANDOM_WEIGHTS.network}"]
    assert [judged.reasons for judged in embedding.judge_fingerprint(without_weights)] == [
        lacking,
        lacking,
    ]
    one_seed = study({name: trained()[:1] for name in (OWN, ANOTHER, NONE)})
    assert verdicts_of(one_seed) == ["not tested", "not tested"]


@pytest.mark.parametrize("untrained", [OWN, ANOTHER, NONE])
def test_what_is_not_trained_yet_is_named(untrained: str, tmp_path: Path) -> None:
    made = {name: trained(embedding=None) for name in (OWN, ANOTHER, NONE) if name != untrained}
    experiments = study(made, (f"{untrained}-1",))
    for judged in embedding.judge_fingerprint(experiments):
        assert (judged.verdict, judged.reasons) == ("not tested", [f"{untrained}: not trained yet"])
    comparison.write_comparison(experiments, "", HERE, tmp_path)
    page = (tmp_path / "study.md").read_text()
    assert page.count(f"**Not tested**: {untrained}: not trained yet. Supported if") == 2
    assert "nothing to compare" not in page
    if untrained == OWN:
        assert embedding.compare_embeddings(experiments) == []
        assert f"is not tested: `{OWN}` and `{RANDOM}` are not trained yet." in page


@pytest.mark.parametrize("variant", [OWN, ANOTHER, NONE])
def test_a_network_that_gives_a_constant_color_says_nothing_of_the_embedding(variant: str) -> None:
    made = {OWN: trained(5.0), ANOTHER: trained(1.0), NONE: trained(2.0, embedding=None)}
    constant = [
        replace(one, summary=replace(one.summary, constant_output=True)) for one in made[variant]
    ]
    for judged in embedding.judge_fingerprint(study(made | {variant: constant})):
        assert judged.verdict == "not tested"
        assert judged.reasons == [f"{variant}: the network gives a constant color"]


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
    table = embedding.embeddings_table(EVERY, rows)
    cells = {row[1]: row for row in table.rows}
    assert cells[f"`{OWN}`"][3::2] == ["", ""]
    assert cells[f"`{NONE}`"][0] == "none"
    assert cells[f"`{NONE}`"][2].startswith("5.0 (")
    assert cells[f"`{NONE}`"][3].startswith("-1.0 (")
    assert cells[f"`{DROPOUT}`"][4].startswith("1.30 (")
    assert cells[f"`{DROPOUT}`"][5].startswith("1.38 (")
    assert ", p < 0.001" in cells[f"`{DROPOUT}`"][5]
    assert {len(row) for row in table.rows} == {len(table.titles)}


def test_p_values_are_corrected_for_the_three_kinds_that_show_the_worth_of_the_embedding() -> None:
    rows = {row.variant: row for row in embedding.compare_embeddings(EVERY)}
    single = {name: row.gain.p_value(0) or 0 for name, row in rows.items() if row.gain}
    worth = sorted((NONE, RANDOM, ANOTHER), key=lambda name: single[name])
    assert rows[worth[0]].gain_p == pytest.approx(3 * single[worth[0]])
    assert (rows[worth[1]].gain_p or 0) >= 2 * single[worth[1]]
    for exploratory in (RAW, DROPOUT):
        row = rows[exploratory]
        assert row.gain_p == single[exploratory]
        assert row.gap_p == (row.gap_ratio and row.gap_ratio.p_value(1))
    assert rows[OWN].outcome == "not compared"


@pytest.mark.parametrize(
    ("of_another", "finding", "outcome"),
    [
        (-0.2, "as claimed", "a significant gain"),
        (0.1, "as claimed", "not significant after correction"),
        (0.28, "not significantly above 0 points", "not significant with so few seeds"),
        (0.5, "not significantly above 0 points", "not significant"),
    ],
)
def test_the_sentence_and_the_verdict_agree_on_a_comparison(
    of_another: float, finding: str, outcome: str
) -> None:
    # Standard errors of 0.3 / sqrt(3) of each, and Welch's four degrees of freedom: p = 0.008,
    # 0.021, 0.042 and 0.11. Of the three comparisons that are corrected, one is clearer.
    experiments = study(
        {
            OWN: trained(1.0),
            ANOTHER: trained(of_another),
            NONE: trained(-4.0, embedding=None),
            RANDOM: trained(1.0),
        }
    )
    recognized, _ = embedding.judge_fingerprint(experiments)
    assert recognized.findings[0].outcome == finding
    rows = {row.variant: row for row in embedding.compare_embeddings(experiments)}
    assert rows[ANOTHER].outcome == outcome
    assert f"{outcome}) than with that of another photograph." in sentences_of(experiments)[2]


def test_what_holds_is_told_of_three_kinds() -> None:
    sentence = sentences_of(EVERY)[2]
    assert sentence.count(" than ") == 3
    assert "dropout" not in sentence
    assert "removes 1.0 points less (0.3 to 1.7, " in sentence


def test_rows_say_that_a_variant_has_fewer_seeds(tmp_path: Path) -> None:
    experiments = study({OWN: trained(), NONE: trained(embedding=None)[:2]}, (f"{NONE}-3",))
    rows = embedding.compare_embeddings(experiments)
    table = embedding.embeddings_table(experiments, rows)
    assert [row[1] for row in table.rows] == [f"`{OWN}`", f"`{NONE}` (2 of 3 seeds)"]
    one = study({OWN: trained()[:1], NONE: trained(embedding=None)[:1]})
    for name, made, sentences in (("two", experiments, 1), ("one", one, 0)):
        comparison.write_comparison(made, "", HERE, tmp_path / name)
        assert (tmp_path / name / "study.md").read_text().count("The p-values are") == sentences


def test_the_figure_shows_the_gap(tmp_path: Path) -> None:
    def drawn(experiments: Experiments) -> bytes:
        study_summary = summary.summarize_study(experiments, [])
        rows = summary.embedding_rows(experiments, study_summary)
        forest_of_embeddings(rows, summary.VARIANT_KINDS, tmp_path / "embedding.png")
        return (tmp_path / "embedding.png").read_bytes()

    made = {OWN: trained(), NONE: trained(gap=1.1, embedding=None)}
    other = made | {NONE: trained(gap=1.6, embedding=None)}
    assert drawn(study(made)) == drawn(study(made)) != drawn(study(other))


def test_the_page_has_table_figure_and_verdicts(tmp_path: Path) -> None:
    comparison.write_comparison(EVERY, "", HERE, tmp_path / "every", published=True)
    text = (tmp_path / "every" / "study.md").read_text()
    assert "(embedding/embedding.png)" in text
    assert "| its photograph's, not standardized | `bn_maxpool_imagenet_raw` | 3.5 (" in text
    assert "by the embedding, and this helps. **Undecided**: error removed" in text
    assert "as a fingerprint of the photograph. **Supported**. Supported if the gap is" in text
    html = (tmp_path / "every" / "study.html").read_text()
    comparison.write_comparison(study({OWN: trained()}), "", HERE, tmp_path / "one")
    without = (tmp_path / "one" / "study.html").read_text()
    assert html.count('<img src="data:') == without.count('<img src="data:') + 1
    assert list((tmp_path / "one" / "embedding").iterdir()) == []


def test_a_study_without_other_embeddings_says_nothing_of_them(tmp_path: Path) -> None:
    alone = replace(study({OWN: trained()}), lines={OWN: LINES[OWN]})
    comparison.write_comparison(alone, "", HERE, tmp_path)
    page = (tmp_path / "study.md").read_text()
    assert "## What the embedding is worth" not in page
    assert "is not tested: the study has nothing to compare it with." in page


@pytest.mark.parametrize(
    ("options", "line", "of_the_paper"),
    [
        ({}, {}, True),
        ({"train": PAPER_RATE}, {"train": PAPER_RATE}, True),
        ({"train": {"fraction": 0.5}}, {"train": {"fraction": 0.5}}, False),
        ({}, {"embedding": "imagenet_raw"}, True),
        ({}, {"embedding": "another_photograph"}, False),
        ({"embedding": None}, {"embedding": "none"}, False),
        ({"network": "embedding_dropout"}, {"network": "embedding_dropout"}, False),
        ({"embedding": None, "encoder": RANDOM_WEIGHTS, "network": "vgg16_conv"}, {}, True),
    ],
)
def test_the_papers_variants_follow_from_their_trainings(
    options: dict[str, Any], line: dict[str, Any], of_the_paper: bool
) -> None:
    lines = {"mine": LINES[OWN].model_copy(update=line)}
    experiments = replace(study({"mine": trained(**options)}), lines=lines)
    study_summary = summary.summarize_study(experiments, [])
    assert summary.is_of_the_paper(experiments, "mine") == of_the_paper
    assert study_summary.papers == (["mine"] if of_the_paper else [])
    assert study_summary.best_of_paper == ("mine" if of_the_paper else None)
    (kind,) = [row.kind for row in summary.forest_rows(experiments, study_summary) if row.kind]
    assert (kind == summary.VARIANT_KINDS[0]) == of_the_paper
