/** Each invariant, broken on purpose: what the judge is told here no compositor of ours does. */
import { expect, test } from 'vitest';
import { Judge } from '../../../lab/explore/judge.ts';
import { BACKGROUND } from '../../../lab/explore/screen.ts';
import { SurfaceModel } from '../../../lab/explore/surface-model.ts';
import {
  CommitTruth,
  TimelineTruth,
  WorkTruth,
  type ReleaseTruth,
} from '../../../lab/explore/truth.ts';
import { Violations } from '../../../lab/explore/violation.ts';

const CLIENT = 7;
const SYNCOBJ = 99n;
const COLOUR = 0x1001;
const SIGNALLED = { type: 'signalled', timestampNs: 0n, errorsVisible: true } as const;

/** A window with one subsurface, a timeline, and a compositor that does what a test says. */
class Scene {
  readonly violations = new Violations();
  readonly judge = new Judge(this.violations, () => 0n);
  readonly timeline = new TimelineTruth();
  readonly root: SurfaceModel;
  readonly child: SurfaceModel;
  #updates = 0;

  constructor() {
    const grouped = (group: Parameters<Judge['grouped']>[0]): void => this.judge.grouped(group);
    this.root = new SurfaceModel(3, 0, null, grouped);
    this.child = new SurfaceModel(4, 1, this.root, grouped);
    this.judge.joined(CLIENT, { row: 0, surfaces: [this.root, this.child] });
    this.judge.timeline(SYNCOBJ, this.timeline);
  }

  /** A commit with a buffer; the compositor has read it. Returns its update's number. */
  commit(surface: SurfaceModel, options: { acquire?: bigint; release?: bigint } = {}): number {
    const { acquire, release } = options;
    const truth = new CommitTruth({
      serial: ++surface.serial,
      nowNs: 0n,
      content: COLOUR + 2 * surface.serial,
      ...(acquire !== undefined && { acquire: { timeline: this.timeline, point: acquire } }),
    });
    if (acquire !== undefined) this.timeline.acquire(truth);
    if (release !== undefined) {
      const owed: ReleaseTruth = { point: release, commit: truth, signals: 0, forgiven: false };
      truth.release = owed;
      this.judge.owed(SYNCOBJ, surface, owed);
    }
    this.judge.committed(surface, truth);
    surface.commit(truth);
    const update = ++this.#updates;
    this.judge.traced({
      type: 'commit',
      acquire: null,
      release: null,
      ...this.#of(surface, update),
    });
    return update;
  }

  outcome(surface: SurfaceModel, update: number, outcome: 'signalled' | 'failed' | 'lost'): void {
    const detail = {
      signalled: SIGNALLED,
      failed: { type: 'failed', errno: 5, timestampNs: 0n },
      lost: { type: 'lost', reason: 'never-submitted' },
    } as const;
    this.judge.traced({
      type: 'signalled',
      outcome: detail[outcome],
      waitedNs: 0n,
      ...this.#of(surface, update),
    });
  }

