"""What `./dev trees` does with 50,000 files, with a few hundred."""

import pytest

import trees


@pytest.mark.parametrize('name', trees.TREES)
def test_stamped_and_back(win, name):
    tree = trees.Tree(win, name, 300)
    tree.check_first_run()
    tree.check_show()
    _, changed = tree.check_break_off(0.6)
    assert 1 <= changed <= tree.objects
    tree.check_repair()
    tree.check_clean()


def test_repair_mends_what_somebody_removed(win):
    tree = trees.Tree(win, 'site-packages', 60)
    tree.run_in_it()
    assert tree.counted('repair') == (tree.objects, tree.objects - 1)
    assert tree.counted('repair') == (tree.objects, 0)
    tree.check_clean()
