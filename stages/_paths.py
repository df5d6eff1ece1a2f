"""The files of the pipeline, relative to the project, named as in the two dvc.yaml."""

from pathlib import Path

PARAMS = Path("params.yaml")

DATA = Path("data")
SOURCE = DATA / "source.txt"  # what `check` identified: the photographs
LABELS_SOURCE = DATA / "labels.txt"  # their labels
WEIGHTS = DATA / "weights"  # and pretrained weights, a file for each network
ARCHIVE = DATA / "raw.zip"
SPLIT = DATA / "split.csv"
LAB = DATA / "lab"
COLORS = DATA / "colors"
TRIVIAL = DATA / "trivial"
LABELS = DATA / "labels.csv"
LABEL_COLORS = DATA / "label_colors.csv"
EMBEDDINGS = DATA / "embeddings"
EMBEDDER = DATA / "embedder"
INPUTS = DATA / "inputs"
EVALUATIONS = DATA / "evaluations"
MODELS = Path("models")
RESULTS = Path("results")

# Neither DVC nor git tracks these, since they are never the same twice.
RUNS = DATA / "runs"  # time and hardware of each stage
TMP = Path(".dvc", "tmp")
HASH_CACHE = TMP / "sha256.json"
DOWNLOADS, EMBEDDING_CHECKPOINTS, TRAINING_CHECKPOINTS = (
    TMP / name for name in ("downloads", "embedding", "training")
)
