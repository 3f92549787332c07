import { expect, test } from 'vitest';
import { Lifetime } from '../../native/lifetime.ts';

test('what is owned is given back in reverse, once, whatever it is', () => {
  const order: string[] = [];
  const lifetime = new Lifetime();
  lifetime.add(() => order.push('function'));
  lifetime.add({ close: () => order.push('close') });
  lifetime.add({ unsubscribe: () => order.push('unsubscribe') });
  lifetime.add({ dispose: () => order.push('dispose') });
  lifetime.dispose();
  lifetime.dispose();
  expect(order).toEqual(['dispose', 'unsubscribe', 'close', 'function']);
  expect(lifetime.disposed).toBe(true);
});

test('what comes too late is given back at once', () => {
  const lifetime = new Lifetime();
  lifetime.dispose();
  let closed = 0;
  lifetime.add({ close: () => closed++ });
  expect(closed).toBe(1);
});

test('what is added while disposing is given back too', () => {
  const order: string[] = [];
  const lifetime = new Lifetime();
  lifetime.add(() => order.push('first'));
  lifetime.add(() => {
    order.push('second');
    lifetime.add(() => order.push('late'));
  });
  lifetime.dispose();
  expect(order).toEqual(['second', 'late', 'first']);
});

test('what is removed is left alone', () => {
  let closed = 0;
  const lifetime = new Lifetime();
  const owned = lifetime.add({ close: () => closed++ });
  lifetime.remove(owned);
  lifetime.remove(owned);
  lifetime.dispose();
  lifetime.remove(owned);
  expect(closed).toBe(0);
});

test('a failing item is reported and keeps no other', () => {
  const errors: unknown[] = [];
  const order: string[] = [];
  const lifetime = new Lifetime((error) => errors.push(error));
  lifetime.add(() => order.push('first'));
  lifetime.add(() => {
    throw new Error('second');
  });
  lifetime.add(() => order.push('third'));
  lifetime.dispose();
  expect(order).toEqual(['third', 'first']);
  expect(errors).toEqual([new Error('second')]);
});
