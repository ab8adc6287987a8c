"""Compiled templates kept beside their source, as Python keeps its modules: compiling is half of a cold page."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2.bccache import Bucket, FileSystemBytecodeCache

FOLDER = Path(__file__).with_name("__pycache__")


class Kept(FileSystemBytecodeCache):
    """Where nothing may be written, each page compiles its templates; a changed template is compiled anew."""

    def __init__(self) -> None:
        super().__init__(str(FOLDER), "%s.template")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one template, unless Python was told to keep nothing, or the folder is not ours."""
        if sys.dont_write_bytecode:
            return
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return
