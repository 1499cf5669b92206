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
        self.write('failure', test, self._exc_info_to_string(error, test))

    def addError(self, test, error):
        self.write('error', test, self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        # A later addSuccess of the whole test does not come when a part failed.
        if error:
            self.write('failure', test, self._exc_info_to_string(error, test))

    def addSkip(self, test, reason):
        self.write('skipped', test, reason)

    def addExpectedFailure(self, test, error):
        self.write('expected failure', test)

    def addUnexpectedSuccess(self, test):
        self.write('unexpected success', test)


report = Report(sys.argv[3])
unittest.defaultTestLoader.loadTestsFromName('test.' + sys.argv[2]).run(report)
report.file.close()
