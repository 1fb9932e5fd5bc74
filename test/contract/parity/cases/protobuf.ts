import { asking, get, post, remove, type Ask, type Group } from '../case.ts';
import { CONFIG_MAPS, NAMESPACES, OS_LAYERS, SECRETS } from '../objects.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** A field of protobuf that holds bytes; all that is needed here is shorter than 128 of them. */
function bytes(number: number, content: string | Uint8Array): Uint8Array {
  const buffer = Buffer.from(content);
  return Buffer.from([number * 8 + 2, buffer.length, ...buffer]);
}

function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

/** A message in the envelope that tells its type. */
function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const type = message(bytes(1, apiVersion), bytes(2, kind));
  return message(Buffer.from('k8s\0'), bytes(1, type), bytes(2, raw));
}

function sent(path: string, body: Uint8Array, accept = 'application/json'): Ask {
  return post(path, body, { headers: { 'content-type': PROTOBUF, accept } });
}

const NAMED = bytes(1, bytes(1, 'a'));
const ENTRY = bytes(2, message(bytes(1, 'k'), bytes(2, 'v')));

/** Bodies as Go clients send them; the answers are asked for as JSON. */
export const PROTOBUF_BODIES: Group = {
  name: 'protobuf',
  cases: [
    asking(
      'a ConfigMap',
      sent(CONFIG_MAPS, envelope('v1', 'ConfigMap', message(NAMED, ENTRY))),
      get(`${CONFIG_MAPS}/a`),
    ),
    asking(
      'a Secret',
      sent(SECRETS, envelope('v1', 'Secret', message(NAMED, ENTRY))),
      get(`${SECRETS}/a`),
    ),
    asking('a Namespace without a name', sent(NAMESPACES, envelope('v1', 'Namespace', message()))),
    asking(
      'another kind than that of the path',
      sent(CONFIG_MAPS, envelope('v1', 'Secret', message(NAMED))),
    ),
    asking(
      'what is no envelope',
      sent(CONFIG_MAPS, Buffer.from('k8s')),
      sent(CONFIG_MAPS, Buffer.from('{"kind":"ConfigMap"}')),
      sent(CONFIG_MAPS, message()),
    ),
    asking(
      'bytes that end too early',
      sent(CONFIG_MAPS, envelope('v1', 'ConfigMap', message(NAMED, ENTRY)).slice(0, -2)),
    ),
    asking('not for our kinds', sent(OS_LAYERS, envelope('lamina.dev/v1alpha1', 'OSLayer', NAMED))),
    asking(
      'DeleteOptions',
      sent(CONFIG_MAPS, envelope('v1', 'ConfigMap', NAMED)),
      remove(`${CONFIG_MAPS}/a`, envelope('v1', 'DeleteOptions', bytes(4, 'Background')), {
        headers: { 'content-type': PROTOBUF },
      }),
    ),
    asking(
      'an answer that may be either',
      sent(CONFIG_MAPS, envelope('v1', 'ConfigMap', NAMED), `application/json,${PROTOBUF}`),
    ),
  ],
};
