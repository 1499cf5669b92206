"""Start programs under sbx: `run` is like subprocess.run, `Popen` like subprocess.Popen. See docs/api.md."""

from ._errors import CannotExecute, CommandNotFound, SandboxError
from ._run import Completed, Popen, find_sbx, run

__all__ = ['CannotExecute', 'CommandNotFound', 'Completed', 'Popen', 'SandboxError', 'find_sbx', 'run']
