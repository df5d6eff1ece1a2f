"""The schema of params.yaml, and the messages on invalid files."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import load_yaml

from colorization.core.errors import ColorizationError
from colorization.core.parameters import Section, read_yaml
from colorization.core.settings import RESERVED, Params, load_params, redact
from colorization.networks import catalog
from mutations import mutants
from samples import ROOT

PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))
QUICK = ROOT / "profiles" / "quick.yaml"
REMOVED = object()
SECTIONS: dict[str, type[Section]] = {
    name: field.annotation  # type: ignore[misc]
    for name, field in Params.model_fields.items()
    if name != "variants"  # a mapping, which only the whole file's reader validates
}


def changed(folder: Path, key: str, value: object) -> Path:
    """The quick profile with one key set, or removed, written into `folder`."""
    content = yaml.safe_load(QUICK.read_text())
    section = content
    *parents, last = key.split(".")
    for parent in parents:
        section = section.setdefault(parent, {})
    if value is REMOVED:
        del section[last]
    else:
        section[last] = value
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def read(path: Path) -> Params:
    return load_params(path, catalog.declared())


def refusal(path: Path) -> str:
    """The one-line error on an invalid params file."""
    with pytest.raises(ColorizationError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model.variant", "typo", "must be one of baseline, *, efficientnet_unet; found 'typo'"),
        ("model.variant", "", "should have at least 1 character; found ''"),
        ("variants", {}, "should have at least 1 item after validation, not 0; found {}"),
        ("variants", ["l2"], "must be an object; found ['l2']"),
        ("variants.l2", "l2", "must be an object; found 'l2'"),
        ("variants.l2.embedding", REMOVED, "is missing"),
        ("variants.l2.seed", 1, "is not a parameter; remove it or correct its name"),
        ("variants.l2.network", "unet", "must be one of baseline, *, vgg19_unet; found 'unet'"),
        (
            "variants.l2.embedding",
            "noise",
            "must be one of none, imagenet, imagenet_raw, random_network, another_photograph",
        ),
        (
            "variants.l2.encoder",
            "vgg",
            "must be one of none, vgg16, vgg19, mobilenet_v2, efficientnet_lite2; found",
        ),
        (
            "variants.l2.encoder",
            "vgg16",
            "must be none, as for any variant of the network l2; found vgg16",
        ),
        (
            "variants.vgg16_conv.encoder",
            "none",
            "must be vgg16, as for any variant of the network vgg16_conv; found none",
        ),
        (
            "variants.vgg16_conv.encoder",
            "vgg19",
            "must be vgg16, as for any variant of the network vgg16_conv; found vgg19",
        ),
        (
            "variants.vgg16_conv.embedding",
            "imagenet",
            "must be none, since the network vgg16_conv takes no embedding; found imagenet",
        ),
        ("variants.l2.train", None, "must be an object; found None"),
        ("variants.l2.train.epoch", 3, "is not a parameter; remove it or correct its name"),
        ("variants.l2.train.epochs", 0, "must be greater than or equal to 1; found 0"),
        ("variants.l2.train.epochs", "3", "valid integer; found '3' (text to YAML; write 3)"),
        ("variants.l2.train.flip", 1, "must be a valid boolean; found 1"),
        ("variants.l2.train.fraction", 0, "must be greater than or equal to 0.001; found 0"),
        ("variants.l2.train.fraction", 1.5, "must be less than or equal to 1; found 1.5"),
        ("variants.l2.train.schedule", "linear", "must be one of exponential, cosine; found"),
        ("embed.network", "vgg", "must be one of inception_resnet_v2, inception_v3, mobilenet_v2;"),
        ("preprocess.image_size", -64, "must be greater than or equal to 32; found -64"),
        ("preprocess.image_size", 100, "must be a multiple of 32; found 100"),
        ("preprocess.image_size", 64.0, "found 64.0"),
        ("split.ratios", [0.9, 0.05, 0.5], "must sum to 1; found 0.9 + 0.05 + 0.5 = 1.45"),
        ("split.min_chroma", float("nan"), "found nan"),
        ("split.min_chroma", float("inf"), "found inf"),
        ("train.learning_rate", float("nan"), "found nan"),
        ("train.learning_rate", 0, "must be greater than 0; found 0"),
        ("train.learning_rate", 1e30, "must be less than or equal to 1000; found 1e+30"),
        ("train.schedule", "linear", "must be one of exponential, cosine; found 'linear'"),
        ("train.crop", 48, "must be a multiple of 32; found 48"),
        ("train.crop", 1024, "must be at most preprocess.image_size, 64; found 1024"),
        ("variants.l2.train.crop", 96, "must be at most preprocess.image_size, 64; found 96"),
        ("train.encoder_lr_multiplier", 2.0, "must be less than or equal to 1; found 2.0"),
        ("train.fraction", 0.0, "must be greater than or equal to 0.001; found 0.0"),
        ("train.min_chroma", 135, "must be less than or equal to 134; found 135"),
        ("train.decay_steps", 10**400, f"equal to 1000000000; found {'1' + '0' * 119}..."),
        ("train.epochs", 10**30, "must be less than or equal to 1000000; found 1000000000"),
        ("train.batch_size", 5000, "must be less than or equal to 4096; found 5000"),
        ("train.num_val_images", 10**9, "must be less than or equal to 1000000; found 1000000000"),
        ("embed.batch_size", 10**30, "must be less than or equal to 32; found 1000000000"),
        ("evaluate.batch_size", 100_000, "must be less than or equal to 1024; found 100000"),
        ("evaluate.num_samples", 10**6, "must be less than or equal to 1000; found 1000000"),
        ("evaluate.num_best_worst", 10**6, "must be less than or equal to 1000; found 1000000"),
        ("split.min_side", 10_000, "must be less than or equal to 9459; found 10000"),
        ("split.max_aspect", 1e300, "must be less than or equal to 100000000; found 1e+300"),
        ("split.min_chroma", 135, "must be less than or equal to 134; found 135"),
        ("download.scenes.count", 10**12, "must be less than or equal to 1000000; found 10000000"),
        ("download.scenes.width", 100_000, "must be less than or equal to 1024; found 100000"),
        ("study.seeds", list(range(1001)), "should have at most 1000 items after validation, not"),
        ("train.epochs", "12", "valid integer; found '12' (text to YAML; write 12)"),
        ("train.epochs", True, "valid integer; found True"),
        ("train.epochs", None, "valid integer; found None"),
        ("train.flip", 1, "valid boolean; found 1"),
        ("train", 3, "found 3"),
        ("train.batchsize", 8, "is not a parameter; remove it or correct its name"),
        ("train.batch_size", REMOVED, "is missing"),
        ("evaluate", REMOVED, "is missing"),
        ("study.seeds", [], "found []"),
        ("encoders.vgg16", "", "found ''"),
        ("encoders", REMOVED, "is missing"),
        ("study.seeds", [1, 1], "must name each item once; found [1, 1]"),
        ("download.source", "", "found ''"),
        ("download.scenes.width", 0, "must be greater than or equal to 32; found 0"),
    ],
)
def test_an_invalid_value_is_refused_with_its_key_the_expected_and_the_actual_value(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    line = refusal(changed(tmp_path, key, value))
    assert line.startswith(f"{key} ")
    position = 0
    for piece in message.split("*"):  # whatever names come between
        position = line.index(piece, position) + len(piece)


@pytest.mark.parametrize("ratios", [[0.9, 0.1], [1, 0, 0], [0.5, 0.6, -0.1], ["nan", 0.5, 0.5]])
def test_ratios_are_three_fractions(tmp_path: Path, ratios: list) -> None:
    with pytest.raises(ColorizationError, match=r"params\.yaml: split\.ratios"):
        read(changed(tmp_path, "split.ratios", ratios))


def test_the_chosen_variant_may_be_any_line(tmp_path: Path) -> None:
    for name in read(QUICK).variants:
        assert read(changed(tmp_path, "model.variant", name)).model.variant == name
    path = changed(tmp_path, "variants", {"mine": LINE_WITHOUT_EMBEDDING})
    assert refusal(path) == "model.variant must be one of mine; found 'bn_maxpool'"


LINE_WITHOUT_EMBEDDING = {"network": "bn_maxpool", "embedding": "none", "encoder": "none"}


def test_raw_logits_may_be_the_chosen_variants(tmp_path: Path) -> None:
    raw = LINE_WITHOUT_EMBEDDING | {"embedding": "imagenet_raw"}
    path = changed(tmp_path, "variants", {"raw": raw})
    path.write_text(
        path.read_text()
        .replace("controls: []", "controls: [imagenet_raw]")
        .replace("variant: bn_maxpool\n", "variant: raw\n")
    )
    assert read(path).model.variant == "raw"


@pytest.mark.parametrize("embedding", ["random_network", "another_photograph"])
def test_a_variant_with_an_embedding_that_no_photograph_has_cannot_be_chosen(
    tmp_path: Path, embedding: str
) -> None:
    line = LINE_WITHOUT_EMBEDDING | {"embedding": embedding}
    path = changed(tmp_path, "variants.control", line)
    assert refusal(path) == f"variants.control.embedding: study.controls must list {embedding}, too"
    path.write_text(path.read_text().replace("controls: []", f"controls: [{embedding}]"))
    assert read(path).trainings()[-1] == ("control", 1)
    text = path.read_text()
    path.write_text(text.replace("variant: bn_maxpool\n", "variant: control\n"))
    assert path.read_text() != text
    assert refusal(path).endswith("efficientnet_unet; found 'control', a control")
    assert "control" not in refusal(path).partition(";")[0]


def test_every_variant_is_trained_from_every_seed(tmp_path: Path) -> None:
    params = read(changed(tmp_path, "study.seeds", [2, 1]))
    assert params.trainings()[:3] == [("baseline", 2), ("baseline", 1), ("deeper", 2)]
    assert len(params.trainings()) == 2 * len(params.variants)


@pytest.mark.parametrize("name", ["A", "1x", "_x", "x-1", "x.y", "x y", "é", "x" * 101, ""])
def test_a_variants_name_consists_of_lower_case_letters_digits_and_underscores(
    tmp_path: Path, name: str
) -> None:
    # Names are part of file names, of stages and of parameters.
    content = yaml.safe_load(QUICK.read_text())
    content["variants"][name] = LINE_WITHOUT_EMBEDDING
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert refusal(path).startswith("variants must have names of up to 100 lowercase letters, ")


@pytest.mark.parametrize("name", RESERVED)
def test_a_variant_is_not_named_as_other_columns_of_the_study(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path, f"variants.{name}", LINE_WITHOUT_EMBEDDING)
    assert refusal(path) == (
        f"variants must not have the names constant, gray, images, "
        f"images_scored, photograph, truth; found {name!r}"
    )


def test_the_epochs_of_a_fraction_are_limited_as_all_epochs_are(tmp_path: Path) -> None:
    path = changed(tmp_path, "variants.l2.train", {"epochs": 2000, "fraction": 0.001})
    assert refusal(path) == (
        "variants.l2: epochs / fraction must be at most 1,000,000; found 2,000 / 0.001"
    )


def test_a_variants_name_may_have_digits_and_underscores(tmp_path: Path) -> None:
    assert "x_1" in read(changed(tmp_path, "variants.x_1", LINE_WITHOUT_EMBEDDING)).variants


def test_all_disagreements_are_reported_at_once(tmp_path: Path) -> None:
    lines = {
        "one": LINE_WITHOUT_EMBEDDING | {"network": "unet"},
        "two": LINE_WITHOUT_EMBEDDING | {"train": {"epochs": 0, "rate": 1, "batch_size": "8"}},
    }
    path = changed(tmp_path, "variants", lines)
    with pytest.raises(ColorizationError) as caught:
        read(path)
    assert str(caught.value).splitlines() == [
        f"{path}: variants.one.network must be one of {', '.join(catalog.names())}; found 'unet'",
        f"{path}: variants.two.train.epochs must be greater than or equal to 1; found 0",
        f"{path}: variants.two.train.batch_size must be a valid integer; found '8' (text to YAML; "
        "write 8)",
        f"{path}: variants.two.train.rate is not a parameter; remove it or correct its name",
        f"{path}: model.variant must be one of one, two; found 'bn_maxpool'",
    ]


def test_overrides_replace_values_of_train_and_leave_the_others(tmp_path: Path) -> None:
    params = read(changed(tmp_path, "variants.l2.train", {"epochs": 1, "flip": False}))
    changes = params.variants["l2"].train
    expected = params.train.model_copy(update={"epochs": 1, "flip": False})
    assert params.train.override(changes, "l2") == expected
    assert params.train.override({}, "l2") == params.train


def test_a_params_file_with_lists_of_variants_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("study: {with_embedding: [baseline], without_embedding: {}, seeds: [1]}\n")
    assert refusal(path) == (
        "variants is missing; each variant is now a line of `variants`: start from a file of "
        "profiles/ and set your values there"
    )


WRONG = {
    "download": ("source", ""),
    "split": ("ratios", [0.9, 0.05, 0.5]),
    "preprocess": ("image_size", 100),
    "embed": ("network", "vgg"),
    "encoders": ("vgg16", ""),
    "model": ("variant", ""),
    "variants": ("l2", 1),
    "study": ("seeds", []),
    "train": ("epochs", 0),
    "evaluate": ("batch_size", "32"),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_read_whatever_the_others_contain(tmp_path: Path, name: str) -> None:
    content = yaml.safe_load(QUICK.read_text())
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({name: content[name], "other": 1}))
    assert SECTIONS[name].load(path) == getattr(read(QUICK), name)
    key, value = WRONG[name]
    content[name][key] = value
    path.write_text(yaml.safe_dump(content))
    for other in set(SECTIONS) - {name}:
        assert SECTIONS[other].load(path) == getattr(read(QUICK), other)
    with pytest.raises(ColorizationError) as caught:
        SECTIONS[name].load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: {name}.{key} ")
    assert message == refusal_in_full(path)  # the same words as of the whole


def refusal_in_full(path: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_missing_section_is_reported(tmp_path: Path, name: str) -> None:
    path = tmp_path / "params.yaml"
    for content in ("{}", "- 1", "", "other: 1"):
        path.write_text(content)
        with pytest.raises(ColorizationError) as caught:
            SECTIONS[name].load(path)
        assert str(caught.value) == f"{path}: {name} is missing"


def test_mistakes_in_all_sections_are_reported_at_once(tmp_path: Path) -> None:
    content = yaml.safe_load(QUICK.read_text())
    for name, (key, value) in WRONG.items():
        content[name][key] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ColorizationError) as caught:
        read(path)
    keys = [line.removeprefix(f"{path}: ").split()[0] for line in str(caught.value).splitlines()]
    assert keys == [f"{name}.{WRONG[name][0]}" for name in Params.model_fields]


def test_every_mistake_gets_its_own_line(tmp_path: Path) -> None:
    path = changed(tmp_path, "train.epochs", 0)
    path.write_text(path.read_text() + "extra: 1\n")
    with pytest.raises(ColorizationError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file must be an object; found None"),
        (b"- 1\n", "the file must be an object; found [1]"),
        (b"train: [1\n", "not valid YAML"),
        (b"\xff\xfe\x00", "not valid YAML"),
        (b"train: &train [*train]\n", f"line 1: train{'.0' * 20}: more than 20 levels"),
        (b"1: 1\n", "line 1: has a key that is not a string"),
        (
            b"!!python/object/apply:os.getcwd []\n",
            "line 1: '!!python/object/apply:os.getcwd' is not needed; write the value alone",
        ),
        (b"train: [1\ntest: 1\n", "line 2: not valid YAML: expected ',' or ']', but got ':'"),
        (b"a: '\\'\nb: *a\n", "line 2: not valid YAML: found undefined alias 'a'"),
        (b'a: "\\UFFFFFFFF"\n', "not valid YAML: Python int too large to convert to C int"),
        (b"#" * 300_000, "more than 65,536 bytes, too large for parameters"),
    ],
)
def test_a_file_that_holds_no_parameters_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ColorizationError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert any(message in line for line in lines)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml") == "No such file or directory"


def keys(section: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of a params file, except those of `variants`."""
    for key, value in section.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict) and key != "variants":
            yield from keys(value, f"{prefix}{key}.")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_suits_its_networks_and_has_the_keys_of_the_params_file(
    profile: Path,
) -> None:
    read(profile)
    current = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert list(keys(yaml.safe_load(profile.read_text()))) == list(keys(current))


