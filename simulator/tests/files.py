"""The smallest files that are what they say, and some that are not."""

import struct
import zlib

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40 + b"\xff\xd9"
PDF = b"%PDF-1.4\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
GIF = b"GIF89a" + b"\x00" * 20


def png(colour_type=2, depth=8):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"\x00" + b"\x20\x80\x60\xff"[: 4 if colour_type == 6 else 3])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def ogg(channels=1, codec=b"OpusHead"):
    packet = codec + bytes([1, channels]) + b"\x00" * 9
    return b"OggS\x00\x02" + b"\x00" * 20 + b"\x01" + bytes([len(packet)]) + packet


def webp(width=512, height=512, animated=False, size=0):
    data = bytes([2 if animated else 0, 0, 0, 0])
    data += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + b"\x00" * size
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBPVP8X" + struct.pack("<I", len(data)) + data
