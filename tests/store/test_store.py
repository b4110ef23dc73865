"""The model store: shipped, pulled and imported weights."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.errors import Cancelled, ModelError
from senga.job import Weights
from senga.neural.checkpoints import read_checkpoint
from senga.store import Store, default_store
from senga.store.catalog import ModelEntry, is_safe_name, read_catalog
from senga.store.download import digest_of
from senga.store.model_file import read_model

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "plugins" / "animegan" / "weights.toml"
SHIPPED = ROOT / "plugins" / "animegan" / "weights"
PAYLOAD = SHIPPED / "hokusai.safetensors"
CONVERTER = "senga.plugins.animegan.convert:to_senga"


def yes(_: ModelEntry) -> bool:
    return True


def never(_: ModelEntry) -> bool:
    raise AssertionError("asked for consent again")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def store(entry: ModelEntry, root: Path) -> Store:
    return Store([*read_catalog(LIST), entry], root)


def same(one: Weights, other: Weights) -> bool:
    return one.arrays.keys() == other.arrays.keys() and all(
        np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays
    )


class TestCatalogue:
    def test_every_entry_tells_whose_it_is_and_under_which_terms(self) -> None:
        entries = read_catalog(LIST)
        ours, public = {"painted-comic", "hokusai", "evening"}, {"hayao", "paprika", "shinkai", "face-paint-v2"}
        assert ours | public <= {e.name for e in entries}
        for entry in entries:
            card = entry.card()
            for key in ("title", "architecture", "width", "upsample", "eps", "licence", "author", "training_data"):
                assert card.get(key, "unknown") != "unknown", f"{entry.name} lacks {key}"
            assert entry.shipped or (entry.terms and entry.source and entry.urls)
            assert all(url.startswith("https://") for url in entry.urls)

    def test_shipped_styles_may_be_shipped(self) -> None:
        for entry in read_catalog(LIST):
            if entry.shipped:
                assert entry.commercial == "yes"
                assert entry.licence in {"CC-BY-4.0", "CC0-1.0", "Apache-2.0"}

    def test_the_painters_of_the_training_pictures_are_named(self) -> None:
        (comic,) = [entry for entry in read_catalog(LIST) if entry.name == "painted-comic"]
        assert "David Revoy" in comic.author

    def test_a_broken_list_is_told_and_the_others_work(self, tmp_path: Path, root: Path) -> None:
        (tmp_path / "bad.toml").write_text("converter = ")
        (tmp_path / "typo.toml").write_text('[model.x]\nlicense = "MIT"\n')
        (tmp_path / "clash.toml").write_text('[model.hayao]\ntitle = "Mine"\n')
        store = default_store(
            [LIST, *(tmp_path / name for name in ("bad.toml", "typo.toml", "clash.toml", "gone"))], root=root
        )
        assert len(store.problems) == 4
        assert "“hayao”" in store.problems[2]
        assert store.find("hayao").title.startswith("Hayao")

    @pytest.mark.parametrize(
        "name", ["", "..", "../x", "a/b", "a\\b", "A", "con", "nul.x", "x" * 65, "a b", "-a", ".a", "a\0", "ä", "a\n"]
    )
    def test_unsafe_names(self, name: str) -> None:
        assert not is_safe_name(name)
        with pytest.raises(ValueError, match="no name for a style"):
            ModelEntry(name=name)


class TestLoad:
    def test_shipped_styles_need_no_store(self, store: Store, root: Path) -> None:
        weights = store.load("painted-comic")
        assert not root.exists()
        assert weights.card["width"] == "0.5"
        assert {array.dtype for array in weights.arrays.values()} == {np.dtype(np.float32)}
        with pytest.raises(ValueError, match="read-only"):
            next(iter(weights.arrays.values()))[:] = 0
        assert store.load("painted-comic") is weights

    def test_unknown_names_suggest_the_nearest(self, store: Store) -> None:
        with pytest.raises(ModelError, match="There is no style “Hayaoo”: did you mean “hayao”"):
            store.load("Hayaoo")
        with pytest.raises(ModelError, match="There is no style “../../x”"):
            store.load("../../x")

    def test_what_is_not_here_tells_how_to_get_it(self, store: Store) -> None:
        with pytest.raises(ModelError, match=r"`senga models pull hayao` fetches it \(8\.6 MB, AnimeGANv2 terms"):
            store.load("hayao")

    def test_the_hook_is_asked_first(self, root: Path) -> None:
        asked = []

        def locate(name: str, digest: str) -> Path | Weights | None:
            asked.append((name, digest[:10]))
            return {"hayao": Weights({"w": np.zeros(1)}), "mirrored": PAYLOAD}.get(name)

        store = Store(read_catalog(LIST), root, locate=locate)
        assert list(store.load("hayao").arrays) == ["w"]
        assert store.load("mirrored").card["title"] == "Hokusai print"
        assert store.load("hokusai").card["title"] == "Hokusai print"
        assert asked == [("hayao", "sha256:5a8"), ("mirrored", ""), ("hokusai", "")]

    def test_a_file_of_the_hook_that_is_another_network_is_refused(self, root: Path) -> None:
        store = Store(read_catalog(LIST), root, locate=lambda *_: PAYLOAD)
        with pytest.raises(ModelError, match=r"of width 0\.5, but the style “hayao” is animeganv2 of width 1\.0"):
            store.load("hayao")


class TestPull:
    def test_verified_converted_and_found(self, store: Store, root: Path) -> None:
        seen: list[tuple[int, int | None]] = []
        entry = store.pull("wave", yes, lambda done, total: seen.append((done, total)))
        assert entry.file == root / "wave.safetensors"
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert seen[-1] == (PAYLOAD.stat().st_size,) * 2
        weights = store.load("wave")
        assert same(weights, read_model(PAYLOAD))
        assert weights.card["licence"] == "NC"
        assert weights.card["verified"] == "yes"
        assert weights.card["file_digest"] == digest_of(PAYLOAD)
        assert not [path for path in root.iterdir() if path.suffix in (".part", ".download", ".etag")]

    def test_it_is_fetched_once(self, store: Store, site: Any) -> None:
        store.pull("wave", yes)
        store.pull("wave", never)
        assert len(site.asked) == 1

    def test_terms_are_asked_once_and_refusal_fetches_nothing(self, store: Store, site: Any) -> None:
        with pytest.raises(ModelError, match="were not accepted, so nothing was fetched"):
            store.pull("wave", lambda entry: entry.terms != "Not for sale.")
        assert site.asked == []
        store.pull("wave", yes)
        store.remove("wave")
        store.pull("wave", never)

    def test_changed_terms_are_asked_again(self, entry: ModelEntry, root: Path) -> None:
        Store([entry], root).pull("wave", yes)
        changed = Store([entry.model_copy(update={"terms": "Pay."})], root)
        changed.remove("wave")
        with pytest.raises(AssertionError, match="asked for consent again"):
            changed.pull("wave", never)

    def test_a_wrong_file_is_deleted_before_it_is_read(self, store: Store, site: Any, root: Path) -> None:
        site.files["/model"] = b"\x80\x02cos\nsystem\n." + site.files["/model"][15:]
        with pytest.raises(
            ModelError, match=r"digest sha256:\w+ instead of sha256:.*senga models import FILE --name wave"
        ):
            store.pull("wave", yes)
        assert {path.name for path in root.iterdir()} == {"accepted-licences.txt", "wave.lock"}

    def test_the_next_place_is_tried(self, entry: ModelEntry, site: Any, root: Path) -> None:
        site.files["/wrong"] = b"x" * 100
        urls = (site.url("/gone"), site.url("/wrong"), site.url())
        store = Store([entry.model_copy(update={"urls": urls})], root)
        assert store.pull("wave", yes).file is not None
        assert store.load("wave").card["fetched_from"] == site.url()

    def test_git_digests(self, entry: ModelEntry, root: Path) -> None:
        store = Store([entry.model_copy(update={"digest": digest_of(PAYLOAD, "git")})], root)
        store.pull("wave", yes)
        assert store.load("wave").card["verified"] == "yes"

    def test_without_a_digest_the_first_file_is_expected_ever_after(
        self, entry: ModelEntry, site: Any, root: Path
    ) -> None:
        store = Store([entry.model_copy(update={"digest": "", "size": None})], root)
        store.pull("wave", yes)
        assert store.load("wave").card["verified"] == "no"
        store.remove("wave")
        site.files["/model"] = (SHIPPED / "painted-comic.safetensors").read_bytes()
        with pytest.raises(ModelError, match="instead of sha256"):
            store.pull("wave", yes)

    def test_a_useless_first_file_is_not_remembered(self, entry: ModelEntry, site: Any, root: Path) -> None:
        store = Store([entry.model_copy(update={"digest": "", "size": None})], root)
        good, site.files["/model"] = site.files["/model"], b"<html>come back later</html>"
        with pytest.raises(ModelError, match="a web page"):
            store.pull("wave", yes)
        site.files["/model"] = good
        assert store.pull("wave", yes).file is not None

    def test_offline(self, entry: ModelEntry, site: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SENGA_OFFLINE", "1")
        with pytest.raises(ModelError, match=rf"offline .*Fetch {site.url()} .*`senga models import FILE --name wave`"):
            Store([entry], root).pull("wave", yes)
        assert site.asked == []

    def test_no_network(self, entry: ModelEntry, root: Path) -> None:
        store = Store([entry.model_copy(update={"urls": ("http://127.0.0.1:9/model",)})], root)
        with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached .*senga models import FILE --name wave"):
            store.pull("wave", yes)

    def test_stopping_keeps_what_has_arrived(self, store: Store, site: Any, root: Path) -> None:
        def stop(done: int, total: int | None) -> None:
            if total and done > total // 2:
                raise Cancelled

        with pytest.raises(Cancelled):
            store.pull("wave", yes, stop)
        (part,) = root.glob("*.part")
        begun = part.stat().st_size
        assert begun > 0
        store.pull("wave", yes)
        assert site.asked[-1] == ("/model", f"bytes={begun}-")
        assert same(store.load("wave"), read_model(PAYLOAD))

    def test_nobody_publishes_an_imported_style(self, store: Store, root: Path) -> None:
        with pytest.raises(ModelError, match="There is no style “mine”"):
            store.pull("mine", yes)


PULLER = """
import sys
from pathlib import Path
from senga.store.catalog import ModelEntry
from senga.store import Store
store = Store([ModelEntry.model_validate_json(sys.argv[1])], Path(sys.argv[2]))
store.pull("wave", lambda entry: True)
print([verdict.problem for verdict in store.verify("wave")])
"""


def test_several_processes_do_not_disturb_each_other(entry: ModelEntry, site: Any, root: Path) -> None:
    site.on_half = lambda: threading.Event().wait(1)  # long enough for the others to come
    command = [sys.executable, "-c", PULLER, entry.model_dump_json(), str(root)]
    pullers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [puller.communicate(timeout=30)[0] for puller in pullers] == ["['']\n"] * 3
    assert len(site.asked) == 1


class TestImport:
    @pytest.fixture
    def npz(self, tmp_path: Path) -> Path:
        np.savez(tmp_path / "My Style (final).npz", **read_checkpoint(PAYLOAD).arrays)
        return tmp_path / "My Style (final).npz"

    def test_it_is_found_by_its_name(self, store: Store, npz: Path) -> None:
        assert store.import_file(npz, "my-style").name == "my-style"
        assert same(store.load("my-style"), read_model(PAYLOAD))
        assert store.find("my-style").architecture == "animeganv2"
        assert store.find("my-style").licence == "unknown"

    def test_the_file_names_the_style(self, store: Store, npz: Path) -> None:
        assert store.import_file(npz).name == "my-style-final"

    def test_a_card_in_the_file_is_kept(self, store: Store) -> None:
        store.import_file(PAYLOAD, "mine")
        card = store.load("mine").card
        assert (card["licence"], card["title"], card["verified"]) == ("CC0-1.0", "Hokusai print", "no")

    def test_shipped_and_imported_names_cannot_be_shadowed(self, store: Store, npz: Path, tmp_path: Path) -> None:
        for name in ("hokusai", None):
            with pytest.raises(ModelError, match="comes with Senga: choose another name with --name"):
                store.import_file(PAYLOAD, name)
        store.import_file(npz, "mine")
        with pytest.raises(ModelError, match="already: remove it, or choose another name"):
            store.import_file(npz, "mine")

    @pytest.mark.parametrize("name", ["../mine", "a/b", "", "CON", "x.safetensors/"])
    def test_names_cannot_escape(self, store: Store, npz: Path, name: str, tmp_path: Path) -> None:
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(ModelError, match="no name for a style"):
            store.import_file(npz, name)
        assert sorted(tmp_path.rglob("*")) == before

    def test_a_public_model_by_hand(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "downloaded").write_bytes(PAYLOAD.read_bytes())
        store.import_file(tmp_path / "downloaded", "wave")
        card = store.load("wave").card
        assert (card["verified"], card["licence"]) == ("yes", "NC")

    def test_what_is_no_network_of_ours_is_refused(self, store: Store, tmp_path: Path) -> None:
        np.savez(tmp_path / "x.npz", weight=np.zeros((2, 2), np.float32))
        with pytest.raises(ModelError, match=r"“x\.npz” holds no network that Senga knows: It has 1 arrays"):
            store.import_file(tmp_path / "x.npz")

    def test_without_a_converter_nothing_can_be_imported(self, npz: Path, root: Path) -> None:
        with pytest.raises(ModelError, match="no filter takes models"):
            Store([], root).import_file(npz)


class TestVerifyAndRemove:
    @pytest.mark.parametrize("at", [20, -1, -300_000, 9])
    def test_every_flipped_bit_is_noticed(self, store: Store, root: Path, at: int) -> None:
        store.import_file(PAYLOAD, "mine")
        store.load("mine")
        file = root / "mine.safetensors"
        content = bytearray(file.read_bytes())
        content[at] ^= 4
        file.write_bytes(content)
        (verdict,) = store.verify("mine")
        assert "damaged" in verdict.problem
        with pytest.raises(ModelError, match="damaged"):
            store.load("mine")
        assert "mine" in {entry.name for entry in store.entries()}
        store.remove("mine")
        assert not file.exists()

    def test_all_that_is_here_is_verified(self, store: Store) -> None:
        store.import_file(PAYLOAD, "mine")
        verdicts = store.verify()
        assert {verdict.name for verdict in verdicts} == {
            "mine",
            *(file.stem for file in SHIPPED.glob("*.safetensors")),
        }
        assert not any(verdict.problem for verdict in verdicts)
        assert store.verify("hayao")[0].problem == "The style “hayao” is not on this machine."

    @pytest.mark.parametrize(("name", "why"), [("hokusai", "comes with Senga"), ("hayao", "nothing to remove")])
    def test_what_cannot_be_removed(self, store: Store, name: str, why: str) -> None:
        with pytest.raises(ModelError, match=why):
            store.remove(name)

    def test_stray_files_are_no_styles(self, store: Store, root: Path) -> None:
        root.mkdir()
        (root / "Holiday Photo.safetensors").write_bytes(b"x")
        assert "Holiday Photo" not in {entry.name for entry in store.entries()}


def test_the_place_is_the_users_and_can_be_moved(private_home: Path) -> None:
    assert Store([]).root == private_home / "models"


def test_importing_the_store_needs_no_reader(run_python: Callable[[str], str]) -> None:
    modules = run_python(f"import sys; from senga.store import default_store\nfrom pathlib import Path\n"
                         f"default_store([Path({str(LIST)!r})]).entries(); print(*sys.modules)").split()  # fmt: skip
    assert not {"safetensors", "mindspore", "cv2", "onnx"} & set(modules)
