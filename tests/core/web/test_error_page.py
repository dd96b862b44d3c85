"""What a failed request shows."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from wsocket import WSocketApp
from wsocket.core.web import error_page


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def report(self) -> dict[str, list[str]]:
        """The fields that the report button fills in."""
        [href] = [attrs["href"] for tag, attrs in self.tags if tag == "a"]
        return parse_qs(urlsplit(href).query)


def raised(error: BaseException) -> BaseException:
    """The exception, with a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


ISSUES = "https://example.com/issues/new"


def reported(error: BaseException, report_url: str = ISSUES) -> Page:
    """The page of an application that says where reports go."""
    return Page(
        error_page.render(error, "1a2b", debug=True, report_url=report_url),
    )


def test_debug_page_shows_type_message_traceback_and_id():
    """The page of the documentation's example."""
    page = Page(
        error_page.render(raised(ZeroDivisionError("by zero")), "1a2b", debug=True)
    )
    assert "Internal Server Error (500)" in page.text
    assert "ZeroDivisionError: by zero" in page.text
    assert "Traceback (most recent call last):" in page.text
    assert f'File "{__file__}"' in page.text
    assert "1a2b" in page.text


def test_report_button_shows_a_text_to_copy():
    """Nobody but the author of the application knows where reports should go."""
    page = Page(error_page.render(raised(KeyError("<x>")), "1a2b", debug=True))
    assert ("a", {"class": "button", "href": "#report"}) in page.tags
    assert ("div", {"id": "report"}) in page.tags
    report = page.text[page.text.index("Copy this text") :]
    assert "KeyError: '<x>'" in report
    assert "Traceback (most recent call last):" in report
    assert "What I did:" in report


def test_report_button_fills_in_an_issue():
    """Title and traceback are there; the user only has to say what happened."""
    page = reported(raised(KeyError("<x>")))
    report = page.report()
    assert report["title"] == ["KeyError: '<x>'"]
    assert "Traceback (most recent call last):" in report["body"][0]


def test_report_keeps_the_end_of_a_long_traceback():
    """Servers refuse long URLs, and what was raised stands at the end."""
    error = raised(ValueError("é" * 20_000 + "the end"))
    page = reported(error)
    [href] = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert len(href) <= 6000
    assert "the end" in page.report()["body"][0]


def test_fields_are_added_to_a_query_that_is_there():
    """Such as the name of a template."""
    page = reported(raised(KeyError("x")), f"{ISSUES}?template=bug")
    assert page.report()["template"] == ["bug"]
    assert page.report()["title"] == ["KeyError: 'x'"]


@pytest.mark.parametrize("url", [5, "", "javascript:alert(1)", "example.com"])
def test_an_address_for_reports_must_be_one(url):
    """The message has the name of the setting, and what came."""
    with pytest.raises((TypeError, ValueError)) as refused:
        WSocketApp(report_url=url)
    assert str(refused.value).startswith("report_url: expected an address")
    assert repr(url) in str(refused.value)


def test_page_without_debug_shows_only_the_id():
    """Nothing of the exception may reach a stranger."""
    page = error_page.render(raised(ValueError("the secret")), "1a2b", debug=False)
    assert "1a2b" in page
    for detail in ("secret", "ValueError", "Traceback", __file__):
        assert detail not in page


def test_markup_in_the_exception_is_escaped():
    """An exception's text may come from the client."""
    error = raised(ValueError("<script>alert(1)</script>\"'&"))
    page = Page(error_page.render(error, "1a2b", debug=True))
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>alert(1)</script>" in page.text


def test_page_loads_nothing_from_elsewhere():
    """It works offline, and tells nobody of the error."""
    page = Page(error_page.render(raised(ValueError("x")), "1a2b", debug=True))
    assert not [attrs for _, attrs in page.tags if "src" in attrs]
    assert "link" not in [tag for tag, _ in page.tags]


class Unprintable(Exception):
    """An exception whose message is broken itself."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


def test_exception_that_cannot_be_printed_is_named():
    """The page about an error must not fail."""
    page = error_page.render(raised(Unprintable()), "1a2b", debug=True)
    assert "Unprintable: &lt;its message cannot be shown: RuntimeError&gt;" in page


def test_cause_is_shown_as_well():
    """The whole chain of exceptions helps."""
    error = ValueError("outer")
    error.__cause__ = KeyError("inner")
    text = Page(error_page.render(raised(error), "1a2b", debug=True)).text
    assert text.index("KeyError: 'inner'") < text.index("direct cause")
