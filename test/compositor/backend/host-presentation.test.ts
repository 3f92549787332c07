/** Whom to believe about when a frame was seen. */
import { expect, test } from 'vitest';
import type { FrameToShow, Presentation } from '../../../compositor/backend/backend.ts';
import { HostPresentation } from '../../../compositor/backend/host-presentation.ts';

const SEEN: Presentation = { timestampNs: 7n, refreshNs: 16n, sequence: 3n, flags: 1 };

/** Frames that write down when they are said to have been seen. */
function play(): {
  told: string[];
  blanks: bigint[];
  follow(name: string): ReturnType<HostPresentation['follow']>;
} {
  const told: string[] = [];
  const blanks: bigint[] = [];
  const presentation = new HostPresentation(({ timestampNs }) => blanks.push(timestampNs));
  const follow = (name: string): ReturnType<HostPresentation['follow']> =>
    presentation.follow({
      output: { refreshNs: 16n },
      seen: (seen: Presentation | null) =>
        told.push(`${name} ${seen ? `${seen.timestampNs} ${seen.flags}` : 'never'}`),
    } as unknown as FrameToShow);
  return { told, blanks, follow };
}

test('a host that tells is believed, before or after its frame callback', () => {
  const { told, blanks, follow } = play();
  const [first, second] = [follow('a'), follow('b')];
  first.done(5n);
  first.seen(SEEN);
  second.seen({ ...SEEN, timestampNs: 23n });
  second.done(24n);
  for (const name of ['c', 'd', 'e', 'f']) follow(name).done(30n);
  expect(told).toEqual(['a 7 1', 'b 23 1']);
  expect(blanks).toEqual([7n, 23n]);
});

test('of a host that has answered nothing after some frames the frame callbacks are taken, without claims', () => {
  const { told, blanks, follow } = play();
  follow('a').done(5n);
  follow('b').done(6n);
  expect(told).toEqual([]);
  follow('c').done(7n);
  expect(told).toEqual(['a 5 0', 'b 6 0', 'c 7 0']);
  follow('d').done(8n);
  expect(told.at(-1)).toBe('d 8 0');
  expect(blanks).toEqual([]);
});

test('a host that only discards has not answered; one that answers late is believed from then on', () => {
  const { told, follow } = play();
  follow('a').seen(null);
  const frames = ['b', 'c', 'd'].map((name) => follow(name));
  for (const frame of frames) frame.done(5n);
  expect(told).toEqual(['a never', 'b 5 0', 'c 5 0', 'd 5 0']);
  const late = follow('e');
  late.seen(SEEN);
  follow('f').done(9n);
  expect(told.slice(4)).toEqual(['e 7 1']);
});
