"""`encoders`: the weights of each pretrained encoder."""

from colorization.core.parameters import Section
from colorization.core.records import NotEmpty

NO_ENCODER = "none"  # stands for that of a variant that sees through no pretrained network


class Encoders(Section):
    """`encoders`: the weights of each pretrained encoder."""

    vgg16: NotEmpty
    vgg19: NotEmpty
    mobilenet_v2: NotEmpty

    def weights(self, encoder: str) -> str:
        """The weights that a section's key names."""
        return self.model_dump()[encoder]