def test_the_committed_params_file_is_the_quick_profile() -> None:
    assert (ROOT / "params.yaml").read_bytes() == QUICK.read_bytes()


def test_no_parameter_has_a_name_that_the_run_cache_of_dvc_ignores() -> None:
    names = {key.split(".")[-1] for key in keys(yaml.safe_load(QUICK.read_text()))}
    assert not names & {"size", "nfiles"}


def rewritten(folder: Path, pattern: str, replacement: str) -> Path:
    """The params file with one place of its text replaced."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path = folder / "params.yaml"
    path.write_text(re.sub(pattern, lambda _: replacement, text, count=1))
    return path


@pytest.mark.parametrize("written", ["1:30", "190:20:30", "yes", "12.0.0"])
def test_what_only_yaml_1_1_reads_as_a_number_is_text(tmp_path: Path, written: str) -> None:
    path = rewritten(tmp_path, r"epochs: \S+", f"epochs: {written}")
    assert refusal(path) == f"train.epochs must be a valid integer; found {written!r}"


@pytest.mark.parametrize(
    "written",
    ["+12", "1_000", "010", "0x10", "0o17", "1e-05", "1.5E-4", "1:30", "yes", "~", "{<<: {a: 1}}"],
)
def test_values_are_those_that_dvc_reads(tmp_path: Path, written: str) -> None:
    path = rewritten(tmp_path, r"epochs: \S+", f"epochs: {written}")
    expected = load_yaml(path)
    assert read_yaml(path) == expected
    assert type(read_yaml(path)["train"]["epochs"]) is type(expected["train"]["epochs"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "http://user:secret@host.org/x.zip?token=T",
            "must not contain a user and password, since params.yaml is recorded with every "
            "result; write `machine HOST login USER password PASSWORD` into ~/.netrc",
        ),
        (
            "https://secret@host.org/x.zip",
            "must not contain a user and password, since params.yaml is recorded with every "
            "result; write `machine HOST login USER password PASSWORD` into ~/.netrc",
        ),
        (
            "https://host.org/x.zip?id=1&token=secret#md5=1",
            "must not contain its token, since params.yaml is recorded with every result; "
            "write token=$NAME, and set the environment variable NAME",
        ),
        (
            "https://host.org/x.zip?price=$1",
            "has a $ in its query without the name of an environment variable; "
            "write $$ for a literal $",
        ),
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_shown(
    tmp_path: Path, source: str, message: str
) -> None:
    assert refusal(changed(tmp_path, "download.source", source)) == f"download.source {message}"


QUERIES = {
    "access_token": False,
    "X-Amz-Signature": False,
    "X-Amz-Security-Token": False,
    "AWSAccessKeyId": False,
    "sig": False,
    "key": False,
    "api_key": False,
    "apikey": False,
    "auth": False,
    "pwd": False,
    "client_secret": False,
    "id": True,
    "download": True,
    "author": True,
    "keyword": True,
    "signal": True,
    "monkey": True,
}


@pytest.mark.parametrize("name", QUERIES)
def test_secrets_in_a_query_are_recognized_by_their_key(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path, "download.source", f"https://host.org/x.zip?v=1&{name}=1")
    if QUERIES[name]:
        read(path)
    else:
        assert refusal(path).startswith(f"download.source must not contain its {name}, since")
    path = changed(tmp_path, "download.source", f"https://host.org/x.zip?v=1&{name}=$IT")
    assert read(path).download.redacted_source == "https://host.org/x.zip"


@pytest.mark.parametrize(
    ("source", "redacted"),
    [
        ("scenes", "scenes"),
        ("a?b/c@d.zip", "a?b/c@d.zip"),
        ("https://h/a@b/x.zip?id=1#md5=2", "https://h/a@b/x.zip#md5=2"),
        ("ftp://u:p@h/x.zip", "ftp://h/x.zip"),
    ],
)
def test_a_source_is_redacted(source: str, redacted: str) -> None:
    assert redact(source) == redacted


LINE = (ROOT / "params.yaml").read_text(encoding="utf-8").partition("  epochs:")[0].count("\n") + 1


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('"a\\e[31mb"', r"train.epochs: contains a control character: 'a\x1b[31mb'"),
        (r'"\ud800"', r"train.epochs: contains a control character: '\ud800'"),
        (r'{"\0": 1}', r"train.epochs: contains a control character: '\x00'"),
        ("6\n  epochs: 7", "train: duplicate key 'epochs'"),
        ("6\n  'epochs': 7", "train: duplicate key 'epochs'"),
        ("[" * 100 + "]" * 100, f"train.epochs{'.0' * 19}: more than 20 levels"),
        ("&x {a: [*x]}", f"train.epochs{'.a.0' * 9}.a: more than 20 levels"),
        ("{[1]: 2}", "train.epochs: has a key that is not a string"),
        ("2020-13-01", "train.epochs: '!!timestamp' is not a plain value; quote it if it is text"),
        ("!!set {1}", "'!!set' is not needed; write the value alone"),
        ("<<", "train.epochs: '!!merge' is not a plain value; quote it if it is text"),
    ],
)
def test_what_is_no_plain_value_is_refused_by_line_and_key(
    tmp_path: Path, written: str, message: str
) -> None:
    error = refusal(rewritten(tmp_path, r"epochs: \S+", f"epochs: {written}"))
    line = LINE + 1 if "\n" in written else LINE
    assert error.startswith(f"line {line}: {message}")


@pytest.mark.parametrize("written", ["!!int six", "!!bool six", "!!int", "9" * 5000, "0b_"])
def test_what_is_no_value_of_its_type_is_refused(tmp_path: Path, written: str) -> None:
    path = rewritten(tmp_path, r"epochs: \S+", f"epochs: {written}")
    assert refusal(path).startswith(("not valid YAML: ", f"line {LINE}: "))


@pytest.mark.parametrize("opening", "[{")
def test_a_file_of_any_depth_is_refused(tmp_path: Path, opening: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(f"a: {opening * 2 * sys.getrecursionlimit()}")
    assert refusal(path).startswith("line 1: not valid YAML: expected the node content")


def bomb(doublings: int) -> str:
    """Lists of aliases: each holds the one before nine times."""
    lines = ["bomb0: &bomb0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, doublings):
        aliases = ", ".join([f"*bomb{level - 1}"] * 9)
        lines.append(f"bomb{level}: &bomb{level} [{aliases}]")
    return "\n".join(lines)


@pytest.mark.parametrize("doublings", [6, 100])
def test_aliases_that_multiply_are_refused_unexpanded(tmp_path: Path, doublings: int) -> None:
    path = rewritten(tmp_path, "^", bomb(doublings) + "\n")
    assert refusal(path) == "more than 10,000 values"
    path = rewritten(
        tmp_path, "^", bomb(doublings).replace("[", "{<<: [").replace("]", "]}") + "\n"
    )
    assert refusal(path) == "more than 10,000 values"


def test_a_value_may_stand_for_several_keys(tmp_path: Path) -> None:
    path = rewritten(tmp_path, r"epochs: \S+", "epochs: &some 7")
    path.write_text(re.sub(r"batch_size: 32", "batch_size: *some", path.read_text()))
    assert (read(path).train.epochs, read(path).evaluate.batch_size) == (7, 7)


def test_an_endless_file_is_read_as_far_as_a_params_file_goes() -> None:
    assert refusal(Path("/dev/zero")) == "more than 65,536 bytes, too large for parameters"


@pytest.mark.parametrize("count", [200, pytest.param(4000, marks=pytest.mark.soak)])
def test_any_damage_to_a_params_file_is_refused_in_lines_or_read(
    tmp_path: Path, count: int
) -> None:
    path = tmp_path / "params.yaml"
    lines: list[str] = []
    for damaged in mutants([(ROOT / "params.yaml").read_bytes()], count, seed=1):
        path.write_bytes(damaged)
        try:
            read(path)
        except ColorizationError as error:
            lines += str(error).splitlines()
    assert len(lines) > count / 2
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize("written", ["1e-05", "1e-3", "1.5E-4", "0.00001", "1.0e-5"])
def test_a_small_number_is_read_as_dvc_and_people_write_it(tmp_path: Path, written: str) -> None:
    path = rewritten(tmp_path, r"learning_rate: \S+", f"learning_rate: {written}")
    assert read(path).train.learning_rate == float(written)
