import { expect, test } from 'vitest';
import { dependenciesIn } from '../../../lab/kernel/module-order.ts';

/** A .modinfo section among other bytes. */
function moduleWith(...strings: string[]): Buffer {
  return Buffer.from(`\x7fELF…\0${strings.join('\0')}\0rest`);
}

test('dependencies are read from the depends line, spelled as the kernel spells modules', () => {
  const module = moduleWith('license=GPL', 'depends=drm,virtio-dma-buf,drm_kms_helper', 'name=x');
  expect(dependenciesIn(module)).toEqual(['drm', 'virtio_dma_buf', 'drm_kms_helper']);
});

test('a module without dependencies has none', () => {
  expect(dependenciesIn(moduleWith('depends=', 'name=x'))).toEqual([]);
  expect(dependenciesIn(moduleWith('name=x'))).toEqual([]);
});

test('text that merely ends like a depends line is none', () => {
  expect(dependenciesIn(moduleWith('softdepends=a', 'description=depends=b'))).toEqual([]);
});
