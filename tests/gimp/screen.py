# ruff: noqa: T201
"""Use the plug-in on a screen as a painter does, with keys, and look at what is there.

    screen.py REPOSITORY PROFILE OUTPUT ACT...

It runs in GIMP's folder with its own Python, Xvfb, openbox, xdotool and ImageMagick.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY, PROFILE, OUTPUT = map(Path, sys.argv[1:4])
DISPLAY = f":{100 + os.getpid() % 900}"
SCREEN = "1180x820"
CANVAS = "400x440+240+140"
"""The part of the screen where the picture is, whatever window lies beside it."""

PREVIEW = "400x400+174+113"
"""The part of the screen where the dialog shows the picture."""

CLOSELY, ORIGINAL = ("445", "552"), ("531", "552")
"""The buttons below it."""

HINTS = ("810", "171")
"""The menu of layers in the dialog of the hint wash."""

STYLES = ("703", "97")
"""The menu of second styles in the dialog of the fast style, from its corner: the more settings, the taller it is."""

HELP = ("217", "718")
"""The button at the lower left of the dialog."""

GIMP_CANCEL = ("627", "661")
"""Where GIMP's own Cancel appears."""

BESIDE = ("1100", "790")
"""Where the pointer draws no outline of a brush on the picture."""

PATIENCE = 240


class Screen:
    """A screen of our own with a window manager and GIMP on it."""

    def __init__(self):
        self.environment = {**os.environ, "DISPLAY": DISPLAY, "GIMP3_DIRECTORY": str(PROFILE), "NO_AT_BRIDGE": "1"}
        self.processes = []
        self.log = (PROFILE / "gimp.log").open("w")

    def start(self, *words):
        self.processes.append(subprocess.Popen(words, env=self.environment, stdout=self.log, stderr=self.log))

    def run(self, *words, check=True):
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, (words, done.stderr)
        return done.stdout + done.stderr

    def is_up(self):
        return self.run("xdotool", "getmouselocation", check=False).startswith("x:")

    def keys(self, *names):
        for name in names:
            self.run("xdotool", "key", "--clearmodifiers", name)
            time.sleep(0.25)

    def windows(self, title):
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", title],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.split()

    def shot(self, name, part=None):
        path = OUTPUT / f"{name}.png"
        self.run("import", "-window", "root", *(["-crop", part, "+repage"] if part else []), str(path))
        return path

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def wait(what, test, seconds=PATIENCE):
    """Wait until a test holds; how long it took."""
    start = time.monotonic()
    while not test():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - start


def difference(screen, first, second):
    """Root mean square difference of two screenshots, 0 to 1."""
    text = screen.run("compare", "-metric", "RMSE", str(first), str(second), "null:", check=False)
    return float(text.split("(")[1].split(")")[0])


def settled(screen, name, part=CANVAS, seconds=PATIENCE):
    """A screenshot that no longer changes."""
    start, last = time.monotonic(), screen.shot("last", part)
    while time.monotonic() - start < seconds:
        time.sleep(0.7)
        now = screen.shot(name, part)
        if difference(screen, last, now) < 1e-4:
            return now
        last = screen.shot("last", part)
    raise AssertionError(f"{name} does not come to rest")


def open_dialog(screen, title, menu_shot=None, window=None):
    """Through Filters > Senga, and the sub-menu of its group."""
    filters = json.loads((PROFILE / "plug-ins/senga-gimp/manifest.json").read_text())["filters"]
    groups = {f"{one['title']}…": one["group"] for one in filters} | {"Run recipe…": ""}
    group = groups[f"{title}…"]
    screen.keys("alt+r")
    time.sleep(1)
    screen.keys("Up", "Right")
    time.sleep(1)
    if menu_shot:
        screen.shot(menu_shot)
    entries = sorted({groups[one] or one for one in groups}, key=str.lower)
    screen.keys(*["Down"] * entries.index(group or f"{title}…"))
    if group:
        inside = sorted(one for one in groups if groups[one] == group)
        screen.keys("Right", *["Down"] * inside.index(f"{title}…"))
    screen.keys("Return")
    wait(f"the dialog of {title}", lambda: screen.windows(f"^Senga: {window or title}"))
    time.sleep(1.5)


def is_closed(screen, title):
    return lambda: not screen.windows(f"^Senga: {title}")


def worker_status():
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import senga_client as c; "
        "w = c.connect(sys.argv[1] + '/manifest.json', start=False); print(json.dumps(w.status()))"
    )
    words = [sys.executable, "-B", "-c", code, str(PROFILE / "plug-ins/senga-gimp")]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def say(text):
    print(f"ok     {text}", flush=True)


