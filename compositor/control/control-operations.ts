/** What the control socket can do, as functions of a compositor (the contract is docs/control-socket.md). */
import { writeFileSync } from 'node:fs';
import type { Compositor } from '../compositor.ts';
import { outputOperations } from './output-operations.ts';
import { inputOperations } from './input-operations.ts';
import { field } from './fields.ts';
import type { Operation } from './operation.ts';
import { surfaceOperations } from './surface-operations.ts';

/** Simulated GPUs, where there are any. */
export interface GpuControl {
  list(): readonly { readonly gpu: string; readonly live: boolean }[];
  /** Throws for an unknown one. */
  remove(gpu: string): void;
  /** Without a name a new one. Returns its name. */
  add(gpu: string | undefined): string;
}

export interface ControlContext {
  readonly compositor: Compositor;
  readonly gpus: GpuControl | null;
  /** Ends the compositor, after the answer was sent. */
  readonly stop: () => void;
}

/** Grows when operations are added; never changes the meaning of old ones. */
const CONTROL_VERSION = 1;

export function controlOperations(context: ControlContext): ReadonlyMap<string, Operation> {
  const { compositor, gpus, stop } = context;
  const { display, desktop } = compositor;
  const initialOutputs = compositor.outputs.map(({ description }) => description);
  const gpuControl = (): GpuControl => {
    if (!gpus) throw new Error('the GPUs are not simulated: start with --gpus sim:N');
    return gpus;
  };
  const general: Record<string, Operation> = {
    hello: () => ({ version: CONTROL_VERSION, name: 'syncline', pid: process.pid }),
    client: (fields) => {
      display.nextClientNumber = field.whole(fields, 'client');
    },
    stats: () => ({ stats: compositor.stats() }),
    screenshot: (fields) => {
      const name = field.optionalText(fields, 'output');
      const output = compositor.outputs.find((candidate) => !name || candidate.name === name);
      if (!output) throw new Error(`no output ${name ?? 'at all'}`);
      const png = desktop.screenshot(output);
      if (!png) throw new Error(`${output.name} has shown no frame yet`);
      const path = field.optionalText(fields, 'path');
      if (path === undefined) return { png: png.toString('base64') };
      writeFileSync(path, png);
      return { path };
    },
    gpu_list: () => ({ gpus: gpuControl().list() }),
    gpu_remove: (fields) => gpuControl().remove(field.text(fields, 'gpu')),
    gpu_add: (fields) => ({ gpu: gpuControl().add(field.optionalText(fields, 'gpu')) }),
    reset: () => {
      for (const client of display.clients) client.disconnect();
      display.drain();
      display.nextClientNumber = 1;
      desktop.reset(initialOutputs);
    },
    stop: () => stop(),
  };
  return new Map([
    ...Object.entries(general),
    ...Object.entries(surfaceOperations(compositor)),
    ...Object.entries(inputOperations(compositor.seat)),
    ...Object.entries(outputOperations(desktop)),
  ]);
}
