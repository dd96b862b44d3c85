"""The page for a request that failed: about the exception, or only with its id."""

from __future__ import annotations

import platform
import traceback
from html import escape
from urllib.parse import urlencode

# Servers refuse URLs that are much longer than this (bytes).
_MAX_URL = 6000

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; color: #222; background: #fff; }}
h1 {{ font-size: 1.5rem; }}
pre {{ padding: 1rem; overflow: auto; background: #f4f4f4; border: 1px solid #ddd; }}
a.button {{ display: inline-block; padding: .4rem 1rem; border-radius: .3rem;
  color: #fff; background: #b00020; text-decoration: none; }}
#report:not(:target) {{ display: none; }}
textarea {{ box-sizing: border-box; width: 100%; font: .8rem monospace; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #ddd; background: #1b1b1b; }}
  pre {{ background: #262626; border-color: #444; }}
}}
</style>
</head>
<body>
<h1>Internal Server Error (500)</h1>
{content}
<p>Error id: <code>{error_id}</code></p>
</body>
</html>
"""

_DETAILS = """\
<p><strong>{kind}: {message}</strong></p>
<pre>{trace}</pre>
{report}
"""

_BUTTON = """\
<p><a class="button" href="{url}" rel="noopener noreferrer">report</a></p>
"""

# Without an address for reports: the button shows a text to copy.
_TEXT = """\
<p><a class="button" href="#report">report</a></p>
<div id="report">
<p>Copy this text, and send it to whoever looks after the application.</p>
<textarea readonly rows="16" aria-label="report">{text}</textarea>
</div>
"""

_NO_DETAILS = "<p>The request failed. The server's log says why, under this id.</p>"


def checked_report_url(url: str | None) -> str | None:
    """A setting: the address of a page for new issues, as GitHub has it, or none.

    Raises:
        TypeError, ValueError: It is none.
    """
    if url is None:
        return None
    expected = "report_url: expected an address, such as https://example.com/issues/new"
    if not isinstance(url, str):
        raise TypeError(f"{expected}, got {url!r:.100}")
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{expected}, got {url!r:.100}")
    return url


def render(
    error: BaseException,
    error_id: str,
    *,
    debug: bool,
    report_url: str | None = None,
) -> str:
    """Return the HTML page about `error`.

    Args:
        debug: Show the exception's type, message and traceback, and the report button.
            Without it the page shows nothing of the exception.
        report_url: The button leads there, with ``title`` and ``body`` in the query,
            for the user to send. None: it shows the report, to be copied.
    """
    content = _details(error, report_url) if debug else _NO_DETAILS
    title = "Internal Server Error (500)"
    return _PAGE.format(title=title, content=content, error_id=escape(error_id))


def _details(error: BaseException, report_url: str | None) -> str:
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    kind, message = type(error).__name__, _message(error)
    title = f"{kind}: {message}"
    if report_url is None:
        report = _TEXT.format(text=escape(f"{title}\n\n{_report(trace)}"))
    else:
        report = _BUTTON.format(url=escape(_filled_in(report_url, title, trace)))
    return _DETAILS.format(
        kind=escape(kind), message=escape(message), trace=escape(trace), report=report
    )


def _message(error: BaseException) -> str:
    """The text of `error`, whose ``__str__`` may fail, too."""
    try:
        return str(error)
    except Exception as problem:
        return f"<its message cannot be shown: {type(problem).__name__}>"


def _report(trace: str) -> str:
    """What whoever reads the report has to know."""
    system = f"Python {platform.python_version()}, {platform.platform()}"
    return f"```\n{trace}```\n{system}\n\nWhat I did: "


def _filled_in(report_url: str, title: str, trace: str) -> str:
    """The address of a new issue about the error, with the end of a long traceback."""
    kept = len(trace)
    separator = "&" if "?" in report_url else "?"
    while True:
        fields = {"title": title[:200], "body": _report(trace[len(trace) - kept :])}
        url = f"{report_url}{separator}{urlencode(fields, errors='replace')}"
        if len(url) <= _MAX_URL or not kept:
            return url
        kept //= 2
