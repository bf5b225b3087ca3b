import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from harness.dataset.coco import open_coco
from harness.dataset.datasets import DATASETS
from harness.errors import DatasetMissing, ZooDataError
from harness.pipeline.measure.embedded import (
    DrawnSet,
    DrawnTraining,
    draw_scenes,
    read_embedded,
    scenes_folder,
    serving,
    training_folder,
    with_scenes,
    with_training_scenes,
)
from harness.pipeline.measure.settings import Settings
from harness.values.rows import Zoo

DESCRIPTION = "[scenes.coco]\nseed = 7\ncount = 3\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
    )


def embed(zoo: Zoo, folder: Path, text: str = DESCRIPTION) -> Zoo:
    """Make an embedded zoo of an ordinary one."""
    archives = folder / "archives"
    (archives / "PaddleSlim").mkdir(parents=True)
    (archives / "PaddleSlim" / "m1.tar").write_bytes(b"a tar")
    (archives / "embedded.toml").write_text(text, encoding="utf-8")
    return replace(zoo, root=folder)


@pytest.fixture
def embedded_zoo(session_zoo: Zoo, tmp_path: Path) -> Zoo:
    return embed(session_zoo, tmp_path / "embedded")


def test_an_ordinary_zoo_brings_nothing_along(
    session_zoo: Zoo, settings: Settings
) -> None:
    assert read_embedded(session_zoo) is None
    with serving(session_zoo, with_scenes(session_zoo, settings, ["coco"])) as served:
        assert served == settings


def test_what_an_embedded_zoo_brings_is_read(embedded_zoo: Zoo) -> None:
    embedded = read_embedded(embedded_zoo)

    assert embedded is not None
    assert embedded.archives == embedded_zoo.root / "archives"
    assert embedded.scenes == {"coco": DrawnSet(seed=7, count=3, fingerprint=None)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scenes", "not readable as TOML; expected TOML in UTF-8, got "),
        ("", r"field scenes; expected a table `\[...\]`, got nothing"),
        ("[scenes]\n[other]\n", "unknown field; expected scenes, training, got other"),
        ("scenes = 3\n", r"field scenes; expected a table `\[...\]`, got 3"),
        ("[scenes]\ncoco = 3\n", "scenes.coco: its content; expected a table"),
        (
            "[scenes.moon]\nseed = 1\ncount = 3\n",
            "scenes.moon: name of the dataset; expected coco or .*, got 'moon'",
        ),
        (
            "[scenes.coco]\nseed = 7\n",
            "scenes.coco: field count; expected a whole number from 1, got nothing",
        ),
        (
            "[scenes.coco]\nseed = 7\ncount = 0\n",
            "scenes.coco: field count; expected a whole number from 1, got 0",
        ),
        (
            "[scenes.coco]\nseed = -1\ncount = 3\n",
            "scenes.coco: field seed; expected a whole number from 0, got -1",
        ),
        (
            "[scenes.coco]\nseed = 7\ncount = 3\nfingerprint = '0'\n",
            "scenes.coco: field fingerprint; expected 64 hexadecimal digits, got '0'",
        ),
        (
            "[scenes.coco]\nseed = 7\ncount = 3\ntruth_sha256 = 0\n",
            "scenes.coco: field truth_sha256; expected 64 hexadecimal digits, got 0",
        ),
        (
            "[scenes.coco]\nseed = 7\ncount = 3\nfinger = '0'\n",
            "scenes.coco: unknown field; expected seed, count, .*, got finger",
        ),
        (
            f"{DESCRIPTION}[training.voc]\nseed = 7\ncount = 3\n",
            "training.voc: name of the dataset; expected coco, got 'voc'; a set to",
        ),
        (
            f"{DESCRIPTION}[training.coco]\nseed = 7\ncount = 1\n",
            "training.coco: field count; expected a whole number from 2, got 1",
        ),
        (
            f"{DESCRIPTION}[training.coco]\ncount = 2\n",
            "training.coco: field seed; expected a whole number from 0, got nothing",
        ),
        (
            f"{DESCRIPTION}[training.coco]\nseed = 0\ncount = 2\nsize = 3\n",
            "training.coco: unknown field; expected seed, count, got size",
        ),
        (
            f"{DESCRIPTION}[training]\ncoco = 2\n",
            "training.coco: its content; expected a table",
        ),
    ],
)
def test_a_malformed_description_is_refused(
    session_zoo: Zoo, tmp_path: Path, text: str, message: str
) -> None:
    zoo = embed(session_zoo, tmp_path / "broken", text)

    with pytest.raises(
        ZooDataError, match=rf"broken/archives: embedded\.toml: {message}"
    ):
        read_embedded(zoo)


