"""Runs in the Windows Python: one module of CPython's tests, one line of JSON for each test as it ends.

arguments: DIRECTORY_WITH_TEST_PACKAGE MODULE REPORT
"""

import json
import sys
import unittest

sys.path.insert(0, sys.argv[1])

from test import support  # noqa: E402
from test.support import os_helper  # noqa: E402

# On Wine os.symlink claims success and makes nothing; on Windows a confined program has no right to make one.
os_helper._can_symlink = False
support.verbose = 0


class Report(unittest.TestResult):
    def __init__(self, path):
        super().__init__()
        self.file = open(path, 'w', encoding='utf-8')

    def write(self, outcome, test, detail=''):
        self.file.write(json.dumps([test.id(), outcome, detail[-600:]]) + '\n')
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.write('started', test)

    def addSuccess(self, test):
        self.write('ok', test)

    def addFailure(self, test, error):
        self.write('failure', test, self._exc_info_to_string(error, test))  # type: ignore[attr-defined]

    def addError(self, test, error):
        self.write('error', test, self._exc_info_to_string(error, test))  # type: ignore[attr-defined]

    def addSubTest(self, test, subtest, error):
        # A later addSuccess of the whole test does not come when a part failed.
        if error:
            self.write('failure', test, self._exc_info_to_string(error, test))  # type: ignore[attr-defined]

    def addSkip(self, test, reason):
        self.write('skipped', test, reason)

    def addExpectedFailure(self, test, error):
        self.write('expected failure', test)

    def addUnexpectedSuccess(self, test):
        self.write('unexpected success', test)


# Wine's RtlSetCurrentDirectory_U copies a path of any length into a buffer for 260 characters, and what it overwrites ends the
# process some time later, outside as inside. Windows answers with an error.
OVERWRITES_MEMORY_ON_WINE = {'test_os': ('MiscTests', 'test_getcwd_long_path')}

# multiprocessing imports this file again in its workers.
if __name__ == '__main__':
    if sys.argv[2] in OVERWRITES_MEMORY_ON_WINE:
        case, name = OVERWRITES_MEMORY_ON_WINE[sys.argv[2]]
        module = __import__('test.' + sys.argv[2], fromlist=[case])
        setattr(getattr(module, case), name, unittest.skip('overwrites memory on Wine')(getattr(getattr(module, case), name)))

    report = Report(sys.argv[3])
    unittest.defaultTestLoader.loadTestsFromName('test.' + sys.argv[2]).run(report)
    report.file.close()
