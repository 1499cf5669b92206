import pytest

import driver


@pytest.fixture(scope='session')
def win():
    machine = driver.world.World()
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture(scope='session')
def bench(win):
    return driver.Bench(win)
