import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { controlOperations } from '../../../compositor/control/control-operations.ts';
import { ControlSocket } from '../../../compositor/control/control-socket.ts';
import { DesktopFixture } from '../../support/desktop-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'syncline-control-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Answer = { id: number; ok: boolean; error?: string } & Record<string, unknown>;

interface Controlled {
  readonly fixture: DesktopFixture;
  readonly control: ControlSocket;
  readonly stops: number[];
  ask(request: object): Answer;
}

let sockets = 0;

async function withControl(body: (controlled: Controlled) => void | Promise<void>): Promise<void> {
  const fixture = new DesktopFixture();
  const removed: string[] = [];
  const stops: number[] = [];
  const control = await ControlSocket.open(join(directory, `control-${sockets++}`), {
    compositor: fixture.compositor,
    stop: () => stops.push(1),
    gpus: {
      list: () => [{ gpu: 'sim:0', live: !removed.includes('sim:0') }],
      remove: (gpu) => void removed.push(gpu),
      add: (gpu) => gpu ?? 'sim:1',
    },
  });
  const ask = (request: object): Answer =>
    JSON.parse(control.answer(JSON.stringify({ id: 7, ...request }))) as Answer;
  try {
    await body({ fixture, control, stops, ask });
  } finally {
    control.dispose();
    fixture.dispose();
  }
}

test('the socket is its owner’s alone and answers lines in order', async () => {
  await withControl(async ({ control }) => {
    expect(statSync(control.path).mode & 0o777).toBe(0o600);
    const socket = connect(control.path);
    const lines = await new Promise<string[]>((resolve, reject) => {
      let text = '';
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        text += chunk.toString();
        const complete = text.split('\n').slice(0, -1);
        if (complete.length === 3) resolve(complete);
      });
      socket.write('{"id":1,"op":"hello"}\n{"id":2,"op":"no');
      socket.write('nsense"}\nnot json\n');
    });
    socket.destroy();
    expect(lines.map((line) => JSON.parse(line) as Answer)).toMatchObject([
      { id: 1, ok: true, version: 1 },
      { id: 2, ok: false, error: 'no operation "nonsense"' },
      { id: null, ok: false },
    ]);
  });
});

test('a socket left by a killed compositor is replaced; one in use is not', async () => {
  const path = join(directory, 'stale');
  // Binds the socket and dies without a chance to unlink it.
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  expect(statSync(path).isSocket()).toBe(true);
  await withControl(async ({ fixture }) => {
    const context = { compositor: fixture.compositor, gpus: null, stop: () => undefined };
    const control = await ControlSocket.open(path, context);
    await expect(ControlSocket.open(path, context)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    control.dispose();
  });
});

test('what a client wrote before an operation is seen by it, and its events are sent before the answer', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    client.take();
    client.display.flush();
    const id = client.client.number;
    expect(ask({ op: 'position', client: id, surface: window.surface.id, x: 100, y: 90 }).ok).toBe(
      true,
    );
    expect(ask({ op: 'pointer_create', device: 1 }).ok).toBe(true);
    expect(ask({ op: 'pointer_move_absolute', device: 1, x: 110, y: 95 }).ok).toBe(true);
    expect(ask({ op: 'pointer_button', device: 1, button: 272, pressed: true }).ok).toBe(true);
    // Only the client runs from here on: the events are in its socket already.
    client.display.dispatch();
    expect(client.take()).toEqual([`enter ${window.surface.id} 10,5`, 'button 272 1']);
  });
});

test('the next connection gets the number asked for', async () => {
  await withControl(({ fixture, ask }) => {
    ask({ op: 'client', client: 41 });
    expect(fixture.connect().client.number).toBe(41);
    expect(fixture.connect().client.number).toBe(42);
  });
});

test('surfaces say who, what, where and why', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 40);
    window.toplevel.setTitle('a title');
    fixture.frames();
    expect(ask({ op: 'surfaces' })['surfaces']).toMatchObject([
      {
        client: client.client.number,
        surface: window.surface.id,
        role: 'xdg_toplevel',
        title: 'a title',
        active: true,
        geometry: { x: 32, y: 32, width: 50, height: 40 },
        outputs: ['HEADLESS-1'],
        framesPresented: 1,
        waiting: [],
      },
    ]);
  });
});

test('outputs come, change and go, and clients are told', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    expect(ask({ op: 'output_add', width: 640, height: 480, scale: 2 })).toMatchObject({
      ok: true,
      output: 'HEADLESS-2',
    });
    fixture.settle();
    const names = (): number =>
      [...client.display.registry.globals.values()].filter((g) => g.interface === 'wl_output')
        .length;
    expect(names()).toBe(2);
    expect(ask({ op: 'output_set', output: 'HEADLESS-2', width: 800 }).ok).toBe(true);
    expect(ask({ op: 'outputs' })['outputs']).toMatchObject([
      { name: 'HEADLESS-1', x: 0 },
      { name: 'HEADLESS-2', x: 400, width: 800, logicalWidth: 400 },
    ]);
    expect(ask({ op: 'output_set', output: 'HEADLESS-2', width: 0 })).toMatchObject({ ok: false });
    expect(ask({ op: 'output_remove', output: 'HEADLESS-2' }).ok).toBe(true);
    fixture.settle();
    expect(names()).toBe(1);
  });
});

