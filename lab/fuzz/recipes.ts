/** Sessions that real clients have, to be mutated: without them a random client never gets to show anything. */
import type { Random } from '../random.ts';
import type { FdKind, FuzzArgument, FuzzStep } from './input.ts';
import { bindGlobal, namedRequest } from './make-request.ts';
import { REGISTRY_ID, type SessionModel } from './session-model.ts';

const ARGB8888 = 0;
const BUFFER_FORMAT = 0x3432_5241;
/** The lent memfd has 64 KiB. */
const POOL_BYTES = 65_536;

/** Appends one thing a client does; does nothing where the server lacks a global for it. */
export function addRecipe(model: SessionModel, random: Random, steps: FuzzStep[]): void {
  random.pick(RECIPES)(new RecipeWriter(model, steps), random);
}

type Recipe = (write: RecipeWriter, random: Random) => void;

/** Writes requests by name; a request on object 0 vanishes, and so does what is made from it. */
class RecipeWriter {
  readonly #model: SessionModel;
  readonly #steps: FuzzStep[];

  constructor(model: SessionModel, steps: FuzzStep[]) {
    this.#model = model;
    this.#steps = steps;
  }

  /** The object of a global, bound now if it was not yet; 0 when there is no such global. */
  global(name: string): number {
    const bound = this.#model.of(name).at(-1);
    if (bound !== undefined) return bound.id;
    const global = this.#model.globals.find((entry) => entry.interface === name);
    if (global === undefined) return 0;
    const { request, id } = bindGlobal(this.#model, REGISTRY_ID, name, global.version);
    this.#steps.push(request);
    return id;
  }

  /** The latest object of an interface, or 0. */
  latest(name: string): number {
    return this.#model.of(name).at(-1)?.id ?? 0;
  }

  request(
    object: number,
    name: string,
    args: readonly (FuzzArgument | null)[] = [],
    fds: readonly FdKind[] = [],
  ): number {
    const made = namedRequest(this.#model, object, name, args, fds);
    if (made === undefined) return 0;
    this.#steps.push(made.request);
    return made.id;
  }
}

function surface(write: RecipeWriter, random: Random): number {
  const latest = write.latest('wl_surface');
  if (latest !== 0 && random.chance(0.6)) return latest;
  return write.request(write.global('wl_compositor'), 'create_surface', [null]);
}

function shmBuffer(write: RecipeWriter, random: Random): number {
  const size = random.pick([1, 16, 64]);
  const pool = write.request(
    write.global('wl_shm'),
    'create_pool',
    [null, POOL_BYTES],
    [random.chance(0.9) ? 'memfd' : 'empty-memfd'],
  );
  const args = [null, random.pick([0, 0, 64]), size, size, size * 4, ARGB8888];
  const buffer = write.request(pool, 'create_buffer', args);
  if (random.chance(0.5)) write.request(pool, 'destroy');
  return buffer;
}

function attach(write: RecipeWriter, random: Random): number {
  const target = surface(write, random);
  const latest = write.latest('wl_buffer');
  const buffer = latest !== 0 && random.chance(0.4) ? latest : shmBuffer(write, random);
  write.request(target, 'attach', [random.chance(0.9) ? buffer : 0, 0, 0]);
  write.request(target, 'damage_buffer', [0, 0, 64, 64]);
  if (random.chance(0.5)) write.request(target, 'frame', [null]);
  return target;
}

const RECIPES: readonly Recipe[] = [
  (write, random) => {
    write.request(attach(write, random), 'commit');
  },
  // A window, configured or not.
  (write, random) => {
    const target = write.request(write.global('wl_compositor'), 'create_surface', [null]);
    const xdg = write.request(write.global('xdg_wm_base'), 'get_xdg_surface', [null, target]);
    write.request(xdg, 'get_toplevel', [null]);
    write.request(target, 'commit');
    if (random.chance(0.8)) write.request(xdg, 'ack_configure', [random.between(1, 4)]);
    write.request(attach(write, random), 'commit');
  },
  // A popup of the latest window.
  (write, random) => {
    const parent = write.latest('xdg_surface');
    const base = write.global('xdg_wm_base');
    const positioner = write.request(base, 'create_positioner', [null]);
    write.request(positioner, 'set_size', [random.between(0, 20), 20]);
    write.request(positioner, 'set_anchor_rect', [0, 0, 5, 5]);
    const target = write.request(write.global('wl_compositor'), 'create_surface', [null]);
    const xdg = write.request(base, 'get_xdg_surface', [null, target]);
    write.request(xdg, 'get_popup', [null, parent, positioner]);
    write.request(target, 'commit');
  },
  // A subsurface tree.
  (write, random) => {
    const parent = surface(write, random);
    const child = write.request(write.global('wl_compositor'), 'create_surface', [null]);
    const sub = write.request(write.global('wl_subcompositor'), 'get_subsurface', [
      null,
      child,
      parent,
    ]);
    if (random.chance(0.5)) write.request(sub, 'set_desync');
    write.request(sub, 'set_position', [random.between(-10, 10), 3]);
    write.request(sub, random.pick(['place_above', 'place_below']), [parent]);
    write.request(child, 'commit');
    write.request(parent, 'commit');
  },
  // Explicit sync, with points in order, out of order, equal, or missing.
  (write, random) => {
    const manager = write.global('wp_linux_drm_syncobj_manager_v1');
    const target = attach(write, random);
    const sync = write.request(manager, 'get_surface', [null, target]);
    const fd = random.chance(0.8) ? 'timeline' : random.pick<FdKind>(['memfd', 'eventfd', 'pipe']);
    const known = write.latest('wp_linux_drm_syncobj_timeline_v1');
    const timeline =
      known !== 0 && random.chance(0.7)
        ? known
        : write.request(manager, 'import_timeline', [null], [fd]);
    const acquire = random.between(0, 5);
    if (random.chance(0.8)) write.request(sync, 'set_acquire_point', [timeline, 0, acquire]);
    if (random.chance(0.8)) {
      write.request(sync, 'set_release_point', [timeline, 0, acquire + random.between(0, 2)]);
    }
    write.request(target, 'commit');
    if (random.chance(0.3)) write.request(sync, 'destroy');
  },
  // A dma-buf, or something that is none.
  (write, random) => {
    const params = write.request(write.global('zwp_linux_dmabuf_v1'), 'create_params', [null]);
    const plane = random.pick([0, 0, 0, 1, 4]);
    const fd = random.chance(0.8) ? 'dmabuf' : random.pick<FdKind>(['memfd', 'eventfd']);
    write.request(params, 'add', [plane, 0, 256, 0, 0], [fd]);
    if (random.chance(0.3)) write.request(params, 'create', [64, 64, BUFFER_FORMAT, 0]);
    else write.request(params, 'create_immed', [null, 64, 64, BUFFER_FORMAT, 0]);
  },
  // Viewport, presentation feedback, fifo and timing on whatever surface there is.
  (write, random) => {
    const target = attach(write, random);
    const port = write.request(write.global('wp_viewporter'), 'get_viewport', [null, target]);
    write.request(port, 'set_destination', [random.between(-1, 50), 20]);
    if (random.chance(0.5))
      write.request(port, 'set_source', [0, 0, random.between(1, 99) * 256, 256]);
    write.request(write.global('wp_presentation'), 'feedback', [target, null]);
    const fifo = write.request(write.global('wp_fifo_manager_v1'), 'get_fifo', [null, target]);
    write.request(fifo, 'set_barrier');
    write.request(target, 'commit');
    write.request(fifo, 'wait_barrier');
    const timer = write.request(write.global('wp_commit_timing_manager_v1'), 'get_timer', [
      null,
      target,
    ]);
    write.request(timer, 'set_timestamp', [
      0,
      random.between(0, 3),
      random.between(0, 1_000_000_000),
    ]);
    write.request(target, 'commit');
  },
  // Input, cursor, clipboard.
  (write, random) => {
    const seat = write.global('wl_seat');
    const pointer = write.request(seat, 'get_pointer', [null]);
    write.request(seat, 'get_keyboard', [null]);
    write.request(pointer, 'set_cursor', [random.between(0, 9), surface(write, random), 0, 0]);
    const devices = write.global('wl_data_device_manager');
    const device = write.request(devices, 'get_data_device', [null, seat]);
    const source = write.request(devices, 'create_data_source', [null]);
    write.request(source, 'offer', [{ text: 'text/plain' }]);
    write.request(device, 'set_selection', [source, random.between(0, 9)]);
  },
  // Round trips, and output descriptions.
  (write) => {
    write.request(1, 'sync', [null]);
    write.request(write.global('zxdg_output_manager_v1'), 'get_xdg_output', [
      null,
      write.global('wl_output'),
    ]);
  },
];