  apply(surface: SurfaceModel, update: number, shown = true): void {
    this.judge.traced({ type: 'applied', shown, ...this.#of(surface, update) });
  }

  discard(surface: SurfaceModel, update: number): void {
    this.judge.traced({ type: 'discarded', ...this.#of(surface, update) });
  }

  /** What the screen has where the two surfaces are. */
  show(root: number, child: number): void {
    this.judge.shown((column) => (column === 0 ? root : child));
  }

  get broken(): string | undefined {
    return this.violations.first?.invariant;
  }

  #of(
    surface: SurfaceModel,
    update: number,
  ): { client: number; surface: number; update: number; timeNs: bigint } {
    return { client: CLIENT, surface: surface.id, update, timeNs: 0n };
  }
}

test('content that is not drawn yet must not be taken for ready', () => {
  const scene = new Scene();
  scene.outcome(scene.root, scene.commit(scene.root, { acquire: 1n }), 'signalled');
  expect(scene.broken).toBe('content-before-fence');
});

test('content must not be applied before its fence, whatever was said of the fence', () => {
  const scene = new Scene();
  scene.apply(scene.root, scene.commit(scene.root, { acquire: 1n }));
  expect(scene.broken).toBe('content-before-fence');
});

test('failed content must not be shown once its failure could be seen', () => {
  const scene = new Scene();
  const work = new WorkTruth();
  scene.timeline.add(1n, work);
  const update = scene.commit(scene.root, { acquire: 1n });
  scene.judge.settled(true);
  work.end(true);
  scene.apply(scene.root, update);
  expect(scene.broken).toBe('failed-content-shown');
});

test('a failure that the kernel has forgotten may be shown', () => {
  const scene = new Scene();
  const [work, later] = [new WorkTruth(), new WorkTruth()];
  scene.timeline.add(1n, work);
  work.end(true);
  scene.timeline.add(2n, later);
  later.end(false);
  const update = scene.commit(scene.root, { acquire: 1n });
  scene.outcome(scene.root, update, 'signalled');
  scene.apply(scene.root, update);
  scene.judge.settled(true);
  expect(scene.broken).toBeUndefined();
});

test.each(['failed', 'lost'] as const)('good content must not be dropped as %s', (outcome) => {
  const scene = new Scene();
  const work = new WorkTruth();
  scene.timeline.add(1n, work);
  work.end(false);
  scene.outcome(scene.root, scene.commit(scene.root, { acquire: 1n }), outcome);
  expect(scene.broken).toBe('good-content-dropped');
});

test('updates must apply in the order of their commits', () => {
  const scene = new Scene();
  scene.commit(scene.root);
  scene.apply(scene.root, scene.commit(scene.root));
  expect(scene.broken).toBe('updates-out-of-order');
});

test('an update must not be discarded while its surface lives', () => {
  const scene = new Scene();
  scene.discard(scene.root, scene.commit(scene.root));
  expect(scene.broken).toBe('updates-out-of-order');
});

test('a tree must not be seen half applied', () => {
  const scene = new Scene();
  scene.commit(scene.child);
  scene.apply(scene.root, scene.commit(scene.root));
  scene.judge.settled(false);
  expect(scene.broken).toBe('torn-tree');
});

test('the screen must show what was applied, and only that', () => {
  const scene = new Scene();
  scene.apply(scene.root, scene.commit(scene.root));
  scene.show(COLOUR + 2, BACKGROUND);
  expect(scene.broken).toBeUndefined();
  scene.show(COLOUR + 1, BACKGROUND);
  expect(scene.broken).toBe('wrong-pixels');
});

test('an update with nothing left to wait for must not be held', () => {
  const scene = new Scene();
  scene.commit(scene.root);
  scene.judge.settled(false);
  expect(scene.broken).toBeUndefined();
  scene.judge.settled(true);
  expect(scene.broken).toBe('ready-update-held');
});

test('a release must not be signalled while its buffer is shown or awaited', () => {
  const scene = new Scene();
  scene.apply(scene.root, scene.commit(scene.root, { release: 5n }));
  scene.judge.signalled(SYNCOBJ, 5n);
  expect(scene.broken).toBe('release-too-early');
});

test('a point that is no release must not be signalled', () => {
  const scene = new Scene();
  scene.judge.signalled(SYNCOBJ, 6n);
  expect(scene.broken).toBe('release-too-early');
});

test('a release must be signalled once, and not more', () => {
  const scene = new Scene();
  scene.apply(scene.root, scene.commit(scene.root, { release: 5n }));
  scene.apply(scene.root, scene.commit(scene.root));
  scene.judge.signalled(SYNCOBJ, 5n);
  scene.judge.audit();
  expect(scene.broken).toBeUndefined();
  scene.judge.signalled(SYNCOBJ, 5n);
  expect(scene.broken).toBe('release-twice');
});

test('a release must be signalled in the end', () => {
  const scene = new Scene();
  scene.apply(scene.root, scene.commit(scene.root, { release: 5n }));
  scene.root.destroy();
  scene.judge.audit();
  expect(scene.broken).toBe('release-lost');
});

test('nobody is owed the release of a commit that was never read', () => {
  const scene = new Scene();
  const truth = new CommitTruth({ serial: 1, nowNs: 0n, content: COLOUR });
  truth.release = { point: 5n, commit: truth, signals: 0, forgiven: false };
  scene.judge.owed(SYNCOBJ, scene.root, truth.release);
  scene.judge.committed(scene.root, truth);
  scene.judge.left(CLIENT);
  scene.judge.audit();
  expect(scene.broken).toBeUndefined();
});
