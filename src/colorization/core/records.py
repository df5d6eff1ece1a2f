"""Typed records for JSON files and sections of params.yaml, validated when they are read."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.text import printable

# Kinds of values.
# Of images or epochs; the limit is 40 times the number of the paper's images.
Count = Annotated[int, Field(ge=1, le=1_000_000)]
ImageSize = Annotated[int, Field(ge=32, le=1024, multiple_of=32)]  # px, a side of a network's image
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NotEmpty = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

LONGEST_SHOWN = 120  # characters of a value in a message
OWN_WORDS = "in_our_words"  # the type of the errors that `mistake` makes


class Record(BaseModel):
    """Named values: frozen, never converted to another type, and without unknown names."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record from a JSON file.

        Raises
        ------
        ColorizationError
            If the file cannot be read, or does not hold such a record.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ColorizationError(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            raise ColorizationError(f"{path}: {explain(error)[0]}") from error

    def write(self, path: Path) -> None:
        """Write the record as JSON; fields that are None are left out."""
        with atomic_write(path) as partial:
            text = self.model_dump_json(indent=1, exclude_none=True)
            partial.write_text(text + "\n", encoding="utf-8")


def distinct(items: tuple) -> tuple:
    """Refuse a list that names an item twice."""
    if len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "must name each item once")
    return items


def mistake(text: str) -> PydanticCustomError:
    """Make a validator's error, whose text itself says what was wanted and what was found."""
    # Pydantic treats the message as a template.
    return PydanticCustomError(OWN_WORDS, "{text}", {"text": text})


def explain(error: ValidationError, *within: str) -> list[str]:
    """Describe each mistake in a line: key, wanted, found; `within` holds the record's own key."""
    return [_explain(found, within) for found in error.errors(include_url=False)]


def _explain(found: ErrorDetails, within: tuple[str, ...]) -> str:
    key = key_of((*within, *found["loc"]))
    if found["type"] == "extra_forbidden":
        return f"{key} is not a parameter; remove it or correct its name"
    if found["type"] == "missing":
        return f"{key} is missing"
    if found["type"] == OWN_WORDS:
        return f"{key} {found['msg']}".strip()
    wanted = found["msg"].replace("Input should be", "must be")
    if found["type"] == "literal_error":
        choices = found["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        wanted = f"must be one of {choices}"
    return f"{key or 'the file'} {wanted}; found {shortened(found['input'])}{_hint(found['input'])}"


def key_of(place: tuple[int | str, ...]) -> str:
    """The place of a value as a message shows it: keys and positions, joined by dots."""
    return shortened(printable(".".join(map(str, place))), quoted=False)


def shortened(found: object, *, quoted: bool = True) -> str:
    """A value as a message shows it; a long one is cut."""
    text = repr(found) if quoted else str(found)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _hint(found: object) -> str:
    """Say that a number in quotes is text."""
    if isinstance(found, str):
        for kind in (int, float):
            with suppress(ValueError):
                return f" (text to YAML; write {kind(found)!r})"
    return ""
