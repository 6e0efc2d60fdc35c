"""The console's static files: held in memory, addressed by their content, so that a browser may keep them for ever."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stillwatch.errors import NotFoundError

FILES: Final = {
    "report.css": ("stillwatch.dossiers.render", "text/css; charset=utf-8"),
    "console.css": ("stillwatch.service.console", "text/css; charset=utf-8"),
    "desk.css": ("stillwatch.service.console", "text/css; charset=utf-8"),
    "theme.js": ("stillwatch.service.console", "text/javascript; charset=utf-8"),
    "console.js": ("stillwatch.service.console", "text/javascript; charset=utf-8"),
    "desk.js": ("stillwatch.service.console", "text/javascript; charset=utf-8"),
    "htmx-2.0.11.min.js": ("stillwatch.service.console", "text/javascript; charset=utf-8"),
    "icon.svg": ("stillwatch.service.console", "image/svg+xml"),
}
"""Each file with the package whose ``assets`` folder holds it, and its type."""

FOR_EVER: Final = "public, max-age=31536000, immutable"  # the address changes with the content


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    media_type: str


class Assets:
    """All static files, by an address that names their content. Nothing else of the disk can be asked for."""

    def __init__(self) -> None:
        self._by_address: dict[str, Asset] = {}
        self._address_of: dict[str, str] = {}
        for name, (package, media_type) in FILES.items():
            content = resources.files(package).joinpath("assets", name).read_bytes()
            stem, _, ending = name.rpartition(".")
            address = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
            self._by_address[address] = Asset(content, media_type)
            self._address_of[name] = f"/static/{address}"

    def address(self, name: str) -> str:
        """Return the address of a file by its own name."""
        return self._address_of[name]

    def send(self, request: Request) -> Response:
        """Answer a request for a static file."""
        asset = self._by_address.get(request.path_params["address"])
        if asset is None:
            raise NotFoundError("static files", "no such file")
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": FOR_EVER})
