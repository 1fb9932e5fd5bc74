import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { yamlText } from '../../host/yaml.ts';
import { writeFileAtomic } from '../../host/files.ts';
import { textAt } from '../model/path.ts';

/** What the cluster, the user and the context are called; kubectl may have added others beside them. */
const NAME = 'lamina';

/** What a client needs to reach the server. */
export interface KubeconfigData {
  /** `https://host:port`. */
  readonly server: string;
  /** The authority, PEM. */
  readonly authority: string;
  readonly token: string;
}

/** Writes a kubeconfig that only its owner can read: it holds the token. */
export async function writeKubeconfig(path: string, data: KubeconfigData): Promise<void> {
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: NAME,
        cluster: {
          server: data.server,
          'certificate-authority-data': Buffer.from(data.authority).toString('base64'),
        },
      },
    ],
    users: [{ name: NAME, user: { token: data.token } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: 'default' } }],
    'current-context': NAME,
  };
  await writeFileAtomic(path, yamlText(document), 0o600);
}

const serverIn = textAt(`.clusters[?(@.name=="${NAME}")].cluster.server`);

/** The port that a kubeconfig names; undefined if it is missing, or somebody made something else of it. */
export async function portIn(path: string): Promise<number | undefined> {
  try {
    const server = serverIn(parse(await readFile(path, 'utf8'), { maxAliasCount: 0 }));
    // A URL without a port, and one with the port that https has anyway, look the same here.
    return Number(new URL(server).port) || undefined;
  } catch {
    return undefined;
  }
}
