#!/bin/sh
# Fills an empty folder with a Debian sid that has the peers' compositors: root.sh FOLDER. Needs root, debootstrap and the network;
# 3 to 4 minutes and 1.2 GB.
set -eu
root=$1

# Mounts made from here on are this script's own, and go with it.
[ "${SYNCLINE_PRIVATE_MOUNTS:-}" = 1 ] || SYNCLINE_PRIVATE_MOUNTS=1 exec unshare --mount -- sh "$0" "$root"

debootstrap --variant=minbase sid "$root"
# Whoever made the folder may have kept it to himself; the system bus does not run as root.
chmod 755 "$root"

# Nothing is started in there, and nothing recommended is wanted. A machine's clock may be ahead of the mirror's lists.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/apt/apt.conf.d/50syncline" <<'OPTIONS'
APT::Install-Recommends "false";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
OPTIONS

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done

# weston and cage offer no explicit sync (yet): they are there to notice the day they do.
DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" apt-get install -y \
	sway labwc cage weston kwin-wayland \
	seatd udev kmod dbus \
	libgl1-mesa-dri libegl-mesa0 libgles2 \
	xkb-data fonts-dejavu-core

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
