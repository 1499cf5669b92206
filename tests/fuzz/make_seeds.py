#!/usr/bin/env python3
"""Write the seed corpora below tests/fuzz/corpus: the byte examples of docs/protocol.md, for the messages as they are and for the
frames in a few portions, and hand-made names for the policy."""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "protocol.md"
HEADER = 4

# Per seed: flags, object, roots, protected paths. Flag 16: the walk met a protected object.
VOLUME = "\\Device\\HarddiskVolume1"
POLICY = {
    "inside": (0, VOLUME + "\\w\\a.txt", [VOLUME + "\\w"], []),
    "outside": (0, VOLUME + "\\wider\\a.txt", [VOLUME + "\\w"], []),
    "root": (0, VOLUME + "\\W", [VOLUME + "\\w"], []),
    "root-in-root": (0, VOLUME + "\\w\\sub", [VOLUME + "\\w", VOLUME + "\\w\\sub\\deep"], []),
    "protected": (0, VOLUME + "\\w\\.git\\hooks\\x", [VOLUME + "\\w"], [VOLUME + "\\w\\.git\\hooks"]),
    "above": (0, VOLUME + "\\w\\.git", [VOLUME + "\\w"], [VOLUME + "\\w\\.git\\hooks"]),
    "met": (16, VOLUME + "\\w\\GIT~1\\x", [VOLUME + "\\w"], [VOLUME + "\\w\\.git"]),
    "drive": (0, "\\??\\C:\\x", ["\\??\\C:\\"], []),
    "names": (0, "a:b", ["..", "a/b", "."], ["", "\u00e9", "x" * 256]),
    "separators": (0, "\\\\w\\\\a\\", ["\\\\w\\", "\\"], ["w\\\\"]),
}


def examples():
    """Yield (message name, frame) for each byte example of the page."""
    name = None
    for heading, block in re.findall(r"^### (\w+)|^```hex\n(.*?)^```", PAGE.read_text(), re.M | re.S):
        if heading:
            name = heading
        else:
            yield name, bytes.fromhex(block)


def policy_seed(flags, path, roots, protect):
    names = [path, *roots, *protect]
    text = b"\xff\xff".join(name.encode("utf-16-le") for name in names)
    return bytes([flags | len(roots) | len(protect) << 2]) + text


def write(target, seeds):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


def main():
    frames = dict(examples())
    glued = b"".join(frames.values())
    write("fuzz_message", {name: frame[HEADER:] for name, frame in frames.items()})
    write(
        "fuzz_frame",
        {
            "glued": b"\xff\x00" + glued,
            "bytewise": b"\x40\x01" + glued,
            "small-buffer": b"\x10\x03" + glued,
            "zero": b"\xff\x00" + frames["hello"] + bytes(HEADER),
            "over-long": b"\xff\x00" + frames["hello"] + b"\x01\x20\x03\x00",
            "unfinished": b"\x80\x02" + glued[:-3],
        },
    )
    write("fuzz_policy", {name: policy_seed(*seed) for name, seed in POLICY.items()})


if __name__ == "__main__":
    main()
