#!/usr/bin/env python3
"""Makes a program hard to read for profilers, but no less fit to run.

damage.py HOW PROGRAM COPY

sectionless       no section headers
no_eh_frame_hdr   no .eh_frame_hdr: neither section nor segment leads to the table
truncated         .eh_frame ends in the middle of an entry, by its section's size and by its bytes
lying             each entry's rules say that the stack is somewhere else
garbage           .eh_frame is noise
endless           the lengths of the entries lead back and beyond the end
other_build       the build-id is another one, so that no debug file fits
"""
import pathlib
import random
import struct
import sys

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
PT_NULL, PT_GNU_EH_FRAME = 0, 0x6474E550
DW_CFA_DEF_CFA = 0x0C


class Elf:
    def __init__(self, path):
        self.bytes = bytearray(pathlib.Path(path).read_bytes())
        header = HEADER.unpack_from(self.bytes)
        self.segments_at, self.sections_at = header[5], header[6]
        self.segments, self.sections = header[10], header[12]
        self.names = self.section(header[13])[4]

    def section(self, number):
        return SECTION.unpack_from(self.bytes, self.sections_at + number * SECTION.size)

    def find(self, name):
        """(number, offset in the file, size) of a section."""
        for number in range(self.sections):
            fields = self.section(number)
            start = self.names + fields[0]
            if self.bytes[start:self.bytes.index(0, start)] == name:
                return number, fields[4], fields[5]
        raise SystemExit(f"no section {name.decode()}")

    def resize(self, number, size):
        fields = list(self.section(number))
        fields[5] = size
        SECTION.pack_into(self.bytes, self.sections_at + number * SECTION.size, *fields)

    def drop_sections(self):
        struct.pack_into("<Q", self.bytes, 40, 0)
        struct.pack_into("<HHH", self.bytes, 58, 0, 0, 0)

    def drop_eh_frame_hdr(self):
        number, offset, size = self.find(b".eh_frame_hdr")
        self.resize(number, 0)
        self.bytes[offset:offset + size] = bytes(size)
        for index in range(self.segments):
            at = self.segments_at + index * SEGMENT.size
            if SEGMENT.unpack_from(self.bytes, at)[0] == PT_GNU_EH_FRAME:
                struct.pack_into("<I", self.bytes, at, PT_NULL)

    def entries(self):
        """(offset in the file, length) of each entry of .eh_frame, the length's own four bytes apart."""
        _, at, size = self.find(b".eh_frame")
        end = at + size
        while at + 4 <= end:
            length, = struct.unpack_from("<I", self.bytes, at)
            if length == 0:
                return
            yield at, length
            at += 4 + length

    def lie(self):
        """The common rules of the entries begin with where the stack is: here, 4 KiB too high."""
        for at, length in self.entries():
            is_common = struct.unpack_from("<I", self.bytes, at + 4)[0] == 0
            rule = self.bytes.find(bytes((DW_CFA_DEF_CFA, 7, 8)), at + 8, at + 4 + length)
            if is_common and rule > 0:
                self.bytes[rule + 1] = 6


def damage(how, elf):
    if how == "sectionless":
        elf.drop_sections()
    elif how == "no_eh_frame_hdr":
        elf.drop_eh_frame_hdr()
    elif how == "truncated":
        number, offset, size = elf.find(b".eh_frame")
        keep = size // 2 + 3
        elf.resize(number, keep)
        elf.bytes[offset + keep:offset + size] = b"\xff" * (size - keep)
    elif how == "lying":
        elf.lie()
    elif how == "garbage":
        _, offset, size = elf.find(b".eh_frame")
        elf.bytes[offset:offset + size] = random.Random(3).randbytes(size)
    elif how == "endless":
        for at, _ in list(elf.entries())[1:]:
            struct.pack_into("<I", elf.bytes, at, 0xFFFFFFF0)
    elif how == "other_build":
        _, offset, size = elf.find(b".note.gnu.build-id")
        elf.bytes[offset + size - 8:offset + size] = b"\xab" * 8
    else:
        raise SystemExit(__doc__)


def main():
    how, program, copy = sys.argv[1:]
    elf = Elf(program)
    damage(how, elf)
    pathlib.Path(copy).write_bytes(elf.bytes)
    pathlib.Path(copy).chmod(0o755)


if __name__ == "__main__":
    main()
