"""Joins recipes with those that they need, and notes what does not join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.errors import ZooDataError
from harness.registry.recipe_file import RecipeFile
from harness.values.recipes import Recipe, RecipeId, TrainedNetwork
from harness.values.rows import Row, Zoo

#: How many recipes of a circle a message names.
LONGEST_CIRCLE = 8


def join_recipes(
    files: Mapping[RecipeId, RecipeFile],
    unread: Iterable[RecipeId],
    problems: list[ZooDataError],
) -> dict[RecipeId, Recipe]:
    """Return the recipes whose starts and teachers are recipes that lead to an end.

    A recipe that is the same as another one becomes that one under its own name.

    Args:
        files: what each file says, of all zoos that matter.
        unread: recipes whose files are malformed; that is told already.
        problems: gets what does not join. What follows from it is left out silently.
    """
    joined: dict[RecipeId, Recipe] = {}
    ended = set(unread)  # recipes that cannot be had, and whose reason is noted
    left = dict(sorted(files.items()))
    while left:
        ready = [
            file
            for file in left.values()
            if all(one not in left for one in file.references.values())
        ]
        if not ready:
            circle = _circle(left)
            problems.append(_circle_problem(left[circle[0]], circle))
            ended.update(circle)
            left = {one: file for one, file in left.items() if one not in circle}
            continue
        for file in ready:
            del left[file.recipe_id]
            recipe = _joined(file, files, joined, ended, problems)
            if recipe is None:
                ended.add(file.recipe_id)
            else:
                joined[file.recipe_id] = recipe
    return joined


def archive_start_problems(recipe: Recipe, zoo: Zoo) -> Iterator[ZooDataError]:
    """Yield why a recipe cannot start from the archive of a zoo that it names."""
    name = recipe.start.archive
    place = place_of(recipe.recipe_id)
    if name not in zoo.archives:
        yield ZooDataError(
            f"{place}: field start.archive",
            expected=f"the name of an [[archive]] of {zoo.name}",
            got=name,
        )
    for row in (one for one in zoo.rows if one.archive == name):
        network = TrainedNetwork(
            architecture=row.architecture,
            backbone=row.backbone,
            num_classes=row.num_classes,
            width=row.width,
        )
        pruning = row.shaped_by if row.shaped_by.startswith("prune_") else None
        if row.strategy.startswith("quant_"):
            yield _other_network(place, "start.archive", recipe, row.row_id)
        else:
            yield from _shape_problems(recipe, "start.archive", network, pruning)
        return  # an archive's rows differ in their input size alone


def place_of(recipe_id: RecipeId) -> str:
    """Return where a message finds a recipe: its zoo's folder and its file."""
    return f"{recipe_id}.toml"


def _joined(
    file: RecipeFile,
    files: Mapping[RecipeId, RecipeFile],
    joined: Mapping[RecipeId, Recipe],
    ended: Iterable[RecipeId],
    problems: list[ZooDataError],
) -> Recipe | None:
    """Return what a file says once all that it needs is joined; None for nothing."""
    missing = [
        (field, one) for field, one in file.references.items() if one not in joined
    ]
    for field, one in missing:
        needed = files.get(one)
        if needed is not None and needed.why_not is not None:
            fault = needed.why_not
        elif one not in ended:
            fault = "no such file"
        elif one.zoo != file.recipe_id.zoo:
            fault = f"unsound, as `zoo check --zoo {one.zoo}` tells"
        else:
            continue  # it is told already
        problems.append(_missing(file.recipe_id, field, one, fault))
    if missing or file.why_not is not None:
        return None
    if file.same_as is not None:
        same = joined[file.same_as]
        return replace(same, recipe_id=file.recipe_id, same_as=same.names)
    recipe = file.recipe
    assert recipe is not None
    faults = [*_start_problems(recipe, joined), *_teacher_problems(recipe, joined)]
    problems += faults
    return None if faults else recipe


