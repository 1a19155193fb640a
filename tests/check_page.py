#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages as a browser shows them: wide, narrow, light, dark, without images.

Usage: check_page.py [FOLDER|PAGE...]      program: $LINEBOUNCE; $LB_SOURCE_DIR; browser: $CHROMIUM
Folders are results folders; without any a copy of the reference run is taken, what a run of whatif
gives, several machines summarised and runs compared. Exit 0 passed, 1 failed, 77 skipped: there is
no Chromium.
"""

import csv
import glob
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("LB_SOURCE_DIR",
                        os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("LINEBOUNCE", os.path.join(SOURCE, "build/benchmarks/linebounce"))
BYTES_MOST = 500_000
WIDTHS = (400, 1400)
CONTRAST_LEAST = 4.5  # WCAG 2, level AA, for text of any size

# Within the page's own frame: opens all folds, and says what it measures.
SCRIPT = r"""
const rgb = text => { const n = text.match(/[\d.]+/g).map(Number);
                      return {r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1}; };
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => 0.2126 * channel(c.r) + 0.7152 * channel(c.g) + 0.0722 * channel(c.b);
const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) /
                           (Math.min(light(a), light(b)) + 0.05);
function behind(element) {
  for (let e = element; e; e = e.parentElement) {
    const rect = e.tagName === 'svg' && e.querySelector(':scope > rect:first-of-type');
    if (rect && e.parentElement.closest('svg')) return rgb(getComputedStyle(rect).fill);
    const color = rgb(getComputedStyle(e).backgroundColor);
    if (color.a === 1) return color;
  }
  return {r: 255, g: 255, b: 255, a: 1};
}
function measure() {
  document.querySelectorAll('details').forEach(d => d.open = true);
  const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let node; node = walker.nextNode();) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.nodeValue.trim() || ['STYLE', 'SCRIPT', 'title'].includes(e.tagName)) continue;
    texts++;
    const c = contrast(rgb(e.closest('svg') ? style.fill : style.color), behind(e));
    if (c < LEAST) faint.push(c.toFixed(2) + ' ' + node.nodeValue.trim().slice(0, 40));
  }
  const pictures = [...document.querySelectorAll('img')].map(i => i.alt).concat(
    [...document.querySelectorAll('svg')].filter(s => !s.parentElement.closest('svg'))
      .map(s => s.getAttribute('role') === 'img' ? s.getAttribute('aria-label') || '' : ''));
  const wide = [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + ' ' + e.className);
  const heading = document.querySelector('h1,h2,h3,h4');
  const small = [...document.querySelectorAll('body *')].filter(e => e.childElementCount === 0 &&
    e.textContent.trim() && e.tagName !== 'title' &&
    parseFloat(getComputedStyle(e).fontSize) < 9).length;
  return {width: innerWidth, scroll: document.documentElement.scrollWidth, wide: wide.slice(0, 5),
          title: document.title, heading: heading.tagName + ' ' + heading.textContent,
          texts: texts, faint: [...new Set(faint)].slice(0, 8), pictures: pictures, small: small,
          dark: matchMedia('(prefers-color-scheme: dark)').matches,
          background: getComputedStyle(document.body).backgroundColor};
}
parent.report(measure());
"""

faults = 0


def fail(what):
    global faults
    faults += 1
    print(what)


def browser():
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((path for path in map(shutil.which, filter(None, names)) if path), None)


def look(program, page, width, dark, folder):
    """What SCRIPT measures of a page in a frame of that width."""
    script = SCRIPT.replace("LEAST", str(CONTRAST_LEAST))
    loaded = f"<script>addEventListener('load', () => {{{script}}})</script></body>"
    inner = page.replace("</body>", loaded)
    outer = os.path.join(folder, "frame.html")
    with open(outer, "w", encoding="utf-8") as file:
        file.write("<!DOCTYPE html><meta charset=utf-8><title>frame</title><pre id=said></pre>"
                   "<script>window.report = r => "
                   "document.getElementById('said').textContent = JSON.stringify(r)</script>"
                   f"<iframe style='border:0;width:{width}px;height:3000px' "
                   f"srcdoc=\"{html.escape(inner)}\"></iframe>")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               f"--user-data-dir={folder}/profile", f"--window-size={width + 100},3200",
               "--virtual-time-budget=5000", "--dump-dom", "file://" + outer]
    if dark:
        command.insert(-2, "--blink-settings=preferredColorScheme=0")
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                            env={**os.environ, "HOME": folder})
    said = re.search(r"<pre id=\"said\">(.+?)</pre>", result.stdout, re.S)
    if not said:
        raise RuntimeError(f"the browser said nothing (status {result.returncode}): "
                           f"{result.stderr[-400:]}")
    return json.loads(html.unescape(said.group(1)))


def judge(seen, width, dark, where):
    if seen["width"] != width or seen["dark"] != dark:
        fail(f"{where}: the frame is {seen['width']} wide and dark is {seen['dark']}")
    if seen["scroll"] > width or seen["wide"]:
        fail(f"{where}: {seen['scroll']} wide: {seen['wide']}")
    if seen["heading"] != "H1 " + seen["title"]:
        fail(f"{where}: the title is '{seen['title']}', the first heading '{seen['heading']}'")
    if seen["texts"] < 20:
        fail(f"{where}: only {seen['texts']} texts")
    for text in seen["faint"]:
        fail(f"{where}: contrast {text}")
    if seen["small"]:
        fail(f"{where}: {seen['small']} texts of under 9 pixels")
    for text in seen["pictures"]:
        if len(text) < 30 or " " not in text:
            fail(f"{where}: a picture says '{text}'")
    red, green, blue = map(int, re.findall(r"\d+", seen["background"])[:3])
    if (red + green + blue > 384) == dark:
        fail(f"{where}: background {seen['background']}")


def check(program, path, folder):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    n_bytes = len(page.encode())
    name = os.path.basename(path)
    if name == "index.html":
        name = os.path.basename(os.path.dirname(path))
    if n_bytes > BYTES_MOST:
        fail(f"{name}: {n_bytes} bytes, at most {BYTES_MOST}")
    for forbidden in ("<script", "http:", "https:", "<link", "@import", "url("):
        if forbidden in page:
            fail(f"{name}: {forbidden}")
    for what, text in (("", page), (" without images", re.sub(r"<img [^>]*>", "", page))):
        for width in WIDTHS:
            for dark in (False, True):
                where = f"{name}{what}, {width} {'dark' if dark else 'light'}"
                judge(look(program, text, width, dark, folder), width, dark, where)
    drawn = len(re.findall(r"<svg class=\"(?:lines|axis)\"", page))
    print(f"{name}: {n_bytes} bytes, {page.count('<img')} pictures by gnuplot, {drawn} of our own")


def plot(run):
    subprocess.run([PROGRAM, "plot", run], check=True, capture_output=True)


def make_runs(folder):
    """The reference run, and what a move's page is: its numbers need not be good."""
    runs = []
    for source in glob.glob(os.path.join(SOURCE, "results/reference/*/summary.csv")):
        run = os.path.join(folder, os.path.basename(os.path.dirname(source)))
        shutil.copytree(os.path.dirname(source), run)
        plot(run)
        runs.append(run)
    run = os.path.join(folder, "whatif")
    result = subprocess.run([PROGRAM, "run", "whatif", "--rounds", "2", "--out", run],
                            capture_output=True, text=True, check=False)
    if os.path.exists(os.path.join(run, "index.html")):
        runs.append(run)
    else:
        print(f"no run of whatif here: {result.stderr.strip()[-200:]}")
    return [os.path.join(run, "index.html") for run in runs]


