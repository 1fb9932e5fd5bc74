import { fileURLToPath } from 'node:url';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';

const SCRIPT = fileURLToPath(new URL('few-files.ts', import.meta.url));

describe('a process without free descriptors', () => {
  it('says so, lives on, and works again when there are some', async () => {
    await using folder = await temporaryFolder();
    const limit = '--nofile=64:64';
    const args = [limit, process.execPath, '--disable-warning=ExperimentalWarning', SCRIPT];
    const { stdout } = await run('prlimit', [...args, folder.path], { timeoutMs: PATIENCE_MS });
    const { none, few, afterwards } = JSON.parse(stdout) as Record<string, unknown[]>;
    expect(none).toEqual(['TooManyFiles', 'TooManyFiles', 'TooManyFiles', 'TooManyFiles']);
    // Whatever is missing at whichever point, it comes to a failure that is tried again.
    expect(few).toHaveLength(11);
    expect(new Set(few?.flat())).toEqual(
      new Set(['TooManyFiles', 'RepositoryUnreachable', 'well']),
    );
    // The last two get as far as without any trouble: nobody answers there, and nothing is configured.
    expect(afterwards).toEqual(['well', 'well', 'RepositoryUnreachable', 'NoMachinesFolder']);
  });
});
