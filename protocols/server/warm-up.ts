/** Lets the machine compile the hot path before the first client comes: its first messages are then as fast as the later ones. */
import { ManualClock } from '../../native/clock.ts';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Lifetime } from '../../native/lifetime.ts';
import { EPOLLET, EPOLLIN, Poller } from '../../native/poller.ts';
import { WlCompositor } from '../generated/wayland.server.ts';
import type {
  WlCompositorRequests,
  WlRegionRequests,
  WlSurfaceRequests,
} from '../generated/wayland.server.ts';
import { Display } from './display.ts';

const ROUNDS = 8;
const LIVES_PER_ROUND = 12;
/** Objects made at once, and then ended: what a request in a row of many calls is compiled into one piece with it. */
const OBJECTS_AT_ONCE = 40;
const SYNCS_PER_ROUND = 100;
/**
 * Turns of the loop with one message each: what a turn costs counts for clients that wait for every answer. With so many V8 has compiled
 * the smallest functions of a turn as well.
 */
const TURNS_PER_ROUND = 900;
/** Of a busy poller's turns few are the loop's own. */
const LOOP_TURN_IN = 8;
/** Clients that only look around. */
const VISITORS = 30;
/** How long other threads are waited for at a time, and in all. */
const WAIT_MS = 1;
const MAX_WAIT_MS = 20;
const nobody = new Int32Array(new SharedArrayBuffer(4));
const COMPOSITOR_ID = 3;
const FIRST_ID = 4;
const NO_FDS = new Int32Array(0);

/** How much a {@link warmUp} did. */
export interface WarmUpResult {
  readonly messages: number;
}

/**
 * Runs some sixty thousand requests of private clients through private displays: about 0.3 s. `populate` makes the globals of one, the
 * first of which must be a wl_compositor: give the real ones, so that their handlers are compiled too; else stand-ins are used.
 */
export function warmUp(populate: (display: Display) => void = createStandIns): WarmUpResult {
  let messages = 0;
  for (const step of warmUpSteps(populate)) {
    messages += step.messages;
    if (step.endsRound) awaitCompiler();
  }
  return { messages };
}

/** A part of a {@link warmUp}: far below a millisecond. */
export interface WarmUpStep {
  readonly messages: number;
  readonly endsRound: boolean;
}

/** The same in parts. Ended early (`return`) it leaves nothing behind. With fewer turns of one message it takes less. */
export function* warmUpSteps(
  populate: (display: Display) => void = createStandIns,
  turnsPerRound: number = TURNS_PER_ROUND,
): Generator<WarmUpStep, void> {
  const script = makeScript();
  compileTicks();
  // A display each round: code compiled for one display alone would not fit the one to come.
  for (let round = 0; round < ROUNDS; round++) {
    for (const messages of playRound(populate, script, turnsPerRound))
      yield { messages, endsRound: false };
    yield { messages: 0, endsRound: true };
  }
}

/** Between two immediates node runs what the poller has it run between turns: its first run takes 0.1 ms. */
function compileTicks(): void {
  for (let count = 0; count < 2; count++) setImmediate(() => undefined);
}

function* playRound(
  populate: (display: Display) => void,
  script: Script,
  turns: number,
): Generator<number, void> {
  const lifetime = new Lifetime();
  try {
    const poller = lifetime.add(new Poller());
    // Clients are not all a poller watches: what is compiled for them alone would have to be thrown away for the first of the others.
    const other = new OwnedFd(native.eventfd(1));
    lifetime.add(() => other.close());
    lifetime.add(poller.watch(other.fd, EPOLLIN | EPOLLET, () => undefined));
    // Nor is a display all that is told of a turn's end: what it does then is compiled once, not into each function on the way to it.
    lifetime.add(poller.onTurnEnd(() => undefined));
    poller.turn();
    const display = lifetime.add(new Display({ poller, clock: new ManualClock(), env: {} }));
    populate(display);
    yield* play(poller, display, requests(script, turns));
    for (let visitor = 0; visitor < VISITORS; visitor++)
      yield* play(poller, display, [script.visit]);
  } finally {
    lifetime.dispose();
  }
}

