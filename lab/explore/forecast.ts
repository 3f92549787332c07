/**
 * What will probably be there when a step is played, so that most steps aim at something. It may be wrong: steps that find nothing
 * do nothing.
 */
import type { Random } from '../random.ts';
import { GPU_COUNT } from './gpus.ts';
import { MAX_CLIENTS } from './stage.ts';
import type { Step } from './step.ts';

interface ExpectedClient {
  readonly surfaces: Set<number>;
  unsubmitted: number;
  running: number;
}

/** Now and then a step is not aimed at all. */
const AIMED = 0.95;

export class Forecast {
  readonly #clients = new Map<number, ExpectedClient>();
  readonly #plugged = new Set<number>(Array.from({ length: GPU_COUNT }, (_, gpu) => gpu));

  client(random: Random): number {
    const known = [...this.#clients.keys()];
    if (known.length === 0 || !random.chance(AIMED)) return random.between(0, MAX_CLIENTS - 1);
    return random.pick(known);
  }

  freeSlot(random: Random): number | undefined {
    const free = Array.from({ length: MAX_CLIENTS }, (_, slot) => slot).filter(
      (slot) => !this.#clients.has(slot),
    );
    return free.length === 0 ? undefined : random.pick(free);
  }

  /** A client with work in this state, if there is one. */
  clientWith(state: 'unsubmitted' | 'running', random: Random): number {
    const busy = [...this.#clients].filter(([, client]) => client[state] > 0);
    return busy.length === 0 ? this.client(random) : random.pick(busy)[0];
  }

  surface(random: Random): { client: number; surface: number } {
    const client = this.client(random);
    const surfaces = [...(this.#clients.get(client)?.surfaces ?? [])];
    return { client, surface: surfaces.length === 0 ? 0 : random.pick(surfaces) };
  }

  subsurface(random: Random): { client: number; surface: number } {
    const withChildren = [...this.#clients].filter(([, { surfaces }]) =>
      [...surfaces].some((surface) => surface > 0),
    );
    if (withChildren.length === 0) return this.surface(random);
    const [client, { surfaces }] = random.pick(withChildren);
    return { client, surface: random.pick([...surfaces].filter((surface) => surface > 0)) };
  }

  gpu(state: 'plugged' | 'gone', random: Random): number {
    const all = Array.from({ length: GPU_COUNT }, (_, gpu) => gpu);
    const fitting = all.filter((gpu) => this.#plugged.has(gpu) === (state === 'plugged'));
    return random.pick(fitting.length === 0 ? all : fitting);
  }

  /** The step will be played. */
  expect(step: Step): void {
    switch (step.do) {
      case 'connect':
        if (this.#clients.has(step.client) || this.#plugged.size === 0) return;
        this.#clients.set(step.client, {
          surfaces: new Set(Array.from({ length: step.surfaces }, (_, index) => index)),
          unsubmitted: 0,
          running: 0,
        });
        return;
      case 'commit':
        this.#change(step.client, step.work === 'later' ? 1 : 0, step.work === 'running' ? 1 : 0);
        return;
      case 'submit':
        this.#change(step.client, -1, 1);
        return;
      case 'end':
        this.#change(step.client, 0, -1);
        return;
      case 'destroy':
        this.#clients.get(step.client)?.surfaces.delete(step.surface);
        return;
      case 'die':
        this.#clients.delete(step.client);
        return;
      case 'unplug':
        this.#plugged.delete(step.gpu);
        return;
      case 'plug':
        this.#plugged.add(step.gpu);
        return;
      case 'empty':
      case 'unmap':
      case 'sync':
      case 'desync':
      case 'renew':
      case 'forget-timelines':
      case 'time':
      case 'fault':
      case 'race':
        return;
    }
  }

  #change(slot: number, unsubmitted: number, running: number): void {
    const client = this.#clients.get(slot);
    if (!client) return;
    client.unsubmitted = Math.max(0, client.unsubmitted + unsubmitted);
    client.running = Math.max(0, client.running + running);
  }
}
