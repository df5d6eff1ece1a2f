"""Typed records for JSON files and sections of params.yaml, validated when read."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.text import printable

# Of images or epochs; the limit is 40 times the number of the paper's images.
MAX_COUNT = 1_000_000
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
ImageSize = Annotated[int, Field(ge=32, le=1024, multiple_of=32)]  # px, side of a network's input
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NotEmpty = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

MAX_VALUE = 120  # characters of a value in a message
MISTAKE = "mistake"  # the type of the errors that `mistake` creates


class Record(BaseModel):
    """A frozen record of named values: strict types, no unknown names."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record from a JSON file.

        Raises
        ------
        ColorizationError
            If the file cannot be read, or is not such a record.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ColorizationError(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            raise ColorizationError(f"{path}: {explain(error)[0]}") from error

    def write(self, path: Path) -> None:
        """Write the record as JSON, without fields that are None."""
        with atomic_write(path) as partial:
            text = self.model_dump_json(indent=1, exclude_none=True)
            partial.write_text(text + "\n", encoding="utf-8")


def distinct(items: tuple) -> tuple:
    """Refuse duplicate items."""
    if len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "must name each item once")
    return items


def mistake(text: str) -> PydanticCustomError:
    """Create a validator's error whose text itself says what was expected and what was found."""
    # Pydantic treats the message as a template.
    return PydanticCustomError(MISTAKE, "{text}", {"text": text})


def explain(error: ValidationError, *parents: str) -> list[str]:
    """Describe each mistake in a line: key, expected, found; `parents` are the record's keys."""
    mistakes = error.errors(include_url=False)
    places = [details["loc"] for details in mistakes]
    # Pydantic reports a list with a wrong item a second time, as too short.
    mistakes = [
        details
        for details in mistakes
        if details["type"] != "too_short"
        or not any(place[: len(details["loc"])] == details["loc"] != place for place in places)
    ]
    return [_explain(details, parents) for details in mistakes]


def _explain(details: ErrorDetails, parents: tuple[str, ...]) -> str:
    key = key_of((*parents, *details["loc"]))
    if details["type"] == "extra_forbidden":
        return f"{key} is not a parameter; remove it or correct its name"
    if details["type"] == "missing":
        return f"{key} is missing"
    if details["type"] == MISTAKE:
        return f"{key} {details['msg']}".strip()
    expected = details["msg"].replace("Input should be", "must be")
    if details["type"] == "literal_error":
        choices = details["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        expected = f"must be one of {choices}"
    value = details["input"]
    return f"{key or 'the file'} {expected}; found {shortened(value)}{_hint(value)}"


def key_of(keys: tuple[int | str, ...]) -> str:
    """Format a nested key for a message: keys and indices, joined by dots."""
    return shortened(printable(".".join(map(str, keys))), quoted=False)


def shortened(value: object, *, quoted: bool = True) -> str:
    """Format a value for a message; a long one is truncated."""
    text = repr(value) if quoted else str(value)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}..."


def _hint(value: object) -> str:
    """Point out a number that is a string."""
    if isinstance(value, str):
        for kind in (int, float):
            with suppress(ValueError):
                return f" (text to YAML; write {kind(value)!r})"
    return ""
