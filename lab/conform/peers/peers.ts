/** The compositors the suite is played against in the VM, and what of Debian each consists of. */

export interface Peer {
  /** As start.sh knows it. */
  readonly name: string;
  /** How it runs in the VM. */
  readonly setting: string;
  /** Debian packages (of sid) whose versions say what was tested; none for ours, which is the checkout. */
  readonly packages: readonly string[];
}

const WLROOTS = ['libwlroots-0.20', 'mesa-libgallium'];

/**
 * mutter is not among them: it offers explicit sync only where EGL names a DRM device for its renderer, which needs virgl, and QEMU's
 * virgl does not survive that its GPU is unplugged.
 */
export const PEERS: readonly Peer[] = [
  { name: 'syncline', setting: 'headless', packages: [] },
  { name: 'sway', setting: 'on DRM, gles2', packages: ['sway', ...WLROOTS] },
  { name: 'labwc', setting: 'on DRM, gles2', packages: ['labwc', ...WLROOTS] },
  {
    name: 'kwin-drm',
    setting: '--drm, on the first GPU alone',
    packages: ['kwin-wayland', 'mesa-libgallium'],
  },
  {
    name: 'kwin-virtual',
    setting: '--virtual, on the GPU it chooses',
    packages: ['kwin-wayland', 'mesa-libgallium'],
  },
  { name: 'cage', setting: 'on DRM, gles2', packages: ['cage', ...WLROOTS] },
  { name: 'weston', setting: 'headless, gl', packages: ['weston', 'mesa-libgallium'] },
];

/** Throws an Error that names the unknown one. */
export function peerNamed(name: string): Peer {
  const found = PEERS.find((peer) => peer.name === name);
  if (!found) {
    throw new Error(`there is no peer ${name}: ${PEERS.map((peer) => peer.name).join(', ')}`);
  }
  return found;
}
