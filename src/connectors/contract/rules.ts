/** What every connector promises. The one suite in `test/contract/connector.ts` has a proof of each. */
export const RULES = {
  'missing-is-undefined': 'What does not exist is undefined, not a failure.',
  'put-twice': 'Putting a disk that is there changes nothing, whatever was written to it since.',
  'disk-before-machine':
    'A machine is only created on a complete disk; a disk alone is no machine.',
  'create-twice': 'Creating a machine that is there changes nothing.',
  'power-twice': 'Switching on what is on, or off what is off, is success.',
  'ask-to-shut-down': 'shutdown reaches the guest; its own power-off is seen as off.',
  'work-is-kept': 'What a guest wrote is there after the next power-on and in the disk we get.',
  'disk-while-off': 'A disk is handed out, copied and deleted only while its machine is off: Busy.',
  'delete-missing': 'Deleting what is not there is success.',
  'delete-running': 'Deleting a machine that is on stops it first. Its disk stays.',
  'nothing-left': 'After machine, disk and snapshots are deleted, nothing of the key is listed.',
  'foreign-is-conflict':
    'What another installation owns is not seen, not listed, and never changed: Conflict.',
  'watch-wakes': 'Every change of power is told, also a crash of the machine.',
  'adopt-running': 'A machine outlives its controller and is found by the next one.',
  'crashed-is-off': 'A machine that crashed is off and can be switched on again.',
  'snapshot-stands-alone':
    'A snapshot is complete or absent, cannot be written, and needs neither machine, disk nor source.',
  'one-key-one-machine': 'Calls at the same time under one key make one thing.',
  'crash-anywhere':
    'A controller that ends at any call to the outside is followed by one that ends in the same state.',
  'aborted-does-nothing': 'A verb whose signal has aborted rejects and changes nothing.',
  'hostile-names': 'A key that is no name is refused before anything is touched.',
  'verify-explains': 'verify answers with a reason and a sentence for both checks.',
} as const;

/** The name of a rule. */
export type RuleName = keyof typeof RULES;
