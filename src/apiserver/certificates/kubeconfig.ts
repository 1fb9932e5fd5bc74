import { stringify } from 'yaml';
import { writeFileAtomic } from '../../host/files.ts';

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
        name: 'lamina',
        cluster: {
          server: data.server,
          'certificate-authority-data': Buffer.from(data.authority).toString('base64'),
        },
      },
    ],
    users: [{ name: 'lamina', user: { token: data.token } }],
    contexts: [
      { name: 'lamina', context: { cluster: 'lamina', user: 'lamina', namespace: 'default' } },
    ],
    'current-context': 'lamina',
  };
  await writeFileAtomic(path, stringify(document, { lineWidth: 0 }), 0o600);
}
