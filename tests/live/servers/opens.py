"""Opens files so many times, in all the ways that there are: below the folder that it works in, in which it makes them."""

import ctypes
import os
import sys

times = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
SYS_OPEN, SYS_OPENAT2 = 2, 437


def ignoring_failure(path):
    try:
        os.open(path, os.O_RDONLY)
    except OSError:
        pass


os.makedirs("box/deep/er")
for name in ("box/settings.yaml", "box/deep/er/17.json", "box/deep/er/18.json"):
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT))
os.symlink("settings.yaml", "box/link.yaml")
folder = os.open("box", os.O_RDONLY | os.O_DIRECTORY)

for _ in range(times):
    os.close(os.open("box/settings.yaml", os.O_RDONLY))                # relative
    os.close(os.open(os.path.abspath("box/link.yaml"), os.O_RDONLY))   # by another name
    os.close(os.open("settings.yaml", os.O_RDONLY, dir_fd=folder))     # from a folder
    os.close(os.open("box/deep/../deep/er/17.json", os.O_RDONLY))
    os.close(os.open("box/deep/er/18.json", os.O_RDWR))
    os.close(os.open("box/deep/er", os.O_RDONLY | os.O_DIRECTORY))     # a folder is no file
    os.close(libc.syscall(SYS_OPEN, b"box/settings.yaml", os.O_RDONLY))
    os.close(libc.syscall(SYS_OPENAT2, folder, b"settings.yaml", (ctypes.c_uint64 * 3)(os.O_RDWR, 0, 0), 24))
    ignoring_failure("box/absent.yaml")
    try:
        os.open("deep/absent.yaml", os.O_RDONLY, dir_fd=folder)
    except OSError:
        pass
