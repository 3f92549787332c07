import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Lifetime } from '../../native/lifetime.ts';
import { EPOLLET, EPOLLIN, Poller } from '../../native/poller.ts';

function ready(count: number, lifetime: Lifetime): OwnedFd[] {
  return Array.from({ length: count }, () => lifetime.add(new OwnedFd(native.eventfd(1))));
}

function withLifetime(body: (lifetime: Lifetime) => void): void {
  const lifetime = new Lifetime();
  try {
    body(lifetime);
  } finally {
    lifetime.dispose();
  }
}

test('dispatch calls back in the order of registration', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const order: number[] = [];
    const fds = Array.from({ length: 5 }, () => lifetime.add(new OwnedFd(native.eventfd(0))));
    fds.forEach((fd, index) => poller.watch(fd.fd, EPOLLIN | EPOLLET, () => order.push(index)));
    for (const fd of [...fds].reverse()) native.eventfdWrite(fd.fd, 1n);
    expect(poller.dispatch()).toBe(5);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(poller.dispatch()).toBe(0);
  });
});

test('one dispatch handles all that is ready, in order, however many', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const order: number[] = [];
    const fds = ready(700, lifetime);
    fds.forEach((fd, index) => {
      // Levels and edges mixed: a level comes again within one dispatch and must be told once.
      poller.watch(fd.fd, index % 2 ? EPOLLIN : EPOLLIN | EPOLLET, () => order.push(index));
    });
    expect(poller.dispatch()).toBe(700);
    expect(order).toEqual(fds.map((_, index) => index));
  });
});

test('a watch closed by an earlier callback of the turn is not called', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const [first, second] = ready(2, lifetime);
    const called: string[] = [];
    poller.watch(first?.fd ?? -1, EPOLLIN, () => {
      called.push('first');
      victim.close();
      victim.close();
    });
    const victim = poller.watch(second?.fd ?? -1, EPOLLIN, () => called.push('second'));
    poller.dispatch();
    expect(called).toEqual(['first']);
    expect(poller.size).toBe(1);
  });
});

test('a callback that throws costs nobody their edge, nor the end of the turn', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const called: string[] = [];
    const [first, second] = ready(2, lifetime);
    poller.watch(first?.fd ?? -1, EPOLLIN | EPOLLET, () => {
      throw new Error('first fails');
    });
    poller.watch(second?.fd ?? -1, EPOLLIN | EPOLLET, () => called.push('second'));
    poller.onTurnEnd(() => called.push('end'));
    expect(() => poller.dispatch()).toThrow('first fails');
    expect(called).toEqual(['second', 'end']);
  });
});

test('a callback may dispatch, watch and close the poller', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const called: string[] = [];
    const [first, second, third] = ready(3, lifetime);
    poller.watch(first?.fd ?? -1, EPOLLIN | EPOLLET, () => {
      called.push('first');
      poller.watch(third?.fd ?? -1, EPOLLIN | EPOLLET, () => {
        called.push('third');
        poller.close();
      });
      poller.dispatch();
    });
    poller.watch(second?.fd ?? -1, EPOLLIN | EPOLLET, () => called.push('second'));
    poller.dispatch();
    expect(called).toEqual(['first', 'third']);
    expect(poller.size).toBe(0);
  });
});

test.each([2 ** 31 - 1, -1])('members past the number %d are called like any other', (firstId) => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller({ firstId }));
    const seen: number[] = [];
    const watches = ready(3, lifetime).map((fd, index) =>
      poller.watch(fd.fd, EPOLLIN, () => seen.push(index)),
    );
    expect(poller.dispatch()).toBe(3);
    expect(new Set(seen)).toEqual(new Set([0, 1, 2]));
    watches[1]?.close();
    expect(poller.dispatch()).toBe(2);
    expect(new Set(seen.slice(3))).toEqual(new Set([0, 2]));
  });
});

test('modify changes the awaited events, until the watch is closed', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const [fd] = ready(1, lifetime);
    let calls = 0;
    const watch = poller.watch(fd?.fd ?? -1, 0, () => calls++);
    expect(poller.dispatch()).toBe(0);
    watch.modify(EPOLLIN);
    expect(poller.dispatch()).toBe(1);
    watch.close();
    watch.modify(EPOLLIN);
    expect(poller.dispatch()).toBe(0);
    expect(calls).toBe(1);
  });
});

test('a turn by hand is one of the loop, with its end', () => {
  withLifetime((lifetime) => {
    const poller = lifetime.add(new Poller());
    const fd = lifetime.add(new OwnedFd(native.eventfd(0)));
    const seen: string[] = [];
    poller.watch(fd.fd, EPOLLIN | EPOLLET, () => {
      seen.push('callback');
      queueMicrotask(() => seen.push('microtask'));
    });
    poller.onTurnEnd(() => seen.push('end'));
    expect(poller.turn()).toBe(false);
    native.eventfdWrite(fd.fd, 1n);
    expect([poller.turn(), poller.turn()]).toEqual([true, false]);
    // Those of a running script come after it.
    expect(seen).toEqual(['callback', 'end']);
  });
});

test('on the loop, each turn ends with its callbacks', async () => {
  const poller = new Poller();
  using fd = new OwnedFd(native.eventfd(0));
  const called: string[] = [];
  poller.watch(fd.fd, EPOLLIN | EPOLLET, () => called.push('event'));
  const remove = poller.onTurnEnd(() => called.push('end'));
  poller.start({ ref: false });
  for (let turn = 0; turn < 2; turn++) {
    native.eventfdWrite(fd.fd, 1n);
    await expect.poll(() => called.filter((what) => what === 'end').length).toBe(turn + 1);
  }
  remove();
  poller.stop();
  expect(called).toEqual(['event', 'end', 'event', 'end']);
  poller.close();
  poller.close();
  poller.stop();
});
