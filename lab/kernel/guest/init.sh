#!/bin/busybox sh
# Process 1 of the VM: makes the host's root usable without being able to change it, runs one command, reports its status.
#
# From the host (qemu.ts, run-folder.ts):
#   9p share "host"  the whole root of the host, read-only
#   9p share "run"   settings, keep (folders to keep visible), command
#   9p share "out"   where the command may write for the host, when SHARE_OUT=1
#   virtio ports     stdout, stderr: the command's streams, each followed by a NUL and the end mark; status: its exit status
set -u
/bin/busybox --install -s /bin
export PATH=/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

# A message for the host in place of an exit status. The kernel panics when process 1 ends, which ends QEMU.
fail() {
	echo "syncline init: $*" >/dev/console
	status_port=$(port status) && echo "error $*" >"$status_port"
	sleep 1
	exit 1
}

# Path of the virtio port with this name. There is no udev to make /dev/virtio-ports.
port() {
	for port_folder in /sys/class/virtio-ports/*; do
		[ "$(cat "$port_folder/name" 2>/dev/null)" = "$1" ] || continue
		echo "/dev/${port_folder##*/}"
		return 0
	done
	return 1
}

while read -r module; do
	insmod "/modules/$module.ko" || fail "cannot load kernel module $module"
done </modules/order

# cache=loose: the share does not change under us, so that its pages need no asking back.
share() {
	mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2" || fail "cannot mount share $1"
}
share run /run ro,cache=none
share host /host ro,cache=loose
. /run/settings

# What the command writes stays in memory: a tmpfs layer over the host's files.
mount -t tmpfs -o mode=0755,size=75% layers /layers
mkdir /layers/upper /layers/work
mount -t overlay -o lowerdir=/host,upperdir=/layers/upper,workdir=/layers/work overlay /root ||
	fail "cannot mount the overlay"
# The same tree a second time, to reach below the mounts that follow.
mount --bind /root /whole

mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t debugfs debugfs /root/sys/kernel/debug
mount -t devtmpfs devtmpfs /root/dev
mkdir -p /root/dev/pts /root/dev/shm
# udev would make these.
ln -s /proc/self/fd /root/dev/fd
ln -s fd/0 /root/dev/stdin
ln -s fd/1 /root/dev/stdout
ln -s fd/2 /root/dev/stderr
mount -t devpts -o ptmxmode=0666 devpts /root/dev/pts
mount -t tmpfs -o mode=1777 shm /root/dev/shm
mount -t tmpfs -o mode=0755 run /root/run
mount -t tmpfs -o mode=1777 tmp /root/tmp
mkdir -p /root/run/lock /root/run/user/0
chmod 0700 /root/run/user/0

# The project or the working folder may lie in one of the folders just covered.
while read -r folder; do
	[ -d "/root$folder" ] && continue
	mkdir -p "/root$folder" && mount --bind "/whole$folder" "/root$folder" || fail "cannot show $folder"
done </run/keep

if [ "$SHARE_OUT" = 1 ]; then
	mkdir -p /root/tmp/syncline-out
	share out /root/tmp/syncline-out rw,cache=none
fi

mkdir /root/run/syncline
cp /run/command /root/run/syncline/command
ifconfig lo 127.0.0.1 up
hostname syncline-vm
ulimit -Hn 524288

# Pipes, not the ports themselves, are the command's streams: a port can be opened once only, so /dev/stderr would fail.
forward() {
	mkfifo "/$1.pipe"
	{ cat; printf '\000%s' "$END_MARK"; } <"/$1.pipe" >"$(port "$1")" &
}
forward stdout
forward stderr
status_port=$(port status)
echo started >"$status_port"

# Redirected inside a shell of its own: this one says "Segmentation fault" and the like on the console, not in the stream.
sh -c 'exec chroot /root /bin/sh /run/syncline/command </dev/null >/stdout.pipe 2>/stderr.pipe'
status=$?

# What the command left running would keep the pipes open. Only its processes have /root as their root.
for process in /proc/[0-9]*; do
	[ "$(readlink "$process/root" 2>/dev/null)" = /root ] && kill -9 "${process##*/}" 2>/dev/null
done
wait
echo "exit $status" >"$status_port"
# The host ends QEMU when it has the status.
while :; do sleep 60; done
