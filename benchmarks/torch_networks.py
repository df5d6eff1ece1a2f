"""The variants' networks in PyTorch, layer by layer as in colorization.networks and .variants."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from colorization.networks.blocks import KOALA_DECODER, KOALA_ENCODER, SHORT_ENCODER
from colorization.networks.koalarization import EMBEDDING_LENGTH
from colorization.networks.vgg import DECODER, MEAN_BGR
from colorization.variants.vgg19_unet import DECODER as UNET_DECODER

Block = Callable[..., list[nn.Module]]

VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
VGG19 = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)


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
        x = centred(x)
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
        x = centred((L * 127.5 + 127.5).repeat(1, 3, 1, 1))
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


def centred(x: Tensor) -> Tensor:
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
}


def penalty(network: nn.Module, factor: float) -> Tensor:
    """Of `l2`: a factor on the sum of the squares of every convolution's kernel."""
    kernels = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    return factor * sum(kernel.square().sum() for kernel in kernels)
