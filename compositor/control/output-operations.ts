/** Control operations on outputs. */
import type { Desktop } from '../desktop.ts';
import type { Output, OutputChange, OutputDescription } from '../output/output.ts';
import { isTransform } from '../surface/transform.ts';
import type { Operation } from './operation.ts';
import { field, type Fields } from './fields.ts';

export function outputOperations(desktop: Desktop): Record<string, Operation> {
  const find = (fields: Fields): Output => {
    const name = field.text(fields, 'output');
    const output = desktop.outputs.find((candidate) => candidate.name === name);
    if (!output) throw new Error(`no output ${name}`);
    return output;
  };
  const requireFree = (): void => {
    if (!desktop.backend.canAddOutputs) {
      throw new Error(`the ${desktop.backend.name} backend's outputs are not ours to choose`);
    }
  };
  return {
    outputs: () => ({ outputs: desktop.outputs.map(describe) }),
    output_add: (fields) => {
      requireFree();
      const output = desktop.addOutput(newOutput(desktop, fields));
      return { output: output.name };
    },
    output_remove: (fields) => {
      requireFree();
      desktop.removeOutput(find(fields));
    },
    output_set: (fields) => {
      requireFree();
      find(fields).change(changeOf(fields));
    },
  };
}

function describe(output: Output): object {
  const { description, width, height } = output;
  return { ...description, logicalWidth: width, logicalHeight: height };
}

function newOutput(desktop: Desktop, fields: Fields): OutputDescription {
  const taken = new Set(desktop.outputs.map(({ name }) => name));
  let number = desktop.outputs.length + 1;
  while (taken.has(`HEADLESS-${number}`)) number++;
  const name = field.optionalText(fields, 'name') ?? `HEADLESS-${number}`;
  if (taken.has(name)) throw new Error(`there is an output ${name} already`);
  return {
    name,
    description: 'virtual output',
    width: 1280,
    height: 720,
    scale: 1,
    refreshMhz: 60_000,
    transform: 0,
    x: Math.max(0, ...desktop.outputs.map(({ x, width }) => x + width)),
    y: 0,
    make: 'Syncline',
    model: 'virtual',
    physicalWidth: 0,
    physicalHeight: 0,
    ...changeOf(fields),
  };
}

const NUMBERS = ['width', 'height', 'scale', 'refreshMhz', 'x', 'y'] as const;

function changeOf(fields: Fields): OutputChange {
  const change: { -readonly [Key in keyof OutputChange]: OutputChange[Key] } = {};
  for (const key of NUMBERS) {
    const value = field.optionalNumber(fields, key);
    if (value !== undefined) change[key] = value;
  }
  const transform = field.optionalNumber(fields, 'transform');
  if (transform !== undefined) {
    if (!isTransform(transform)) throw new Error('"transform" must be 0 to 7');
    change.transform = transform;
  }
  return change;
}
