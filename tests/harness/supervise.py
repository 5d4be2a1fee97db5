"""Runs one command for as long as this process's standard input stays open, and leaves nothing behind.

    supervise.py --pid-file FILE -- COMMAND ARGUMENT…    run a command in a process group of its own
    supervise.py --remove FOLDER                         run nothing, remove a folder when the input closes

A test that is killed closes the pipe; then the whole group of the command is killed. If this process is killed, the kernel
kills the command. Lines on standard input are signals for the command: TERM, KILL, STOP, CONT. The exit status is the
command's, also when a signal ended it.
"""

import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time


def die_with(parent):
    def prepare():
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def group(pid, number):
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def run(command, pid_file):
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with(os.getpid()))
    signal.signal(signal.SIGTERM, lambda *_: group(child.pid, signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(f"{pid_file}.partial", "w") as file:
        file.write(str(child.pid))
    os.rename(f"{pid_file}.partial", pid_file)

    def listen():
        for line in sys.stdin:
            group(child.pid, getattr(signal, f"SIG{line.strip()}"))
        group(child.pid, signal.SIGKILL)

    threading.Thread(target=listen, daemon=True).start()
    status = child.wait()
    group(child.pid, signal.SIGKILL)
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        time.sleep(5)
    os._exit(status)


def remove(folder):
    sys.stdin.read()
    # The processes that write there end at the same moment: the first attempt may come too early, and a file may come back.
    absent = 0
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        absent = 0 if os.path.exists(folder) else absent + 1
        if absent == 3:
            return
        time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pid-file")
    parser.add_argument("--remove")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if options.remove:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        remove(options.remove)
    else:
        run(options.command, options.pid_file)


if __name__ == "__main__":
    main()
