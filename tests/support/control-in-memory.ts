// Models, runs and labelling for a gateway under test: one model with two versions, one run, and
// two events that nobody labelled.
import type { GatewayOptions } from '../../gateway/app.ts'
import type { ModelChange, ModelControl } from '../../gateway/models/model-control.ts'
import type { ShownRun } from '../../gateway/runs/run-reader.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import type { Manifest } from '../../models/store/manifest.ts'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import type { LabellingCandidate } from '../../schemas/ports/labelling-reader.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** What the gateway is given to control; every call to a changing function is in `changes`. */
export function controlInMemory(
  changes: object[] = [],
  entries: AuditEntry[] = [],
): Pick<GatewayOptions, 'registry' | 'runs' | 'labelling' | 'audit'> {
  return {
    registry: modelsInMemory(changes),
    audit: {
      write: (entry) => {
        entries.push(entry)
        return Promise.resolve()
      },
      list: () => Promise.resolve([...entries].reverse()),
    },
    runs: {
      list: ({ kind }) =>
        Promise.resolve({ runs: kind === 'cv' ? [] : [shownRun], cursor: 'bmV4dA' }),
      run: (name) => Promise.resolve(name === shownRun.run ? shownRun : undefined),
      report: (name) => Promise.resolve(name === shownRun.run ? report : undefined),
    },
    labelling: {
      candidates: (reason) =>
        Promise.resolve(
          reason === 'disagreement'
            ? [{ ...candidate, other: { label: 'winnow.none', score: 0.75 } }]
            : [candidate, { ...candidate, eventId: 'b', text: 'where is my parcel' }],
        ),
      similar: (id) =>
        Promise.resolve(id === 'b' ? [{ ...candidate, similarity: 0.5 }] : undefined),
      agreement: () =>
        Promise.resolve({
          people: [
            { by: 'ann', labels: 4 },
            { by: 'ben', labels: 2 },
          ],
          pairs: [
            {
              ...{ a: 'ann', b: 'ben', events: 2, agreeing: 2 },
              ...{ labelsA: { ham: 2 }, labelsB: { ham: 2 } },
            },
          ],
        }),
      suspicious: ({ model, scoreMin }) =>
        Promise.resolve([
          {
            ...{ eventId: 'c', text: 'cheap watches', given: 'ham', by: 'ann' },
            ...{ predicted: 'spam', score: scoreMin, model, version: '3' },
          },
        ]),
    },
  }
}

const report = new TextEncoder().encode('<!doctype html><title>report</title>')

const candidate: LabellingCandidate = {
  eventId: 'a',
  text: 'my invoice is wrong',
  source: 'mail',
  label: 'ham',
  labels: ['ham'],
  score: 0.5,
  probabilities: { ham: 0.5, spam: 0.5 },
  outOfScope: 0.25,
  model: 'mail',
  version: '3',
  classifiedAtMs: Date.UTC(2025, 0, 31, 12),
}

const shownRun: ShownRun = {
  run: '20260131T120501-mail-1f9c2e',
  kind: 'tune',
  name: 'mail',
  model: 'mail@3',
  method: 'full',
  state: 'finished',
  started: '2026-01-31T12:05:01.000Z',
  seconds: 12.5,
  metrics: { accuracy: { value: 0.75, low: 0.5, high: 1 }, macroF1: { value: 0.5 } },
  mainMetric: 'accuracy',
  children: 1,
  parameters: { base: 'minilm-l6', epochs: 3 },
  dataManifest: { train: { source: 'mail.jsonl', examples: 4, labels: 2, sha256: null } },
  environment: { node: '24' },
  measuredOn: 'held-out parts of the training texts',
  best: '1',
  versions: ['mail@3'],
  trainingRun: null,
  tune: null,
  steps: [],
  parts: [
    {
      step: '1',
      state: 'complete',
      seconds: 1.5,
      parameters: { learningRate: 0.001 },
      metrics: { accuracy: 0.75 },
      epochs: [{ step: 1, metrics: { loss: 0.25 } }],
    },
  ],
  partsOf: 'trial',
  hasReport: true,
}

function modelsInMemory(changes: object[]): ModelControl {
  const change = (asked: { name: string }): Promise<ModelChange> => {
    changes.push(asked)
    if (asked.name === 'mail') return Promise.resolve({ before: undefined, state })
    return Promise.reject(new WinnowError('model_not_found', `There is no model ${asked.name}`))
  }
  const place = { name: 'mail', bytes: 90, ownBytes: 90, measuredOn: null, hasReport: true }
  return {
    serving: () => 'mail@3',
    list: () =>
      Promise.resolve([
        {
          ...{ ...place, version: '2', dir: '/store/2', champion: false, roles: [] },
          ...{ state: 'damaged', reason: 'no manifest', accuracy: null, created: null },
        },
        {
          ...{ ...place, version: '3', dir: '/store/3', champion: true, accuracy: 0.75 },
          roles: [{ kind: 'champion' }, { kind: 'pinned' }],
          ...{ state: 'readable', manifest, created: manifest.created },
        },
      ]),
    describe: (ref = 'mail') =>
      ref.startsWith('mail')
        ? Promise.resolve({
            ...{ name: 'mail', version: ref.split('@')[1], labels: ['ham', 'spam'] },
            thresholds: undefined,
          })
        : Promise.reject(new WinnowError('model_not_found', `There is no model ${ref}`)),
    releases: () =>
      Promise.resolve([
        { atMs: Date.UTC(2026, 0, 31), kind: 'promote', version: '3', by: 'me', reason: 'why' },
      ]),
    compare: (name, { a, b }) =>
      Promise.resolve({
        ...{ a: `${name}@${a}`, b: `${name}@${b}`, events: 4, agreement: 0.75 },
        flips: [{ a: 'ham', b: 'spam', events: 1 }],
        judged: {
          ...{ labelled: 4, accuracyA: 1, accuracyB: 0.75, onlyARight: 1, onlyBRight: 0 },
          pValue: 1,
        },
        alone: [{ version: '3', role: 'champion', labelled: 4, accuracy: 1 }],
      }),
    promote: change,
    rollBack: change,
    side: change,
    report: (name, version) =>
      Promise.resolve(name === 'mail' && version === '3' ? report : undefined),
  }
}

const manifest: Manifest = {
  formatVersion: 1,
  name: 'mail',
  version: '3',
  labels: ['ham', 'spam'],
  base: 'minilm-l6',
  method: 'head',
  tokenizerSha256: 'a'.repeat(64),
  graphSha256: 'b'.repeat(64),
  precision: 'fp32',
  maxTokens: 128,
  pooling: 'mean',
  hidden: 384,
  temperature: 1,
  metrics: { accuracy: 0.75, macroF1: 0.5, measuredOn: 'test texts', confusion: { matrix: [] } },
  trainingRun: '20260131T120501-mail-1f9c2e',
  created: '2026-01-31T12:05:01.000Z',
}

const state: ModelAnnouncement = {
  name: 'mail',
  kind: 'promoted',
  version: '3',
  champion: '3',
  previous: ['2'],
  versions: [],
  challenger: null,
  shadow: null,
  promotedAtMs: Date.UTC(2026, 0, 31),
  by: 'me',
  reason: 'why',
  atMs: Date.UTC(2026, 0, 31),
}