/** A client's whole life, a batch of messages at a time: how many there were in it. */
function* play(
  poller: Poller,
  display: Display,
  batches: Iterable<Batch>,
): Generator<number, void> {
  const [ours, theirs] = native.socketPair();
  const client = new OwnedFd(theirs);
  try {
    display.connect(new OwnedFd(ours));
    const into = new Uint8Array(65_536);
    const fds = new Int32Array(255);
    let calls = 0;
    for (const batch of batches) {
      native.sendmsg(client.fd, batch.bytes, 0, batch.bytes.length, NO_FDS, 0);
      while (calls++ % LOOP_TURN_IN === 0 ? poller.turn() : poller.furtherTurn()) continue;
      while (native.recvmsg(client.fd, into, 0, into.length, fds) > 0) continue;
      yield batch.count;
    }
  } finally {
    client.close();
    poller.turn();
  }
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/**
 * What clients send; each batch fits a socket's buffer. Ids are given back in a batch and used again in the next one. Made once: were it
 * made as often as it is sent, the compiler's time would go into that.
 */
interface Script {
  readonly bind: Batch;
  /** wl_display.get_registry, wl_registry.bind, and a sync. */
  readonly visit: Batch;
  readonly lives: Batch;
  readonly syncs: Batch;
  readonly sync: Batch;
}

function makeScript(): Script {
  const visit = bindCompositor();
  visit.add(1, 0, [FIRST_ID]);
  return {
    bind: bindCompositor().build(),
    visit: visit.build(),
    lives: lives(),
    syncs: syncs(SYNCS_PER_ROUND),
    sync: syncs(1),
  };
}

function* requests(script: Script, turns: number): Iterable<Batch> {
  yield script.bind;
  for (let index = 0; index < LIVES_PER_ROUND; index++) yield script.lives;
  yield script.syncs;
  for (let turn = 0; turn < turns; turn++) yield script.sync;
}

/**
 * Compilation goes on in other threads, and its results are taken up by what runs next: waits until they have done what they were
 * given, else the first client would have to share the processors with them.
 */
function awaitCompiler(): void {
  for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += WAIT_MS) {
    const before = process.cpuUsage();
    Atomics.wait(nobody, 0, 0, WAIT_MS);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < WAIT_MS / 4) return;
  }
}

function bindCompositor(): BatchBuilder {
  const batch = new BatchBuilder();
  batch.add(1, 1, [2]);
  const name = [...Buffer.from('wl_compositor\0\0\0')];
  batch.add(2, 0, [1, 14, ...toWords(name), 4, COMPOSITOR_ID]);
  return batch;
}

function syncs(count: number): Batch {
  const batch = new BatchBuilder();
  for (let index = 0; index < count; index++) batch.add(1, 0, [FIRST_ID + index]);
  return batch.build();
}

/** Surfaces and regions, their requests, and their ends. */
function lives(): Batch {
  const batch = new BatchBuilder();
  const surfaces = Array.from({ length: OBJECTS_AT_ONCE }, (_, index) => FIRST_ID + index);
  const regions = surfaces.map((id) => id + OBJECTS_AT_ONCE);
  for (const id of surfaces) batch.add(COMPOSITOR_ID, 0, [id]);
  for (const id of regions) batch.add(COMPOSITOR_ID, 1, [id]);
  for (const id of regions) batch.add(id, 1, [0, 0, id, id]);
  for (const id of surfaces) {
    const region = id + OBJECTS_AT_ONCE;
    batch.add(id, 2, [0, 0, id, id]);
    batch.add(id, 9, [0, 0, id, id]);
    batch.add(id, 4, [region]);
    batch.add(id, 2, [0, 0, id, id]);
    batch.add(id, 9, [0, 0, id, id]);
    batch.add(id, 5, [region]);
    batch.add(id, 7, [0]);
    batch.add(id, 8, [1]);
  }
  for (const id of regions) batch.add(id, 0, []);
  for (const id of surfaces) batch.add(id, 0, []);
  return batch.build();
}

class BatchBuilder {
  readonly #words: number[] = [];
  #count = 0;

  add(id: number, opcode: number, args: readonly number[]): void {
    this.#words.push(id, ((8 + 4 * args.length) << 16) | opcode, ...args);
    this.#count++;
  }

  build(): Batch {
    return { bytes: new Uint8Array(Int32Array.from(this.#words).buffer), count: this.#count };
  }
}

function toWords(bytes: readonly number[]): Int32Array {
  return new Int32Array(Uint8Array.from(bytes).buffer);
}

function createStandIns(display: Display): void {
  const region: WlRegionRequests = {
    destroy: () => undefined,
    add: () => undefined,
    subtract: () => undefined,
  };
  const surface: WlSurfaceRequests = {
    destroy: () => undefined,
    attach: () => undefined,
    damage: () => undefined,
    frame: () => undefined,
    setOpaqueRegion: () => undefined,
    setInputRegion: () => undefined,
    commit: () => undefined,
    setBufferTransform: () => undefined,
    setBufferScale: () => undefined,
    damageBuffer: () => undefined,
    offset: () => undefined,
    getRelease: () => undefined,
  };
  const compositor: WlCompositorRequests = {
    createSurface: (_compositor, id) => void (id.handler = surface),
    createRegion: (_compositor, id) => void (id.handler = region),
    release: () => undefined,
  };
  display.createGlobal(WlCompositor, 4, (resource) => void (resource.handler = compositor));
}
