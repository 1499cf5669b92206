"""What every probe has in common: run one function, print its result or its error on one line."""

import sqlite3
import sys


def run(function):
    """Call function(root, outside, sibling) with the arguments of the program. The result is the last line of output."""
    place = sys.argv[1]
    try:
        result = function(place + '\\root', place + '\\outside', place + '\\sibling') or 'ok'
    except OSError as error:
        result = f'error {error.winerror}' if getattr(error, 'winerror', None) else f'errno {error.errno}'
    except sqlite3.Error as error:
        result = str(error)
    except Exception as error:
        cause = error.__cause__ or error.__context__
        result = f'error {cause.winerror}' if isinstance(cause, OSError) and cause.winerror else repr(error)
    print(result, flush=True)
