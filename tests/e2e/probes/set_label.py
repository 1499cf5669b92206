"""Give the file or directory of the first argument the label that the second says in SDDL."""

import sys

import security

security.set_label(sys.argv[1], sys.argv[2])
