import pytest

import driver


@pytest.fixture(scope='session')
def win():
    machine = driver.world.World()
    machine.start()
    yield machine
    machine.stop()
