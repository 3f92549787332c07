/** Our server, libwayland's client. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { WlCompositor, WlOutput, WlSeat, WlShm } from '../../protocols/generated/wayland.server.ts';
import { withHarness } from '../protocols/server/harness.ts';
import type { Harness } from '../protocols/server/harness.ts';
import { hasProgram, needs, runProgram, withRuntimeDir } from './support.ts';

const missing = !hasProgram('wayland-info');

function createGlobals(harness: Harness): void {
  const { display } = harness;
  display.createGlobal(WlCompositor, 4, () => undefined);
  display.createGlobal(WlShm, 1, (shm) => {
    WlShm.sendFormat(shm, 0);
    WlShm.sendFormat(shm, 1);
  });
  display.createGlobal(WlOutput, 4, (output) => {
    WlOutput.sendGeometry(output, -5, 7, 300, 200, 0, 'Syncline', 'Überbreit', 0);
    WlOutput.sendMode(output, 3, 1920, 1080, 60_000);
    WlOutput.sendScale(output, 2);
    WlOutput.sendName(output, 'HEADLESS-1');
    WlOutput.sendDescription(output, 'a test output');
    WlOutput.sendDone(output);
  });
  display.createGlobal(WlSeat, 5, (seat) => {
    seat.handler = {
      getPointer: () => undefined,
      getKeyboard: () => undefined,
      getTouch: () => undefined,
      release: () => undefined,
    };
    WlSeat.sendCapabilities(seat, 1);
    WlSeat.sendName(seat, 'seat0');
  });
}

test.skipIf(missing)(needs('wayland-info', 'wayland-info lists our globals and exits 0'), () =>
  withRuntimeDir((runtimeDir) =>
    withHarness(async (harness) => {
      createGlobals(harness);
      const name = harness.display.listen({ runtimeDir });
      harness.poller.start();
      const result = await runProgram('wayland-info', [], {
        XDG_RUNTIME_DIR: runtimeDir,
        WAYLAND_DISPLAY: name,
      });
      expect(result.stderr).toBe('');
      expect(result.status).toBe(0);
      expect(result.stdout).toMatch(/interface: 'wl_compositor',\s+version:\s+4/);
      expect(result.stdout).toContain("make: 'Syncline', model: 'Überbreit'");
      expect(result.stdout).toContain('x: -5, y: 7, scale: 2');
      expect(result.stdout).toContain('name: seat0');
      harness.poller.stop();
      harness.settle();
      expect(harness.display.clients.size).toBe(0);
    }),
  ),
);

test.skipIf(missing)(needs('wayland-info', 'a client is started with its connection in hand'), () =>
  withHarness(async (harness) => {
    createGlobals(harness);
    const [ours, theirs] = native.socketPair();
    harness.display.connect(new OwnedFd(ours));
    const inherited = new OwnedFd(theirs);
    harness.poller.start();
    const running = runProgram('wayland-info', [], { WAYLAND_SOCKET: '3' }, inherited.fd);
    inherited.close();
    const result = await running;
    expect(result.status).toBe(0);
    expect(result.stdout).toContain("interface: 'wl_shm'");
    harness.poller.stop();
    harness.settle();
    expect(harness.display.clients.size).toBe(0);
  }),
);

test.skipIf(missing)(
  needs('wayland-info', 'our WAYLAND_DEBUG lines are those of libwayland seen from the other side'),
  () =>
    withRuntimeDir((runtimeDir) => {
      const lines: string[] = [];
      return withHarness(
        async (harness) => {
          createGlobals(harness);
          const name = harness.display.listen({ runtimeDir });
          harness.poller.start();
          const result = await runProgram('wayland-info', [], {
            XDG_RUNTIME_DIR: runtimeDir,
            WAYLAND_DISPLAY: name,
            WAYLAND_DEBUG: 'client',
          });
          harness.poller.stop();
          harness.settle();
          const theirs = result.stderr.split('\n').filter((line) => line.startsWith('['));
          expect(theirs.length).toBeGreaterThan(20);
          const sentByThem = theirs.filter((line) => line.includes(' -> ')).map(bare);
          const receivedByThem = theirs.filter((line) => !line.includes(' -> ')).map(bare);
          const sentByUs = lines.filter((line) => line.includes(' -> ')).map(bare);
          const receivedByUs = lines.filter((line) => !line.includes(' -> ')).map(bare);
          expect(receivedByUs).toEqual(sentByThem);
          // libwayland hands out the events of wl_display before all others, whenever they came.
          expect(receivedByThem.filter(notOfDisplay)).toEqual(sentByUs.filter(notOfDisplay));
          expect(sentByUs).toEqual(expect.arrayContaining(receivedByThem));
          expect(lines.every((line) => /^\[ *\d+\.\d{3}\] /.test(line))).toBe(true);
        },
        { env: { WAYLAND_DEBUG: 'server' }, traceTo: (line) => void lines.push(line.trimEnd()) },
      );
    }),
);

function notOfDisplay(line: string): boolean {
  return !line.startsWith('wl_display@');
}

/** Without time and direction. */
function bare(line: string): string {
  return line.replace(/^\[[ 0-9.]+\] +(-> )?/, '');
}
