# Completion of sbx for bash: source this file.
_sbx_reply() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
    case $1 in -d | -f | -c) compopt -o filenames 2> /dev/null ;; esac
}
_sbx() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _sbx_reply -W '--help --version run roots explain doctor hide events undo help'
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            if [ $i -eq $((COMP_CWORD - 1)) ]; then _sbx_reply -c; else _sbx_reply -f; fi
            return
        fi
    done
    case $command:$before in
    run:--writable-root) _sbx_reply -d ;;
    run:--add-dir) _sbx_reply -d ;;
    run:--protect) _sbx_reply -f ;;
    run:--hide) _sbx_reply -f ;;
    run:--integrity) _sbx_reply -W 'low medium' ;;
    run:--stamp) _sbx_reply -W 'root all' ;;
    run:--events) _sbx_reply -f ;;
    run:--undo-quota) _sbx_reply -f ;;
    run:--control) _sbx_reply -f ;;
    explain:--op) _sbx_reply -W 'read write create rename delete' ;;
    explain:--integrity) _sbx_reply -W 'low medium' ;;
    *) case $command:$word in
    run:-*) _sbx_reply -W '--help --broker --writable-root --add-dir --cwd --read-only --protect --protect-vcs --hide --hide-secrets --integrity --require-integrity --stamp --events --stats --quiet --force --undo --require-undo --undo-quota --no-config --control' ;;
    roots:-*) _sbx_reply -W '--help --json --all' ;;
    explain:-*) _sbx_reply -W '--help --op --integrity --json' ;;
    doctor:-*) _sbx_reply -W '--help --json' ;;
    hide:-*) _sbx_reply -W '--help --json' ;;
    events:-*) _sbx_reply -W '--help' ;;
    undo:-*) _sbx_reply -W '--help --json --force --all' ;;
    help:-*) _sbx_reply -W '--help' ;;
    run:*) _sbx_reply -f -W '' ;;
    roots:*) _sbx_reply -f -W 'list show repair clean relabel' ;;
    explain:*) _sbx_reply -f -W '' ;;
    doctor:*) _sbx_reply -f -W '' ;;
    hide:*) _sbx_reply -f -W 'add list remove' ;;
    events:*) _sbx_reply -f -W '' ;;
    undo:*) _sbx_reply -f -W 'list show restore prune' ;;
    help:*) _sbx_reply -f -W 'run roots explain doctor hide events undo help' ;;
    esac ;;
    esac
}
complete -F _sbx sbx sbx.exe