def paint_and_undo(screen, before):
    """Menu, dialog with preview, result, undo, and the same once more with the last values."""
    title = "Pencil sketch"
    open_dialog(screen, title, "menu")
    time.sleep(3)
    first = settled(screen, "dialog", None)
    say("menu, dialog and preview")
    screen.keys("alt+k")  # keep the original colours
    time.sleep(2)
    followed = difference(screen, first, settled(screen, "dialog-colored", None))
    assert followed > 0.05, f"the preview does not follow the settings: {followed}"
    screen.keys("alt+k")
    time.sleep(2)
    assert difference(screen, first, settled(screen, "dialog-again", None)) < 0.02
    say("the preview follows the settings")
    screen.keys("alt+o")
    took = wait("the sketch", is_closed(screen, title))
    result = settled(screen, "canvas-result")
    screen.shot("result")
    changed = difference(screen, before, result)
    assert changed > 0.1, f"the picture changed by {changed} only"
    say(f"a sketch in {took:.1f} s")
    screen.keys("ctrl+z")
    undone = settled(screen, "canvas-undone")
    screen.shot("undone")
    assert difference(screen, before, undone) < 1e-3, "one step of undo does not bring the picture back"
    say("undone in one step")
    screen.keys("ctrl+f")
    wait("the same again", lambda: difference(screen, screen.shot("again", CANVAS), result) < 1e-3)
    screen.keys("ctrl+z")
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("the same again with the last values")


def look_closely(screen, before):
    """The preview pixel by pixel, moved by hand; the original while a button is held; more of it in a larger window."""
    title = "Pencil sketch"
    open_dialog(screen, title)
    time.sleep(3)
    fitting = settled(screen, "closely-fitting", PREVIEW)
    screen.run("xdotool", "mousemove", *CLOSELY, "click", "1")
    time.sleep(2)
    part = settled(screen, "closely", PREVIEW)
    assert difference(screen, fitting, part) > 0.02
    say("the preview at 100 %")
    hold = ("xdotool", "mousemove", *ORIGINAL, "mousedown", "1")
    screen.run(*hold)
    time.sleep(1)
    original = screen.shot("closely-original", PREVIEW)
    screen.run("xdotool", "mouseup", "1")
    assert difference(screen, part, original) > 0.05
    assert difference(screen, part, settled(screen, "closely-again", PREVIEW)) < 1e-3
    say("hold to compare")
    screen.run("xdotool", "mousemove", "400", "350", "mousedown", "1", "mousemove", "360", "330", "mouseup", "1")
    assert difference(screen, part, settled(screen, "closely-moved", PREVIEW)) > 0.02
    say("dragged to another part")
    screen.run("xdotool", "mousemove", *CLOSELY, "click", "1", "mousemove", *BESIDE)
    window = screen.windows(f"^Senga: {title}")[-1]
    screen.run("xdotool", "windowmove", window, "0", "30", "windowsize", window, "1170", "780")
    time.sleep(2)
    settled(screen, "closely-large", None)
    screen.keys("Escape")
    wait("the dialog closes", is_closed(screen, title))
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3


def help_page(screen, before):
    """The Help button opens our page, at the filter; screen.sh has a program that notes what is opened."""
    open_dialog(screen, "Pencil sketch")
    screen.run("xdotool", "mousemove", *HELP, "click", "1", "mousemove", *BESIDE)
    opened = Path(os.environ["XDG_DATA_HOME"]) / "opened"
    wait("the page", opened.exists)
    time.sleep(0.5)
    page = opened.read_text().strip()
    assert page.endswith("/plug-ins/senga-gimp/help/en/index.html#sketch"), page
    assert Path(page.removeprefix("file://").split("#")[0]).exists()
    screen.keys("Escape")
    wait("the dialog closes", is_closed(screen, "Pencil sketch"))
    say("Help opens our page")


def every_kind(screen, before):
    """Menus of layers and files, a button for a colour, texts for points and lists."""
    for title in ("Hint wash", "Pins"):
        open_dialog(screen, title, f"menu-{title.split()[0].lower()}")
        time.sleep(3)
        settled(screen, f"dialog-{title.split()[0].lower()}", None)
        screen.keys("Escape")
        wait("the dialog closes", is_closed(screen, title))
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("dialogs with every kind of setting")


def choices_with_pictures(screen, before):
    """A menu of styles with a small picture of each; one is chosen with the mouse."""
    title = "Fast style"
    open_dialog(screen, title)
    time.sleep(3)
    first = settled(screen, "dialog-styles", None)
    window = screen.windows(f"^Senga: {title}")[-1]
    screen.run("xdotool", "mousemove", "--window", window, *STYLES, "click", "1")
    time.sleep(1.5)
    assert difference(screen, first, settled(screen, "menu-styles", None)) > 0.02
    screen.keys("Down", "Down", "Return")
    screen.run("xdotool", "mousemove", *BESIDE)
    time.sleep(2)
    assert difference(screen, first, settled(screen, "dialog-another-style", PREVIEW)) > 0.02
    screen.keys("Escape")
    wait("the dialog closes", is_closed(screen, title))
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("a style is chosen by its picture")


