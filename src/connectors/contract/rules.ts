/** What every connector promises. The one suite in `test/contract/connector.ts` has a proof of each. */
export const RULES = {
  'missing-is-empty': 'What does not exist is known and empty; to read it is Lost.',
  'upload-twice':
    'Uploading a disk that is there changes nothing, whatever was written to it since.',
  'other-composition':
    'Another composition makes the disk afresh while there is no machine; with one it is a Conflict.',
  'upload-killed-anywhere':
    'An upload that ends at any call to the outside is followed by one that leaves one complete disk.',
  'upload-taken-over':
    'An upload that another one took over fails as a Conflict, and does not mark the disk ready.',
  'disk-before-machine':
    'A machine is only created on a complete disk; a disk alone is no machine.',
  'create-twice': 'Creating a machine that is there changes nothing.',
  'power-twice': 'Switching on what is on, or off what is off, is success.',
  'power-on-only-after':
    'Switching on acts only after the boot that it names: what finished meanwhile is not started again.',
  'ask-to-shut-down': 'shutdown reaches the guest; its own power-off is seen as off.',
  'work-is-kept': 'What a guest wrote is there after the next power-on and in the disk we read.',
  'disk-while-off':
    'A disk is read and copied only while its machine is off, and deleted only after it: Busy.',
  'download-holds-off': 'A machine whose disk is being read is not switched on: Busy.',
  'delete-missing': 'Deleting what is not there is success.',
  'delete-running': 'Deleting a machine that is on stops it first. Its disk stays.',
  'nothing-left': 'After publications, machine and disk are deleted, nothing of the key is known.',
  'foreign-is-conflict':
    'What another installation owns is not seen, not listed, and never changed: Conflict.',
  'marked-copies-untouched':
    'A copy that carries our marks under another name is reported and never touched.',
  'view-never-rejects': 'view and keys answer, whatever they are asked and whatever fails.',
  'unknown-is-not-absent': 'What cannot be looked at is unknown; it is never said to be absent.',
  'sees-what-it-did': 'After a verb is done, the view is not older than it.',
  'watch-wakes': 'New machines and every change of power are told, also a crash.',
  'adopt-running': 'A machine outlives its controller and is found by the next one.',
  'closing-touches-nothing':
    'Opening and closing sessions and connectors, also with another spec, changes no machine.',
  'two-configurations':
    'Connectors of one session, and sessions of one location, see the same and do not disturb each other.',
  'crashed-is-off': 'A machine that crashed is off and can be switched on again.',
  'publish-twice': 'Publishing what is published changes nothing; each revision is for itself.',
  'publish-what-was-judged':
    'A disk that was booted since it was judged, or that is refused when it is looked at again, is not published.',
  'published-outlives-everything':
    'A publication is complete or absent, and needs no source; where it is not the machine itself, neither that nor its disk.',
  'one-key-one-machine': 'Calls at the same time under one key make one thing.',
  'crash-anywhere':
    'A controller that ends at any call to the outside is followed by one that ends in the same state.',
  'aborted-does-nothing': 'A verb whose signal has aborted rejects and changes nothing.',
  'hostile-names': 'A key that is no name is refused before anything is touched.',
  'handles-that-die': 'A handle that nobody knows is gone, not a failure.',
  'describe-is-short': 'describe gives a sentence and few clean lines, also of what is not there.',
  'verify-explains': 'verify answers with a reason and a sentence for both checks.',
} as const;

/** The name of a rule. */
export type RuleName = keyof typeof RULES;