test('a window on a removed output comes to one that is left, and goes on', async () => {
  await withControl(({ fixture, ask }) => {
    ask({ op: 'output_add', width: 640, height: 480 });
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    fixture.compositor.shell.move(fixture.compositor.shell.windows[0]!, 500, 100);
    fixture.frames();
    ask({ op: 'output_remove', output: 'HEADLESS-2' });
    let done = 0;
    window.surface.frame().handler = { done: () => done++ };
    window.surface.commit();
    fixture.frames();
    expect(fixture.compositor.shell.windows[0]).toMatchObject({ x: 0, y: 0 });
    expect(done).toBe(1);
  });
});

test('touch, wheel and keys', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    client.take();
    ask({ op: 'touch_create', device: 2 });
    ask({ op: 'touch_down', device: 2, slot: 1, x: 40, y: 40 });
    ask({ op: 'touch_move', device: 2, slot: 1, x: 41, y: 40 });
    ask({ op: 'touch_destroy', device: 2 });
    ask({ op: 'pointer_move_absolute', x: 40, y: 40 });
    ask({ op: 'pointer_move_relative', dx: 1, dy: 2 });
    ask({ op: 'pointer_axis', value120: -120 });
    ask({ op: 'keyboard_key', key: 30, pressed: true });
    client.display.dispatch();
    expect(client.take()).toEqual([
      `down ${window.surface.id} 513 8,8`,
      'touch 513 9,8',
      'up 513',
      `enter ${window.surface.id} 8,8`,
      'motion 9,10',
      'source 0',
      'value120 0 -120',
      'axis 0 -15',
      'key 30 1',
    ]);
    expect(ask({ op: 'pointer_button', device: 9, button: 1, pressed: true }).error).toMatch(
      /device 9/,
    );
    expect(ask({ op: 'pointer_move_absolute', x: 'far', y: 1 }).error).toMatch(
      /"x" must be a number/,
    );
  });
});

test('reset drops all clients and starts anew', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    client.openWindow(50, 50);
    ask({ op: 'output_add', width: 64, height: 48 });
    ask({ op: 'pointer_move_absolute', x: 99, y: 99 });
    expect(ask({ op: 'reset' }).ok).toBe(true);
    fixture.settle();
    expect(client.display.open).toBe(false);
    expect(fixture.compositor.stats().surfaces).toBe(0);
    expect(ask({ op: 'focus' })).toMatchObject({ x: 0, y: 0, keyboard: null, pointer: null });
    expect(ask({ op: 'outputs' })['outputs']).toHaveLength(1);
    const next = fixture.connect();
    expect(next.client.number).toBe(1);
    next.openWindow(20, 20);
    expect(fixture.compositor.shell.windows[0]).toMatchObject({ x: 32, y: 32 });
  });
});

test('screenshot, GPUs, stats, stop', async () => {
  await withControl(({ fixture, ask, stops }) => {
    expect(ask({ op: 'screenshot' })).toMatchObject({ ok: false });
    fixture.frames();
    const png = Buffer.from(String(ask({ op: 'screenshot' })['png']), 'base64');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(ask({ op: 'gpu_remove', gpu: 'sim:0' }).ok).toBe(true);
    expect(ask({ op: 'gpu_list' })['gpus']).toEqual([{ gpu: 'sim:0', live: false }]);
    expect(ask({ op: 'gpu_add' })).toMatchObject({ gpu: 'sim:1' });
    expect(ask({ op: 'stats' })['stats']).toMatchObject({ surfaces: 0, desktop: { windows: 0 } });
    expect(ask({ op: 'stop' }).ok).toBe(true);
    expect(stops).toHaveLength(1);
  });
});

test('the keyboard’s layout can be changed; what is no layout is refused', async () => {
  await withControl(({ fixture, ask }) => {
    const client = fixture.connect();
    client.take();
    expect(ask({ op: 'keyboard_layout', layout: 'de', variant: 'nodeadkeys' }).ok).toBe(true);
    fixture.settle();
    expect(client.take()).toEqual(['keymap 1 true']);
    expect(ask({ op: 'keyboard_layout', layout: 'nowhere' })).toMatchObject({ ok: false });
    expect(ask({ op: 'keyboard_layout', layout: 7 }).error).toMatch(/"layout" must be a string/);
    fixture.settle();
    expect(client.take()).toEqual([]);
  });
});

test('docs/control-socket.md has every operation and no other', async () => {
  const guide = readFileSync(new URL('../../../docs/control-socket.md', import.meta.url), 'utf8');
  const rows = guide.split('\n').filter((line) => line.startsWith('| `'));
  const documented = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  await withControl(({ fixture }) => {
    const context = { compositor: fixture.compositor, gpus: null, stop: () => undefined };
    expect(new Set(documented)).toEqual(new Set(controlOperations(context).keys()));
    expect(documented).toHaveLength(new Set(documented).size);
  });
});
