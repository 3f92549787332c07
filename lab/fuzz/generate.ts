/** New inputs, from nothing. */
import type { Random } from '../random.ts';
import type { FuzzFlow, FuzzInput, FuzzStep } from './input.ts';
import { getRegistry, someRequest, type Rarity } from './make-request.ts';
import { addRecipe } from './recipes.ts';
import { SessionModel, type Descriptions, type FuzzGlobal } from './session-model.ts';
import { someBytes, someFd } from './values.ts';

/** What inputs are made for. */
export interface FuzzWorld {
  readonly descriptions: Descriptions;
  readonly globals: readonly FuzzGlobal[];
  /** What may happen on the server's side. */
  readonly actions: readonly string[];
  /** Of the whole run. */
  readonly rarity: Rarity;
}

const MAX_STEPS = 80;
const ACTIONS = 0.08;

/** A session of valid and nearly valid requests, or now and then plain bytes. */
export function generateInput(world: FuzzWorld, random: Random): FuzzInput {
  const flow = someFlow(random);
  if (random.chance(0.05)) return { flow, steps: plainBytes(random) };
  const model = new SessionModel(world.descriptions, world.globals);
  const steps: FuzzStep[] = [getRegistry(model)];
  const length = random.between(1, MAX_STEPS);
  const polite = random.chance(0.4);
  // Some sessions do what clients do, others wander.
  const recipes = random.pick([0, 0.02, 0.1, 0.4]);
  while (steps.length < length) {
    if (world.actions.length > 0 && random.chance(ACTIONS)) {
      steps.push({ type: 'action', action: random.pick(world.actions) });
    } else if (random.chance(recipes)) addRecipe(model, random, steps);
    else steps.push(someRequest(model, random, world.rarity, polite));
  }
  return { flow, steps };
}

export function someFlow(random: Random): FuzzFlow {
  const pace = random.chance(0.6) ? 'step' : random.pick(['batch', 'trickle'] as const);
  return { pace, reads: random.chance(0.95) };
}

function plainBytes(random: Random): FuzzStep[] {
  return Array.from({ length: random.between(1, 5) }, () => ({
    type: 'bytes',
    bytes: someBytes(random, 300),
    fds: random.chance(0.3) ? [someFd(random)] : [],
  }));
}
