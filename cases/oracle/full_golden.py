"""The published rows P2 to P4 as the old runtime would have made it, outside the tree.

Writes, under the folder it is given::

    mirror/PaddleSlim/prune/yolov3_mobilenet_v1_prune578.tar   the published place
    golden_full.npz               heads and detections of drawn scenes at three sizes
    data-root/coco/               a COCO-format set of drawn pictures
    golden_data_root.npz          resized pixels and detections of those pictures
    results_<input px>.json       the same detections as a COCO result list
"""

import hashlib
import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from fluid_yolov3 import PLANS, build_network
from network_outputs import outputs_on_scenes, run_network, save_archive
from old_runtime import about, start_executor
from seeded_weights import HeadSpread, Spread, fill_scope, normalise
from stable_files import write_npz

ARCHIVE = "mirror/PaddleSlim/prune/yolov3_mobilenet_v1_prune578.tar"  # zoo-spec 1.1
NUM_CLASSES = 80
SEED = 20200120
SIZES_PX = (608, 416, 320)
SPREAD = HeadSpread(
    xy=Spread(0.0, 1.0),
    wh=Spread(0.2, 0.5),
    objectness=Spread(-12.0, 4.0),
    classes=Spread(-12.5, 4.0),
)
#: The 80 category ids of COCO: 1 to 90 without these.
CATEGORY_GAPS = frozenset((12, 26, 29, 30, 45, 66, 68, 69, 71, 83))
CATEGORY_IDS = [number for number in range(1, 91) if number not in CATEGORY_GAPS]
PICTURE_SIZES_HW = (
    (480, 640), (640, 480), (426, 640), (375, 500), (640, 427), (500, 375),
    (333, 500), (612, 612), (480, 640), (427, 640), (240, 320), (640, 640),
)  # fmt: skip
TRUTHS_PER_SIZE = 3
RANDOM_TRUTHS = 2


def write_full(folder, progress):
    """Write everything into ``folder``; ``progress`` is called with lines of text."""
    folder = Path(folder)
    executor, scope = start_executor(), fluid.Scope()
    build = partial(build_network, "mobilenet_v1", 1.0, NUM_CLASSES, PLANS["r578"])
    network = build()
    progress("calibrating on drawn scenes")
    fill_scope(
        executor,
        scope,
        build,
        NUM_CLASSES,
        SPREAD,
        seed=SEED,
        input_px=320,
        num_images=64,
    )
    save_archive(executor, scope, network, folder / ARCHIVE)
    progress("wrote " + ARCHIVE)
    origin = about(
        "full_golden.py",
        SEED,
        width=1.0,
        num_classes=NUM_CLASSES,
        plan="r578",
        archive=ARCHIVE,
        opencv=cv2.__version__,
    )
    arrays = outputs_on_scenes(executor, scope, network, SIZES_PX, SEED + 1)
    write_npz(folder / "golden_full.npz", arrays, origin)
    progress("wrote golden_full.npz")
    _write_data_root(folder, executor, scope, network, origin, progress)


def _write_data_root(folder, executor, scope, network, origin, progress):
    rng = np.random.RandomState(SEED + 2)
    coco = folder / "data-root" / "coco"
    pictures = _write_pictures(rng, coco / "val2017")
    arrays = {
        "image_ids": np.array([picture["id"] for picture in pictures]),
        "decoded_sha256": np.array([_decoded_digest(coco, one) for one in pictures]),
    }
    detections_by_size = {}
    for input_px in SIZES_PX:
        resized, rows = _detect(coco, pictures, input_px, executor, scope, network)
        detections_by_size[input_px] = rows
        arrays["images_{}".format(input_px)] = resized
        arrays["detections_{}".format(input_px)] = np.concatenate(rows)
        arrays["lengths_{}".format(input_px)] = np.array([len(one) for one in rows])
        results = _result_list(pictures, rows)
        _write_json(folder / "results_{}.json".format(input_px), results)
        progress("{} detections at {} px".format(len(results), input_px))
    write_npz(folder / "golden_data_root.npz", arrays, origin)
    truths = _draw_truths(rng, pictures, detections_by_size)
    categories = [
        {"id": number, "name": "category {}".format(number)} for number in CATEGORY_IDS
    ]
    _write_json(
        coco / "annotations" / "instances_val2017.json",
        {
            "info": {"description": "drawn scenes, not COCO", "made_by": origin},
            "images": pictures,
            "annotations": truths,
            "categories": categories,
        },
    )
    progress("{} pictures, {} truths".format(len(pictures), len(truths)))


