/** What a host is told of a surface that is passed through, beside its pixels. */
import { expect, test } from 'vitest';
import { planLayer } from '../../../compositor/backend/layer-plan.ts';
import type { SurfaceState } from '../../../compositor/surface/surface-state.ts';
import { WpAlphaModifierV1Proxy } from '../../../protocols/generated/alpha-modifier-v1.client.ts';
import { WpContentTypeManagerV1Proxy } from '../../../protocols/generated/content-type-v1.client.ts';
import { WpTearingControlManagerV1Proxy } from '../../../protocols/generated/tearing-control-v1.client.ts';
import { type NestedFixture, withNested } from '../../support/nested-fixture.ts';

const RED = 0xff0000;
const HALF = 0x8000_0000;
const VIDEO = 2;
const ASYNC = 1;

/** Of the one layer in the host. */
function inHost(fixture: NestedFixture): Pick<SurfaceState, 'opacity' | 'contentType' | 'tearing'> {
  const [surface, ...others] = [...fixture.host.surfaces].filter(
    ({ roleName, current }) => roleName === 'wl_subsurface' && current.content,
  );
  if (!surface || others.length > 0) throw new Error('not one layer');
  const { opacity, contentType, tearing } = surface.current;
  return { opacity, contentType, tearing };
}

test('multiplier, content type and tearing follow the client’s', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const { surface } = client.window(100, 80, RED);
    expect(inHost(fixture)).toEqual({ opacity: 1, contentType: 'none', tearing: false });
    const alpha = client.bind(WpAlphaModifierV1Proxy).getSurface(surface);
    const content = client.bind(WpContentTypeManagerV1Proxy).getSurfaceContentType(surface);
    const tearing = client.bind(WpTearingControlManagerV1Proxy).getTearingControl(surface);
    alpha.setMultiplier(HALF);
    content.setContentType(VIDEO);
    tearing.setPresentationHint(ASYNC);
    surface.commit();
    fixture.frames();
    const told = inHost(fixture);
    expect(told).toMatchObject({ contentType: 'video', tearing: true });
    expect(told.opacity).toBeCloseTo(0.5, 6);
    for (const object of [alpha, content, tearing]) object.destroy();
    surface.commit();
    fixture.frames();
    expect(inHost(fixture)).toEqual({ opacity: 1, contentType: 'none', tearing: false });
    expect(fixture.counts.copied).toEqual({});
  });
});

test('a copy has the multiplier in its pixels, and the hints', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const { surface } = client.window(100, 80, RED);
    client.bind(WpAlphaModifierV1Proxy).getSurface(surface).setMultiplier(HALF);
    client.bind(WpContentTypeManagerV1Proxy).getSurfaceContentType(surface).setContentType(VIDEO);
    surface.attach(client.loosePixels(100, 80, new Uint32Array(100 * 80), 1), 0, 0);
    surface.damageBuffer(0, 0, 100, 80);
    surface.commit();
    fixture.frames();
    expect(fixture.counts.copied).toHaveProperty(['memory not sealed']);
    expect(inHost(fixture)).toEqual({ opacity: 1, contentType: 'video', tearing: false });
  });
});

test('a host without multipliers is given a copy of what is translucent', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(100, 80, RED);
    const [toplevel] = fixture.inner.shell.windows;
    const [output] = fixture.inner.outputs;
    if (!toplevel || !output) throw new Error(`no toplevel of wl_surface@${window.surface.id}`);
    const state = toplevel.surface.current;
    const { content } = state;
    if (!content) throw new Error('it shows nothing');
    const item = { surface: toplevel.surface, state: { ...state, opacity: 0.5 }, x: 0, y: 0 };
    const plan = (alphaModifier: object | null) =>
      planLayer(item, content.content, output, { alphaModifier });
    expect(plan(null)).toEqual({ type: 'copy', reason: 'opacity' });
    expect(plan({})).toMatchObject({ type: 'pass' });
  });
});
