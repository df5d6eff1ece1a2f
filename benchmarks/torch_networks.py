"""The variants' networks in PyTorch, with the same layers as in colorization.architectures."""

import inspect
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from colorization.architectures.mobilenet_unet import BRIDGE, SKIPS
from colorization.architectures.mobilenet_unet import DECODER as MOBILENET_DECODER
from colorization.architectures.vgg19_unet import DECODER as UNET_DECODER
from colorization.color.lab import AB_SCALE
from colorization.color.statistics import BIN_WIDTH
from colorization.networks.blocks import KOALA_DECODER, KOALA_ENCODER, SHORT_ENCODER
from colorization.networks.classification import rebalancing_weights
from colorization.networks.koalarization import EMBEDDING_LENGTH
from colorization.networks.vgg import DECODER, MEAN_BGR
from steps import COLORS, batch

Block = Callable[..., list[nn.Module]]

VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
VGG19 = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)

# MobileNetV2's inverted residuals: expansion, channels, how often, stride of the first (table 2 of
# arXiv:1801.04381).
INVERTED_RESIDUALS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
MOBILENET_TOP = 1280


def conv(channels: int, filters: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(channels, filters, kernel, stride, kernel // 2), nn.ReLU()]


def conv_norm(channels: int, filters: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    layers = [
        nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(filters, eps=1e-3, momentum=0.1),
        nn.ReLU(),
    ]
    return [*layers, nn.MaxPool2d(2)] if stride == 2 else layers


class Koalarization(nn.Module):
    """`baseline`, `bn_maxpool`, `l2` and `spatial_dropout`."""

    def __init__(self, block: Block = conv, dropped: bool = False) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*encoder(1, KOALA_ENCODER, block, dropped))
        self.fusion = nn.Sequential(*block(256 + EMBEDDING_LENGTH, 256, 1))
        self.decoder = nn.Sequential(*decoder(256, block, dropped))

    def forward(self, L: Tensor, embedding: Tensor) -> Tensor:
        features = self.encoder(L)
        repeated = embedding[:, :, None, None].expand(-1, -1, *features.shape[2:])
        return self.decoder(self.fusion(torch.cat([features, repeated], 1)))


class Deeper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Koalarization()
        bottleneck = conv(256, 1024, 5)
        self.second = nn.Sequential(
            *encoder(3, SHORT_ENCODER, conv), *bottleneck, *decoder(1024, conv)
        )

    def forward(self, L: Tensor, embedding: Tensor) -> Tensor:
        return self.second(torch.cat([L, self.first(L, embedding)], 1))


class Vgg16(nn.Module):
    def __init__(self, learned_channels: bool) -> None:
        super().__init__()
        self.to_three = nn.Conv2d(1, 3, 1) if learned_channels else None
        self.blocks = vgg(VGG16)
        frozen = [*self.blocks.parameters()][2:]  # all but the first convolution's
        for parameter in frozen:
            parameter.requires_grad_(False)
        layers, channels = [], 512
        for filters in DECODER:
            layers += [*conv(channels, filters), nn.Upsample(scale_factor=2)]
            channels = filters
        self.decoder = nn.Sequential(*layers, nn.Conv2d(channels, 2, 3, padding=1), nn.Tanh())

    def forward(self, L: Tensor) -> Tensor:
        x = L * 127.5 + 127.5
        x = self.to_three(x) if self.to_three else x.repeat(1, 3, 1, 1)
        x = centered(x)
        for block in self.blocks:
            x = nn.functional.max_pool2d(block(x), 2)
        return self.decoder(x)


class Vgg19Unet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = vgg(VGG19)
        for parameter in self.blocks.parameters():
            parameter.requires_grad_(False)
        self.bridge = nn.Sequential(*conv(512, 512))
        self.up, self.joined = nn.ModuleList(), nn.ModuleList()
        channels = 512
        for filters in UNET_DECODER:
            self.up.append(nn.ConvTranspose2d(channels, filters, 2, 2))
            self.joined.append(nn.Sequential(*conv(2 * filters, filters), *conv(filters, filters)))
            channels = filters
        self.ab = nn.Sequential(nn.Conv2d(channels, 2, 1), nn.Tanh())

    def forward(self, L: Tensor) -> Tensor:
        x = centered((L * 127.5 + 127.5).repeat(1, 3, 1, 1))
        skips = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index < len(self.blocks) - 1:
                skips.append(x)
                x = nn.functional.max_pool2d(x, 2)
        x = self.bridge(x)
        for up, joined in zip(self.up, self.joined, strict=True):
            x = joined(torch.cat([up(x), skips.pop()], 1))
        return self.ab(x)


class InvertedResidual(nn.Module):
    """A block of MobileNetV2 with folded normalizations; also returns its expanded features."""

    def __init__(self, channels: int, filters: int, expansion: int, stride: int) -> None:
        super().__init__()
        self.wide = expansion * channels
        self.expand = nn.Conv2d(channels, self.wide, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(self.wide, self.wide, 3, stride, 1, groups=self.wide)
        self.project = nn.Conv2d(self.wide, filters, 1)
        self.residual = stride == 1 and channels == filters

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        expanded = nn.functional.relu6(self.expand(x)) if self.expand else x
        projected = self.project(nn.functional.relu6(self.depthwise(expanded)))
        return (x + projected if self.residual else projected), expanded


class MobileNetV2(nn.Module):
    """The frozen encoder; also returns the expanded features before each but the first halving."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 32, 3, 2, 1)
        self.blocks, self.halving = nn.ModuleList(), []
        channels = 32
        for expansion, filters, times, stride in INVERTED_RESIDUALS:
            for index in range(times):
                halves = stride == 2 and index == 0
                self.blocks.append(
                    InvertedResidual(channels, filters, expansion, 2 if halves else 1)
                )
                self.halving.append(halves)
                channels = filters
        self.last = nn.Conv2d(channels, MOBILENET_TOP, 1)
        self.widths = [
            block.wide for block, halves in zip(self.blocks, self.halving, strict=True) if halves
        ]
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        x, skips = nn.functional.relu6(self.first(x)), []
        for block, halves in zip(self.blocks, self.halving, strict=True):
            x, expanded = block(x)
            if halves:
                skips.append(expanded)
        return nn.functional.relu6(self.last(x)), skips


class MobilenetUnet(nn.Module):
    """Returns logits at half the height and width."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.encoder = MobileNetV2()
        self.bridge = nn.Sequential(*conv_norm(MOBILENET_TOP, BRIDGE))
        self.beside, self.joined = nn.ModuleList(), nn.ModuleList()
        channels = BRIDGE
        widths = reversed(self.encoder.widths)
        for (_, narrow), wide, filters in zip(SKIPS, widths, MOBILENET_DECODER, strict=True):
            self.beside.append(nn.Sequential(*conv_norm(wide, narrow, 1)))
            self.joined.append(nn.Sequential(*conv_norm(channels + narrow, filters)))
            channels = filters
        self.logits = nn.Conv2d(channels, bins, 1)

    def forward(self, L: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):  # the encoder runs in float32, as in Keras
            x, skips = self.encoder(L.repeat(1, 3, 1, 1))
        x = self.bridge(x)
        for beside, joined in zip(self.beside, self.joined, strict=True):
            x = nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
            x = joined(torch.cat([x, beside(skips.pop())], 1))
        return self.logits(x)


def encoder(
    channels: int, plan: Iterable[tuple[int, bool]], block: Block, dropped: bool = False
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for index, (filters, halved) in enumerate(plan, start=1):
        layers += block(channels, filters, 3, 2 if halved else 1)
        layers += [nn.Dropout2d(0.2)] if dropped and index % 2 == 0 else []
        channels = filters
    return layers


def decoder(channels: int, block: Block, dropped: bool = False) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for index, (filters, doubled) in enumerate(KOALA_DECODER, start=1):
        layers += block(channels, filters)
        layers += [nn.Dropout2d(0.2)] if dropped and index % 2 == 0 else []
        layers += [nn.Upsample(scale_factor=2)] if doubled else []
        channels = filters
    return [*layers, nn.Conv2d(channels, 2, 3, padding=1), nn.Tanh(), nn.Upsample(scale_factor=2)]


def vgg(plan: tuple[tuple[int, ...], ...]) -> nn.ModuleList:
    blocks, channels = nn.ModuleList(), 3
    for widths in plan:
        layers: list[nn.Module] = []
        for filters in widths:
            layers += conv(channels, filters)
            channels = filters
        blocks.append(nn.Sequential(*layers))
    return blocks


def centered(x: Tensor) -> Tensor:
    return x - torch.tensor(MEAN_BGR).reshape(1, 3, 1, 1)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "baseline": Koalarization,
    "deeper": Deeper,
    "bn_maxpool": lambda: Koalarization(conv_norm),
    "l2": lambda: Koalarization(conv_norm),
    "spatial_dropout": lambda: Koalarization(conv_norm, dropped=True),
    "vgg16_conv": lambda: Vgg16(learned_channels=True),
    "vgg16_repeat": lambda: Vgg16(learned_channels=False),
    "vgg19_unet": Vgg19Unet,
    "mobilenet_unet": lambda: MobilenetUnet(int(np.count_nonzero(COLORS.assigned))),
}


def prepared(variant: str, shape: tuple[int, int]) -> tuple[nn.Module, list[Tensor], Tensor]:
    """A variant's network, inputs and target."""
    network = NETWORKS[variant]().to(memory_format=torch.channels_last)
    embedding = "embedding" in inspect.signature(network.forward).parameters
    (L, *others), ab = batch(variant, shape, embedding=embedding)
    maps = [
        torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        for array in (L, ab)
    ]
    return network, [maps[0], *map(torch.from_numpy, others)], maps[1]


Loss = Callable[[Tensor, Tensor], Tensor]  # of the output and what it is compared with


def squared_error(predicted: Tensor, truth: Tensor) -> Tensor:
    return (predicted - truth).square().mean()


def cross_entropy() -> Loss:
    """The loss of the classification objective."""
    bins = np.argwhere(COLORS.assigned > 0)
    weights = torch.tensor(rebalancing_weights(COLORS.assigned)[tuple(bins.T)]).float()
    centers = torch.tensor(bins - len(COLORS.assigned) // 2).float()

    def loss(logits: Tensor, ab: Tensor) -> Tensor:
        bins_off = (ab.permute(0, 2, 3, 1)[..., None, :] * (AB_SCALE / BIN_WIDTH) - centers).abs()
        assigned = (1 - bins_off).relu().prod(-1)
        errors = nn.functional.cross_entropy(logits, assigned.permute(0, 3, 1, 2), reduction="none")
        return (errors * (assigned @ weights)).mean()

    return loss


LOSSES: dict[str, Callable[[], Loss]] = {"mobilenet_unet": cross_entropy}


def penalty(network: nn.Module, factor: float) -> Tensor:
    """The penalty of `l2`: a factor times the sum of the squares of all kernels."""
    kernels = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    return factor * sum(kernel.square().sum() for kernel in kernels)
