"""Splits the variables of a start into those that a network takes and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import ArchiveUnreadable
from harness.model.networks.shapes import Variable
from harness.printable import first_few

#: How variables of the detector start that no classifier has.  # zoo-spec 2.4
HEAD_PREFIXES = ("yolo_block.", "yolo_transition.", "yolo_output.")
#: Ends of the variables that steer a deformable convolution: a classifier that was
#: trained with plain ones has none, and they start at 0.  # zoo-spec 2.3
STEERING_ENDS = ("_conv_offset.w_0", "_conv_offset.b_0")
#: How many names a message tells.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVariables:
    """What becomes of the variables of a starting archive, by name in sorted order."""

    taken: tuple[str, ...]
    left: tuple[str, ...]  # the network has none of that name: ``fc7_weights``
    new: tuple[str, ...]  # the archive has none of that name: the head

    @property
    def told(self) -> str:
        """The split in one sentence, with the first names of what is left."""
        sentence = f"{len(self.taken)} variables taken, {len(self.new)} start anew"
        if self.left:
            names = first_few(self.left, NAMED, counts_rest=True)
            sentence += f", {len(self.left)} left: {names}"
        return sentence


def split_variables(
    archive: Mapping[str, tuple[int, ...]],
    network: Mapping[str, Variable],
    *,
    is_backbone: bool,
) -> StartVariables:
    """Return which variables of an archive a network starts from.

    Args:
        archive: name -> shape of everything that it holds.
        network: the unpruned network's variables.
        is_backbone: the archive is a classifier: the head, and what steers deformable
            convolutions, may be missing. A detector has everything.

    Raises:
        ArchiveUnreadable: the archive is of another network: a variable is missing, or
            has another shape.
    """
    missing = sorted(set(network) - set(archive))
    if is_backbone:
        lacking = [name for name in missing if not _is_of_detector(name)]
    else:
        lacking = missing
    if lacking:
        raise _other_network(
            f"{len(lacking)} variables that the network starts from are missing",
            expected=first_few(lacking, NAMED, counts_rest=True),
            got=first_few(sorted(archive), NAMED, counts_rest=True),
        )
    taken = sorted(set(network) & set(archive))
    for name in taken:
        if tuple(archive[name]) != network[name].shape:
            raise _other_network(
                f"shape of {name}",
                expected=list(network[name].shape),
                got=list(archive[name]),
            )
    return StartVariables(
        taken=tuple(taken),
        left=tuple(sorted(set(archive) - set(network))),
        new=tuple(missing),
    )


def _is_of_detector(name: str) -> bool:
    return name.startswith(HEAD_PREFIXES) or name.endswith(STEERING_ENDS)


def _other_network(what: str, *, expected: object, got: object) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        what,
        expected=expected,
        got=got,
        next_step="start from weights of the recipe's own network",
    )
