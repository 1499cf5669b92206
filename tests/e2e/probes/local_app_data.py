"""Print the folder for local application data."""
import os

print(os.environ['LOCALAPPDATA'])
