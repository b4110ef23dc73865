"""Which picture formats there are, what each can hold, and how a file gives itself away."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """One picture format.

    Attributes:
        name: what Pillow and most people call it.
        endings: lower case, with the dot; the first is the usual one.
        writes: whether pictures can be written as well as read.
        bits: deepest pixels that are written: 8, 16 or 32 (floating).
        alpha: keeps transparency (GIF: on or off).
        profile: keeps a colour profile.
        metadata: keeps EXIF and XMP.
        moves: can hold an animation.
        still: can hold a single picture.
        longest: most pixels a side.
        layers: keeps layers apart.
    """

    name: str
    endings: tuple[str, ...]
    writes: bool = False
    bits: int = 8
    alpha: bool = False
    profile: bool = False
    metadata: bool = False
    moves: bool = False
    still: bool = True
    longest: int = 1_000_000
    layers: bool = False


FILM_ENDINGS = (
    *(".avi", ".mts", ".m2ts", ".m2t", ".ts", ".mpg", ".mpeg", ".vob", ".wmv", ".asf", ".flv", ".f4v", ".ogv"),
    *(
        ".3gp",
        ".3g2",
        ".divx",
        ".rm",
        ".rmvb",
        ".dv",
        ".mxf",
        ".mjpg",
        ".m2v",
        ".mpv",
        ".h264",
        ".264",
        ".h265",
        ".hevc",
    ),
)
"""Films that are read only."""

FORMATS = (
    FileFormat("PNG", (".png", ".apng"), True, 16, alpha=True, profile=True, metadata=True, moves=True),
    FileFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), True, profile=True, metadata=True, longest=65500),
    FileFormat("TIFF", (".tif", ".tiff"), True, 32, alpha=True, profile=True, metadata=True),
    FileFormat("WEBP", (".webp",), True, alpha=True, profile=True, metadata=True, moves=True, longest=16383),
    FileFormat("AVIF", (".avif",), True, alpha=True, profile=True, metadata=True, longest=65535),
    FileFormat("GIF", (".gif",), True, alpha=True, moves=True, longest=65535),
    FileFormat("BMP", (".bmp", ".dib"), True),
    FileFormat("ORA", (".ora",), True, 16, alpha=True, layers=True),
    FileFormat("MP4", (".mp4", ".m4v"), True, moves=True, still=False, longest=16384),
    FileFormat("MOV", (".mov", ".qt"), True, moves=True, still=False, longest=16384),
    FileFormat("MKV", (".mkv",), True, moves=True, still=False, longest=16384),
    FileFormat("WEBM", (".webm",), True, moves=True, still=False, longest=16384),
    FileFormat("VIDEO", FILM_ENDINGS, moves=True, still=False),
    FileFormat("JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf")),
    FileFormat("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".pfm")),
    FileFormat("TGA", (".tga",)),
    FileFormat("ICO", (".ico",)),
    FileFormat("PSD", (".psd", ".psb")),
    FileFormat("JXL", (".jxl",)),
    FileFormat("HEIF", (".heic", ".heif")),
    FileFormat("PCX", (".pcx",)),
    FileFormat("SGI", (".sgi", ".rgb", ".bw")),
    FileFormat("DDS", (".dds",)),
    FileFormat("QOI", (".qoi",)),
)

_EXPORT = "open it in the program that made it and export it as PNG or TIFF"
_FLOATING = "export it as floating-point TIFF"
_DEVELOP = "develop it to TIFF or JPEG first"
_PAGE = "download the picture itself"
_UNPACK = "unpack it and open what is in it"
_WITH_PICTURES = "choose a film or a picture"
_STRANGERS = (
    (0, b"gimp xcf", "a GIMP project", "export it as PNG from GIMP"),
    (0, b"%PDF", "a PDF document", _EXPORT),
    (0, b"%!PS", "a PostScript document", _EXPORT),
    (0, b"<svg", "a drawing made of vectors (SVG)", _EXPORT),
    (0, b"<!--", "a text for browsers, perhaps a drawing made of vectors (SVG)", _EXPORT),
    (0, b"<!DOCTYPE svg", "a drawing made of vectors (SVG)", _EXPORT),
    (0, b"<!DOCTYPE html", "a web page", _PAGE),
    (0, b"<!doctype html", "a web page", _PAGE),
    (0, b"<html", "a web page", _PAGE),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript document", _EXPORT),
    (0, b"\xd7\xcd\xc6\x9a", "a drawing made of vectors (WMF)", _EXPORT),
    (40, b" EMF", "a drawing made of vectors (EMF)", _EXPORT),
    (0, b"CSFCHUNK", "a Clip Studio project", _EXPORT),
    (0, b"SAI-CANVAS", "a project of SAI", _EXPORT),
    (0, b"mdipack", "a MediBang project", _EXPORT),
    (0, b"Rar!\x1a", "an archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive", _UNPACK),
    (0, b"\x1f\x8b", "an archive", _UNPACK),
    (8, b"WAVE", "sound without pictures", _WITH_PICTURES),
    (0, b"ID3", "sound without pictures", _WITH_PICTURES),
    (0, b"fLaC", "sound without pictures", _WITH_PICTURES),
    (0, b"icns", "an icon of macOS", _EXPORT),
    (0, b"AT&TFORM", "a DjVu document", _EXPORT),
    (0, b"\x8aMNG", "an animation in MNG", _EXPORT),
    (0, b"FOVb", "a camera's raw file", _DEVELOP),
    (0, b"\0MRM", "a camera's raw file", _DEVELOP),
    (0, b"IIRO", "a camera's raw file", _DEVELOP),
    (0, b"IIU\0", "a camera's raw file", _DEVELOP),
    (0, b"<?xml", "an XML document, perhaps a drawing made of vectors (SVG)", _EXPORT),
    (0, b"PK\x03\x04", "an archive or the project of a painting program", _EXPORT),
    (4, b"ftypcrx ", "a camera's raw file", _DEVELOP),
    (8, b"CR\x02", "a camera's raw file", _DEVELOP),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file", _DEVELOP),
    (0, b"v/1\x01", "an OpenEXR picture", _FLOATING),
    (0, b"#?RADIANCE", "a Radiance HDR picture", _FLOATING),
    (0, b"#?RGBE", "a Radiance HDR picture", _FLOATING),
    (0, b"II\xbc", "a JPEG XR picture", _EXPORT),
)

_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

RAW_ENDINGS = (".cr2", ".nef", ".arw", ".dng", ".orf", ".rw2", ".pef", ".srw", ".nrw", ".3fr", ".iiq", ".raw")
"""Raw files that look like a TIFF, whose first picture is a thumbnail."""


def formats() -> tuple[FileFormat, ...]:
    """Every format that can be read or written."""
    return FORMATS


def format_of(ending: str) -> FileFormat | None:
    """The format of a file ending, with or without the dot, or of a name such as ``jpeg``; any case."""
    name = ending.lower().removeprefix(".")
    return next((each for each in FORMATS if f".{name}" in each.endings or name == each.name.lower()), None)


def is_film(ending: str) -> bool:
    """Whether files of this ending hold films and nothing else."""
    found = format_of(ending)
    return found is not None and found.moves and not found.still


def sniff(head: bytes) -> str | None:
    """What the first 64 bytes (1024 for films) say: a format with its own reader, VIDEO, OTHER (a rare one) or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] == b"8BPS":
        return "PSD"
    if head[:2] == b"\xff\x0a" or head[:8] == b"\x00\x00\x00\x0cJXL ":
        return "JXL"
    if head[4:12] in (b"ftypavif", b"ftypavis") or (head[4:8] == b"ftyp" and b"avif" in head):
        return "AVIF"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return "HEIF"
    if head[:4] == b"PK\x03\x04" and head[30:54] == b"mimetypeimage/openraster":
        return "ORA"
    if stranger(head) is not None:
        return None
    if _is_film(head):
        return "VIDEO"
    return "TIFF" if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else "OTHER"


_FILMS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"0&\xb2u\x8ef\xcf\x11",  # WMV, ASF
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG-1, MPEG-2
    b"DKIF",
    b".RMF",
    b"\x06\x0e+4\x02\x05\x01\x01",  # MXF
    b"\0\0\0\x01g",  # H.264
    b"\0\0\0\x01@\x01",  # H.265
)
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"skip", b"free", b"wide", b"pnot", b"styp")
_PACKET, _STAMP = 188, 4


def _is_film(head: bytes) -> bool:
    if head.startswith(_FILMS) or (head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX", b"AMV ")):
        return True
    if head[4:8] in _FIRST_BOXES:  # old cameras write no ftyp
        return head[0] <= 1
    plain, stamped = head[::_PACKET], head[_STAMP :: _PACKET + _STAMP]
    return any(len(each) > 1 and not each.strip(b"G") for each in (plain, stamped))  # transport streams


def stranger(head: bytes) -> tuple[str, str] | None:
    """What a known file that is no readable picture is, and what to do with it; None if it is not known."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for start, magic, name, mend in _STRANGERS:
        if (text if start == 0 else head)[start:].startswith(magic):
            return name, mend
    return None
