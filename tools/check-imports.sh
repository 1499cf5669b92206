#!/bin/sh
# Fail when a DLL needs other DLLs than the ones named.
#
# usage: check-imports.sh OBJDUMP FILE ALLOWED...
set -eu
objdump=$1 file=$2
shift 2
for dll in $("$objdump" -p "$file" | sed -n 's/^[[:space:]]*DLL Name: //p' | tr '[:upper:]' '[:lower:]'); do
    case " $* " in
    *" $dll "*) ;;
    *)
        echo "$file needs $dll; allowed are: $*" >&2
        exit 1
        ;;
    esac
done
