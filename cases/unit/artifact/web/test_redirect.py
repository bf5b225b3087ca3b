from __future__ import annotations

import pytest

from harness.artifact.web.failure import Stopped
from harness.artifact.web.redirect import REDIRECTS, next_address


@pytest.mark.parametrize(
    ("here", "location", "address"),
    [
        ("http://a.example/x/y.tar", "/z.tar", "http://a.example/z.tar"),
        ("http://a.example/x/y.tar", "z.tar?q=1&r=%20", "http://a.example/x/z.tar?q=1&r=%20"),
        ("http://a.example/x", "https://b.example/x", "https://b.example/x"),
        ("https://a.example/x", "//b.example/x", "https://b.example/x"),
        ("http://a.example/x", "/a b\u00fc", "http://a.example/a%20b%FC"),
        ("http://a.example/x", "/a\x1b|`<script>", "http://a.example/a%1B%7C%60%3Cscript%3E"),
    ],
)  # fmt: skip
def test_a_redirect_gives_the_next_address(
    here: str, location: str, address: str
) -> None:
    assert next_address(here, location) == address


@pytest.mark.parametrize(
    ("here", "location", "reason"),
    [
        ("http://a.example/x", None, "leads on, and does not say where to"),
        ("http://a.example/x", "", "leads on, and does not say where to"),
        ("http://a.example/x", "file:///etc/passwd", "leads to file:///etc/pass"),
        ("http://a.example/x", "ftp://b.example/x", "only http and https"),
        ("http://a.example/x", "javascript:alert(1)", "only http and https"),
        ("http://a.example/x", "http://:80/x", "only http and https"),
        ("https://a.example/x", "http://b.example/x", "leads from https to http"),
        ("http://a.example/x", "http://u:secret@b.example/", "a user or a password"),
        ("http://a.example/x", "http://b.example:99999/", "no address"),
        ("http://a.example/x", "http://[::1/", "no address"),
        ("http://a.example/x", "\u4e0b", "no address"),
        ("http://a.example/x", "data:\x1b[2J", r"leads to data:\x1b[2J;"),
    ],
)  # fmt: skip
def test_a_redirect_that_is_not_followed_says_why(
    here: str, location: str | None, reason: str
) -> None:
    with pytest.raises(Stopped) as caught:
        next_address(here, location)

    failure = caught.value.failure
    assert reason in failure.reason
    assert "secret" not in failure.reason
    assert not failure.may_pass


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_these_answers_lead_on(status: int) -> None:
    assert status in REDIRECTS
    assert not REDIRECTS & {300, 304, 305, 306, 309}


def test_what_an_address_is_made_of_stays_as_it_is() -> None:
    location = "/a/b?c=d&e=f%20[g]@!$'()*+,;~#h:i"

    assert next_address("http://a.example/x", location) == f"http://a.example{location}"


def test_a_port_may_stay_and_https_may_lead_to_https() -> None:
    assert next_address("https://a.example/x", "https://a.example:8443/y") == (
        "https://a.example:8443/y"
    )
