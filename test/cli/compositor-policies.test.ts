/** `syncline compositor`: the policies a user may set. */
import { expect, test } from 'vitest';
import { compositorCommand } from '../../cli/compositor.ts';

async function refusal(...args: string[]): Promise<string> {
  let told = '';
  const command = compositorCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => (told += text) });
  await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrowError();
  return told;
}

test.each([
  ['--failed-fence', 'keep-last-good, show-anyway, disconnect'],
  ['--lost-buffers', 'show, blank'],
])('%s is one of %s', async (option, known) => {
  expect(await refusal(option, 'nonsense', '--', 'true')).toContain(known);
});

test('the defaults show nothing unfinished and keep what is there', () => {
  expect(compositorCommand().opts()).toMatchObject({
    failedFence: 'keep-last-good',
    lostBuffers: 'show',
  });
});
