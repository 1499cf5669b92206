"""On Wine the module `platform` of Python 3.12 and later ends the process: WMI calls a function that Wine lacks.

Without `_wmi` it asks in the older way.
"""

import sys

sys.modules['_wmi'] = None
