# Completion of sbx for PowerShell: dot-source this file in your profile.
$global:sbxWords = @{
    '' = @(
        , @('run', 'Run a program that can write only in the writable roots.')
        , @('roots', 'Show, mend or take away what sbx has put on writable roots.')
        , @('explain', 'Say what a sandboxed program may do to a path, and why.')
        , @('doctor', 'Check this machine for what sbx relies on and for what was left behind.')
        , @('hide', 'Keep files and directories from being read by sandboxed programs.')
        , @('events', 'Show the events that sbx run --events wrote, one a line.')
        , @('undo', 'Put back what sbx run --undo kept.')
        , @('help', 'Show the commands, or one command.')
        , @('--help', 'The commands.')
        , @('--version', 'The version.')
    )
    'run' = @(
        , @('--broker', 'Perform rename, delete and replace in the writable roots for the program.')
        , @('--writable-root', 'A directory the program may write below. May be given several times.')
        , @('--add-dir', 'The same as --writable-root.')
        , @('--cwd', 'Make the current directory a writable root.')
        , @('--read-only', 'No writable root but the private TEMP.')
        , @('--protect', 'A path in a writable root that stays read-only. May be given several times.')
        , @('--protect-vcs', 'Protect hooks, config, config.worktree, commondir, modules and worktrees of .git where a root has them.')
        , @('--hide', 'A file or directory that the program cannot read. May be given several times. Needs the Low integrity that goes with --broker.')
        , @('--hide-secrets', 'Hide the usual places of credentials in your profile: keys, tokens, cloud and package accounts.')
        , @('--integrity', 'low or medium: the integrity level of the program. Default: low with --broker, medium without.')
        , @('--require-integrity', 'Fail when a root cannot carry the Low label, instead of a warning.')
        , @('--stamp', 'root or all: put the entries on the root directory alone (the default) or on everything below it now.')
        , @('--events', 'Append a JSON line for each brokered operation and each refusal.')
        , @('--stats', 'Print the number of requests on stderr at the end.')
        , @('--quiet', 'No summary at the end.')
        , @('--force', 'Accept a root that is a drive, a profile, a system folder or behind a link in a known root.')
        , @('--undo', 'Keep what is deleted, replaced or renamed through the broker; see sbx undo.')
        , @('--require-undo', 'With --undo: what cannot be kept is not deleted or replaced.')
        , @('--undo-quota', 'How much one run may keep. Default: 2048.')
        , @('--no-config', 'Read neither your config.json nor a project''s .sbx.json.')
        , @('--control', 'For a calling program: end the run when the inherited pipe HANDLE is written to or closed, and write how the run ended to the events file.')
        , @('--help', 'Help for this command.')
    )
    'roots' = @(
        , @('list', 'list')
        , @('show', 'show')
        , @('repair', 'repair')
        , @('clean', 'clean')
        , @('relabel', 'relabel')
        , @('--json', 'With list and show: one JSON object instead of text.')
        , @('--all', 'With clean: every root that sbx knows.')
        , @('--help', 'Help for this command.')
    )
    'explain' = @(
        , @('--op', 'Only one operation: read, write, create, rename or delete. The exit code is then 1 when it is denied.')
        , @('--integrity', 'low or medium: the integrity level of the program. Default: low, as with run --broker.')
        , @('--json', 'One JSON object instead of text.')
        , @('--help', 'Help for this command.')
    )
    'doctor' = @(
        , @('--json', 'One JSON object instead of text.')
        , @('--help', 'Help for this command.')
    )
    'hide' = @(
        , @('add', 'add')
        , @('list', 'list')
        , @('remove', 'remove')
        , @('--json', 'With list: one JSON object instead of text.')
        , @('--help', 'Help for this command.')
    )
    'events' = @(
        , @('--help', 'Help for this command.')
    )
    'undo' = @(
        , @('list', 'list')
        , @('show', 'show')
        , @('restore', 'restore')
        , @('prune', 'prune')
        , @('--json', 'With list and show: one JSON object instead of text.')
        , @('--force', 'With restore: also over what was changed after the run. It is kept and can be put back.')
        , @('--all', 'With restore: also what the run itself had made. With prune: every run, not only those over the limits.')
        , @('--help', 'Help for this command.')
    )
    'help' = @(
        , @('run', 'run')
        , @('roots', 'roots')
        , @('explain', 'explain')
        , @('doctor', 'doctor')
        , @('hide', 'hide')
        , @('events', 'events')
        , @('undo', 'undo')
        , @('help', 'help')
        , @('--help', 'Help for this command.')
    )
}
$global:sbxArguments = @{
    'run --writable-root' = ''
    'run --add-dir' = ''
    'run --protect' = ''
    'run --hide' = ''
    'run --integrity' = 'low medium'
    'run --stamp' = 'root all'
    'run --events' = ''
    'run --undo-quota' = ''
    'run --control' = ''
    'explain --op' = 'read write create rename delete'
    'explain --integrity' = 'low medium'
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
