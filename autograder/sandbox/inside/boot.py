"""Start of a worker: read what to do, import libraries, lay on the restrictions, then serve.

Run as `python -I -S -B boot.py FD`: no user site, no `.pth` files, no environment. Order matters: everything
that needs a privilege, and nothing of the submission, comes before the restrictions.
"""

import importlib.util
import os
import socket
import sys


def load_package(name: str, folder: str):
    """Import the package in `folder` under `name`, without its parent on `sys.path`."""
    spec = importlib.util.spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sock = socket.socket(fileno=int(sys.argv[1]))
    sys.path.extend(sys.argv[2].split(":"))
    load_package("inside", here)
    from inside import modules, restrict, server

    control = server.Control(sock)
    plan, _ = control.receive()
    for name in plan["preload"]:
        importlib.import_module(name)
    folder = f"{plan['scratch']}/submission"
    os.makedirs(folder, exist_ok=True)
    paths = {"course": f"{plan['course']}/__init__.py"}
    for name, data in plan["files"].items():
        paths[name.removesuffix(".py")] = f"{folder}/{name}"
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
    os.chdir(folder)
    lock(plan, restrict)
    modules.install(paths)
    server.serve(control, plan["modules"], plan["faults"])


def lock(plan: dict, restrict) -> None:
    """Lay on what the tier asks for; any refusal ends the worker here."""
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
