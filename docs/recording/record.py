#!/usr/bin/env python3
"""Makes docs/recording/demo.svg: what `make demo` prints, as it prints it.

    record.py run COMMAND...   runs the demonstration on a terminal, keeps parts of its output in demo.ansi, draws demo.svg
    record.py draw             prints the drawing of demo.ansi
    record.py check FILE       exit code 1 and the difference when demo.ansi is not what FILE, an output of the
                               demonstration, would make of it

`make recording` runs the first, the tests of the documentation the other two. Ids are replaced. Times differ from run to run: they are
those of the run that was kept, and no reason to keep another one. Standard library only.
"""

import difflib
import os
import pty
import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
KEPT, DRAWN = HERE / "demo.ansi", HERE / "demo.svg"

COLUMNS, ROWS = 112, 34
LINE, CHARACTER, MARGIN, BAR = 19, 8.43, 18, 34  # pixels
TURN, PAUSE = 0.09, 1.6  # seconds: a line appears, a paragraph is read
END = 9.0  # seconds: the last picture stays

# Codes of tests/demo/terminal.rs and their look.
CODES = {"0": "", "1": "strong", "2": "quiet", "32": "good", "1;31": "bad"}
STYLE = """\
text { white-space: pre }
.strong { fill: #ffffff; font-weight: bold } .quiet { fill: #8b96a5 } .good { fill: #6fcf7c } .bad { fill: #ff7b72; font-weight: bold }
"""

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"

# What is kept, by section of the output: all of it, or the paragraphs that begin so.
SECTIONS = [
    ("1  Manifests become roles", ["  $ kubectl", "    role          arn:aws:iam::123456789012:role/prod-team-a_billing-reader"]),
    (
        "2  Changes behind the controller's back",
        [
            "  Somebody",
            "  The second AWS client calls PutRolePolicy",
            "  The second AWS client calls AttachRolePolicy",
            "  The second AWS client calls DeleteRolePermissionsBoundary",
        ],
    ),
    ("5  A resource is deleted", None),
    ("What was shown", ["  Claim", "  All ", "  1 of "]),  # one claim is of being in time
]

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
TIME = re.compile(r"\d+\.\d s")


def plain(line):
    return ESCAPE.sub("", line)


def normal(text):
    text = re.sub(r"AROA[A-Z0-9]{16,}", "AROAEXAMPLE0123456789", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "5f0c6a1e-0000-4000-8000-00000000a001", text)


def selection(output):
    """The kept lines of an output of the demonstration."""
    lines = normal(output.replace("\r\n", "\n")).split("\n")
    kept = ["$ make demo", "", "…"]
    for heading, wanted in SECTIONS:
        begin = next((n for n, line in enumerate(lines) if plain(line) == heading), None)
        if begin is None:
            sys.exit(f"the demonstration has no section {heading!r}: correct SECTIONS in {__file__}")
        # A section ends at the next line that begins at the margin.
        end = next((n for n in range(begin + 1, len(lines)) if re.match(r"\S", plain(lines[n]))), len(lines))
        paragraphs = "\n".join(lines[begin + 1 : end]).strip("\n").split("\n\n")
        kept += ["", lines[begin]]
        left_out = False
        for paragraph in paragraphs:
            part = paragraph.split("\n")
            if wanted is not None:
                # A paragraph may begin with lines of the one before: what counts is where a wanted line stands.
                at = next((n for n, line in enumerate(part) if plain(line).startswith(tuple(wanted))), None)
                if at is None:
                    left_out = True
                    continue
                part = part[at:]
            kept += ["", *(["  …", ""] if left_out else []), *part]
            left_out = False
        if left_out:
            kept += ["", "  …"]
    # What the demonstration says of its own run is not part of what was shown.
    return [line.rstrip() for line in kept if not plain(line).startswith(("  It took", "  The controller ended"))]


def comparable(lines):
    """Without colours and without what a slow machine changes: times, and whether the demonstration was in time."""
    lines = [TIME.sub("", plain(line)) for line in lines]
    lines = [re.sub(r"  (yes|NO)\s*$|^  (All )?\d+( of \d+)? claims.*", "", line) for line in lines]
    return [line.rstrip() for line in lines if not line.startswith("      ") or line.startswith("       ")]


def spans(line):
    """One line as the inside of a <text>."""
    drawn, look, at = [], "", 0
    for found in [*ESCAPE.finditer(line), None]:
        text = escape(line[at : found.start() if found else len(line)])
        if text:
            drawn.append(f'<tspan class="{look}">{text}</tspan>' if look else text)
        if found:
            look, at = CODES[found.group(1)], found.end()
    return "".join(drawn)


def draw(lines):
    """A terminal on which the lines appear from below, and whose last picture stays."""
    moments, now = [(0.0, 0)], 0.0  # (seconds, lines to be seen)
    for number, line in enumerate(lines, 1):
        now += TURN if plain(line) else PAUSE
        if plain(line) or number == len(lines):
            moments.append((now, number))
    whole = now + END
    top = lambda seen: (ROWS - seen) * LINE
    frames = [f"{100 * at / whole:.3f}% {{ transform: translateY({top(seen)}px) }}" for at, seen in moments]
    frames.append(f"100% {{ transform: translateY({top(len(lines))}px) }}")
    width, height = round(COLUMNS * CHARACTER) + 2 * MARGIN, ROWS * LINE + BAR + MARGIN
    texts = [
        f'<text y="{number * LINE + 14}" xml:space="preserve">{spans(line)}</text>'
        for number, line in enumerate(lines)
        if line
    ]
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>What make demo prints: roles are made, changed behind the controller's back, put back, and removed</title>
<!-- Made by docs/recording/record.py of demo.ansi: edit neither. -->
<style>
{STYLE}\
.screen {{ transform: translateY({top(len(lines))}px) }}
@media (prefers-reduced-motion: no-preference) {{ .screen {{ animation: run {whole:.2f}s step-end infinite }} }}
@keyframes run {{
{chr(10).join(frames)}
}}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>
<circle cx="20" cy="17" r="6" fill="#39424e"/><circle cx="40" cy="17" r="6" fill="#39424e"/><circle cx="60" cy="17" r="6" fill="#39424e"/>
<svg x="{MARGIN}" y="{BAR}" width="{width - 2 * MARGIN}" height="{ROWS * LINE}">
<g class="screen" transform="translate(0 {top(len(lines))})" fill="#d7dce2" font-size="14" font-family="{FONTS}">
{chr(10).join(texts)}
</g>
</svg>
</svg>
"""


def run(command):
    """Runs the command on a terminal and returns what it printed."""
    printed = bytearray()

    def read(descriptor):
        data = os.read(descriptor, 65536)
        printed.extend(data)
        return data

    status = os.waitstatus_to_exitcode(pty.spawn(command, read))
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with exit code {status}: nothing was recorded")
    return printed.decode()


def kept():
    return KEPT.read_text(encoding="utf-8").rstrip("\n").split("\n")


def main(arguments):
    match arguments:
        case ["run", *command] if command:
            lines = selection(run(command))
            if not KEPT.exists() or comparable(lines) != comparable(kept()):
                KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")
            DRAWN.write_text(draw(kept()), encoding="utf-8")
        case ["draw"]:
            sys.stdout.reconfigure(encoding="utf-8")
            sys.stdout.write(draw(kept()))
        case ["check", file]:
            now = comparable(selection(Path(file).read_text(encoding="utf-8")))
            difference = list(difflib.unified_diff(comparable(kept()), now, "recorded", "now", lineterm=""))
            if difference:
                sys.exit("\n".join([*difference, "the recording is old: `make recording` makes it anew"]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
