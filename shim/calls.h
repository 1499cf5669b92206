/* The hooked calls and their originals. One table in dllmain.c names them. */
#ifndef SBX_SHIM_CALLS_H
#define SBX_SHIM_CALLS_H

#include "nt.h"

/* Filled by hook_install. */
struct originals {
    nt_create_file *create_file;
    nt_open_file *open_file;
    nt_set_information_file *set_information_file;
    nt_delete_file *delete_file;
    nt_create_user_process *create_user_process;
    nt_create_named_pipe_file *create_named_pipe_file;
    nt_close *close;
    nt_duplicate_object *duplicate_object;
    nt_terminate_process *terminate_process;
    nt_set_security_object *set_security_object;
    nt_create_event *create_event;
    nt_create_mutant *create_mutant;
    nt_create_semaphore *create_semaphore;
    nt_create_timer *create_timer;
    nt_create_section *create_section;
    nt_create_directory_object *create_directory_object;
};
extern struct originals originals;

nt_create_file shim_create_file;
nt_open_file shim_open_file;
nt_set_information_file shim_set_information_file;
nt_delete_file shim_delete_file;
nt_create_user_process shim_create_user_process;
nt_create_named_pipe_file shim_create_named_pipe_file;
nt_close shim_close;
nt_duplicate_object shim_duplicate_object;
nt_terminate_process shim_terminate_process;
nt_set_security_object shim_set_security_object;
nt_create_event shim_create_event;
nt_create_mutant shim_create_mutant;
nt_create_semaphore shim_create_semaphore;
nt_create_timer shim_create_timer;
nt_create_section shim_create_section;
nt_create_directory_object shim_create_directory_object;

#endif
