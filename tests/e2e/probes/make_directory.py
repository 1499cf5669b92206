"""Make a directory and give it the DACL that the second argument says in SDDL."""

import os
import sys

import security

os.makedirs(sys.argv[1], exist_ok=True)
security.set_dacl(sys.argv[1], sys.argv[2])
