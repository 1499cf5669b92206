"""Print the DACL and the label of a path in SDDL, a line each."""

import sys

import security

print(security.read(sys.argv[1]))
print(security.read(sys.argv[1], security.LABEL))
