/** wlcs, the Wayland conformance suite that was written beside Mir, against our compositor in a process of its own. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { Session } from './apps-session.ts';

const debian = debianPackages('wlcs', 'gcc', 'pkg-config', 'libwayland-dev');
const WLCS = '/usr/lib/x86_64-linux-gnu/wlcs/wlcs';
const SOURCES = fileURLToPath(new URL('wlcs/', import.meta.url));
const LIMIT_MS = 600_000;
/** Of wlcs 1.5.0; newer ones have more. Others want globals we do not offer (layer-shell, wl_shell, xdg-shell v6, …). */
const LEAST_PASSES = 430;

/** Where we differ on purpose, by the start of the test's name. */
const DIFFERENT: readonly (readonly [name: string, reason: string])[] = [
  [
    'XdgSurfaceStableTest.attaching_buffer_to_unconfigured_xdg_surface_is_an_error',
    'it is, at the commit, as wlroots has it',
  ],
  [
    'SurfaceInputRegions/SurfaceInputCombinations.input_seen_after_surface_unmapped_and_remapped/',
    'an unmapped window loses its geometry (xdg-shell.xml: xdg_toplevel), wlcs expects it to stay',
  ],
  [
    'SurfaceInputRegions/SurfaceInputCombinations.input_seen_by_subsurface_after_parent_unmapped_and_remapped/',
    'the same',
  ],
  [
    'XdgShellStableSubsurfaces/SubsurfaceTest.place_',
    'moves the pointer before the commits it depends on are sent',
  ],
  [
    'XdgToplevelStableTest.surface_can_be_resized_interactively',
    'expects a window of another size without a buffer of that size',
  ],
  [
    'XdgPopupTest.popup_can_be_repositioned',
    'expects the new place before the configure event for it is committed',
  ],
  ['XdgPopupTest.when_parent_surface_is_moved_a_reactive_popup_is_moved', 'the same'],
  [
    'XdgDecorationV1Test.d',
    'expects errors of zxdg_toplevel_decoration_v1 on other interfaces than that',
  ],
  [
    'RelativePointer.relative_pointer_gets_movement',
    'absolute devices move relative pointers too, as in wlroots',
  ],
  ['PrimarySelection.s', 'selections are set by who has the keyboard, as in wlroots'],
  ['CopyCutPaste.given_sink_has_focus_when_source_makes_offer_sink_sees_offer', 'the same'],
  [
    'ClientSurfaceEventsTest.frame_timestamp_increases',
    'wlcs before 1.6 waits for the release of a buffer that was never committed',
  ],
];

/** wlcs waits by the clock: on a busy machine a test may fail that passes by itself. */
const RETRIES = 2;

/** Names of tests. */
interface Result {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
}

function parse(output: string): Result {
  const named = (line: RegExp): string[] =>
    [...output.matchAll(line)].map(([, name]) => name ?? '');
  return {
    passed: named(/^\[ {7}OK \] (\S+?),? .*\(\d+ ms\)$/gm),
    skipped: named(/^\[ {5}SKIP \] (\S+)/gm),
    failed: named(/^\[ {2}FAILED {2}\] (\S+?),? .*\(\d+ ms\)$/gm),
  };
}

function isUnexpected(name: string): boolean {
  return !DIFFERENT.some(([start]) => name.startsWith(start));
}

/** Compiles a file of wlcs/ into a shared library. */
function build(source: string, folder: string): string {
  const library = join(folder, source.replace(/c$/, 'so'));
  const flags = execFileSync('pkg-config', ['--cflags', 'wayland-client'], { encoding: 'utf8' });
  const options = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC'];
  execFileSync('gcc', [
    ...options,
    ...flags.split(/\s+/).filter(Boolean),
    '-o',
    library,
    join(SOURCES, source),
  ]);
  return library;
}

test.skipIf(!debian.ok)(
  `wlcs${debian.ok ? '' : ` (${debian.reason})`}`,
  { timeout: LIMIT_MS },
  async () => {
    const session = new Session();
    try {
      const bridge = build('bridge.c', session.directory);
      const shim = build('initial-commit.c', session.directory);
      const compositor = session.start('wlcs', ['--size', '1280x1024']);
      const control = await compositor.controlled();
      const play = async (...options: string[]): Promise<Result> => {
        const wlcs = session.run(WLCS, [bridge, ...options], {
          LD_PRELOAD: shim,
          SYNCLINE_WLCS_CONTROL: session.controlPath('wlcs'),
          SYNCLINE_WLCS_DISPLAY: join(session.directory, 'wlcs'),
        });
        await wlcs.ended;
        return parse(wlcs.output);
      };
      const { passed, skipped, failed } = await play();
      let unexpected = failed.filter(isUnexpected);
      console.log(
        `wlcs: ${passed.length} passed, ${failed.length} failed (unexpected: ${unexpected.join(' ') || 'none'}), ${skipped.length} skipped`,
      );
      for (let retry = 0; retry < RETRIES && unexpected.length > 0; retry++) {
        const again = await play(`--gtest_filter=${unexpected.join(':')}`);
        unexpected = unexpected.filter((name) => !again.passed.includes(name));
      }
      control.close();
      expect(unexpected).toEqual([]);
      expect(passed.length).toBeGreaterThanOrEqual(LEAST_PASSES);
    } finally {
      await session.dispose();
    }
  },
);
