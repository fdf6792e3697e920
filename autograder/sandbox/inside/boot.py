"""Start inside the sandbox: the template, and the workers that are its forks.

Run as `python -I -S -B boot.py FD LIBRARIES`: no user site, no `.pth` files, no environment. The *template* loads
the libraries once and never touches anything of a student's. For every submission it forks a *worker*, which lays
the restrictions on itself and only then imports the submission. Whatever needs a privilege comes before that.
"""

import importlib.util
import os
import random
import signal
import socket
import sys
import traceback


def load_package(name: str, folder: str) -> None:
    """Import the package in `folder` under `name`, without its parent on `sys.path`."""
    spec = importlib.util.spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def main() -> None:
    """Be a template until the grader hangs up."""
    sys.path.extend(sys.argv[2].split(":"))
    load_package("inside", os.path.dirname(os.path.abspath(__file__)))
    from inside import restrict, server

    control = server.Control(socket.socket(fileno=int(sys.argv[1])))
    plan, _ = control.receive()
    for name in plan["preload"]:
        importlib.import_module(name)
    seed_global_generators()
    if plan["tier"] != "none":
        restrict.die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers are reaped without being waited for
    control.send(["ready"])
    while True:
        message, descriptors = control.receive()
        if message[0] == "worker":
            child = os.fork()
            if child == 0:
                control.sock.close()
                work(*descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            control.send(["forked", child])
        elif message[0] == "clean":
            control.send(["clean", remove(*message[1:])])


def work(sock: int, output: int) -> None:
    """Be the worker of one submission: control socket `sock`, standard output and error to `output`."""
    from inside import modules, server

    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        control = server.Control(socket.socket(fileno=sock))
        plan, _ = control.receive()
        paths = write(plan)
        lock(plan)
        modules.install(paths)
        server.serve(control, plan["modules"], plan["faults"], plan["tier"] != "none")
    except EOFError:
        pass  # the grader has hung up
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def write(plan: dict) -> dict[str, str]:
    """Write the submission's files, make their folder the working one; return where every module lies."""
    scratch = plan["scratch"]
    folder = f"{scratch}/submission"
    os.makedirs(folder)
    paths = {"course": f"{plan['course']}/__init__.py"}
    for name, data in plan["files"].items():
        paths[name.removesuffix(".py")] = f"{folder}/{name}"
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
    if plan["uid"] and plan["writes"]:
        os.chmod(scratch, 0o777)  # the worker's own: nobody else's process is ever in its sandbox
    os.chdir(folder)
    os.environ.update(HOME=scratch, TMPDIR=scratch, MPLCONFIGDIR=scratch)
    return paths


def remove(scratch: str, names: list[str]) -> bool:
    """Remove a submission's files; return whether that was all there was to remove."""
    try:
        for name in names:
            os.unlink(f"{scratch}/submission/{name}")
        os.rmdir(f"{scratch}/submission")
        os.rmdir(scratch)
    except OSError:
        return False
    return True


def seed_global_generators() -> None:
    """Give every submission the same random numbers, if its code uses a global generator after all."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def lock(plan: dict) -> None:
    """Lay on what the tier asks for; any refusal ends the worker here."""
    from inside import restrict

    tier = plan["tier"]
    if tier != "none":
        if plan["uid"]:
            restrict.become(plan["uid"], keep_read=tier == "landlock")
        restrict.no_new_privileges()
        restrict.die_with_parent()
    restrict.limit(**plan["limits"])
    if tier != "none":
        if plan["landlock"]:
            restrict.landlock(plan["readable"], plan["writable"])
        restrict.seccomp()


if __name__ == "__main__":
    main()
