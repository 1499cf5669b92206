import pytest

import world


@pytest.fixture(scope='session')
def win():
    """The machine the tests run on; see world.py."""
    machine = world.World()
    machine.start()
    yield machine
    machine.stop()


@pytest.fixture(params=['modify', 'full'])
def layout(request):
    return request.param


@pytest.fixture(params=['3.11', '3.13'])
def version(request):
    return request.param


@pytest.fixture
def place(win, layout):
    """A new directory with `root`, `outside` and `sibling` in each layout."""
    return win.new_place(layout)


@pytest.fixture
def modify_place(win):
    return win.new_place('modify')


@pytest.fixture
def full_place(win):
    return win.new_place('full')
