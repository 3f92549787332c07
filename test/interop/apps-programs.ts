/** Debian's programs that have to run unmodified, and what each is judged by. docs/real-apps.md has a row for each. */

export interface Program {
  readonly name: string;
  /** Packages beside weston's and the fonts. */
  readonly packages: readonly string[];
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** So many frames have to be presented: many of what draws without being asked. */
  readonly frames: number;
  /** So many colours at least are in its window. */
  readonly colours: number;
  /** Colours (0xRRGGBB) and the least part of the window each of them covers. */
  readonly shows: readonly (readonly [colour: number, share: number])[];
}

const ANIMATED = 30;

/** Of weston and foot; every test machine has them. */
export const BASE_PACKAGES: readonly string[] = [
  'weston',
  'foot',
  'fonts-dejavu-core',
  'libpixman-1-0',
  'xkb-data',
];

/** Starts Xwayland on a free display number and xeyes on that. */
const XEYES = [
  'display=$XDG_RUNTIME_DIR/display-$$',
  'Xwayland -shm -displayfd 3 3>$display &',
  'while ! [ -s $display ]; do sleep 0.05; done',
  'DISPLAY=:$(cat $display) exec xeyes -geometry 300x200+100+100',
].join('\n');

/** A page of one colour; as root Chromium wants no sandbox. */
const CHROMIUM = [
  'exec chromium --ozone-platform=wayland --no-sandbox --disable-gpu --no-first-run',
  '--user-data-dir=$XDG_RUNTIME_DIR/chromium-$$',
  "'--app=data:text/html,<body style=background:%23cc3366><h1>a page'",
].join(' ');

/** presentation-shm draws a disc of four colours. */
const DISC: Program['shows'] = [
  [0xff0000, 0.1],
  [0x00ff00, 0.1],
  [0x0000ff, 0.1],
];

export const PROGRAMS: readonly Program[] = [
  {
    name: 'weston-simple-shm',
    packages: [],
    command: ['weston-simple-shm'],
    frames: ANIMATED,
    colours: 100,
    shows: [[0xffffff, 0.25]],
  },
  {
    name: 'weston-simple-damage',
    packages: [],
    command: ['weston-simple-damage'],
    frames: ANIMATED,
    colours: 3,
    shows: [
      [0x101216, 0.7],
      [0x00ff00, 0.002],
    ],
  },
  {
    name: 'weston-simple-damage with a viewport',
    packages: [],
    command: ['weston-simple-damage', '--use-viewport'],
    frames: ANIMATED,
    colours: 3,
    shows: [[0xffffff, 0.1]],
  },
  {
    name: 'weston-simple-damage at scale 2',
    packages: [],
    command: ['weston-simple-damage', '--width=300', '--scale=2'],
    frames: ANIMATED,
    colours: 3,
    shows: [[0xffffff, 0.1]],
  },
  {
    name: 'weston-subsurfaces',
    packages: [],
    command: ['weston-subsurfaces'],
    frames: ANIMATED,
    colours: 100,
    shows: [
      [0x06aa09, 0.3],
      [0xa42202, 0.05],
      [0x023803, 0.05],
    ],
  },
  {
    name: 'weston-presentation-shm -f (feedback)',
    packages: [],
    command: ['weston-presentation-shm', '-f'],
    frames: ANIMATED,
    colours: 5,
    shows: DISC,
  },
  {
    name: 'weston-presentation-shm -i (a frame a second)',
    packages: [],
    command: ['weston-presentation-shm', '-i'],
    frames: 2,
    colours: 5,
    shows: DISC,
  },
  {
    name: 'weston-presentation-shm -p (low latency)',
    packages: [],
    command: ['weston-presentation-shm', '-p'],
    frames: ANIMATED,
    colours: 5,
    shows: DISC,
  },
  {
    name: 'weston-flower',
    packages: [],
    command: ['weston-flower'],
    frames: 1,
    // A flower in colours of chance, with soft edges.
    colours: 50,
    shows: [],
  },
  {
    name: 'weston-terminal',
    packages: [],
    command: ['weston-terminal', '--shell=/bin/sh'],
    frames: 1,
    colours: 50,
    shows: [[0x000000, 0.7]],
  },
  {
    name: 'foot',
    packages: [],
    command: ['foot', 'sh', '-c', 'echo ready; exec sleep 1000'],
    frames: 1,
    colours: 20,
    // Its own title bar: we draw no frames.
    shows: [
      [0x111111, 0.85],
      [0xdcdccc, 0.03],
    ],
  },
  {
    name: 'gtk4-demo (GTK 4)',
    packages: ['gtk-4-examples'],
    command: ['gtk4-demo'],
    env: { GDK_BACKEND: 'wayland', GSK_RENDERER: 'cairo' },
    frames: 1,
    colours: 300,
    shows: [
      [0xffffff, 0.4],
      [0xfbfafa, 0.1],
    ],
  },
  {
    name: 'qt6ct (Qt 6)',
    packages: ['qt6-wayland', 'qt6ct'],
    command: ['qt6ct'],
    env: { QT_QPA_PLATFORM: 'wayland' },
    frames: 1,
    colours: 300,
    shows: [
      [0xefefef, 0.1],
      [0x9f9f9f, 0.1],
    ],
  },
  {
    name: 'sopwith (SDL 2)',
    packages: ['sopwith'],
    command: ['sopwith'],
    env: { SDL_VIDEODRIVER: 'wayland', SDL_AUDIODRIVER: 'dummy' },
    frames: 1,
    colours: 4,
    shows: [
      [0x000000, 0.8],
      [0x00ffff, 0.003],
      [0xff00ff, 0.003],
    ],
  },
  {
    name: 'xeyes in Xwayland (rootful)',
    packages: ['xwayland', 'x11-apps'],
    command: ['sh', '-c', XEYES],
    frames: 1,
    colours: 20,
    shows: [
      [0x000000, 0.5],
      [0xffffff, 0.02],
    ],
  },
  {
    name: 'es2gears_wayland (EGL on llvmpipe)',
    packages: ['mesa-utils', 'libgl1-mesa-dri'],
    command: ['es2gears_wayland'],
    frames: ANIMATED,
    colours: 100,
    shows: [
      [0x000000, 0.5],
      [0xc21800, 0.05],
    ],
  },
  {
    name: 'vkcube-wayland (Vulkan on lavapipe)',
    packages: ['vulkan-tools', 'mesa-vulkan-drivers'],
    command: ['vkcube-wayland'],
    frames: ANIMATED,
    colours: 200,
    shows: [[0x333333, 0.4]],
  },
  {
    name: 'chromium (Ozone)',
    packages: ['chromium'],
    command: ['sh', '-c', CHROMIUM],
    frames: 1,
    colours: 20,
    shows: [[0xcc3366, 0.6]],
  },
];
