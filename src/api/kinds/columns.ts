import type { ConditionDoc, PrinterColumn } from '../kind.ts';

/** The Ready condition's status. */
export const READY: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether the newest spec is fully reconciled.',
};

/** The Ready condition's message. */
export const STATUS: PrinterColumn = {
  name: 'Status',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: 'What is going on, in a sentence.',
};

/** The stage people see. */
export const STAGE: PrinterColumn = {
  name: 'Stage',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'The stage of the work.',
};

/** Age of the object. */
export const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
};

/** What to act on. */
export const ACTION: PrinterColumn = {
  name: 'Action',
  type: 'string',
  jsonPath: '.status.action.gate',
  description: 'What a person must do now.',
};

/** How far the running job is. */
export const PROGRESS: PrinterColumn = {
  name: 'Progress',
  type: 'integer',
  jsonPath: '.status.progress.percent',
  description: 'Percent of the running job.',
};

/** The condition that tells of a person's turn. */
export const ACTION_REQUIRED: ConditionDoc = {
  type: 'ActionRequired',
  meaning: 'A person must act now; absent otherwise. status.action says what and where.',
  reasons: {
    InstallSoftware: 'A machine waits for a person to install software and to shut it down.',
    ResolveIntegrity: 'The machine was shut down, but something must be put right first.',
    InstallFailed:
      'An unattended step failed, or the machine died too often; it is kept for a look.',
    MachineLost: 'The machine that a person worked in is gone from the platform.',
    ApproveFinalize: 'The version is clean and waits for approval.',
  },
};

/** Tells of versions that were removed from the spec and may not go yet. */
export const RETAINED: ConditionDoc = {
  type: 'Retained',
  meaning: 'A version was removed from the spec but is still used; absent otherwise.',
  reasons: { InUse: 'The message lists the versions and who uses them.' },
};

/** Whether a layer can be used at all. */
export const LAYER_AVAILABLE: ConditionDoc = {
  type: 'Available',
  meaning: 'A version of the layer is Deployable, whatever its newest versions do.',
  reasons: {
    Deployable: 'The message names the last one that is.',
    NothingDeployable: 'No version has been made yet.',
  },
};

/** Ready of the three layer kinds. */
export const LAYER_READY: ConditionDoc = {
  type: 'Ready',
  meaning: 'The spec is accepted and the version of every channel is Deployable.',
  reasons: {
    Ready: 'Every channel points at a Deployable version.',
    Progressing: 'A version that a channel points at is in work.',
    ActionRequired: 'A version that a channel points at waits for a person.',
    VersionFrozen: 'A Deployable version was changed in the spec: add a new one instead.',
    InvalidSpec: 'The spec contradicts itself, as with a cycle; the message says where.',
    VersionStalled: 'A version that a channel points at cannot be made; its LayerVersion says why.',
  },
};
