"""How a message names a medium: by the id of an upload, or by a link that Meta fetches."""

from typing import Annotated

from pydantic import create_model, model_validator

from .strict import Filled, PublicUrl, Strict, at_most, missing


class MediaRef(Strict):
    id: Filled = None
    link: PublicUrl = None

    @model_validator(mode="after")
    def _one_of_both(self):
        if self.id is None and self.link is None:
            raise missing("id or link is required")
        if self.id is not None and self.link is not None:
            raise ValueError("has either an id or a link, not both")
        return self


class Document(MediaRef):
    filename: Annotated[Filled, at_most(240)] = None


def with_caption(base):
    """The form of a medium in a message of its own; in headers there is no caption."""
    return create_model(f"Captioned{base.__name__}", __base__=base, caption=(Annotated[str, at_most(1024)], None))
