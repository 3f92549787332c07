/** Inputs that reached something new, changed a little. */
import type { Random } from '../random.ts';
import { encodeStep } from './encode.ts';
import { generateInput, someFlow, type FuzzWorld } from './generate.ts';
import type { FuzzArgument, FuzzInput, FuzzMessage, FuzzStep } from './input.ts';
import { someBytes, someFd, someText, someWord } from './values.ts';

const MAX_STEPS = 200;
const MAX_FDS = 30;

/** One to four changes. `other` is an input to take parts from. */
export function mutateInput(
  input: FuzzInput,
  other: FuzzInput,
  world: FuzzWorld,
  random: Random,
): FuzzInput {
  let steps = [...input.steps];
  for (let count = random.between(1, 4); count > 0; count--) {
    if (steps.length === 0) steps = [...generateInput(world, random).steps];
    steps = random.pick(CHANGES)(steps, other, world, random);
  }
  const flow = random.chance(0.1) ? someFlow(random) : input.flow;
  return { flow, steps: steps.slice(0, MAX_STEPS) };
}

type Change = (steps: FuzzStep[], other: FuzzInput, world: FuzzWorld, random: Random) => FuzzStep[];

const CHANGES: readonly Change[] = [
  (steps, _other, _world, random) => steps.toSpliced(place(steps, random), random.between(1, 3)),
  // The same again: double destroys, ids in use, a role given twice.
  (steps, _other, _world, random) => {
    const at = place(steps, random);
    const again = steps.slice(at, at + random.between(1, 4));
    return steps.toSpliced(place(steps, random), 0, ...again);
  },
  (steps, _other, _world, random) => {
    const [from, to] = [place(steps, random), place(steps, random)];
    return steps.with(from, steps[to]!).with(to, steps[from]!);
  },
  (steps, other, _world, random) => {
    const at = place(other.steps, random);
    return steps.toSpliced(place(steps, random), 0, ...other.steps.slice(at, at + 8));
  },
  // Goes on as another session of the same world would.
  (steps, _other, world, random) => [
    ...steps.slice(0, place(steps, random) + 1),
    ...generateInput(world, random).steps.slice(1),
  ],
  (steps, _other, _world, random) => changeMessage(steps, random, changeArgument),
  (steps, _other, _world, random) => changeMessage(steps, random, changeArgument),
  (steps, _other, _world, random) =>
    changeMessage(steps, random, (message) => ({ ...message, opcode: random.between(0, 24) })),
  (steps, _other, _world, random) =>
    changeMessage(steps, random, (message) => ({
      ...message,
      id: random.chance(0.7) ? random.between(0, 20) : someWord(random),
    })),
  (steps, _other, _world, random) =>
    changeMessage(steps, random, (message) => ({
      ...message,
      sizeBytes: random.chance(0.5) ? random.between(0, 40) : someWord(random) & 0xffff,
    })),
  (steps, _other, _world, random) =>
    changeMessage(steps, random, (message) => ({ ...message, fds: changeFds(message, random) })),
  (steps, _other, _world, random) => flipByte(steps, random),
];

function place(steps: readonly FuzzStep[], random: Random): number {
  return random.between(0, Math.max(0, steps.length - 1));
}

function changeMessage(
  steps: FuzzStep[],
  random: Random,
  change: (message: FuzzMessage, random: Random) => FuzzMessage,
): FuzzStep[] {
  const at = place(steps, random);
  const step = steps[at];
  return step?.type === 'message' ? steps.with(at, change(step, random)) : steps;
}

function changeArgument(message: FuzzMessage, random: Random): FuzzMessage {
  if (message.args.length === 0) return message;
  const at = random.between(0, message.args.length - 1);
  const kind = random.next();
  if (kind < 0.1) return { ...message, args: message.args.toSpliced(at, 1) };
  if (kind < 0.2) return { ...message, args: message.args.toSpliced(at, 0, someWord(random)) };
  return { ...message, args: message.args.with(at, otherValue(message.args[at]!, random)) };
}

function otherValue(arg: FuzzArgument, random: Random): FuzzArgument {
  if (random.chance(0.05)) return someWord(random);
  if (typeof arg === 'number') {
    return random.chance(0.4) ? arg + random.between(-2, 2) : someWord(random);
  }
  if ('bytes' in arg || random.chance(0.2)) return { bytes: someBytes(random, 120) };
  return { text: someText(random) };
}

function changeFds({ fds }: FuzzMessage, random: Random): FuzzMessage['fds'] {
  if (fds.length > 0 && random.chance(0.5)) return fds.slice(1);
  const added = random.chance(0.05) ? MAX_FDS : 1;
  return [...fds, ...Array.from({ length: added }, () => someFd(random))];
}

function flipByte(steps: FuzzStep[], random: Random): FuzzStep[] {
  const at = place(steps, random);
  const step = steps[at];
  if (step === undefined || step.type === 'action') return steps;
  const bytes = encodeStep(step, new Map());
  if (bytes.length === 0) return steps;
  const index = random.between(0, bytes.length - 1);
  bytes[index] = bytes[index]! ^ (1 << random.between(0, 7));
  return steps.with(at, { type: 'bytes', bytes: bytes.toString('hex'), fds: step.fds });
}
