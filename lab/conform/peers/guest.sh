#!/bin/sh
# In the VM: makes a Debian of its own (root.sh) a place compositors run in, and plays the suite against one of them.
# guest.sh ROOT PEER [CONFORM OPTION...]
set -eu
root=$1 peer=$2
shift 2
here=$(dirname "$0")

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 run "$root/run"
mount --bind /tmp "$root/tmp"
# The compositors' sockets are where the suite, outside, looks for them.
mkdir -p "$root$XDG_RUNTIME_DIR"
mount --bind "$XDG_RUNTIME_DIR" "$root$XDG_RUNTIME_DIR"

# GPUs are all that most machines have. vgem is a trap besides: compositors choose it for being last, and it has no timelines.
chroot "$root" rmmod rendersync vgem
rm /dev/syncobj

services() {
	# Compositors listen to udev, not to the kernel.
	mkdir -p "$root/run/udev" "$root/run/dbus"
	chroot "$root" env SYSTEMD_IGNORE_CHROOT=1 /usr/lib/systemd/systemd-udevd --daemon
	chroot "$root" env SYSTEMD_IGNORE_CHROOT=1 udevadm trigger --action=add --subsystem-match=drm
	chroot "$root" env SYSTEMD_IGNORE_CHROOT=1 udevadm settle --timeout=60
	chroot "$root" env SEATD_VTBOUND=0 seatd >/tmp/seatd.log 2>&1 &
}

buses() {
	chroot "$root" dbus-uuidgen --ensure
	chroot "$root" dbus-daemon --system --fork
	chroot "$root" dbus-daemon --session --fork --address=unix:path=/run/dbus/session
}

case $peer in
syncline) ;;
kwin-*)
	services
	buses
	;;
*) services ;;
esac

exec node "$here/../../../cli/syncline.mjs" conform "$@" -- sh "$here/start.sh" "$root" "$peer"
