"""Trains networks that draw faces: `python -m training.ugatit --pairs PAIRS --drawings LIST --held HELD --out RUN`.

The losses are those of U-GAT-IT: what two judges say of whole faces and of parts, by places and by their attention;
that a face which was drawn and made a photograph again is the first; that drawings stay as they are; and that a
generator's own attention tells both kinds apart. A short training begins with twins that were drawn by rules
(`training.twins`), held against which the generator knows where everything goes. The same command goes on where it was
stopped.

References:
    J. Kim, M. Kim, H. Kang, K. Lee: U-GAT-IT. ICLR 2020, arXiv:1907.10830.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from senga.neural.training.perceptual import shipped_encoder
from senga.plugins.face_drawing.first import beginning, first_of_judge
from senga.plugins.face_drawing.network import SIDE, Shape, generator, judge
from senga.plugins.face_drawing.presets import LossWeights
from senga.plugins.face_drawing.published import facts
from training import losses
from training.drawn import SEEN, in_bfloat16
from training.drawn_faces import Drawings, Twins, write_sheet
from training.module import NetworkModule
from training.passing import Arrays, passing
from training.perceptual import Features
from training.pictures import Picture, list_pictures, read_rgb
from training.running import (
    Checkpoint,
    Running,
    begin,
    learning_rate,
    offer_weights,
    run,
    set_rate,
    update,
    weights_from,
)

RATE, JUDGED, WARMING = 1e-3, 0.5, 50
"""First learning rate of generators, the share of it that judges have, and steps until it is reached."""
COLOUR, GRADIENT, CONTENT = 8.0, 6.0, 0.7
"""Weights of what generators pay for being unlike twins."""
LAYERS = 6, 5
"""Of the judges of whole faces and of parts."""
LOOKED_AT = 16
"""Faces from which first weights are found."""


class Painted(NamedTuple):
    """What a generator makes: a picture, where it looks, and whether it thinks that it was needed."""

    picture: Tensor
    attention: Tensor
    verdict: Tensor


class Trainer(Running):
    """Two generators and their judges.

    Args:
        shape: of the generators.
        weights: of the parts of the loss; without ``cycle`` there is only the generator of drawings.
        faithful: how much twins count after the first phase.
        channels: of the first layers of the judges.
        first: first weights of the generator; those of the plug-in without.
        rate: of learning, at first.
    """

    def __init__(
        self,
        shape: Shape,
        weights: LossWeights,
        faithful: float,
        channels: int = 24,
        first: Arrays | None = None,
        rate: float = RATE,
    ) -> None:
        described = generator(shape)
        first = first or beginning(described, "identity", 0)
        self.shape, self.weights, self.faithfulness, self.rate = shape, weights, faithful, rate
        super().__init__(_laid_out(NetworkModule(described, first)), 0.99, rate, (0.9, 0.99))
        both = weights.cycle > 0
        self.back = _laid_out(NetworkModule(described, beginning(described, "identity", 1))) if both else None
        sides = ("drawings", "photos") if both else ("drawings",)
        self.judges = nn.ModuleDict({f"{side}{n}": _judge(n, channels) for side in sides for n in LAYERS})
        self.back_optimiser = self.adam(self.back, rate) if self.back else None
        self.judge_optimiser = self.adam(self.judges, JUDGED * rate)
        self.features = Features(shipped_encoder()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def kept(self) -> tuple[Any, ...]:
        """What has a state."""
        others = (self.back, self.back_optimiser) if self.back else ()
        return *super().kept, self.judges, self.judge_optimiser, *others

    def step(
        self, twins: tuple[Tensor, Tensor, Tensor], drawing: Tensor, progress: float, start: bool, many: int = 1
    ) -> dict[str, float]:
        """One step; in the first phase against twins alone.

        Args:
            twins: faces, their drawn twins, and how much each place counts.
            drawing: other drawings.
            progress: share of the training.
            start: whether this is the first phase.
            many: how many of the faces judges see.
        """
        self._set_rates(progress)
        photo, target, counts = twins
        drawn = painted(self.network, photo)
        share = 1.0 if start else self.faithfulness
        parts, found = self._faithful(torch.lerp(target, drawn.picture, counts), target, share), {}
        if not start:
            few, drawing = photo[:many], drawing[:many]
            first = Painted(*(each[:many] for each in drawn))
            parts |= self._unpaired(few, drawing, first, found)
        total = torch.stack(list(parts.values())).sum()
        if self.back and self.back_optimiser and not start:
            self.back_optimiser.zero_grad()
        self.advance(total)
        if self.back and self.back_optimiser and not start:
            nn.utils.clip_grad_norm_(self.back.parameters(), 5.0)
            self.back_optimiser.step()
            clip_shares(self.back)
        clip_shares(self.network)
        clip_shares(self.average)
        return found | {name: part.item() for name, part in parts.items()}

    def _unpaired(self, photo: Tensor, drawing: Tensor, drawn: Painted, found: dict[str, float]) -> dict[str, Tensor]:
        """The losses of the publication."""
        same, weights = painted(self.network, drawing), self.weights
        identity = functional.l1_loss(same.picture, drawing)
        attention = attentive(drawn.verdict, same.verdict)
        fakes, reals, parts = {"drawings": drawn.picture}, {"drawings": drawing}, {}
        if self.back:
            made, unchanged = painted(self.back, drawing), painted(self.back, photo)
            fakes["photos"], reals["photos"] = made.picture, photo
            cycle = functional.l1_loss(painted(self.back, drawn.picture).picture, photo)
            cycle = cycle + functional.l1_loss(painted(self.network, made.picture).picture, drawing)
            parts["cycle"] = weights.cycle * cycle
            identity = identity + functional.l1_loss(unchanged.picture, photo)
            attention = attention + attentive(made.verdict, unchanged.verdict)
        found["judge"] = self._step_judges(reals, {side: fake.detach() for side, fake in fakes.items()})
        fooled = [
            losses.fool_loss(each) for name, judged in self.judges.items() for each in _seen(judged, fakes[name[:-1]])
        ]
        return parts | {
            "adversarial": weights.adversarial * torch.stack(fooled).sum(),
            "identity": weights.identity * identity,
            "attention": weights.attention * attention,
        }

    def _faithful(self, drawn: Tensor, target: Tensor, share: float) -> dict[str, Tensor]:
        """What the generator pays for being unlike the twin."""
        if not share:
            return {}
        with torch.no_grad():
            wanted = in_bfloat16(self.features, target)
        content = losses.content_loss(in_bfloat16(self.features, drawn), wanted, SEEN)
        return {
            "colour": share * COLOUR * losses.colour_loss(drawn, target),
            "gradient": share * GRADIENT * losses.gradient_loss(drawn, target),
            "content": share * CONTENT * content,
        }

    def _step_judges(self, reals: dict[str, Tensor], fakes: dict[str, Tensor]) -> float:
        """A step of all judges; they do not learn while generators do."""
        self.judges.requires_grad_(True)
        paid = []
        for name, judged in self.judges.items():
            assert isinstance(judged, NetworkModule)  # noqa: S101 - they all are
            judged.follow()
            real, fake = _seen(judged, reals[name[:-1]]), _seen(judged, fakes[name[:-1]])
            paid += [losses.judge_loss(*pair) for pair in zip(real, fake, strict=True)]
        loss = torch.stack(paid).sum()
        update(self.judge_optimiser, self.judges, self.weights.adversarial * loss)
        self.judges.requires_grad_(False)
        return float(loss.item())

    def _set_rates(self, progress: float) -> None:
        rate = learning_rate(progress, self.rate, self.rate / 10) * min(1.0, (self.steps + 1) / WARMING)
        set_rate(self.optimiser, rate)
        set_rate(self.judge_optimiser, JUDGED * rate)
        if self.back_optimiser:
            set_rate(self.back_optimiser, rate)

    def save(self, path: Path) -> None:
        """Writes the averaged weights in half precision."""
        arrays = {name: value.detach().half().contiguous() for name, value in self.average.state_dict().items()}
        save_file(arrays, path, metadata={**facts(self.shape), "steps": str(self.steps)})


def _laid_out(module: NetworkModule) -> NetworkModule:
    """With the channels last in memory, which is fastest."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return] # torch's own


