# What scripts of PowerShell do with files, .NET, processes, jobs and pipes: prints a JSON object of results, one for each check.
# usage: powershell.ps1 DIRECTORY OUTSIDE PYTHON
param($Top, $Outside, $Python)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Results = [ordered]@{}

function Check($Name, [scriptblock]$Block) {
    try { $Results[$Name] = "$(& $Block)" }
    catch {
        $cause = $_.Exception
        while ($cause.InnerException) { $cause = $cause.InnerException }
        $Results[$Name] = 'error ' + $cause.GetType().Name + ' ' + $_.FullyQualifiedErrorId
    }
}
function Names($Path = '.') { (Get-ChildItem $Path -Recurse -Force -Name | Sort-Object) -join ' ' }
function Fresh($Name) {
    $path = Join-Path $Top $Name
    [void](New-Item -ItemType Directory $path -Force)
    Set-Location $path
    $path
}
function Text($Path) { [IO.File]::ReadAllText([IO.Path]::Combine($PWD.Path, $Path)).Trim() }
function At($Name) { [IO.Path]::Combine($PWD.Path, $Name) }

# Cmdlets

[void](Fresh cmdlets)
Check 'Set-Content' { Set-Content a.txt one; Text a.txt }
Check 'Add-Content' { Add-Content a.txt two; (Get-Content a.txt) -join '+' }
Check 'Clear-Content' { Clear-Content a.txt; (Get-Item a.txt).Length }
Check 'Out-File' { 'x' | Out-File b.txt; 'y' | Out-File b.txt -Append; (Get-Content b.txt) -join '+' }
Check 'Out-File over' { 'z' | Out-File b.txt; Text b.txt }
Check 'Tee-Object' { 'tee' | Tee-Object c.txt | Out-Null; Text c.txt }
Check 'New-Item file' { [void](New-Item d.txt -Value new); Text d.txt }
Check 'New-Item -Force over' { [void](New-Item d.txt -Value newer -Force); Text d.txt }
Check 'New-Item exists' { New-Item d.txt -Value again }
Check 'New-Item directories' { [void](New-Item -ItemType Directory one/two/three); Names one }
Check 'Copy-Item' { Copy-Item d.txt e.txt; Text e.txt }
Check 'Copy-Item over' { Set-Content f.txt old; Copy-Item d.txt f.txt; Text f.txt }
Check 'Copy-Item over read-only' { Set-ItemProperty f.txt IsReadOnly $true; Copy-Item d.txt f.txt }
Check 'Copy-Item -Force over read-only' { Set-Content e.txt forced; Copy-Item e.txt f.txt -Force; Text f.txt }
Check 'Copy-Item -Recurse' { Set-Content one/two/f deep; Copy-Item one copied -Recurse; Names copied }
Check 'Rename-Item' { Rename-Item e.txt g.txt; Test-Path e.txt, g.txt }
Check 'Rename-Item exists' { Rename-Item g.txt d.txt }
Check 'Rename-Item directory' { Rename-Item copied renamed; Names renamed }
Check 'Rename-Item case' { Rename-Item g.txt G.TXT; (Get-Item g.txt).Name }
Check 'Rename-Item invalid' { Rename-Item G.TXT 'a<b' }
Check 'Move-Item' { Move-Item G.TXT one/h.txt; Test-Path G.TXT, one/h.txt }
Check 'Move-Item exists' { Set-Content i.txt here; Move-Item one/h.txt i.txt }
Check 'Move-Item -Force' { Move-Item one/h.txt i.txt -Force; Text i.txt }
Check 'Move-Item directory' { Move-Item renamed one/moved; Names one }
Check 'Move-Item wildcard' { [void](New-Item -ItemType Directory some); Set-Content w1, w2, w3 x; Move-Item w? some; Names some }
Check 'Remove-Item' { Remove-Item i.txt; Test-Path i.txt }
Check 'Remove-Item missing' { Remove-Item i.txt }
Check 'Remove-Item read-only' { Set-Content r.txt x; Set-ItemProperty r.txt IsReadOnly $true; Remove-Item r.txt }
Check 'Remove-Item -Force read-only' { Remove-Item r.txt -Force; Test-Path r.txt }
Check 'Remove-Item hidden' { Set-Content h.txt x; (Get-Item h.txt).Attributes = 'Hidden'; Remove-Item h.txt -Force; Test-Path h.txt }
Check 'Remove-Item -Recurse' { Remove-Item one -Recurse; Test-Path one }
Check 'Remove-Item wildcard' { Remove-Item some/w?; Names some }
Check 'Clear-Item property' { Set-Content p.txt x; (Get-Item p.txt).LastWriteTimeUtc = '2001-02-03'; (Get-Item p.txt).LastWriteTimeUtc.ToString('yyyy-MM-dd') }
Check 'attributes' { (Get-Item p.txt).Attributes = 'Hidden, ReadOnly'; (Get-Item p.txt -Force).Attributes; (Get-Item p.txt -Force).Attributes = 'Normal' }
Check 'Get-FileHash' { (Get-FileHash p.txt -Algorithm MD5).Hash.Length }
Check 'Get-Acl' { (Get-Acl p.txt).Access.Count -gt 0 }
Check 'Export-Csv' { [pscustomobject]@{a = 1; b = 2} | Export-Csv t.csv; (Import-Csv t.csv).b }
Check 'Export-Clixml' { @{k = 'v'} | Export-Clixml t.xml; (Import-Clixml t.xml).k }
Check 'Compress-Archive' { [void](New-Item -ItemType Directory z); Set-Content z/a, z/b x; Compress-Archive z z.zip; Test-Path z.zip }
Check 'Compress-Archive -Update' { Set-Content z/c x; Compress-Archive z z.zip -Update; Test-Path z.zip }
Check 'Expand-Archive' { Expand-Archive z.zip out; Names out }
Check 'Expand-Archive -Force' { Expand-Archive z.zip out -Force; Names out }
Check 'New-TemporaryFile' { $t = New-TemporaryFile; Set-Content $t x; Remove-Item $t; Test-Path $t }
Check 'Start-Transcript' { [void](Start-Transcript log.txt); [void](Stop-Transcript); (Get-Item log.txt).Length -gt 0 }
Check 'redirection' { Write-Output out > s.txt; Write-Output more >> s.txt; (Get-Content s.txt) -join '+' }
Check 'long path' { $d = 'd' * 100; [void](New-Item -ItemType Directory "$d/$d/$d"); Set-Content "$d/$d/$d/f" x; Move-Item "$d/$d/$d/f" "$d/f"; Remove-Item $d -Recurse -Force; Test-Path $d }

