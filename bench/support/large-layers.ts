import type { ApiObject } from '../../src/api/object.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { appLayer } from './objects.ts';

/** The kind of all objects here. */
export const LAYERS = resourceOf('AppLayer');
/** How long each is as JSON, as people send it. */
const BYTES = 4096;
const STEPS = 6;

const WORDS =
  'msiexec /i /qn %LAMINA_MEDIA% ALLUSERS=1 REBOOT=ReallySuppress reg add HKLM Software Policies /v /t REG_DWORD /d /f ' +
  'copy settings.xml ProgramData schtasks /delete /tn Updater sc config start= disabled netsh advfirewall rule';
const TEXT = WORDS.split(' ');

/** Commands that differ from object to object, of so many characters. */
function commands(seed: number, length: number): string {
  let text = '';
  for (let at = seed; text.length < length; at += 7 + (at % 5)) {
    text += `${TEXT[at % TEXT.length]}${at % 3 === 0 ? `-${at}` : ''} `;
  }
  return text.slice(0, Math.max(0, length));
}

/**
 * An application whose installation is written down in full. Its operating system is not there, so
 * controllers only say what it waits for, and build nothing.
 */
export function largeLayer(name: string, seed: number, namespace = 'default'): ApiObject {
  const bare = appLayer(name, 'not-there');
  const withSteps = (texts: readonly string[]): ApiObject => {
    const install = { steps: texts.map((run) => ({ run })) };
    const versions = [{ name: '1', osVersion: '1', install }];
    const spec = { ...(bare.spec as object), displayName: `Application ${name}`, versions };
    return { ...bare, metadata: { ...bare.metadata, namespace }, spec };
  };
  const blank = withSteps(Array.from({ length: STEPS }, () => ''));
  const room = BYTES - JSON.stringify(blank).length;
  const [each, rest] = [Math.floor(room / STEPS), room % STEPS];
  return withSteps(
    Array.from({ length: STEPS }, (_, step) =>
      commands(seed + step, each + (step === 0 ? rest : 0)),
    ),
  );
}

/** Layers `layer-FIRST` to the one before `layer-END`. */
export function* largeLayers(
  first: number,
  end: number,
  namespace?: string,
): Generator<ApiObject, void, undefined> {
  for (let number = first; number < end; number += 1) {
    yield largeLayer(`layer-${number}`, number, namespace);
  }
}
