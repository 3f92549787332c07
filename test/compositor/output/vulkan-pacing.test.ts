/** A client that paces itself with fifo-v1, commit-timing-v1 and presentation-time at once, as Mesa's Vulkan swapchains do. */
import { expect, test } from 'vitest';
import { WpCommitTimingManagerV1Proxy } from '../../../protocols/generated/commit-timing-v1.client.ts';
import { WpFifoManagerV1Proxy } from '../../../protocols/generated/fifo-v1.client.ts';
import { WpPresentationProxy } from '../../../protocols/generated/presentation-time.client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** Targets lie a bit before the vertical blank they mean. */
const SLACK_NS = 500_000n;
const FRAMES = 60;

test('each image is on screen for one refresh cycle, none is skipped, none repeated', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    fixture.frames();
    const fifo = client.bind(WpFifoManagerV1Proxy).getFifo(window.surface);
    const timer = client.bind(WpCommitTimingManagerV1Proxy).getTimer(window.surface);
    const presentation = client.bind(WpPresentationProxy);
    const presentedAtNs: bigint[] = [];
    const sequences: number[] = [];
    let refreshNs = 0n;
    let committed = 0;

    const present = (targetNs: bigint | null): void => {
      committed++;
      presentation.feedback(window.surface).handler = {
        presented: (_, secondsHi, secondsLo, nanoseconds, refresh, __, sequence) => {
          const seconds = (BigInt(secondsHi) << 32n) | BigInt(secondsLo);
          presentedAtNs.push(seconds * NS_PER_SECOND + BigInt(nanoseconds));
          sequences.push(sequence);
          refreshNs = BigInt(refresh);
        },
        discarded: () => sequences.push(-1),
      };
      if (targetNs !== null) {
        const seconds = targetNs / NS_PER_SECOND;
        const low = Number(seconds & 0xffff_ffffn);
        timer.setTimestamp(Number(seconds >> 32n), low, Number(targetNs % NS_PER_SECOND));
      }
      fifo.setBarrier();
      fifo.waitBarrier();
      client.draw(window, 20, 20, committed);
      // An empty update behind each image: the next image cannot replace it in one refresh cycle.
      fifo.waitBarrier();
      window.surface.commit();
      fixture.settle();
    };

    // Two images on their way at most: of three, one is on screen.
    present(null);
    present(null);
    while (presentedAtNs.length < FRAMES) {
      const seen = presentedAtNs.length;
      fixture.advance(1_000_000n);
      for (const timeNs of presentedAtNs.slice(seen)) present(timeNs + 2n * refreshNs - SLACK_NS);
      if (fixture.clock.nowNs() > 10n * NS_PER_SECOND) break;
    }
    const [first = 0] = sequences;
    expect(sequences.slice(0, FRAMES)).toEqual(Array.from({ length: FRAMES }, (_, i) => first + i));
  });
});
