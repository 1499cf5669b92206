/* Attacks that the test bed has not what they need for: rows of the page, not run. */
#include "attack.h"

#define NOT_HERE(name, tries)                                                                                          \
    { "not testable here", name, tries, 0, .run = NULL }

const struct attack untested[] = {
    NOT_HERE("oplock", "a file whose oplock the program holds and does not release"),
    NOT_HERE("junction swapped", "a junction in place of a symbolic link, made by the program"),
    NOT_HERE("junctions under a walk", "a junction in TEMP, under stamp, repair, clean and undo"),
    NOT_HERE("delete on close through a swapped link",
             "Wine opens a file once more by its path, before anything can be compared"),
    NOT_HERE("SUBST of the system drive", "drive C: of the logon session leads elsewhere before the run"),
    NOT_HERE("object manager link", "a directory of \\Sessions that stands for a drive"),
    NOT_HERE("COM", "a COM server that runs outside the sandbox"),
    NOT_HERE("Task Scheduler", "a task that runs outside the sandbox"),
    NOT_HERE("window messages", "messages and hooks to windows of the user"),
    NOT_HERE("console input", "WriteConsoleInput into the user's console"),
    NOT_HERE("token of another user", "a connection to the pipe as another user"),
    NOT_HERE("connection over the network", "the pipe by the name of the machine"),
};

const size_t untested_count = sizeof(untested) / sizeof(untested[0]);
