import { NO_KUBECTL, Kubectl, kubectlPeers } from '../../test/support/kubectl.ts';
import { applyReading } from '../../src/sources/apply.ts';
import { readDirectory } from '../../src/sources/directory.ts';
import { validateSnapshot } from '../../src/sources/validate.ts';
import type { System } from './system.ts';

/** Applies a folder with the newest kubectl that was built, or with our own client where there is none. */
export async function applyFolder(folder: string, system: System): Promise<string> {
  const peer = kubectlPeers().at(-1);
  if (peer === undefined) return applyByClient(folder, system);
  const kubectl = new Kubectl(peer, system.kubeconfig);
  try {
    return (await kubectl.ok(['apply', '-f', folder])).trimEnd();
  } finally {
    kubectl.dispose();
  }
}

async function applyByClient(folder: string, { client }: System): Promise<string> {
  const reading = validateSnapshot(await readDirectory(folder));
  const signal = AbortSignal.timeout(60_000);
  const { applied, problems } = await applyReading(reading, {
    client,
    // The name that `lamina up --source` uses, which takes the objects over later.
    source: 'up',
    signal,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return `${applied} objects applied by our own client (${NO_KUBECTL})`;
}
