"""Writes the small files that ``test_formats.py`` reads, with PyTorch 2.13: ``python make_pytorch_files.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn


def contents() -> dict[str, object]:
    """What is saved, by the name of the file."""
    grid = torch.arange(24.0).reshape(4, 6)
    views = {
        "t": grid.t(),
        "row": grid[1],
        "column": grid[:, 2],
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "bfloat16": torch.full((3,), 1.5, dtype=torch.bfloat16),
        "half": torch.ones(2).half(),
        "long": torch.arange(3),
        "bool": torch.tensor([True, False]),
        "byte": torch.tensor([200], dtype=torch.uint8),
        "parameter": nn.Parameter(grid[:2]),
    }
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    model.load_state_dict({"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([7.0, 8.0])})
    training = {"epoch": 3, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "lr": 0.1}
    gan = {"discriminator": nn.Linear(1, 1).state_dict(), "generator": model.state_dict()}
    return {"views": views, "training": training, "gan": gan, "module": model}


if __name__ == "__main__":
    for name, content in contents().items():
        for ending, zipped in (("zip", True), ("plain", False)):
            file = Path(sys.argv[1]) / f"{name}.{ending}.pt"
            torch.save(content, file, _use_new_zipfile_serialization=zipped)
