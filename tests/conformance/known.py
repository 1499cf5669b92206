"""Tests that pass outside and not inside, with the reason. A key is a test's name or the beginning of several."""

# Wine does not list a file's names, and a link to a file with several names is refused where they cannot be checked.
SECOND_LINK = ('a second hard link to one file: sbx checks every name that the file has already, and Wine cannot list them '
               '(Windows can)')

INSTALLED = "skipped inside: the test writes beside Python's own library, which is in no writable root"

REGISTRY = 'makes a registry key; the restricting SIDs and Low integrity deny writing in the registry'

REASONS = {
    'test.test_importlib.test_windows.Frozen_WindowsRegistryFinderTests.': REGISTRY,
    'test.test_importlib.test_windows.Source_WindowsRegistryFinderTests.': REGISTRY,
    'test.test_zipfile.PyZipFileTests.test_write_filtered_python_package': INSTALLED,
    'test.test_zipfile.PyZipFileTests.test_write_pyfile': INSTALLED,
    'test.test_zipfile.PyZipFileTests.test_write_python_package': INSTALLED,
    'test.test_zipfile.PyZipFileTests.test_write_with_optimization': INSTALLED,
    'test.test_compileall.CommandLineTestsNoSourceEpoch.test_hardlink': SECOND_LINK,
    'test.test_compileall.CommandLineTestsWithSourceEpoch.test_hardlink': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsNoSourceEpoch.test_hardlink': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsNoSourceEpoch.test_import': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsNoSourceEpoch.test_recompilation': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsWithSourceEpoch.test_hardlink': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsWithSourceEpoch.test_import': SECOND_LINK,
    'test.test_compileall.HardlinkDedupTestsWithSourceEpoch.test_recompilation': SECOND_LINK,
    'test.test_pathlib.PathTest.test_hardlink_to': SECOND_LINK,
    'test.test_pathlib.PathTest.test_link_to': SECOND_LINK,
    'test.test_pathlib.WindowsPathTest.test_hardlink_to': SECOND_LINK,
    'test.test_pathlib.WindowsPathTest.test_link_to': SECOND_LINK,
}
