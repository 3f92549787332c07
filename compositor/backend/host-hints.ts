/** What a surface in the host is told beside its pixels, as far as the host wants to know it. */
import type { WpAlphaModifierSurfaceV1Proxy } from '../../protocols/generated/alpha-modifier-v1.client.ts';
import type { WpContentTypeV1Proxy } from '../../protocols/generated/content-type-v1.client.ts';
import { WpContentTypeV1Type } from '../../protocols/generated/content-type-v1.interfaces.ts';
import type { WpTearingControlV1Proxy } from '../../protocols/generated/tearing-control-v1.client.ts';
import { WpTearingControlV1PresentationHint } from '../../protocols/generated/tearing-control-v1.interfaces.ts';
import type { WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { SurfaceState } from '../surface/surface-state.ts';
import type { HostConnection } from './host-connection.ts';

export type Hints = Pick<SurfaceState, 'opacity' | 'contentType' | 'tearing'>;

/** wp_alpha_modifier_surface_v1.set_multiplier: a factor of 1. */
const OPAQUE = 0xffff_ffff;
/** What a surface is of which nothing was told. */
const UNTOLD: Hints = { opacity: 1, contentType: 'none', tearing: false };

/** Each protocol's object is made when there is first something to tell by it. */
export class HostHints {
  readonly #host: HostConnection;
  readonly #surface: WlSurfaceProxy;
  #told = UNTOLD;
  #alpha: WpAlphaModifierSurfaceV1Proxy | undefined;
  #contentType: WpContentTypeV1Proxy | undefined;
  #tearing: WpTearingControlV1Proxy | undefined;

  constructor(host: HostConnection, surface: WlSurfaceProxy) {
    this.#host = host;
    this.#surface = surface;
  }

  /** Whether there was anything new, in effect with the surface's next commit. */
  tell({ opacity, contentType, tearing }: Hints): boolean {
    const { alphaModifier, contentTypes, tearingControl } = this.#host;
    const before = this.#told;
    this.#told = { opacity, contentType, tearing };
    if (opacity !== before.opacity) {
      this.#alpha ??= alphaModifier?.getSurface(this.#surface);
      this.#alpha?.setMultiplier(Math.round(opacity * OPAQUE));
    }
    if (contentType !== before.contentType) {
      this.#contentType ??= contentTypes?.getSurfaceContentType(this.#surface);
      this.#contentType?.setContentType(WpContentTypeV1Type[contentType]);
    }
    if (tearing !== before.tearing) {
      const { async, vsync } = WpTearingControlV1PresentationHint;
      this.#tearing ??= tearingControl?.getTearingControl(this.#surface);
      this.#tearing?.setPresentationHint(tearing ? async : vsync);
    }
    return (
      opacity !== before.opacity || contentType !== before.contentType || tearing !== before.tearing
    );
  }

  /** Before the surface goes. */
  dispose(): void {
    this.#alpha?.destroy();
    this.#contentType?.destroy();
    this.#tearing?.destroy();
  }
}
