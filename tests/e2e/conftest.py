import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import world as world_module  # noqa: E402


@pytest.fixture(scope='session')
def win():
    """The machine the tests run on; see world.py."""
    machine = world_module.World()
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