def _judge(layers: int, channels: int) -> NetworkModule:
    described = judge(layers, channels)
    return _laid_out(NetworkModule(described, first_of_judge(described, layers), spectral_norm=True))


def painted(network: nn.Module, picture: Tensor) -> Painted:
    """What a generator makes, computed in half precision."""
    with torch.autocast("cpu", torch.bfloat16):
        found = network(picture.contiguous(memory_format=torch.channels_last))
    return Painted(*(each.float() for each in found))


def _seen(judged: nn.Module, picture: Tensor) -> list[Tensor]:
    """Verdicts of places and of the attention."""
    with torch.autocast("cpu", torch.bfloat16):
        found = judged(picture.contiguous(memory_format=torch.channels_last))
    return [each.float() for each in found]


def attentive(painted: Tensor, same: Tensor) -> Tensor:
    """How badly the attention of a generator tells pictures to paint from those that it leaves."""
    return functional.softplus(-painted).mean() + functional.softplus(same).mean()


def clip_shares(network: nn.Module) -> None:
    """Shares of instance norm stay between 0 and 1."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith(".rho"):
                value.clamp_(0, 1)


def train(trainer: Trainer, twins: Twins, drawings: Drawings, held: list[Picture], options: Any) -> None:
    """Trains to a number of steps, with checkpoints, weights and sheets to look at on the way."""
    checkpoint = Checkpoint(options.out / "checkpoint.pt", trainer, (twins.random, drawings.random))

    def step(progress: float) -> tuple[str, dict[str, float]]:
        count, size = options.batch, options.size
        start = trainer.steps < options.start_steps
        shown = twins.three(count, size), drawings.batch(count, size)
        return f"{count}x{size}", trainer.step(*shown, progress, start, max(1, count // 2))

    def look() -> None:
        trainer.save(options.out / f"step-{trainer.steps:05d}.safetensors")
        if held:
            write_sheet(trainer.average, held, options.out / f"step-{trainer.steps:05d}.png")

    run(checkpoint, options.steps, step, (options.every, checkpoint.write), (options.sheets, look))


def options_from(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder written by training.twins")
    parser.add_argument("--drawings", type=Path, required=True, help="drawn faces: folder, or text file of paths")
    parser.add_argument("--held", type=Path, required=True, help="upright faces to look at: folder, or text file")
    parser.add_argument("--out", type=Path, required=True, help="goes on from the checkpoint there, if there is one")
    parser.add_argument("--width", type=int, default=16, help="channels at full size")
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--faithful", type=float, default=0.5, help="how much twins count after the first phase")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning, at first")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--start-steps", type=int, default=2000, help="steps against twins alone")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--sheets", type=int, default=400, help="steps between sheets and weights")
    parser.add_argument("--batch", type=int, default=1, help="faces in a step")
    parser.add_argument("--size", type=int, default=SIDE, help="side of the crops; norms want to see whole faces")
    parser.add_argument("--threads", type=int, default=2)
    offer_weights(parser, LossWeights)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Runs one training, or goes on with it."""
    options = options_from(arguments)
    begin(options)
    held = [read_rgb(path) for path in list_pictures(options.held)]
    shape = Shape(options.width, options.blocks)
    twins, first = Twins(options.pairs), None
    if not (options.out / "checkpoint.pt").exists():
        photos, goals, _ = Twins(options.pairs).three(LOOKED_AT, SIDE)
        first = passing(generator(shape), photos, goals)
    trainer = Trainer(shape, weights_from(options, LossWeights), options.faithful, first=first, rate=options.rate)
    train(trainer, twins, Drawings(options.drawings), held, options)


if __name__ == "__main__":
    main()
