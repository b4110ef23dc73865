"""The blocks that networks are described with; each file holds all there is to say about its own.

A network is described once and read by many: the engine computes its rows, a model file gets its operations, training
its gradients. Whoever reads asks the block, or looks its class up and says so where it finds none.
"""

from .activations import GELU, LeakyReLU, PReLU, ReLU, Sigmoid, Swish, Tanh
from .arithmetic import Add, Affine, Product
from .block import Block, Padding, PadMode, Place, Rows, Sampling, Size, Span, Window, reach, rule_of
from .channels import Concat, Interleave, Split, Total
from .convolution import Conv
from .input import Input
from .linear import Flatten, Linear
from .norm import BatchNorm, Norm, NormParameters
from .pooling import AveragePool, MaxPool
from .resize import Double, Halve, Resize
from .shuffle import Shuffle, Unshuffle
from .statistics import Deviation, Maximum, Mean
from .transposed import TransposedConv

BLOCKS: tuple[type[Block], ...] = (
    Input,
    Conv,
    TransposedConv,
    Linear,
    Flatten,
    Norm,
    BatchNorm,
    LeakyReLU,
    ReLU,
    PReLU,
    Tanh,
    Sigmoid,
    Swish,
    GELU,
    Add,
    Product,
    Affine,
    Concat,
    Split,
    Interleave,
    Total,
    Shuffle,
    Unshuffle,
    Double,
    Halve,
    Resize,
    MaxPool,
    AveragePool,
    Mean,
    Deviation,
    Maximum,
)
"""All there are."""

__all__ = [
    "BLOCKS",
    "GELU",
    "Add",
    "Affine",
    "AveragePool",
    "BatchNorm",
    "Block",
    "Concat",
    "Conv",
    "Deviation",
    "Double",
    "Flatten",
    "Halve",
    "Input",
    "Interleave",
    "LeakyReLU",
    "Linear",
    "MaxPool",
    "Maximum",
    "Mean",
    "Norm",
    "NormParameters",
    "PReLU",
    "PadMode",
    "Padding",
    "Place",
    "Product",
    "ReLU",
    "Resize",
    "Rows",
    "Sampling",
    "Shuffle",
    "Sigmoid",
    "Size",
    "Span",
    "Split",
    "Swish",
    "Tanh",
    "Total",
    "TransposedConv",
    "Unshuffle",
    "Window",
    "reach",
    "rule_of",
]
