/** What explorations have reached: distinct states of the whole, and what came of each kind of step. */
import type { Puppet } from './puppet.ts';
import type { Stage } from './stage.ts';
import type { SurfaceModel } from './surface-model.ts';

/** More in a queue than this counts as the same. */
const MANY = 3;

/** The phase of every device, surface and update, without names and numbers, as one line. */
export function abstractState(stage: Stage): string {
  const gpus = [0, 1].map((gpu) => stage.gpus.phase(gpu));
  // Which client is which makes no difference.
  const clients = stage.clients.flatMap((client) => (client ? [describeClient(client)] : []));
  return [...gpus, ...clients.sort()].join(' | ');
}

function describeClient(client: Puppet): string {
  const surfaces = client.window.surfaces.map(({ model }) => describeSurface(model));
  return [...surfaces, `busy ${few(client.busy)}`, `todo ${few(client.unsubmitted.length)}`].join(
    ',',
  );
}

function describeSurface(surface: SurfaceModel): string {
  if (!surface.alive) return 'dead';
  const queue = surface.queue
    .slice(0, MANY)
    .map(({ effective }) => effective?.phase ?? 'empty')
    .join('>');
  const cached = surface.cached ? (surface.cached.effective?.phase ?? 'empty') : '-';
  const mode = surface.synchronized ? 'sync' : 'desync';
  return `${mode}:${surface.current ? 'shows' : 'blank'}:${queue}:${cached}`;
}

function few(count: number): string {
  return count < MANY ? String(count) : 'many';
}

/** Adds up what several runs, in several processes, have reached. */
export class Coverage {
  readonly #states = new Set<number>();
  readonly #outcomes = new Map<string, number>();

  get states(): number {
    return this.#states.size;
  }

  /** How often each kind of step had each outcome: "commit later" → 12. */
  get outcomes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  reached(state: string): void {
    this.#states.add(hash(state));
  }

  outcome(step: string, outcome: string): void {
    const key = `${step}: ${outcome}`;
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
  }

  /** As plain data, for another process. */
  export(): CoverageData {
    return { states: [...this.#states], outcomes: [...this.#outcomes] };
  }

  add({ states, outcomes }: CoverageData): void {
    for (const state of states) this.#states.add(state);
    for (const [key, count] of outcomes) {
      this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + count);
    }
  }
}

export interface CoverageData {
  readonly states: readonly number[];
  readonly outcomes: readonly (readonly [key: string, count: number])[];
}

/** cyrb53: 53 bits, so that collisions do not matter below many millions of states. */
function hash(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