def copy(source, run, host, factor=1.0, begun=""):
    """A recorded run as if of another machine, or another program whose locks cost more."""
    os.makedirs(run)
    with open(os.path.join(source, "summary.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["layout"] == "embedded" and row["ns_op_median"]:
            row["ns_op_median"] = f"{factor * float(row['ns_op_median']):.6g}"
    with open(os.path.join(run, "summary.csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0], lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    with open(os.path.join(source, "run.json"), encoding="utf-8") as file:
        record = json.load(file)
    record["machine"]["host"] = host
    record["run"]["started_utc"] = begun or record["run"]["started_utc"]
    record["run"]["generations"] = ["of a long text, "] * 40 + [str(factor)] + ["and more, "] * 40
    with open(os.path.join(run, "run.json"), "w", encoding="utf-8") as file:
        json.dump(record, file)
    return run


def make_of_several(folder):
    """Pages of several runs: a dozen machines with long names, two programs, one run a side."""
    source = os.path.dirname(sorted(glob.glob(
        os.path.join(SOURCE, "results/reference/*/run.json")))[0])
    machines = [copy(source, os.path.join(folder, f"m{i}"), f"rack{i}-node{i}.of-a-long-domain")
                for i in range(12)]
    sides = [[copy(source, os.path.join(folder, f"{side}{i}"), "host", factor + i / 1000,
                   f"2026-01-01T0{i}:{'01'[side == 'B']}0:00Z") for i in range(3)]
             for side, factor in (("A", 1.0), ("B", 1.5))]
    commands = {"summarise": ["summarise", *machines],
                "changed": ["compare", *sides[0], "--", *sides[1]],
                "two-runs": ["compare", sides[0][0], sides[1][0]]}
    pages = []
    for name, (command, *rest) in commands.items():
        page = os.path.join(folder, f"{name}.html")
        result = subprocess.run([PROGRAM, command, "--page", page, *rest], capture_output=True,
                                text=True, check=False)
        if result.returncode:
            fail(f"{name}: {result.stderr}")
        else:
            pages.append(page)
    return pages


def main():
    program = browser()
    if not program:
        print("skipped: no Chromium (Debian: chromium)")
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pages = [os.path.join(path, "index.html") if os.path.isdir(path) else path
                 for path in sys.argv[1:]]
        pages = pages or make_runs(folder) + make_of_several(folder)
        for page in pages:
            check(program, os.path.abspath(page), folder)
    print(f"{len(pages)} pages, {faults} faults")
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