def test_digests_of_what_was_drawn_are_read(session_zoo: Zoo, tmp_path: Path) -> None:
    digests = f"fingerprint = '{'a' * 64}'\ntruth_sha256 = '{'b' * 64}'\n"
    text = f"[scenes.voc]\nseed = 0\ncount = 1\n{digests}"

    embedded = read_embedded(embed(session_zoo, tmp_path / "embedded", text))

    assert embedded is not None
    assert embedded.scenes == {
        "voc": DrawnSet(seed=0, count=1, fingerprint="a" * 64, truth_sha256="b" * 64)
    }


def test_archives_are_served_under_the_paths_of_their_addresses(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    with serving(embedded_zoo, settings) as served:
        assert served.mirror is not None
        assert served.mirror.startswith("http://127.0.0.1:")
        with urlopen(f"{served.mirror}/PaddleSlim/m1.tar") as answer:
            assert answer.read() == b"a tar"

    assert replace(served, mirror=None) == settings


def test_offline_the_folder_itself_is_the_mirror(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    with serving(embedded_zoo, replace(settings, offline=True)) as served:
        assert served.mirror == str(embedded_zoo.root / "archives")


def test_a_mirror_that_was_asked_for_wins(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    asked = replace(settings, mirror="https://mirror.example")
    with serving(embedded_zoo, asked) as served:
        assert served == asked


def test_scenes_are_drawn_below_the_cache_and_told(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    told: list[tuple[str, int, int]] = []
    drawn = with_scenes(
        embedded_zoo,
        settings,
        ["coco"],
        drawing=lambda *progress: told.append(progress),
    )

    embedded = read_embedded(embedded_zoo)
    assert embedded is not None
    assert drawn.data_root == settings.cache / scenes_folder(embedded)
    assert open_coco(drawn.data_root).image_count == 3
    assert told == [("coco", 1, 3), ("coco", 2, 3), ("coco", 3, 3)]


def test_scenes_that_are_there_are_not_drawn_again(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    def refuse(dataset: str, done: int, total: int) -> None:
        pytest.fail("drawn again")

    first = with_scenes(embedded_zoo, settings, ["coco"])

    assert with_scenes(embedded_zoo, settings, ["coco"], drawing=refuse) == first


def test_other_scenes_have_another_folder(
    embedded_zoo: Zoo, session_zoo: Zoo, tmp_path: Path, settings: Settings
) -> None:
    text = "[scenes.coco]\nseed = 8\ncount = 3\n"
    other = embed(session_zoo, tmp_path / "other", text)

    assert (
        with_scenes(embedded_zoo, settings, []).data_root
        != with_scenes(other, settings, []).data_root
    )


def test_a_data_root_that_was_asked_for_wins(
    embedded_zoo: Zoo, settings: Settings, tmp_path: Path
) -> None:
    asked = replace(settings, data_root=tmp_path / "mine")

    assert with_scenes(embedded_zoo, asked, ["coco"]) == asked
    assert not settings.cache.exists()


def test_processes_that_draw_the_same_scenes_draw_them_once(
    embedded_zoo: Zoo, settings: Settings
) -> None:
    told: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(max_workers=4) as pool:
        drawn = [
            pool.submit(
                with_scenes,
                embedded_zoo,
                settings,
                ["coco"],
                drawing=lambda *one: told.append(one),
            )
            for _ in range(4)
        ]

    assert len({str(one.result().data_root) for one in drawn}) == 1
    assert told == [("coco", 1, 3), ("coco", 2, 3), ("coco", 3, 3)]


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_can_be_drawn_and_opened(
    session_zoo: Zoo, settings: Settings, tmp_path: Path, dataset: str
) -> None:
    text = "".join(f"[scenes.{one}]\nseed = 7\ncount = 4\n" for one in DATASETS)
    zoo = embed(session_zoo, tmp_path / "all", text)

    drawn = with_scenes(zoo, settings, [dataset])

    assert drawn.data_root is not None
    found = DATASETS[dataset].open(drawn.data_root)
    assert found.image_count == 4
    assert found.annotation_count > 0
    assert found.faults == ()
    for other in set(DATASETS) - {dataset}:
        with pytest.raises(DatasetMissing):
            DATASETS[other].open(drawn.data_root)


def test_sets_lie_side_by_side(session_zoo: Zoo, tmp_path: Path) -> None:
    text = "".join(f"[scenes.{one}]\nseed = 7\ncount = 2\n" for one in DATASETS)
    embedded = read_embedded(embed(session_zoo, tmp_path / "all", text))
    assert embedded is not None

    draw_scenes(embedded, tmp_path / "root", DATASETS)

    for one in DATASETS.values():
        assert one.open(tmp_path / "root").image_count == 2


def test_where_archives_and_data_come_from_is_logged(
    embedded_zoo: Zoo, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.pipeline"):
        drawn = with_scenes(embedded_zoo, settings, ["coco"])
        with serving(embedded_zoo, drawn) as served:
            pass

    assert caplog.messages == [
        f"data root of {embedded_zoo.name}: its drawn scenes, {drawn.data_root}",
        f"archives of {embedded_zoo.name} are served at {served.mirror}",
    ]


TRAINING = f"{DESCRIPTION}[training.coco]\nseed = 8\ncount = 5\n"


@pytest.fixture
def trained_zoo(session_zoo: Zoo, tmp_path: Path) -> Zoo:
    return embed(session_zoo, tmp_path / "trained", TRAINING)


def drawn_files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_training_set_is_drawn_beside_the_scenes_to_measure_on(
    trained_zoo: Zoo, settings: Settings
) -> None:
    told: list[tuple[str, int, int]] = []
    before = with_scenes(trained_zoo, settings, ["coco"]).data_root
    assert before is not None
    scenes = drawn_files(before)

    drawn = with_training_scenes(
        trained_zoo, settings, ["coco"], drawing=lambda *one: told.append(one)
    )

    embedded = read_embedded(trained_zoo)
    assert embedded is not None
    assert embedded.training == {"coco": DrawnTraining(seed=8, count=5)}
    assert drawn.data_root == settings.cache / training_folder(embedded)
    open_training = DATASETS["coco"].open_training
    assert open_training is not None
    assert open_training(drawn.data_root).listed_count == 5
    assert told == [
        *(("coco", done, 3) for done in (1, 2, 3)),
        *(("coco training", done, 5) for done in (1, 2, 3, 4, 5)),
    ]
    after = drawn_files(drawn.data_root)
    assert {name: after[name] for name in scenes} == scenes
    assert open_coco(drawn.data_root).fingerprint == open_coco(before).fingerprint
    assert drawn_files(before) == scenes


def test_a_training_set_that_is_there_is_not_drawn_again(
    trained_zoo: Zoo, settings: Settings
) -> None:
    def refuse(dataset: str, done: int, total: int) -> None:
        pytest.fail("drawn again")

    first = with_training_scenes(trained_zoo, settings, ["coco"])

    again = with_training_scenes(trained_zoo, settings, ["coco"], drawing=refuse)
    assert again == first


def test_scenes_that_a_run_was_given_do_not_stand_in_the_way_of_training(
    trained_zoo: Zoo, settings: Settings
) -> None:
    measured = with_scenes(trained_zoo, settings, ["coco"])

    assert with_training_scenes(trained_zoo, measured, ["coco"]) == (
        with_training_scenes(trained_zoo, settings, ["coco"])
    )


def test_training_changes_nothing_where_nothing_is_drawn_for_it(
    session_zoo: Zoo,
    embedded_zoo: Zoo,
    trained_zoo: Zoo,
    settings: Settings,
    tmp_path: Path,
) -> None:
    asked = replace(settings, data_root=tmp_path / "mine")
    for zoo, given, datasets in (
        (session_zoo, settings, ["coco"]),  # an ordinary zoo
        (embedded_zoo, settings, ["coco"]),
        (trained_zoo, settings, ["voc"]),
        (trained_zoo, asked, ["coco"]),
    ):
        assert with_training_scenes(zoo, given, datasets) == given
    assert not settings.cache.exists()


def test_another_training_set_has_another_folder(
    trained_zoo: Zoo, session_zoo: Zoo, tmp_path: Path, settings: Settings
) -> None:
    other = embed(session_zoo, tmp_path / "other", TRAINING.replace("= 8", "= 9"))

    roots = [
        with_training_scenes(one, settings, ["coco"]) for one in (trained_zoo, other)
    ]
    assert roots[0].data_root != roots[1].data_root


def test_processes_that_draw_the_same_training_set_draw_it_once(
    trained_zoo: Zoo, settings: Settings
) -> None:
    told: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(max_workers=4) as pool:
        drawn = [
            pool.submit(
                with_training_scenes,
                trained_zoo,
                settings,
                ["coco"],
                drawing=lambda *one: told.append(one),
            )
            for _ in range(4)
        ]

    assert len({str(one.result().data_root) for one in drawn}) == 1
    assert len(told) == 3 + 5
