#!/usr/bin/env python3
"""Write completions/sbx.bash and completions/sbx.ps1 from docs/cli.md, which is what `sbx help --markdown` prints."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]

# The words that an argument may be. What is named DIR is a directory; anything else is completed as a file.
CHOICES = {'LEVEL': 'low medium', 'WHAT': 'root all', 'OP': 'read write create rename delete'}

BASH = '''# Completion of sbx for bash: source this file.
_sbx_reply() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
    case $1 in -d | -f | -c) compopt -o filenames 2> /dev/null ;; esac
}
_sbx() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _sbx_reply -W '--help --version %(commands)s'
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            if [ $i -eq $((COMP_CWORD - 1)) ]; then _sbx_reply -c; else _sbx_reply -f; fi
            return
        fi
    done
    case $command:$before in
%(arguments)s
    *) case $command:$word in
%(words)s
    esac ;;
    esac
}
complete -F _sbx sbx sbx.exe
'''

POWERSHELL = '''# Completion of sbx for PowerShell: dot-source this file in your profile.
$global:sbxWords = @{
    '' = @(
%(commands)s
    )
%(words)s
}
$global:sbxArguments = @{
%(arguments)s
}
Register-ArgumentCompleter -Native -CommandName sbx, sbx.exe -ScriptBlock {
    param($word, $ast, $position)
    $said = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.Extent.Text })
    if ($said -contains '--') { return }
    $command = if ($said.Count -gt 1) { $said[1] } else { '' }
    $values = $global:sbxArguments["$command $($said[-1])"]
    # An empty answer makes PowerShell complete files.
    if ($null -ne $values) { $words = $values.Split(' ') | ForEach-Object { , @($_, $_) } }
    else { $words = $global:sbxWords[$command] }
    $words | Where-Object { $_[0] -and $_[0].StartsWith($word) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
'''


def read_page(text):
    """Name -> (summary, verbs, [(option, argument or '', help)]) of each command, in the page's order."""
    commands = {}
    for name, body in re.findall(r'^## sbx (\w+)\n(.*?)(?=^## |\Z)', text, re.M | re.S):
        summary = body.strip().split('\n')[0]
        usage = re.search(r'^    sbx \w+ ?(.*)$', body, re.M).group(1)
        verbs = dict.fromkeys(part.split(' ')[0] for part in usage.split(' | ') if re.match('[a-z]', part))
        options = re.findall(r'^\| `(--[a-z-]+) ?([A-Z]*)` \| (.*) \|$', body, re.M)
        commands[name] = (summary, list(verbs), options)
    commands['help'] = (commands['help'][0], list(commands), commands['help'][2])
    return commands


def bash(commands):
    arguments, words = [], []
    for name, (_, _, options) in commands.items():
        for option, argument, _ in options:
            if argument:
                how = f"-W '{CHOICES[argument]}'" if argument in CHOICES else '-d' if argument == 'DIR' else '-f'
                arguments.append(f'    {name}:{option}) _sbx_reply {how} ;;')
        words.append(f"    {name}:-*) _sbx_reply -W '{' '.join(['--help', *(option for option, _, _ in options)])}' ;;")
    words += [f"    {name}:*) _sbx_reply -f -W '{' '.join(verbs)}' ;;" for name, (_, verbs, _) in commands.items()]
    return BASH % {'commands': ' '.join(commands), 'arguments': '\n'.join(arguments), 'words': '\n'.join(words)}


def powershell(commands):
    def pair(word, text):
        return "        , @('%s', '%s')" % (word, text.replace("'", "''"))

    top = [pair(name, summary) for name, (summary, _, _) in commands.items()]
    top += [pair('--help', 'The commands.'), pair('--version', 'The version.')]
    words, arguments = [], []
    for name, (_, verbs, options) in commands.items():
        lines = [pair(verb, verb) for verb in verbs] + [pair(option, text) for option, _, text in options]
        words.append('\n'.join([f"    '{name}' = @(", *lines, pair('--help', 'Help for this command.'), '    )']))
        arguments += [f"    '{name} {option}' = '{CHOICES.get(argument, '')}'" for option, argument, _ in options if argument]
    return POWERSHELL % {'commands': '\n'.join(top), 'words': '\n'.join(words), 'arguments': '\n'.join(arguments)}


def files():
    """Name below completions/ -> content."""
    commands = read_page((ROOT / 'docs' / 'cli.md').read_text())
    return {'sbx.bash': bash(commands), 'sbx.ps1': powershell(commands)}


if __name__ == '__main__':
    (ROOT / 'completions').mkdir(exist_ok=True)
    for name, text in files().items():
        (ROOT / 'completions' / name).write_text(text)
