"""Uploads over the limit end while they arrive: nothing of them is kept, in memory or on the disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

MOST_BYTES = 50_000_000
# What a form has beside its file; and how much more than the limit is still read, so that a browser shows the answer.
FORM_BYTES = 1_000_000
STILL_READ = 10


class LimitedUpload(FileUploadHandler):
    """Stands before the handlers that keep files. A view finds out by `was_too_large`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        announced = int(self.request.META.get("CONTENT_LENGTH") or 0) if self.request else 0
        if announced > MOST_BYTES + FORM_BYTES:
            self.end(announced)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > MOST_BYTES:
            self.end(start + len(raw_data))
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler has the file."""

    def end(self, size: int) -> None:
        if self.request is not None:
            self.request.too_large_upload = size
        if size > STILL_READ * MOST_BYTES:
            raise StopUpload(connection_reset=True)
        raise SkipFile


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was left out; its form has the other fields."""
    return hasattr(request, "too_large_upload")
