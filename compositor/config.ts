/** How a compositor is to be: what its maker may choose, and the defaults. */
import type { Clock } from '../native/clock.ts';
import type { Poller } from '../native/poller.ts';
import type { Backend } from './backend/backend.ts';
import { HeadlessBackend } from './backend/headless.ts';
import type { CoreOptions } from './core.ts';
import type { CompositorLog } from './log.ts';
import type { OutputDescription } from './output/output.ts';
import type { RecoveryStrategy } from '../sync/recovery.ts';
import type { KeymapNames } from './seat/keymap.ts';
import type { WindowManagerFactory } from './shell/window-manager.ts';

/** An output as one asks for it; the rest is made up. */
export type OutputRequest = Partial<OutputDescription>;

/** What a backend is made of. It owns nothing of it. */
export interface BackendContext {
  readonly poller: Poller;
  readonly clock: Clock;
  readonly log: CompositorLog;
  readonly outputs: readonly OutputDescription[];
}

export type BackendFactory = (context: BackendContext) => Backend;

export interface CompositorOptions extends Omit<
  CoreOptions,
  'strategy' | 'keepsPoolFds' | 'allocationHint'
> {
  /** What becomes of timelines when devices go. Default: failover. */
  readonly strategy?: RecoveryStrategy;
  /** Default: headless. */
  readonly backend?: 'headless' | BackendFactory;
  /** Default: one of 1280 × 720 at 60 Hz. Side by side, left to right, unless they say where. */
  readonly outputs?: readonly OutputRequest[];
  readonly windowManager?: WindowManagerFactory;
  /** Null: the seat has no keyboard. */
  readonly keymap?: KeymapNames | null;
}

const DEFAULT_OUTPUT: Omit<OutputDescription, 'name' | 'x'> = {
  description: 'virtual output',
  width: 1280,
  height: 720,
  scale: 1,
  refreshMhz: 60_000,
  transform: 0,
  y: 0,
  make: 'Syncline',
  model: 'virtual',
  physicalWidth: 0,
  physicalHeight: 0,
};

/** Complete descriptions: named HEADLESS-1…, placed left to right. */
export function describeOutputs(requests: readonly OutputRequest[] = [{}]): OutputDescription[] {
  const outputs: OutputDescription[] = [];
  let nextX = 0;
  for (const request of requests) {
    const name = `HEADLESS-${outputs.length + 1}`;
    const output = { ...DEFAULT_OUTPUT, name, x: nextX, ...request };
    nextX = output.x + Math.ceil(output.width / output.scale);
    outputs.push(output);
  }
  return outputs;
}

/** The backend asked for. Throws PixmanMissingError where nothing can be drawn. */
export function createBackend(
  wanted: CompositorOptions['backend'],
  context: BackendContext,
): Backend {
  if (typeof wanted === 'function') return wanted(context);
  return new HeadlessBackend(context.outputs);
}
