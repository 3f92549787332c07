/** Small per-surface protocols: single-pixel buffers, alpha, content type, tearing. */
import { expect, test } from 'vitest';
import { WpAlphaModifierV1Proxy } from '../../../protocols/generated/alpha-modifier-v1.client.ts';
import {
  WpAlphaModifierSurfaceV1Error,
  WpAlphaModifierV1Error,
} from '../../../protocols/generated/alpha-modifier-v1.interfaces.ts';
import { WpContentTypeManagerV1Proxy } from '../../../protocols/generated/content-type-v1.client.ts';
import { WpContentTypeManagerV1Error } from '../../../protocols/generated/content-type-v1.interfaces.ts';
import { WpSinglePixelBufferManagerV1Proxy } from '../../../protocols/generated/single-pixel-buffer-v1.client.ts';
import { WpTearingControlManagerV1Proxy } from '../../../protocols/generated/tearing-control-v1.client.ts';
import { WpTearingControlManagerV1Error } from '../../../protocols/generated/tearing-control-v1.interfaces.ts';
import { WpViewporterProxy } from '../../../protocols/generated/viewporter.client.ts';
import { withCompositor } from '../../support/compositor-fixture.ts';

test('a single-pixel buffer is a colour, stretched by a viewport, synchronized like any other', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const manager = client.bind(WpSinglePixelBufferManagerV1Proxy);
    const buffer = manager.createU32RgbaBuffer(0x8000_0000, 0, 0xffff_ffff, 0xffff_ffff);
    client.bind(WpViewporterProxy).getViewport(proxy).setDestination(30, 20);
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(client.timeline().proxy, 0, 1);
    proxy.attach(buffer, 0, 0);
    proxy.commit();
    client.settle();
    expect(surface.mapped).toBe(false);
    acquire.signal(1n);
    expect(client.settle()).toBeUndefined();
    const { content, width, height } = surface.current;
    expect([width, height]).toEqual([30, 20]);
    expect(content?.content).toMatchObject({ kind: 'solid', opaque: true, width: 1, height: 1 });
    let pixel: number[] = [];
    content?.content.read(({ bytes }) => {
      pixel = [...new Uint8Array(bytes)];
    });
    expect(pixel).toEqual([0xff, 0, 0x80, 0xff]);
  });
});

test('alpha modifier: pending until commit, opaque again when destroyed, errors', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const manager = client.bind(WpAlphaModifierV1Proxy);
    const modifier = manager.getSurface(proxy);
    modifier.setMultiplier(0);
    client.settle();
    expect(surface.current.opacity).toBe(1);
    proxy.commit();
    client.settle();
    expect(surface.current.opacity).toBe(0);
    modifier.destroy();
    proxy.commit();
    client.settle();
    expect(surface.current.opacity).toBe(1);
    const second = manager.getSurface(proxy);
    proxy.destroy();
    second.setMultiplier(1);
    expect(client.settle()).toMatchObject({
      object: second.id,
      code: WpAlphaModifierSurfaceV1Error.noSurface,
    });
  });
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const manager = client.bind(WpAlphaModifierV1Proxy);
    manager.getSurface(proxy);
    manager.getSurface(proxy);
    expect(client.settle()).toMatchObject({
      object: manager.id,
      code: WpAlphaModifierV1Error.alreadyConstructed,
    });
  });
});

test('content type and tearing hints follow commits, end with their objects, and come once a surface', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const contentType = client.bind(WpContentTypeManagerV1Proxy).getSurfaceContentType(proxy);
    const tearing = client.bind(WpTearingControlManagerV1Proxy).getTearingControl(proxy);
    contentType.setContentType(3);
    tearing.setPresentationHint(1);
    proxy.commit();
    client.settle();
    expect(surface.current).toMatchObject({ contentType: 'game', tearing: true });
    contentType.destroy();
    tearing.destroy();
    proxy.commit();
    client.settle();
    expect(surface.current).toMatchObject({ contentType: 'none', tearing: false });
  });
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const manager = client.bind(WpContentTypeManagerV1Proxy);
    manager.getSurfaceContentType(proxy);
    manager.getSurfaceContentType(proxy);
    expect(client.settle()).toMatchObject({
      object: manager.id,
      code: WpContentTypeManagerV1Error.alreadyConstructed,
    });
  });
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const manager = client.bind(WpTearingControlManagerV1Proxy);
    manager.getTearingControl(proxy);
    manager.getTearingControl(proxy);
    expect(client.settle()).toMatchObject({
      object: manager.id,
      code: WpTearingControlManagerV1Error.tearingControlExists,
    });
  });
});
