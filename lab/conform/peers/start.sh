#!/bin/sh
# In the VM: becomes one of the compositors, on the GPU at slot 5. start.sh ROOT PEER
set -eu
root=$1 peer=$2
here=$(dirname "$0")

# The card's number changes when it is plugged in again; older kernels keep it below the virtio device.
card=$(cd /sys/bus/pci/devices/0000:00:05.0 && ls -d drm/card* virtio*/drm/card* 2>/dev/null | head -n 1)
card=/dev/dri/${card##*/}

within() {
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$@"
}

# llvmpipe is a software renderer, which wlroots takes only when told to; there are no input devices.
wlroots() {
	within LIBSEAT_BACKEND=seatd WLR_BACKENDS=drm WLR_DRM_DEVICES="$card" WLR_RENDERER=gles2 \
		WLR_RENDERER_ALLOW_SOFTWARE=1 WLR_LIBINPUT_NO_DEVICES=1 "$@"
}

kwin() {
	within DBUS_SESSION_BUS_ADDRESS=unix:path=/run/dbus/session "$@"
}

case $peer in
syncline) exec node "$here/../../../cli/syncline.mjs" compositor --gpus drm ;;
sway) wlroots sway -c /dev/null ;;
labwc)
	# Windows that cover each other get no frame callbacks.
	echo '<labwc_config><placement><policy>automatic</policy></placement></labwc_config>' >/tmp/rc.xml
	wlroots labwc --config /tmp/rc.xml
	;;
cage) wlroots cage -- sleep infinity ;;
weston) within weston --backend=headless --renderer=gl --no-config --idle-time=0 --socket=wayland-peer ;;
kwin-drm) kwin KWIN_DRM_DEVICES="$card" kwin_wayland --drm --no-lockscreen --no-global-shortcuts --socket wayland-peer ;;
kwin-virtual) kwin kwin_wayland --virtual --no-lockscreen --no-global-shortcuts --socket wayland-peer ;;
*)
	echo "there is no peer $peer" >&2
	exit 2
	;;
esac
