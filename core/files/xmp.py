"""What XMP says about the file and not about the picture: parts that lie behind the pixels, and are not written again.

A phone's photograph may carry a gain map for bright screens, a short film, a depth map, or more XMP elsewhere. The
drawing has none of them, and a viewer that is told so looks for bytes that are not there. Everything else in the packet
stays byte by byte, whatever prefixes it uses.

References:
    Adobe, Gain map specification 1.0 (hdrgm); Android, Ultra HDR image format v1.1 and Motion photo format 1.0
    (Container, GCamera); Google, Dynamic depth 1.0; Adobe, XMP Specification Part 3, 1.1.3.1 (extended XMP).
"""

from __future__ import annotations

import re

_ALL = rb"[\w.-]+"
_CLAIMS = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/": _ALL,
    b"http://ns.apple.com/HDRGainMap/1.0/": _ALL,
    b"http://ns.apple.com/pixeldatainfo/1.0/": _ALL,
    b"http://ns.apple.com/depthData/1.0/": _ALL,
    b"http://ns.apple.com/semanticSegmentationMatte/1.0/": _ALL,
    b"http://ns.google.com/photos/1.0/container/": _ALL,
    b"http://ns.google.com/photos/1.0/container/item/": _ALL,
    b"http://ns.google.com/photos/1.0/depthmap/": _ALL,
    b"http://ns.google.com/photos/1.0/image/": _ALL,
    b"http://ns.google.com/photos/1.0/audio/": _ALL,
    b"http://ns.google.com/photos/dd/1.0/device/": _ALL,
    b"http://ns.google.com/photos/1.0/camera/": rb"(?:MotionPhoto|MicroVideo)[\w.-]*",
    b"http://ns.oplus.com/photos/1.0/camera/": rb"(?:MotionPhoto|OLivePhoto|VideoLength)[\w.-]*",
    b"http://ns.xiaomi.com/photos/1.0/camera/": rb"(?:XMPMeta|MotionPhoto|MicroVideo)[\w.-]*",
    b"http://ns.adobe.com/xmp/note/": rb"HasExtendedXMP",
}
_PREFIX = re.compile(rb"xmlns:([\w.-]{1,40})\s*=\s*[\"']([^\"'<>]{1,200})[\"']")
_PREFIXES = 100
_GAP = rb"(?<=\s)"
"""Blanks stay: packets are padded with thousands of them, and every one would be tried as a beginning."""
_VALUE = rb"\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')"


def without_claims(packet: bytes | None) -> bytes | None:
    """The XMP packet without what it says about parts that only the file it came from has."""
    if not packet:
        return packet
    for prefix, space in sorted(set(_PREFIX.findall(packet)))[:_PREFIXES]:
        names = _CLAIMS.get(space)
        if names:
            packet = re.sub(_GAP + re.escape(prefix) + b":" + names + _VALUE, b"", packet)
            packet = without_elements(packet, re.escape(prefix) + b":" + names)
    return packet


def without_elements(packet: bytes, name: bytes) -> bytes:
    """The packet without elements whose name matches; one look at every byte, however many do not end."""
    opening = re.compile(rb"<(" + name + rb")(?=[\s/>])[^<>]*>")
    kept: list[bytes] = []
    endless: set[bytes] = set()
    at = 0
    while found := opening.search(packet, at):
        end = found.end() if packet[found.end() - 2 : found.end()] == b"/>" else -1
        if end < 0 and found[1] not in endless and len(endless) < _PREFIXES:
            closing = b"</" + found[1] + b">"
            end = packet.find(closing, found.end()) + len(closing)
            if end < len(closing):
                endless.add(found[1])
                end = -1
        kept.append(packet[at : found.end() if end < 0 else found.start()])
        at = max(found.end(), end)
    return b"".join([*kept, packet[at:]])
