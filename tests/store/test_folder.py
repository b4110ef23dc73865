"""A model folder that is foreign, damaged, full or shared: one sentence each, and nothing of anybody's is lost."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from senga import places
from senga.errors import ModelError
from senga.store import Store, default_store
from senga.store import folder as folder_module
from senga.store.catalog import ModelEntry, read_catalog, read_list

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "plugins" / "animegan" / "weights.toml"
PAYLOAD = ROOT / "plugins" / "animegan" / "weights" / "hokusai.safetensors"

posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX systems do it")
as_user = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do everything")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def store(root: Path, entry: ModelEntry) -> Store:
    return Store([*read_catalog(LIST), entry], root)


def yes(_: ModelEntry) -> bool:
    return True


JUNK = {
    "empty": b"",
    "cut": struct.pack("<Q", 100) + b"{",
    "noise": bytes(range(256)),
    "brackets": struct.pack("<Q", 1 << 20) + b'{"a":' + b"[" * (1 << 20),
    "list": struct.pack("<Q", 2) + b"[]",
    "numbers": struct.pack("<Q", 26) + b'{"__metadata__": {"a": 1}}',
    "wrong-card": struct.pack("<Q", 42) + b'{"__metadata__": {"commercial": ["maybe"]}}',
    "long": struct.pack("<Q", 1 << 62),
}


def test_junk_in_the_folder_is_listed_as_damaged_and_can_be_removed(store: Store, root: Path) -> None:
    root.mkdir()
    for name, content in JUNK.items():
        (root / f"{name}.safetensors").write_bytes(content)
    listed = {entry.name: entry for entry in store.entries()}
    for name in JUNK:
        assert listed[name].file, name
        with pytest.raises(ModelError):
            store.load(name)
        store.remove(name)
    assert list(root.iterdir()) == []
    assert "hokusai" in listed


@posix
def test_strange_things_in_the_folder_disturb_nobody(store: Store, root: Path, tmp_path: Path) -> None:
    root.mkdir()
    os.mkfifo(root / "pipe.safetensors")
    (root / "folder.safetensors").mkdir()
    (root / "dangling.safetensors").symlink_to(tmp_path / "nowhere")
    (root / "loop.safetensors").symlink_to(root / "loop.safetensors")
    (root / "zero.safetensors").symlink_to("/dev/zero")
    for name in ("accepted-licences.txt", "first-seen.txt"):
        (root / name).write_bytes(b"\xff\xfe\0 junk\nwave")
    for name in ("pipe", "folder", "dangling", "loop", "zero"):
        with pytest.raises(ModelError):
            store.load(name)
        assert "damaged" in {entry.name: entry.note for entry in store.entries()}[name]
        assert store.verify(name)[0].problem
    with pytest.raises(ModelError, match="model folder cannot be used"):
        store.remove("folder")
    assert store.pull("wave", yes).file


@posix
def test_links_are_never_written_through(store: Store, root: Path, tmp_path: Path) -> None:
    """Whoever may write into a shared folder could else choose what of ours is written where."""
    victim = tmp_path / "victim"
    root.mkdir()
    (root / "mine.safetensors").symlink_to(victim)
    with pytest.raises(ModelError, match="already"):
        store.import_file(PAYLOAD, "mine")
    for name in ("accepted-licences.txt", "wave.lock"):
        (root / name).symlink_to(victim)
        with pytest.raises(ModelError, match="links are not followed here"):
            store.pull("wave", yes)
        (root / name).unlink()
    assert not victim.exists()


@posix
def test_a_planted_part_is_not_written_through(store: Store, root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "thesis"
    victim.write_text("years of work")
    store.pull("wave", yes)
    store.remove("wave")
    url = store.find("wave").urls[0]
    part = root / f"wave-{hashlib.sha256(url.encode()).hexdigest()[:8]}.download.part"
    part.symlink_to(victim)
    with pytest.raises(ModelError, match="links are not followed here"):
        store.pull("wave", yes)
    assert victim.read_text() == "years of work"


@posix
def test_the_folder_and_its_files_are_private(store: Store, root: Path) -> None:
    before = os.umask(0)
    try:
        store.pull("wave", yes)
        store.import_file(PAYLOAD, "mine")
    finally:
        os.umask(before)
    for path in (root, *root.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_two_imports_of_one_name_make_one_style(store: Store, root: Path) -> None:
    errors: list[str] = []

    def bring() -> None:
        try:
            store.import_file(PAYLOAD, "mine")
        except ModelError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=bring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 3
    assert all("already" in error for error in errors)
    assert [path.name for path in root.iterdir()] == ["mine.safetensors"]


def test_a_full_disk_leaves_nothing_behind(store: Store, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(ModelError, match="No space left on device"):
        store.import_file(PAYLOAD, "mine")
    with pytest.raises(ModelError, match="No space left on device"):
        store.pull("wave", yes)
    assert not list(root.glob("*.safetensors"))
    assert not list(root.glob(".senga-*"))


@pytest.mark.parametrize("place", ["file", "inside-a-file", "loop", "long"])
def test_a_folder_that_is_none(place: str, tmp_path: Path, entry: ModelEntry) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    root = {"inside-a-file": tmp_path / "file" / "models", "long": tmp_path / ("x" * 300)}.get(place, tmp_path / place)
    store = Store([*read_catalog(LIST), entry], root)
    assert "hokusai" in {known.name for known in store.entries()}
    assert store.load("hokusai")
    with pytest.raises(ModelError, match="model folder cannot be used.*SENGA_HOME"):
        store.import_file(PAYLOAD, "mine")
    with pytest.raises(ModelError, match="model folder cannot be used"):
        store.pull("wave", yes)
    assert (tmp_path / "file").read_text() == "not a folder"


@as_user
def test_a_folder_that_may_not_be_entered(store: Store, root: Path) -> None:
    root.mkdir(mode=0)
    try:
        assert "hokusai" in {known.name for known in store.entries()}
        assert "Permission denied" in store.problems[-1]
        with pytest.raises(ModelError, match="Permission denied"):
            store.import_file(PAYLOAD, "mine")
    finally:
        root.chmod(0o700)


class TestPlaces:
    def test_a_home_that_is_not_absolute_is_where_we_started(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SENGA_HOME", "home")
        assert places.data_folder() == places.config_folder() == tmp_path / "home"

    def test_without_a_home_nothing_is_written_where_we_started(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("SENGA_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(places.platformdirs, "user_data_path", lambda *_, **__: Path("~/.local/share/senga"))
        assert places.data_folder().is_absolute()
        assert "~" not in str(places.data_folder())


FACTS = 'urls = ["https://example.com/x"]\n'

BAD_LISTS = {
    "syntax": "converter = ",
    "dots": "[model.a]\n" + "a." * 40_000 + "b = 1",
    "brackets": "a = " + "[" * 50_000,
    "size": "#" * (1 << 20),
    "bytes": b"\xff\xfe\x00",
    "model is a number": "model = 3",
    "model is a list": "model = [1, 2]",
    "shipped is a number": "shipped = 3",
    "shipped is a list": "shipped = ['weights']",
    "shipped is above": 'shipped = ".."',
    "shipped is absolute": 'shipped = "/"',
    "shipped has a zero": 'shipped = "a\\u0000b"',
    "a model is a text": '[model]\nx = "y"',
    "a model is a list": "[[model.x]]\n",
    "a name above": '[model."../../x"]\n' + FACTS,
    "an absolute name": '[model."/etc/passwd"]\n' + FACTS,
    "a name with a drive": '[model."c:x"]\n' + FACTS,
    "a name of a device": "[model.con]\n" + FACTS,
    "a name with a zero": '[model."a\\u0000b"]\n' + FACTS,
    "no name": '[model.""]\n' + FACTS,
    "a long name": f"[model.{'a' * 65}]\n" + FACTS,
    "a number for addresses": "[model.x]\nurls = 3",
    "one address": '[model.x]\nurls = "https://example.com"',
    "a width that is none": '[model.x]\nwidth = "wide"',
    "an eps that is none": "[model.x]\neps = nan",
    "a converter that is none": 'converter = "no reference"\n[model.x]\n' + FACTS,
    "a converter that is a list": "converter = []\n[model.x]\n" + FACTS,
    "a digest that is none": '[model.x]\ndigest = "md5:1"',
    "a size below nothing": "[model.x]\nsize = -1",
    "an endless text": f'[model.x]\nnote = "{"x" * 9000}"',
}


@pytest.mark.parametrize("kind", BAD_LISTS)
def test_a_bad_list_is_named_and_the_others_work(tmp_path: Path, root: Path, kind: str) -> None:
    bad = tmp_path / "their-plugin" / "weights.toml"
    bad.parent.mkdir()
    content = BAD_LISTS[kind]
    bad.write_bytes(content.encode() if isinstance(content, str) else content)
    store = default_store([bad, LIST], root=root)
    assert {"hokusai", "hayao"} == {entry.name for entry in store.entries()} & {"hokusai", "hayao", "x"}
    (problem,) = store.problems
    assert "their-plugin" in problem
    assert len(problem) < 1000
    assert store.load("hokusai")


def test_one_bad_model_leaves_the_others_of_its_list(tmp_path: Path) -> None:
    path = tmp_path / "weights.toml"
    path.write_text(f"[model.bad]\nsize = -1\n[model.good]\n{FACTS}")
    entries, problems = read_list(path)
    assert [entry.name for entry in entries] == ["good"]
    assert len(problems) == 1
    assert "size" in problems[0]


@pytest.mark.parametrize("key", ["file", "shipped", "name", "converter", "network"])
def test_a_list_cannot_say_where_a_model_lies(tmp_path: Path, root: Path, key: str) -> None:
    """Else removing that model would remove any file of the user."""
    precious = tmp_path / "thesis.odt"
    precious.write_text("years of work")
    (tmp_path / "weights.toml").write_text(f'[model.x]\n{FACTS}{key} = "{precious}"\n')
    store = default_store([tmp_path / "weights.toml"], root=root)
    with pytest.raises(ModelError):
        store.remove("x")
    assert f"must not say “{key}”" in store.problems[0]
    assert precious.read_text() == "years of work"


def test_removing_stays_in_the_folder_whatever_an_entry_says(tmp_path: Path, root: Path) -> None:
    precious = tmp_path / "thesis.odt"
    precious.write_text("years of work")
    Store([ModelEntry(name="x", file=precious)], root).remove("x")
    assert precious.exists()


@posix
def test_shipped_models_lie_inside_the_plugin(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "plugin"
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "linked.safetensors").symlink_to(PAYLOAD)
    (home / "weights" / "Bad Name.safetensors").write_bytes(PAYLOAD.read_bytes())
    (home / "weights" / "good.safetensors").write_bytes(PAYLOAD.read_bytes())
    (home / "weights.toml").write_text('shipped = "weights"\nconverter = "senga.plugins.animegan.convert:to_senga"\n')
    store = default_store([home / "weights.toml"], root=root)
    assert [entry.name for entry in store.entries()] == ["good"]
    assert len(store.problems) == 2
    (home / "other").symlink_to(PAYLOAD.parent)
    (home / "weights.toml").write_text('shipped = "other"\n')
    assert not default_store([home / "weights.toml"], root=root).entries()


def test_strange_paths_of_lists(root: Path) -> None:
    lists: list[Any] = [None, 3, "weights.toml\0", Path("/dev/zero"), Path("x" * 300), LIST]
    store = default_store(lists, root=root)
    assert "hokusai" in {entry.name for entry in store.entries()}
    assert len(store.problems) == 5


def test_lists_are_read_when_somebody_asks(tmp_path: Path, root: Path) -> None:
    store = default_store([tmp_path / "weights.toml"], root=root)
    (tmp_path / "weights.toml").write_text(f"[model.late]\n{FACTS}")
    assert store.problems == ()
    assert store.find("late")


def test_a_converter_that_fails_is_named(tmp_path: Path, root: Path) -> None:
    for converter in ("nowhere:at_all", "os:no_such_function", "os:getcwd"):
        store = Store([ModelEntry(name="x", converter=converter)], root)
        with pytest.raises(ModelError, match=f"“{converter}” failed"):
            store.import_file(PAYLOAD, "mine")


def test_every_public_model_is_pinned() -> None:
    assert [entry.name for entry in read_catalog(LIST) if not entry.digest and not entry.shipped] == []
