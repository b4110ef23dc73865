"""What the pictures of films are encoded in: which containers hold it, how deep it is, whether it keeps transparency.

References:
    ITU-T H.264, H.265; SMPTE RDD 36 (Apple ProRes); RFC 9043 (FFV1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

import numpy as np

from senga.errors import WriteError

from .formats import format_of

Codec = Literal["auto", "h264", "hevc", "vp9", "prores", "prores-4444", "ffv1"]
"""What may be asked for."""
AUTO: Codec = "auto"


@dataclass(frozen=True)
class Coding:
    """One way to encode pictures.

    Attributes:
        name: as painters call it.
        encoder: of FFmpeg.
        endings: of the containers that hold it, the usual one first.
        form: how pixels are laid out.
        deep: the same for films of more than 8 bits.
        options: of the encoder.
        scale: its worst and usual number of quality and how much a step of ours changes it; empty if it has none.
        alpha: keeps transparency.
        tag: by which MP4 and MOV know it, where players want another one than FFmpeg's.
    """

    name: str
    encoder: str
    endings: tuple[str, ...]
    form: str
    deep: str
    options: Mapping[str, str] = field(default_factory=dict)
    scale: tuple[float, ...] = ()
    alpha: bool = False
    tag: str = ""

    def options_for(self, quality: int | None) -> dict[str, str]:
        """Those of the encoder, for a quality from 1 to 100."""
        if not self.scale:
            return dict(self.options)
        worst, usual, step = self.scale
        return {"crf": str(round(usual if quality is None else worst - step * quality)), **self.options}


_EVERYWHERE = (".mp4", ".mov", ".mkv")
_H264 = {"preset": "medium", "bf": "0", "mbtree": "0"}
"""Without the tree of macroblocks: its fast form depends on where in memory a frame lies, so that one film in a hundred
came out with other bytes on a busy machine."""
_ALONE = "log-level=none:info=0:bframes=0:cutree=0:rc-lookahead=5:pools=none:frame-threads=1:wpp=0"
"""The same for H.265, and without threads of its own, on whose number its bytes depend."""
_VP9 = {"deadline": "good", "cpu-used": "4", "row-mt": "1", "lag-in-frames": "0", "auto-alt-ref": "0"}
_SAFE = "yuv420p"
_CODINGS = {
    each.name: each
    for each in (
        Coding("h264", "libx264", _EVERYWHERE, _SAFE, _SAFE, _H264, (51, 18, 0.41)),
        Coding(
            *("hevc", "libx265", _EVERYWHERE, "yuv420p10le", "yuv420p10le"),
            *({"preset": "fast", "x265-params": _ALONE}, (51, 20, 0.41)),
            tag="hvc1",
        ),
        Coding("vp9", "libvpx-vp9", (".webm",), _SAFE, _SAFE, _VP9, (60, 24, 0.5)),
        Coding("prores", "prores_ks", (".mov",), "yuv422p10le", "yuv422p10le", {"profile": "hq", "vendor": "apl0"}),
        Coding(
            *("prores-4444", "prores_ks", (".mov",), "yuva444p10le", "yuva444p10le"),
            {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"},
            alpha=True,
        ),
        Coding("ffv1", "ffv1", (".mkv",), "bgra", "gbrap16le", {"level": "3", "g": "1"}, alpha=True),
    )
}
_RGB = {"bgra": "rgba", "yuva444p10le": "rgba64le", "gbrap16le": "rgba64le", _SAFE: "rgb24"}


def rgb_of(form: str) -> tuple[str, Any, bool]:
    """In what pixels are handed over to be laid out so: the name, the kind of number, whether with transparency."""
    name = _RGB.get(form, "rgb48le")
    return name, np.uint16 if "64" in name or "48" in name else np.uint8, name.startswith("rgba")


def is_rgb(form: str) -> bool:
    """Whether pixels that are laid out so are no YCbCr."""
    return not form.startswith("yuv")


def usual_ending(codec: str, ending: str) -> str:
    """The ending of a film in that coding: the given one where its container holds it."""
    held = _held(codec)
    return ending if not held or _container(ending) in held else held[0]


def check_codec(codec: str, ending: str, name: str) -> None:
    """Whether a container holds a coding.

    Args:
        codec: what was asked for.
        ending: of the container.
        name: of the film, for messages.

    Raises:
        WriteError: it does not, or there is no such coding.
    """
    if codec not in get_args(Codec):
        raise WriteError(f"There is no coding “{codec}” of films: there are {', '.join(get_args(Codec))}.")
    if (held := _held(codec)) and _container(ending) not in held:
        raise WriteError(f"{name}: films in {codec} end with {' or '.join(held)}; choose that, or another coding.")


def _container(ending: str) -> str:
    """The first of the endings that mean the same."""
    found = format_of(ending)
    return found.endings[0] if found else ending


def _held(codec: str) -> tuple[str, ...]:
    return _CODINGS[codec].endings if codec in _CODINGS else ()


def coding(codec: str, ending: str, *, deep: bool) -> Coding:
    """The coding that was asked for; else what plays wherever films of this depth do.

    Raises:
        WriteError: this FFmpeg cannot write it.
    """
    if codec == AUTO:
        wants_more = deep and _is_there(_CODINGS["hevc"].encoder)
        return _CODINGS["vp9" if ending == ".webm" else "hevc" if wants_more else "h264"]
    found = _CODINGS[codec]
    if not _is_there(found.encoder):
        raise WriteError(f"FFmpeg as it is installed here cannot write {codec}; choose another --codec.")
    return found


@cache
def _is_there(encoder: str) -> bool:
    import av

    try:
        return bool(av.Codec(encoder, "w"))
    except ValueError:
        return False
