/** A client that does wrong beside one that does not: what it is told, and that the other loses not a frame. */
import { expect } from 'vitest';
import { type DesktopFixture, withDesktop } from './desktop-fixture.ts';
import { BUTTON_LEFT, type ShellClient, type TestWindow } from './shell-client.ts';

/** Draws a new colour each frame it is called back for, and counts what it gets. */
export class Bystander {
  readonly #client: ShellClient;
  readonly #window: TestWindow;
  #colour = 0x100000;
  callbacks = 0;
  releases = 0;
  commits = 0;

  constructor(fixture: DesktopFixture) {
    this.#client = fixture.connect();
    this.#window = this.#client.openWindow(40, 40, this.#colour);
    const [toplevel] = fixture.compositor.shell.windows;
    if (toplevel) fixture.compositor.shell.move(toplevel, 350, 250);
  }

  get error(): unknown {
    return this.#client.error;
  }

  /** One more frame of its animation. */
  commit(): void {
    const { surface } = this.#window;
    const buffer = this.#client.buffer(40, 40, ++this.#colour);
    buffer.handler = { release: () => this.releases++ };
    surface.attach(buffer, 0, 0);
    surface.damageBuffer(0, 0, 40, 40);
    surface.frame().handler = { done: () => this.callbacks++ };
    surface.commit();
    this.commits++;
  }

  /** All frames shown, all callbacks come, every buffer but the last one released. */
  expectUnharmed(fixture: DesktopFixture): void {
    this.commit();
    fixture.frames();
    expect(this.error).toBeUndefined();
    expect(fixture.pixel(360, 260)).toBe(this.#colour);
    expect([this.callbacks, this.releases]).toEqual([this.commits, this.commits - 1]);
  }
}

/** The client that does wrong, and the compositor it is in. */
export interface Case {
  readonly fixture: DesktopFixture;
  readonly client: ShellClient;
}

/** What the client should be told: the code on that interface and object; null: nothing, it goes on. */
export type Told = {
  readonly interface: string;
  readonly code: number;
  readonly object?: number;
} | null;

/** Lets a client make its mistake beside an animated one: the mistake returns what it should be told, or nothing to leave that open. */
export function judge(mistake: (scene: Case) => Told | void): void {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const client = fixture.connect();
    bystander.commit();
    fixture.frames();
    const told = mistake({ fixture, client });
    bystander.commit();
    fixture.frames();
    if (told !== undefined) {
      const raised = raisedBy(fixture);
      expect(client.error?.code).toBe(told?.code);
      if (told) expect(raised).toMatchObject(told);
      else expect(raised).toBeUndefined();
    }
    bystander.expectUnharmed(fixture);
    client.close();
    fixture.settle();
    expect(fixture.compositor.display.clients.size).toBe(1);
    bystander.expectUnharmed(fixture);
  });
}

/** The error as the compositor names its object: the client has forgotten one that it destroyed. */
function raisedBy(fixture: DesktopFixture): Told | undefined {
  for (const line of fixture.logged) {
    const [, name, object, code] = /: (\w+)@(\d+) error (\d+):/.exec(line) ?? [];
    if (name) return { interface: name, object: Number(object), code: Number(code) };
  }
  return undefined;
}

/** A press on the newest window, which is told of it. */
export function pressNewest(fixture: DesktopFixture): void {
  const { seat, shell } = fixture.compositor;
  const newest = shell.windows.at(-1);
  if (!newest) throw new Error('no window');
  seat.pointer.moveTo(newest.x + 5, newest.y + 5);
  seat.pointer.button(BUTTON_LEFT, true);
  fixture.settle();
}
