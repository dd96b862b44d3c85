"""The grammar of HTTP that more than one module matches, as regular expressions.

They are strings: a module builds its own patterns of them.
"""

from __future__ import annotations

from typing import Final

# RFC 9110 section 5.6.2: names of methods, headers, parameters and subprotocols.
TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

# RFC 9110 section 5.5: the characters that a header's value must not contain. A tab is
# allowed. To be used inside of brackets.
CONTROLS: Final = r"\x00-\x08\x0a-\x1f\x7f"
FIELD_VALUE: Final = rf"[^{CONTROLS}]*"

# RFC 9110 section 8.6. A body with more digits in its length will never arrive.
CONTENT_LENGTH: Final = r"[0-9]{1,18}"

# RFC 9110 section 15: any three digits, but for a code that begins with 0.
STATUS_CODE: Final = r"[1-9][0-9][0-9]"

# RFC 9110 section 5.6.4: text in double quotes.
QUOTED_STRING: Final = (
    r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t !-~\x80-\xff])*"'  # or a character after "\"
)

# RFC 3986 section 2: the characters of a name in a URL that need no percent-encoding.
# To be used inside of brackets.
UNRESERVED_OR_DELIMITER: Final = r"0-9A-Za-z\-._~!$&'()*+,;="

# RFC 3986 section 3.2.3. It may be empty; more digits are no port.
PORT: Final = r"[0-9]{0,5}"

# RFC 3986 section 3.2: a host and its port, in two groups. It accepts every character
# that cannot end a host, because it is compared with a Host header.
HOST_AND_PORT: Final = r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::(\d{0,5}))?"
