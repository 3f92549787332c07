/** wp_presentation: each feedback is answered once, by what became of its update. */
import { expect, test } from 'vitest';
import { WpPresentationProxy } from '../../../protocols/generated/presentation-time.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import {
  REFRESH_NS,
  withCompositor,
  type CompositorFixture,
} from '../../support/compositor-fixture.ts';
import type { TestClient } from '../../support/compositor-client.ts';

const NS_PER_SECOND = 1_000_000_000n;

interface Parts {
  readonly fixture: CompositorFixture;
  readonly client: TestClient;
  readonly proxy: WlSurfaceProxy;
  readonly answers: string[];
  /** Commits a buffer with a feedback of this name. */
  commit(name: string, width?: number): void;
}

function withPresentation(run: (parts: Parts) => void): void {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const presentation = client.bind(WpPresentationProxy);
    const answers: string[] = [];
    const commit = (name: string, width = 4): void => {
      presentation.feedback(proxy).handler = {
        presented: (
          _feedback,
          secondsHi,
          secondsLo,
          nanoseconds,
          refresh,
          sequenceHi,
          sequenceLo,
        ) => {
          const seconds = (BigInt(secondsHi) << 32n) | BigInt(secondsLo);
          const timeNs = seconds * NS_PER_SECOND + BigInt(nanoseconds);
          const exact = timeNs === fixture.clock.nowNs() && BigInt(refresh) === REFRESH_NS;
          answers.push(`${name} presented ${sequenceHi}:${sequenceLo} ${exact}`);
        },
        discarded: () => answers.push(`${name} discarded`),
      };
      proxy.attach(client.shmBuffer(width, 1).proxy, 0, 0);
      proxy.commit();
    };
    run({ fixture, client, proxy, answers, commit });
  });
}

test('presented with the time, refresh and sequence of the frame it was in', () => {
  withPresentation(({ fixture, answers, commit }) => {
    commit('a');
    fixture.frame();
    fixture.frame();
    commit('b');
    fixture.frame();
    expect(answers).toEqual(['a presented 0:1 true', 'b presented 0:3 true']);
  });
});

test('discarded when superseded before the frame, or when the surface goes', () => {
  withPresentation(({ fixture, proxy, client, answers, commit }) => {
    commit('a');
    commit('b');
    fixture.settle();
    expect(answers).toEqual(['a discarded']);
    proxy.destroy();
    expect(client.settle()).toBeUndefined();
    expect(answers).toEqual(['a discarded', 'b discarded']);
  });
});

test('not answered while its update waits for a fence', () => {
  withPresentation(({ fixture, client, proxy, answers, commit }) => {
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(client.timeline().proxy, 0, 1);
    commit('a');
    fixture.frame();
    expect(answers).toEqual([]);
    acquire.signal(1n);
    fixture.frame();
    expect(answers).toEqual(['a presented 0:2 true']);
  });
});

test('the clock is CLOCK_MONOTONIC', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    let clock: number | undefined;
    client.bind(WpPresentationProxy).handler = {
      clockId: (_proxy, id) => {
        clock = id;
      },
    };
    client.settle();
    expect(clock).toBe(1);
  });
});
