"""Films through FFmpeg's libraries: what is opened, and that nothing else is opened by it.

A film is data from a stranger: playlists, lists of files and references to other files or addresses are not followed,
whatever kind of file they are hidden in, and only decoders that films are made with take part.

References:
    PyAV, https://pyav.basswood-io.com
    FFmpeg, https://ffmpeg.org/ffmpeg-formats.html: format_whitelist, codec_whitelist, protocol_whitelist.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from senga.errors import ReadError
from senga.image import Metadata

from .budget import check_size, name_of
from .video_structure import check_tables, missing_bytes, whole_part

if TYPE_CHECKING:
    from .animations import Source

_CONTAINERS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,h264,hevc,m4v,ivf,obu,dv,mxf,rm,yuv4mpegpipe"
_PICTURES = (
    "h264 hevc vvc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 vp6 vp6a vp6f vp3 theora mpeg4 mpeg1video mpeg2video "
    "msmpeg4 msmpeg4v1 msmpeg4v2 h263 h263p h263i flv wmv1 wmv2 wmv3 vc1 mjpeg mjpegb ljpeg amv prores dnxhd cfhd "
    "dvvideo qtrle png rpza smc 8bps svq1 svq3 cinepak indeo2 indeo3 indeo4 indeo5 msvideo1 msrle rawvideo v210 "
    "v308 v408 v410 yuv4 cyuv cljr huffyuv ffvhuff ffv1 utvideo lagarith magicyuv hap rv10 rv20 rv30 rv40 tscc "
    "zmbv flashsv flashsv2 camstudio fraps jpeg2000 snow dirac "
)
"""Decoders of pictures that films are made with: none of the hundreds that only old games and stills need."""
_PATIENCE = 60.0
"""Seconds in which the list of what a film holds must have been read."""
_MOST_TRACKS = 100
_LARGEST = 40_000_000
"""Pixels up to which a film may grow in its middle, four times what it begins with being allowed anyway."""


class _Bytes:
    """The content of a film, without its name, within a time."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self.tell = stream.tell
        self.deadline = time.monotonic() + _PATIENCE

    def seek(self, offset: int, whence: int) -> int:
        try:
            return self._stream.seek(self._size + offset if whence == os.SEEK_END else offset, whence % os.SEEK_END)
        except (OSError, ValueError, OverflowError):  # a place that no file has
            return -errno.EINVAL

    def read(self, size: int) -> bytes:
        if time.monotonic() > self.deadline:
            raise TimeoutError("a film that takes too long to open")
        return self._stream.read(max(min(size, self._size - self._stream.tell()), 0))


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:  # noqa: ARG001 - what FFmpeg calls
    raise PermissionError("a film that asks for another file")


@cache
def _decoders() -> str:
    """All decoders of sound and subtitles, and those of pictures that films are made with."""
    import av

    kinds = {name: av.Codec(name, "r").type for name in av.codecs_available if _decodes(name)}
    return ",".join(name for name, kind in kinds.items() if kind != "video" or name in _PICTURES.split())


def _decodes(name: str) -> bool:
    import av

    try:
        return bool(av.Codec(name, "r").is_decoder)
    except ValueError:  # it only encodes
        return False


def _container(stream: BinaryIO, info: Metadata) -> Any:
    """The film, or that part of it which is whole, if FFmpeg wants no other."""
    size = stream.seek(0, 2)
    try:
        return _opened(stream, size)
    except MemoryError:
        raise
    except Exception as error:
        whole = whole_part(stream)
        if 0 < whole < size:
            with suppress(Exception):
                return _opened(stream, whole)
        raise trouble(stream, info) from error


def _opened(stream: BinaryIO, size: int) -> Any:
    import av

    options = {
        "format_whitelist": _CONTAINERS,
        "codec_whitelist": _decoders(),
        "protocol_whitelist": "none",
        "max_streams": str(_MOST_TRACKS),
        "enable_drefs": "0",
    }
    stream.seek(0)
    content = _Bytes(stream, size)
    container = av.open(content, "r", container_options=options, metadata_errors="replace", io_open=_refuse)
    content.deadline = float("inf")
    return container


@contextmanager
def opened(source: Source, info: Metadata) -> Iterator[Any]:
    """The film as PyAV's container; what FFmpeg has against it becomes a sentence.

    Raises:
        ReadError: it is no film, or damaged at its beginning.
    """
    with source() as stream:
        check_tables(stream, info)
        with _container(stream, info) as container:
            if not container.streams.video and missing_bytes(stream):
                raise trouble(stream, info)
            yield container


def trouble(stream: BinaryIO, info: Metadata) -> ReadError:
    """Why no picture of a film can be shown."""
    if missing_bytes(stream):
        text = f"{name_of(info)} is cut off, and what is left of it cannot be shown; copy or download it again."
    else:
        text = f"{name_of(info)} is a damaged video, or one that FFmpeg does not know; convert it to MP4 first."
    return ReadError(text, info.source)


def packets_of(container: Any, *tracks: Any) -> Iterator[Any]:
    """All that is stored of these tracks (without any: of all), each ended by an empty packet."""
    try:
        yield from container.demux(*tracks)
    except IndexError:  # how PyAV ends when a track has appeared in the middle, as in broadcasts
        return


def picture_track(container: Any, info: Metadata) -> Any:
    """The track whose pictures are painted: the best one that is no cover and no row of thumbnails.

    Raises:
        ReadError: there is none, or it is of a kind that is not read.
    """
    from av.stream import Disposition

    apart = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [each for each in container.streams.video if not each.disposition & apart]
    if not moving:
        raise ReadError(f"{name_of(info)} holds no moving picture; choose another file.", info.source)
    best = container.streams.best("video")
    track = best if best in moving else moving[0]
    context = track.codec_context
    if context is None or context.name not in _PICTURES.split():
        kind = "of an unknown kind" if context is None else f"of the kind {context.name}"
        raise ReadError(f"{name_of(info)} holds pictures {kind}, which are not read; convert it to MP4.", info.source)
    if context.width and context.height:
        check_size(context.width, context.height, 4, info)
    most = max(_LARGEST, 4 * context.width * context.height)
    context.options = {**context.options, "max_pixels": str(most)}
    track.thread_type = "AUTO"
    return track
