/** When explicit sync is offered, on which devices, and what import_timeline refuses. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { InvalidTimelineError } from '../../../sync/errors.ts';
import { SyncWorld, inWorld } from '../world.ts';

test(
  'syncobj-device says why it cannot be offered without /dev/syncobj',
  inWorld((world) => {
    const manager = world.manager('syncobj-device');
    expect(manager.available).toBe(false);
    expect(manager.unavailableReason).toBe('strategy syncobj-device finds no device it can use');
  }),
);

test(
  'without SYNCOBJ_EVENTFD nothing is offered, and the reason says so',
  inWorld(
    (world) => {
      expect(world.manager().available).toBe(false);
      expect(world.manager().unavailableReason).toMatch(
        /SYNCOBJ_EVENTFD \(Linux 6.6\) among sim:0/,
      );
    },
    1,
    { eventfd: false },
  ),
);

test(
  'what is no syncobj is an invalid timeline, and its descriptor is closed',
  inWorld((world) => {
    const fd = new OwnedFd(native.eventfd(0));
    expect(() => world.owner().importTimeline(fd)).toThrow(InvalidTimelineError);
    expect(fd.closed).toBe(true);
  }),
);

test('devices$ tells the current devices, then each change, and completes', () => {
  const world = new SyncWorld();
  const manager = world.manager();
  const seen: string[] = [];
  let completed = false;
  const subscription = manager.devices$.subscribe({
    next: (devices) => seen.push(devices.map((device) => device.id).join(' ')),
    error: () => {},
    complete: () => (completed = true),
  });
  world.unplug('sim:0');
  world.plug('sim:0');
  world.end();
  expect(seen).toEqual(['sim:0 sim:1', 'sim:1', 'sim:1 sim:0']);
  expect(completed).toBe(true);
  subscription.unsubscribe();
});
