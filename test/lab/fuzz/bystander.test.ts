/** The bystander notices when the server stops serving it. */
import { expect, test } from 'vitest';
import { Bystander } from '../../../lab/fuzz/bystander.ts';
import { createCompositorTarget } from '../../../lab/fuzz/compositor-target.ts';
import type { FuzzTarget } from '../../../lab/fuzz/target.ts';

/** Runs `body` with a compositor and its bystander. */
function withBystander(body: (bystander: Bystander, target: FuzzTarget) => void): void {
  const target = createCompositorTarget();
  const bystander = new Bystander(target);
  try {
    body(bystander, target);
  } finally {
    bystander.dispose();
    target.dispose();
  }
}

test('round trips and frames come back from a healthy server', () => {
  withBystander((bystander) => {
    expect(bystander.roundTrip()).toBeUndefined();
    for (let frame = 0; frame < 3; frame++) expect(bystander.frame()).toBeUndefined();
  });
});

test('no frames when time stands still', () => {
  withBystander((bystander, target) => {
    expect(bystander.roundTrip()).toBeUndefined();
    target.advance = () => undefined;
    expect(bystander.frame()).toBe('no frame of its window within 12 turns');
  });
});

test('no answer after it was cut', () => {
  withBystander((bystander, target) => {
    expect(bystander.roundTrip()).toBeUndefined();
    for (const client of target.display.clients) client.disconnect();
    expect(bystander.roundTrip()).toBeDefined();
  });
});