# .NET

[void](Fresh dotnet)
Check 'File.Move' { [IO.File]::WriteAllText((At a), 'a'); [IO.File]::Move((At a), (At b)); Names }
Check 'File.Move exists' { [IO.File]::WriteAllText((At a), 'a'); [IO.File]::Move((At a), (At b)) }
Check 'File.Move over' { [IO.File]::Move((At a), (At b), $true); Names }
Check 'File.Move no directory' { [IO.File]::Move((At b), (At 'no/b')) }
Check 'File.Move to itself' { [IO.File]::Move((At b), (At B)); Names }
Check 'File.Replace' { [IO.File]::WriteAllText((At n), 'new'); [IO.File]::Replace((At n), (At b), [NullString]::Value); Text b }
Check 'File.Replace backup' { [IO.File]::WriteAllText((At n), 'newer'); [IO.File]::Replace((At n), (At b), (At k)); "$(Text b) $(Text k)" }
Check 'File.Replace backup exists' { [IO.File]::WriteAllText((At n), 'newest'); [IO.File]::Replace((At n), (At b), (At k)); "$(Text b) $(Text k)" }
Check 'File.Replace missing' { [IO.File]::Replace((At missing), (At b), [NullString]::Value) }
Check 'File.Delete' { [IO.File]::Delete((At k)); Names }
Check 'File.Delete missing' { [IO.File]::Delete((At k)); 'done' }
Check 'File.Delete open' { $f = [IO.File]::Open((At b), 'Open', 'Read', 'Read'); try { [IO.File]::Delete((At b)) } finally { $f.Dispose() } }
Check 'File.Delete open, sharing' { $f = [IO.File]::Open((At b), 'Open', 'Read', 'ReadWrite, Delete'); [IO.File]::Delete((At b)); $f.Dispose(); Names }
Check 'File.Move open' { [IO.File]::WriteAllText((At o), 'o'); $f = [IO.File]::Open((At o), 'Open', 'Read', 'Read'); try { [IO.File]::Move((At o), (At p)) } finally { $f.Dispose() } }
Check 'File.Move open, sharing' { $f = [IO.File]::Open((At o), 'Open', 'Read', 'Read, Delete'); [IO.File]::Move((At o), (At p)); $f.Dispose(); Names }
Check 'File.Copy over' { [IO.File]::WriteAllText((At q), 'q'); [IO.File]::Copy((At q), (At p), $true); Text p }
Check 'FileOptions.DeleteOnClose' { $f = [IO.FileStream]::new((At t), 'Create', 'ReadWrite', 'None', 4096, 'DeleteOnClose'); $f.WriteByte(1); $there = Test-Path t; $f.Dispose(); "$there $(Test-Path t)" }
Check 'truncate' { $f = [IO.File]::Open((At p), 'Truncate'); $f.Dispose(); (Get-Item p).Length }
Check 'SetLength' { $f = [IO.File]::Open((At p), 'Open'); $f.SetLength(100); $f.Dispose(); (Get-Item p).Length }
Check 'AppendAllLines' { [IO.File]::AppendAllLines((At l), [string[]]('1', '2')); [IO.File]::ReadAllLines((At l)).Count }
Check 'Directory.Move' { [void][IO.Directory]::CreateDirectory((At 'x/y')); [IO.File]::WriteAllText((At 'x/y/f'), 'f'); [IO.Directory]::Move((At x), (At v)); Names v }
Check 'Directory.Move exists' { [void][IO.Directory]::CreateDirectory((At x)); [IO.Directory]::Move((At v), (At x)) }
Check 'Directory.Delete not empty' { [IO.Directory]::Delete((At v)) }
Check 'Directory.Delete' { [IO.Directory]::Delete((At v), $true); Test-Path v }
Check 'ZipFile' { [void][IO.Directory]::CreateDirectory((At zd)); [IO.File]::WriteAllText((At 'zd/f'), 'f'); [IO.Compression.ZipFile]::CreateFromDirectory((At zd), (At z.zip)); [IO.Compression.ZipFile]::ExtractToDirectory((At z.zip), (At ze)); Names ze }
Check 'memory-mapped file' { $m = [IO.MemoryMappedFiles.MemoryMappedFile]::CreateFromFile((At mm), 'Create', [NullString]::Value, 64); $v = $m.CreateViewAccessor(); $v.Write(0, 7); $r = $v.ReadInt32(0); $v.Dispose(); $m.Dispose(); Remove-Item mm; $r }
Check 'shared memory with a name' { $m = [IO.MemoryMappedFiles.MemoryMappedFile]::CreateNew('powershell-memory', 64); $n = [IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting('powershell-memory'); $n.Dispose(); $m.Dispose(); 'ok' }
Check 'mutex with a name' { $m = [Threading.Mutex]::new($true, 'powershell-mutex'); $n = [Threading.Mutex]::OpenExisting('powershell-mutex'); $n.Dispose(); $m.ReleaseMutex(); $m.Dispose(); 'ok' }
Check 'event with a name' { $m = [Threading.EventWaitHandle]::new($false, 'AutoReset', 'powershell-event'); $n = [Threading.EventWaitHandle]::OpenExisting('powershell-event'); [void]$n.Set(); $m.WaitOne(1000); $m.Dispose() }
Check 'semaphore with a name' { $m = [Threading.Semaphore]::new(1, 1, 'powershell-semaphore'); $n = [Threading.Semaphore]::OpenExisting('powershell-semaphore'); $n.WaitOne(1000); $m.Dispose() }
Check 'named pipe' { $s = [IO.Pipes.NamedPipeServerStream]::new('powershell-pipe', 'InOut', 1, 'Byte', 'Asynchronous', 4096, 4096); $c = [IO.Pipes.NamedPipeClientStream]::new('powershell-pipe'); $t = $s.WaitForConnectionAsync(); $c.Connect(5000); $t.Wait(5000); $c.WriteByte(9); $s.ReadByte(); $c.Dispose(); $s.Dispose() }
Check 'anonymous pipe' { $s = [IO.Pipes.AnonymousPipeServerStream]::new('Out', 'None', 4096); $c = [IO.Pipes.AnonymousPipeClientStream]::new('In', $s.ClientSafePipeHandle); $s.WriteByte(8); $c.ReadByte(); $s.Dispose() }
Check 'loopback' { $l = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0); $l.Start(); $c = [Net.Sockets.TcpClient]::new('127.0.0.1', $l.LocalEndpoint.Port); $a = $l.AcceptTcpClient(); $a.Connected; $c.Dispose(); $a.Dispose(); $l.Stop() }
Check 'GetTempFileName' { $t = [IO.Path]::GetTempFileName(); [IO.File]::Delete($t); Test-Path $t }
Check 'GetRandomFileName in TEMP' { $t = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'powershell-dir'); [void][IO.Directory]::CreateDirectory($t); [IO.Directory]::Delete($t); Test-Path $t }

