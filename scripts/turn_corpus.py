"""Lays out recorded speech for `make bench-turns`.  Usage: turn_corpus.py DIR

Needs Python 3.9 and, for what is not installed, `apt-get download`: three packages of Debian, 55 MB, unpacked into DIR/packages and
not installed. Nothing of it is committed: the game's licence lets it be passed on, but not sold.

DIR/clips.tsv, one clip a line: file, speaker, source, turn, place within the turn from 0, words (where they are known).
Clips with the same turn were said in one breath by one speaker, in this order. The files are left as they are: MP3, WAV.
"""

import pathlib
import re
import struct
import subprocess
import sys

QUEEN = ("flight-of-the-amazon-queen", "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c")
ASTERISK = ("asterisk-core-sounds-en-wav", "usr/share/asterisk/sounds/en_US_f_Allison")
ASTERISK_WORDS = ("asterisk-core-sounds-en", "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
LIBRIVOX = ("pocketsphinx-testdata", "usr/share/pocketsphinx/test/data")


def unpacked(directory, package, path):
    """`path` of `package`: where it is installed, or else unpacked below `directory`."""
    if pathlib.Path("/", path).exists():
        return pathlib.Path("/", path)
    root = directory / "packages" / package
    if not (root / path).exists():
        root.mkdir(parents=True, exist_ok=True)
        print(f"fetching {package}", file=sys.stderr)
        for old in root.glob("*.deb"):
            old.unlink()
        subprocess.run(["apt-get", "download", "-qq", package], cwd=root, check=True, stderr=subprocess.DEVNULL)
        (deb,) = root.glob("*.deb")
        subprocess.run(["dpkg", "-x", deb, root], check=True)
        deb.unlink()
    if not (root / path).exists():
        sys.exit(f"{package} has no {path}: this script knows another version of it")
    return root / path


def queen_entries(data):
    """The game's file: a header of 15 bytes, then entries of 21: name, bundle, offset, size."""
    if data[:4] != b"QTBL":
        sys.exit("queen.1c is not the file this script knows")
    (count,) = struct.unpack(">H", data[13:15])
    entries = {}
    for number in range(count):
        at = 15 + 21 * number
        name = data[at : at + 12].split(b"\0")[0].decode("latin1")
        entries[name] = struct.unpack(">II", data[at + 13 : at + 21])
    return entries


def queen_strings(region):
    """Sentences in what a speaker may say: two zeros, a number, a length, characters; and padding."""
    strings, at = {}, 4
    while at < len(region):
        text = region[at + 1 : at + 1 + region[at]]
        is_text = 2 <= region[at] == len(text) and all(32 <= byte < 127 for byte in text)
        if is_text and region[at - 4 : at - 2] == b"\0\0":
            (number,) = struct.unpack(">H", region[at - 2 : at])
            strings.setdefault(number, text.decode("ascii"))
            at += len(text)
        at += 1
    return strings


def segments_of(text):
    """What is said between the orders (`*03`) in a sentence: each is a recording."""
    parts = [part.strip() for part in re.split(r"\*(?:\d\d|[A-Z][A-Z])", text)]
    return [" ".join(part.split()) for part in parts if re.search(r"[A-Za-z0-9]", part)]


def queen(directory, clips):
    data = unpacked(directory, *QUEEN).read_bytes()
    entries = queen_entries(data)
    words, speakers = {}, {}
    for name, (offset, size) in sorted(entries.items()):
        if not name.endswith(".DOG"):
            continue
        dialogue = data[offset + 20 : offset + size]
        levels, _, talk = struct.unpack(">3h", dialogue[:6])
        (person_at,) = struct.unpack(">H", dialogue[22:24])
        key = f"{abs(talk):02d}"
        speakers[key] = re.sub(r"\d*\.DOG", "", name).lower()
        regions = {"J": dialogue[32 + abs(levels) * 96 : person_at], "P": dialogue[person_at:]}
        for side, region in regions.items():
            for number, text in queen_strings(region).items():
                words[f"{key}{number:04X}{side}"] = segments_of(text)
    folder = directory / "queen"
    folder.mkdir(exist_ok=True)
    for name, (offset, size) in sorted(entries.items()):
        match = re.fullmatch(r"(\d\d)([0-9A-F]{4})([JP])(\d)\.SB", name)
        if not match or match[1] not in speakers:
            continue
        turn, place = match[1] + match[2] + match[3], int(match[4]) - 1
        said = words.get(turn, [])
        speaker = "joe" if match[3] == "J" else speakers[match[1]]
        file = folder / f"{turn}{match[4]}.mp3".lower()
        file.write_bytes(data[offset : offset + size])
        text = said[place] if place < len(said) else ""
        clips.append((f"queen/{file.name}", f"queen-{speaker}", "queen", f"queen-{turn.lower()}", place, text))


def asterisk(directory, clips):
    import gzip

    folder = unpacked(directory, *ASTERISK)
    listed = gzip.decompress(unpacked(directory, *ASTERISK_WORDS).read_bytes()).decode("utf-8", "replace")
    for line in listed.splitlines():
        name, _, text = line.partition(":")
        file = folder / f"{name.strip()}.wav"
        if not text or line.startswith(";") or "[" in text or not file.exists():
            continue
        turn = "asterisk-" + name.strip().replace("/", "-")
        clips.append((str(file), "allison", "asterisk", turn, 0, " ".join(text.split())))


def librivox(directory, clips):
    folder = unpacked(directory, *LIBRIVOX)
    for file in sorted((folder / "librivox").glob("*.wav")):
        clips.append((str(file), "librivox", "librivox", f"librivox-{file.stem[-4:]}", 0, ""))
    for file in sorted((folder / "cards").glob("*.wav")):
        clips.append((str(file), "cards", "cards", f"cards-{file.stem}", 0, ""))


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)
    clips = []
    queen(directory, clips)
    asterisk(directory, clips)
    librivox(directory, clips)
    lines = ["\t".join(map(str, clip)) + "\n" for clip in clips]
    (directory / "clips.tsv").write_text("".join(lines))
    print(f"{len(clips)} clips of {len({clip[1] for clip in clips})} speakers in {directory}", file=sys.stderr)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
