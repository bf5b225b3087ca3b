import pytest

from harness.model.paddle_run.device import Device
from harness.pipeline.train.loader_workers import MOST_WORKERS, loader_workers


@pytest.mark.parametrize(
    ("kind", "threads", "workers"),
    [
        ("cpu", 1, 0),
        ("cpu", 2, 1),
        ("cpu", 64, 1),
        ("gpu", 1, 0),
        ("gpu", 2, 1),
        ("gpu", MOST_WORKERS, MOST_WORKERS - 1),
        ("gpu", MOST_WORKERS + 1, MOST_WORKERS),
        ("gpu", MOST_WORKERS + 2, MOST_WORKERS),
    ],
)
def test_batches_are_made_beside_the_trainer_where_a_processor_is_free(
    kind: str, threads: int, workers: int
) -> None:
    assert loader_workers(Device(kind=kind, model="m", threads=threads)) == workers
