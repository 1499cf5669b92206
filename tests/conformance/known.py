"""Tests that pass outside and not inside, with the reason. A key is a test's name or the beginning of several."""

# Wine does not list a file's names, and a link to a file with several names is refused where they cannot be checked.
SECOND_LINK = ('a second hard link to one file: sbx checks every name that the file has already, and Wine cannot list them '
               '(Windows can)')

REASONS = {
    'test.test_pathlib.PathTest.test_hardlink_to': SECOND_LINK,
    'test.test_pathlib.PathTest.test_link_to': SECOND_LINK,
    'test.test_pathlib.WindowsPathTest.test_hardlink_to': SECOND_LINK,
    'test.test_pathlib.WindowsPathTest.test_link_to': SECOND_LINK,
}
