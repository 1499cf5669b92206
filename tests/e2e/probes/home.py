"""Print the user's profile directory and SID."""

import os

import tokens

print(os.path.expanduser('~'))
print(tokens.sid_text(tokens.user_sid()))
