/**
 * The floor under every server in JavaScript: what peers/wire-floor.c does, on our poller and in node. It makes of each object one of
 * JavaScript's, since a handler has to be given one; it checks nothing and limits nothing. What it costs above the C program is what
 * node, Node-API, the poller and objects cost a server that does nothing; what ours costs above it is our own.
 *
 * Usage: node node-floor.js NAME (in XDG_RUNTIME_DIR). Says "ready", then answers "count" on stdin. Ends with stdin.
 */
import { join } from 'node:path';
import { native } from '../../../native/binding.ts';
import { EPOLLIN, Poller } from '../../../native/poller.ts';

const READ_BYTES = 64 * 1024;
/** wl_display is object 1. */
const DISPLAY = 1;
const REGISTRY = 2;
const COMPOSITOR = 3;
const SHM = 4;
const POOL = 5;
const BUFFER = 6;
const SURFACE = 7;
const REGION = 8;

const incoming = new Int32Array(READ_BYTES / 4);
const incomingBytes = new Uint8Array(incoming.buffer);
const outgoing = new Int32Array(READ_BYTES);
const fds = new Int32Array(255);
const handler = {};
let requests = 0;
let answered = 0;

interface Peer {
  /** By id. */
  readonly objects: (FloorObject | null)[];
  kept: Uint8Array | null;
}

/** The least that a server's code can do with. */
class FloorObject {
  readonly peer: FloorObject | null;
  readonly kind: number;
  readonly id: number;
  handler: object | null = handler;
  alive = true;

  constructor(peer: FloorObject | null, kind: number, id: number) {
    this.peer = peer;
    this.kind = kind;
    this.id = id;
  }
}

function event(id: number, opcode: number, argument: number): void {
  outgoing[answered] = id;
  outgoing[answered + 1] = (12 << 16) | opcode;
  outgoing[answered + 2] = argument;
  answered += 3;
}

function global(registry: number, name: number, interfaceName: string, version: number): void {
  const text = Buffer.from(`${interfaceName}\0`);
  const words = (text.length + 3) >>> 2;
  outgoing.fill(0, answered, answered + 5 + words);
  outgoing[answered] = registry;
  outgoing[answered + 1] = (5 + words) << 18;
  outgoing[answered + 2] = name;
  outgoing[answered + 3] = text.length;
  new Uint8Array(outgoing.buffer).set(text, 4 * (answered + 4));
  outgoing[answered + 4 + words] = version;
  answered += 5 + words;
}

function make(objects: Peer['objects'], kind: number, id: number): void {
  objects[id] = new FloorObject(objects[DISPLAY] ?? null, kind, id);
}

function end(objects: Peer['objects'], object: FloorObject): void {
  object.alive = false;
  object.handler = null;
  objects[object.id] = null;
  event(1, 1, object.id);
}

function request(objects: Peer['objects'], id: number, opcode: number, at: number): void {
  const object = objects[id];
  if (!object) return;
  const { kind } = object;
  if (kind === DISPLAY) {
    const made = incoming[at]!;
    if (opcode === 0) {
      event(made, 0, 0);
      event(1, 1, made);
      return;
    }
    make(objects, REGISTRY, made);
    global(made, 1, 'wl_compositor', 4);
    global(made, 2, 'wl_shm', 1);
    return;
  }
  requests++;
  if (kind === REGISTRY) bind(objects, at);
  else if (kind === COMPOSITOR) make(objects, opcode === 0 ? SURFACE : REGION, incoming[at]!);
  else if (kind === SHM) make(objects, POOL, incoming[at]!);
  else if (kind === POOL && opcode === 0) make(objects, BUFFER, incoming[at]!);
  else if (opcode === (kind === POOL ? 1 : 0)) end(objects, object);
}

function bind(objects: Peer['objects'], at: number): void {
  const id = incoming[at + 3 + ((incoming[at + 1]! + 3) >>> 2)]!;
  make(objects, incoming[at] === 1 ? COMPOSITOR : SHM, id);
  if (incoming[at] === 1) return;
  event(id, 0, 0);
  event(id, 0, 1);
}

/** False when the client has gone. */
function serve(fd: number, peer: Peer): boolean {
  const kept = peer.kept === null ? 0 : peer.kept.length;
  if (peer.kept !== null) incomingBytes.set(peer.kept);
  const count = native.recvmsg(fd, incoming.buffer, kept, READ_BYTES - kept, fds.buffer);
  if (count <= 0) return false;
  for (let index = 1; index <= fds[0]!; index++) native.close(fds[index]!);
  const endBytes = kept + count;
  const end = endBytes >>> 2;
  let at = 0;
  while (at + 2 <= end) {
    const header = incoming[at + 1]!;
    const size = header >>> 18;
    if (size < 2 || at + size > end) break;
    request(peer.objects, incoming[at]!, header & 0xffff, at + 2);
    at += size;
  }
  peer.kept = 4 * at < endBytes ? incomingBytes.slice(4 * at, endBytes) : null;
  if (answered === 0) return true;
  const bytes = 4 * answered;
  answered = 0;
  return native.send(fd, outgoing.buffer, 0, bytes) === bytes;
}

function main(name: string): void {
  const poller = new Poller();
  const listener = native.listenUnix(join(process.env['XDG_RUNTIME_DIR'] ?? '', name), 128);
  poller.watch(listener, EPOLLIN, () => {
    const fd = native.accept(listener);
    if (fd < 0) return;
    const peer: Peer = { objects: [null, new FloorObject(null, DISPLAY, 1)], kept: null };
    const watch = poller.watch(fd, EPOLLIN, () => {
      if (serve(fd, peer)) return;
      watch.close();
      native.close(fd);
    });
  });
  poller.start();
  process.stdin.on('data', () => process.stdout.write(`{"requests":${requests}}\n`));
  process.stdin.on('end', () => poller.close());
  process.stdout.write('ready\n');
}

main(process.argv[2] ?? 'wayland-bench');
