from __future__ import annotations

from ipaddress import ip_address

import pytest

from harness.artifact.web.redirect import (
    Ground,
    Place,
    ground_of,
    ground_of_host,
    may_lead,
)


@pytest.mark.parametrize(
    ("ip", "ground"),
    [
        ("8.8.8.8", Ground.PUBLIC),
        ("2001:4860:4860::8888", Ground.PUBLIC),
        ("64:ff9b::808:808", Ground.PUBLIC),
        ("127.0.0.1", Ground.MACHINE),
        ("127.255.1.2", Ground.MACHINE),
        ("0.0.0.0", Ground.MACHINE),
        ("0.1.2.3", Ground.MACHINE),
        ("::1", Ground.MACHINE),
        ("::", Ground.MACHINE),
        ("::ffff:127.0.0.1", Ground.MACHINE),
        ("2002:7f00:1::", Ground.MACHINE),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", Ground.MACHINE),  # Teredo
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", Ground.PRIVATE),
        ("64:ff9b::a00:1", Ground.PRIVATE),
        ("ff0e::1", Ground.PRIVATE),
        ("1.0.0.0", Ground.PUBLIC),
        ("64:ff9b::7f00:1", Ground.MACHINE),
        ("169.254.169.254", Ground.LINK),
        ("fe80::1", Ground.LINK),
        ("10.1.2.3", Ground.PRIVATE),
        ("172.16.0.1", Ground.PRIVATE),
        ("192.168.1.1", Ground.PRIVATE),
        ("100.64.0.1", Ground.PRIVATE),
        ("::ffff:10.0.0.1", Ground.PRIVATE),
        ("fd00::1", Ground.PRIVATE),
        ("224.0.0.1", Ground.PRIVATE),
    ],
)
def test_an_address_lies_on_one_ground(ip: str, ground: Ground) -> None:
    assert ground_of(ip_address(ip)) is ground


def test_only_ipv4_has_a_block_for_this_machine_at_0() -> None:
    assert ground_of(ip_address("::5:0:0:1")) is not Ground.MACHINE


@pytest.mark.parametrize(
    ("host", "ground"),
    [
        ("localhost", Ground.MACHINE),
        ("LOCALHOST.", Ground.MACHINE),
        ("x.localhost", Ground.MACHINE),
        ("2130706433", Ground.MACHINE),
        ("0x7f000001", Ground.MACHINE),
        ("0177.0.0.1", Ground.MACHINE),
        ("127.1", Ground.MACHINE),
        ("0", Ground.MACHINE),
        ("[::1]", Ground.MACHINE),
        ("fe80::1%eth0", Ground.LINK),
        ("167772161", Ground.PRIVATE),
        ("8.8.8.8", Ground.PUBLIC),
        ("models.example", None),
        ("localhost.example", None),
        ("1.2.3.4.example", None),
    ],
)
def test_a_spelling_tells_where_a_host_lies(host: str, ground: Ground | None) -> None:
    assert ground_of_host(host) is ground


@pytest.mark.parametrize(
    ("origin", "target", "may"),
    [
        ((Ground.PUBLIC, 80), (Ground.PUBLIC, 443), True),
        ((Ground.PUBLIC, 80), (Ground.PRIVATE, 80), False),
        ((Ground.PUBLIC, 80), (Ground.LINK, 80), False),
        ((Ground.PUBLIC, 80), (Ground.MACHINE, 80), False),
        ((Ground.PRIVATE, 80), (Ground.PUBLIC, 80), True),
        ((Ground.PRIVATE, 80), (Ground.PRIVATE, 8080), True),
        ((Ground.PRIVATE, 80), (Ground.LINK, 80), False),
        ((Ground.PRIVATE, 80), (Ground.MACHINE, 80), False),
        ((Ground.LINK, 80), (Ground.LINK, 80), True),
        ((Ground.MACHINE, 80), (Ground.MACHINE, 80), True),
        ((Ground.MACHINE, 80), (Ground.MACHINE, 22), False),
        ((Ground.MACHINE, 80), (Ground.LINK, 80), False),
        ((Ground.MACHINE, 80), (Ground.PRIVATE, 80), False),
        ((Ground.MACHINE, 80), (Ground.PUBLIC, 80), True),
    ],
)
def test_a_source_leads_to_the_web_or_within_its_own_ground(
    origin: tuple[Ground, int], target: tuple[Ground, int], may: bool
) -> None:
    (asked, asked_port), (led, led_port) = origin, target

    assert may is may_lead(
        Place(ground=asked, port=asked_port), Place(ground=led, port=led_port)
    )