def _missing(
    recipe_id: RecipeId, field: str, named: RecipeId, fault: str
) -> ZooDataError:
    return ZooDataError(
        f"{place_of(recipe_id)}: field {field}",
        expected="the name of a sound recipe",
        got=f"{named}: {fault}",
        next_step=f"write or mend {place_of(named)}, or name another",
    )


def _circle(left: Mapping[RecipeId, RecipeFile]) -> list[RecipeId]:
    """Return a circle of recipes, each of which needs the next one."""
    way = [min(left)]
    while True:
        following = min(one for one in left[way[-1]].references.values() if one in left)
        if following in way:
            circle = way[way.index(following) :]
            first = circle.index(min(circle))
            return circle[first:] + circle[:first]
        way.append(following)


def _circle_problem(file: RecipeFile, circle: list[RecipeId]) -> ZooDataError:
    following = circle[1 % len(circle)]
    field = next(name for name, one in file.references.items() if one == following)
    shown = [str(one) for one in circle[:LONGEST_CIRCLE]]
    if len(circle) > LONGEST_CIRCLE:
        shown.append("...")
    return ZooDataError(
        f"{place_of(file.recipe_id)}: field {field}",
        expected="recipes that lead to an address or an archive",
        got=" -> ".join([*shown, str(circle[0])]),
        next_step="let one of them start from an address",
    )


def _start_problems(
    recipe: Recipe, joined: Mapping[RecipeId, Recipe]
) -> Iterator[ZooDataError]:
    if recipe.start.recipe is not None:
        start = joined[recipe.start.recipe]
        yield from _shape_problems(recipe, "start.recipe", start.network, start.pruning)


def _shape_problems(
    recipe: Recipe, field: str, network: TrainedNetwork, pruning: str | None
) -> Iterator[ZooDataError]:
    """Yield a start of another network, or of one that was pruned otherwise."""
    place = place_of(recipe.recipe_id)
    if network != recipe.network:
        yield _other_network(place, field, recipe, _described(network))
    elif pruning not in {None, recipe.pruning}:
        yield ZooDataError(
            f"{place}: field {field}",
            expected="a network that is not pruned yet"
            + (f", or by {recipe.pruning}" if recipe.pruning else ""),
            got=pruning,
        )


def _other_network(place: str, field: str, recipe: Recipe, got: str) -> ZooDataError:
    return ZooDataError(
        f"{place}: field {field}",
        expected=f"weights of {_described(recipe.network)}",
        got=got,
        next_step="a start has the network of its recipe",
    )


def _teacher_problems(
    recipe: Recipe, joined: Mapping[RecipeId, Recipe]
) -> Iterator[ZooDataError]:
    """Yield a teacher that was taught something else than its student is to learn."""
    if recipe.distillation is None:
        return
    teacher = joined[recipe.distillation.teacher]
    for what, ours, theirs in (
        ("dataset", recipe.dataset, teacher.dataset),
        ("classes", recipe.network.num_classes, teacher.network.num_classes),
        ("architecture", recipe.network.architecture, teacher.network.architecture),
        ("pixels", recipe.network.pixels, teacher.network.pixels),
    ):
        if ours != theirs:
            yield ZooDataError(
                f"{place_of(recipe.recipe_id)}: field strategy.teacher",
                expected=f"{what} of the student: {ours}",
                got=f"{theirs} of {teacher.recipe_id}",
                next_step="name a teacher that sees the same batches",
            )


def _described(network: TrainedNetwork) -> str:
    width = "" if network.width == 1 else f" at width {network.width}"
    return (
        f"{network.architecture}-{network.backbone} "
        f"with {network.num_classes} classes{width}"
    )


def rows_of(recipe: Recipe, zoo: Zoo) -> tuple[Row, ...]:
    """Return the rows whose archive a recipe makes."""
    return tuple(row for row in zoo.rows if row.archive == recipe.recipe_id.name)
