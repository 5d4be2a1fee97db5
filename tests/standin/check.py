"""Checks of the stand-in: each repair, the choice of accounts, the log of calls and the faults, through boto3.

Run with the Python of the environment that setup.sh prints; arguments choose checks by name. The last line is
`N passed, N failed`.
"""

import pathlib
import subprocess
import sys
import time
import traceback

import check_roles  # noqa: F401, its checks register themselves
import check_server  # noqa: F401
import checking


def main():
    here = pathlib.Path(__file__).parent
    begin = time.monotonic()
    server = subprocess.Popen([sys.executable, here / "launch.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        checking.PORT = int(server.stdout.readline().split()[1])
        print(f"the stand-in answers after {time.monotonic() - begin:.1f} s")
        wanted = sys.argv[1:]
        failed = 0
        chosen = [c for c in checking.CHECKS if not wanted or c.__name__ in wanted]
        for function in chosen:
            try:
                function()
                print(f"ok      {function.__name__}")
            except Exception:
                failed += 1
                print(f"FAILED  {function.__name__}")
                traceback.print_exc(file=sys.stdout)
        server.stdin.close()
        try:
            server.wait(5)
            print("ok      it ends with its standard input")
            chosen.append(None)
        except subprocess.TimeoutExpired:
            failed += 1
            print("FAILED  it outlives its standard input")
    finally:
        server.kill()
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
