"""What goes wrong before or beside the program itself."""

from __future__ import annotations

from typing import Optional


class SandboxError(Exception):
    """sbx itself failed (exit code 125) or was ended from outside. The program's own failures are not this."""

    def __init__(self, message: str, returncode: Optional[int] = None) -> None:
        super().__init__(message)
        self.returncode = returncode


class CannotExecute(SandboxError):
    """The command is no program that can be executed (126)."""


class CommandNotFound(SandboxError):
    """The command is not found (127)."""


def from_exit_code(returncode: int, stderr: object) -> SandboxError:
    """The exception for an exit code of sbx's own; its message is sbx's, when stderr was captured."""
    text = stderr.decode('utf-8', 'replace') if isinstance(stderr, bytes) else stderr
    said = [line.strip() for line in text.splitlines() if line.startswith('sbx: ')] if isinstance(text, str) else []
    kind = {126: CannotExecute, 127: CommandNotFound}.get(returncode, SandboxError)
    return kind('; '.join(said) or f'sbx failed with exit code {returncode}; its message is on stderr', returncode)
