"""`download`: the source of the photographs.

params.yaml is recorded with every result, so it must not hold secrets. A user and password come
from ~/.netrc. Other secrets in a URL come from environment variables, which its query may name.
"""

import re
from string import Template
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field

from colorization.core.parameters import Section
from colorization.core.records import Count, NotEmpty, Record, Seed, mistake

Side = Annotated[int, Field(ge=32, le=1024)]  # as preprocess.image_size; larger ones take gigabytes

# Names of the parts of a query that are secret, as in presigned URLs.
SECRET = re.compile(
    "token|secret|passw|signature|credential|accesskey|(^|[-_])(api)?(key|sig|auth|pwd)$",
    re.IGNORECASE,
)


def shown(source: str) -> str:
    """The source in a form safe to show and record: a URL loses user, password and query."""
    if "://" not in source:
        return source
    return re.sub(r"(?<=://)[^/?#]*@|\?[^#]*", "", source)


def _without_secrets(source: str) -> str:
    if re.match(r"\w+://[^/?#]*@", source):
        raise mistake(
            "must not hold a user and password, since params.yaml is recorded with every result; "
            "write `machine HOST login USER password PASSWORD` into ~/.netrc"
        )
    query = source.partition("#")[0].partition("?")[2] if "://" in source else ""
    for name, value in parse_qsl(query):
        if SECRET.search(name) and not value.startswith("$"):
            raise mistake(
                f"must not hold its {name}, since params.yaml is recorded with every result; "
                f"write {name}=$NAME, and set the environment variable NAME"
            )
    if not Template(query).is_valid():
        raise mistake(
            "has a $ in its query that no name of an environment variable follows; "
            "write $$ for the sign itself"
        )
    return source


class Scenes(Record):
    """`download.scenes`: the procedural landscapes."""

    count: Count
    width: Side
    height: Side
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    seed: Seed


class Download(Section):
    """`download`: the source of the photographs."""

    source: Annotated[NotEmpty, AfterValidator(_without_secrets)]
    scenes: Scenes

    @property
    def shown_source(self) -> str:
        """The source in a form safe to show and record; see `shown`."""
        return shown(self.source)
