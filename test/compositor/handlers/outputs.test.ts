/** wl_output, xdg_output, surface enter and leave, preferred and fractional scales. */
import { expect, test } from 'vitest';
import { WpFractionalScaleManagerV1Proxy } from '../../../protocols/generated/fractional-scale-v1.client.ts';
import { WpFractionalScaleManagerV1Error } from '../../../protocols/generated/fractional-scale-v1.interfaces.ts';
import { WlOutputProxy } from '../../../protocols/generated/wayland.client.ts';
import { ZxdgOutputManagerV1Proxy } from '../../../protocols/generated/xdg-output-unstable-v1.client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

function outputsOf(client: ShellClient): { proxy: WlOutputProxy; seen: string[] }[] {
  const { registry } = client.display;
  return [...registry.globals.values()]
    .filter((global) => global.interface === 'wl_output')
    .map((global) => {
      const proxy = registry.bind(WlOutputProxy, global, 4);
      const seen: string[] = [];
      proxy.handler = {
        geometry: (_, x, y, __, ___, ____, _____, ______, transform) =>
          seen.push(`at ${x},${y} transform ${transform}`),
        mode: (_, __, width, height, refresh) => seen.push(`mode ${width}x${height}@${refresh}`),
        scale: (_, scale) => seen.push(`scale ${scale}`),
        name: (_, name) => seen.push(`name ${name}`),
        done: () => seen.push('done'),
      };
      return { proxy, seen };
    });
}

test('an output says what it is, and says it again when it changes', () => {
  withDesktop(
    { outputs: [{ width: 300, height: 200, scale: 1.5, refreshMhz: 75_000 }] },
    (fixture) => {
      const client = fixture.connect();
      const [output] = outputsOf(client);
      fixture.settle();
      expect(output?.seen).toEqual([
        'at 0,0 transform 0',
        'mode 300x200@75000',
        'scale 2',
        'name HEADLESS-1',
        'done',
      ]);
      output?.seen.splice(0);
      fixture.compositor.outputs[0]?.change({ width: 600, scale: 3 });
      fixture.compositor.display.flush();
      fixture.settle();
      expect(output?.seen).toContain('mode 600x200@75000');
      expect(output?.seen.at(-1)).toBe('done');
    },
  );
});

test('impossible outputs are refused and change nothing', () => {
  withDesktop({}, (fixture) => {
    const [output] = fixture.compositor.outputs;
    for (const change of [{ width: 0 }, { height: 1e6 }, { scale: NaN }, { refreshMhz: 0 }]) {
      expect(() => output?.change(change)).toThrow(RangeError);
    }
    expect(output?.description).toMatchObject({ width: 400, height: 300, scale: 1 });
  });
});

test('xdg_output gives logical coordinates', () => {
  withDesktop(
    {
      outputs: [
        { width: 300, height: 200, scale: 2, transform: 1 },
        { width: 100, height: 100 },
      ],
    },
    (fixture) => {
      const client = fixture.connect();
      const manager = client.bind(ZxdgOutputManagerV1Proxy);
      const seen: string[] = [];
      for (const { proxy } of outputsOf(client)) {
        manager.getXdgOutput(proxy).handler = {
          logicalPosition: (_, x, y) => seen.push(`${x},${y}`),
          logicalSize: (_, width, height) => seen.push(`${width}x${height}`),
        };
      }
      fixture.settle();
      expect(seen).toEqual(['0,0', '100x150', '150,0', '100x100']);
    },
  );
});

test('a surface enters and leaves outputs and is told the scale it should have', () => {
  withDesktop(
    {
      outputs: [
        { width: 200, height: 200 },
        { width: 200, height: 200, scale: 2 },
      ],
    },
    (fixture) => {
      const client = fixture.connect();
      const outputs = outputsOf(client);
      const name = (proxy: WlOutputProxy | null): number =>
        outputs.findIndex((output) => output.proxy === proxy) + 1;
      const window = client.openWindow(50, 50);
      const seen: string[] = [];
      window.surface.handler = {
        enter: (_, output) => seen.push(`enter ${name(output)}`),
        leave: (_, output) => seen.push(`leave ${name(output)}`),
        preferredBufferScale: (_, scale) => seen.push(`scale ${scale}`),
      };
      const fractional: number[] = [];
      client.bind(WpFractionalScaleManagerV1Proxy).getFractionalScale(window.surface).handler = {
        preferredScale: (_, scale) => fractional.push(scale / 120),
      };
      fixture.frames();
      expect(seen).toEqual(['enter 1']);
      const [toplevel] = fixture.compositor.shell.windows;
      if (!toplevel) throw new Error('no window');
      fixture.compositor.shell.move(toplevel, 180, 10);
      fixture.frames();
      expect(seen.splice(0)).toEqual(['enter 1', 'enter 2', 'scale 2']);
      fixture.compositor.shell.move(toplevel, 220, 10);
      fixture.frames();
      expect(seen.splice(0)).toEqual(['leave 1']);
      fixture.compositor.outputs[1]?.change({ scale: 1.25 });
      fixture.frames();
      expect(fractional).toEqual([1, 2, 1.25]);
      expect(seen).toEqual([]);
    },
  );
});

test('a second fractional scale object is an error', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const manager = client.bind(WpFractionalScaleManagerV1Proxy);
    const surface = client.compositor.createSurface();
    manager.getFractionalScale(surface);
    manager.getFractionalScale(surface);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_fractional_scale_manager_v1',
      code: WpFractionalScaleManagerV1Error.fractionalScaleExists,
    });
  });
});

test('an output bound by a client whose window is on it is entered at once', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    fixture.frames();
    let entered = 0;
    window.surface.handler = { enter: () => entered++ };
    outputsOf(client);
    fixture.settle();
    expect(entered).toBe(1);
  });
});
