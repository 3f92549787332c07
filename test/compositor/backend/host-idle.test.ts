/** Who wants the screen kept awake inside has the host keep it awake. */
import { expect, test } from 'vitest';
import { ZwpIdleInhibitManagerV1Proxy } from '../../../protocols/generated/idle-inhibit-unstable-v1.client.ts';
import { type NestedFixture, withNested } from '../../support/nested-fixture.ts';

function hostIsKeptAwake({ host }: NestedFixture): boolean {
  const [output] = host.outputs;
  return output !== undefined && host.desktop.idleInhibitors.inhibits(output);
}

for (const mode of ['composited', 'pass-through'] as const) {
  test(`as long as its surface is seen and its inhibitor lives (${mode})`, async () => {
    await withNested({ mode }, (fixture) => {
      const client = fixture.connect();
      const manager = client.bind(ZwpIdleInhibitManagerV1Proxy);
      const surface = client.createWindow();
      const inhibitor = manager.createInhibitor(surface.surface);
      fixture.frames();
      expect(hostIsKeptAwake(fixture)).toBe(false);
      surface.surface.commit();
      fixture.settle();
      client.draw(surface, 40, 30);
      fixture.frames();
      expect(hostIsKeptAwake(fixture)).toBe(true);
      const second = manager.createInhibitor(surface.surface);
      inhibitor.destroy();
      fixture.settle();
      expect(hostIsKeptAwake(fixture)).toBe(true);
      second.destroy();
      fixture.settle();
      expect(hostIsKeptAwake(fixture)).toBe(false);
      manager.createInhibitor(surface.surface);
      fixture.settle();
      expect(hostIsKeptAwake(fixture)).toBe(true);
      surface.surface.attach(null, 0, 0);
      surface.surface.commit();
      fixture.frames();
      expect(hostIsKeptAwake(fixture)).toBe(false);
    });
  });
}

test('and no longer than its client', async () => {
  await withNested({ mode: 'composited' }, (fixture) => {
    const client = fixture.connect();
    const { surface } = client.window(40, 30, 0xff0000);
    client.bind(ZwpIdleInhibitManagerV1Proxy).createInhibitor(surface);
    fixture.settle();
    expect(hostIsKeptAwake(fixture)).toBe(true);
    client.close();
    fixture.settle();
    expect(hostIsKeptAwake(fixture)).toBe(false);
  });
});
