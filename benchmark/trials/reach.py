"""Whether addresses answer: one HEAD request each, all at the same time, within a few seconds."""

import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

REFUSALS = (401, 403, 404, 410)  # of a file; any other answer to a HEAD request leaves hope for a GET


@dataclass(frozen=True)
class Answer:
    """What an address said: why nothing can be fetched from it, or '', and the file's bytes where they are told."""

    problem: str = ""
    size: int | None = None


def ask(urls, seconds=4.0):
    """Return {url: :class:`Answer`}. No more than so many seconds pass, also where a name is looked up in vain."""
    answers, deadline = {}, time.monotonic() + seconds
    threads = [threading.Thread(target=_ask, args=(url, seconds, answers), daemon=True) for url in set(urls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return {url: answers.get(url, Answer(f"no answer within {seconds:g} s")) for url in urls}


def _ask(url, seconds, answers):
    try:
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=seconds) as response:
            size = response.headers.get("Content-Length", "")
            answers[url] = Answer(size=int(size) if size.isdecimal() else None)
    except urllib.error.HTTPError as error:
        error.close()
        answers[url] = Answer(f"HTTP {error.code} {error.reason}" if error.code in REFUSALS else "")
    except (OSError, ValueError) as error:  # also of TLS, of names, of an address that is none
        reason = getattr(error, "reason", error)  # of urllib's own error: what it came from
        answers[url] = Answer(str(getattr(reason, "strerror", None) or reason) or type(error).__name__)
