"""`encoders`: the weights of each pretrained encoder."""

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty

NO_ENCODER = "none"  # instead of an encoder, for a variant without a pretrained network


class Encoders(Section):
    """`encoders`: the weights of each pretrained encoder."""

    vgg16: NotEmpty
    vgg19: NotEmpty
    mobilenet_v2: NotEmpty

    def weights(self, encoder: str) -> str:
        """The weights of the encoder that a key of this section names."""
        return self.model_dump()[encoder]