# Processes and jobs

[void](Fresh processes)
Check 'cmd' { cmd /c echo from cmd }
Check 'exit code' { cmd /c exit 7; $LASTEXITCODE }
Check 'stdin of a native command' { 'through' | & $Python -c 'import sys; print(sys.stdin.read().strip())' }
Check 'stderr of a native command' { (& $Python -c 'import sys; print(1, file=sys.stderr)' 2>&1) -join '' }
Check 'redirection of a native command' { cmd /c echo out > n.txt; Text n.txt }
Check 'native command makes and deletes' { & $Python -c "import os; open('n1','w').close(); os.replace('n1','n.txt'); os.unlink('n.txt'); print(os.path.exists('n.txt'))" }
Check 'del, ren, move, rd of cmd' { cmd /c "echo x>k1& ren k1 k2& md kd& move /y k2 kd >nul& del kd\k2& rd kd& echo done"; Names }
Check 'Start-Process' { (Start-Process cmd '/c exit 5' -Wait -PassThru -NoNewWindow).ExitCode }
Check 'Start-Process redirected' { Start-Process cmd '/c echo written' -Wait -NoNewWindow -RedirectStandardOutput sp.txt; Text sp.txt }
Check 'Stop-Process' { $p = Start-Process $Python '-c "import time; time.sleep(60)"' -PassThru -NoNewWindow; Stop-Process $p; $p.WaitForExit(10000) }
Check 'environment of a child' { $env:FROM_POWERSHELL = 'set'; cmd /c 'echo %FROM_POWERSHELL%' }
Check 'pwsh in pwsh' { & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command 'Set-Content inner.txt x; Rename-Item inner.txt renamed.txt; Remove-Item renamed.txt; 41 + 1' }
Check 'Start-Job' { $j = Start-Job { param($d) Set-Location $d; Set-Content j.txt x; Move-Item j.txt k.txt; Remove-Item k.txt; 'job' } -ArgumentList $PWD.Path; Receive-Job $j -Wait -AutoRemoveJob }
Check 'Start-ThreadJob' { $j = Start-ThreadJob { param($d) Set-Content "$d/t.txt" x; Remove-Item "$d/t.txt"; 'thread' } -ArgumentList $PWD.Path; Receive-Job $j -Wait -AutoRemoveJob }
Check 'ForEach-Object -Parallel' { $d = $PWD.Path; $r = 1..20 | ForEach-Object -Parallel { $f = "$using:d/p$_"; Set-Content $f $_; Rename-Item $f "q$_"; Remove-Item "$using:d/q$_"; 1 } -ThrottleLimit 8; "$($r.Count) $(Names)" }
Check 'language mode' { $ExecutionContext.SessionState.LanguageMode }

# Outside the root

Set-Location $Top
Check 'outside: write' { Set-Content "$Outside/new.txt" x; 'done' }
Check 'outside: over' { Set-Content "$Outside/kept.txt" x; 'done' }
Check 'outside: delete' { Remove-Item "$Outside/kept.txt"; 'done' }
Check 'outside: rename' { Rename-Item "$Outside/kept2.txt" other.txt; 'done' }
Check 'outside: move in' { Move-Item "$Outside/kept3.txt" stolen.txt; 'done' }
Check 'outside: move out' { Set-Content own.txt x; Move-Item own.txt "$Outside/own.txt"; 'done' }
Check 'outside: File.Replace' { [IO.File]::WriteAllText("$Top/own", 'x'); [IO.File]::Replace("$Top/own", "$Outside/kept4.txt", [NullString]::Value); 'done' }
Check 'outside: child' { & $Python -c "import os, sys; os.unlink(sys.argv[1])" "$Outside/kept5.txt" 2>$null; "$LASTEXITCODE" }
Check 'outside: read' { (Get-Content "$Outside/read.txt") -join '' }

ConvertTo-Json $Results -Compress
