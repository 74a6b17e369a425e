#!/usr/bin/env python3
"""relay.py SECONDS PORT...: a switch between network devices that keeps each frame for so long.

Stands in for netem, which some kernels lack. Frames go to the port where their address was last seen, or to all others. Turns off
what devices leave to hardware (checksums, long frames), because nothing does it here. Ends with its standard input.
"""
import ctypes
import fcntl
import heapq
import os
import select
import socket
import struct
import sys
import time

SIOCETHTOOL = 0x8946
OFFLOADS = [0x17, 0x1F, 0x24, 0x2C]  # ETHTOOL_STXCSUM, STSO, SGSO, SGRO of linux/ethtool.h
ALL_PROTOCOLS = 3
LARGEST = 65536


def turn_off_offloads(device, any_socket):
    for command in OFFLOADS:
        value = ctypes.create_string_buffer(struct.pack("II", command, 0))
        request = struct.pack("16sP", device.encode(), ctypes.addressof(value))
        try:
            fcntl.ioctl(any_socket, SIOCETHTOOL, request)
        except OSError:
            pass  # this device does not have it


def main():
    delay, devices = float(sys.argv[1]), sys.argv[2:]
    ports = []
    for device in devices:
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        port.bind((device, 0))
        turn_off_offloads(device, port)
        port.setblocking(False)
        ports.append(port)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # a switch does not wait for a processor
    print("ready", flush=True)
    place = {}  # address -> port
    waiting = []  # (when, number, port it came from, frame)
    number = 0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, source, frame = heapq.heappop(waiting)
            target = place.get(frame[:6])
            for port in [target] if target else [port for port in ports if port is not source]:
                try:
                    port.send(frame)
                except (BlockingIOError, OSError):
                    pass  # lost, as on any wire
        # Not epoll, whose times are whole milliseconds.
        readable, _, _ = select.select([*ports, sys.stdin], [], [], max(0.0, waiting[0][0] - now) if waiting else None)
        for source in readable:
            if source is sys.stdin:
                return
            while True:
                try:
                    frame, address = source.recvfrom(LARGEST)
                except BlockingIOError:
                    break
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                place[frame[6:12]] = source
                number += 1
                heapq.heappush(waiting, (time.monotonic() + delay, number, source, frame))


if __name__ == "__main__":
    main()
