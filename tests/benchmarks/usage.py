"""Run a command, and write what it used: ``python usage.py OUTPUT.json COMMAND...``.

The peak of a process counts what its parent had in memory when it began it.  So the parent is this
small one, whatever the benchmark itself has grown to.
"""

import json
import os
import subprocess
import sys

with open(sys.argv[1], "w") as output:
    process = subprocess.Popen(sys.argv[2:])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    json.dump({"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}, output)
sys.exit(process.returncode)
