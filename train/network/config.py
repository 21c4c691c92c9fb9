"""Shapes of a network, and the constants that training and the reference implementation share."""

from __future__ import annotations

import dataclasses

#: Log standard deviations below this are clamped in the density: the corpus lies on whole numbers, and a Gaussian
#: that narrows onto one of them would gain without bound. e^-7 in network units is about a 25th of a whole number.
MIN_LOG_SD = -7.0

#: The parameters of a mixture component, in the order of their blocks of rows in the output layer.
MIXTURE_BLOCKS = ("pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho")


@dataclasses.dataclass(frozen=True)
class Config:
    """Shapes of one network."""

    kind: str  # "prediction" or "synthesis"
    hidden: tuple[int, ...]  # units H_l of each LSTM layer
    mixtures: int = 20  # components M of the output mixture
    window: int = 0  # components K of the window; 0 for prediction
    alphabet: str = ""
    style_dim: int = 0  # length S of a style vector; 0 = no styles
    writers: int = 0  # rows N of the style table
    stop: bool = False  # whether the last output is the stop logit
    # Whether all layers receive the point and the output layer all layers; otherwise each receives the one below only.
    skips: bool = True

    @property
    def id_count(self) -> int:
        """Number of character ids A, the end mark included; 0 for a network without text."""
        return len(self.alphabet) + 1 if self.window else 0

    @property
    def output_width(self) -> int:
        """Rows R of the output layer."""
        return 1 + len(MIXTURE_BLOCKS) * self.mixtures + int(self.stop)

    def input_width(self, layer: int) -> int:
        """Columns of a layer's weight before those of its own hidden state."""
        below = self.hidden[layer - 1] if layer else 0
        return below + (3 + self.id_count if self.skips or not layer else 0)

    @property
    def output_columns(self) -> int:
        """Columns of the output layer."""
        return sum(self.hidden) if self.skips else self.hidden[-1]
