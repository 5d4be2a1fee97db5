"""Builds the site of the documentation, and checks every link in it: site.py MDBOOK FOLDER.

mdBook takes one folder of pages, but these link to others: the README, the chart's page, manifests, source files. So
everything that they reach is copied to FOLDER/src, at the same place as in the repository, and the links stay as they are.
"""

import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def targets(page):
    """The files and folders of the repository that a page links to."""
    for link in LINK.findall(page.read_text()):
        if "://" in link or link.startswith(("#", "mailto:")):
            continue
        target = (page.parent / link.split("#")[0]).resolve()
        if target.is_relative_to(ROOT) and target.exists():
            yield target


def lay_out(source):
    """Copies the pages in the table of contents, and what they link to."""
    summary = ROOT / "docs/SUMMARY.md"
    pages = [ROOT / "README.md", *targets(summary)]
    for page in pages:
        for path in [page, *targets(page)]:
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                copy.mkdir(exist_ok=True)
                for file in path.iterdir():
                    shutil.copy(file, copy)
                files = "".join(f'<li><a href="{file.name}">{file.name}</a></li>' for file in sorted(path.iterdir()))
                (copy / "index.html").write_text(f"<!DOCTYPE html><title>{path.name}</title><ul>{files}</ul>")
            elif path.suffix != ".md":
                shutil.copy(path, copy)
    for page in pages:
        (source / page.relative_to(ROOT)).write_text(readable(page))
    shutil.copytree(ROOT / "docs", source / "docs", ignore=shutil.ignore_patterns("*.md", "*.toml", "*.py"), dirs_exist_ok=True)
    # The paths of the table of contents are those of its own folder.
    moved = LINK.sub(lambda link: f"]({'' if link[1].startswith('../') else 'docs/'}{link[1].removeprefix('../')})", summary.read_text())
    (source / "SUMMARY.md").write_text(moved)
    shutil.copy(ROOT / "docs/book.toml", source.parent)


def readable(page):
    """The text of a page for mdBook, which calls a README.md index.html, and has no page for the table of contents."""
    text = page.read_text()
    text = re.sub(r"(\]\((?!\w+://)[^)\s#]*)README\.md", r"\1index.md", text)
    return re.sub(r"\[([^]]*)\]\((?:\.\./|docs/)*SUMMARY\.md\)", r"\1", text)


class Page(html.parser.HTMLParser):
    """Links and anchors of a built page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken(site):
    """Links that lead nowhere, and how many were looked at."""
    pages = {path: Page(path.read_text()) for path in site.rglob("*.html")}
    found, seen = [], 0
    for path, page in pages.items():
        # Copies for printing and for lost readers: their links are those of other places.
        if path.name in ("print.html", "404.html"):
            continue
        for link in page.links:
            address = urllib.parse.urlsplit(link)
            if address.scheme or address.netloc:
                continue
            seen += 1
            target = (path.parent / urllib.parse.unquote(address.path)).resolve() if address.path else path
            if target.is_dir():
                target /= "index.html"
            anchor = urllib.parse.unquote(address.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                found.append(f"{path.relative_to(site)}: {link}")
    return found, seen


def main(mdbook, folder):
    book = pathlib.Path(folder).resolve()
    shutil.rmtree(book, ignore_errors=True)
    lay_out(book / "src")
    subprocess.run([mdbook, "build", str(book)], check=True)
    site = book / "book"
    problems, seen = broken(site)
    if problems or seen < 1000:
        sys.exit("\n".join(["docs: links that lead nowhere:", *problems]) if problems else f"docs: only {seen} links were found")
    print(f"docs: {site}/index.html is ready; {seen} links lead somewhere", file=sys.stderr)


main(*sys.argv[1:])
