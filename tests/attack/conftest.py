import pytest

import driver


@pytest.fixture(scope='session')
def table(win):
    return driver.read_table(win)
