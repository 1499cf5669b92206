"""The events file of one run, read while sbx appends to it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from typing import Any, Dict, List, Optional

Event = Dict[str, Any]


class EventsFile:
    """A file in a directory of its own; `seen` has every whole line so far, `end` the line that closes a run."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix='sbx-events-')
        self.path = os.path.join(self.directory, 'events.jsonl')
        self.seen: List[Event] = []
        self.end: Optional[Event] = None
        self._lock = threading.Lock()
        self._position = 0
        self._removed = False

    def read(self) -> None:
        """Take what was appended since the last call."""
        with self._lock:
            if self._removed:
                return
            try:
                with open(self.path, 'rb') as file:
                    file.seek(self._position)
                    data = file.read()
            except FileNotFoundError:
                return
            # A line without its end is still being written.
            whole = data[:data.rfind(b'\n') + 1]
            self._position += len(whole)
            for line in whole.splitlines():
                event = json.loads(line.decode('utf-8'))
                if event['op'] == 'end':
                    self.end = event
                else:
                    self.seen.append(event)

    def remove(self) -> None:
        with self._lock:
            self._removed = True
            shutil.rmtree(self.directory, ignore_errors=True)
