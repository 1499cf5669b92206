import pytest

import driver


@pytest.fixture(scope='session')
def bench(win):
    return driver.Bench(win)
