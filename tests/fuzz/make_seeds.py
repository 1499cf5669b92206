#!/usr/bin/env python3
"""Write the seed corpora below tests/fuzz/corpus: the byte examples of docs/protocol.md, for the messages as they are and for the
frames in a few portions, and hand-made names for the policy and for paths."""
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

# Per seed: flags (1: a directory handle, 2: an object beside), their numbers in the model of fuzz_path.c, the path.
NT = "\\??\\C:\\"
PATHS = {
    "full": (0, 0, 0, NT + "w\\dir\\new"),
    "other-root": (0, 0, 0, NT + "W\\DIR\\inner\\x\\new"),
    "alias": (0, 0, 0, NT + "LONGNA~1\\dir\\new"),
    "drive": (0, 0, 0, "\\??\\D:\\new"),
    "dots": (0, 0, 0, NT + "w\\dir\\..\\..\\out\\new"),
    "root": (0, 0, 0, NT + "w"),
    "prefix": (0, 0, 0, NT + "wider\\new"),
    "link": (0, 0, 0, NT + "w\\link\\new"),
    "guard": (0, 0, 0, NT + "w\\guard\\new"),
    "handle": (1, 3, 0, "deep\\..x\\new"),
    "handle-outside": (1, 10, 0, "dir\\new"),
    "handle-leaf": (1, 1, 0, "guard"),
    "beside": (2, 0, 2, "new"),
    "beside-root": (2, 0, 1, "new"),
    "beside-separator": (2, 0, 5, "new\\"),
    "stream": (1, 1, 0, "a.txt:stream"),
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


def path_seed(flags, handle, beside, path):
    return bytes([flags, handle, beside]) + path.encode("utf-16-le")


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
    write("fuzz_path", {name: path_seed(*seed) for name, seed in PATHS.items()})
    write("fuzz_policy", {name: policy_seed(*seed) for name, seed in POLICY.items()})


if __name__ == "__main__":
    main()