def repeat(screen, before):
    """Filters > Repeat and Re-Show after a filter that sees another layer of the picture."""
    title = "Hint wash"
    screen.keys("ctrl+shift+d")  # the layer once more, above
    time.sleep(1)
    screen.keys("Next", "ctrl+comma", "Prior")  # the lower one is filled with black
    time.sleep(1)
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    open_dialog(screen, title)
    screen.run("xdotool", "mousemove", *HINTS, "click", "1")
    time.sleep(0.7)
    screen.keys("Down", "Down", "Return")
    screen.run("xdotool", "mousemove", *BESIDE)
    time.sleep(2)
    chosen = settled(screen, "dialog-chosen", None)
    screen.keys("alt+o")
    wait("the dialog closes", is_closed(screen, title))
    result = settled(screen, "canvas-washed")
    assert difference(screen, before, result) > 0.1
    screen.keys("ctrl+z")
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    screen.keys("ctrl+f")
    wait("the same again", lambda: difference(screen, screen.shot("canvas-repeated", CANVAS), result) < 1e-3)
    screen.keys("ctrl+z")
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("Repeat takes the same layer for a second picture")
    screen.keys("ctrl+shift+f")
    wait("the dialog again", lambda: screen.windows(f"^Senga: {title}"))
    time.sleep(2)
    assert difference(screen, chosen, settled(screen, "dialog-reshown", None)) < 0.02
    screen.keys("Escape")
    wait("the dialog closes", is_closed(screen, title))
    say("Re-Show has the same settings, that layer too")
    screen.keys("ctrl+z", "ctrl+z")  # no black, no second layer
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3


def cancel_before(screen, before):
    open_dialog(screen, "Colour pencil")
    screen.keys("Escape")
    wait("the dialog closes", is_closed(screen, "Colour pencil"))
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("cancelled before anything was done")


def recipe_dialog(screen, before):
    open_dialog(screen, "Run recipe", window="Recipe")
    screen.shot("recipe")
    screen.keys("alt+o")
    wait("GIMP's message", lambda: screen.windows("GIMP Message"))
    screen.keys("Return")
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("a recipe must be chosen before it runs")


def cancel_in_dialog(screen, before):
    open_dialog(screen, "Bench slow")
    screen.keys("alt+o")
    wait("the job", lambda: worker_status()["jobs"])
    time.sleep(2)
    screen.shot("progress")
    screen.keys("alt+c")
    took = wait("the dialog closes", is_closed(screen, "Bench slow"), 3)
    no_job(took)
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say(f"cancelled in the dialog within {took:.1f} s")


def no_job(took):
    left = wait("the worker stops", lambda: not worker_status()["jobs"], 3)
    assert took + left < 2.5, f"{took + left:.1f} s until the worker stopped"


def cancel_in_gimp(screen, before):
    """GIMP's own Cancel, right of its progress bar."""
    screen.keys("ctrl+f")
    wait("the job", lambda: worker_status()["jobs"])
    time.sleep(2)
    screen.shot("gimp-progress")
    screen.run("xdotool", "mousemove", *GIMP_CANCEL, "click", "1", "mousemove", *BESIDE)
    took = wait("the worker stops", lambda: not worker_status()["jobs"], 5)
    assert took < 2.5, f"{took:.1f} s until the worker stopped"
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say(f"cancelled in GIMP within {took:.1f} s")


def fail(screen, before):
    open_dialog(screen, "Bench fails")
    screen.keys("alt+o")
    wait("GIMP's message", lambda: screen.windows("GIMP Message"))
    time.sleep(0.5)
    screen.shot("failure")
    screen.keys("Return")
    assert difference(screen, before, settled(screen, "canvas-undone")) < 1e-3
    say("a filter that fails is told in GIMP's message")


ACTS = {
    act.__name__: act
    for act in (
        paint_and_undo,
        look_closely,
        help_page,
        every_kind,
        choices_with_pictures,
        repeat,
        cancel_before,
        recipe_dialog,
        cancel_in_dialog,
        cancel_in_gimp,
        fail,
    )
}


def main():
    screen = Screen()
    try:
        screen.start("Xvfb", DISPLAY, "-screen", "0", f"{SCREEN}x24")
        wait("the screen", screen.is_up)
        screen.start("openbox")
        time.sleep(1)
        screen.start("dbus-run-session", "--", "gimp", "-n", str(REPOSITORY / "examples/astronaut.png"))
        wait("GIMP with the picture", lambda: screen.windows("astronaut.*GIMP"))
        screen.run("xdotool", "mousemove", *BESIDE)
        time.sleep(3)
        before = settled(screen, "canvas-before")
        for act in sys.argv[4:]:
            ACTS[act](screen, before)
    except BaseException:
        screen.shot("at-the-end")
        print((PROFILE / "gimp.log").read_text()[-3000:])
        raise
    finally:
        screen.close()


main()
