#!/usr/bin/env python3
"""Asks 127.0.0.1:$PORT over TLS by NSS (Debian's libcurl3-nss): nss_get.py N FOOTFALL ARGUMENTS…

Loads the library, starts footfall on itself, and asks N times. What footfall prints is printed. 77 where there is no such library.
"""
import ctypes
import os
import signal
import subprocess
import sys

URL, WRITE_FUNCTION, VERIFY_PEER, VERIFY_HOST = 10002, 20011, 64, 81  # curl/curl.h


def main():
    try:
        curl = ctypes.CDLL("libcurl-nss.so.4")
    except OSError as missing:
        print(f"skip: {missing}", file=sys.stderr)
        sys.exit(77)
    curl.curl_easy_init.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(curl.curl_easy_init())
    discard = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)(
        lambda _bytes, size, count, _to: size * count)
    curl.curl_easy_setopt(handle, VERIFY_PEER, ctypes.c_long(0))
    curl.curl_easy_setopt(handle, VERIFY_HOST, ctypes.c_long(0))
    curl.curl_easy_setopt(handle, WRITE_FUNCTION, discard)
    footfall = subprocess.Popen([*sys.argv[2:], "--pid", str(os.getpid())], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not any("recording" in line for line in footfall.stderr):
        sys.exit(f"nss_get.py: footfall ended with {footfall.wait()}")
    for number in range(int(sys.argv[1])):
        url = f"https://127.0.0.1:{os.environ['PORT']}/orders/{number}".encode()
        curl.curl_easy_setopt(handle, URL, ctypes.c_char_p(url))
        if curl.curl_easy_perform(handle) != 0:
            sys.exit("nss_get.py: a request failed")
    footfall.send_signal(signal.SIGINT)
    sys.stdout.write(footfall.communicate()[0])
    sys.exit(footfall.returncode)


if __name__ == "__main__":
    main()