def _write_pictures(rng, folder):
    """Draw the pictures as JPEG; their COCO image entries."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for place, (height_px, width_px) in enumerate(PICTURE_SIZES_HW):
        image_id = 1009 + 131 * place
        name = "{:012d}.jpg".format(image_id)
        rgb = draw_scene(rng, height_px, width_px)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        if not cv2.imwrite(str(folder / name), rgb[:, :, ::-1], quality):
            raise OSError("{}: OpenCV did not write it".format(folder / name))
        entries.append(
            {"id": image_id, "file_name": name, "height": height_px, "width": width_px}
        )
    return entries


def _decode(coco, picture):
    """RGB pixels, uint8 [H, W, 3] (zoo-spec 1.2)."""
    content = (coco / "val2017" / picture["file_name"]).read_bytes()
    bgr = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(bgr[:, :, ::-1])


def _decoded_digest(coco, picture):
    return hashlib.sha256(_decode(coco, picture).tobytes()).hexdigest()


def _detect(coco, pictures, input_px, executor, scope, network):
    """Resized pixels [N, S, S, 3] and one array of rows [K, 6] per picture."""
    resized, rows = [], []
    for picture in pictures:
        rgb = _decode(coco, picture)
        height_px, width_px = rgb.shape[:2]
        resized.append(
            cv2.resize(
                rgb,
                None,
                fx=input_px / float(width_px),  # factors, not a size, as published
                fy=input_px / float(height_px),
                interpolation=cv2.INTER_CUBIC,
            )
        )
        im_size = np.array([[height_px, width_px]], dtype=np.int32)
        inputs = normalise(resized[-1][None])
        rows.append(
            run_network(executor, scope, network, inputs, im_size)["detections"]
        )
    return np.stack(resized), rows


def _result_list(pictures, rows):
    """COCO results; far edges count, so sides are one longer (zoo-spec 1.5)."""
    return [
        {
            "image_id": picture["id"],
            "category_id": CATEGORY_IDS[int(label)],
            "bbox": [left, top, right - left + 1, bottom - top + 1],
            "score": score,
        }
        for picture, found in zip(pictures, rows)
        for label, score, left, top, right, bottom in found.tolist()
    ]


def _draw_truths(rng, pictures, detections_by_size):
    """Annotations: jittered detections of every size, and some nobody finds.

    Truth that has nothing to do with the detections would make every AP 0, and an AP of
    0 stays 0 whatever is wrong with the network, the channel order or the class ids.
    """
    truths = []
    for place, picture in enumerate(pictures):
        for rows in detections_by_size.values():
            for row in _best_rows(rows[place]):
                left, top, right, bottom = row[2:].tolist()
                width_px, height_px = right - left + 1, bottom - top + 1
                shift_x, shift_y = rng.uniform(-0.06, 0.06, size=2)
                box = [left + shift_x * width_px, top + shift_y * height_px,
                       width_px, height_px]  # fmt: skip
                truths.append(_truth(truths, picture, int(row[0]), box))
        for _ in range(RANDOM_TRUTHS):
            label = rng.randint(0, NUM_CLASSES)
            box = [rng.randint(0, picture["width"] // 2),
                   rng.randint(0, picture["height"] // 2),
                   rng.randint(10, picture["width"] // 2),
                   rng.randint(10, picture["height"] // 2)]  # fmt: skip
            truths.append(_truth(truths, picture, label, box))
    return truths


def _best_rows(rows):
    """The best few detections with sides of 8 px or more."""
    sides = rows[:, 4:6] - rows[:, 2:4]  # [K, 2]
    large = rows[(sides >= 8).all(axis=1)]
    return large[np.argsort(-large[:, 1], kind="stable")][:TRUTHS_PER_SIZE]


def _truth(before, picture, label, box_xywh):
    left, top = (max(0.0, float(edge)) for edge in box_xywh[:2])
    width_px = min(float(box_xywh[2]), picture["width"] - left)
    height_px = min(float(box_xywh[3]), picture["height"] - top)
    box = [round(value, 2) for value in (left, top, width_px, height_px)]
    return {
        "id": len(before) + 1,
        "image_id": picture["id"],
        "category_id": CATEGORY_IDS[label],
        "bbox": box,
        "area": round(box[2] * box[3], 4),
        "iscrowd": 0,
    }


def _write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")
