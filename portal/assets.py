"""The portal's own files (`static/`): each address carries a fingerprint of the content, so browsers keep them.

`portal.app` serves them without asking anything first: they are the same for everybody. A file that is asked for
without its fingerprint, as style sheets and scripts ask for one another, is answered as before: kept, and asked about.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.utils import safe_join

ENDPOINT = "static"
YEAR = 365 * 24 * 3600
MARK = "v"


class Assets(Flask):
    """A Flask whose static files are kept by browsers until they change."""

    def preprocess_request(self) -> Any:
        """Nothing is looked up for a file: no session, no account, no catalog."""
        return None if request.endpoint == ENDPOINT else super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        """A file is the same whoever asks, so a new cookie makes nobody fetch it again."""
        answer = super().process_response(response)
        if request.endpoint == ENDPOINT:
            answer.vary.discard("Cookie")
        return answer

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Addresses of files carry their fingerprint."""
        super().inject_url_defaults(endpoint, values)
        if endpoint == ENDPOINT and MARK not in values:
            mark = self.fingerprint(values.get("filename", ""))
            if mark:
                values[MARK] = mark

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """A year for a file that is asked for by the fingerprint it has."""
        given = request.args.get(MARK)
        return YEAR if given and given == self.fingerprint(filename or "") else super().get_send_file_max_age(filename)

    def fingerprint(self, filename: str) -> str:
        """A short word that changes with the file's content; empty where there is no such file."""
        inside = safe_join(str(self.static_folder), filename)  # the name may be what somebody typed
        path = Path(inside or "")
        if inside is None or not path.is_file():
            return ""
        found = path.stat()
        return _of(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=512)
def _of(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
