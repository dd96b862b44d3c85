"""The page for a request that failed: about the exception, or only with its id."""

from __future__ import annotations

import platform
import traceback
from html import escape
from urllib.parse import urlencode

# The report button opens a new issue there, filled in, for the user to send.
ISSUES = "https://github.com/Ksenginew/WSocket/issues/new"

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
<p><a class="button" href="{report}" rel="noopener noreferrer">report</a></p>
"""

_NO_DETAILS = "<p>The request failed. The server's log says why, under this id.</p>"


def render(error: BaseException, error_id: str, *, debug: bool) -> str:
    """Return the HTML page about `error`.

    Args:
        debug: Show the exception's type, message and traceback, and the report button.
            Without it the page shows nothing of the exception.
    """
    content = _details(error) if debug else _NO_DETAILS
    title = "Internal Server Error (500)"
    return _PAGE.format(title=title, content=content, error_id=escape(error_id))


def _details(error: BaseException) -> str:
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    kind, message = type(error).__name__, _message(error)
    return _DETAILS.format(
        kind=escape(kind),
        message=escape(message),
        trace=escape(trace),
        report=escape(_report_url(f"{kind}: {message}", trace)),
    )


def _message(error: BaseException) -> str:
    """The text of `error`, whose ``__str__`` may fail, too."""
    try:
        return str(error)
    except Exception as problem:
        return f"<its message cannot be shown: {type(problem).__name__}>"


def _report_url(title: str, trace: str) -> str:
    """The address of a new issue about the error, with the end of a long traceback."""
    system = f"Python {platform.python_version()}, {platform.platform()}"
    kept = len(trace)
    while True:
        body = f"```\n{trace[len(trace) - kept :]}```\n{system}\n\nWhat I did: "
        fields = {"title": title[:200], "body": body}
        url = f"{ISSUES}?{urlencode(fields, errors='replace')}"
        if len(url) <= _MAX_URL or not kept:
            return url
        kept //= 2
