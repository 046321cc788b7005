import { expect, it } from 'vitest';
import { textBytes, writeTogether } from '../../src/cli/files.js';
import { folder } from './harness.js';

it('files written together are all there, or none where one cannot be written', async () => {
  const files = folder();
  const bytes = [textBytes('content')];
  const second = files.path('folder/second');
  await expect(
    writeTogether([
      [files.path('first'), bytes],
      [second, bytes],
    ]),
  ).rejects.toMatchObject({ code: 'ENOENT' });
  expect(files.list()).toEqual([]);
  await writeTogether([
    [files.path('first'), bytes],
    [files.path('second'), bytes],
  ]);
  expect(files.list()).toEqual(['first', 'second']);
});
